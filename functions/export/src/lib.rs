//! Export: reads Gigya's accounts, stages them in the bucket as they come, and announces each batch on the queue.
//!
//! It never calls Constant Contact. Staged are accounts, with only the fields that the mapping names; conversion is
//! upload's. It reads by as many clocks as Gigya has, each with a watermark of its own; they move last, and a crash repeats
//! work but never skips any.

mod batch;
mod clocks;
mod error;
mod event;
mod handler;
mod read;
mod run;
mod services;

pub use error::ExportError;
pub use event::{Ask, EventError};
pub use handler::{Answer, handle};
pub use services::Services;
