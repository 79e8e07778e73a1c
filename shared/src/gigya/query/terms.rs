//! What a query is put together of: whom it asks for, by which time, and values that are quoted.

use jiff::Timestamp;

use super::QueryError;
use crate::domain::limits::LOOKUP_UIDS_MAX;
use crate::domain::{EmailAddress, Path, Uid};

/// The time that a delta goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Clock {
    /// `lastUpdatedTimestamp`, in milliseconds.
    LastUpdated,
    /// When the subscription at the path last changed its state, as text.
    Subscription { path: Path },
}

/// Who is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whom {
    Everybody,
    /// Those with an email account that no full account shares.
    Lite,
    Keys(Vec<Uid>),
    Address(EmailAddress),
}

impl Clock {
    pub(super) fn field(&self) -> String {
        match self {
            Self::LastUpdated => "lastUpdatedTimestamp".to_owned(),
            Self::Subscription { path } => format!("{path}.lastUpdatedSubscriptionState"),
        }
    }

    pub(super) fn literal(&self, at: Timestamp) -> String {
        match self {
            Self::LastUpdated => at.as_millisecond().to_string(),
            Self::Subscription { .. } => format!("\"{}\"", iso(at)),
        }
    }
}

impl Whom {
    pub(super) fn condition(&self) -> Option<String> {
        match self {
            Self::Everybody => None,
            Self::Lite => Some("hasLiteAccount = true AND hasFullAccount = false".to_owned()),
            Self::Keys(keys) => {
                let tokens: Vec<_> = keys.iter().filter_map(Uid::lite_token).collect();
                let tokens: Vec<&str> = tokens.iter().map(AsRef::as_ref).collect();
                let is_uid = |key: &&Uid| key.lite_token().is_none();
                let uids: Vec<&str> = keys.iter().filter(is_uid).map(Uid::as_str).collect();
                Some(match (uids.as_slice(), tokens.as_slice()) {
                    (uids, []) => is_one_of("UID", uids),
                    ([], tokens) => is_one_of("token", tokens),
                    (uids, tokens) => {
                        format!("({} OR {})", is_one_of("UID", uids), is_one_of("token", tokens))
                    }
                })
            }
            Self::Address(address) => Some(format!(
                "(profile.email = \"{0}\" OR profile.email CONTAINS \"{0}\")",
                address.expose()
            )),
        }
    }
}

/// The path of a subscription's channel, which the path leads to or ends before. Email is the only channel of a
/// subscription (SAP help, "Subscriptions Object").
pub(super) fn subscription_channel(path: &Path) -> Result<Path, QueryError> {
    let refused = || QueryError::NoSubscription { path: path.clone() };
    let mut steps: Vec<&str> = path.steps().collect();
    if steps.last() != Some(&"email") {
        steps.push("email");
    }
    if path.section() != "subscriptions" || steps.len() < 3 {
        return Err(refused());
    }
    steps.join(".").parse().map_err(|_| refused())
}

/// The name of a subscription, as accounts.unsubscribe takes it: `newsletter`, or `newsletter.commercial`.
pub(in crate::gigya) fn subscription_id(path: &Path) -> Result<String, QueryError> {
    let channel = subscription_channel(path)?;
    let steps: Vec<&str> = channel.steps().collect();
    Ok(steps.get(1..steps.len() - 1).unwrap_or_default().join("."))
}

pub(super) fn leads_into(outer: &Path, path: &Path) -> bool {
    let rest = path.as_str().strip_prefix(outer.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Milliseconds and `Z`, as Gigya writes times.
pub(in crate::gigya) fn iso(at: Timestamp) -> String {
    let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
    format!("{at:.3}")
}

pub(super) fn check_uids(uids: &[Uid]) -> Result<(), QueryError> {
    if uids.is_empty() {
        return Err(QueryError::Nobody);
    }
    if uids.len() > LOOKUP_UIDS_MAX {
        return Err(QueryError::TooManyUids { count: uids.len() });
    }
    uids.iter().try_for_each(|uid| literal(uid.as_str()).map(drop))
}

pub(super) fn is_one_of(field: &str, values: &[&str]) -> String {
    let values: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
    format!("{field} IN ({})", values.join(", "))
}

/// The value in double quotes, if it can be put there as it is.
pub(super) fn literal(value: &str) -> Result<String, QueryError> {
    if value.is_empty() || value.chars().any(|c| c == '"' || c == '\\' || c.is_control()) {
        Err(QueryError::Value)
    } else {
        Ok(format!("\"{value}\""))
    }
}
