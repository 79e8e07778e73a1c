//! The third copy: what both sides last agreed on, per person, as fingerprints.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::consent::AgreedWish;
use super::contact_field::ContactField;
use super::evidence::Evidence;
use super::fingerprint::Fingerprint;
use super::ids::{ContactId, ListId, Uid};
use super::limits::SEARCH_LAG_SECONDS_MAX;

/// A read of Gigya so long after a write shows it: four times as long as search is said to lag, since the two times are of
/// two clocks.
pub const SHOWN_AFTER: SignedDuration = SignedDuration::from_secs(4 * SEARCH_LAG_SECONDS_MAX);

/// What both sides last agreed on about one person. Holds no personal data.
///
/// ```json
/// {"contact":"1f2e…","address":"pY3…","fields":{"city":{"g":"Xw…","c":"Xw…"}},"wish":"granted","lists":["5c1…"]}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agreed {
    /// The contact, once Constant Contact has shown it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// The address that the contact has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Fingerprint>,
    /// The two values of each field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<ContactField, Pair>,
    /// The wish at Gigya.
    pub wish: AgreedWish,
    /// The customer's lists that the contact is on.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub lists: BTreeSet<ListId>,
    /// The mark of having left as a whole. It does not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Tombstone>,
    /// The marks of having left single lists.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub left_lists: BTreeMap<ListId, Timestamp>,
    /// The act by which they came back, if they had left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The newest opt-in at Gigya for which Constant Contact was told to ask them whether they want to be back, or had nobody
    /// to ask. It asks once for each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Timestamp>,
    /// Gigya's time of our last write to the account: an account read with an older time is a stale read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_at: Option<Timestamp>,
    /// The key that the person has now, where this one was that of their lite account and they have registered since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<Uid>,
    /// Since when the account is deleted at Gigya, once Constant Contact holds of it what the customer's policy lets it hold.
    /// Nothing is kept of such a person but the mark, and the contact where one is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<Timestamp>,
}

/// The agreed values of one field: what Gigya holds and what Constant Contact holds for it. They differ where a value
/// was cut on its way out, and the poorer one never travels back over the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pair {
    /// Gigya's value; `None` until it was seen.
    #[serde(rename = "g", skip_serializing_if = "Option::is_none")]
    pub gigya: Option<Fingerprint>,
    /// Constant Contact's value; `None` until it was sent or seen.
    #[serde(rename = "c", skip_serializing_if = "Option::is_none")]
    pub contact: Option<Fingerprint>,
    /// The value that Constant Contact showed instead of what we sent. When it shows the same again after we
    /// insisted, it cannot hold ours and is left alone.
    #[serde(rename = "i", skip_serializing_if = "Option::is_none")]
    pub insisted: Option<Fingerprint>,
    /// What Constant Contact held before it was last sent ours, where both sides may write the field. Nobody says whether an
    /// import writes the values of somebody who is unsubscribed: who still shows this then was not edited.
    #[serde(rename = "w", skip_serializing_if = "Option::is_none")]
    pub was: Option<Fingerprint>,
    /// A conflict that waits for a person: neither side is written until they choose.
    #[serde(rename = "h", skip_serializing_if = "Option::is_none")]
    pub held: Option<Hold>,
}

/// A conflict that waits for a person, or that they decided and the next run carries out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Since when.
    pub since: Timestamp,
    /// Whose value the person chose, once they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Side>,
}

impl Hold {
    /// A conflict that nobody has decided yet.
    pub fn since(since: Timestamp) -> Self {
        Self { since, chosen: None }
    }
}

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Gigya.
    Gigya,
    /// Constant Contact.
    ConstantContact,
}

/// The mark of a person who left or was deleted, so that nothing brings them back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// How they left.
    pub kind: Departure,
    /// When.
    pub at: Timestamp,
}

/// The ways of leaving as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Departure {
    /// Unsubscribed in Constant Contact, account-wide. Only they themselves can come back, and only there.
    Unsubscribed,
    /// Deleted in Constant Contact.
    Deleted,
    /// Taken off the lists by us, because they withdrew at Gigya.
    Withdrawn,
    /// The account was deleted at Gigya. A newer act of the person's is one of another account with the address.
    Erased,
}

impl Tombstone {
    /// The one of two marks that is harder to come back from: an unsubscribe, which only the person can undo, else the later.
    #[must_use]
    pub fn or_stronger(self, other: Option<Self>) -> Self {
        let strength = |mark: Self| (mark.kind == Departure::Unsubscribed, mark.at);
        match other {
            Some(other) if strength(other) > strength(self) => other,
            Some(_) | None => self,
        }
    }
}

