//! The client of Constant Contact, in the words of the domain.
//!
//! There are two dialects: [`v3`] (OAuth 2, UTF-8) and [`v2`] (an API key, ISO-8859-1). What both can do is described here: contacts are read by
//! page ([`ContactsQuery`], [`ContactPage`]), many are written by an import that becomes an activity, one is amended
//! ([`Amendment`]), and many leave by a bulk activity. Every error is a [`ConstantContactError`] and knows its
//! disposition.
//!
//! Two answers are not errors: an activity that Constant Contact has forgotten and a contact that it does not know are
//! `None`.

mod calls;
mod dialects;
mod endpoint;
pub mod error;
mod meaning;
mod multipart;
mod operation;
pub mod v2;
pub mod v3;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::domain::{
    Contact, ContactField, CustomFieldId, Dispose, Disposition, EmailAddress, ListId, Secret,
};

pub use dialects::{ConstantContact, Import, Leaver, headings};
pub use endpoint::InsecureEndpoint;
pub use error::{ConstantContactError, Meaning, Operation};

/// Which contacts to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactsQuery {
    /// Those that changed in the window. Unsubscribes are *not* among them: they do not move a contact's date
    /// (Constant Contact's community, threads 422146 and 387264), so every read of changes needs both passes.
    Changed {
        /// From when; `None` is from the beginning.
        after: Option<Timestamp>,
        /// Until when.
        before: Timestamp,
    },
    /// Those that were unsubscribed in the window (OAS, `GET /contacts`, `optout_after`).
    OptedOut {
        /// From when; `None` is everybody who is unsubscribed.
        after: Option<Timestamp>,
        /// Until when.
        before: Timestamp,
    },
    /// Everybody, the deleted included.
    All,
}

/// One answer of a paged read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactPage {
    /// The contacts of this page; a short or empty page need not be the last.
    pub contacts: Vec<Contact>,
    /// Where it goes on; `None` ends the read.
    pub next: Option<Cursor>,
}

/// The vendor's bookmark within one read. How long it lives is documented nowhere: only a sweep that is interrupted keeps
/// it beyond the invocation, and begins again from the first page where it died.
#[derive(Clone, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// As an interrupted sweep keeps it.
    pub fn park(&self) -> String {
        self.0.clone()
    }

    /// As an interrupted sweep kept it.
    pub fn parked(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursor")
    }
}

/// What is to become of one contact; what is not named stays as it is.
///
/// Somebody who is unsubscribed stays so, and joins no list by it. A deleted contact is left alone, because writing to
/// it would revive it (guide, `contacts_delete`).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Amendment {
    /// The new address.
    pub address: Option<EmailAddress>,
    /// The new values; `""` clears.
    pub fields: BTreeMap<ContactField, String>,
    /// The lists that the contact shall be on, instead of those it is on.
    pub lists: Option<BTreeSet<ListId>>,
    /// Unsubscribes the contact, account-wide.
    pub unsubscribe: Option<Unsubscribe>,
}

impl fmt::Debug for Amendment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Amendment")
            .field("address", &self.address)
            .field("fields", &self.fields.keys().collect::<Vec<_>>())
            .field("lists", &self.lists)
            .field("unsubscribe", &self.unsubscribe)
            .finish()
    }
}

/// An unsubscribe that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscribe {
    /// The person asked for it, so that only the person can come back (guide, `contacts_re-subscribe`); else the tenant
    /// did it and may undo it.
    pub by_person: bool,
    /// Why; cut at 255 characters (OAS, `EmailAddressPut.opt_out_reason`).
    pub reason: Option<String>,
}

/// What became of an [`Amendment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amended {
    /// It was written.
    Written,
    /// The contact was so already; nothing was written.
    Unchanged,
    /// The contact is deleted or unknown; nothing was written.
    Gone,
    /// The contact is unsubscribed, and v2 takes nothing for such a one; nothing was written, and it is not so.
    Held,
}

/// A contact list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Its key.
    pub id: ListId,
    /// Its name, unique within the tenant.
    pub name: String,
    /// What the tenant wrote about it.
    pub description: Option<String>,
}

/// A custom field of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// Its key.
    pub id: CustomFieldId,
    /// The name that imports use: the label with blanks replaced by underscores (OAS, `CustomField.name`).
    pub name: String,
    /// The name that people see.
    pub label: String,
    /// `string`, `date`, `single_select`, …
    pub kind: String,
    /// The choices of a select: id and label.
    pub choices: Vec<(String, String)>,
}

/// The custom fields of the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomFields(BTreeMap<CustomFieldId, CustomField>);

impl CustomFields {
    /// The field of this id.
    pub fn get(&self, id: &CustomFieldId) -> Option<&CustomField> {
        self.0.get(id)
    }

    /// The field of this name.
    pub fn named(&self, name: &str) -> Option<&CustomField> {
        self.0.values().find(|field| field.name == name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &CustomField> {
        self.0.values()
    }
}

impl FromIterator<CustomField> for CustomFields {
    fn from_iter<I: IntoIterator<Item = CustomField>>(fields: I) -> Self {
        Self(fields.into_iter().map(|field| (field.id.clone(), field)).collect())
    }
}

/// Gives an access token: the current one for `None`, a newer one than the token that was refused otherwise.
///
/// Who implements it keeps the tokens, takes the lease for the refresh and stores the new refresh token *before* it
/// returns the new access token.
pub type Renew =
    Arc<dyn Fn(Option<Secret>) -> BoxFuture<'static, Result<Secret, RenewError>> + Send + Sync>;

/// Why no access token could be had.
#[derive(Debug, thiserror::Error)]
#[error("no access token could be had")]
pub struct RenewError {
    disposition: Disposition,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl RenewError {
    /// Wraps the reason, and keeps its disposition.
    pub fn new(source: impl std::error::Error + Dispose + Send + Sync + 'static) -> Self {
        Self { disposition: source.disposition(), source: Box::new(source) }
    }
}

impl Dispose for RenewError {
    fn disposition(&self) -> Disposition {
        self.disposition
    }
}
