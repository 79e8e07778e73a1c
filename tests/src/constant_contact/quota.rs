//! The key's limits: a token bucket for the second, a count for the day.

use jiff::Timestamp;

use super::switches::Switches;

const DAY_SECONDS: i64 = 86_400;
const SECOND_NANOSECONDS: i128 = 1_000_000_000;

/// Why a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The second's calls are spent.
    Throttled,
    /// The day's are.
    Spent,
}

/// What a key has used.
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
    pub(super) fn take(&mut self, switches: &Switches, now: Timestamp) -> Result<(), Refusal> {
        let day = now.as_second().div_euclid(DAY_SECONDS);
        if day != self.day {
            (self.day, self.calls_today) = (day, 0);
        }
        if !switches.limited {
            self.calls_today += 1;
            return Ok(());
        }
        if self.calls_today >= switches.calls_per_day {
            self.spent += 1;
            return Err(Refusal::Spent);
        }
        let now = now.as_nanosecond();
        let turn = SECOND_NANOSECONDS / i128::from(switches.calls_per_second.max(1));
        let full_at = self.full_at.max(now) + turn;
        if full_at > now + SECOND_NANOSECONDS {
            self.throttled += 1;
            return Err(Refusal::Throttled);
        }
        self.full_at = full_at;
        self.calls_today += 1;
        Ok(())
    }

    /// Uses up the day.
    pub(super) fn spend(&mut self, switches: &Switches, now: Timestamp) {
        self.day = now.as_second().div_euclid(DAY_SECONDS);
        self.calls_today = switches.calls_per_day;
    }
}
