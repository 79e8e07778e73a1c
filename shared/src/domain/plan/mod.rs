//! The decision: what is to be done for one person, and why. One pure function, called by upload and by poll alike.
//!
//! It looks at what Gigya holds, what Constant Contact holds, and what both last agreed on. Who differs from the
//! agreement has moved; what we wrote ourselves equals it, so echoes vanish; and not having looked
//! ([`Seen::Unobserved`]) is never taken for not being there.

#[cfg(test)]
mod far_side_tests;
mod fields;
mod gone;
#[cfg(test)]
mod leaving_tests;
mod membership;
#[cfg(test)]
mod properties;
mod reason;
mod returning;
#[cfg(test)]
mod stale_tests;
#[cfg(test)]
mod states;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account::{Account, Path};
use super::agreed::{Agreed, Tombstone};
use super::consent::{AgreedWish, Wish};
use super::contact::Contact;
use super::contact_field::ContactField;
use super::email::EmailAddress;
use super::evidence::Evidence;
use super::fingerprint::{Fingerprint, FingerprintKey};
use super::ids::{ListId, Uid};
use super::mapping::{FittedAccount, Invalid, Loss};
use super::policy::Policy;
use super::report::Class;

pub use reason::Reason;

/// One side, as far as we looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen<T> {
    /// It is there, and this is it.
    Present(T),
    /// It is confirmed that it is not there. An account is gone only if Gigya says that it was deleted; one that a search or
    /// `accounts.getAccountInfo` does not know may be another's by now, and is [`Seen::Unobserved`].
    Absent,
    /// We did not look.
    Unobserved,
}

/// What the plan depends on beside the two sides and the agreement.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The customer's decisions.
    pub policy: &'a Policy,
    /// The key of the customer's fingerprints.
    pub key: &'a FingerprintKey,
    /// Since when accounts were read, where that was before now: a batch may wait for hours.
    pub read_at: Option<Timestamp>,
}

/// What is to be done for one person, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What happens in Constant Contact; at most one thing.
    pub outbound: Option<Outbound>,
    /// What is written at Gigya; at most one thing.
    pub inbound: Option<Inbound>,
    /// The account must be read before this person can be decided: something moved in Constant Contact that concerns it.
    pub look: bool,
    /// The account should be read again by the next run: Constant Contact moved away from what Gigya owns.
    pub due: bool,
    /// What happened in Constant Contact since the agreement takes something away at Gigya: the person left, and the
    /// customer's policy carries that there, or a value was emptied. The brake counts it.
    pub takes_away: bool,
    /// Fields that both sides changed, kept for a person to decide.
    pub conflicts: Vec<ContactField>,
    /// Fields that were emptied at Gigya and stay filled in Constant Contact, because nothing that we can send empties them.
    pub uncleared: Vec<ContactField>,
    /// What values lost on their way out, or what makes the person wait.
    pub losses: Vec<Loss>,
    /// Why the account can't be sent, if it can't.
    pub invalid: Vec<Invalid>,
    /// How the person counts in a run's balance, if the outbound action is carried out.
    pub class: Class,
    /// Why, for `gigya-cc explain` and the lists of a report.
    pub reason: Reason,
    /// The act by which somebody who had left is back, if they are.
    pub evidence: Option<Evidence>,
    /// What the ledger holds once `inbound` was written, though nothing went out; `None` when it stays as it is.
    pub noted: Option<Agreed>,
    /// What the ledger holds once `outbound` was accepted as well; `None` when it stays as it is.
    pub agreed: Option<Agreed>,
    /// What the ledger holds once an amendment was written, and the rest of it not yet imported; `None` where there is no
    /// rest.
    pub amended: Option<Agreed>,
}

