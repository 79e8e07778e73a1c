//! Constant Contact as its documents describe it, in memory, with a switch for what they leave open.
//!
//! [`Simulator::answer`] is the whole of it; it can be called in process through [`Wire`](shared::http::Wire), under a
//! paused clock, or listen on loopback with [`Simulator::serve`]. Besides answering, it lets the people in it live: they
//! unsubscribe, leave lists, are edited in the screens and deleted.

mod activities;
mod answer;
mod catalogue;
mod faults;
mod form;
mod people;
mod quota;
mod screens;
mod serve;
mod simulator;
mod switches;
mod tenant;
pub mod v3;
mod values;
mod world;

pub use faults::{Fate, Fault};
pub use people::{OptOut, Person, Street};
pub use simulator::Simulator;
pub use switches::{Switches, UnknownList};
