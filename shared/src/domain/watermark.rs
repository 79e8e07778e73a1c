//! Up to where a direction is done. Two marks a clock: what was read, and what is confirmed at the other end.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::dialect::Dialect;
use super::sweep::Sweep;
use crate::defects::{self, Defect};

/// The clocks by which changes at Gigya are told. Nobody moves them all: a login moves the first alone, and whether a
/// subscription moves it is not to be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GigyaClock {
    /// Full accounts, by `accounts.lastUpdatedTimestamp`.
    Accounts,
    /// Lite accounts, by `emailAccounts.lastUpdatedTimestamp`, which their subscriptions move, too.
    Lite,
    /// The subscriptions of full accounts, by their own time.
    Subscriptions,
}

/// The two marks of one clock. Only `confirmed_through` is what the next run starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Watermark {
    /// Everything up to here was read and staged.
    pub read_through: Option<Timestamp>,
    /// Everything up to here is settled.
    pub confirmed_through: Option<Timestamp>,
    /// That the marks have stayed where they are because pages left accounts out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
}

/// How long the pages by one clock have left accounts out, run after run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The end of the first such run's window.
    pub since: Timestamp,
    /// How many runs it was, one after the other.
    pub runs: u32,
}

/// For how long, and in how many runs, marks stay because pages leave accounts out: should Gigya count in another way than it
/// shows, a delta must not grow for ever. A full run still finds who is missing.
const LEFT_OUT_MAX: (SignedDuration, u32) = (SignedDuration::from_hours(7 * 24), 7);

impl LeftOut {
    /// With one more run, whose window ends here.
    #[must_use]
    pub fn again(before: Option<Self>, to: Timestamp) -> Self {
        before.map_or(Self { since: to, runs: 1 }, |it| Self { runs: it.runs + 1, ..it })
    }

    /// Whether it has gone on for so long that it will go on.
    pub fn is_lasting(self, now: Timestamp) -> bool {
        let (time, runs) = LEFT_OUT_MAX;
        self.runs >= runs && now.duration_since(self.since) >= time
    }
}

impl Watermark {
    /// Where a delta starts: the confirmed mark, less the time that search may lag behind writes. `None` when there is
    /// no mark yet, which means from the beginning.
    pub fn delta_from(self, overlap: SignedDuration) -> Option<Timestamp> {
        self.confirmed_through.map(|mark| mark - overlap)
    }

    /// The marks after everything up to `to` was staged. Marks never move back.
    #[must_use]
    pub fn read(self, to: Timestamp) -> Self {
        Self { read_through: self.read_through.max(Some(to)), left_out: None, ..self }
    }

    /// The marks after everything up to `to` was settled.
    #[must_use]
    pub fn confirmed(self, to: Timestamp) -> Self {
        let read_through = self.read_through.max(Some(to));
        let confirmed_through = self.confirmed_through.max(Some(to));
        Self { read_through, confirmed_through, left_out: None }
    }

    /// The marks, which stay, after pages up to `to` left accounts out.
    #[must_use]
    pub fn left_out(self, to: Timestamp) -> Self {
        Self { left_out: Some(LeftOut::again(self.left_out, to)), ..self }
    }
}

/// `state/watermarks.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Watermarks {
    /// See [`GigyaClock::Accounts`].
    pub accounts: Watermark,
    /// See [`GigyaClock::Lite`].
    pub lite: Watermark,
    /// See [`GigyaClock::Subscriptions`].
    pub subscriptions: Watermark,
    /// The clock of deletions: the audit log's `@timestamp`.
    pub deletions: Watermark,
}

impl Watermarks {
    /// The marks of one clock.
    pub fn of(&self, clock: GigyaClock) -> Watermark {
        match clock {
            GigyaClock::Accounts => self.accounts,
            GigyaClock::Lite => self.lite,
            GigyaClock::Subscriptions => self.subscriptions,
        }
    }

    /// The same with other marks of one clock.
    #[must_use]
    pub fn with(self, clock: GigyaClock, marks: Watermark) -> Self {
        match clock {
            GigyaClock::Accounts => Self { accounts: marks, ..self },
            GigyaClock::Lite => Self { lite: marks, ..self },
            GigyaClock::Subscriptions => Self { subscriptions: marks, ..self },
        }
    }
}

/// `state/inbound.json`: how fresh the inbound read is, and who reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InboundState {
    /// Every change in Constant Contact up to here has been carried home.
    pub read_through: Option<Timestamp>,
    /// When the last sweep began that was brought to its end.
    pub swept_at: Option<Timestamp>,
    /// When a sweep last came to nothing: braked, or given up.
    pub sweep_tried_at: Option<Timestamp>,
    /// The sweep that is going on over several invocations.
    pub sweep: Option<Sweep>,
    /// When everybody who is opted out was last listed by status. Only v2 needs it: nobody says that its
    /// `modified_since` shows opt-outs.
    pub opt_outs_at: Option<Timestamp>,
    /// The invocation that reads.
    pub holder: Option<String>,
    /// When that right dies.
    pub until: Option<Timestamp>,
}

/// Proof that the inbound read and the sweep are fresh: who left by then is in the ledger. Nothing is submitted without
/// it, and only [`check`](Self::check) makes one.
#[derive(Debug, Clone, Copy)]
pub struct InboundFresh {
    read_through: Timestamp,
}

/// Why nothing may be submitted yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stale {
    /// Changes in Constant Contact were not carried home recently enough.
    Inbound,
    /// Everybody in Constant Contact was not read recently enough.
    Sweep,
}

/// How old the inbound read and the sweep may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreshLimits {
    /// Minutes since up to when changes are carried home.
    pub inbound_minutes: u32,
    /// Hours since the last sweep began.
    pub sweep_hours: u32,
}

