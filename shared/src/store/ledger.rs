//! The ledger: what both sides last agreed on, per person, in shards. Upload reads it; only poll writes it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::bucket::{BYTES, Bucket, Object, Put};
use super::shard::{SHARDS, Shard, shard_of_address, shard_of_person};
use super::{SWAPS_MAX, StoreError, keys};
use crate::domain::agreed::{AddressEntry, Agreed};
use crate::domain::{ContactId, Fingerprint, FingerprintKey, Uid};

/// Shards that are read and written at once. Each is held whole: of a million people, a shard has sixteen thousand.
pub(super) const SHARDS_AT_ONCE: usize = 4;

/// The ledger of the customer.
#[derive(Debug, Clone)]
pub struct Ledger {
    bucket: Bucket,
    /// By which people who were erased are known.
    key: Arc<OnceLock<FingerprintKey>>,
}

/// What the ledger knows of those who were asked for.
#[derive(Debug, Default)]
pub struct Known {
    /// By person.
    pub people: HashMap<Uid, Agreed>,
    /// By address.
    pub addresses: HashMap<Fingerprint, AddressEntry>,
}

impl Ledger {
    /// The ledger in this bucket.
    pub fn new(bucket: Bucket) -> Self {
        Self { bucket, key: Arc::default() }
    }

    /// Gives the ledger the key by which people who were erased are known. Without it, a shard that has any cannot be
    /// read: they would look like strangers. The first key stays, since it never changes.
    pub fn unlock(&self, key: &FingerprintKey) {
        self.key.get_or_init(|| key.clone());
    }

    /// The fingerprint of a UID, under which an erased person is kept.
    pub(super) fn print(&self, uid: &Uid) -> Option<Fingerprint> {
        self.key.get().map(|key| key.fingerprint("uid", uid.as_str()))
    }

    /// Looks up people and addresses, reading each shard at most once and holding one at a time.
    ///
    /// # Errors
    /// When a shard cannot be read.
    pub async fn look_up(
        &self,
        people: impl IntoIterator<Item = Uid>,
        addresses: impl IntoIterator<Item = Fingerprint>,
    ) -> Result<Known, StoreError> {
        let mut asked: BTreeMap<u8, (Vec<Uid>, Vec<Fingerprint>)> = BTreeMap::new();
        for uid in people {
            asked.entry(shard_of_person(&uid)).or_default().0.push(uid);
        }
        for address in addresses {
            asked.entry(shard_of_address(address)).or_default().1.push(address);
        }
        let mut known = Known::default();
        for (number, (uids, addresses)) in asked {
            let Some((mut shard, _)) = self.read(number).await? else { continue };
            for uid in uids {
                let erased = || shard.erased.get(&self.print(&uid)?).cloned();
                if let Some(agreed) = shard.people.remove(&uid).or_else(erased) {
                    known.people.insert(uid, agreed);
                }
            }
            for address in addresses {
                if let Some(entry) = shard.addresses.remove(&address) {
                    known.addresses.insert(address, entry);
                }
            }
        }
        Ok(known)
    }

    /// Finds people by their contacts, for contacts that do not carry a UID. Reads every shard.
    ///
    /// # Errors
    /// When a shard cannot be read.
    pub async fn find_contacts(
        &self,
        contacts: &[ContactId],
    ) -> Result<HashMap<ContactId, Uid>, StoreError> {
        let mut found = HashMap::new();
        if contacts.is_empty() {
            return Ok(found);
        }
        for number in 0..SHARDS {
            let Some((shard, _)) = self.read(number).await? else { continue };
            for (uid, agreed) in shard.people {
                if let Some(contact) = agreed.contact.filter(|contact| contacts.contains(contact)) {
                    found.insert(contact, uid);
                }
            }
        }
        Ok(found)
    }

    /// Changes what is agreed on about some people, shard by shard, each by compare-and-swap. `change` is given what
    /// the ledger holds at that moment, and may be asked more than once.
    ///
    /// Addresses go first: they are told from what changes about people, so that after a kill in between doing it all
    /// again writes them again. The other way round, an opt-out would not follow its address.
    ///
    /// # Errors
    /// When a shard cannot be read or written; those before it are written, and doing it all again is harmless.
    pub async fn change<C>(
        &self,
        changes: impl IntoIterator<Item = (Uid, C)>,
        change: impl Fn(Option<&Agreed>, &C) -> Agreed,
    ) -> Result<(), StoreError> {
        let mut by_shard: BTreeMap<u8, Vec<(Uid, C)>> = BTreeMap::new();
        for (uid, data) in changes {
            by_shard.entry(shard_of_person(&uid)).or_default().push((uid, data));
        }
        let moved: Vec<Vec<AddressChange>> = stream::iter(&by_shard)
            .map(async |(number, people)| self.addresses_moved(*number, people, &change).await)
            .buffered(SHARDS_AT_ONCE)
            .try_collect()
            .await?;
        let mut addresses: BTreeMap<u8, Vec<AddressChange>> = BTreeMap::new();
        for moved in moved.into_iter().flatten() {
            addresses.entry(shard_of_address(moved.address)).or_default().push(moved);
        }
        stream::iter(&addresses)
            .map(async |(number, changes)| {
                let apply = |shard: &mut Shard| {
                    let each = changes.iter().map(|change| change.apply(&mut shard.addresses));
                    each.fold(false, |any, one| any | one)
                };
                self.swap(*number, apply).await
            })
            .buffered(SHARDS_AT_ONCE)
            .try_for_each(async |()| Ok(()))
            .await?;
        stream::iter(&by_shard)
            .map(async |(number, people)| {
                let apply = |shard: &mut Shard| {
                    people.iter().fold(false, |any, (uid, data)| {
                        let print = self.print(uid);
                        let before = shard.agreed(uid, print);
                        let after = change(before, data);
                        let differs = before != Some(&after);
                        if differs {
                            shard.agree(uid, print, after);
                        }
                        any | differs
                    })
                };
                self.swap(*number, apply).await
            })
            .buffered(SHARDS_AT_ONCE)
            .try_for_each(async |()| Ok(()))
            .await
    }

