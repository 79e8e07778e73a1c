//! The sweep: everybody in Constant Contact against the ledger, once a day and on demand.
//!
//! It is done by pages. A bulk export would cost fewer calls ([`Cost`]), but its file shows no contact's id, names lists
//! and custom fields by labels that the marketer may change, and leaves out whoever was deleted (OAS, `ContactsExport` and
//! `ActivityGetExport`); so it cannot tell who is missing.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ids::{ContactId, Uid};
use super::limits::CONTACTS_PAGE_MAX;

/// How long before upload would take the last sweep for stale the next one begins.
const AHEAD: SignedDuration = SignedDuration::from_hours(3);
/// How long a sweep waits that could not be brought to its end, unless somebody asks for it.
const TRIED_AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// How often an interrupted sweep begins again from the first page before it is given up: nobody says how long Constant
/// Contact's bookmarks live.
pub const BEGUN_AGAIN_MAX: u32 = 3;

/// A sweep that one invocation could not bring to its end, as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// When it began. Everything that changed in Constant Contact before is in it.
    pub began_at: Timestamp,
    /// How far it has come.
    pub stage: SweepStage,
    /// How often it began again from the first page.
    pub begun_again: u32,
    /// Those of whom it showed that they left, and who are carried at its end; as many as the brake lets pass.
    pub departed: BTreeMap<Uid, ContactId>,
    /// How many left.
    pub departures: u64,
}

/// How far a sweep has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum SweepStage {
    /// Pages are read.
    Pages {
        /// The vendor's bookmark of the next page; `None` before the first one.
        next: Option<String>,
    },
    /// Everybody was shown, and those who are believed there and were not shown are looked at one by one.
    Missing {
        /// The shard of the ledger that is next.
        shard: u8,
    },
    /// Those who left are left to be carried.
    Departures,
}

impl Sweep {
    /// Before the first page.
    pub fn begin(now: Timestamp) -> Self {
        Self {
            began_at: now,
            stage: SweepStage::Pages { next: None },
            begun_again: 0,
            departed: BTreeMap::new(),
            departures: 0,
        }
    }

    /// Before the first page once more; `None` when that was so too often.
    #[must_use]
    pub fn begin_again(self, now: Timestamp) -> Option<Self> {
        let begun_again = self.begun_again + 1;
        (begun_again <= BEGUN_AGAIN_MAX).then(|| Self { begun_again, ..Self::begin(now) })
    }
}

/// How old the last sweep may be before poll makes the next one by itself, where upload refuses to submit after so many
/// hours: early enough that upload does not have to wait.
pub fn sweep_every(fresh_hours: u32) -> SignedDuration {
    let fresh = SignedDuration::from_hours(i64::from(fresh_hours));
    (fresh - AHEAD).max(fresh / 2)
}

/// Whether a sweep is to begin: the last one is older than [`sweep_every`] says, and the last attempt is not a moment ago.
pub fn is_due(
    swept_at: Option<Timestamp>,
    tried_at: Option<Timestamp>,
    fresh_hours: u32,
    now: Timestamp,
) -> bool {
    let is_older = |at: Option<Timestamp>, than: SignedDuration| {
        at.is_none_or(|at| now.duration_since(at) >= than)
    };
    is_older(swept_at, sweep_every(fresh_hours)) && is_older(tried_at, TRIED_AGAIN_AFTER)
}

/// What a sweep costs in calls to Constant Contact, by either way of reading everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// By pages of [`CONTACTS_PAGE_MAX`]; an empty tenant has one.
    pub pages: u64,
    /// By a bulk export: it is submitted, asked after at every tick, and its file is fetched. The guide speaks of active,
    /// unsubscribed and removed contacts as exports of their own.
    pub export: u64,
}

/// Exports that together hold everybody (guide, `export_contacts`, `status`).
const EXPORTS: u64 = 3;
/// Ticks until an export is complete: a guess.
const EXPORT_TICKS: u64 = 2;

/// The cost for so many contacts.
pub fn cost(contacts: u64) -> Cost {
    let pages = contacts.div_ceil(CONTACTS_PAGE_MAX as u64).max(1);
    Cost { pages, export: EXPORTS * (1 + EXPORT_TICKS + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_sweep_is_due_before_upload_takes_the_last_one_for_stale() {
        for hours in [1, 2, 6, 26, 720] {
            let fresh = SignedDuration::from_hours(i64::from(hours));
            assert!(sweep_every(hours) < fresh && sweep_every(hours) >= fresh / 2, "{hours}");
        }
        assert_eq!(sweep_every(26), SignedDuration::from_hours(23));
        let now = at("2026-11-02T12:00:00Z");
        assert!(is_due(None, None, 26, now));
        assert!(is_due(Some(at("2026-11-01T13:00:00Z")), None, 26, now));
        assert!(!is_due(Some(at("2026-11-01T13:00:01Z")), None, 26, now));
    }

    #[test]
    fn a_sweep_that_came_to_nothing_waits_an_hour() {
        let now = at("2026-11-02T12:00:00Z");
        assert!(!is_due(None, Some(at("2026-11-02T11:00:01Z")), 26, now));
        assert!(is_due(None, Some(at("2026-11-02T11:00:00Z")), 26, now));
    }

    #[test]
    fn a_sweep_begins_again_only_so_often() {
        let now = at("2026-11-02T12:00:00Z");
        let mut sweep = Some(Sweep::begin(now));
        let mut times = 0;
        while let Some(begun) = sweep {
            sweep = begun.begin_again(now);
            times += 1;
        }
        assert_eq!(times, BEGUN_AGAIN_MAX + 1);
    }

    #[test]
    fn pages_cost_a_call_for_every_five_hundred_contacts_and_an_export_a_handful() {
        assert_eq!(cost(0), Cost { pages: 1, export: 12 });
        assert_eq!((cost(500).pages, cost(501).pages, cost(100_000).pages), (1, 2, 200));
        assert_eq!(cost(1_000_000), Cost { pages: 2_000, export: 12 });
    }
}
