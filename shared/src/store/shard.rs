//! One shard of the ledger, as it is kept: a heading line, then one line per person and per address.
//!
//! ```text
//! {"ledger":1}
//! {"uid":"_guid_…","agreed":{…}}
//! {"erased":"Xw0…","agreed":{"left":{"kind":"erased","at":"…"}}}
//! {"address":"pY3…","entry":{"holder":"_guid_…"}}
//! ```

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::lines::{LinesWriter, read_lines};
use crate::domain::agreed::{AddressEntry, Agreed};
use crate::domain::{Fingerprint, Uid};

/// Shards of the ledger. A power of two that divides 256.
pub const SHARDS: u8 = 64;

/// The version of the format.
const VERSION: u32 = 1;

/// The people and addresses of one shard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shard {
    /// What was agreed on, by person.
    pub people: BTreeMap<Uid, Agreed>,
    /// What is left of people whose accounts were deleted at Gigya, by the fingerprint of their UID.
    pub erased: BTreeMap<Fingerprint, Agreed>,
    /// Who holds which address.
    pub addresses: BTreeMap<Fingerprint, AddressEntry>,
}

/// A line of any kind. A struct and no untagged enum, because serde reads each line of one of those several times.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    ledger: Option<u32>,
    uid: Option<Uid>,
    erased: Option<Fingerprint>,
    agreed: Option<Agreed>,
    address: Option<Fingerprint>,
    entry: Option<AddressEntry>,
}

#[derive(Serialize)]
struct Heading {
    ledger: u32,
}

#[derive(Serialize)]
#[serde(untagged)]
enum LineRef<'a> {
    Person { uid: &'a Uid, agreed: &'a Agreed },
    Erased { erased: &'a Fingerprint, agreed: &'a Agreed },
    Address { address: &'a Fingerprint, entry: &'a AddressEntry },
}

/// The shard of a person: by FNV-1a, which spreads well and never changes.
pub fn shard_of_person(uid: &Uid) -> u8 {
    let hash = uid.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let [first, ..] = hash.to_be_bytes();
    first % SHARDS
}

/// The shard of an address.
pub fn shard_of_address(address: Fingerprint) -> u8 {
    address.first_byte() % SHARDS
}

impl Shard {
    /// What is agreed on about a person, or left of one who was erased. `print` is the fingerprint of the UID.
    pub fn agreed(&self, uid: &Uid, print: Option<Fingerprint>) -> Option<&Agreed> {
        self.people.get(uid).or_else(|| self.erased.get(&print?))
    }

    /// Notes what is agreed on about a person. Whoever is erased is known by their fingerprint alone, until their account
    /// is there again.
    pub fn agree(&mut self, uid: &Uid, print: Option<Fingerprint>, agreed: Agreed) {
        match print {
            Some(print) if agreed.is_erased() => {
                self.people.remove(uid);
                self.erased.insert(print, agreed);
            }
            Some(_) | None => {
                self.erased.retain(|erased, _| Some(*erased) != print);
                self.people.insert(uid.clone(), agreed);
            }
        }
    }

    /// Reads a shard.
    ///
    /// # Errors
    /// When any line is broken, in words: a shard is read whole or not at all.
    pub fn decode(object: Bytes) -> Result<Self, String> {
        let mut shard = Self::default();
        let lines = read_lines::<Line>(object).map_err(|error| error.kind().to_string())?;
        let mut is_headed = false;
        for line in lines {
            let line = line.map_err(|error| error.to_string())?;
            match line {
                Line { ledger: Some(VERSION), .. } => is_headed = true,
                Line { ledger: Some(ledger), .. } => {
                    return Err(format!("version {ledger} is unknown to this release"));
                }
                Line { uid: Some(uid), agreed: Some(agreed), .. } => {
                    shard.people.insert(uid, agreed);
                }
                Line { erased: Some(erased), agreed: Some(agreed), .. } => {
                    shard.erased.insert(erased, agreed);
                }
                Line { address: Some(address), entry: Some(entry), .. } => {
                    shard.addresses.insert(address, entry);
                }
                Line { .. } => {
                    return Err("a line is neither heading, person nor address".to_owned());
                }
            }
        }
        if is_headed { Ok(shard) } else { Err("the heading line is missing".to_owned()) }
    }

    /// Writes a shard.
    ///
    /// # Errors
    /// When the compressor fails.
    pub fn encode(&self) -> io::Result<Bytes> {
        let mut writer = LinesWriter::new()?;
        writer.push(&Heading { ledger: VERSION })?;
        for (uid, agreed) in &self.people {
            writer.push(&LineRef::Person { uid, agreed })?;
        }
        for (erased, agreed) in &self.erased {
            writer.push(&LineRef::Erased { erased, agreed })?;
        }
        for (address, entry) in &self.addresses {
            writer.push(&LineRef::Address { address, entry })?;
        }
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FingerprintKey;
    use crate::domain::erasure::tombstone;

    #[test]
    fn a_shard_is_read_back_as_it_was_written() {
        let address = FingerprintKey::new([7; 32]).fingerprint("email", "ann@example.com");
        let agreed = Agreed { address: Some(address), ..Agreed::default() };
        let entry = AddressEntry { holder: Some("u1".into()), left: None };
        let erased = [(address, tombstone(jiff::Timestamp::UNIX_EPOCH))];
        let shard = Shard {
            people: [("u1".into(), agreed)].into(),
            erased: erased.into(),
            addresses: [(address, entry)].into(),
        };
        assert_eq!(Shard::decode(shard.encode().unwrap()), Ok(shard));
    }

    #[test]
    fn whoever_was_erased_is_known_by_a_fingerprint_until_they_come_back() {
        let print = FingerprintKey::new([7; 32]).fingerprint("uid", "u1");
        let left = tombstone(jiff::Timestamp::UNIX_EPOCH);
        let uid = Uid::from("u1");
        let mut shard = Shard::default();
        shard.agree(&uid, Some(print), Agreed::default());
        shard.agree(&uid, Some(print), left.clone());
        assert!(shard.people.is_empty());
        assert_eq!(shard.agreed(&uid, Some(print)), Some(&left));
        assert_eq!(shard.agreed(&"u2".into(), None), None);
        shard.agree(&uid, Some(print), Agreed::default());
        assert!(shard.erased.is_empty() && shard.people.contains_key(&uid));
    }

    #[test]
    fn a_shard_that_is_cut_or_of_another_version_is_never_read_as_empty() {
        assert!(Shard::decode(Bytes::new()).is_err());
        assert!(Shard::decode(Bytes::from_static(b"{\"ledger\":2}\n")).is_err());
        let whole = Shard::default().encode().unwrap();
        assert!(Shard::decode(whole.slice(..whole.len() - 3)).is_err());
    }

    #[test]
    fn people_spread_evenly_over_the_shards() {
        let mut counts = [0_u32; SHARDS as usize];
        for n in 0..64_000 {
            counts[usize::from(shard_of_person(&Uid::from(format!("_guid_{n}=="))))] += 1;
        }
        assert!(counts.iter().all(|count| (800..1_250).contains(count)), "{counts:?}");
    }
}
