//! What can go wrong with Constant Contact, and what to do about it: one table for all its answers.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;

use super::RenewError;
use crate::domain::{ContactField, Dispose, Disposition};
use crate::http::WireError;

/// Wait when a thousand activities are queued (OAS, `Activities429ErrorResponse`): they end in minutes, not seconds.
pub const QUEUE_FULL_SECONDS: u64 = 300;

/// Wait before looking for a job whose answer was lost: longer than any retry within a call, so that nothing that wraps
/// the client sends the job again by itself.
pub const UNCLEAR_SECONDS: u64 = 120;
const _: () = assert!(UNCLEAR_SECONDS > crate::http::call::WAIT_SECONDS_MAX, "parked, not retried");

/// How long after 00:00 UTC, when the day's quota is given out anew (guide, `rate_limits`), a spent quota is tried again.
const MIDNIGHT_MARGIN_SECONDS: u64 = 5;

const DAY_SECONDS: i64 = 86_400;

/// Longest `error_key` that is kept; what is longer is no key.
const KEY_CHARACTERS_MAX: usize = 80;

/// What we were doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// Exchange a refresh token for an access token.
    RefreshToken,
    /// Submit a CSV import.
    ImportCsv,
    /// Submit a JSON import.
    ImportJson,
    /// Read one activity.
    ReadActivity,
    /// List the activities.
    ListActivities,
    /// Read a page of contacts.
    ReadContacts,
    /// Read one contact.
    ReadContact,
    /// Write one contact.
    WriteContact,
    /// Submit a removal from lists.
    RemoveFromLists,
    /// Submit a deletion.
    DeleteContacts,
    /// Read the lists.
    ReadLists,
    /// Make a list.
    CreateList,
    /// Read the custom fields.
    ReadCustomFields,
    /// Make a custom field.
    CreateCustomField,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 14] = [
        Self::RefreshToken,
        Self::ImportCsv,
        Self::ImportJson,
        Self::ReadActivity,
        Self::ListActivities,
        Self::ReadContacts,
        Self::ReadContact,
        Self::WriteContact,
        Self::RemoveFromLists,
        Self::DeleteContacts,
        Self::ReadLists,
        Self::CreateList,
        Self::ReadCustomFields,
        Self::CreateCustomField,
    ];

    /// Whether sending it twice does no more than sending it once. An import sent twice is two jobs; everything else ends
    /// in the same state (a second deletion finds nobody, a second creation answers 409).
    pub fn is_repeatable(self) -> bool {
        match self {
            Self::ImportCsv | Self::ImportJson => false,
            Self::RefreshToken
            | Self::ReadActivity
            | Self::ListActivities
            | Self::ReadContacts
            | Self::ReadContact
            | Self::WriteContact
            | Self::RemoveFromLists
            | Self::DeleteContacts
            | Self::ReadLists
            | Self::CreateList
            | Self::ReadCustomFields
            | Self::CreateCustomField => true,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RefreshToken => "refresh the access token",
            Self::ImportCsv => "import contacts (CSV)",
            Self::ImportJson => "import contacts (JSON)",
            Self::ReadActivity => "read an activity",
            Self::ListActivities => "list the activities",
            Self::ReadContacts => "read contacts",
            Self::ReadContact => "read a contact",
            Self::WriteContact => "write a contact",
            Self::RemoveFromLists => "remove contacts from lists",
            Self::DeleteContacts => "delete contacts",
            Self::ReadLists => "read the lists",
            Self::CreateList => "create a list",
            Self::ReadCustomFields => "read the custom fields",
            Self::CreateCustomField => "create a custom field",
        })
    }
}

/// What an answer other than success means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Meaning {
    /// The request is malformed, or one of its values is refused.
    Invalid,
    /// The access token is refused, and so was a newer one.
    TokenRefused,
    /// The refresh token is used up, expired or revoked: a person must connect again.
    ConnectionDead,
    /// The client id or the client secret is refused.
    ClientRefused,
    /// A scope or a privilege is missing, or the application is deactivated; the three look alike.
    Forbidden,
    /// There is no such thing, or no longer.
    NotFound,
    /// It exists already, or somebody else is writing to it.
    Conflict,
    /// The body is of the wrong type.
    WrongType,
    /// Too many calls a second.
    Throttled,
    /// The day's calls are spent.
    QuotaSpent,
    /// Too many activities are queued.
    QueueFull,
    /// This interface has been retired.
    Retired,
    /// The vendor's own trouble.
    Unavailable,
    /// An answer that is not documented.
    Undocumented,
}

