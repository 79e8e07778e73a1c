//! A run: one export from its first page to its last batch, and what is left to do until it is settled.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::ids::{CustomerName, RunId, Uid};
use super::report::{Calls, Scope, Trigger, Window};

/// A run that has not moved for so long is closed as failed, with a report.
pub const STILL_HOURS_MAX: i64 = 24;

/// `runs/<run>/run.json`: what was asked for, and how far reading has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The run's own id, kept through kills and resumes.
    pub run: RunId,
    /// Whose run it is.
    pub customer: CustomerName,
    /// What started it.
    pub trigger: Trigger,
    /// What it is to read.
    #[serde(flatten)]
    pub scope: Scope,
    /// Whether it only says what it would do.
    pub dry_run: bool,
    /// Which changes it reads.
    pub window: Window,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it last moved.
    pub moved_at: Timestamp,
    /// How far it has come.
    pub phase: Phase,
    /// Accounts read so far, each once.
    pub read: u64,
    /// Batches staged so far; their ordinals are 0 to one less.
    pub batches: u32,
    /// How many of them are announced.
    pub announced: u32,
    /// Accounts of each batch.
    pub sizes: Vec<u32>,
    /// Up to where the staged batches reach.
    pub mark: Option<Mark>,
    /// What reading cost.
    pub calls: Calls,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Pages are being read, or wait to be.
    Reading,
    /// Everything is staged and announced; batches may be in flight.
    Announced,
    /// Every batch is settled and the report is written.
    Settled,
    /// Given up, with a report.
    Failed,
}

/// The last account that is durably staged. A continued read starts at its time (`>=`, since thousands may share one
/// millisecond) and leaves out whom it has already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The time of the last staged account.
    pub at: Timestamp,
    /// Everybody staged with exactly this time.
    pub uids: Vec<Uid>,
}

impl Run {
    /// Whether the run has stood still for too long.
    pub fn stands_still(&self, now: Timestamp) -> bool {
        now.duration_since(self.moved_at) > SignedDuration::from_hours(STILL_HOURS_MAX)
    }

    /// Accounts of one batch.
    pub fn size_of(&self, ordinal: u32) -> u32 {
        usize::try_from(ordinal).ok().and_then(|at| self.sizes.get(at)).copied().unwrap_or(0)
    }

    /// Whether everything that the watermark would pass is read by this run.
    pub fn covers_since(&self, confirmed_through: Option<Timestamp>) -> bool {
        match self.scope {
            Scope::Sample { .. } => false,
            Scope::Delta | Scope::Full => true,
            Scope::Since { since } => confirmed_through.is_some_and(|mark| since <= mark),
        }
    }
}

impl Mark {
    /// The mark after these accounts. It never moves back: whoever is read out of turn does not count.
    pub fn after(before: Option<Self>, staged: &[(Timestamp, Uid)]) -> Option<Self> {
        let Some(at) = staged.iter().map(|(at, _)| *at).max() else { return before };
        let mut uids = match before {
            Some(mark) if mark.at > at => return Some(mark),
            Some(mark) if mark.at == at => mark.uids,
            Some(_) | None => Vec::new(),
        };
        uids.extend(staged.iter().filter(|(time, _)| *time == at).map(|(_, uid)| uid.clone()));
        Some(Self { at, uids })
    }

    /// Whether this account is staged already.
    pub fn has(&self, account: &Account) -> bool {
        account.last_updated() == Some(self.at) && self.uids.contains(account.uid())
    }
}

/// The id of a run that starts at this instant: `20261123T045000Z-delta`.
pub fn run_id(started_at: Timestamp, scope: Scope) -> RunId {
    let scope = match scope {
        Scope::Delta => "delta",
        Scope::Full => "full",
        Scope::Since { .. } => "since",
        Scope::Sample { .. } => "sample",
    };
    let civil = started_at.to_zoned(TimeZone::UTC);
    RunId::new(format!("{}-{scope}", civil.strftime("%Y%m%dT%H%M%SZ")))
}

/// `state/run.json`: the run in progress, if any, and who reads it. At most one at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunLease {
    /// The run that is not settled yet.
    pub open: Option<OpenRun>,
    /// A scheduled run that was asked for meanwhile; it starts at the next tick after.
    pub remembered: Option<Scope>,
}

/// The open run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRun {
    /// Which.
    pub run: RunId,
    /// The invocation that reads pages for it.
    pub holder: String,
    /// When that right dies, if it is not given back sooner.
    pub until: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_after_its_start_and_scope() {
        let at = "2026-11-23T04:50:07.9Z".parse().unwrap();
        assert_eq!(run_id(at, Scope::Delta).as_str(), "20261123T045007Z-delta");
    }

    #[test]
    fn the_mark_keeps_everybody_of_its_last_millisecond_over_several_batches() {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let first = Mark::after(None, &[(at(1), "a".into()), (at(2), "b".into())]);
        let second = Mark::after(first, &[(at(2), "c".into())]).unwrap();
        assert_eq!((second.at, second.uids.len()), (at(2), 2));
        let third = Mark::after(Some(second.clone()), &[(at(3), "d".into())]).unwrap();
        assert_eq!(third.uids, ["d".into()]);
        assert_eq!(Mark::after(Some(second.clone()), &[]), Some(second.clone()));
        let out_of_turn = Mark::after(Some(second.clone()), &[(at(1), "e".into())]);
        assert_eq!(out_of_turn, Some(second));
    }
}
