//! Upload: claims one staged batch, plans everybody in it against the ledger, and submits what really changed as
//! Constant Contact's bulk activities.
//!
//! Upserts are submitted at once; whoever leaves is only noted, for poll to carry out. Nothing is submitted while the
//! inbound read is not fresh, and an answer that was lost is looked for before anything is sent again.

mod claim;
mod decide;
mod earlier;
mod error;
mod given_up;
mod handler;
mod services;
mod submit;

pub use error::UploadError;
pub use handler::handle;
pub use services::Services;
