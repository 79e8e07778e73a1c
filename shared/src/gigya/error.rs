//! What can go wrong with a call, and what to do about it: one table over Gigya's codes.

use std::fmt;
use std::time::Duration;

use super::query::QueryError;
use crate::domain::{Dispose, Disposition, Path};
use crate::http::WireError;

/// Why a call of Gigya's failed. Says which method, which code and which call id, and never what was sent or answered.
#[derive(Debug, thiserror::Error)]
pub enum GigyaError {
    /// No whole answer came back.
    #[error("{method} was not answered")]
    Unanswered {
        /// The method that was called.
        method: &'static str,
        /// Why not.
        #[source]
        source: WireError,
    },
    /// An answer came that is not Gigya's: a proxy's page, a cut text, no `errorCode`.
    #[error("{method} was answered with HTTP {status} and {what}")]
    Unreadable {
        /// The method that was called.
        method: &'static str,
        /// The status of the answer.
        status: u16,
        /// What was there instead.
        what: &'static str,
    },
    /// Gigya refused the call.
    #[error("{0}")]
    Refused(Refusal),
    /// The bookmark of a search is no longer known, after it was tried twice: read again from the watermark.
    #[error(
        "the cursor of {method} is lost, so the read must begin again at its watermark: {refusal}"
    )]
    CursorLost {
        /// The method that was called.
        method: &'static str,
        /// How Gigya refused the cursor.
        refusal: Refusal,
    },
    /// A look-up showed fewer entries than Gigya counts, however often it was made.
    #[error("{method} left somebody out: its pages hold {shown} of {total} entries")]
    LeftOut {
        /// The method that was called.
        method: &'static str,
        /// Entries on its pages.
        shown: usize,
        /// Entries by Gigya's count.
        total: u64,
    },
    /// A search or a look-up that cannot be written down.
    #[error("{method} cannot be asked")]
    Query {
        /// The method that would have been called.
        method: &'static str,
        /// Why not.
        #[source]
        source: QueryError,
    },
    /// A field that the method cannot write.
    #[error("{method} cannot write {path}")]
    Unwritable {
        /// The method that would have been called.
        method: &'static str,
        /// The field.
        path: Path,
    },
    /// The request could not be made of its parts.
    #[error("the request for {method} cannot be made")]
    Request {
        /// The method that would have been called.
        method: &'static str,
        /// Why not.
        #[source]
        source: http::Error,
    },
}

/// Gigya's refusal of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The method that was called.
    pub method: &'static str,
    /// Gigya's `errorCode`; its first three digits are an HTTP status.
    pub code: i64,
    /// Gigya's `callId`, by which SAP's support finds the call.
    pub call: String,
    /// Fields that `validationErrors` names, by their paths.
    pub fields: Vec<Path>,
    /// What the call was about, which decides how some codes are read.
    pub(super) subject: Subject,
}

/// What a call is about, which decides how some codes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// One person, by UID: another may well go through.
    Person,
    /// One lite account, by its address or its token.
    EmailAccount,
    /// A search: the same for everybody.
    Search,
    /// The site, or the key itself.
    Site,
}

/// What a code asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// Not an error: the call did what it was asked to.
    Accept,
    /// Try again, on the schedule.
    Retry,
    /// Try again after so many seconds.
    RetryAfter(u64),
    /// This one thing is refused.
    Reject,
    /// A call about one person is refused; any other is wrong for everybody.
    RejectPerson,
    /// Nothing will go through.
    Halt,
}

/// Seconds that calls in flight for the same person are given to end (409030; `scotthovestadt/gigya`,
/// a client in production, waits as long).
const SAME_PERSON_SECONDS: u64 = 5;

/// Seconds until a person's minute of imports is over (SAP help, accounts.importFullAccount: 503001 after five calls
/// for one UID within a minute).
const MINUTE_OVER_SECONDS: u64 = 60;

/// `400006`: a parameter's value is wrong; of a search, its query.
const INVALID_VALUE: i64 = 400_006;
/// `403002`: the request's time is too far from Gigya's.
pub(super) const REQUEST_EXPIRED: i64 = 403_002;
/// `403004`: the nonce was used before.
pub(super) const NONCE_USED: i64 = 403_004;
/// `403005`: the user key, or the person, is unknown.
pub(super) const UNAUTHORIZED_USER: i64 = 403_005;
/// `404003`: the person is unknown.
const UID_NOT_FOUND: i64 = 404_003;

/// Codes with which a call about an address or a token may say that nobody has it; no source names the one. That none
/// of them means "deleted" for a UID but the two above is on purpose: an account that is taken for deleted is deleted.
const EMAIL_ACCOUNT_UNKNOWN: [i64; 4] = [UNAUTHORIZED_USER, 403_047, 404_000, UID_NOT_FOUND];

/// Codes that say that the application may not make a call, or that the site's package does not have it.
const FORBIDDEN: [i64; 3] = [403_007, 403_023, 403_036];

