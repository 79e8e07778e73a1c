//! The key's limits: a token bucket for the second, a count for the day.

use http::StatusCode;
use jiff::Timestamp;

use super::answer::{self, Answer};
use super::switches::Switches;

const DAY_SECONDS: i64 = 86_400;
const SECOND_NANOSECONDS: i128 = 1_000_000_000;

/// What the key has used.
#[derive(Debug, Default)]
pub(super) struct Quota {
    /// When the bucket will be full again, in nanoseconds (the bucket as a virtual schedule).
    full_at: i128,
    day: i64,
    pub(super) calls_today: u32,
    pub(super) throttled: u64,
    pub(super) spent: u64,
}

impl Quota {
    /// Takes one call, or says why not.
    pub(super) fn take(&mut self, switches: &Switches, now: Timestamp) -> Option<Answer> {
        let day = now.as_second().div_euclid(DAY_SECONDS);
        if day != self.day {
            (self.day, self.calls_today) = (day, 0);
        }
        if !switches.limited {
            self.calls_today += 1;
            return None;
        }
        let refused = |key, text| Some(answer::gateway(StatusCode::TOO_MANY_REQUESTS, key, text));
        if self.calls_today >= switches.calls_per_day {
            self.spent += 1;
            return refused("quota_exceeded", "Limit Exceeded");
        }
        let now = now.as_nanosecond();
        let turn = SECOND_NANOSECONDS / i128::from(switches.calls_per_second.max(1));
        let full_at = self.full_at.max(now) + turn;
        if full_at > now + SECOND_NANOSECONDS {
            self.throttled += 1;
            return refused("throttled", "Too Many Requests");
        }
        self.full_at = full_at;
        self.calls_today += 1;
        None
    }

    /// Uses up the day.
    pub(super) fn spend(&mut self, switches: &Switches, now: Timestamp) {
        self.day = now.as_second().div_euclid(DAY_SECONDS);
        self.calls_today = switches.calls_per_day;
    }
}
