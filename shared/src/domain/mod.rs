//! The core: what the product knows and decides, without I/O, clock or async. It imports nothing of ours.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod account;
pub mod activity;
pub mod agreed;
pub mod batch;
pub mod condition;
pub mod consent;
pub mod contact;
pub mod contact_field;
pub mod date;
pub mod disposition;
pub mod email;
pub mod fingerprint;
pub mod fit;
pub mod home;
pub mod ids;
pub mod judge;
pub mod limits;
pub mod loss;
pub mod mapping;
pub mod message;
pub mod patch;
pub mod plan;
pub mod policy;
pub mod report;
pub mod run;
pub mod secret;
pub mod template;
pub mod text;
pub mod transform;
pub mod watermark;

pub use account::{Account, Path};
pub use activity::{Activity, ActivityCounts, ActivityState};
pub use condition::Condition;
pub use contact::{Contact, OptOut, OptOutSource, Permission};
pub use contact_field::ContactField;
pub use disposition::{Dispose, Disposition};
pub use email::EmailAddress;
pub use fingerprint::{Fingerprint, FingerprintKey};
pub use ids::{ActivityId, BatchId, ContactId, CustomFieldId, CustomerName, ListId, RunId, Uid};
pub use loss::{Invalid, InvalidReason, Loss, LossKind};
pub use mapping::{FieldRule, Fitted, FittedAccount, Mapping, OnConflict, Owner};
pub use message::{BatchMessage, MessageError};
pub use patch::{Patch, PatchError};
pub use secret::Secret;
pub use transform::Transform;
