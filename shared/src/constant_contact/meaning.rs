//! What Constant Contact's answers mean: one table for both dialects.

use std::time::Duration;

use http::StatusCode;

use crate::domain::{Dialect, Disposition};

/// What an answer other than success means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Meaning {
    /// The request is malformed, or one of its values is refused.
    Invalid,
    /// The access token is refused, and so was a newer one.
    TokenRefused,
    /// The refresh token is used up, expired or revoked: a person must connect again.
    ConnectionDead,
    /// The client id or the client secret is refused; in v2, the API key is inactive.
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
    /// RFC 6749 §5.2 for the token endpoint; v2 documents, the responses of each method; community, thread 348070, for
    /// the keys of v2's gateway). The key counts before the status where it says more: v2's gateway throttles with 403, of
    /// old also with 401.
    pub(super) fn of(status: StatusCode, key: Option<&str>) -> Self {
        match (status.as_u16(), key) {
            (401 | 403, Some("mashery.not.authorized.over.qps")) => Self::Throttled,
            (401 | 403 | 429, Some("mashery.not.authorized.over.ratelimit"))
            | (429, Some("quota_exceeded")) => Self::QuotaSpent,
            (400 | 401, Some("invalid_grant")) => Self::ConnectionDead,
            (400 | 401, Some("invalid_client" | "unauthorized_client"))
            | (401 | 403, Some("mashery.not.authorized.inactive")) => Self::ClientRefused,
            // "contact_id is in an invalid format": no contact has such an id.
            (400 | 404, Some("contacts.api.not_found")) | (404, _) => Self::NotFound,
            (400 | 405 | 406 | 413 | 422, _) => Self::Invalid,
            (401, _) => Self::TokenRefused,
            (403, _) => Self::Forbidden,
            (409, _) => Self::Conflict,
            (410, _) => Self::Retired,
            (415, _) => Self::WrongType,
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
    pub fn next_step(self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::V3 => self.usual_step(),
            Dialect::V2 => self.step_in_v2().unwrap_or_else(|| self.usual_step()),
        }
    }

    /// What is next in v2 where it is not the same: nothing there can be renewed, and the way out is v3.
    fn step_in_v2(self) -> Option<&'static str> {
        match self {
            Self::TokenRefused => Some(
                "tokens of v2 cannot be refreshed: authorise the application anew and put the new access_token into the secret, or move to v3",
            ),
            Self::ClientRefused => Some(
                "the API key is inactive or unknown, and v2 gives out no new ones: check api_key in the secret, or move to v3",
            ),
            Self::Forbidden => Some(
                "check that the connected user may write contacts and lists; if the key itself is refused, move to v3",
            ),
            Self::Retired => Some(
                "v2 has been retired: move to v3 (api = \"v3\", and client_id, client_secret and refresh_token in the secret)",
            ),
            Self::Invalid
            | Self::ConnectionDead
            | Self::NotFound
            | Self::Conflict
            | Self::WrongType
            | Self::Throttled
            | Self::QuotaSpent
            | Self::QueueFull
            | Self::Unavailable
            | Self::Undocumented => None,
        }
    }

    fn usual_step(self) -> &'static str {
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
            Self::Retired => {
                "this interface has been retired: look for a newer version of this program"
            }
            Self::Unavailable => "it is tried again",
            Self::Undocumented => {
                "this answer is not documented: look at status.constantcontact.com"
            }
        }
    }

    pub(super) fn disposition(self, wait: Option<Duration>) -> Disposition {
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
