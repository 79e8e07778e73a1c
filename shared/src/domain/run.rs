//! A run: one export from its first page to its last batch, and what is left to do until it is settled.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ids::{CustomerName, RunId, Uid};
use super::limits::MESSAGE_DAYS_MAX;
use super::report::{Calls, Scope, Trigger, Window};
use super::watermark::{GigyaClock, LeftOut, Watermark, Watermarks};

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
    /// Which changes it reads; the beginning is that of its first clock.
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
    /// By which clocks it reads, and how far each has come. A record of before there were several is of the first
    /// alone, and reads that anew from its beginning: some are read twice, and nobody is left out.
    #[serde(default = "accounts_alone")]
    pub clocks: BTreeMap<GigyaClock, Reading>,
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

/// How far reading by one clock has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Reading {
    /// Where it starts; `None`: from the beginning. All clocks end where the run's window does.
    pub from: Option<Timestamp>,
    /// Up to where everybody is dealt with.
    pub mark: Option<Mark>,
    /// How many entries were dealt with of those that changed long enough before the window's end for search to know them all.
    pub shown: u64,
    /// Whether it goes on.
    pub state: ReadingState,
    /// That the runs before it left accounts out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// Whether the time of the email account stands for that of the subscription: it finds everybody whom the other
    /// finds, and those who confirmed a double opt-in.
    pub by_email_account: bool,
}

/// Whether reading by a clock goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadingState {
    /// There may be more.
    #[default]
    Open,
    /// Everybody is dealt with.
    Through,
    /// Gigya refused for good, and the other clocks went on: this one's watermark stays where it is.
    Refused,
    /// The pages held fewer than Gigya counts: the watermark stays where it is, so that the next run shows who was left out.
    LeftOut,
}

/// The last person who is durably dealt with. A continued read starts at their time (`>=`, since thousands may share one
/// millisecond) and leaves out whom it has already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The time of the last of them, by the clock.
    pub at: Timestamp,
    /// Everybody dealt with who has exactly this time.
    pub uids: Vec<Uid>,
}

fn accounts_alone() -> BTreeMap<GigyaClock, Reading> {
    [(GigyaClock::Accounts, Reading::default())].into()
}

/// Whether something that moved a run is so long ago that the run stands still.
pub fn is_long_ago(moved_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(moved_at) > SignedDuration::from_hours(STILL_HOURS_MAX)
}

impl Run {
    /// Whether the run has stood still for too long, or is so old that no message of it is left in the queue.
    pub fn stands_still(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.started_at);
        is_long_ago(self.moved_at, now) || age > SignedDuration::from_hours(MESSAGE_DAYS_MAX * 24)
    }

    /// Accounts of one batch.
    pub fn size_of(&self, ordinal: u32) -> u32 {
        usize::try_from(ordinal).ok().and_then(|at| self.sizes.get(at)).copied().unwrap_or(0)
    }

    /// Takes a step with the watermarks of each clock by which this run read everything that they pass: they move to the end
    /// of its window.
    pub fn move_marks(&self, marks: &mut Watermarks, step: fn(Watermark, Timestamp) -> Watermark) {
        self.change_marks(marks, ReadingState::Through, step);
    }

    /// Notes in the watermarks by which clocks pages of this run left accounts out.
    pub fn note_left_out(&self, marks: &mut Watermarks) {
        self.change_marks(marks, ReadingState::LeftOut, Watermark::left_out);
    }

    /// Takes a step with the watermarks of each clock whose reading came to this state, and which this run may change.
    fn change_marks(
        &self,
        marks: &mut Watermarks,
        state: ReadingState,
        step: fn(Watermark, Timestamp) -> Watermark,
    ) {
        for (clock, reading) in &self.clocks {
            let before = marks.of(*clock);
            let covers = match self.scope {
                Scope::Sample { .. } => false,
                Scope::Delta | Scope::Full => true,
                Scope::Since { since } => {
                    before.confirmed_through.is_some_and(|mark| since <= mark)
                }
            };
            if covers && !self.dry_run && reading.state == state {
                *marks = marks.with(*clock, step(before, self.window.to));
            }
        }
    }
}

impl Mark {
    /// The mark after these people. It never moves back: whoever is read out of turn does not count.
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

