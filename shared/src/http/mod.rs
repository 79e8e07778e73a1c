//! Calls to the vendors: one seam for the wire, a pace for every attempt, retries by each vendor's own table.
//!
//! Retry is outside and pace is inside, so that every attempt pays its turn. Nothing else in the workspace waits. Where a
//! vendor counts a day's calls, every attempt also asks the day's [`Budget`].

pub mod budget;
pub mod call;
pub mod pace;
pub mod transport;

use std::sync::Arc;

use jiff::Timestamp;

pub use budget::{Budget, BudgetError, Unlimited};
pub use call::{Caller, SCHEDULE};
pub use pace::Pace;
pub use transport::{Network, Wire, WireError};

/// Why the network client cannot be built.
pub type ConnectError = reqwest::Error;

/// Asks for the present instant. The clients sign and date their requests with it; only `invocation` makes one.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;
