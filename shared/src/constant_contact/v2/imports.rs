//! Submitting: imports and removals from lists. Each becomes an activity; opting out does not.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Method;
use serde_json::json;

use super::{Client, wire};
use crate::constant_contact::Leaver;
use crate::constant_contact::calls::{Request, bounded, found};
use crate::constant_contact::error::{ConstantContactError, Operation};
use crate::constant_contact::multipart::Form;
use crate::constant_contact::values::segment;
use crate::domain::limits::{BULK_CONTACT_IDS_MAX, IMPORT_LISTS_MAX, V2_REMOVAL_ADDRESSES_MAX};
use crate::domain::{ActivityId, ContactId, ListId};

impl Client {
    /// Submits an import: CSV in ISO-8859-1 whose first line holds the [`headings`](crate::constant_contact::headings). The
    /// bytes are sent as they are. `file_name` comes back with the activity. Existing contacts get the columns of their
    /// row; a blank cell leaves the value as it is, unless `blanks_clear`. All join the lists, except those who are
    /// unsubscribed (v2 documents, "Add Contacts Multipart"; `blanks_enabled` as in "Import Contacts").
    ///
    /// When the first row has no valid address, the whole import is refused (same place). How many lists v2 takes is not
    /// documented; v3's limit is kept.
    ///
    /// # Errors
    /// With [`ConstantContactError::Unclear`] when there may be an activity now although no answer says so: look for it
    /// with [`find_activity`](Self::find_activity) before sending it again. Otherwise there certainly is none.
    pub async fn import_csv(
        &self,
        file_name: &str,
        file: Bytes,
        lists: &BTreeSet<ListId>,
        blanks_clear: bool,
    ) -> Result<ActivityId, ConstantContactError> {
        let operation = Operation::ImportCsv;
        bounded(operation, "lists", lists.len(), IMPORT_LISTS_MAX)?;
        let lists = lists.iter().map(ListId::as_str).collect::<Vec<_>>().join(",");
        let (kind, body) = Form::around(&[&file, lists.as_bytes(), file_name.as_bytes()])
            .text("lists", &lists)
            .text("file_name", file_name)
            .file("data", file_name, "text/csv", &file)
            .finish();
        let mut url = self.connection.endpoint().url("/activities/addcontacts");
        if blanks_clear {
            url.query_pairs_mut().append_pair("blanks_enabled", "true");
        }
        let request = Request { operation, method: Method::POST, url, kind: Some(kind), body };
        Ok(self.call_once::<wire::Submitted>(&request).await?.id)
    }

    /// Opts contacts out, one by one (v2 documents, "Individual Contacts", DELETE). v2 deletes nobody: what it calls that
    /// makes a contact one who asked out, whose values stay until somebody deletes it in Constant Contact's screens.
    /// Whoever is not there, or has asked out before, is passed over.
    ///
    /// # Errors
    /// When there are none, or more than v3 would take at once, or a call fails; what was done until then is done.
    pub async fn opt_out(&self, contacts: &[ContactId]) -> Result<(), ConstantContactError> {
        bounded(Operation::DeleteContacts, "contacts", contacts.len(), BULK_CONTACT_IDS_MAX)?;
        for contact in contacts.iter().filter(|contact| !wire::is_nobody(contact)) {
            let path = format!("/contacts/{}", segment(contact.as_str()));
            found(self.call_raw(&self.delete(Operation::UnsubscribeContact, &path)).await)?;
        }
        Ok(())
    }

    /// Takes contacts off these lists: those who have an address in one activity (v2 documents, "Remove Contacts": by
    /// address, at most 20,000), the others one by one first, which is over at once. `None` when nobody had an address.
    ///
    /// # Errors
    /// When there are none, or more than Constant Contact takes, or a call fails; what was done until then is done.
    pub async fn remove_from_lists(
        &self,
        leavers: &[Leaver],
        lists: &BTreeSet<ListId>,
    ) -> Result<Option<ActivityId>, ConstantContactError> {
        let operation = Operation::RemoveFromLists;
        bounded(operation, "contacts", leavers.len(), V2_REMOVAL_ADDRESSES_MAX)?;
        bounded(operation, "lists", lists.len(), IMPORT_LISTS_MAX)?;
        for leaver in leavers.iter().filter(|leaver| leaver.address.is_none()) {
            for list in lists {
                let (contact, list) = (segment(leaver.id.as_str()), segment(list.as_str()));
                let path = format!("/contacts/{contact}/lists/{list}");
                // Whoever is not there, or not on the list, has left it.
                found(self.call_raw(&self.delete(Operation::LeaveList, &path)).await)?;
            }
        }
        let addresses = leavers.iter().filter_map(|leaver| leaver.address.as_ref());
        let rows: Vec<_> =
            addresses.map(|address| json!({"email_addresses": [address.expose()]})).collect();
        if rows.is_empty() {
            return Ok(None);
        }
        let body = json!({"import_data": rows, "lists": lists});
        let request = self.with_json(operation, Method::POST, "/activities/removefromlists", &body);
        Ok(Some(self.call::<wire::Submitted>(&request).await?.id))
    }
}
