//! Killed at any point, refused by anybody: afterwards everything converges, the people balance, and nobody is lost.

mod faults;
mod given_up;
pub(crate) mod kills;
mod runs;
