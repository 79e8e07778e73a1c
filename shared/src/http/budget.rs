//! The day's calls to a vendor, which every attempt asks for.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::domain::{Dispose, Disposition};

/// Gives out the calls that a vendor allows in a day.
pub trait Budget: Send + Sync + fmt::Debug {
    /// Asks for one call, just before it is made.
    ///
    /// # Errors
    /// When none is left, with the wait until there is one, or when that cannot be found out.
    fn take(&self) -> BoxFuture<'_, Result<(), BudgetError>>;

    /// Tells what the vendor said to a call: that the day is spent, or anything else.
    fn answered(&self, is_spent: bool) -> BoxFuture<'_, ()>;
}

/// Why a call may not be made now.
#[derive(Debug, thiserror::Error)]
#[error("no call is left for now")]
pub struct BudgetError {
    disposition: Disposition,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl BudgetError {
    /// Wraps the reason, and keeps its disposition.
    pub fn new(source: impl std::error::Error + Dispose + Send + Sync + 'static) -> Self {
        Self { disposition: source.disposition(), source: Box::new(source) }
    }
}

impl Dispose for BudgetError {
    fn disposition(&self) -> Disposition {
        self.disposition
    }
}

/// As many calls as one likes: for who has no key's day to share.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unlimited;

impl Budget for Unlimited {
    fn take(&self) -> BoxFuture<'_, Result<(), BudgetError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn answered(&self, _is_spent: bool) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
