//! Our own limit on calls, so that the vendor need not throttle us.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Gives out turns at a fixed distance, with no burst: `calls_per_second` of 4 is one turn every 250 ms.
///
/// It only answers when the turn is; waiting for it is [`Caller`](super::Caller)'s.
#[derive(Debug)]
pub struct Pace {
    distance: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// A pace of so many calls a second; 0 is read as 1.
    pub fn per_second(calls_per_second: u32) -> Self {
        Self { distance: Duration::from_secs(1) / calls_per_second.max(1), next: Mutex::new(None) }
    }

    /// Takes the next turn and says when it is.
    ///
    /// # Panics
    /// When another thread panicked while taking its turn.
    pub fn take_turn(&self, now: Instant) -> Instant {
        let mut next = self.next.lock().expect("taking a turn does not panic");
        let turn = next.map_or(now, |at| at.max(now));
        *next = Some(turn + self.distance);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turns_keep_their_distance_and_idle_time_is_not_saved_up() {
        let pace = Pace::per_second(4);
        let start = Instant::now();
        let turns: Vec<_> = (0..3).map(|_| pace.take_turn(start) - start).collect();
        assert_eq!(turns, [0, 250, 500].map(Duration::from_millis));
        let later = start + Duration::from_mins(1);
        assert_eq!(pace.take_turn(later), later);
        assert_eq!(pace.take_turn(later), later + Duration::from_millis(250));
    }
}
