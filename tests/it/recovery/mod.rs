//! Killed at any point, refused by anybody: afterwards everything converges, the people balance, and nobody is lost.

mod faults;
pub(crate) mod kills;
mod runs;
