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
    /// By the clock that showed them early enough to be counted; by none, who was read for another reason.
    by: BTreeMap<Option<GigyaClock>, HashSet<u128>>,
    keys: [RandomState; 2],
}

impl Seen {
    /// Whether nobody has asked about this person before.
    pub(crate) fn is_new(&mut self, uid: &Uid, shown_by: Option<GigyaClock>) -> bool {
        let is_new = !self.has(uid);
        if is_new {
            self.note(uid, shown_by);
        }
        is_new
    }

    /// Notes who shows this person, who may have been seen before.
    pub(crate) fn note(&mut self, uid: &Uid, shown_by: Option<GigyaClock>) {
        let hash = self.hash(uid);
        self.by.entry(shown_by).or_default().insert(hash);
    }

    pub(crate) fn has(&self, uid: &Uid) -> bool {
        let hash = self.hash(uid);
        self.by.values().any(|hashes| hashes.contains(&hash))
    }

    /// Whether this clock showed this person early enough to be counted.
    pub(crate) fn was_shown_by(&self, clock: GigyaClock, uid: &Uid) -> bool {
        let hash = self.hash(uid);
        self.by.get(&Some(clock)).is_some_and(|hashes| hashes.contains(&hash))
    }

    /// Whoever was asked about and could not be staged is new again.
    pub(crate) fn forget<'a>(&mut self, uids: impl Iterator<Item = &'a Uid>) {
        for uid in uids {
            let hash = self.hash(uid);
            for hashes in self.by.values_mut() {
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
