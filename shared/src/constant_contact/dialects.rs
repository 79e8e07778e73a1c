//! The client of either dialect, with one face to the functions.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::{
    Amended, Amendment, ConstantContactError, ContactPage, ContactsQuery, Cursor, CustomField,
    CustomFields, List, v3,
};
use crate::domain::{
    Activity, ActivityId, Contact, ContactField, ContactId, Dialect, EmailAddress, ListId,
};

/// The client of Constant Contact, in the dialect that the customer's key speaks.
///
/// The methods are those that both dialects have; what only one can do is asked of that one. Each says in its own
/// documentation what it calls and when it fails.
#[derive(Debug)]
pub enum ConstantContact {
    /// Version 3.
    V3(Box<v3::Client>),
}

/// What is imported.
#[derive(Debug, Clone)]
pub enum Import {
    /// A CSV file, in the encoding that the customer's charset names.
    Csv {
        /// The file, its first line the headings.
        file: Bytes,
        /// Whether a blank cell empties the value (v2's `blanks_enabled`); v3 has no such thing.
        blanks_clear: bool,
    },
    /// A JSON array of objects, for columns that v3's CSV import does not document.
    Json(Bytes),
}

/// A contact that is to be taken off lists. v3 wants its id, v2 its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaver {
    /// Constant Contact's key.
    pub id: ContactId,
    /// The address, if it has one.
    pub address: Option<EmailAddress>,
}

impl From<&Contact> for Leaver {
    fn from(contact: &Contact) -> Self {
        Self { id: contact.id.clone(), address: contact.email.clone() }
    }
}

/// The headings of a field's columns in an import: one, two for a birthday (month, day); none where the dialect's import
/// has no such column.
pub fn headings(dialect: Dialect, field: &ContactField) -> Vec<String> {
    match dialect {
        Dialect::V3 => v3::headings(field),
        Dialect::V2 => Vec::new(),
    }
}

impl ConstantContact {
    /// The dialect.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::V3(_) => Dialect::V3,
        }
    }

    /// How many requests have been sent, refused ones included: each counts against the day's quota.
    pub fn calls(&self) -> u64 {
        match self {
            Self::V3(client) => client.calls(),
        }
    }

    /// Submits an import.
    ///
    /// # Errors
    /// With [`ConstantContactError::Unclear`] when there may be an activity now although no answer says so: look for it
    /// with [`find_activity`](Self::find_activity) before sending it again. Otherwise there certainly is none.
    pub async fn import(
        &self,
        file_name: &str,
        import: Import,
        lists: &BTreeSet<ListId>,
    ) -> Result<ActivityId, ConstantContactError> {
        match (self, import) {
            (Self::V3(client), Import::Csv { file, .. }) => {
                client.import_csv(file_name, file, lists).await
            }
            (Self::V3(client), Import::Json(rows)) => client.import_json(&rows, lists).await,
        }
    }

    /// Reads one activity; `None` when Constant Contact does not know it, or no longer.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn activity(
        &self,
        id: &ActivityId,
    ) -> Result<Option<Activity>, ConstantContactError> {
        match self {
            Self::V3(client) => client.activity(id).await,
        }
    }

    /// Finds the activity that was submitted under this file name.
    ///
    /// # Errors
    /// When a call fails or the listing does not end.
    pub async fn find_activity(
        &self,
        file_name: &str,
    ) -> Result<Option<Activity>, ConstantContactError> {
        match self {
            Self::V3(client) => client.find_activity(file_name).await,
        }
    }

    /// Reads the first page of contacts.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn contacts(
        &self,
        query: &ContactsQuery,
    ) -> Result<ContactPage, ConstantContactError> {
        match self {
            Self::V3(client) => client.contacts(query).await,
        }
    }

    /// Reads the page that a cursor points at.
    ///
    /// # Errors
    /// When the call fails, also because the cursor has died.
    pub async fn next(&self, cursor: &Cursor) -> Result<ContactPage, ConstantContactError> {
        match self {
            Self::V3(client) => client.next(cursor).await,
        }
    }

    /// Reads one contact; `None` when there is none of this id.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn contact(&self, id: &ContactId) -> Result<Option<Contact>, ConstantContactError> {
        match self {
            Self::V3(client) => client.contact(id).await,
        }
    }

    /// Reads the contact that has this address, deleted ones only where no other has it.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn contact_by_address(
        &self,
        address: &EmailAddress,
    ) -> Result<Option<Contact>, ConstantContactError> {
        match self {
            Self::V3(client) => client.contact_by_address(address).await,
        }
    }

    /// Amends one contact: reads it whole, and writes it whole if that changes anything.
    ///
    /// # Errors
    /// When a field cannot be written by itself, when the address belongs to another contact, or when a call fails.
    pub async fn amend(
        &self,
        id: &ContactId,
        amendment: &Amendment,
    ) -> Result<Amended, ConstantContactError> {
        match self {
            Self::V3(client) => client.amend(id, amendment).await,
        }
    }

    /// Submits the removal of up to 500 contacts from these lists.
    ///
    /// # Errors
    /// When there are none, or more than Constant Contact takes, or the call fails.
    pub async fn remove_from_lists(
        &self,
        leavers: &[Leaver],
        lists: &BTreeSet<ListId>,
    ) -> Result<ActivityId, ConstantContactError> {
        match self {
            Self::V3(client) => {
                let ids: Vec<ContactId> = leavers.iter().map(|leaver| leaver.id.clone()).collect();
                client.remove_from_lists(&ids, lists).await
            }
        }
    }

    /// Reads every contact list that is not deleted.
    ///
    /// # Errors
    /// When a call fails or the listing does not end.
    pub async fn lists(&self) -> Result<Vec<List>, ConstantContactError> {
        match self {
            Self::V3(client) => client.lists().await,
        }
    }

    /// Makes a contact list, or finds the one that has the name already.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn create_list(
        &self,
        name: &str,
        description: &str,
    ) -> Result<List, ConstantContactError> {
        match self {
            Self::V3(client) => client.create_list(name, description).await,
        }
    }

    /// The tenant's custom fields.
    ///
    /// # Errors
    /// When a call fails or the listing does not end.
    pub async fn custom_fields(&self) -> Result<Arc<CustomFields>, ConstantContactError> {
        match self {
            Self::V3(client) => client.custom_fields().await,
        }
    }

    /// Finds the custom field of this label, or makes it as a text field.
    ///
    /// # Errors
    /// When a call fails, for example because the tenant has as many custom fields as it can have.
    pub async fn ensure_custom_field(
        &self,
        label: &str,
    ) -> Result<CustomField, ConstantContactError> {
        match self {
            Self::V3(client) => client.ensure_custom_field(label).await,
        }
    }
}
