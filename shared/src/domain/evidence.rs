//! Evidence: the act by which somebody who left is back. Without one that is newer than their leaving, nobody is.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::agreed::{Agreed, Departure};

/// An act by which somebody who left is back. It stays in the agreement when it lifts a mark, and holds no personal data.
///
/// ```json
/// {"at":"2026-11-23T04:50:00Z","source":"subscription","double_opt_in":"confirmed"}
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When it was.
    pub at: Timestamp,
    /// What it was, and who keeps it.
    #[serde(flatten)]
    pub source: Source,
}

/// See [`Evidence::source`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum Source {
    /// They subscribed at Gigya (SAP help, "subscriptions": `lastUpdatedSubscriptionState`).
    Subscription {
        /// Whether they confirmed it by mail.
        double_opt_in: DoubleOptIn,
    },
    /// They came back in Constant Contact itself, by its own confirmation mail (guide, `contacts_re-subscribe`) or a form of
    /// the tenant's.
    ConstantContact,
    /// The operator has it in writing.
    Operator,
}

/// Whether a subscription was confirmed by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoubleOptIn {
    /// It was (`doubleOptIn.status` is `Confirmed`).
    Confirmed,
    /// The customer's settings do not ask for it, and it was not.
    NotAsked,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.source {
            Source::Subscription { double_opt_in: DoubleOptIn::Confirmed } => {
                "subscribed at Gigya and confirmed it"
            }
            Source::Subscription { double_opt_in: DoubleOptIn::NotAsked } => "subscribed at Gigya",
            Source::ConstantContact => "came back in Constant Contact itself",
            Source::Operator => "the operator has it in writing",
        };
        write!(f, "{what}, {:.0}", self.at)
    }
}

impl Agreed {
    /// The same person with every mark lifted that the evidence is newer than; `None` where it lifts none. It never undoes an
    /// account-wide unsubscribe: only the person can, and only in Constant Contact.
    ///
    /// Whoever was deleted comes back as a new contact. What the address remembers of them is lifted by the evidence, too,
    /// which stays in the agreement.
    #[must_use]
    pub fn rejoined(&self, evidence: Evidence) -> Option<Self> {
        let mut next = self.clone();
        match self.left {
            Some(left) if left.kind == Departure::Unsubscribed || left.at >= evidence.at => {
                return None;
            }
            Some(left) => {
                next.left = None;
                next.erased_at = None;
                if left.kind == Departure::Deleted {
                    (next.contact, next.address) = (None, None);
                    next.lists.clear();
                }
            }
            None => {}
        }
        next.left_lists.retain(|_, at| *at >= evidence.at);
        let lifts = next != *self;
        next.evidence = Some(evidence);
        lifts.then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agreed::Tombstone;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn in_writing(second: i64) -> Evidence {
        Evidence { at: at(second), source: Source::Operator }
    }

    fn left(kind: Departure) -> Agreed {
        Agreed {
            contact: Some("c1".into()),
            left: Some(Tombstone { kind, at: at(5) }),
            left_lists: [("news".into(), at(5)), ("emea".into(), at(20))].into(),
            ..Agreed::default()
        }
    }

    #[test]
    fn an_operator_lifts_what_is_older_than_the_evidence_and_it_is_kept() {
        for (kind, contact) in
            [(Departure::Withdrawn, Some("c1".into())), (Departure::Deleted, None)]
        {
            let back = left(kind).rejoined(in_writing(10)).unwrap();
            assert_eq!((back.left, back.contact), (None, contact));
            assert_eq!(back.left_lists, [("emea".into(), at(20))].into());
            assert_eq!(back.evidence, Some(in_writing(10)));
        }
    }

    #[test]
    fn an_operator_lifts_no_unsubscribe_and_nothing_that_is_newer_than_the_evidence() {
        assert_eq!(left(Departure::Unsubscribed).rejoined(in_writing(10)), None);
        assert_eq!(left(Departure::Withdrawn).rejoined(in_writing(5)), None);
        assert_eq!(Agreed::default().rejoined(in_writing(10)), None);
    }

    #[test]
    fn evidence_is_read_back_as_it_was_written() {
        let double_opt_in = DoubleOptIn::Confirmed;
        for source in
            [Source::Subscription { double_opt_in }, Source::ConstantContact, Source::Operator]
        {
            let evidence = Evidence { at: at(10), source };
            let json = serde_json::to_string(&evidence).unwrap();
            assert_eq!(serde_json::from_str::<Evidence>(&json).unwrap(), evidence, "{json}");
        }
    }
}