impl Meaning {
    /// The table of answers (OAS, the responses of each operation; guide, `glossary_responses` and `rate_limits`;
    /// RFC 6749 §5.2 for the token endpoint). The key counts before the status where it says more.
    pub(super) fn of(status: StatusCode, key: Option<&str>) -> Self {
        match (status.as_u16(), key) {
            (400 | 401, Some("invalid_grant")) => Self::ConnectionDead,
            (400 | 401, Some("invalid_client" | "unauthorized_client")) => Self::ClientRefused,
            // "contact_id is in an invalid format": no contact has such an id.
            (400 | 404, Some("contacts.api.not_found")) | (404, _) => Self::NotFound,
            (400 | 405 | 406 | 413 | 422, _) => Self::Invalid,
            (401, _) => Self::TokenRefused,
            (403, _) => Self::Forbidden,
            (409, _) => Self::Conflict,
            (410, _) => Self::Retired,
            (415, _) => Self::WrongType,
            (429, Some("quota_exceeded")) => Self::QuotaSpent,
            // The only 429s with a bare object are `throttled` and `quota_exceeded`; the queue's body is not documented.
            (429, Some(key)) if key.contains("queue") || key.contains("activities") => {
                Self::QueueFull
            }
            (429, _) => Self::Throttled,
            (408 | 500..=599, _) => Self::Unavailable,
            _ => Self::Undocumented,
        }
    }

    /// What the operator, or the program, should do next.
    pub fn next_step(self) -> &'static str {
        match self {
            Self::Invalid => "mend the value or the mapping that made it",
            Self::TokenRefused => {
                "authorise the application anew and put the new refresh_token into the secret"
            }
            Self::ConnectionDead => {
                "the refresh token is used up, expired or revoked: authorise the application anew and put the new refresh_token into the secret"
            }
            Self::ClientRefused => "check the client id and the client secret in the secret",
            Self::Forbidden => {
                "check that the application is active, has the scope contact_data, and that the connected user may write contacts and lists"
            }
            Self::NotFound => "check the id in the settings; it may have been deleted",
            Self::Conflict => "it exists already, or was being edited: read it again",
            Self::WrongType => "this is a defect of the program: report it",
            Self::Throttled => "it is tried again more slowly",
            Self::QuotaSpent => {
                "it goes on after 00:00 UTC, when the day's calls are given out anew"
            }
            Self::QueueFull => "it is tried again when queued activities have ended",
            Self::Retired => "this interface has been retired: move to dialect v3",
            Self::Unavailable => "it is tried again",
            Self::Undocumented => {
                "this answer is not documented: look at status.constantcontact.com"
            }
        }
    }

    fn disposition(self, wait: Option<Duration>) -> Disposition {
        match self {
            Self::Invalid | Self::NotFound | Self::Conflict | Self::WrongType => {
                Disposition::Reject
            }
            Self::TokenRefused
            | Self::ConnectionDead
            | Self::ClientRefused
            | Self::Forbidden
            | Self::Retired
            | Self::Undocumented => Disposition::Halt,
            Self::Throttled | Self::QuotaSpent | Self::QueueFull | Self::Unavailable => {
                Disposition::Retry { after: wait }
            }
        }
    }
}

/// An answer other than success. Holds neither body nor message, which may quote addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What we were doing.
    pub operation: Operation,
    /// The status.
    pub status: StatusCode,
    /// The vendor's `error_key`, if there was one.
    pub key: Option<String>,
    /// What that means.
    pub meaning: Meaning,
    /// How long to wait, where it is known.
    pub wait: Option<Duration>,
}

