//! The tenant's custom fields.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::Method;
use serde_json::json;

use super::{Client, wire};
use crate::constant_contact::error::{ConstantContactError, Meaning, Operation};
use crate::constant_contact::{CustomField, CustomFields};
use crate::domain::CustomFieldId;

/// Custom fields of one page (OAS, `GET /contact_custom_fields`, `limit`).
const CUSTOM_FIELDS_PAGE_MAX: &str = "100";

/// The type of a custom field that we make (guide, `custom_fields`).
const TEXT: &str = "string";

/// The custom fields as last read, and the ids that were looked for in vain.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    fields: Option<Arc<CustomFields>>,
    unknown: BTreeSet<CustomFieldId>,
}

impl Client {
    /// Reads the tenant's custom fields, once per client.
    ///
    /// # Errors
    /// When a call fails or the listing does not end.
    pub async fn custom_fields(&self) -> Result<Arc<CustomFields>, ConstantContactError> {
        self.catalogue_for(&BTreeSet::new()).await
    }

    /// Reads the tenant's custom fields as they are now.
    ///
    /// # Errors
    /// As [`custom_fields`](Self::custom_fields).
    pub async fn custom_fields_now(&self) -> Result<Arc<CustomFields>, ConstantContactError> {
        self.catalogue.lock().await.fields = None;
        self.custom_fields().await
    }

    /// Finds the custom field of this label, or makes it as a text field.
    ///
    /// # Errors
    /// When a call fails, for example because the tenant has its hundred custom fields already.
    pub async fn ensure_custom_field(
        &self,
        label: &str,
    ) -> Result<CustomField, ConstantContactError> {
        let name = label.replace(' ', "_");
        if let Some(field) = self.custom_fields().await?.named(&name) {
            return Ok(field.clone());
        }
        let body = json!({"label": label, "type": TEXT}).to_string();
        let operation = Operation::CreateCustomField;
        let request = self.with_json(operation, Method::POST, "/contact_custom_fields", body);
        let made = self.call::<wire::CustomField>(&request).await;
        self.catalogue.lock().await.fields = None;
        match made {
            Ok(field) => Ok(field.into()),
            Err(error) if error.meaning() == Some(Meaning::Conflict) => {
                self.custom_fields().await?.named(&name).cloned().ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The catalogue, read again where it lacks one of these ids; an id that is not there then either is not asked for again.
    pub(super) async fn catalogue_for(
        &self,
        wanted: &BTreeSet<CustomFieldId>,
    ) -> Result<Arc<CustomFields>, ConstantContactError> {
        let mut catalogue = self.catalogue.lock().await;
        if let Some(fields) = &catalogue.fields {
            let has =
                |id: &CustomFieldId| fields.get(id).is_some() || catalogue.unknown.contains(id);
            if wanted.iter().all(has) {
                return Ok(Arc::clone(fields));
            }
        }
        let fields = Arc::new(self.read_custom_fields().await?);
        catalogue.unknown.extend(wanted.iter().filter(|id| fields.get(id).is_none()).cloned());
        catalogue.fields = Some(Arc::clone(&fields));
        Ok(fields)
    }

    async fn read_custom_fields(&self) -> Result<CustomFields, ConstantContactError> {
        let query = [("limit", CUSTOM_FIELDS_PAGE_MAX)];
        let first = self.get(Operation::ReadCustomFields, "/contact_custom_fields", &query);
        let mut all = Vec::new();
        self.read_all(first, |page: wire::CustomFields| {
            all.extend(page.custom_fields.into_iter().map(CustomField::from));
            page.links.next()
        })
        .await?;
        Ok(all.into_iter().collect())
    }
}