/// Codes with which a lost cursor may be refused. No source names one, so all that could be it are taken for it.
const CURSOR_CODES: [i64; 4] = [INVALID_VALUE, 404_000, 410_000, 500_001];

/// Every code that is known, with SAP's words for it and what it asks for (SAP help, "Response Codes and Errors").
const CODES: &[(i64, &str, Action)] = &[
    (0, "OK", Action::Accept),
    (100_001, "data pending", Action::Retry),
    (200_001, "operation canceled", Action::Reject),
    (200_008, "OK with errors", Action::Accept),
    (200_009, "accounts linked", Action::Accept),
    (200_010, "OK, login identifier exists", Action::Accept),
    (206_001, "account pending registration", Action::Reject),
    (206_002, "account pending verification", Action::Reject),
    (206_003, "account missing login identifier", Action::Reject),
    (301_001, "invalid data center", Action::Halt),
    (400_001, "invalid request format", Action::Halt),
    (400_002, "missing required parameter", Action::Halt),
    (400_003, "unique identifier exists", Action::Reject),
    (400_004, "invalid parameter format", Action::RejectPerson),
    (INVALID_VALUE, "invalid parameter value", Action::RejectPerson),
    (400_007, "duplicate value", Action::Reject),
    (400_008, "OAuth2 error", Action::Halt),
    (400_009, "validation error", Action::Reject),
    (400_011, "OAuth2 error", Action::Halt),
    (400_012, "OAuth2 error", Action::Halt),
    (400_013, "OAuth2 error", Action::Halt),
    (400_014, "OAuth2 error", Action::Halt),
    (400_015, "OAuth2 error", Action::Halt),
    (400_020, "schema validation failed", Action::Reject),
    (400_022, "unique index validation", Action::Reject),
    (400_023, "invalid type", Action::Reject),
    (400_024, "dynamic fields validation", Action::Reject),
    (400_025, "write access validation", Action::Reject),
    (400_026, "invalid format", Action::Reject),
    (400_027, "required value is missing", Action::Reject),
    (400_028, "email not verified", Action::Reject),
    (400_029, "schema conflict", Action::Reject),
    (400_030, "operation not allowed", Action::Reject),
    (400_093, "invalid API key", Action::Halt),
    (400_096, "not supported", Action::RejectPerson),
    (401_000, "invalid policy configuration", Action::Halt),
    (403_000, "invalid session", Action::Halt),
    // Both come here only after the clock was corrected, or the nonce renewed, and that did not help.
    (REQUEST_EXPIRED, "request has expired", Action::Halt),
    (403_003, "invalid request signature", Action::Halt),
    (NONCE_USED, "duplicate nonce", Action::Retry),
    (UNAUTHORIZED_USER, "unauthorized user", Action::RejectPerson),
    (403_006, "secret sent over HTTP", Action::Halt),
    (403_007, "permission denied", Action::Halt),
    (403_010, "invalid secret", Action::Halt),
    // Every attempt signs a new token.
    (403_011, "session has expired", Action::Retry),
    (403_012, "no valid session", Action::Retry),
    (403_023, "no user permission", Action::Halt),
    (403_025, "invalid token", Action::Retry),
    (403_026, "unauthorized access", Action::Reject),
    (403_035, "no user cookie", Action::Halt),
    (403_036, "unauthorized partner", Action::Halt),
    (403_041, "account disabled", Action::Reject),
    (403_042, "invalid login identifier or password", Action::Reject),
    (403_043, "login identifier exists", Action::Reject),
    (403_044, "underage user", Action::Reject),
    (403_045, "invalid site configuration", Action::Halt),
    (403_047, "login identifier does not exist", Action::Reject),
    (403_048, "rate limit exceeded", Action::Retry),
    (403_100, "second factor pending", Action::Reject),
    (403_101, "second factor registration", Action::Reject),
    (403_102, "second factor verification", Action::Reject),
    (403_110, "password change required", Action::Reject),
    (403_120, "account locked out", Action::Reject),
    (403_200, "redundant operation", Action::Accept),
    (404_000, "not found", Action::RejectPerson),
    (UID_NOT_FOUND, "UID not found", Action::Reject),
    (405_001, "invalid method", Action::Halt),
    (409_001, "identity exists", Action::Reject),
    (409_030, "too many requests for the same user", Action::RetryAfter(SAME_PERSON_SECONDS)),
    (410_000, "gone", Action::RejectPerson),
    (413_001, "too large", Action::Reject),
    (413_002, "too large", Action::Reject),
    (413_003, "object too large", Action::Reject),
    (413_004, "too large", Action::Reject),
    (500_000, "general security error", Action::Retry),
    (500_001, "general server error", Action::Retry),
    (500_002, "login error", Action::Reject),
    (500_014, "provider error", Action::Reject),
    (500_023, "provider error", Action::Reject),
    (500_026, "network error", Action::Retry),
    (500_028, "database error", Action::Retry),
    (500_034, "error during backend operation", Action::Retry),
    (503_001, "service unavailable for this operation", Action::RetryAfter(MINUTE_OVER_SECONDS)),
    (504_001, "search timed out", Action::Retry),
    (504_002, "request timed out", Action::Retry),
];

