//! The ledger: what both sides last agreed on, per person, in shards. Upload reads it; only poll writes it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::address_change::AddressChange;
use super::bucket::{BYTES, Bucket, Object, Put};
use super::seen::SeenContacts;
use super::shard::{Shard, shard_of_address, shard_of_person};
use super::{SWAPS_MAX, StateStore, StoreError, keys};
use crate::domain::agreed::{AddressEntry, Agreed};
use crate::domain::{ContactId, Fingerprint, FingerprintKey, Uid};

/// Shards that are read and written at once. The text of each is held whole: of a million people, a shard has sixteen
/// thousand.
const SHARDS_AT_ONCE: usize = 4;

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

/// People and what changes about each, in the order in which it does.
type Changes<C> = Vec<(Uid, C)>;

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

    /// The shards that there are, in their order: a customer of a few people has a few.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn shards(&self) -> Result<Vec<u8>, StoreError> {
        let keys = self.bucket.list(keys::LEDGER).await?;
        let mut shards: Vec<u8> = keys.iter().filter_map(|key| keys::shard_of(key)).collect();
        shards.sort_unstable();
        Ok(shards)
    }

    /// Looks up people and addresses, reading each shard at most once and holding few at a time.
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
            let Some((shard, _)) = self.read(number).await? else { continue };
            let found = || -> Result<_, String> {
                let mut found = Known::default();
                for uid in uids {
                    let agreed = shard.agreed(&uid, self.print_in(&shard, &uid))?;
                    found.people.extend(agreed.map(|agreed| (uid, agreed)));
                }
                for address in addresses {
                    found.addresses.extend(shard.entry(address)?.map(|entry| (address, entry)));
                }
                Ok(found)
            };
            let found = found().map_err(|problem| broken(number, problem))?;
            known.people.extend(found.people);
            known.addresses.extend(found.addresses);
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
        let asked: HashSet<&ContactId> = contacts.iter().collect();
        for number in self.shards().await? {
            let Some((shard, _)) = self.read(number).await? else { continue };
            for each in shard.contacts() {
                let (uid, contact) = each.map_err(|problem| broken(number, problem))?;
                if asked.contains(&contact) {
                    found.insert(contact, uid.clone());
                }
            }
        }
        Ok(found)
    }

    /// Those of one shard who should be in Constant Contact and whom a read of everybody did not show; those whose mark
    /// says that they left, and who are on no list, are missed by nobody.
    ///
    /// # Errors
    /// When the shard cannot be read.
    pub async fn missing(
        &self,
        number: u8,
        seen: &SeenContacts,
    ) -> Result<BTreeMap<Uid, Agreed>, StoreError> {
        let Some((shard, _)) = self.read(number).await? else { return Ok(BTreeMap::new()) };
        let missing = || -> Result<_, String> {
            let mut shown: BTreeSet<&Uid> = BTreeSet::new();
            for each in shard.contacts() {
                let (uid, contact) = each?;
                if seen.has(&contact) {
                    shown.insert(uid);
                }
            }
            let mut missing = BTreeMap::new();
            for uid in shard.people().filter(|uid| !shown.contains(uid)) {
                let is_missed = |agreed: &Agreed| {
                    agreed.is_there() && !(agreed.left.is_some() && agreed.lists.is_empty())
                };
                let agreed = shard.agreed(uid, None)?.filter(is_missed);
                missing.extend(agreed.map(|agreed| (uid.clone(), agreed)));
            }
            Ok(missing)
        };
        missing().map_err(|problem| broken(number, problem))
    }

    /// Changes what is agreed on about some people, shard by shard, each by compare-and-swap. `change` is given what
    /// the ledger holds at that moment, and may be asked more than once.
    ///
    /// Where the change concerns an address, the address goes first: it is told from what changes about the person, so
    /// that after a kill in between doing it all again writes it again. The other way round, an opt-out would not follow
    /// its address. Before an address becomes free, whoever waits for it becomes due.
    ///
    /// # Errors
    /// When a shard cannot be read or written; those before it are written, and doing it all again is harmless.
    pub async fn change<C>(
        &self,
        changes: impl IntoIterator<Item = (Uid, C)>,
        change: impl Fn(Option<&Agreed>, &C) -> Agreed,
    ) -> Result<(), StoreError> {
        let mut by_shard: BTreeMap<u8, Changes<C>> = BTreeMap::new();
        for (uid, data) in changes {
            by_shard.entry(shard_of_person(&uid)).or_default().push((uid, data));
        }
        let moved: Vec<Moved<'_, C>> = stream::iter(&by_shard)
            .map(async |(number, people)| {
                self.change_where_none_moves(*number, people, &change).await
            })
            .buffered(SHARDS_AT_ONCE)
            .try_collect()
            .await?;
        let mut addresses: BTreeMap<u8, Vec<AddressChange>> = BTreeMap::new();
        let mut waiting: Vec<(u8, Vec<&(Uid, C)>)> = Vec::new();
        for moved in moved {
            for change in moved.addresses {
                addresses.entry(shard_of_address(change.address)).or_default().push(change);
            }
            waiting.extend((!moved.people.is_empty()).then_some((moved.number, moved.people)));
        }
        let freed = addresses.values().flatten().filter(|change| !change.holds);
        let freed: BTreeSet<Fingerprint> = freed.map(|change| change.address).collect();
        StateStore::new(self.bucket.clone()).call_waiting(&freed).await?;
        stream::iter(&addresses)
            .map(async |(number, changes)| {
                let apply = |shard: &mut Shard| {
                    let mut any = false;
                    for change in changes {
                        let mut entry = shard.entry(change.address)?.unwrap_or_default();
                        change.apply(&mut entry);
                        any |= shard.enter(change.address, &entry)?;
                    }
                    Ok(any)
                };
                self.swap(*number, apply).await
            })
            .buffered(SHARDS_AT_ONCE)
            .try_for_each(async |()| Ok(()))
            .await?;
        stream::iter(&waiting)
            .map(async |(number, people)| {
                let apply = |shard: &mut Shard| {
                    let mut any = false;
                    for (uid, data) in people {
                        let before = shard.agreed(uid, self.print_in(shard, uid))?;
                        any |= self.agree(shard, uid, &change(before.as_ref(), data))?;
                    }
                    Ok(any)
                };
                self.swap(*number, apply).await
            })
            .buffered(SHARDS_AT_ONCE)
            .try_for_each(async |()| Ok(()))
            .await
    }

    /// Changes those of a shard whose change concerns no address. The others are left for later, with everything that is
    /// to change about them.
    async fn change_where_none_moves<'c, C>(
        &self,
        number: u8,
        people: &'c Changes<C>,
        change: &impl Fn(Option<&Agreed>, &C) -> Agreed,
    ) -> Result<Moved<'c, C>, StoreError> {
        let mut moved = Moved { number, addresses: Vec::new(), people: Vec::new() };
        let apply = |shard: &mut Shard| {
            (moved.addresses, moved.people) = (Vec::new(), Vec::new());
            let mut later: HashSet<&Uid> = HashSet::new();
            let mut any = false;
            for each @ (uid, data) in people {
                let before = shard.agreed(uid, self.print_in(shard, uid))?;
                let after = change(before.as_ref(), data);
                let addresses = AddressChange::between(uid, before.as_ref(), &after);
                if addresses.is_empty() && !later.contains(uid) {
                    any |= self.agree(shard, uid, &after)?;
                } else {
                    later.insert(uid);
                    moved.addresses.extend(addresses);
                    moved.people.push(each);
                }
            }
            Ok(any)
        };
        self.swap(number, apply).await?;
        Ok(moved)
    }

    /// How many people are known to be in Constant Contact. Reads every shard.
    ///
    /// # Errors
    /// When a shard cannot be read.
    pub async fn count(&self) -> Result<u64, StoreError> {
        let mut count = 0;
        for number in self.shards().await? {
            if let Some((shard, _)) = self.read(number).await? {
                for each in shard.people_there() {
                    let (_, is_there) = each.map_err(|problem| broken(number, problem))?;
                    count += u64::from(is_there);
                }
            }
        }
        Ok(count)
    }

    /// The fingerprint of a UID where the shard has anybody who is known by one: it costs more than looking.
    fn print_in(&self, shard: &Shard, uid: &Uid) -> Option<Fingerprint> {
        if shard.has_erased() { self.print(uid) } else { None }
    }

    /// Agrees on something else about a person, in their shard. Answers whether it is anything new.
    pub(super) fn agree(
        &self,
        shard: &mut Shard,
        uid: &Uid,
        after: &Agreed,
    ) -> Result<bool, String> {
        let print = if after.is_erased() { self.print(uid) } else { self.print_in(shard, uid) };
        shard.agree(uid, print, after)
    }

    /// Reads a shard, with its version.
    pub(super) async fn read(
        &self,
        number: u8,
    ) -> Result<Option<(Shard, super::bucket::ETag)>, StoreError> {
        let key = keys::shard(number);
        let Some(Object { bytes, etag }) = self.bucket.get(&key).await? else { return Ok(None) };
        let shard = Shard::decode(bytes).map_err(|problem| broken(number, problem))?;
        if shard.has_erased() && self.key.get().is_none() {
            return Err(StoreError::Locked { key });
        }
        Ok(Some((shard, etag)))
    }

    /// Changes a shard by compare-and-swap. `change` answers whether it changed anything.
    pub(super) async fn swap(
        &self,
        number: u8,
        mut change: impl FnMut(&mut Shard) -> Result<bool, String>,
    ) -> Result<(), StoreError> {
        let key = keys::shard(number);
        for _ in 0..SWAPS_MAX {
            let (mut shard, etag) = match self.read(number).await? {
                Some((shard, etag)) => (shard, Some(etag)),
                None => (Shard::default(), None),
            };
            if !change(&mut shard).map_err(|problem| broken(number, problem))? {
                return Ok(());
            }
            let bytes = shard.encode().map_err(|error| broken(number, error.kind().to_string()))?;
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

pub(super) fn broken(number: u8, problem: String) -> StoreError {
    StoreError::Broken { key: keys::shard(number), problem }
}

/// What is left of the changes to a shard: addresses first, then the people whom they belong to.
struct Moved<'c, C> {
    number: u8,
    addresses: Vec<AddressChange>,
    people: Vec<&'c (Uid, C)>,
}