    /// Which addresses are concerned by changes to the people of a shard.
    async fn addresses_moved<C>(
        &self,
        number: u8,
        people: &[(Uid, C)],
        change: &impl Fn(Option<&Agreed>, &C) -> Agreed,
    ) -> Result<Vec<AddressChange>, StoreError> {
        let shard = self.read(number).await?.map(|(shard, _)| shard).unwrap_or_default();
        let moved = people.iter().flat_map(|(uid, data)| {
            let before = shard.agreed(uid, self.print(uid));
            AddressChange::between(uid, before, &change(before, data))
        });
        Ok(moved.collect())
    }

    /// How many people are known to be in Constant Contact. Reads every shard.
    ///
    /// # Errors
    /// When a shard cannot be read.
    pub async fn count(&self) -> Result<u64, StoreError> {
        let mut count = 0;
        for number in 0..SHARDS {
            if let Some((shard, _)) = self.read(number).await? {
                count += shard.people.values().filter(|agreed| agreed.is_there()).count() as u64;
            }
        }
        Ok(count)
    }

    /// Reads a shard, with its version.
    pub(super) async fn read(
        &self,
        number: u8,
    ) -> Result<Option<(Shard, super::bucket::ETag)>, StoreError> {
        let key = keys::shard(number);
        let Some(Object { bytes, etag }) = self.bucket.get(&key).await? else { return Ok(None) };
        match Shard::decode(bytes) {
            Ok(shard) if !shard.erased.is_empty() && self.key.get().is_none() => {
                Err(StoreError::Locked { key })
            }
            Ok(shard) => Ok(Some((shard, etag))),
            Err(problem) => Err(StoreError::Broken { key, problem }),
        }
    }

    /// Changes a shard by compare-and-swap. `change` answers whether it changed anything.
    pub(super) async fn swap(
        &self,
        number: u8,
        change: impl Fn(&mut Shard) -> bool,
    ) -> Result<(), StoreError> {
        let key = keys::shard(number);
        for _ in 0..SWAPS_MAX {
            let (mut shard, etag) = match self.read(number).await? {
                Some((shard, etag)) => (shard, Some(etag)),
                None => (Shard::default(), None),
            };
            if !change(&mut shard) {
                return Ok(());
            }
            let bytes = shard.encode().map_err(|error| StoreError::Broken {
                key: key.clone(),
                problem: error.kind().to_string(),
            })?;
            let put = match &etag {
                Some(etag) => self.bucket.replace(&key, bytes, BYTES, etag).await?,
                None => self.bucket.put_new(&key, bytes, BYTES).await?,
            };
            match put {
                Put::Done(_) => return Ok(()),
                Put::Taken => {}
            }
        }
        Err(StoreError::Contended { key, tries: SWAPS_MAX })
    }
}

/// What a person's new agreement means for one address.
struct AddressChange {
    uid: Uid,
    address: Fingerprint,
    holds: bool,
    left: Option<crate::domain::agreed::Tombstone>,
}

impl AddressChange {
    fn between(uid: &Uid, before: Option<&Agreed>, after: &Agreed) -> Vec<Self> {
        let mut changes = Vec::new();
        let old = before.and_then(|agreed| agreed.address);
        let old_left = before.and_then(|agreed| agreed.left);
        if let Some(address) = old.filter(|address| Some(*address) != after.address) {
            // Whoever goes and leaves in one step leaves the address with the mark.
            let left = after.left.or(old_left);
            changes.push(Self { uid: uid.clone(), address, holds: false, left });
        }
        if let Some(address) = after.address
            && (old != after.address || old_left != after.left)
        {
            changes.push(Self { uid: uid.clone(), address, holds: true, left: after.left });
        }
        changes
    }

    /// Answers whether it changed anything.
    fn apply(&self, addresses: &mut BTreeMap<Fingerprint, AddressEntry>) -> bool {
        let before = addresses.get(&self.address).cloned().unwrap_or_default();
        let mut entry = before.clone();
        let is_holder = entry.holder.as_ref() == Some(&self.uid);
        if self.holds {
            let is_free = entry.holder.is_none();
            if is_free {
                entry.holder = Some(self.uid.clone());
            }
            if is_free || is_holder {
                entry.left = self.left;
            }
        } else if is_holder {
            entry.holder = None;
            entry.left = self.left;
        }
        if entry.left.is_none() && self.left.is_some() {
            entry.left = self.left;
        }
        let differs = entry != before;
        if entry == AddressEntry::default() {
            addresses.remove(&self.address);
        } else {
            addresses.insert(self.address, entry);
        }
        differs
    }
}
