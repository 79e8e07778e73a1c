//! Which contacts a sweep has been shown, in eight bytes each.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use bytes::Bytes;

use super::shard::fnv;
use crate::domain::ContactId;

/// The contacts that a read of everybody has shown so far, as hashes of 64 bits: of a million contacts, one that is gone
/// looks like one that was shown once in 10^13. Such a one is found by the next sweep no more than by this one, and
/// nobody is opted out by it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeenContacts(HashSet<u64, BuildHasherDefault<AsItIs>>);

/// What is hashed already is not hashed again.
#[derive(Debug, Clone, Copy, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = fnv(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl SeenContacts {
    /// Notes a contact.
    pub fn note(&mut self, contact: &ContactId) {
        self.0.insert(fnv(contact.as_str().as_bytes()));
    }

    /// Whether the contact was noted.
    pub fn has(&self, contact: &ContactId) -> bool {
        self.0.contains(&fnv(contact.as_str().as_bytes()))
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many were.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// As they are kept while a sweep is interrupted: eight bytes each, in order.
    pub fn to_bytes(&self) -> Bytes {
        let mut hashes: Vec<u64> = self.0.iter().copied().collect();
        hashes.sort_unstable();
        hashes.into_iter().flat_map(u64::to_le_bytes).collect()
    }

    /// Reads them back; `None` when it is not whole.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (hashes, rest) = bytes.as_chunks();
        rest.is_empty().then(|| Self(hashes.iter().map(|hash| u64::from_le_bytes(*hash)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_that_were_noted_are_read_back_and_no_others() {
        let mut seen = SeenContacts::default();
        (0..1_000).for_each(|n| seen.note(&format!("contact-{n}").into()));
        let again = SeenContacts::from_bytes(&seen.to_bytes()).unwrap();
        assert_eq!((again.count(), &again), (1_000, &seen));
        assert!(again.has(&"contact-7".into()) && !again.has(&"contact-1000".into()));
        assert_eq!(SeenContacts::from_bytes(&seen.to_bytes()[1..]), None);
        assert!(SeenContacts::from_bytes(b"").unwrap().is_empty());
    }
}
