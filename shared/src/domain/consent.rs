//! Consent at Gigya: granted, withdrawn, or silent. Silence is not leaving.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account::{Account, Path};
use super::policy::ConsentPolicy;

/// What a person's account says about being mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// They asked for it.
    Granted {
        /// When, where Gigya keeps a time; only a subscription does. Without it, it never brings anybody back.
        since: Option<Timestamp>,
    },
    /// They took it back: false, and either with the time at which it became so or true in the last agreement.
    Withdrawn,
    /// They were never asked, or have not confirmed.
    Silent,
}

/// The wish as the ledger remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreedWish {
    /// Granted when both sides last agreed.
    Granted,
    /// Withdrawn, or carried home as withdrawn.
    Withdrawn,
    /// Nothing known.
    #[default]
    Silent,
}

impl Wish {
    /// The same without its time.
    pub fn agreed(self) -> AgreedWish {
        match self {
            Self::Granted { .. } => AgreedWish::Granted,
            Self::Withdrawn => AgreedWish::Withdrawn,
            Self::Silent => AgreedWish::Silent,
        }
    }

    /// Whether this is a newer act of the person than their leaving `at`: the only thing that brings anybody back.
    pub fn is_newer_than(self, at: Timestamp) -> bool {
        matches!(self, Self::Granted { since: Some(since) } if since > at)
    }
}

/// `doubleOptIn.status` of a subscription that its owner confirmed (SAP help, "subscriptions").
const CONFIRMED: &str = "Confirmed";

impl ConsentPolicy {
    /// What the account says, given what was last agreed.
    pub fn wish(&self, account: &Account, agreed: AgreedWish) -> Wish {
        if let Some(subscription) = account.subscription(&self.path) {
            let confirmed =
                !self.double_opt_in || subscription.double_opt_in.as_deref() == Some(CONFIRMED);
            return match (subscription.is_subscribed, subscription.changed_at) {
                (true, since) if confirmed => Wish::Granted { since },
                (true, _) => Wish::Silent,
                (false, Some(_)) => Wish::Withdrawn,
                (false, None) => withdrawn_if_agreed(agreed),
            };
        }
        match account.flag(&self.path) {
            Some(true) => Wish::Granted { since: None },
            Some(false) => withdrawn_if_agreed(agreed),
            None => Wish::Silent,
        }
    }

    /// Whether the account already says no, in so many words.
    pub fn says_no(&self, account: &Account) -> bool {
        let subscribed = account
            .subscription(&self.path)
            .map(|subscription| subscription.is_subscribed)
            .or_else(|| account.flag(&self.path));
        subscribed == Some(false)
    }

    /// The leaf that says no: `isSubscribed` of a subscription, else the plain field itself.
    ///
    /// # Panics
    /// Never: a path with a step more is a path.
    pub fn opt_out_leaf(&self) -> (Path, Value) {
        let path = self.path.as_str();
        let leaf = match self.path.section() {
            "subscriptions" if self.path.steps().next_back() == Some("email") => {
                format!("{path}.isSubscribed")
            }
            "subscriptions" => format!("{path}.email.isSubscribed"),
            _ => path.to_owned(),
        };
        (leaf.parse().expect("a longer path is a path"), Value::Bool(false))
    }
}

fn withdrawn_if_agreed(agreed: AgreedWish) -> Wish {
    match agreed {
        AgreedWish::Granted | AgreedWish::Withdrawn => Wish::Withdrawn,
        AgreedWish::Silent => Wish::Silent,
    }
}
