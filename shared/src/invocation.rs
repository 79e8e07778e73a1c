//! One invocation is one instant; this is the only place that reads the clock.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::http::Now;

/// Stop starting new work this long before the deadline: one more call with its answer must fit.
pub const STOP_BEFORE: Duration = Duration::from_secs(90);

/// What time it is: the system's clock in production, a virtual one in the sandbox.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The wall clock.
    System,
    /// Starts at an instant and runs with tokio's clock, which tests and the sandbox pause.
    Virtual {
        /// What the clock said at `since`.
        start: Timestamp,
        /// When it was started.
        since: Instant,
    },
}

impl Clock {
    /// A virtual clock that says `start` now.
    pub fn starting_at(start: Timestamp) -> Self {
        Self::Virtual { start, since: Instant::now() }
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one wall-clock read")]
            Self::System => Timestamp::now(),
            Self::Virtual { start, since } => *start + since.elapsed(),
        }
    }

    /// The clock as the clients take it.
    pub fn reader(self) -> Now {
        Arc::new(move || self.now())
    }
}

/// One call of a function: when it began, when it must end, and who it is.
#[derive(Debug, Clone)]
pub struct Invocation {
    id: String,
    now: Timestamp,
    deadline: Instant,
}

impl Invocation {
    /// An invocation that begins now and may take `budget`.
    pub fn begin(id: impl Into<String>, clock: &Clock, budget: Duration) -> Self {
        Self { id: id.into(), now: clock.now(), deadline: Instant::now() + budget }
    }

    /// An invocation that Lambda began: `deadline` is in milliseconds since 1970 (AWS Lambda, "runtime API",
    /// `Lambda-Runtime-Deadline-Ms`).
    pub fn of_lambda(id: &str, deadline: u64) -> Self {
        let now = Clock::System.now();
        let left = deadline.saturating_sub(u64::try_from(now.as_millisecond()).unwrap_or(0));
        Self::begin(id, &Clock::System, Duration::from_millis(left))
    }

    /// AWS's request id: who holds a claim or a lease.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The instant of this invocation.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// When a claim of this invocation dies: no later than the invocation itself.
    pub fn ends_at(&self) -> Timestamp {
        self.now + self.time_left()
    }

    /// How long it may still work.
    pub fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether it is time to stop cleanly.
    pub fn must_stop(&self) -> bool {
        self.time_left() < STOP_BEFORE
    }
}
