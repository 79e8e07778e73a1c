//! What a run is going to cost, told from what it is going to do. A pure function of counts and limits.

use serde::{Deserialize, Serialize};

use super::{Action, Actions, Calls, grouped};
use crate::domain::limits::{BULK_CONTACT_IDS_MAX, CONTACTS_PAGE_MAX};

/// What a dry run foresees of the run that would do what it planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlook {
    /// Calls to both vendors, reading included.
    pub calls: Calls,
    /// Minutes that it takes at least, rounded up: at the pace of the keys, under the day's quota, and with poll looking
    /// every five minutes. How long Constant Contact takes over an import, nobody says.
    pub minutes: u64,
    /// Whether it planned after everything that changed in Constant Contact had been read. If not, whoever left there since
    /// is planned as if they had stayed; the run itself would wait for the read.
    pub is_fresh: bool,
}

/// What a run is going to do, in counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work<'a> {
    /// What happens to people.
    pub actions: &'a Actions,
    /// Imports that their rows fill.
    pub imports: u64,
    /// Calls to Gigya that reading took.
    pub reads: u64,
}

/// How fast calls may go to the vendors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// Calls a second to Constant Contact, at least 1.
    pub constant_contact_per_second: u32,
    /// Calls a day to Constant Contact, at least 1.
    pub constant_contact_per_day: u32,
    /// Calls a second to Gigya, at least 1.
    pub gigya_per_second: u32,
}

/// Calls to Gigya for one person who is written singly or leaves: the account is read afresh.
const GIGYA_CALLS_PER_PERSON: u64 = 1;
/// Calls to Constant Contact for one person who is amended, asked or unsubscribed, at most: the contact is read to decide, read whole to be
/// amended, and written.
const CALLS_PER_AMENDMENT: u64 = 3;
/// Calls to Constant Contact for one person who is removed in bulk: the contact is read to decide.
const CALLS_PER_REMOVAL: u64 = 1;
/// Calls for one bulk activity: it is submitted, and asked after at two ticks.
const CALLS_PER_ACTIVITY: u64 = 3;
/// Calls of one inbound read that finds nothing: two passes.
const CALLS_PER_INBOUND_READ: u64 = 2;
/// Ticks from the plan to the end, where something is to be done: one to submit, one to settle, one to read back.
const TICKS: u64 = 3;
/// Minutes between two ticks.
const TICK_MINUTES: u64 = 5;

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

impl Outlook {
    /// What this work costs under these limits.
    pub fn of(work: Work<'_>, limits: CallLimits, is_fresh: bool) -> Self {
        let calls = work.calls();
        let paced = |calls: u64, per_second: u32| calls.div_ceil(u64::from(per_second.max(1)));
        let per_day = u64::from(limits.constant_contact_per_day.max(1));
        // A quota that is spent delays the rest to the next day.
        let whole_days = calls.constant_contact.saturating_sub(1) / per_day;
        let last_day = calls.constant_contact - whole_days * per_day;
        let constant_contact =
            whole_days * SECONDS_PER_DAY + paced(last_day, limits.constant_contact_per_second);
        let seconds = constant_contact + paced(calls.gigya, limits.gigya_per_second);
        let ticks = if work.actions.is_empty() { 1 } else { TICKS };
        Self { calls, minutes: seconds.div_ceil(60).max(ticks * TICK_MINUTES), is_fresh }
    }
}

impl Outlook {
    /// What a dry run says that planned without a fresh inbound read.
    pub const STALE: &str = "What changed in Constant Contact had not been read when this was planned: whoever left there since the last read is counted as if they had stayed. The run itself waits for the read.";

    /// The cost in one sentence.
    pub fn words(&self) -> String {
        let time = match (self.minutes / 60, self.minutes % 60) {
            (0, minutes) => format!("{minutes} min"),
            (hours, 0) => format!("{} h", grouped(hours)),
            (hours, minutes) => format!("{} h {minutes} min", grouped(hours)),
        };
        format!(
            "About {} calls to Gigya and {} to Constant Contact, and at least {time} at the pace and under the daily quota of your key.",
            grouped(self.calls.gigya),
            grouped(self.calls.constant_contact)
        )
    }
}

