//! The day's calls to Constant Contact, which the functions share by way of `state/quota.json`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::civil::Date;
use tokio::sync::Mutex;
use tracing::{info, warn};

use crate::domain::quota::{Quota, Spender, Spent, Taken, day_of};
use crate::domain::{Dispose, Disposition};
use crate::http::{Budget, BudgetError, Now};
use crate::store::{StateStore, StoreError};

/// One function's share of the day. Calls are taken some at a time and kept while the process is warm.
pub struct DayBudget {
    state: StateStore,
    spender: Spender,
    per_day: u32,
    now: Now,
    kept: Mutex<Kept>,
}

/// Calls that were taken and not made yet.
#[derive(Debug, Default)]
struct Kept {
    day: Option<Date>,
    calls: u32,
    /// The last one was made to find out whether Constant Contact answers again.
    probes: bool,
}

/// Why no call may be made.
#[derive(Debug, thiserror::Error)]
enum QuotaError {
    #[error("the day's calls to Constant Contact are spent; there are more in {} minutes", .wait.as_secs().div_ceil(60))]
    Spent { wait: Duration },
    #[error("the day's calls could not be counted")]
    Store(#[from] StoreError),
}

impl Dispose for QuotaError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Spent { wait } => Disposition::Retry { after: Some(*wait) },
            Self::Store(error) => error.disposition(),
        }
    }
}

impl std::fmt::Debug for DayBudget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DayBudget").field("spender", &self.spender).finish_non_exhaustive()
    }
}

impl DayBudget {
    /// The share of this spender in a key's `per_day` calls.
    pub fn new(state: StateStore, spender: Spender, per_day: u32, now: Now) -> Arc<Self> {
        Arc::new(Self { state, spender, per_day, now, kept: Mutex::default() })
    }

    async fn take_one(&self) -> Result<(), QuotaError> {
        let now = (self.now)();
        let mut kept = self.kept.lock().await;
        if kept.day != Some(day_of(now)) {
            *kept = Kept { day: Some(day_of(now)), ..Kept::default() };
        }
        if kept.calls == 0 {
            let taken: Result<Taken, Spent> = self
                .state
                .change_quota(|quota| quota.take(self.spender, self.per_day, now))
                .await?;
            let Taken { calls, is_probe } =
                taken.map_err(|Spent { wait }| QuotaError::Spent { wait })?;
            (kept.calls, kept.probes) = (calls, is_probe);
        }
        kept.calls -= 1;
        Ok(())
    }

    async fn note(&self, is_spent: bool) {
        let mut kept = self.kept.lock().await;
        if !is_spent && !kept.probes {
            return;
        }
        let now = (self.now)();
        let noted = if is_spent {
            kept.calls = 0;
            warn!("Constant Contact says that the day's calls of the key are spent.");
            self.state.change_quota(|quota| quota.refuse(now)).await
        } else {
            info!("Constant Contact takes calls again.");
            self.state.change_quota(Quota::accept).await
        };
        kept.probes = false;
        // Not noted, it is found out again by a call that is refused.
        if let Err(error) = noted {
            warn!(error = %error, "What Constant Contact said of the day's calls was not kept.");
        }
    }
}

impl Budget for DayBudget {
    fn take(&self) -> BoxFuture<'_, Result<(), BudgetError>> {
        Box::pin(async move { self.take_one().await.map_err(BudgetError::new) })
    }

    fn answered(&self, is_spent: bool) -> BoxFuture<'_, ()> {
        Box::pin(self.note(is_spent))
    }
}
