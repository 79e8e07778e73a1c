//! The day's calls to Constant Contact: how many are taken, and what is left for whom.
//!
//! The vendor counts calls per key and day (UTC), whoever makes them (guide, `rate_limits`). So the functions count
//! together, in one small document, and take calls from it some at a time. A spent day delays people and drops nobody: what
//! is not submitted today stays in the queue. The last tenth is kept for those who leave and for the inbound read, because
//! an opt-out must not wait for a newsletter.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Calls that are taken from the day at once: a call costs no write of its own then, and an invocation that is killed
/// leaves no more than these unused.
const CALLS_AT_ONCE: u32 = 50;
/// Of a small day less is taken at once, so that one function cannot sit on what another needs.
const SHARE_AT_ONCE: u32 = 100;
/// The share of the day that is kept for poll: for those who leave, and for the inbound read.
const KEPT_SHARE: u32 = 10;
/// How often it is tried whether there are calls again, after Constant Contact has said that there are none.
const PROBE_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How long after 00:00 UTC, when the day's calls are given out anew (guide, `rate_limits`), they are counted on.
const MIDNIGHT_MARGIN: SignedDuration = SignedDuration::from_secs(5);

/// Who makes calls. Each has its share of the key's pace and of its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spender {
    /// Upload: a few calls a batch.
    Upload,
    /// Poll: everything else, the removals and the inbound read among it.
    Poll,
    /// A person at the command line.
    Operator,
}

impl Spender {
    /// Calls a second of the key's: a quarter for upload, the rest for poll. An operator is a guest, and no more than
    /// upload.
    pub fn calls_per_second(self, of_key: u32) -> u32 {
        let quarter = (of_key / 4).max(1);
        match self {
            Self::Upload | Self::Operator => quarter,
            Self::Poll => of_key.saturating_sub(quarter).max(1),
        }
    }

    /// Calls of the day after which this one stops, counted over all of them.
    pub fn calls_per_day(self, of_key: u32) -> u32 {
        match self {
            Self::Upload | Self::Operator => of_key - of_key / KEPT_SHARE,
            Self::Poll => of_key,
        }
    }
}

/// `state/quota.json`: the calls of one day.
///
/// ```json
/// {"day":"2026-11-25","taken":4150,"refused":null}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Quota {
    /// The day, in UTC.
    pub day: Option<Date>,
    /// Calls that were taken so far, made or not.
    pub taken: u32,
    /// Constant Contact said that the day is spent, though our own count does not: somebody else uses the key.
    pub refused: Option<Refused>,
}

/// That Constant Contact said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// When a call was last made to find out whether it still does.
    pub probed_at: Timestamp,
}

/// Calls that were taken from the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// How many.
    pub calls: u32,
    /// Whether it is one call, to find out whether Constant Contact answers again.
    pub is_probe: bool,
}

/// There is none left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// How long until it is worth asking again: until the next probe, or until the next day.
    pub wait: Duration,
}

impl Quota {
    /// Takes some of the day's calls.
    ///
    /// # Errors
    /// When none are left for this spender.
    pub fn take(&mut self, spender: Spender, per_day: u32, now: Timestamp) -> Result<Taken, Spent> {
        self.begin_day(now);
        if let Some(refused) = &mut self.refused {
            let since = now.duration_since(refused.probed_at);
            if since < PROBE_EVERY {
                return Err(Spent { wait: (PROBE_EVERY - since).unsigned_abs() });
            }
            refused.probed_at = now;
            self.taken += 1;
            return Ok(Taken { calls: 1, is_probe: true });
        }
        let left = spender.calls_per_day(per_day).saturating_sub(self.taken);
        let calls = CALLS_AT_ONCE.min(per_day / SHARE_AT_ONCE).max(1).min(left);
        if calls == 0 {
            return Err(Spent { wait: until_tomorrow(now) });
        }
        self.taken += calls;
        Ok(Taken { calls, is_probe: false })
    }

