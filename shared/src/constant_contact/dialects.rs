//! The client of either dialect, with one face to the functions.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::{
    Amended, Amendment, ConstantContactError, ContactPage, ContactsQuery, Cursor, CustomField,
    CustomFields, List, Operation, v2, v3,
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
    /// Version 2.
    V2(Box<v2::Client>),
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
        Dialect::V2 => v2::headings(field),
    }
}

impl ConstantContact {
    /// The dialect.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::V3(_) => Dialect::V3,
            Self::V2(_) => Dialect::V2,
        }
    }

    /// How many requests have been sent, refused ones included: each counts against the day's quota.
    pub fn calls(&self) -> u64 {
        match self {
            Self::V3(client) => client.calls(),
            Self::V2(client) => client.calls(),
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
            (Self::V2(client), Import::Csv { file, blanks_clear }) => {
                client.import_csv(file_name, file, lists, blanks_clear).await
            }
            (Self::V2(_), Import::Json(_)) => Err(ConstantContactError::NoSuchOperation {
                dialect: Dialect::V2,
                operation: Operation::ImportJson,
            }),
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
            Self::V2(client) => client.activity(id).await,
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
            Self::V2(client) => client.find_activity(file_name).await,
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
            Self::V2(client) => client.contacts(query).await,
        }
    }

    /// Reads the page that a cursor points at.
    ///
    /// # Errors
    /// When the call fails, also because the cursor has died.
    pub async fn next(&self, cursor: &Cursor) -> Result<ContactPage, ConstantContactError> {
        match self {
            Self::V3(client) => client.next(cursor).await,
            Self::V2(client) => client.next(cursor).await,
        }
    }

    /// Reads one contact; `None` when there is none of this id.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn contact(&self, id: &ContactId) -> Result<Option<Contact>, ConstantContactError> {
        match self {
            Self::V3(client) => client.contact(id).await,
            Self::V2(client) => client.contact(id).await,
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
            Self::V2(client) => client.contact_by_address(address).await,
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
            Self::V2(client) => client.amend(id, amendment).await,
        }
    }

    /// Has somebody unsubscribed asked whether they want to be back: Constant Contact mails them its own confirmation, once.
    /// Answers whether there is such a contact. v2 asks nobody.
    ///
    /// # Errors
    /// When the dialect cannot do it, when there are too many lists or none, or when the call fails; also because they were
    /// asked before.
    pub async fn ask_to_return(
        &self,
        id: &ContactId,
        lists: &BTreeSet<ListId>,
    ) -> Result<bool, ConstantContactError> {
        match self {
            Self::V3(client) => client.ask_to_return(id, lists).await,
            Self::V2(_) => Err(ConstantContactError::NoSuchOperation {
                dialect: Dialect::V2,
                operation: Operation::AskToReturn,
            }),
        }
    }

    /// Takes up to 500 contacts off these lists, as an activity; `None` when it is done without one, as v2 does with those
    /// who have no address.
    ///
    /// # Errors
    /// When there are none, or more than Constant Contact takes, or a call fails.
    pub async fn remove_from_lists(
        &self,
        leavers: &[Leaver],
        lists: &BTreeSet<ListId>,
    ) -> Result<Option<ActivityId>, ConstantContactError> {
        match self {
            Self::V3(client) => {
                let ids: Vec<ContactId> = leavers.iter().map(|leaver| leaver.id.clone()).collect();
                client.remove_from_lists(&ids, lists).await.map(Some)
            }
            Self::V2(client) => client.remove_from_lists(leavers, lists).await,
        }
    }

    /// Deletes up to 500 contacts, as an activity; `None` when it is done without one, as v2 does, which deletes nobody and
    /// opts them out instead (see [`v2::Client::opt_out`]). Doing it twice is harmless, as long as nobody has revived a
    /// contact meanwhile.
    ///
    /// # Errors
    /// When there are none, or more than Constant Contact takes, or a call fails.
    pub async fn delete_contacts(
        &self,
        contacts: &[ContactId],
    ) -> Result<Option<ActivityId>, ConstantContactError> {
        match self {
            Self::V3(client) => client.delete_contacts(contacts).await.map(Some),
            Self::V2(client) => client.opt_out(contacts).await.map(|()| None),
        }
    }

    /// Reads every contact list that is not deleted.
    ///
    /// # Errors
    /// When a call fails or the listing does not end.
    pub async fn lists(&self) -> Result<Vec<List>, ConstantContactError> {
        match self {
            Self::V3(client) => client.lists().await,
            Self::V2(client) => client.lists().await,
        }
    }

    /// Makes a contact list, or finds the one that has the name already. v2 keeps no description.
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
            Self::V2(client) => client.create_list(name).await,
        }
    }

    /// The tenant's custom fields.
    ///
    /// # Errors
    /// When a call fails or the listing does not end.
    pub async fn custom_fields(&self) -> Result<Arc<CustomFields>, ConstantContactError> {
        match self {
            Self::V3(client) => client.custom_fields().await,
            Self::V2(client) => Ok(client.custom_fields()),
        }
    }

    /// The tenant's custom fields as they are now, whatever was read before.
    ///
    /// # Errors
    /// As [`custom_fields`](Self::custom_fields).
    pub async fn custom_fields_now(&self) -> Result<Arc<CustomFields>, ConstantContactError> {
        match self {
            Self::V3(client) => client.custom_fields_now().await,
            Self::V2(client) => Ok(client.custom_fields()),
        }
    }

    /// Finds the custom field of this label, or makes it as a text field.
    ///
    /// # Errors
    /// When a call fails, for example because the tenant has as many custom fields as it can have; in v2, when it is none of
    /// the fifteen.
    pub async fn ensure_custom_field(
        &self,
        label: &str,
    ) -> Result<CustomField, ConstantContactError> {
        match self {
            Self::V3(client) => client.ensure_custom_field(label).await,
            Self::V2(client) => client.ensure_custom_field(label),
        }
    }
}
