//! Submitting: imports, removals from lists, deletions. Each becomes an activity.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Method;
use serde_json::json;

use super::{Client, wire};
use crate::constant_contact::calls::{Request, bounded};
use crate::constant_contact::error::{ConstantContactError, Operation};
use crate::constant_contact::multipart::Form;
use crate::domain::limits::{BULK_CONTACT_IDS_MAX, IMPORT_LISTS_MAX};
use crate::domain::{ActivityId, ContactField, ContactId, ListId};

/// The headings of a field's columns in an import (OAS, `JsonImportContact`).
pub(crate) fn headings(field: &ContactField) -> Vec<String> {
    match field.as_str() {
        "birthday" => vec!["birthday_month".to_owned(), "birthday_day".to_owned()],
        name => vec![name.to_owned()],
    }
}

impl Client {
    /// Submits an import: UTF-8 CSV whose first line holds the headings. `file_name` must end in `.csv` and comes back in
    /// the listing of activities. Existing contacts get the columns of their row; all join the lists, except those who are
    /// unsubscribed (OAS, `POST /activities/contacts_file_import`).
    ///
    /// # Errors
    /// With [`ConstantContactError::Unclear`] when there may be an activity now although no answer says so: look for it
    /// with [`find_activity`](Self::find_activity) before sending it again. Otherwise there certainly is none.
    pub async fn import_csv(
        &self,
        file_name: &str,
        csv: Bytes,
        lists: &BTreeSet<ListId>,
    ) -> Result<ActivityId, ConstantContactError> {
        let operation = Operation::ImportCsv;
        bounded(operation, "lists", lists.len(), IMPORT_LISTS_MAX)?;
        let list_ids = lists.iter().map(ListId::as_str).collect::<Vec<_>>().join(",");
        let (kind, body) = Form::around(&[&csv, list_ids.as_bytes(), file_name.as_bytes()])
            .file("file", file_name, "text/csv", &csv)
            .text("list_ids", &list_ids)
            .finish();
        let url = self.connection.endpoint().url("/activities/contacts_file_import");
        let request = Request { operation, method: Method::POST, url, kind: Some(kind), body };
        Ok(self.call_once::<wire::Submitted>(&request).await?.activity_id)
    }

    /// Submits an import: `rows` is a JSON array of objects whose keys are the import keys (OAS,
    /// `POST /activities/contacts_json_import`). For columns that the CSV import does not document.
    ///
    /// # Errors
    /// As [`import_csv`](Self::import_csv); but such an activity has no file name of ours, so an unclear one can only be
    /// found by its time and its counts.
    pub async fn import_json(
        &self,
        rows: &[u8],
        lists: &BTreeSet<ListId>,
    ) -> Result<ActivityId, ConstantContactError> {
        let operation = Operation::ImportJson;
        bounded(operation, "lists", lists.len(), IMPORT_LISTS_MAX)?;
        let lists = json!(lists).to_string();
        let mut body = Vec::with_capacity(rows.len() + lists.len() + 32);
        body.extend_from_slice(b"{\"import_data\":");
        body.extend_from_slice(rows);
        body.extend_from_slice(b",\"list_ids\":");
        body.extend_from_slice(lists.as_bytes());
        body.push(b'}');
        let path = "/activities/contacts_json_import";
        let request = self.with_json(operation, Method::POST, path, body);
        Ok(self.call_once::<wire::Submitted>(&request).await?.activity_id)
    }

    /// Submits the removal of up to 500 contacts from these lists (OAS, `POST /activities/remove_list_memberships`).
    ///
    /// # Errors
    /// When there are none, or more than Constant Contact takes, or the call fails.
    pub async fn remove_from_lists(
        &self,
        contacts: &[ContactId],
        lists: &BTreeSet<ListId>,
    ) -> Result<ActivityId, ConstantContactError> {
        let operation = Operation::RemoveFromLists;
        bounded(operation, "contacts", contacts.len(), BULK_CONTACT_IDS_MAX)?;
        bounded(operation, "lists", lists.len(), IMPORT_LISTS_MAX)?;
        let body = json!({"source": {"contact_ids": contacts}, "list_ids": lists});
        let path = "/activities/remove_list_memberships";
        let request = self.with_json(operation, Method::POST, path, body.to_string());
        Ok(self.call::<wire::Submitted>(&request).await?.activity_id)
    }

    /// Submits the (soft) deletion of up to 500 contacts (OAS, `POST /activities/contact_delete`).
    ///
    /// # Errors
    /// When there are none, or more than Constant Contact takes, or the call fails.
    pub async fn delete_contacts(
        &self,
        contacts: &[ContactId],
    ) -> Result<ActivityId, ConstantContactError> {
        let operation = Operation::DeleteContacts;
        bounded(operation, "contacts", contacts.len(), BULK_CONTACT_IDS_MAX)?;
        let body = json!({"contact_ids": contacts});
        let path = "/activities/contact_delete";
        let request = self.with_json(operation, Method::POST, path, body.to_string());
        Ok(self.call::<wire::Submitted>(&request).await?.activity_id)
    }
}
