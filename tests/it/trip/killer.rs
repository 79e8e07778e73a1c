//! Ends an invocation at a chosen call to AWS, as Lambda does when memory or time run out: it simply never goes on.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::future::{Either, pending, select};
use sandbox::aws::{Before, Fate};
use tokio::sync::Notify;

/// Kills whoever makes the chosen call.
#[derive(Clone, Default)]
pub(crate) struct Killer {
    calls_left: Arc<AtomicI64>,
    killed: Arc<Notify>,
}

/// The calls after which nobody is killed any more.
const NEVER: i64 = i64::MAX;

impl Killer {
    /// A killer that waits for [`aim`](Self::aim).
    pub(crate) fn new() -> Self {
        let killer = Self::default();
        killer.calls_left.store(NEVER, Ordering::SeqCst);
        killer
    }

    /// The seam through which the world calls AWS.
    pub(crate) fn before(&self) -> Before {
        let killer = self.clone();
        Arc::new(move |_| {
            let killer = killer.clone();
            Box::pin(async move {
                if killer.calls_left.fetch_sub(1, Ordering::SeqCst) == 0 {
                    killer.killed.notify_one();
                    pending::<()>().await;
                }
                Fate::Answered
            })
        })
    }

    /// Kills whoever makes the call after so many others.
    pub(crate) fn aim(&self, calls: i64) {
        self.calls_left.store(calls, Ordering::SeqCst);
    }

    /// Kills nobody from now on.
    pub(crate) fn rest(&self) {
        self.aim(NEVER);
    }

    /// Does the work until it is done, or killed: nothing then.
    pub(crate) async fn watch<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        match select(pin!(work), pin!(self.killed.notified())).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(((), _)) => None,
        }
    }
}
