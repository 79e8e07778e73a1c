//! A batch while it grows, and whom this invocation has seen.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use jiff::Timestamp;
use shared::domain::watermark::GigyaClock;
use shared::domain::{Account, Uid};
use shared::store::lines::LinesWriter;

use crate::error::ExportError;

/// Whom this invocation has staged, as hashes: 16 bytes a person, so that a million fit a small function.
#[derive(Default)]
pub(crate) struct Seen {
    hashes: HashSet<u128>,
    keys: [RandomState; 2],
}

impl Seen {
    /// Whether nobody has asked about this person before.
    pub(crate) fn is_new(&mut self, uid: &Uid) -> bool {
        let hash = self.hash(uid);
        self.hashes.insert(hash)
    }

    pub(crate) fn has(&self, uid: &Uid) -> bool {
        self.hashes.contains(&self.hash(uid))
    }

    /// Whoever was asked about and could not be staged is new again.
    pub(crate) fn forget<'a>(&mut self, uids: impl Iterator<Item = &'a Uid>) {
        for uid in uids {
            let hash = self.hash(uid);
            self.hashes.remove(&hash);
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
