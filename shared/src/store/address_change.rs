//! What a person's new agreement means for the addresses that they have and had.

use crate::domain::agreed::{AddressEntry, Agreed, Tombstone};
use crate::domain::{Fingerprint, Uid};

/// What changes about one address because of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AddressChange {
    uid: Uid,
    pub(super) address: Fingerprint,
    /// Whether the person has it now; else they had it before.
    pub(super) holds: bool,
    /// The person's mark of having left, as it is after the change.
    left: Option<Tombstone>,
}

impl AddressChange {
    /// What changes between two agreements. An address that is given up gets the mark of after the change: who leaves
    /// and moves at once has left under both addresses, and who came back before they moved has not left the old one.
    pub(super) fn between(uid: &Uid, before: Option<&Agreed>, after: &Agreed) -> Vec<Self> {
        let mut changes = Vec::new();
        let left = after.left;
        let old = before.and_then(|agreed| agreed.address);
        let old_left = before.and_then(|agreed| agreed.left);
        if let Some(address) = old.filter(|address| Some(*address) != after.address) {
            changes.push(Self { uid: uid.clone(), address, holds: false, left });
        }
        if let Some(address) = after.address
            && (old != after.address || old_left != after.left)
        {
            changes.push(Self { uid: uid.clone(), address, holds: true, left });
        }
        changes
    }

    /// Applies it to what the ledger says about the address.
    pub(super) fn apply(&self, entry: &mut AddressEntry) {
        let is_holder = entry.holder.as_ref() == Some(&self.uid);
        if self.holds {
            // Whoever had it left, and another account of the same address asked for it since: the plan of that one
            // looked at the mark.
            let is_inherited = entry.left.is_some() && self.left.is_none();
            // Gigya has no lite account beside a full one with its address, so whoever registers takes it over.
            let is_lite = |uid: &Uid| uid.lite_token().is_some();
            let is_taken_over = entry.holder.as_ref().is_some_and(is_lite) && !is_lite(&self.uid);
            if entry.holder.is_none() || is_inherited || is_taken_over {
                entry.holder = Some(self.uid.clone());
                entry.left = self.left;
            } else if is_holder {
                entry.left = self.left;
            }
        } else if is_holder {
            entry.holder = None;
            entry.left = self.left;
        }
        if entry.left.is_none() {
            entry.left = self.left;
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::FingerprintKey;
    use crate::domain::agreed::Departure;

    fn at(address: &str, left: Option<Departure>) -> Agreed {
        let address = FingerprintKey::new([7; 32]).fingerprint("email", address);
        let left = left.map(|kind| Tombstone { kind, at: Timestamp::UNIX_EPOCH });
        Agreed { address: Some(address), left, ..Agreed::default() }
    }

    fn applied(
        mut entry: AddressEntry,
        uid: &str,
        before: &Agreed,
        after: &Agreed,
        to: &Agreed,
    ) -> AddressEntry {
        for change in AddressChange::between(&uid.into(), Some(before), after) {
            if Some(change.address) == to.address {
                change.apply(&mut entry);
            }
        }
        entry
    }

    fn held(uid: &str, left: Option<Tombstone>) -> AddressEntry {
        AddressEntry { holder: Some(uid.into()), left }
    }

    #[test]
    fn who_leaves_and_moves_at_once_has_left_under_both_addresses() {
        let (old, new) =
            (at("old@example.com", None), at("new@example.com", Some(Departure::Unsubscribed)));
        let freed = applied(held("u1", None), "u1", &old, &new, &old);
        assert_eq!(freed, AddressEntry { holder: None, left: new.left });
        let taken = applied(AddressEntry::default(), "u1", &old, &new, &new);
        assert_eq!(taken, held("u1", new.left));
    }

    #[test]
    fn who_came_back_and_moves_leaves_no_mark_behind() {
        let old = at("old@example.com", Some(Departure::Withdrawn));
        let new = at("new@example.com", None);
        assert_eq!(applied(held("u1", old.left), "u1", &old, &new, &old), AddressEntry::default());
    }

    #[test]
    fn another_account_does_not_take_an_address_while_its_holder_is_there() {
        let (none, new) = (Agreed::default(), at("a@example.com", None));
        assert_eq!(applied(held("u1", None), "u2", &none, &new, &new), held("u1", None));
    }

    #[test]
    fn another_account_inherits_the_address_of_one_who_left_once_its_own_plan_allows_it() {
        let (none, new) = (Agreed::default(), at("a@example.com", None));
        let left = at("a@example.com", Some(Departure::Withdrawn)).left;
        assert_eq!(applied(held("u1", left), "u2", &none, &new, &new), held("u2", None));
    }

    #[test]
    fn the_mark_of_one_who_does_not_hold_the_address_is_kept_with_it() {
        let (none, new) = (Agreed::default(), at("a@example.com", Some(Departure::Unsubscribed)));
        assert_eq!(applied(held("u1", None), "u2", &none, &new, &new), held("u1", new.left));
    }
}
