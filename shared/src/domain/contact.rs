//! A person as Constant Contact holds them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::contact_field::ContactField;
use super::email::EmailAddress;
use super::ids::{ContactId, ListId, Uid};

/// A contact as read from Constant Contact, in the words of both dialects. Its `Debug` shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// Constant Contact's key.
    pub id: ContactId,
    /// The Gigya UID that the contact carries in the customer's UID field, if any.
    pub uid: Option<Uid>,
    /// The address; absent on contacts that have only a telephone number (since May 2025).
    pub email: Option<EmailAddress>,
    /// Whether the tenant may mail this address.
    pub permission: Permission,
    /// When and by whom the address was unsubscribed.
    pub opt_out: Option<OptOut>,
    /// The values by field, only those that are set; a birthday is `MM-DD`, an anniversary `YYYY-MM-DD`.
    pub fields: BTreeMap<ContactField, String>,
    /// The lists that the contact is on.
    pub lists: BTreeSet<ListId>,
    /// When the contact was made.
    pub created_at: Option<Timestamp>,
    /// When the contact last changed. An unsubscribe does not move it.
    pub updated_at: Option<Timestamp>,
    /// When the contact was deleted (softly), if it was.
    pub deleted_at: Option<Timestamp>,
}

/// Whether the tenant may mail an address (OAS, `EmailAddress.permission_to_send`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Permission {
    /// The person asked for it.
    Explicit,
    /// Imported by the tenant.
    Implicit,
    /// No permission is recorded.
    NotSet,
    /// Asked to confirm, not confirmed yet.
    PendingConfirmation,
    /// Constant Contact holds the address back for a while.
    TempHold,
    /// The person left, account-wide.
    Unsubscribed,
    /// A value we do not know: not mailable by us, and not read as having left.
    Other(String),
}

impl From<String> for Permission {
    fn from(text: String) -> Self {
        match text.as_str() {
            "explicit" => Self::Explicit,
            "implicit" => Self::Implicit,
            "not_set" => Self::NotSet,
            "pending_confirmation" => Self::PendingConfirmation,
            "temp_hold" => Self::TempHold,
            "unsubscribed" => Self::Unsubscribed,
            _ => Self::Other(text),
        }
    }
}

impl From<Permission> for String {
    fn from(permission: Permission) -> Self {
        permission.as_str().to_owned()
    }
}

impl Permission {
    /// The vendor's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Explicit => "explicit",
            Self::Implicit => "implicit",
            Self::NotSet => "not_set",
            Self::PendingConfirmation => "pending_confirmation",
            Self::TempHold => "temp_hold",
            Self::Unsubscribed => "unsubscribed",
            Self::Other(text) => text,
        }
    }
}

/// An unsubscribe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOut {
    /// When, if Constant Contact says.
    pub at: Option<Timestamp>,
    /// Who did it.
    pub by: OptOutSource,
}

/// Who unsubscribed an address (OAS, `EmailAddress.opt_out_source`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptOutSource {
    /// The person.
    Contact,
    /// The tenant.
    Account,
    /// Not said.
    Unknown,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {:?}, {}", self.id, self.uid, self.permission.as_str())
    }
}

impl Contact {
    /// When the person left account-wide, if they have: the time that Constant Contact gives, else `now`.
    pub fn unsubscribed_at(&self, now: Timestamp) -> Option<Timestamp> {
        (self.permission == Permission::Unsubscribed)
            .then(|| self.opt_out.as_ref().and_then(|out| out.at).unwrap_or(now))
    }

    /// The value of a field, `""` where it is not set.
    pub fn value(&self, field: &ContactField) -> &str {
        self.fields.get(field).map_or("", String::as_str)
    }
}
