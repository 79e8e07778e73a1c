//! Erasure: what is known of people whose accounts were deleted at Gigya, until only a tombstone is left of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::agreed::{Agreed, Departure, Tombstone};
use super::consent::{AgreedWish, Wish};
use super::ids::{ContactId, Uid};
use super::policy::ConsentPolicy;
use super::removal::Removal;

/// `state/erasure.json`: how far looking for deleted accounts has come, and what is left to do about those that were
/// found. A UID stands here only until the person is erased.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Erasure {
    /// When the audit log was last read.
    pub log_read_at: Option<Timestamp>,
    /// Gigya does not let us read the audit log, and that was said.
    pub log_is_closed: bool,
    /// The sweep after which everybody in the ledger was last looked for at Gigya, by its time.
    pub doubted: Option<Timestamp>,
    /// Looking for everybody in the ledger, while it goes on.
    pub doubt: Option<Doubt>,
    /// A brake is pulled, or was when this was last written.
    pub is_braked: bool,
    /// Contacts that turned up although the person whose UID they carry is erased: an import was under way.
    /// With how often their deletion came to nothing.
    pub strays: BTreeMap<ContactId, u32>,
    /// Deletions in Constant Contact that are not over.
    pub removals: Vec<Removal>,
    /// Whom the objects of past runs still name.
    pub purge: Purge,
}

/// Everybody in the ledger is looked for at Gigya, shard by shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// The sweep that it follows, by its time.
    pub sweep: Timestamp,
    /// The next shard to look at.
    pub shard: u8,
    /// How many people were seen at Gigya.
    pub seen: u64,
    /// How many people who are in Constant Contact were looked for.
    pub known: u64,
    /// How many of them are gone.
    pub gone: u64,
    /// Who is to be erased, and since when they are missed; nobody beyond what the brake can let go.
    pub missing: BTreeMap<Uid, Timestamp>,
}

impl Doubt {
    /// Nobody was looked for yet.
    pub fn after(sweep: Timestamp) -> Self {
        Self { sweep, shard: 0, seen: 0, known: 0, gone: 0, missing: BTreeMap::new() }
    }
}

/// Taking people out of the objects of past runs, object by object in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Purge {
    /// Who is being taken out.
    pub people: BTreeSet<Uid>,
    /// Who is taken out the next time round: they were erased while this round was going on.
    pub waiting: BTreeSet<Uid>,
    /// The last object that was looked at in this round.
    pub after: Option<String>,
}

impl Purge {
    /// Begins a round if none is going on. Answers whether there is one now.
    pub fn begin(&mut self) -> bool {
        if self.people.is_empty() {
            self.people = std::mem::take(&mut self.waiting);
            self.after = None;
        }
        !self.people.is_empty()
    }

    /// Ends a round.
    pub fn end(&mut self) {
        self.people.clear();
        self.after = None;
    }
}

/// What is left of somebody of whom Constant Contact keeps nothing.
pub fn tombstone(at: Timestamp) -> Agreed {
    let left = Some(Tombstone { kind: Departure::Erased, at });
    Agreed { left, erased_at: Some(at), ..Agreed::default() }
}

/// What is agreed about whoever takes a contact over: what was agreed with the one who went, and every mark of having
/// left that either of them bears.
#[must_use]
pub fn inherit(from: &Agreed, own: Option<&Agreed>) -> Agreed {
    let mut heir = Agreed { written_at: None, ..from.clone() };
    let Some(own) = own else { return heir };
    heir.left = match (own.left, heir.left) {
        (Some(mark), other) => Some(mark.or_stronger(other)),
        (None, other) => other,
    };
    for (list, at) in &own.left_lists {
        let known = heir.left_lists.entry(list.clone()).or_insert(*at);
        *known = (*at).max(*known);
    }
    if own.wish != AgreedWish::Silent {
        heir.wish = own.wish;
    }
    heir.written_at = own.written_at;
    heir
}

