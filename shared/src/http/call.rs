//! The only place that waits: for a turn, and between attempts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::pace::Pace;
use super::transport::{Wire, WireError};
use crate::domain::{Dispose, Disposition};

/// Waits between attempts: six attempts in all, about half a minute.
pub const SCHEDULE: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

/// The longest wait that a vendor's answer may ask for within a call; a longer one ends the call with its error.
pub const WAIT_SECONDS_MAX: u64 = 65;

/// Calls one vendor: paces every attempt and counts it.
#[derive(Debug)]
pub struct Caller {
    wire: Arc<dyn Wire>,
    pace: Pace,
    calls: AtomicU64,
}

impl Caller {
    /// A caller over this wire at this pace.
    pub fn new(wire: Arc<dyn Wire>, pace: Pace) -> Self {
        Self { wire, pace, calls: AtomicU64::new(0) }
    }

    /// Sends one request when its turn has come.
    ///
    /// # Errors
    /// When no whole answer came back.
    pub async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, WireError> {
        wait_until(self.pace.take_turn(Instant::now())).await;
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.wire.send(request).await
    }

    /// How many requests have been sent.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

/// Makes attempts until one succeeds, one fails for good, or the schedule is used up; the last error is returned.
///
/// It takes a closure that returns a future, because the compiler cannot see that the future of a borrowing async closure
/// is `Send`.
///
/// A `Retry { after }` longer than [`WAIT_SECONDS_MAX`] is returned at once: whoever called knows where to park the work.
///
/// # Errors
/// The error of the last attempt.
pub async fn with_retries<T, E, F>(
    schedule: &[Duration],
    mut attempt: impl FnMut() -> F,
) -> Result<T, E>
where
    E: Dispose,
    F: Future<Output = Result<T, E>>,
{
    for backoff in schedule {
        let error = match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let wait = match error.disposition() {
            Disposition::Retry { after } => after.unwrap_or(*backoff),
            Disposition::Reject | Disposition::Halt => return Err(error),
        };
        if wait > Duration::from_secs(WAIT_SECONDS_MAX) {
            return Err(error);
        }
        wait_until(Instant::now() + wait).await;
    }
    attempt().await
}

/// Waits for so long; for loops that watch an activity.
pub async fn wait(duration: Duration) {
    wait_until(Instant::now() + duration).await;
}

async fn wait_until(instant: Instant) {
    tokio::time::sleep_until(instant).await;
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Refusal(Disposition);

    impl Dispose for Refusal {
        fn disposition(&self) -> Disposition {
            self.0
        }
    }

    async fn attempts_of(disposition: Disposition) -> (u32, Duration) {
        let attempts = Cell::new(0);
        let start = Instant::now();
        let answer: Result<(), _> = with_retries(&SCHEDULE, async || {
            attempts.set(attempts.get() + 1);
            Err(Refusal(disposition))
        })
        .await;
        assert_eq!(answer, Err(Refusal(disposition)));
        (attempts.get(), start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_follows_the_schedule_and_the_rest_is_final_at_once() {
        let (attempts, waited) = attempts_of(Disposition::Retry { after: None }).await;
        assert_eq!((attempts, waited.as_millis()), (6, 30_500));
        assert_eq!(attempts_of(Disposition::Reject).await.0, 1);
        assert_eq!(attempts_of(Disposition::Halt).await.0, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_outlasts_an_invocation_is_left_to_the_caller() {
        let hours = Duration::from_hours(3);
        let (attempts, waited) = attempts_of(Disposition::Retry { after: Some(hours) }).await;
        assert_eq!((attempts, waited), (1, Duration::ZERO));
    }
}
