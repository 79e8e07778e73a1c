//! Version 3: OAuth 2 and rotating tokens, UUIDs, JSON and CSV in UTF-8.

mod activities;
mod answer;
mod catalogue;
mod contacts;
mod imports;
mod person;
mod router;
pub(super) mod rows;
mod tokens;

pub use super::faults::{Fate, Fault};
pub use super::people::{OptOut, Person, Street};
pub use super::simulator::Simulator;
pub use super::switches::{Switches, UnknownList};
pub use router::{BASE_PATH, TOKEN_PATH};
pub use tokens::{CLIENT_ID, CLIENT_SECRET};

pub(super) use activities::ACTIVITY_MEMORY;
pub(super) use router::operation;
pub(super) use tokens::Tokens;
