//! Attempts by the vendor's table, as [`http::call::with_retries`](crate::http::call::with_retries) makes them.
//!
//! That one takes an async closure, and the compiler cannot see that the future of an async closure that borrows is `Send`
//! ("implementation of `Send` is not general enough"); a renewal is called in a boxed future and a function makes calls at
//! once, so here it is a closure that returns a future. The waiting is still `http::call`'s.

use std::time::Duration;

use super::SCHEDULE;
use crate::constant_contact::ConstantContactError;
use crate::domain::{Dispose, Disposition};
use crate::http::call::{WAIT_SECONDS_MAX, wait};

/// Makes attempts until one succeeds, one fails for good, asks for a longer wait than a call may take, or the schedule is
/// used up.
pub(super) async fn with_retries<T, F>(
    mut attempt: impl FnMut() -> F,
) -> Result<T, ConstantContactError>
where
    F: Future<Output = Result<T, ConstantContactError>>,
{
    for backoff in SCHEDULE {
        let error = match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let pause = match error.disposition() {
            Disposition::Retry { after } => after.unwrap_or(backoff),
            Disposition::Reject | Disposition::Halt => return Err(error),
        };
        if pause > Duration::from_secs(WAIT_SECONDS_MAX) {
            return Err(error);
        }
        wait(pause).await;
    }
    attempt().await
}
