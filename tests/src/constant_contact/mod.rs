//! Constant Contact as its documents describe it, in memory. [`v3`] is version 3.

pub mod v3;

pub use v3::{Fate, Fault, Person, Simulator, Switches};
