//! Coming back: only by evidence that is newer than the leaving, and from an account-wide unsubscribe only by the person's
//! own confirmation in Constant Contact.

use std::collections::BTreeSet;

use super::membership::reason_of;
use super::{Outbound, Person, Plan, Reason, Sight};
use crate::domain::agreed::{Departure, Tombstone};
use crate::domain::consent::{AgreedWish, Wish};
use crate::domain::contact::{Contact, Permission};
use crate::domain::dialect::Dialect;
use crate::domain::evidence::{Evidence, Source};
use crate::domain::ids::ListId;
use crate::domain::mapping::FittedAccount;
use crate::domain::policy::Resubscribe;
use crate::domain::report::Class;

impl Person<'_> {
    /// Whether the person asked for it anew, at Gigya, after they left in Constant Contact.
    pub(super) fn came_back_since(&self, wish: Wish) -> bool {
        match self.next.left {
            Some(left) => wish.evidence_since(left.at).is_some(),
            // They left single lists, at a time nobody knows: the agreement still holds their older wish.
            None => false,
        }
    }

    /// The evidence that lifts this mark, if there is any.
    pub(super) fn evidence_against(&self, left: Tombstone, wish: Wish) -> Option<Evidence> {
        match left.kind {
            Departure::Unsubscribed => None,
            Departure::Deleted | Departure::Withdrawn | Departure::Erased => {
                self.evidence_since(left.at, wish)
            }
        }
    }

    /// Whether they left this list and have not asked for it anew.
    pub(super) fn stays_off(&self, list: &ListId, wish: Wish) -> bool {
        let left_at = self.next.left_lists.get(list);
        left_at.is_some_and(|at| self.evidence_since(*at, wish).is_none())
    }

    /// Lifts every mark that there is evidence against, and keeps the evidence. Answers it, if it lifted any.
    pub(super) fn lift_marks(
        &mut self,
        fitting: &BTreeSet<ListId>,
        wish: Wish,
    ) -> Option<Evidence> {
        let mut evidence = self.next.left.and_then(|left| self.evidence_against(left, wish));
        if evidence.is_some() {
            self.next.left = None;
        }
        for list in fitting {
            let left_at = self.next.left_lists.get(list).copied();
            if let Some(found) = left_at.and_then(|at| self.evidence_since(at, wish)) {
                self.next.left_lists.remove(list);
                evidence = Some(found);
            }
        }
        self.next.evidence = evidence.or(self.next.evidence);
        evidence
    }

    /// A newer act of the person at Gigya, or the operator's word for one.
    fn evidence_since(&self, at: jiff::Timestamp, wish: Wish) -> Option<Evidence> {
        let in_writing = self
            .known
            .evidence
            .filter(|evidence| evidence.source == Source::Operator && evidence.at > at);
        wish.evidence_since(at).or(in_writing)
    }

    /// Somebody who left stays out. Whom Constant Contact has unsubscribed it may ask, if the customer wants it so.
    pub(super) fn decide_stays_out(
        &mut self,
        left: Tombstone,
        wish: Wish,
        fitting: &BTreeSet<ListId>,
        fitted: Option<&FittedAccount>,
        plan: &mut Plan,
    ) -> (Class, Reason) {
        let lists: BTreeSet<ListId> =
            fitting.iter().filter(|list| !self.stays_off(list, wish)).cloned().collect();
        if lists.is_empty() {
            return (Class::Held, reason_of(left.kind));
        }
        if let Some(evidence) = self.evidence_to_ask_for(left, wish, fitted) {
            self.next.asked = Some(evidence.at);
            if matches!(self.sight, Sight::None | Sight::Unsubscribed(_)) {
                self.next.wish = AgreedWish::Granted;
                plan.outbound = Some(Outbound::Ask { lists });
                return (Class::Held, Reason::Asks);
            }
        }
        let is_asked = self.next.is_asked() && matches!(self.sight, Sight::None);
        (Class::Held, if is_asked { Reason::Asked } else { reason_of(left.kind) })
    }

    /// The opt-in for which Constant Contact asks them: newer than their unsubscribe, than whatever it asked them for before,
    /// and of the address that is unsubscribed. v2 can put people back, but ask nobody.
    fn evidence_to_ask_for(
        &self,
        left: Tombstone,
        wish: Wish,
        fitted: Option<&FittedAccount>,
    ) -> Option<Evidence> {
        let policy = self.terms.policy;
        let asks = match (policy.consent.resubscribe, policy.mapping.destination().dialect) {
            (Resubscribe::Ask, Dialect::V3) => left.kind == Departure::Unsubscribed,
            (Resubscribe::Never, Dialect::V3 | Dialect::V2) | (Resubscribe::Ask, Dialect::V2) => {
                false
            }
        };
        let left_at = match self.sight {
            Sight::Unsubscribed(Some(at)) => left.at.max(at),
            Sight::None | Sight::Unsubscribed(None) | Sight::Gone | Sight::Alive => left.at,
        };
        let address = self.address_fingerprint(&fitted?.email);
        let is_the_address = self.next.address.is_none_or(|known| known == address);
        let evidence = wish.evidence_since(left_at).filter(|_| asks && is_the_address)?;
        self.known.asked.is_none_or(|asked| evidence.at > asked).then_some(evidence)
    }

    /// Whoever unsubscribed and is shown to have said yes since is back: that is theirs alone to do there (guide,
    /// `contacts_re-subscribe`), whether Constant Contact asked them or they came by themselves. Another address is another
    /// matter: that one did not unsubscribe, and who put it there is not said.
    pub(super) fn take_return(&mut self, contact: &Contact) {
        let left = self.known.left.filter(|left| left.kind == Departure::Unsubscribed);
        let is_the_address =
            self.known.address.is_none_or(|known| self.next.address == Some(known));
        let says_yes = self.sight == Sight::Alive && contact.permission == Permission::Explicit;
        if let (Some(left), Some(at)) = (left, contact.updated_at)
            && says_yes
            && at > left.at
        {
            if is_the_address {
                self.next.left = None;
                self.next.evidence = Some(Evidence { at, source: Source::ConstantContact });
            } else {
                // Once the new address is known, this yes must not look like theirs at the next look.
                self.next.left = Some(Tombstone { at, ..left });
            }
        }
    }

    /// Whether they withdrew at Gigya first and came back in Constant Contact then.
    pub(super) fn is_back_after_withdrawing(&self) -> bool {
        let is_back =
            self.next.evidence.is_some_and(|evidence| evidence.source == Source::ConstantContact);
        is_back && self.next.left.is_none() && self.known.wish == AgreedWish::Withdrawn
    }
}