/// The code's class where it is in no table: the vendor's trouble passes, ours does not.
const SERVER_ERRORS_FROM: i64 = 500_000;

fn known(code: i64) -> (&'static str, Action) {
    match CODES.binary_search_by_key(&code, |(code, _, _)| *code) {
        Ok(at) => (CODES[at].1, CODES[at].2),
        Err(_) if code >= SERVER_ERRORS_FROM => ("unknown server error", Action::Retry),
        Err(_) => ("unknown code", Action::RejectPerson),
    }
}

/// Whether the call did what it was asked to.
pub(super) fn is_success(code: i64) -> bool {
    known(code).1 == Action::Accept
}

/// What to do about a code: the table.
fn disposition(code: i64, subject: Subject) -> Disposition {
    match known(code).1 {
        Action::Retry => Disposition::Retry { after: None },
        Action::RetryAfter(seconds) => {
            Disposition::Retry { after: Some(Duration::from_secs(seconds)) }
        }
        Action::Accept | Action::Reject => Disposition::Reject,
        Action::RejectPerson => match subject {
            Subject::Person | Subject::EmailAccount => Disposition::Reject,
            Subject::Search | Subject::Site => Disposition::Halt,
        },
        Action::Halt => Disposition::Halt,
    }
}

impl Refusal {
    /// Whether Gigya does not know the person, or no longer.
    pub fn is_unknown_person(&self) -> bool {
        match self.subject {
            Subject::Person => [UNAUTHORIZED_USER, UID_NOT_FOUND].contains(&self.code),
            Subject::EmailAccount => EMAIL_ACCOUNT_UNKNOWN.contains(&self.code),
            Subject::Search | Subject::Site => false,
        }
    }

    /// Whether the application may not make this call, or the site's package does not have it.
    pub fn is_forbidden(&self) -> bool {
        FORBIDDEN.contains(&self.code)
    }

    /// What somebody has to do, where the same would happen to every call.
    fn next_step(&self) -> Option<&'static str> {
        match (self.code, self.subject) {
            (301_001, _) => Some("correct [gigya] data_center in the settings"),
            (400_093, _) => Some("correct [gigya] api_key in the settings"),
            (REQUEST_EXPIRED, _) => Some("the clock here differs from Gigya's by minutes"),
            (UNAUTHORIZED_USER, Subject::Search | Subject::Site) => {
                Some("correct gigya.user_key in the secret; the site does not know it")
            }
            (403_003 | 403_010, _) => Some("correct gigya.secret in the secret"),
            (403_007 | 403_023, _) => {
                Some("give the application the permission for this call in Gigya's console")
            }
            (403_036, _) => {
                Some("the site's package does not have this call; SAP can add it, or do without")
            }
            _ => None,
        }
    }

    /// Whether a cursor that is refused so may be lost.
    pub(super) fn may_mean_lost_cursor(&self) -> bool {
        CURSOR_CODES.contains(&self.code)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, code, call, fields, subject: _ } = self;
        write!(f, "{method} was refused with {code} ({}), call {call}", known(*code).0)?;
        if let Some(next_step) = self.next_step() {
            write!(f, ": {next_step}")?;
        }
        for (ordinal, field) in fields.iter().enumerate() {
            write!(f, "{}{field}", if ordinal == 0 { ", because of " } else { ", " })?;
        }
        Ok(())
    }
}

impl GigyaError {
    /// Gigya's refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) | Self::CursorLost { refusal, .. } => Some(refusal),
            Self::Unanswered { .. }
            | Self::Unreadable { .. }
            | Self::LeftOut { .. }
            | Self::Query { .. }
            | Self::Unwritable { .. }
            | Self::Request { .. } => None,
        }
    }

    /// Whether Gigya does not know the person that the call was about, or no longer.
    pub fn is_unknown_person(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.is_unknown_person())
    }

    /// Whether a search was refused because of what it asks (400006): another one may well be answered.
    pub fn is_unanswerable_query(&self) -> bool {
        matches!(self, Self::Refused(Refusal { code: INVALID_VALUE, subject: Subject::Search, .. }))
    }

    /// Whether the application may not make this call, or the site's package does not have it: other calls may well
    /// go through.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.is_forbidden())
    }
}

impl Dispose for GigyaError {
    fn disposition(&self) -> Disposition {
        match self {
            // A lost cursor is tried again by reading anew, which is for whoever holds the watermark.
            Self::Unanswered { .. }
            | Self::Unreadable { .. }
            | Self::CursorLost { .. }
            | Self::LeftOut { .. } => Disposition::Retry { after: None },
            Self::Refused(refusal) => disposition(refusal.code, refusal.subject),
            Self::Query { .. } | Self::Unwritable { .. } => Disposition::Reject,
            Self::Request { .. } => Disposition::Halt,
        }
    }
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
