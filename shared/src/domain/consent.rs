//! Consent at Gigya: granted, withdrawn, or silent. Silence is not leaving.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account::{Account, Path, Subscription};
use super::evidence::{DoubleOptIn, Evidence, Source};
use super::policy::ConsentPolicy;

/// What a person's account says about being mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// They asked for it.
    Granted {
        /// Since when and how, where Gigya keeps a time; only a subscription does. Without it, it never brings anybody back.
        evidence: Option<Evidence>,
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

    /// The act of the person at Gigya that is newer than their leaving `at`, if there is one.
    pub fn evidence_since(self, at: Timestamp) -> Option<Evidence> {
        match self {
            Self::Granted { evidence } => evidence.filter(|evidence| evidence.at > at),
            Self::Withdrawn | Self::Silent => None,
        }
    }
}

/// `doubleOptIn.status` of a subscription that its owner confirmed (SAP help, "subscriptions").
const CONFIRMED: &str = "Confirmed";

impl ConsentPolicy {
    /// What the account says, given what was last agreed.
    pub fn wish(&self, account: &Account, agreed: AgreedWish) -> Wish {
        if let Some(subscription) = account.subscription(&self.path) {
            let double_opt_in = double_opt_in(&subscription);
            let counts = !self.double_opt_in || double_opt_in == DoubleOptIn::Confirmed;
            let source = Source::Subscription { double_opt_in };
            return match (subscription.is_subscribed, subscription.changed_at) {
                (true, at) if counts => {
                    Wish::Granted { evidence: at.map(|at| Evidence { at, source }) }
                }
                (true, _) => Wish::Silent,
                (false, Some(_)) => Wish::Withdrawn,
                (false, None) => withdrawn_if_agreed(agreed),
            };
        }
        match account.flag(&self.path) {
            Some(true) => Wish::Granted { evidence: None },
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

fn double_opt_in(subscription: &Subscription) -> DoubleOptIn {
    if subscription.double_opt_in.as_deref() == Some(CONFIRMED) {
        DoubleOptIn::Confirmed
    } else {
        DoubleOptIn::NotAsked
    }
}

fn withdrawn_if_agreed(agreed: AgreedWish) -> Wish {
    match agreed {
        AgreedWish::Granted | AgreedWish::Withdrawn => Wish::Withdrawn,
        AgreedWish::Silent => Wish::Silent,
    }
}
