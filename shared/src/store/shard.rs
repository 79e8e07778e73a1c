//! One shard of the ledger, as it is kept: a heading line, then one line per person and per address.
//!
//! ```text
//! {"ledger":1}
//! {"uid":"_guid_…","agreed":{…}}
//! {"erased":"Xw0…","agreed":{"left":{"kind":"erased","at":"…"}}}
//! {"address":"pY3…","entry":{"holder":"_guid_…"}}
//! ```
//!
//! Of the thousands of people in a shard a batch concerns a few. So a line is understood when somebody asks for it, and
//! all the others are written back as they were read: that is what makes the ledger cheap.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _};
use std::ops::Range;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::lines::{LinesWriter, read_text};
use crate::domain::agreed::{AddressEntry, Agreed};
use crate::domain::{ContactId, Fingerprint, Uid};

/// Shards of the ledger. A power of two that divides 256.
pub const SHARDS: u8 = 64;

/// The version of the format.
const VERSION: u32 = 1;

/// The longest text that is taken for a shard: a hundred times what a million people make of it.
const TEXT_BYTES_MAX: u64 = 1 << 30;

/// How a line about a person begins, and what is between their UID and what is agreed.
const PERSON: (&[u8], &[u8]) = (br#"{"uid":"#, br#","agreed":"#);
/// The same of a line about somebody who was erased.
const ERASED: (&[u8], &[u8]) = (br#"{"erased":"#, br#","agreed":"#);
/// How a line about an address begins, and what is between it and its entry.
const ADDRESS: (&[u8], &[u8]) = (br#"{"address":"#, br#","entry":"#);
/// How every line ends.
const END: &[u8] = b"}";
/// How what is agreed begins where the contact is known: [`Agreed`] writes it first.
const CONTACT: &[u8] = br#"{"contact":"#;

/// The people and addresses of one shard, each as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shard {
    people: BTreeMap<Uid, Bytes>,
    /// What is left of people whose accounts were deleted at Gigya, by the fingerprint of their UID.
    erased: BTreeMap<Fingerprint, Bytes>,
    addresses: BTreeMap<Fingerprint, Bytes>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heading {
    ledger: u32,
}

/// The shard of a person: by FNV-1a, which spreads well and never changes.
pub fn shard_of_person(uid: &Uid) -> u8 {
    let [first, ..] = fnv(uid.as_str().as_bytes()).to_be_bytes();
    first % SHARDS
}

/// The shard of an address.
pub fn shard_of_address(address: Fingerprint) -> u8 {
    address.first_byte() % SHARDS
}

/// FNV-1a of 64 bits.
pub(super) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Shard {
    /// Reads a shard. What a line says is only read by whoever asks for it.
    ///
    /// # Errors
    /// When it breaks off or any line is none of ours, in words: a shard is read whole or not at all.
    pub fn decode(object: Bytes) -> Result<Self, String> {
        let text = read_text(object, TEXT_BYTES_MAX).map_err(|error| error.kind().to_string())?;
        let mut lines = Lines { text: &text, at: 0 };
        let heading = lines.next().and_then(|line| serde_json::from_slice(&text[line]).ok());
        match heading {
            Some(Heading { ledger: VERSION }) => {}
            Some(Heading { ledger }) => {
                return Err(format!("version {ledger} is unknown to this release"));
            }
            None => return Err("the heading line is missing".to_owned()),
        }
        let (mut people, mut erased, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
        for line in lines {
            if let Some((uid, agreed)) = split(&text, &line, PERSON) {
                people.push((read(&text[uid])?, text.slice(agreed)));
            } else if let Some((print, agreed)) = split(&text, &line, ERASED) {
                erased.push((read(&text[print])?, text.slice(agreed)));
            } else if let Some((address, entry)) = split(&text, &line, ADDRESS) {
                addresses.push((read(&text[address])?, text.slice(entry)));
            } else {
                return Err("a line is neither heading, person nor address".to_owned());
            }
        }
        let (people, erased) = (people.into_iter().collect(), erased.into_iter().collect());
        Ok(Self { people, erased, addresses: addresses.into_iter().collect() })
    }

    /// Writes a shard.
    ///
    /// # Errors
    /// When the compressor fails.
    pub fn encode(&self) -> io::Result<Bytes> {
        let mut writer = LinesWriter::new()?;
        writer.push(&Heading { ledger: VERSION })?;
        for (uid, agreed) in &self.people {
            let uid = serde_json::to_vec(uid)?;
            writer.push_written(&[PERSON.0, &uid, PERSON.1, agreed, END])?;
        }
        for (print, agreed) in &self.erased {
            let print = serde_json::to_vec(print)?;
            writer.push_written(&[ERASED.0, &print, ERASED.1, agreed, END])?;
        }
        for (address, entry) in &self.addresses {
            let address = serde_json::to_vec(address)?;
            writer.push_written(&[ADDRESS.0, &address, ADDRESS.1, entry, END])?;
        }
        writer.finish()
    }

    /// What is agreed on about a person, or left of one who was erased. `print` is the fingerprint of the UID.
    ///
    /// # Errors
    /// When it cannot be read, in words.
    pub fn agreed(&self, uid: &Uid, print: Option<Fingerprint>) -> Result<Option<Agreed>, String> {
        let written = self.people.get(uid).or_else(|| self.erased.get(&print?));
        written.map(|written| read(written)).transpose()
    }

    /// Agrees on something else about a person. Whoever is erased is known by their fingerprint alone, until their account
    /// is there again. Answers whether it is anything new.
    ///
    /// # Errors
    /// When it cannot be written, in words.
    pub fn agree(
        &mut self,
        uid: &Uid,
        print: Option<Fingerprint>,
        agreed: &Agreed,
    ) -> Result<bool, String> {
        match print {
            Some(print) if agreed.is_erased() => {
                let was_known = self.people.remove(uid).is_some();
                Ok(put(&mut self.erased, print, agreed)? || was_known)
            }
            Some(_) | None => {
                let was_erased = print.is_some_and(|print| self.erased.remove(&print).is_some());
                Ok(put(&mut self.people, uid.clone(), agreed)? || was_erased)
            }
        }
    }

    /// Whether anybody in it was erased, and so is known by a fingerprint alone.
    pub fn has_erased(&self) -> bool {
        !self.erased.is_empty()
    }

    /// Who holds an address.
    ///
    /// # Errors
    /// When it cannot be read, in words.
    pub fn entry(&self, address: Fingerprint) -> Result<Option<AddressEntry>, String> {
        self.addresses.get(&address).map(|written| read(written)).transpose()
    }

    /// Says something else about an address; one that nobody holds and nobody left is forgotten. Answers whether it is
    /// anything new.
    ///
    /// # Errors
    /// When it cannot be written, in words.
    pub fn enter(&mut self, address: Fingerprint, entry: &AddressEntry) -> Result<bool, String> {
        if *entry == AddressEntry::default() {
            return Ok(self.addresses.remove(&address).is_some());
        }
        put(&mut self.addresses, address, entry)
    }

    /// The people in it, those who were erased left out.
    pub fn people(&self) -> impl Iterator<Item = &Uid> {
        self.people.keys()
    }

    /// The same, with whether each is in Constant Contact as far as we know.
    ///
    /// # Errors
    /// For a person about whom something is written that cannot be read, in words.
    pub fn people_there(&self) -> impl Iterator<Item = Result<(&Uid, bool), String>> {
        self.people.iter().map(|(uid, written)| {
            let is_there = written.starts_with(CONTACT) || read::<Agreed>(written)?.is_there();
            Ok((uid, is_there))
        })
    }

    /// The contact of each person who has one, without reading the rest about them.
    ///
    /// # Errors
    /// For a person about whom something is written that cannot be read, in words.
    pub fn contacts(&self) -> impl Iterator<Item = Result<(&Uid, ContactId), String>> {
        self.people.iter().filter_map(|(uid, written)| {
            let rest = written.strip_prefix(CONTACT)?;
            Some(match text_end(rest) {
                Some(end) => read(&rest[..end]).map(|contact| (uid, contact)),
                None => Err("a contact's id does not end".to_owned()),
            })
        })
    }
}

fn read<T: DeserializeOwned>(written: &[u8]) -> Result<T, String> {
    // The error of serde may quote a value, so only its place is told.
    serde_json::from_slice(written)
        .map_err(|error| format!("a line is not what it should be, at column {}", error.column()))
}

fn put<K: Ord, T: Serialize>(
    into: &mut BTreeMap<K, Bytes>,
    key: K,
    value: &T,
) -> Result<bool, String> {
    let written = serde_json::to_vec(value).map_err(|_| "a line cannot be written".to_owned())?;
    let before = into.get(&key);
    let is_new = before.is_none_or(|before| *before != written);
    if is_new {
        into.insert(key, written.into());
    }
    Ok(is_new)
}

/// The lines of a text that are not empty.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        while self.at < self.text.len() {
            let start = self.at;
            let mut rest = &self.text[start..];
            // Reading from memory does not fail.
            self.at += rest.skip_until(b'\n').unwrap_or(rest.len());
            let line = self.text[start..self.at].trim_ascii_end();
            if !line.is_empty() {
                return Some(start..start + line.len());
            }
        }
        None
    }
}

/// Where the key and the value of a line are, if it is of this kind.
fn split(
    text: &[u8],
    line: &Range<usize>,
    (opening, between): (&[u8], &[u8]),
) -> Option<(Range<usize>, Range<usize>)> {
    let key = text[line.clone()].strip_prefix(opening)?;
    let key_end = text_end(key)?;
    let value = key[key_end..].strip_prefix(between)?.strip_suffix(END)?;
    let key_at = line.start + opening.len();
    let value_at = key_at + key_end + between.len();
    Some((key_at..key_at + key_end, value_at..value_at + value.len()))
}

/// Where the JSON text ends with which the bytes begin.
fn text_end(bytes: &[u8]) -> Option<usize> {
    let rest = bytes.strip_prefix(b"\"")?;
    let mut is_escaped = false;
    let closing = rest.iter().position(|byte| {
        let closes = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        closes
    })?;
    Some(closing + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FingerprintKey;
    use crate::domain::erasure::tombstone;

    fn address() -> Fingerprint {
        FingerprintKey::new([7; 32]).fingerprint("email", "ann@example.com")
    }

    fn with_contact(contact: &str) -> Agreed {
        let lists = ["news".into()].into();
        Agreed {
            contact: Some(contact.into()),
            address: Some(address()),
            lists,
            ..Agreed::default()
        }
    }

    #[test]
    fn a_shard_is_read_back_as_it_was_written() {
        let entry = AddressEntry { holder: Some("u1".into()), left: None };
        let mut shard = Shard::default();
        let odd = Uid::from("a\"b\\c\\\"},\"agreed\":{\u{e9}\n");
        for uid in [&odd, &"u1".into()] {
            assert!(shard.agree(uid, None, &with_contact(uid.as_str())).unwrap());
            assert!(!shard.agree(uid, None, &with_contact(uid.as_str())).unwrap());
        }
        assert!(shard.enter(address(), &entry).unwrap());
        let again = Shard::decode(shard.encode().unwrap()).unwrap();
        assert_eq!(again, shard);
        assert_eq!(again.agreed(&odd, None).unwrap(), Some(with_contact(odd.as_str())));
        assert_eq!(again.entry(address()).unwrap(), Some(entry));
        assert_eq!(again.agreed(&"u2".into(), None).unwrap(), None);
    }

    #[test]
    fn contacts_and_counts_are_told_without_reading_the_rest() {
        let mut shard = Shard::default();
        shard.agree(&"known".into(), None, &with_contact("c\"1")).unwrap();
        let lists = ["news".into()].into();
        shard.agree(&"on a list".into(), None, &Agreed { lists, ..Agreed::default() }).unwrap();
        shard.agree(&"gone".into(), None, &Agreed::default()).unwrap();
        let contacts: Vec<_> = shard.contacts().map(Result::unwrap).collect();
        assert_eq!(contacts, [(&"known".into(), "c\"1".into())]);
        let there: Vec<_> = shard.people_there().map(Result::unwrap).collect();
        let names = there.into_iter().map(|(uid, is_there)| (uid.as_str(), is_there));
        assert!(names.eq([("gone", false), ("known", true), ("on a list", true)]));
    }

    #[test]
    fn whoever_was_erased_is_known_by_a_fingerprint_until_they_come_back() {
        let print = FingerprintKey::new([7; 32]).fingerprint("uid", "u1");
        let left = tombstone(jiff::Timestamp::UNIX_EPOCH);
        let uid = Uid::from("u1");
        let mut shard = Shard::default();
        shard.agree(&uid, Some(print), &Agreed::default()).unwrap();
        assert!(shard.agree(&uid, Some(print), &left).unwrap());
        assert!(!shard.agree(&uid, Some(print), &left).unwrap());
        let mut shard = Shard::decode(shard.encode().unwrap()).unwrap();
        assert!(shard.has_erased() && shard.people().next().is_none());
        assert_eq!(shard.agreed(&uid, Some(print)).unwrap(), Some(left));
        assert_eq!(shard.agreed(&"u2".into(), None).unwrap(), None);
        assert!(shard.agree(&uid, Some(print), &Agreed::default()).unwrap());
        assert!(!shard.has_erased() && shard.people().eq([&uid]));
    }

    #[test]
    fn an_address_that_says_nothing_is_forgotten() {
        let mut shard = Shard::default();
        let entry = AddressEntry { holder: Some("u1".into()), left: None };
        shard.enter(address(), &entry).unwrap();
        assert!(shard.enter(address(), &AddressEntry::default()).unwrap());
        assert!(!shard.enter(address(), &AddressEntry::default()).unwrap());
        assert_eq!(shard, Shard::default());
    }

    #[test]
    fn a_shard_that_is_cut_or_of_another_version_is_never_read_as_empty() {
        assert!(Shard::decode(Bytes::new()).is_err());
        assert!(Shard::decode(Bytes::from_static(b"{\"ledger\":2}\n")).is_err());
        let whole = Shard::default().encode().unwrap();
        assert!(Shard::decode(whole.slice(..whole.len() - 3)).is_err());
        for line in ["{\"uid\":\"u1\"}", "{\"uid\":\"u1\",\"agreed\":{", "{}", "{\"uid\":\"u1"] {
            let text = format!("{{\"ledger\":1}}\n{line}\n");
            assert!(Shard::decode(text.into()).is_err(), "{line}");
        }
        let text = "{\"ledger\":1}\n{\"uid\":\"u1\",\"agreed\":{\"contact\":7}}\n";
        let shard = Shard::decode(text.into()).unwrap();
        assert!(
            shard.agreed(&"u1".into(), None).is_err() && shard.contacts().any(|it| it.is_err())
        );
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