    /// Whether this person, whose time by the clock this is, is dealt with already.
    pub fn has(&self, at: Option<Timestamp>, uid: &Uid) -> bool {
        at == Some(self.at) && self.uids.contains(uid)
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
    /// Runs that were given up, until whoever was in them is planned and agreed on anew. Nobody asks after their imports any
    /// more, which Constant Contact may have carried out, or still do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given_up: Vec<GivenUp>,
}

/// A run that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    /// Which.
    pub run: RunId,
    /// What it was to read.
    #[serde(flatten)]
    pub scope: Scope,
}

impl RunLease {
    /// The runs whose imports and removals may be on their way, or carried out without our knowing: the open one, and
    /// those that were given up.
    pub fn unclear(&self) -> impl Iterator<Item = &RunId> {
        let given_up = self.given_up.iter().map(|given_up| &given_up.run);
        given_up.chain(self.open.iter().map(|open| &open.run))
    }

    /// Ends this run, if it is the open one.
    pub fn close(&mut self, run: &Run) {
        if self.open.take_if(|open| open.run == run.run).is_none() || run.dry_run {
            return;
        }
        if run.phase != Phase::Settled {
            self.given_up.push(GivenUp { run: run.run.clone(), scope: run.scope });
        } else if run.clocks.values().all(|clock| clock.state == ReadingState::Through) {
            self.given_up.retain(|given_up| !run.scope.covers(given_up.scope));
        }
    }
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

    fn run(scope: Scope, clocks: &str) -> Run {
        let text = format!(
            r#"{{"run":"r","customer":"c","trigger":"schedule",{},"dry_run":false,
                "window":{{"from":null,"to":"2026-11-23T00:00:00Z"}},
                "started_at":"2026-11-23T00:00:00Z","moved_at":"2026-11-23T00:00:00Z",
                "phase":"reading","read":0,"batches":0,"announced":0,"sizes":[]{clocks},
                "calls":{{"gigya":0,"constant_contact":0}}}}"#,
            serde_json::to_string(&scope).unwrap().trim_matches(['{', '}'])
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_run_stands_still_after_a_day_and_once_its_messages_are_gone() {
        let run = run(Scope::Full, "");
        let after = |hours| run.started_at + SignedDuration::from_hours(hours);
        assert!(!run.stands_still(after(24)) && run.stands_still(after(25)));
        let moving =
            |hours| Run { moved_at: after(hours), ..run.clone() }.stands_still(after(hours));
        assert!(!moving(14 * 24) && moving(14 * 24 + 1));
    }

    #[test]
    fn a_run_moves_the_marks_of_the_clocks_that_it_read_to_their_end_and_of_no_other() {
        let clocks = r#","clocks":{"accounts":{"state":"through"},"lite":{"state":"refused"},
                        "subscriptions":{}}"#;
        let delta = run(Scope::Delta, clocks);
        let moved_by = |run: &Run, mut marks: Watermarks, step| {
            run.move_marks(&mut marks, step);
            marks
        };
        let moved = moved_by(&delta, Watermarks::default(), Watermark::confirmed);
        assert_eq!(moved.accounts.confirmed_through, Some(delta.window.to));
        assert_eq!((moved.lite, moved.subscriptions), (Watermark::default(), Watermark::default()));
        let dry = Run { dry_run: true, ..delta };
        assert_eq!(moved_by(&dry, moved, Watermark::read), moved);
        let since = run(Scope::Since { since: moved.accounts.confirmed_through.unwrap() }, clocks);
        let nothing = moved_by(&since, Watermarks::default(), Watermark::confirmed);
        assert_eq!(nothing, Watermarks::default(), "what lies before is not read");
        assert_eq!(moved_by(&since, moved, Watermark::confirmed), moved);
    }

    #[test]
    fn a_record_of_before_there_were_several_clocks_reads_its_one_clock_from_the_beginning() {
        let old = run(Scope::Delta, r#","mark":{"at":"2026-11-22T00:00:00Z","uids":["a"]}"#);
        let clocks = [(GigyaClock::Accounts, Reading::default())].into();
        assert_eq!(old.clocks, clocks);
        let text = serde_json::to_string(&Run { scope: Scope::Full, ..old }).unwrap();
        assert_eq!(serde_json::from_str::<Run>(&text).unwrap().clocks, clocks);
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