impl Refusal {
    /// Reads an answer: its status, and its body as an array, an object or neither.
    pub(super) fn read(
        operation: Operation,
        answer: &http::Response<bytes::Bytes>,
        now: Timestamp,
    ) -> Self {
        let key = error_key(answer.body());
        let status = answer.status();
        let meaning = Meaning::of(status, key.as_deref());
        let asked = answer
            .headers()
            .get(http::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let wait = match meaning {
            Meaning::QuotaSpent => Some(until_midnight(now)),
            Meaning::QueueFull => Some(Duration::from_secs(QUEUE_FULL_SECONDS)),
            Meaning::Throttled | Meaning::Unavailable => asked,
            Meaning::Invalid
            | Meaning::TokenRefused
            | Meaning::ConnectionDead
            | Meaning::ClientRefused
            | Meaning::Forbidden
            | Meaning::NotFound
            | Meaning::Conflict
            | Meaning::WrongType
            | Meaning::Retired
            | Meaning::Undocumented => None,
        };
        Self { operation, status, key, meaning, wait }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Constant Contact did not {}: {}", self.operation, self.status.as_u16())?;
        if let Some(key) = &self.key {
            write!(f, " {key}")?;
        }
        write!(f, "; {}", self.meaning.next_step())
    }
}

/// Why something could not be done in Constant Contact.
#[derive(Debug, thiserror::Error)]
pub enum ConstantContactError {
    /// Constant Contact answered, and not with success.
    #[error("{0}")]
    Refused(Refusal),
    /// An import left and its answer did not tell whether there is an activity now. Never sent again by the client: look
    /// for it in the listing of activities first.
    #[error(
        "it is not clear whether Constant Contact began to {operation}; look in its activities before sending it again"
    )]
    Unclear {
        /// What we were doing.
        operation: Operation,
        /// Why it is not clear.
        #[source]
        source: Box<Self>,
    },
    /// No answer, or not all of it.
    #[error("no answer to the attempt to {operation}")]
    Wire {
        /// What we were doing.
        operation: Operation,
        /// Why not.
        #[source]
        source: WireError,
    },
    /// An answer of success that is not what is documented: HTML, cut JSON, a missing id.
    #[error("the answer to the attempt to {operation} cannot be read: {what}")]
    Unreadable {
        /// What we were doing.
        operation: Operation,
        /// What is wrong with it; without content.
        what: String,
    },
    /// No access token.
    #[error("no access token to {operation}")]
    Token {
        /// What we were doing.
        operation: Operation,
        /// Why not.
        #[source]
        source: RenewError,
    },
    /// A value that cannot be written to this field, or a custom field that the tenant does not have.
    #[error("field {field} cannot be written: {what}")]
    Field {
        /// The field.
        field: ContactField,
        /// Why not; without the value.
        what: &'static str,
    },
    /// More things in one call than Constant Contact takes.
    #[error("Constant Contact takes between 1 and {max} {what} in one call to {operation}")]
    OutOfBounds {
        /// What we were doing.
        operation: Operation,
        /// Of what.
        what: &'static str,
        /// How many it takes.
        max: usize,
    },
}

impl ConstantContactError {
    /// What the answer meant, if there was one and it was no success.
    pub fn meaning(&self) -> Option<Meaning> {
        match self {
            Self::Refused(refusal) => Some(refusal.meaning),
            Self::Unclear { source, .. } => source.meaning(),
            Self::Wire { .. }
            | Self::Unreadable { .. }
            | Self::Token { .. }
            | Self::Field { .. }
            | Self::OutOfBounds { .. } => None,
        }
    }

    /// Whether this error leaves open if the vendor acted: it was reached, and gave no answer that says.
    pub(super) fn leaves_open(&self) -> bool {
        match self {
            Self::Refused(refusal) => match refusal.meaning {
                Meaning::Unavailable | Meaning::Undocumented => true,
                Meaning::Invalid
                | Meaning::TokenRefused
                | Meaning::ConnectionDead
                | Meaning::ClientRefused
                | Meaning::Forbidden
                | Meaning::NotFound
                | Meaning::Conflict
                | Meaning::WrongType
                | Meaning::Throttled
                | Meaning::QuotaSpent
                | Meaning::QueueFull
                | Meaning::Retired => false,
            },
            Self::Wire { source, .. } => match source {
                WireError::Answer { .. } => true,
                WireError::Connect { .. } => false,
            },
            Self::Unreadable { .. } | Self::Unclear { .. } => true,
            Self::Token { .. } | Self::Field { .. } | Self::OutOfBounds { .. } => false,
        }
    }
}

impl Dispose for ConstantContactError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Refused(refusal) => refusal.meaning.disposition(refusal.wait),
            Self::Unclear { .. } => {
                Disposition::Retry { after: Some(Duration::from_secs(UNCLEAR_SECONDS)) }
            }
            Self::Wire { .. } | Self::Unreadable { .. } => Disposition::Retry { after: None },
            Self::Token { source, .. } => source.disposition(),
            Self::Field { .. } | Self::OutOfBounds { .. } => Disposition::Reject,
        }
    }
}

/// Finds `error_key` (or OAuth's `error`) in a body that is an array, an object, or not JSON at all.
fn error_key(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let object = value.get(0).unwrap_or(&value);
    let key = object.get("error_key").or_else(|| object.get("error"))?.as_str()?;
    let is_key = !key.is_empty()
        && key.len() <= KEY_CHARACTERS_MAX
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    is_key.then(|| key.to_owned())
}

/// How long it is until the next 00:00 UTC, and a little.
fn until_midnight(now: Timestamp) -> Duration {
    let left = DAY_SECONDS - now.as_second().rem_euclid(DAY_SECONDS);
    Duration::from_secs(left.unsigned_abs() + MIDNIGHT_MARGIN_SECONDS)
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