impl InboundFresh {
    /// Checks that the inbound read reaches to within the limits of now, in v2 the listing of the opted-out, too; and
    /// that the last sweep does.
    ///
    /// # Errors
    /// With what is stale.
    pub fn check(
        state: &InboundState,
        dialect: Dialect,
        now: Timestamp,
        limits: FreshLimits,
    ) -> Result<Self, Stale> {
        if defects::is_back(Defect::ImportBeforeInbound) {
            return Ok(Self { read_through: now });
        }
        let swept_at = state.swept_at.ok_or(Stale::Sweep)?;
        if now.duration_since(swept_at) > SignedDuration::from_hours(limits.sweep_hours.into()) {
            return Err(Stale::Sweep);
        }
        let read_through = match dialect {
            Dialect::V3 => state.read_through,
            Dialect::V2 => state.read_through.min(state.opt_outs_at),
        };
        let read_through = read_through.ok_or(Stale::Inbound)?;
        let age = now.duration_since(read_through);
        let is_fresh = age <= SignedDuration::from_mins(limits.inbound_minutes.into());
        if is_fresh { Ok(Self { read_through }) } else { Err(Stale::Inbound) }
    }

    /// Up to when everything is carried home.
    pub fn read_through(self) -> Timestamp {
        self.read_through
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn pages_leave_accounts_out_for_days_and_runs_before_it_is_taken_to_last() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let hour = SignedDuration::from_hours(1);
        let lasting_after = |between: SignedDuration| {
            let ends = (0..).map(|run| start + between * run);
            let after = |marks: &mut Watermark, end| {
                *marks = marks.left_out(end);
                Some((marks.left_out.is_some_and(|it| it.is_lasting(end)), end))
            };
            let mut told = ends.scan(Watermark::default(), after);
            told.find_map(|(is_lasting, end)| is_lasting.then_some(end)).unwrap()
        };
        assert_eq!(lasting_after(hour), start + hour * (7 * 24), "seven days");
        assert_eq!(lasting_after(hour * 24 * 30), start + hour * 24 * 30 * 6, "seven runs");
        let through = Watermark::default().left_out(start).read(start + hour);
        assert_eq!(through.left_out, None);
    }

    #[test]
    fn marks_never_move_back_and_nothing_is_confirmed_that_was_not_read() {
        let mark = Watermark::default().read(at("2026-01-02T00:00:00Z"));
        assert_eq!(mark.delta_from(SignedDuration::from_mins(2)), None);
        let mark = mark.confirmed(at("2026-01-02T00:00:00Z")).confirmed(at("2026-01-01T00:00:00Z"));
        assert_eq!(mark.confirmed_through, mark.read_through);
        let from = mark.delta_from(SignedDuration::from_mins(2));
        assert_eq!(from, Some(at("2026-01-01T23:58:00Z")));
    }

    #[test]
    fn each_clock_has_its_own_marks_and_a_bucket_of_before_knows_one_of_them() {
        let before =
            r#"{"accounts":{"read_through":null,"confirmed_through":"2026-01-01T00:00:00Z"}}"#;
        let marks: Watermarks = serde_json::from_str(before).unwrap();
        let clocks = [GigyaClock::Accounts, GigyaClock::Lite, GigyaClock::Subscriptions];
        for clock in clocks {
            let moved = marks.with(clock, marks.of(clock).confirmed(at("2026-01-02T00:00:00Z")));
            for other in clocks {
                assert_eq!(moved.of(other) != marks.of(other), other == clock);
            }
        }
        assert_eq!(marks.lite, Watermark::default());
    }

    #[test]
    fn nothing_is_fresh_before_the_first_inbound_read_or_long_after_one() {
        let now = at("2026-01-01T12:00:00Z");
        let limits = FreshLimits { inbound_minutes: 30, sweep_hours: 26 };
        let check = |state: &InboundState, dialect| {
            InboundFresh::check(state, dialect, now, limits).map(|_| ())
        };
        let swept = InboundState { swept_at: Some(now), ..InboundState::default() };
        assert_eq!(check(&swept, Dialect::V3), Err(Stale::Inbound));
        let read = |text| InboundState { read_through: Some(at(text)), ..swept.clone() };
        assert_eq!(check(&read("2026-01-01T11:29:59Z"), Dialect::V3), Err(Stale::Inbound));
        let fresh = read("2026-01-01T11:30:00Z");
        assert_eq!(check(&fresh, Dialect::V3), Ok(()));
        assert_eq!(
            check(&fresh, Dialect::V2),
            Err(Stale::Inbound),
            "the opted-out were never listed"
        );
        let listed = |text| InboundState { opt_outs_at: Some(at(text)), ..fresh.clone() };
        assert_eq!(check(&listed("2026-01-01T11:29:59Z"), Dialect::V2), Err(Stale::Inbound));
        assert_eq!(check(&listed("2026-01-01T11:30:00Z"), Dialect::V2), Ok(()));
    }

    #[test]
    fn nothing_is_fresh_before_the_first_sweep_or_long_after_one() {
        let now = at("2026-01-02T12:00:00Z");
        let limits = FreshLimits { inbound_minutes: 30, sweep_hours: 26 };
        let swept = |swept_at| {
            let state =
                InboundState { read_through: Some(now), swept_at, ..InboundState::default() };
            InboundFresh::check(&state, Dialect::V3, now, limits).map(|_| ())
        };
        assert_eq!(swept(None), Err(Stale::Sweep));
        assert_eq!(swept(Some(at("2026-01-01T09:59:59Z"))), Err(Stale::Sweep));
        assert_eq!(swept(Some(at("2026-01-01T10:00:00Z"))), Ok(()));
    }
}