    /// Constant Contact says that the day is spent.
    pub fn refuse(&mut self, now: Timestamp) {
        self.begin_day(now);
        self.refused = Some(Refused { probed_at: now });
    }

    /// Constant Contact answers again.
    pub fn accept(&mut self) {
        self.refused = None;
    }

    fn begin_day(&mut self, now: Timestamp) {
        let today = day_of(now);
        if self.day != Some(today) {
            *self = Self { day: Some(today), ..Self::default() };
        }
    }
}

/// The day to which the vendor counts a call.
pub fn day_of(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// How long it is until the next day's calls can be counted on.
pub fn until_tomorrow(now: Timestamp) -> Duration {
    let midnight = day_of(now).tomorrow().and_then(|day| day.to_zoned(TimeZone::UTC));
    // The calendar ends in the year 9999.
    let left = midnight.map_or(SignedDuration::ZERO, |day| day.timestamp().duration_since(now));
    (left + MIDNIGHT_MARGIN).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u32 = 1_000;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Takes until there is nothing left. Answers how many calls that were.
    fn spend(quota: &mut Quota, spender: Spender, now: Timestamp) -> (u32, Spent) {
        let mut calls = 0;
        loop {
            match quota.take(spender, DAY, now) {
                Ok(taken) => calls += taken.calls,
                Err(spent) => return (calls, spent),
            }
        }
    }

    #[test]
    fn the_last_tenth_of_a_day_is_kept_for_poll() {
        let now = at("2026-11-25T22:00:00Z");
        let mut quota = Quota::default();
        let (calls, spent) = spend(&mut quota, Spender::Upload, now);
        assert_eq!((calls, spent.wait), (900, Duration::from_secs(2 * 3_600 + 5)));
        assert_eq!(spend(&mut quota, Spender::Operator, now).0, 0);
        assert_eq!(spend(&mut quota, Spender::Poll, now).0, 100);
        assert_eq!(quota.taken, DAY);
        assert!(quota.take(Spender::Upload, DAY, at("2026-11-26T00:00:05Z")).is_ok());
    }

    #[test]
    fn a_small_day_is_taken_call_by_call() {
        let mut quota = Quota::default();
        let taken = quota.take(Spender::Poll, 20, at("2026-11-25T00:00:00Z"));
        assert_eq!(taken, Ok(Taken { calls: 1, is_probe: false }));
    }

    #[test]
    fn a_day_that_somebody_else_has_spent_is_probed_once_an_hour() {
        let mut quota = Quota::default();
        let noon = at("2026-11-25T12:00:00Z");
        quota.refuse(noon);
        for spender in [Spender::Poll, Spender::Upload] {
            let wait = Duration::from_mins(40);
            let later = noon + SignedDuration::from_mins(20);
            assert_eq!(quota.take(spender, DAY, later), Err(Spent { wait }));
        }
        let probe = Ok(Taken { calls: 1, is_probe: true });
        let one = noon + SignedDuration::from_hours(1);
        assert_eq!(quota.take(Spender::Upload, DAY, one), probe);
        assert!(quota.take(Spender::Poll, DAY, one).is_err(), "one probe an hour, for all");
        quota.accept();
        assert!(quota.take(Spender::Poll, DAY, one).is_ok_and(|taken| !taken.is_probe));
        quota.refuse(one);
        assert!(quota.take(Spender::Upload, DAY, at("2026-11-26T00:00:00Z")).is_ok());
    }

    #[test]
    fn the_shares_of_the_pace_add_up_to_the_key() {
        for of_key in 2..=10 {
            let [upload, poll] =
                [Spender::Upload, Spender::Poll].map(|spender| spender.calls_per_second(of_key));
            assert_eq!(upload + poll, of_key);
        }
        assert_eq!(Spender::Poll.calls_per_second(1), 1);
    }
}
