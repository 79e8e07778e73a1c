//! What can go wrong with Constant Contact, and what to do about it: one table for all its answers.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;

use super::RenewError;
use crate::domain::{ContactField, Dialect, Dispose, Disposition};
use crate::http::{BudgetError, WireError};

pub use super::meaning::Meaning;
pub use super::operation::Operation;

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

/// An answer other than success. Holds neither body nor message, which may quote addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Who answered.
    pub dialect: Dialect,
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
        dialect: Dialect,
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
        Self { dialect, operation, status, key, meaning, wait }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Constant Contact did not {}: {}", self.operation, self.status.as_u16())?;
        if let Some(key) = &self.key {
            write!(f, " {key}")?;
        }
        write!(f, "; {}", self.meaning.next_step(self.dialect))
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
    #[error("no answer to the attempt to {operation}{}", way_out(*dialect, source))]
    Wire {
        /// Who did not answer.
        dialect: Dialect,
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
    /// The call was not made, because none of the day's is left for us.
    #[error("nothing was sent to {operation}")]
    Budget {
        /// What we were doing.
        operation: Operation,
        /// Why there is none, and for how long.
        #[source]
        source: BudgetError,
    },
    /// A value that cannot be written to this field, or a custom field that the tenant does not have.
    #[error("field {field} cannot be written: {what}")]
    Field {
        /// The field.
        field: ContactField,
        /// Why not; without the value.
        what: &'static str,
    },
    /// Something that this dialect has no operation for.
    #[error("{dialect} cannot {operation}")]
    NoSuchOperation {
        /// Which dialect.
        dialect: Dialect,
        /// What was asked for.
        operation: Operation,
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
            | Self::Budget { .. }
            | Self::Field { .. }
            | Self::NoSuchOperation { .. }
            | Self::OutOfBounds { .. } => None,
        }
    }

    /// Whether the day's calls are spent, by our own count or by Constant Contact's word: with the wait until there are more.
    pub fn spent_for(&self) -> Option<Duration> {
        let is_spent = match self {
            Self::Refused(refusal) => refusal.meaning == Meaning::QuotaSpent,
            Self::Budget { .. } => true,
            Self::Unclear { .. }
            | Self::Wire { .. }
            | Self::Unreadable { .. }
            | Self::Token { .. }
            | Self::Field { .. }
            | Self::NoSuchOperation { .. }
            | Self::OutOfBounds { .. } => false,
        };
        match self.disposition() {
            Disposition::Retry { after } if is_spent => after,
            Disposition::Retry { .. } | Disposition::Reject | Disposition::Halt => None,
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
            Self::Token { .. }
            | Self::Budget { .. }
            | Self::Field { .. }
            | Self::NoSuchOperation { .. }
            | Self::OutOfBounds { .. } => false,
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
            Self::Budget { source, .. } => source.disposition(),
            Self::Field { .. } | Self::OutOfBounds { .. } => Disposition::Reject,
            Self::NoSuchOperation { .. } => Disposition::Halt,
        }
    }
}

/// v2 gives out no new keys and may go without notice, as v1's last endpoints did; a host that is not there may be that.
fn way_out(dialect: Dialect, source: &WireError) -> &'static str {
    match (dialect, source) {
        (Dialect::V2, WireError::Connect { .. }) => {
            "; if it stays so, v2 may have been retired: move to v3"
        }
        (Dialect::V2, WireError::Answer { .. }) | (Dialect::V3, _) => "",
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
