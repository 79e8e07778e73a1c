//! Joining and leaving. `left` beats `joined`, unless a newer, named act of the person at Gigya says otherwise.

use std::collections::BTreeSet;

use super::fields::Fields;
use super::{Leave, Outbound, Person, Plan, Reason, Sight};
use crate::domain::account::Account;
use crate::domain::agreed::{Departure, Tombstone};
use crate::domain::consent::{AgreedWish, Wish};
use crate::domain::contact::{Contact, Permission};
use crate::domain::contact_field::ContactField;
use crate::domain::dialect::Dialect;
use crate::domain::ids::ListId;
use crate::domain::mapping::{FittedAccount, Invalid};
use crate::domain::policy::{OnContactDeleted, OnListLeave, OnNoMatch, OnOptOut};
use crate::domain::report::Class;

impl Person<'_> {
    /// Notes what the contact shows: its lists, and whether the person left since the agreement. Answers whether they did.
    pub(super) fn observe(&mut self, contact: &Contact) -> bool {
        self.next.contact = Some(contact.id.clone());
        self.sight = match (&contact.permission, contact.deleted_at) {
            (_, Some(_)) => Sight::Gone,
            (Permission::Unsubscribed, None) => {
                Sight::Unsubscribed(contact.opt_out.as_ref().and_then(|out| out.at))
            }
            (_, None) => Sight::Alive,
        };
        if let Some(address) = &contact.email {
            self.next.address = Some(self.address_fingerprint(address));
        }
        let there: BTreeSet<ListId> = if self.sight == Sight::Gone {
            BTreeSet::new()
        } else {
            contact.lists.iter().filter(|list| self.is_ours(list)).cloned().collect()
        };
        self.take_return(contact);

        let departed = if let Some(at) = contact.unsubscribed_at(self.now) {
            self.mark_left(Departure::Unsubscribed, at)
        } else if let Some(at) = contact.deleted_at {
            self.mark_left(Departure::Deleted, at)
        } else {
            let left = self.known.lists.difference(&there).filter(|list| self.is_ours(list));
            let left: Vec<ListId> = left.cloned().collect();
            // Whom we took off the lists ourselves has not left them again.
            let by_us = self.known.left.is_some();
            for list in &left {
                self.next.left_lists.insert(list.clone(), self.now);
            }
            let has_left = !left.is_empty() && !by_us;
            if has_left && self.is_deleted_in_v2(contact) {
                self.mark_left(Departure::Deleted, self.now);
                self.left_by_lists = true;
            }
            has_left
        };
        self.next.lists = there;
        departed
    }

    /// Whether the contact is on no list at all, which in v2 is all that there is to see of a deletion (v2 documents,
    /// "Contacts Collection", status `REMOVED`). Who leaves their last list there is taken for deleted, too: another list that
    /// fits them later must not bring them back.
    fn is_deleted_in_v2(&self, contact: &Contact) -> bool {
        let dialect = self.terms.policy.mapping.destination().dialect;
        dialect == Dialect::V2 && contact.lists.is_empty()
    }

    /// Whether the customer's settings name this list. What we once knew of another is nobody's leaving.
    fn is_ours(&self, list: &ListId) -> bool {
        self.terms.policy.lists.iter().any(|rule| rule.id == *list)
    }

    /// The contact we knew is gone altogether: taken as deleted in Constant Contact, once.
    pub(super) fn observe_absence(&mut self) -> bool {
        self.sight = Sight::Gone;
        self.next.lists.clear();
        let is_marked = self.known.left.is_some_and(|left| left.kind == Departure::Deleted);
        self.known.contact.is_some() && !is_marked && self.mark_left(Departure::Deleted, self.now)
    }

    /// Answers whether the mark is new. An unsubscribe outranks the other kinds, because only the person can undo it; else
    /// the later one counts, or an act between the two would bring back who left after it.
    fn mark_left(&mut self, kind: Departure, at: jiff::Timestamp) -> bool {
        let is_new = match self.known.left {
            None => true,
            Some(before) if before.kind == Departure::Unsubscribed => {
                // Who was asked and has come back meanwhile can leave again. An opt-out without a date is the one we know.
                let is_later = self.sight == Sight::Unsubscribed(Some(at)) && at > before.at;
                if is_later {
                    self.next.left = Some(Tombstone { kind, at });
                }
                return is_later && self.known.is_asked();
            }
            Some(before) => kind == Departure::Unsubscribed || at > before.at,
        };
        if is_new {
            self.next.left = Some(Tombstone { kind, at });
        }
        is_new
    }

    /// Whether what they left asks for an opt-out at Gigya, by the customer's policy.
    pub(super) fn asks_to_opt_out(&self) -> bool {
        let consent = &self.terms.policy.consent;
        match self.next.left.map(|left| left.kind) {
            // Nothing tells who was deleted from who left their last list, so the milder of the two is believed of Gigya.
            Some(Departure::Deleted) if self.left_by_lists => {
                consent.on_list_leave == OnListLeave::OptOut
            }
            Some(Departure::Unsubscribed) => true,
            Some(Departure::Deleted) => consent.on_contact_deleted == OnContactDeleted::OptOut,
            Some(Departure::Withdrawn | Departure::Erased) | None => {
                consent.on_list_leave == OnListLeave::OptOut
            }
        }
    }

    /// Decides whether they join, stay or leave; notes it in `next` and puts the action into `plan`.
    pub(super) fn decide(
        &mut self,
        account: &Account,
        wish: Wish,
        fitted: Result<FittedAccount, Vec<Invalid>>,
        fields: &Fields,
        plan: &mut Plan,
    ) -> (Class, Reason) {
        let consent = &self.terms.policy.consent;
        let was_there = self.next.is_there();
        match wish {
            Wish::Withdrawn => return self.decide_withdrawn(plan),
            Wish::Silent if consent.required => {
                if was_there {
                    return (Class::Held, Reason::NoConsent);
                }
                // Gigya keeps subscriptions by address: who has none that can be sent could never be asked.
                return match fitted {
                    Err(invalid) if concerns_address(&invalid) => {
                        plan.invalid = invalid;
                        (Class::Invalid, Reason::Invalid)
                    }
                    Err(_) | Ok(_) => (Class::Filtered, Reason::NoConsent),
                };
            }
            Wish::Silent | Wish::Granted { .. } => {}
        }
        let fitting = self.fitting_lists(account);
        if let Some(left) = self.next.left
            && self.evidence_against(left, wish).is_none()
        {
            return self.decide_stays_out(left, wish, &fitting, fitted.ok().as_ref(), plan);
        }
        if fitting.is_empty() {
            return self.decide_no_match(account, plan);
        }
        let fitted = match fitted {
            Ok(fitted) => fitted,
            Err(invalid) => {
                plan.invalid = invalid;
                return (Class::Invalid, Reason::Invalid);
            }
        };
        self.decide_lists(account, wish, &fitting, &fitted, fields, plan)
    }

    fn decide_withdrawn(&mut self, plan: &mut Plan) -> (Class, Reason) {
        let is_out = self.next.left.is_some() && self.next.lists.is_empty();
        let was_there = self.next.is_there();
        self.next.wish = AgreedWish::Withdrawn;
        let unsubscribed = self.next.left.is_some_and(|left| left.kind == Departure::Unsubscribed);
        if let Some(left) = self.next.left.filter(|_| is_out || unsubscribed) {
            return (Class::Unchanged, reason_of(left.kind));
        }
        if self.is_back_after_withdrawing() {
            return (Class::Unchanged, Reason::CameBack);
        }
        if !was_there {
            self.next.wish = self.known.wish;
            return (Class::Filtered, Reason::NoConsent);
        }
        let leave = match self.terms.policy.consent.on_opt_out {
            OnOptOut::Unsubscribe => {
                self.next.left = Some(Tombstone { kind: Departure::Unsubscribed, at: self.now });
                Leave::Unsubscribe
            }
            OnOptOut::RemoveFromList => {
                self.next.left = Some(Tombstone { kind: Departure::Withdrawn, at: self.now });
                if self.next.lists.is_empty() {
                    return (Class::Unchanged, Reason::WithdrewAtGigya);
                }
                Leave::RemoveFromLists(std::mem::take(&mut self.next.lists))
            }
        };
        plan.outbound = Some(Outbound::Leave(leave));
        (Class::Removed, Reason::WithdrewAtGigya)
    }

    fn decide_no_match(&mut self, account: &Account, plan: &mut Plan) -> (Class, Reason) {
        let reason = if account.is_active() { Reason::NoListFits } else { Reason::Deactivated };
        let lists: BTreeSet<ListId> =
            self.next.lists.iter().filter(|list| self.is_ours(list)).cloned().collect();
        if lists.is_empty() {
            let class = if self.next.is_there() { Class::Unchanged } else { Class::Filtered };
            return (class, reason);
        }
        match self.terms.policy.consent.on_no_match {
            OnNoMatch::Keep => (Class::Unchanged, reason),
            OnNoMatch::RemoveFromList => {
                self.next.lists.clear();
                plan.outbound = Some(Outbound::Leave(Leave::RemoveFromLists(lists)));
                (Class::Removed, reason)
            }
        }
    }

    fn decide_lists(
        &mut self,
        account: &Account,
        wish: Wish,
        fitting: &BTreeSet<ListId>,
        fitted: &FittedAccount,
        fields: &Fields,
        plan: &mut Plan,
    ) -> (Class, Reason) {
        // Who comes back after a deletion comes back as a new contact.
        let is_deleted = self.next.left.is_some_and(|left| left.kind == Departure::Deleted);
        // v2 keeps the contacts that it shows as removed, and takes them back.
        let is_gone = is_deleted
            && match self.terms.policy.mapping.destination().dialect {
                Dialect::V3 => matches!(self.sight, Sight::None | Sight::Gone),
                Dialect::V2 => self.sight == Sight::Gone,
            };
        let is_here = |list: &&ListId| !is_gone && self.is_ours(list);
        let here: BTreeSet<ListId> = self.next.lists.iter().filter(is_here).cloned().collect();
        let joins: BTreeSet<ListId> =
            fitting.difference(&here).filter(|list| !self.stays_off(list, wish)).cloned().collect();
        if joins.is_empty() && here.is_empty() {
            return (Class::Held, Reason::LeftTheLists);
        }
        let leaves: BTreeSet<ListId> = match self.terms.policy.consent.on_no_match {
            OnNoMatch::Keep => BTreeSet::new(),
            OnNoMatch::RemoveFromList => here.difference(fitting).cloned().collect(),
        };
        let address = self.address_fingerprint(&fitted.email);
        let moves = !is_gone && self.next.address.is_some_and(|before| before != address);
        // Where a blank empties a value, an import can say so.
        let blanks_clear = self.terms.policy.mapping.destination().blanks_clear;
        let with_blanks = fields.clears && blanks_clear;
        let single = moves || (fields.clears && !blanks_clear) || !leaves.is_empty() || fields.held;
        let is_changed = fields.changed || moves || fields.clears || !leaves.is_empty();
        let is_new = is_gone || !self.next.is_there();
        let joins_by_import = is_new || (!joins.is_empty() && !single);
        let is_writable = moves
            || !leaves.is_empty()
            || !joins.is_empty()
            || fields.changes_writable(&self.terms.policy.mapping);
        let amends = !joins_by_import && single && is_writable;
        if fields.waits && (is_new || is_changed || !joins.is_empty()) {
            return self.decide_waiting(leaves, plan);
        }
        if amends && self.next.contact.is_none() {
            // Nothing goes out, so nothing is agreed either: no mark is lifted yet.
            plan.due = true;
            return (Class::Held, Reason::AwaitsContact);
        }

        // Silence says nothing about what was once said.
        match wish {
            Wish::Granted { .. } | Wish::Withdrawn => self.next.wish = wish.agreed(),
            Wish::Silent => {}
        }
        let evidence = self.lift_marks(fitting, wish);
        plan.evidence = evidence;
        let because = |reason| if evidence.is_some() { Reason::CameBack } else { reason };
        if is_gone {
            self.next.contact = None;
            self.next.lists.clear();
            self.believe_empty();
        }
        if joins_by_import {
            self.next.address = Some(address);
            self.next.lists.extend(joins.iter().cloned());
            let row = self.row(account, fitted, fields, with_blanks);
            plan.outbound = Some(Outbound::Join { row, lists: joins });
            return (
                Class::Accepted,
                because(if is_new { Reason::New } else { Reason::JoinsList }),
            );
        }
        if amends {
            self.next.address = Some(address);
            self.next.lists.extend(joins);
            self.next.lists.retain(|list| !leaves.contains(list));
            let mut row = self.row(account, fitted, fields, true);
            let rest = fields.rest(&mut row, &self.terms.policy.mapping);
            if !rest.is_empty() {
                let mut amended = self.next.clone();
                amended.fields.retain(|field, _| !rest.contains_key(field));
                plan.amended = Some(amended);
            }
            let lists = self.next.lists.iter().filter(|list| self.is_ours(list)).cloned().collect();
            plan.outbound = Some(Outbound::Amend { row, lists, rest });
            return (Class::Accepted, because(Reason::NeedsSingleWrite));
        }
        if fields.changed && !fields.held {
            let row = self.row(account, fitted, fields, with_blanks);
            plan.outbound = Some(Outbound::Update { row });
            return (Class::Accepted, Reason::Changed);
        }
        if fields.held && plan.conflicts.is_empty() {
            return (Class::Unchanged, Reason::Decided);
        }
        if fields.held {
            return (Class::Held, Reason::Conflict);
        }
        (Class::Unchanged, Reason::InStep)
    }

    /// A value with characters that Constant Contact does not take makes the person wait; only leaving lists does not wait.
    fn decide_waiting(&mut self, leaves: BTreeSet<ListId>, plan: &mut Plan) -> (Class, Reason) {
        if leaves.is_empty() {
            return (Class::Held, Reason::Unfitting);
        }
        self.next.lists.retain(|list| !leaves.contains(list));
        plan.outbound = Some(Outbound::Leave(Leave::RemoveFromLists(leaves)));
        (Class::Removed, Reason::NoListFits)
    }

    /// The lists that the account belongs on. Who cannot log in or has not finished registering belongs on none.
    fn fitting_lists(&self, account: &Account) -> BTreeSet<ListId> {
        if !account.is_active() || !account.is_registered() {
            return BTreeSet::new();
        }
        self.terms
            .policy
            .lists
            .iter()
            .filter(|list| list.when.as_ref().is_none_or(|when| when.holds(account)))
            .map(|list| list.id.clone())
            .collect()
    }
}

fn concerns_address(invalid: &[Invalid]) -> bool {
    invalid.iter().any(|invalid| invalid.field == ContactField::email())
}

pub(super) fn reason_of(kind: Departure) -> Reason {
    match kind {
        Departure::Unsubscribed => Reason::Unsubscribed,
        Departure::Deleted => Reason::DeletedInConstantContact,
        Departure::Withdrawn => Reason::WithdrewBefore,
        Departure::Erased => Reason::DeletedAtGigya,
    }
}
