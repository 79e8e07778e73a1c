//! Contact lists, and the custom fields, which are always the same fifteen.

use std::sync::Arc;

use http::Method;
use serde_json::json;

use super::{Client, columns, wire};
use crate::constant_contact::error::{ConstantContactError, Meaning, Operation};
use crate::constant_contact::{CustomField, CustomFields, List};
use crate::domain::ContactField;
use crate::domain::limits::V2_CUSTOM_FIELDS;

/// The status of a list that we make: not offered to those who sign up (v2 documents, "Contact Lists Collection").
const HIDDEN: &str = "HIDDEN";

impl Client {
    /// Reads every contact list, the hidden ones included (v2 documents, "Contact Lists Collection": one array, no pages).
    ///
    /// # Errors
    /// When the call fails.
    pub async fn lists(&self) -> Result<Vec<List>, ConstantContactError> {
        let lists: Vec<wire::List> =
            self.call(&self.get(Operation::ReadLists, "/lists", &[])).await?;
        Ok(lists.into_iter().map(List::from).collect())
    }

    /// Makes a contact list, hidden from those who sign up, or finds the one that has the name already. v2 keeps no
    /// descriptions.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn create_list(&self, name: &str) -> Result<List, ConstantContactError> {
        let body = json!({"name": name, "status": HIDDEN});
        let request = self.with_json(Operation::CreateList, Method::POST, "/lists", &body);
        match self.call::<wire::List>(&request).await {
            Ok(list) => Ok(list.into()),
            Err(error) if error.meaning() == Some(Meaning::Conflict) => {
                self.lists().await?.into_iter().find(|list| list.name == name).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The custom fields: `custom_field_1` to `custom_field_15`, all texts. Those that somebody made in Constant Contact's
    /// screens under a name are invisible to v2 (v2 documents, "API and GUI functions").
    pub fn custom_fields(&self) -> Arc<CustomFields> {
        Arc::new((1..=V2_CUSTOM_FIELDS).map(custom_field).collect())
    }

    /// Finds the custom field of this name.
    ///
    /// # Errors
    /// When it is none of the fifteen; no other can be made.
    pub fn ensure_custom_field(&self, name: &str) -> Result<CustomField, ConstantContactError> {
        columns::custom_number(name).map(custom_field).ok_or_else(|| ConstantContactError::Field {
            field: ContactField::custom(name),
            what: "v2 has custom_field_1 to custom_field_15, and no others can be made",
        })
    }
}

fn custom_field(number: u8) -> CustomField {
    let name = ContactField::v2_custom(number).to_string();
    CustomField {
        id: name.as_str().into(),
        name,
        label: format!("Custom Field {number}"),
        kind: "string".to_owned(),
        choices: Vec::new(),
    }
}