/// What happens in Constant Contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outbound {
    /// Imported with the mailing lists that they join.
    Join {
        /// The values.
        row: Row,
        /// The lists.
        lists: BTreeSet<ListId>,
    },
    /// Imported with the list that nobody mails: they are already there, and an update must not put anybody back.
    Update {
        /// The values.
        row: Row,
    },
    /// Written one by one, because an import cannot say it: a changed address, a value taken away, a list left behind.
    Amend {
        /// The values that are sent or agreed; an empty one clears.
        row: Row,
        /// The customer's lists that they should be on, all of them.
        lists: BTreeSet<ListId>,
        /// The values that a single write cannot carry, or may wipe out: they are imported afterwards.
        rest: BTreeMap<ContactField, String>,
    },
    /// They unsubscribed and opted in anew at Gigya since: Constant Contact mails them its own confirmation, once.
    Ask {
        /// The lists that they are on once they confirm.
        lists: BTreeSet<ListId>,
    },
    /// They leave.
    Leave(Leave),
}

/// How somebody leaves Constant Contact because of Gigya.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leave {
    /// Unsubscribed, account-wide.
    Unsubscribe,
    /// Taken off these lists.
    RemoveFromLists(BTreeSet<ListId>),
    /// Deleted, because the account was deleted at Gigya. v2 deletes nobody, and unsubscribes instead.
    Delete,
}

/// One contact of an import.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Who they are in Gigya; travels in the customer's UID field.
    pub uid: Uid,
    /// Their address.
    pub email: EmailAddress,
    /// The values by field; empty ones are there only in an amendment, where they clear.
    pub fields: BTreeMap<ContactField, String>,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({}, {} fields)", self.uid, self.fields.len())
    }
}

/// What is written at Gigya: the leaves that differ, and nothing else.
#[derive(Clone, PartialEq)]
pub struct Inbound {
    /// Path and value; `null` clears.
    pub leaves: Vec<(Path, Value)>,
    /// Whether one of them withdraws the person's consent.
    pub opts_out: bool,
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.leaves.iter().map(|(path, _)| path.as_str()).collect();
        write!(f, "Inbound({paths:?}, opts_out: {})", self.opts_out)
    }
}

impl Plan {
    fn nothing(class: Class, reason: Reason) -> Self {
        Self {
            outbound: None,
            inbound: None,
            look: false,
            due: false,
            takes_away: false,
            conflicts: Vec::new(),
            uncleared: Vec::new(),
            losses: Vec::new(),
            invalid: Vec::new(),
            class,
            reason,
            evidence: None,
            noted: None,
            agreed: None,
            amended: None,
        }
    }
}

/// Decides what is to be done for one person. `now` dates what Constant Contact gives no time for, and the deletion of an
/// account that is gone: who knows when that was says so.
pub fn plan(
    gigya: Seen<&Account>,
    contact: Seen<&Contact>,
    agreed: Option<&Agreed>,
    terms: Terms<'_>,
    now: Timestamp,
) -> Plan {
    let unknown = Agreed::default();
    let known = agreed.unwrap_or(&unknown);
    let (next, sight) = (known.clone(), Sight::None);
    let person = Person { known, terms, now, next, sight, left_by_lists: false };
    let (gigya, stale) = match gigya {
        Seen::Present(account) if person.is_stale(account) => (Seen::Unobserved, true),
        seen @ (Seen::Present(_) | Seen::Absent | Seen::Unobserved) => (seen, false),
    };
    let mut plan = match gigya {
        Seen::Present(account) => person.with_account(account, contact),
        Seen::Absent => person.gone(contact, true),
        Seen::Unobserved if known.is_erased() => person.gone(contact, false),
        Seen::Unobserved => person.without_account(contact),
    };
    if stale && !known.is_erased() {
        plan.reason = Reason::StaleRead;
        // What cannot be decided on a stale read must be found again.
        plan.due = true;
        if plan.look {
            return Plan { noted: None, agreed: None, ..plan };
        }
    }
    plan.noted = plan.noted.filter(|noted| noted != known);
    plan.agreed = plan.agreed.filter(|agreed| agreed != known);
    plan
}

