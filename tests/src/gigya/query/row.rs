//! An account, as searches of either kind see it.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::Source;
use super::evaluate::{Shown, iso};
use crate::gigya::sections::merge;
use crate::people::token_of;

/// One account as the index holds it.
#[derive(Debug, Clone)]
pub(in crate::gigya) struct Row {
    /// The UID, or what stands for it where a lite account has none.
    pub(in crate::gigya) uid: Arc<str>,
    pub(in crate::gigya) account: Arc<Value>,
    /// Profile and data of the lite account beside a full one, which do not reach the full one.
    pub(in crate::gigya) lite: Option<Arc<Value>>,
    /// `lastUpdatedTimestamp` of the account.
    pub(in crate::gigya) updated: i64,
    /// `lastUpdatedTimestamp` of its email account, which moves with subscriptions too.
    pub(in crate::gigya) email_updated: i64,
}

/// A row as a search of this kind sees it.
pub(in crate::gigya) struct View<'a> {
    row: &'a Row,
    source: Source,
}

/// What an email account shares with its account; subscriptions, which `FROM accounts` hides, are among it.
const SHARED: [&str; 7] =
    ["UID", "profile", "data", "subscriptions", "created", "createdTimestamp", "locale"];

/// What only an email account has.
const EMAIL_ONLY: [&str; 7] = [
    "email",
    "token",
    "hasFullAccount",
    "hasLiteAccount",
    "channel",
    "lastUpdated",
    "lastUpdatedTimestamp",
];

impl Row {
    pub(in crate::gigya) fn address(&self) -> Option<&str> {
        self.account.pointer("/profile/email")?.as_str()
    }

    /// A lite account is in `emailAccounts` alone.
    pub(in crate::gigya) fn is_full(&self) -> bool {
        self.account.get("hasFullAccount").and_then(Value::as_bool).unwrap_or(true)
    }

    /// Somebody with a full account may have had, or been given, a lite one too.
    fn has_lite(&self) -> bool {
        let says_so = self.account.get("hasLiteAccount").and_then(Value::as_bool).unwrap_or(false);
        !self.is_full() || self.lite.is_some() || says_so
    }

    pub(in crate::gigya) fn seen_from(&self, source: Source) -> View<'_> {
        View { row: self, source }
    }

    fn email_only(&self, name: &str) -> Option<Value> {
        match name {
            "email" => self.address().map(Value::from),
            "token" => self.address().map(|address| Value::from(token_of(address))),
            "hasFullAccount" => Some(Value::Bool(self.is_full())),
            "hasLiteAccount" => Some(Value::Bool(self.has_lite())),
            "channel" => Some(Value::from("email")),
            "lastUpdatedTimestamp" => Some(Value::from(self.email_updated)),
            "lastUpdated" => {
                Timestamp::from_millisecond(self.email_updated).ok().map(|at| Value::from(iso(at)))
            }
            _ => None,
        }
    }

    /// What an email account shows of a section: the lite account's values, and those of the full one over them.
    fn merged(&self, name: &str) -> Option<Cow<'_, Value>> {
        let own = self.account.get(name);
        let Some(beside) = self.lite.as_ref().and_then(|lite| lite.get(name)) else {
            return own.map(Cow::Borrowed);
        };
        let mut merged = beside.clone();
        if let Some(own) = own {
            merge(&mut merged, own.clone());
        }
        Some(Cow::Owned(merged))
    }
}

impl Shown for View<'_> {
    fn top(&self, name: &str) -> Option<Cow<'_, Value>> {
        match self.source {
            Source::Accounts if name == "subscriptions" || is_email_flag(name) => None,
            Source::Accounts => self.row.account.get(name).map(Cow::Borrowed),
            Source::EmailAccounts if SHARED.contains(&name) => self.row.merged(name),
            Source::EmailAccounts => self.row.email_only(name).map(Cow::Owned),
            Source::AuditLog => None,
        }
    }

    fn names(&self) -> Vec<&str> {
        match self.source {
            Source::Accounts => {
                let fields = self.row.account.as_object().into_iter().flatten();
                fields.map(|(name, _)| name.as_str()).collect()
            }
            Source::EmailAccounts => SHARED.into_iter().chain(EMAIL_ONLY).collect(),
            Source::AuditLog => Vec::new(),
        }
    }
}

fn is_email_flag(name: &str) -> bool {
    ["hasFullAccount", "hasLiteAccount"].contains(&name)
}
