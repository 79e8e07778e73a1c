//! Poll: asks after each activity in flight and settles its batch, carries home what changed in Constant Contact, does
//! what no import can say, closes runs with a report, and is the only writer of the ledger.
//!
//! It is cheap when idle: with no run open and no inbound read due it costs two reads of the bucket.

mod brake;
mod carry;
mod changes;
mod close;
mod departures;
mod erasure;
mod errands;
mod error;
mod event;
mod give_up;
mod hand_over;
mod handler;
mod home;
mod inbound;
mod people;
mod refusals;
mod removals;
mod rest;
mod said;
mod services;
mod settle;
mod sweep;
mod tenant;

pub use error::PollError;
pub use event::Ask;
pub use handler::{Answer, handle};
pub use services::Services;