/// Whether this account, which has the address of one that was deleted, may take its contact over: as a new contact it
/// could be sent. Whoever was never asked, or said no, does not inherit that somebody else said yes.
pub fn may_inherit(account: &Account, own: Option<&Agreed>, consent: &ConsentPolicy) -> bool {
    let known = own.map_or(AgreedWish::Silent, |own| own.wish);
    let wishes = match consent.wish(account, known) {
        Wish::Granted { .. } => true,
        Wish::Silent => !consent.required,
        Wish::Withdrawn => false,
    };
    let has_left = own.is_some_and(|own| own.left.is_some());
    wishes && !has_left && account.is_active() && account.is_registered()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::policy::{
        OnContactDeleted, OnDelete, OnListLeave, OnNoMatch, OnOptOut, Resubscribe,
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn consent(required: bool) -> ConsentPolicy {
        ConsentPolicy {
            path: "subscriptions.news.email".parse().unwrap(),
            required,
            double_opt_in: false,
            resubscribe: Resubscribe::Never,
            on_opt_out: OnOptOut::Unsubscribe,
            on_delete: OnDelete::Delete,
            on_no_match: OnNoMatch::RemoveFromList,
            on_list_leave: OnListLeave::OptOut,
            on_contact_deleted: OnContactDeleted::OptOut,
        }
    }

    fn account(subscribed: Option<bool>, is_active: bool) -> Account {
        let mut json = json!({"UID": "u2", "isActive": is_active});
        if let Some(subscribed) = subscribed {
            json["subscriptions"]["news"]["email"] = json!({"isSubscribed": subscribed,
                "lastUpdatedSubscriptionState": "2026-01-01T00:00:00Z"});
        }
        Account::from_json(json).unwrap()
    }

    #[test]
    fn nobody_inherits_a_consent_that_is_not_their_own() {
        let may = |account: &Account, required| may_inherit(account, None, &consent(required));
        assert!(may(&account(Some(true), true), true));
        assert!(!may(&account(None, true), true), "they were never asked");
        assert!(may(&account(None, true), false), "where nobody has to be asked");
        assert!(!may(&account(Some(false), true), false));
        assert!(!may(&account(Some(true), false), true), "they may not even log in");
        let left = tombstone(at(1));
        assert!(!may_inherit(&account(Some(true), true), Some(&left), &consent(true)));
    }

    #[test]
    fn an_heir_bears_every_mark_of_having_left() {
        let mark = |kind, second| Some(Tombstone { kind, at: at(second) });
        let from = Agreed {
            contact: Some("c".into()),
            left_lists: [("a".into(), at(5))].into(),
            written_at: Some(at(9)),
            wish: AgreedWish::Granted,
            ..Agreed::default()
        };
        let heir = inherit(&from, None);
        assert_eq!(heir, Agreed { written_at: None, ..from.clone() });
        let own = Agreed {
            left: mark(Departure::Withdrawn, 3),
            left_lists: [("a".into(), at(2)), ("b".into(), at(2))].into(),
            wish: AgreedWish::Withdrawn,
            ..Agreed::default()
        };
        let heir = inherit(&from, Some(&own));
        assert_eq!((heir.left, heir.wish), (own.left, AgreedWish::Withdrawn));
        assert_eq!(heir.left_lists, [("a".into(), at(5)), ("b".into(), at(2))].into());
        assert_eq!(heir.contact, from.contact);
    }

    #[test]
    fn those_who_are_erased_while_others_are_taken_out_have_a_round_of_their_own() {
        let mut purge = Purge { waiting: ["u1".into()].into(), ..Purge::default() };
        assert!(purge.begin());
        purge.after = Some("runs/1".to_owned());
        purge.waiting.insert("u2".into());
        assert!(purge.begin() && purge.after.is_some(), "it goes on where it was");
        assert_eq!(purge.people, ["u1".into()].into());
        purge.end();
        assert!(purge.begin() && purge.people.contains(&Uid::from("u2")) && purge.after.is_none());
        purge.end();
        assert!(!purge.begin());
    }
}
