//! People whose accounts were deleted, in the ledger: everybody who may be one of them, shard by shard, and a contact that
//! goes over to somebody else.

use super::StoreError;
use super::ledger::{Ledger, broken};
use super::shard::{Shard, shard_of_address, shard_of_person};
use crate::domain::Uid;
use crate::domain::agreed::{AddressEntry, Agreed};

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
        let Some((people, _)) = self.read(shard).await? else { return Ok(Vec::new()) };
        let entry = |(uid, is_there): (&Uid, bool)| Entry { uid: uid.clone(), is_there };
        let entries = people.people_there().map(|each| each.map(entry));
        entries.collect::<Result<_, _>>().map_err(|problem| broken(shard, problem))
    }

    /// Gives what is agreed about a contact to somebody else, with the address, and leaves the tombstone of whoever had
    /// it. The address goes first and the tombstone comes last, so that after a kill in between doing it all again finds
    /// what it has to give; doing it twice is harmless.
    ///
    /// # Errors
    /// When a shard cannot be read or written; those before it are written.
    pub async fn hand_over(
        &self,
        from: &Uid,
        to: &Uid,
        agreed: &Agreed,
        tombstone: &Agreed,
    ) -> Result<(), StoreError> {
        if let Some(address) = agreed.address {
            let take = |shard: &mut Shard| {
                let before = shard.entry(address)?.unwrap_or_default();
                if before.holder.as_ref().is_some_and(|holder| holder != from) {
                    return Ok(false);
                }
                let entry = AddressEntry { holder: Some(to.clone()), left: agreed.left };
                shard.enter(address, &entry)
            };
            self.swap(shard_of_address(address), take).await?;
        }
        self.put(to, agreed).await?;
        self.put(from, tombstone).await
    }

    async fn put(&self, uid: &Uid, agreed: &Agreed) -> Result<(), StoreError> {
        self.swap(shard_of_person(uid), |shard: &mut Shard| self.agree(shard, uid, agreed)).await
    }
}