impl Agreed {
    /// Whether the person is in Constant Contact as far as we know.
    pub fn is_there(&self) -> bool {
        self.contact.is_some() || !self.lists.is_empty()
    }

    /// Whether Constant Contact was told to ask them since they unsubscribed.
    pub fn is_asked(&self) -> bool {
        self.left.is_some_and(|left| {
            left.kind == Departure::Unsubscribed && self.asked.is_some_and(|asked| asked > left.at)
        })
    }

    /// Whether the account is deleted at Gigya, and nothing but the mark is kept.
    pub fn is_erased(&self) -> bool {
        self.erased_at.is_some()
    }

    /// The same person with nothing but the mark, and the contact where one is left.
    #[must_use]
    pub(in crate::domain) fn forgotten(self) -> Self {
        let Self { contact, left, erased_at, .. } = self;
        Self { contact, left, erased_at, ..Self::default() }
    }

    /// Whether an account of this time, read at that time, may be older than what we wrote ourselves: Gigya's search lags
    /// behind.
    ///
    /// The account's own time cannot tell it for good. Gigya's answer to a write may be dated later than the write, and a
    /// write of a subscription may not move the account at all (SAP help, "Account Object", says of `lastUpdated` that it
    /// does, and others search subscriptions by themselves). So whatever is read [`SHOWN_AFTER`] our write shows it.
    pub fn is_stale(&self, last_updated: Option<Timestamp>, read_at: Timestamp) -> bool {
        let of_before = |written| last_updated.is_some_and(|of| of < written);
        self.written_at.is_some_and(|at| of_before(at) && read_at < at + SHOWN_AFTER)
    }
}

/// Who holds an address, and whether whoever had it left. An opt-out follows the UID *and* the address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AddressEntry {
    /// The account whose contact has this address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<Uid>,
    /// The mark of having left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Tombstone>,
}

impl Agreed {
    /// Applies what changed from `before` to `after` to what the ledger holds by now.
    ///
    /// The ledger may have learnt of something else since the plan was made; where both touched the same thing, having
    /// left wins, and so does what Constant Contact itself showed. Of who was erased meanwhile nothing is learnt any more.
    #[must_use]
    pub fn merge(self, before: &Self, after: &Self) -> Self {
        let lists = three_way_set(&self.lists, &before.lists, &after.lists);
        let left = match (three_way(&self.left, &before.left, &after.left), after.left) {
            // Both touched it: having left wins, the stronger mark over the weaker.
            (Merged::Both, Some(mark)) => Some(mark.or_stronger(self.left)),
            (Merged::Both, None) => self.left,
            (Merged::One(left), _) => left,
        };
        let wish = match three_way(&self.wish, &before.wish, &after.wish) {
            Merged::One(wish) => wish,
            Merged::Both if self.wish == AgreedWish::Withdrawn => self.wish,
            Merged::Both => after.wish,
        };
        let mut left_lists = self.left_lists;
        for (list, at) in &before.left_lists {
            if !after.left_lists.contains_key(list) && left_lists.get(list) == Some(at) {
                left_lists.remove(list);
            }
        }
        for (list, at) in &after.left_lists {
            if before.left_lists.get(list) != Some(at) {
                let known = left_lists.entry(list.clone()).or_insert(*at);
                *known = (*at).max(*known);
            }
        }
        let mut fields = self.fields;
        for (field, pair) in &before.fields {
            if !after.fields.contains_key(field) && fields.get(field) == Some(pair) {
                fields.remove(field);
            }
        }
        for (field, pair) in &after.fields {
            let before = before.fields.get(field).copied().unwrap_or_default();
            if before != *pair {
                let now = fields.get(field).copied().unwrap_or_default();
                fields.insert(field.clone(), now.merge(before, *pair));
            }
        }
        let erased_at = match three_way(&self.erased_at, &before.erased_at, &after.erased_at) {
            Merged::One(at) => at,
            Merged::Both => self.erased_at.max(after.erased_at),
        };
        let evidence = match three_way(&self.evidence, &before.evidence, &after.evidence) {
            Merged::One(evidence) => evidence,
            Merged::Both => {
                self.evidence.into_iter().chain(after.evidence).max_by_key(|evidence| evidence.at)
            }
        };
        let asked = match three_way(&self.asked, &before.asked, &after.asked) {
            Merged::One(asked) => asked,
            Merged::Both => self.asked.max(after.asked),
        };
        let merged = Self {
            contact: three_way(&self.contact, &before.contact, &after.contact).or(self.contact),
            address: three_way(&self.address, &before.address, &after.address).or(self.address),
            fields,
            wish,
            lists,
            left,
            left_lists,
            evidence,
            asked,
            written_at: self.written_at.max(after.written_at),
            moved_to: after.moved_to.clone().or(self.moved_to),
            erased_at,
        };
        if merged.is_erased() { merged.forgotten() } else { merged }
    }