impl Work<'_> {
    fn calls(self) -> Calls {
        let people = |action| self.actions.people(action);
        let pages = |people: u64, page: usize| people.div_ceil(page as u64);
        let rows = people(Action::Join) + people(Action::Update);
        let single = people(Action::Amend) + people(Action::Ask) + people(Action::Unsubscribe);
        let in_bulk = [people(Action::RemoveFromLists), people(Action::Delete)];
        let removed: u64 = in_bulk.into_iter().sum();
        let activities = self.imports
            + in_bulk.into_iter().map(|people| pages(people, BULK_CONTACT_IDS_MAX)).sum::<u64>();
        // What was written shows up in the next inbound read, and ends there as our own.
        let read_back = pages(rows + single + removed, CONTACTS_PAGE_MAX);
        Calls {
            gigya: self.reads + (single + removed) * GIGYA_CALLS_PER_PERSON,
            constant_contact: CALLS_PER_INBOUND_READ
                + activities * CALLS_PER_ACTIVITY
                + single * CALLS_PER_AMENDMENT
                + removed * CALLS_PER_REMOVAL
                + read_back,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::report::Sample;

    use super::*;

    const USUAL: CallLimits = CallLimits {
        constant_contact_per_second: 4,
        constant_contact_per_day: 10_000,
        gigya_per_second: 5,
    };

    fn actions(counts: &[(Action, u64)]) -> Actions {
        let mut actions = Actions::default();
        let sample = || Sample { uid: "u".into(), reason: String::new(), fields: Vec::new() };
        for (action, count) in counts {
            (0..*count).for_each(|_| actions.add(*action, sample));
        }
        actions
    }

    fn outlook(counts: &[(Action, u64)], imports: u64, reads: u64) -> Outlook {
        let actions = actions(counts);
        Outlook::of(Work { actions: &actions, imports, reads }, USUAL, true)
    }

    #[test]
    fn a_run_that_does_nothing_costs_what_reading_costs() {
        let quiet = outlook(&[], 0, 7);
        assert_eq!(quiet.calls, Calls { gigya: 7, constant_contact: 2 });
        assert_eq!(quiet.minutes, 5, "until poll has looked");
    }

    #[test]
    fn ten_thousand_rows_cost_few_calls_because_they_travel_in_bulk() {
        let bulk = outlook(&[(Action::Join, 10_000)], 1, 20);
        assert_eq!(bulk.calls, Calls { gigya: 20, constant_contact: 2 + 3 + 20 });
        assert_eq!(bulk.minutes, 15);
    }

    #[test]
    fn who_is_written_singly_costs_calls_and_time() {
        let single = outlook(&[(Action::Amend, 2_000), (Action::Unsubscribe, 500)], 0, 5);
        assert_eq!(single.calls, Calls { gigya: 2_505, constant_contact: 2 + 7_500 + 5 });
        // 7,507 calls at 4 a second, and 2,505 at 5 a second.
        assert_eq!(single.minutes, (1_877_u64 + 501).div_ceil(60));
    }

    #[test]
    fn removals_in_bulk_are_cut_at_five_hundred() {
        let removed = outlook(&[(Action::RemoveFromLists, 501), (Action::Delete, 500)], 0, 0);
        assert_eq!(removed.calls.constant_contact, 2 + 3 * 3 + 1_001 + 3);
    }

    #[test]
    fn what_is_over_the_quota_of_a_day_waits_for_the_next() {
        let calls = |people| outlook(&[(Action::Unsubscribe, people)], 0, 0);
        let within = calls(3_300);
        assert!(within.calls.constant_contact <= 10_000 && within.minutes < 24 * 60, "{within:?}");
        let beyond = calls(3_400);
        assert!(beyond.calls.constant_contact > 10_000, "{beyond:?}");
        assert!(beyond.minutes >= 24 * 60 && beyond.minutes < 26 * 60, "{beyond:?}");
        let third = calls(6_800);
        assert!(third.minutes >= 48 * 60, "{third:?}");
    }

    #[test]
    fn the_cost_is_told_in_hours_and_minutes() {
        let told = |minutes| {
            let calls = Calls { gigya: 1_200, constant_contact: 7 };
            Outlook { calls, minutes, is_fresh: true }.words()
        };
        insta::assert_snapshot!(told(125), @"About 1,200 calls to Gigya and 7 to Constant Contact, and at least 2 h 5 min at the pace and under the daily quota of your key.");
        assert!(told(15).contains("at least 15 min") && told(1_440).contains("at least 24 h at"));
    }
}
