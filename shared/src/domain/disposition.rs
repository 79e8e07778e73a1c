//! What to do about an error.

use std::time::Duration;

/// What to do about an error: each vendor has one table from its errors to these, and one test that asks it about all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Try again, not sooner than `after` where it is given.
    Retry {
        /// The wait that this error asks for; `None` leaves it to the schedule.
        after: Option<Duration>,
    },
    /// This one thing is refused for good; the next one may well succeed.
    Reject,
    /// No use trying anything else now: the key, the settings or the quota is the problem.
    Halt,
}

/// An error that knows what to do about itself.
pub trait Dispose {
    /// What to do about this error.
    fn disposition(&self) -> Disposition;
}
