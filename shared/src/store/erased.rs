//! Erasing people from the ledger: a person's entry becomes a tombstone under the fingerprint of their UID, and what is
//! agreed about a contact goes over to whoever takes it over.
//!
//! The address goes first in both: what it says is told from the entry, so that after a kill in between doing it all
//! again finds the entry and says the same.

use std::collections::BTreeMap;

use super::StoreError;
use super::ledger::Ledger;
use super::shard::{Shard, shard_of_address, shard_of_person};
use crate::domain::Uid;
use crate::domain::agreed::{AddressEntry, Agreed};
use crate::domain::erasure::mark_on_address;

/// One person of a shard, as far as looking for them at Gigya goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The person.
    pub uid: Uid,
    /// Whether they are in Constant Contact as far as we know.
    pub is_there: bool,
}

impl Ledger {
    /// Everybody in one shard, those who were erased left out. Nobody when there is no such shard.
    ///
    /// # Errors
    /// When the shard cannot be read.
    pub async fn entries(&self, shard: u8) -> Result<Vec<Entry>, StoreError> {
        let people = self.read(shard).await?.map(|(shard, _)| shard.people).unwrap_or_default();
        let entry = |(uid, agreed): (Uid, Agreed)| Entry { uid, is_there: agreed.is_there() };
        Ok(people.into_iter().map(entry).collect())
    }

    /// Leaves nothing of these people but the tombstones that are given, and marks their addresses. Doing it again is
    /// harmless.
    ///
    /// # Errors
    /// When a shard cannot be read or written, or the ledger was not given its key; those before it are written.
    pub async fn erase(&self, people: &BTreeMap<Uid, Agreed>) -> Result<(), StoreError> {
        let known = self.look_up(people.keys().cloned(), []).await?.people;
        let mut by_address: BTreeMap<u8, Vec<(&Uid, &Agreed)>> = BTreeMap::new();
        let mut by_person: BTreeMap<u8, Vec<&Uid>> = BTreeMap::new();
        for (uid, agreed) in &known {
            if let Some(address) = agreed.address {
                by_address.entry(shard_of_address(address)).or_default().push((uid, agreed));
            }
            by_person.entry(shard_of_person(uid)).or_default().push(uid);
        }
        for (number, leaving) in by_address {
            let leave = |shard: &mut Shard| {
                let each = leaving.iter().filter_map(|(uid, agreed)| {
                    let mark = people.get(*uid)?.left;
                    Some(change_entry(shard, agreed, |entry| {
                        if entry.holder.as_ref().is_none_or(|holder| holder == *uid) {
                            entry.holder = None;
                            entry.left = mark_on_address(mark, agreed, entry.left);
                        }
                    }))
                });
                each.fold(false, |any, one| any | one)
            };
            self.swap(number, leave).await?;
        }
        for (number, uids) in by_person {
            let bury = |shard: &mut Shard| {
                let each = uids.iter().filter_map(|uid| {
                    let tombstone = people.get(*uid)?;
                    Some(self.bury(shard, uid, tombstone))
                });
                each.fold(false, |any, one| any | one)
            };
            self.swap(number, bury).await?;
        }
        Ok(())
    }

    /// Gives what is agreed about a contact to somebody else, with the address, and leaves the tombstone of who had it.
    /// Doing it again is harmless.
    ///
    /// # Errors
    /// As [`erase`](Self::erase).
    pub async fn hand_over(
        &self,
        from: &Uid,
        to: &Uid,
        agreed: &Agreed,
        tombstone: &Agreed,
    ) -> Result<(), StoreError> {
        if let Some(address) = agreed.address {
            let take = |shard: &mut Shard| {
                change_entry(shard, agreed, |entry| {
                    if entry.holder.as_ref().is_none_or(|holder| holder == from) {
                        entry.holder = Some(to.clone());
                        entry.left = agreed.left;
                    }
                })
            };
            self.swap(shard_of_address(address), take).await?;
        }
        let inherit = |shard: &mut Shard| {
            let print = self.print(to);
            let differs = shard.agreed(to, print) != Some(agreed);
            if differs {
                shard.agree(to, print, agreed.clone());
            }
            differs
        };
        self.swap(shard_of_person(to), inherit).await?;
        self.swap(shard_of_person(from), |shard| self.bury(shard, from, tombstone)).await
    }

    /// Answers whether that changed anything.
    fn bury(&self, shard: &mut Shard, uid: &Uid, tombstone: &Agreed) -> bool {
        let Some(print) = self.print(uid) else { return false };
        // Whoever is erased already keeps the tombstone of then.
        shard.people.remove(uid).is_some_and(|_| {
            shard.erased.insert(print, tombstone.clone());
            true
        })
    }
}

/// Changes the entry of the address that is agreed on. Answers whether that changed anything.
fn change_entry(
    shard: &mut Shard,
    agreed: &Agreed,
    change: impl FnOnce(&mut AddressEntry),
) -> bool {
    let Some(address) = agreed.address else { return false };
    let before = shard.addresses.get(&address).cloned().unwrap_or_default();
    let mut after = before.clone();
    change(&mut after);
    let differs = after != before;
    if after == AddressEntry::default() {
        shard.addresses.remove(&address);
    } else {
        shard.addresses.insert(address, after);
    }
    differs
}
