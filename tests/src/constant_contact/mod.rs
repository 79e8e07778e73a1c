//! Constant Contact as its documents describe it, in memory, with a switch for what they leave open.
//!
//! [`Simulator::answer`] is the whole of it; it can be called in process through [`Wire`](shared::http::Wire), under a
//! paused clock, or listen on loopback with [`Simulator::serve`]. Besides answering, it lets the people in it live: they
//! unsubscribe, leave lists, are edited in the screens and deleted.
//!
//! There is one tenant, and two interfaces speak of it: [`v3`] below [`v3::BASE_PATH`], [`v2`] below [`v2::BASE_PATH`]. What
//! is kept is named as v3 names it; v2 derives its numbers from that.

mod activities;
mod answer;
mod arrivals;
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
pub mod v2;
pub mod v3;
mod values;
mod world;

pub use arrivals::Arrival;
pub use faults::{Fate, Fault};
pub use people::{OptOut, Person, Street};
pub use simulator::Simulator;
pub use switches::{Switches, UnknownList};
