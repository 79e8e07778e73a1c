//! A batch while it grows, and whom this invocation has seen.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use jiff::Timestamp;
use shared::domain::watermark::GigyaClock;
use shared::domain::{Account, Uid};
use shared::store::lines::LinesWriter;

use crate::error::ExportError;

/// Whom this invocation has seen, as hashes: 16 bytes a person, so that a million fit a small function.
#[derive(Default)]
pub(crate) struct Seen {
    /// Who is read: by the clock that showed them early enough to be counted, or by none.
    read: BTreeMap<Option<GigyaClock>, HashSet<u128>>,
    /// Whom the subscriptions' clock has shown early enough to be counted. It tells whose accounts to read, no more.
    told: HashSet<u128>,
    keys: [RandomState; 2],
}

impl Seen {
    /// Whether this person is not read yet; from now on they are.
    pub(crate) fn is_new(&mut self, uid: &Uid, counted_by: Option<GigyaClock>) -> bool {
        let hash = self.hash(uid);
        !self.has(uid) && self.read.entry(counted_by).or_default().insert(hash)
    }

    /// Notes that the subscriptions' clock shows this person.
    pub(crate) fn tell(&mut self, uid: &Uid) {
        self.told.insert(self.hash(uid));
    }

    pub(crate) fn has(&self, uid: &Uid) -> bool {
        let hash = self.hash(uid);
        self.read.values().any(|hashes| hashes.contains(&hash))
    }

    /// Whether this clock showed this person early enough to be counted.
    pub(crate) fn was_counted_by(&self, clock: GigyaClock, uid: &Uid) -> bool {
        let counted = match clock {
            GigyaClock::Accounts | GigyaClock::Lite => self.read.get(&Some(clock)),
            GigyaClock::Subscriptions => Some(&self.told),
        };
        counted.is_some_and(|hashes| hashes.contains(&self.hash(uid)))
    }

    /// Whoever was asked about and could not be staged is new again.
    pub(crate) fn forget<'a>(&mut self, uids: impl Iterator<Item = &'a Uid>) {
        for uid in uids {
            let hash = self.hash(uid);
            for hashes in self.read.values_mut() {
                hashes.remove(&hash);
            }
        }
    }

    fn hash(&self, uid: &Uid) -> u128 {
        let [high, low] = &self.keys;
        (u128::from(high.hash_one(uid)) << 64) | u128::from(low.hash_one(uid))
    }
}

/// Whose turn it was by a clock, and when.
pub(crate) type Turn = (GigyaClock, Timestamp);

/// A batch while it grows. Only its compressed form is held.
pub(crate) struct Batch {
    lines: LinesWriter,
    /// Whom the clocks have passed once this batch is at rest: those who are in it, and those who need not be.
    pub(crate) passed: BTreeMap<GigyaClock, Vec<(Timestamp, Uid)>>,
}

impl Batch {
    pub(crate) fn new() -> Result<Self, ExportError> {
        let lines = LinesWriter::new().map_err(ExportError::Stage)?;
        Ok(Self { lines, passed: BTreeMap::new() })
    }

    /// Takes an account in.
    pub(crate) fn push(
        &mut self,
        account: &Account,
        turn: Option<Turn>,
    ) -> Result<(), ExportError> {
        self.lines.push(account).map_err(ExportError::Stage)?;
        self.pass(account.uid(), turn);
        Ok(())
    }

    /// Notes that somebody's turn is over; nobody's, where they are read out of turn.
    pub(crate) fn pass(&mut self, uid: &Uid, turn: Option<Turn>) {
        if let Some((clock, at)) = turn {
            self.passed.entry(clock).or_default().push((at, uid.clone()));
        }
    }

    /// How many entries a clock has passed whose time is no later than this.
    pub(crate) fn passed_until(&self, clock: GigyaClock, until: Timestamp) -> u64 {
        let passed = self.passed.get(&clock).map(Vec::as_slice).unwrap_or_default();
        passed.iter().filter(|(at, _)| *at <= until).count() as u64
    }

    pub(crate) fn accounts(&self) -> u64 {
        self.lines.lines()
    }

    /// The batch as it is staged.
    pub(crate) fn finish(self) -> Result<Bytes, ExportError> {
        self.lines.finish().map_err(ExportError::Stage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_told_of_is_not_read_and_who_is_read_is_counted_by_their_clock_alone() {
        let (told, read) = (Uid::new("told".to_owned()), Uid::new("read".to_owned()));
        let mut seen = Seen::default();
        seen.tell(&told);
        assert!(!seen.has(&told) && seen.is_new(&told, None) && !seen.is_new(&told, None));
        assert!(seen.is_new(&read, Some(GigyaClock::Lite)));
        let counted = |uid| {
            let clocks = [GigyaClock::Accounts, GigyaClock::Lite, GigyaClock::Subscriptions];
            clocks.map(|clock| seen.was_counted_by(clock, uid))
        };
        assert_eq!((counted(&told), counted(&read)), ([false, false, true], [false, true, false]));
        seen.forget([&read].into_iter());
        assert!(!seen.has(&read));
    }
}