/// One person while they are being decided.
struct Person<'a> {
    known: &'a Agreed,
    terms: Terms<'a>,
    now: Timestamp,
    next: Agreed,
    sight: Sight,
    /// They were found to be on no list at all, which v2 shows of the deleted as well.
    left_by_lists: bool,
}

/// What we know of the contact itself from looking at it just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// We did not look.
    None,
    /// It is deleted, or not there.
    Gone,
    /// It is there, and not unsubscribed.
    Alive,
    /// It is there, unsubscribed at this time, where Constant Contact says so.
    Unsubscribed(Option<Timestamp>),
}

impl Person<'_> {
    fn fingerprint(&self, field: &ContactField, value: &str) -> Fingerprint {
        self.terms.key.fingerprint(field.as_str(), value)
    }

    fn address_fingerprint(&self, address: &EmailAddress) -> Fingerprint {
        address_fingerprint(self.terms.key, address)
    }

    /// Whether the account was read too early to say anything: before our own last write, or before it was deleted.
    fn is_stale(&self, account: &Account) -> bool {
        let read = account.last_updated();
        let is_of_before =
            self.known.erased_at.is_some_and(|at| read.is_some_and(|read| read <= at));
        let wish = self.terms.policy.consent.wish(account, self.known.wish);
        let may_be_stale = self.known.is_stale(read, self.terms.read_at.unwrap_or(self.now));
        (may_be_stale && !self.is_as_agreed(account, wish))
            || (is_of_before
                && self.known.left.is_none_or(|left| wish.evidence_since(left.at).is_none()))
    }

    /// Whether the account is what is agreed, and so shows our own last write, whatever its date.
    fn is_as_agreed(&self, account: &Account, wish: Wish) -> bool {
        let has_agreed = |field: &ContactField, source: &str| {
            let pair = self.known.fields.get(field);
            pair.and_then(|pair| pair.gigya) == Some(self.fingerprint(field, source))
        };
        let fitted = self.terms.policy.mapping.fit(account);
        wish.agreed() == self.known.wish
            && fitted.is_ok_and(|it| it.fields.iter().all(|(at, one)| has_agreed(at, &one.source)))
    }

    /// Notes what Constant Contact shows. Answers whether the person left since the agreement.
    fn look_at(&mut self, contact: Seen<&Contact>) -> bool {
        match contact {
            Seen::Present(contact) => self.observe(contact),
            Seen::Absent => self.observe_absence(),
            Seen::Unobserved => false,
        }
    }

    /// Only Constant Contact was looked at: echoes end here; what concerns Gigya asks for a look.
    fn without_account(mut self, contact: Seen<&Contact>) -> Plan {
        let departed = self.look_at(contact);
        let mut plan = Plan::nothing(Class::Unchanged, Reason::InStep);
        plan.takes_away = departed && self.asks_to_opt_out();
        if let Some(contact) = alive(contact) {
            let moved = self.reconcile_unseen_account(contact);
            plan.takes_away |= moved.empties;
            plan.look = moved.concerns_gigya || plan.takes_away;
            let address_moved =
                self.known.address.is_some() && self.next.address != self.known.address;
            let is_back = self.known.left.is_some() && self.next.left.is_none();
            // Somebody put them there, or a removal of ours was dropped: their account says which.
            let is_put_on = self.sight == Sight::Alive
                && !self.known.is_asked()
                && self.known.contact.is_some()
                && !self.next.lists.is_subset(&self.known.lists);
            plan.due = moved.from_gigyas_value || address_moved || is_back || is_put_on;
        } else {
            plan.look = plan.takes_away;
        }
        plan.noted = Some(self.next.clone());
        plan.agreed = Some(self.next);
        plan
    }

    fn with_account(mut self, account: &Account, contact: Seen<&Contact>) -> Plan {
        let departed = self.look_at(contact);
        let policy = self.terms.policy;
        // Whoever has an account is not gone, though the mark stays.
        self.next.erased_at = None;
        let mut plan = Plan::nothing(Class::Unchanged, Reason::InStep);
        let mut wish = policy.consent.wish(account, self.known.wish);
        let mut leaves = Vec::new();
        if departed && self.asks_to_opt_out() && !self.came_back_since(wish) {
            if !policy.consent.says_no(account) {
                leaves.push(policy.consent.opt_out_leaf());
            }
            wish = Wish::Withdrawn;
            self.next.wish = AgreedWish::Withdrawn;
        }
        let opts_out = !leaves.is_empty();

        let fitted = policy.mapping.fit(account);
        let fields = match &fitted {
            Ok(fitted) => self.reconcile(account, fitted, contact),
            Err(_) => fields::Fields::default(),
        };
        // Where a field stands for the consent itself, no value of a field beats the opt-out.
        let withdrawal: Option<Path> = leaves.first().map(|(path, _)| path.clone());
        leaves.extend(
            fields.leaves.iter().filter(|(path, _)| Some(path) != withdrawal.as_ref()).cloned(),
        );
        plan.conflicts.clone_from(&fields.conflicts);
        plan.uncleared.clone_from(&fields.uncleared);
        plan.losses.clone_from(&fields.losses);
        plan.look = fields.looks && contact == Seen::Unobserved;
        if !leaves.is_empty() {
            plan.inbound = Some(Inbound { leaves, opts_out });
        }
        let mut noted = self.next.clone();
        fields.take_back_sent(&mut noted);
        (plan.class, plan.reason) = self.decide(account, wish, fitted, &fields, &mut plan);
        if plan.class != Class::Accepted && plan.reason != Reason::Unfitting {
            plan.losses.clear();
        }
        if matches!(plan.outbound, None | Some(Outbound::Ask { .. } | Outbound::Leave(_))) {
            fields.take_back_sent(&mut self.next);
        }
        // Where nothing has to go out, everything is agreed already.
        plan.noted = Some(if plan.outbound.is_none() { self.next.clone() } else { noted });
        plan.agreed = Some(self.next);
        plan
    }

    fn row(
        &self,
        account: &Account,
        fitted: &FittedAccount,
        fields: &fields::Fields,
        with_blanks: bool,
    ) -> Row {
        let rules = &self.terms.policy.mapping;
        let in_row = fitted
            .fields
            .iter()
            .filter(|(field, fitted)| {
                rules.rule(field).is_some_and(super::mapping::FieldRule::travels_out)
                    && fields.is_in_row(field, &fitted.value, with_blanks)
            })
            .map(|(field, fitted)| (field.clone(), fitted.value.clone()))
            .collect();
        Row { uid: account.uid().clone(), email: fitted.email.clone(), fields: in_row }
    }
}

/// The contact as a source of values: what a deleted one holds, or no longer holds, says nothing.
fn alive(contact: Seen<&Contact>) -> Option<&Contact> {
    match contact {
        Seen::Present(contact) => Some(contact).filter(|contact| contact.deleted_at.is_none()),
        Seen::Absent | Seen::Unobserved => None,
    }
}

/// The fingerprint of an address, whatever its case.
pub fn address_fingerprint(key: &FingerprintKey, address: &EmailAddress) -> Fingerprint {
    key.fingerprint("email", &address.key())
}

/// The stronger of the marks that the UID and the address carry: an opt-out follows both.
#[must_use]
pub fn with_address_mark(agreed: Option<&Agreed>, mark: Option<Tombstone>) -> Option<Agreed> {
    let mut agreed = agreed.cloned();
    if let Some(mark) = mark {
        let own = agreed.get_or_insert_with(Agreed::default);
        own.left = Some(mark.or_stronger(own.left));
    }
    agreed
}
