//! The account was deleted at Gigya: the contact follows by the customer's policy, and nothing is kept but the mark.

use super::{Leave, Outbound, Person, Plan, Reason, Seen};
use crate::domain::agreed::{Agreed, Departure, Tombstone};
use crate::domain::contact::{Contact, Permission};
use crate::domain::dialect::Dialect;
use crate::domain::policy::OnDelete;
use crate::domain::report::Class;

impl Person<'_> {
    /// Decides for somebody whose account is gone: confirmed just now, or erased before. Only what is confirmed just now
    /// removes anything; else a contact that should not be there asks for a look.
    pub(super) fn gone(self, contact: Seen<&Contact>, is_confirmed: bool) -> Plan {
        let (is_there, is_unsubscribed) = match contact {
            Seen::Present(contact) => {
                (contact.deleted_at.is_none(), contact.permission == Permission::Unsubscribed)
            }
            Seen::Absent => (false, self.was_unsubscribed()),
            Seen::Unobserved => (self.known.is_there(), self.was_unsubscribed()),
        };
        let dialect = self.terms.policy.mapping.destination().dialect;
        let (leave, unsubscribes) = match (self.terms.policy.consent.on_delete, dialect) {
            (OnDelete::Delete, Dialect::V3) => (Some(Leave::Delete), false),
            (OnDelete::Delete, Dialect::V2) => (Some(Leave::Delete), true),
            (OnDelete::Unsubscribe, Dialect::V3 | Dialect::V2) => (Some(Leave::Unsubscribe), true),
            (OnDelete::Keep, Dialect::V3 | Dialect::V2) => (None, false),
        };
        let stays = is_there && (unsubscribes || leave.is_none());
        let is_done = !is_there || (unsubscribes && is_unsubscribed);
        let leave = leave.filter(|_| !is_done);

        let stays_unsubscribed = is_unsubscribed || (stays && unsubscribes);
        let kind = if stays_unsubscribed { Departure::Unsubscribed } else { Departure::Erased };
        let at = self.known.erased_at.unwrap_or_else(|| self.gone_at());
        let mark = |kind| Some(Tombstone { kind, at }.or_stronger(self.known.left));
        let id = match contact {
            Seen::Present(contact) => Some(contact.id.clone()),
            Seen::Absent | Seen::Unobserved => self.known.contact.clone(),
        };
        let over = Agreed {
            contact: id.clone().filter(|_| stays),
            left: mark(kind),
            erased_at: Some(at),
            ..Agreed::default()
        };
        // Until the contact has followed, it has to be found again.
        let under_way = Agreed { contact: id, left: mark(Departure::Erased), ..self.known.clone() };

        let mut plan = Plan::nothing(Class::Unchanged, Reason::DeletedAtGigya);
        plan.noted = Some(if leave.is_some() { under_way } else { over.clone() });
        if is_confirmed {
            if let Some(leave) = leave {
                plan.outbound = Some(Outbound::Leave(leave));
                plan.class = Class::Removed;
            }
            plan.agreed = Some(over);
        } else {
            plan.look = leave.is_some() && matches!(contact, Seen::Present(_));
            plan.agreed.clone_from(&plan.noted);
        }
        plan
    }

    /// When they left for good: not before anything else that they left.
    fn gone_at(&self) -> jiff::Timestamp {
        let marks = self.known.left.iter().map(|left| left.at);
        marks.chain(self.known.left_lists.values().copied()).fold(self.now, jiff::Timestamp::max)
    }

    fn was_unsubscribed(&self) -> bool {
        self.known.left.is_some_and(|left| left.kind == Departure::Unsubscribed)
    }
}
