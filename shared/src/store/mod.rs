//! The one bucket: what is kept between invocations, each kind of thing behind its own type. It knows no vendor.
//!
//! ```text
//! config/sync.toml                              the customer's settings
//! state/run.json                                the run in progress, and who reads it
//! state/watermarks.json                         up to where each direction is done
//! state/inbound.json                            how fresh the inbound read is, and who reads it
//! state/due.json                                people whom the next run reads whatever their time says
//! state/erasure.json                            how far erasing people has come
//! state/quota.json                              the day's calls to Constant Contact
//! state/testimony/<person>.json                 why an operator let somebody come back
//! state/token-lease.json                        who refreshes the token
//! state/ledger/<shard>                          the agreements; only poll writes, and an operator who decides
//! runs/<run>/run.json                           what was asked for, and how far reading has come
//! runs/<run>/batches/<ordinal>.ndjson.zst       staged accounts
//! runs/<run>/claims/<ordinal>.json              who submits a batch, until when, and what became of it
//! runs/<run>/activities/<ordinal>.<part>.json   intent, then activity, then outcome
//! runs/<run>/agreements/<ordinal>.<part>.zst    what the ledger is to hold once the part is settled
//! runs/<run>/errands/<ordinal>.zst              single writes and removals that poll carries out
//! runs/<run>/lists/<list>/<ordinal>.ndjson      invalid, held, conflicts, losses of one batch
//! runs/<run>/<list>.ndjson report.json report.html
//! ```

pub mod bucket;
pub mod conflicts;
pub mod document;
pub mod erased;
pub mod forget;
pub mod keys;
pub mod ledger;
pub mod lines;
pub mod purge;
pub mod runs;
pub mod shard;
pub mod state;
pub mod testimony;

pub use bucket::{Bucket, BucketError};
pub use ledger::Ledger;
pub use runs::RunStore;
pub use state::StateStore;

use crate::domain::{Dispose, Disposition};

/// Why something that is kept could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The bucket refused.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// What is kept cannot be read. It is never read as empty, since empty means that nobody is known.
    #[error(
        "{key} cannot be read: {problem}; restore the version before it from the bucket's history"
    )]
    Broken {
        /// The object.
        key: String,
        /// What is wrong, without its content.
        problem: String,
    },
    /// The ledger has people who are known by a keyed hash alone, and was not given the key.
    #[error("{key} has people who were erased, and the key by which they are known is missing")]
    Locked {
        /// The shard.
        key: String,
    },
    /// Somebody else kept changing the same object.
    #[error(
        "{key} was changed by somebody else {tries} times in a row; the next invocation tries again"
    )]
    Contended {
        /// The object.
        key: String,
        /// How often we tried.
        tries: u32,
    },
}

impl Dispose for StoreError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Bucket(error) => error.disposition(),
            Self::Broken { .. } | Self::Locked { .. } => Disposition::Halt,
            Self::Contended { .. } => Disposition::Retry { after: None },
        }
    }
}

/// Tries of one compare-and-swap before it is left to the next invocation.
pub const SWAPS_MAX: u32 = 8;