    /// As [`merge`](Self::merge), after the row of an import was taken in. A row says every value, also those that were as
    /// agreed when it was planned: what came home in between is written over in Constant Contact by then. Were the ledger to
    /// hold on to it, the older value would look like somebody's edit there and come home as one. So the row is what was
    /// last agreed on, and Gigya, which has the newer value, has moved since.
    #[must_use]
    pub fn merge_import(self, before: &Self, after: &Self) -> Self {
        let revived = self.revived_by(before, after);
        let mut merged = self.merge(before, after);
        if merged.is_erased() {
            return merged;
        }
        merged.lists.retain(|list| !revived.contains(list));
        for (field, pair) in &after.fields {
            let is_said_again = before.fields.get(field) == Some(pair);
            if let Some(now) =
                merged.fields.get_mut(field).filter(|now| is_said_again && now.held.is_none())
            {
                *now = *pair;
            }
        }
        merged
    }
}

impl Agreed {
    /// The lists on which an import has put somebody who was deleted in Constant Contact since it was planned, which it may have
    /// undone: they are to be taken off again.
    pub fn revived_by(&self, before: &Self, after: &Self) -> BTreeSet<ListId> {
        let deleted = self.left.filter(|left| left.kind == Departure::Deleted);
        if deleted.is_none_or(|left| before.left.is_some_and(|known| known.at >= left.at)) {
            return BTreeSet::new();
        }
        after.lists.difference(&before.lists).cloned().collect()
    }
}

impl Pair {
    /// Whose value a person chose for a conflict that waited for them.
    pub fn chosen(self) -> Option<Side> {
        self.held?.chosen
    }

    /// The pair once a person has chosen a side; `None` when no conflict waits there.
    #[must_use]
    pub fn resolved(self, side: Side) -> Option<Self> {
        let held = Hold { chosen: Some(side), ..self.held? };
        Some(Self { held: Some(held), ..self })
    }

    /// As [`Agreed::merge`], for one field.
    fn merge(self, before: Self, after: Self) -> Self {
        if self == before {
            after
        } else if self.held.is_some() && before.held.is_none() {
            // A person is to decide, and has not.
            self
        } else if after.held.is_some() && self.chosen() != before.chosen() {
            // A person decided, and the plan was made before they did.
            self
        } else if before.gigya.is_none() && after.gigya.is_some() && after.contact.is_some() {
            // What Constant Contact showed meanwhile was never compared with Gigya's. If somebody edited what was sent, it is
            // still to be found out; agreed as it is, it would pass for Gigya's spelling over there.
            after
        } else if self.gigya == before.gigya {
            // Constant Contact was looked at meanwhile, and what it showed is newer than what was sent.
            Self { contact: self.contact, ..after }
        } else {
            after
        }
    }
}

/// What a three-way merge finds for one thing.
enum Merged<T> {
    /// At most one side touched it, and this is what it is now.
    One(T),
    /// Both touched it, and not to the same end.
    Both,
}

impl<T> Merged<T> {
    fn or(self, other: T) -> T {
        match self {
            Self::One(value) => value,
            Self::Both => other,
        }
    }
}

fn three_way<T: PartialEq + Clone>(now: &T, before: &T, after: &T) -> Merged<T> {
    if after == before || now == after {
        Merged::One(now.clone())
    } else if now == before {
        Merged::One(after.clone())
    } else {
        Merged::Both
    }
}

/// `now`, with what was added between `before` and `after`, less what was taken away.
fn three_way_set(
    now: &BTreeSet<ListId>,
    before: &BTreeSet<ListId>,
    after: &BTreeSet<ListId>,
) -> BTreeSet<ListId> {
    let added = after.difference(before);
    let taken: BTreeSet<_> = before.difference(after).cloned().collect();
    now.iter().chain(added).filter(|list| !taken.contains(*list)).cloned().collect()
}

#[cfg(test)]
#[path = "agreed_tests.rs"]
mod tests;
