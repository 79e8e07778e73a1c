//! The right to submit a batch: one invocation at a time, and no longer than it lives.

use std::time::Duration;

use shared::defects::{self, Defect};
use shared::domain::batch::{BatchStage, Claim};
use shared::invocation::Invocation;
use shared::store::RunStore;
use shared::store::bucket::{ETag, Put};

use crate::error::UploadError;

/// The queue's shortest wait.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(1);

/// Why a batch goes to the dead letters that nobody submitted in time.
pub(crate) const RUN_GIVEN_UP: &str = "its run was given up; the next run reads its people";

/// What became of claiming.
pub(crate) enum Claimed {
    /// The batch is ours, until the invocation ends.
    Ours(ETag),
    /// It is submitted.
    Done,
    /// It was given up, and why.
    Buried(String),
    /// Another invocation has it, and for how long.
    Others(Duration),
}

/// Claims the batch until the invocation ends. A claim that we find with our own name is ours: the put was repeated.
pub(crate) async fn claim(
    store: &RunStore,
    ordinal: u32,
    invocation: &Invocation,
) -> Result<Claimed, UploadError> {
    let ours = Claim {
        holder: invocation.id().to_owned(),
        until: invocation.ends_at(),
        stage: BatchStage::Claimed,
    };
    let there = store.claim(ordinal).await?;
    if let Some(there) = &there {
        match &there.value.stage {
            BatchStage::Submitted(_) => return Ok(Claimed::Done),
            BatchStage::GivenUp { .. } => return Ok(Claimed::Buried(RUN_GIVEN_UP.to_owned())),
            BatchStage::Buried { reason, .. } => return Ok(Claimed::Buried(reason.clone())),
            BatchStage::Claimed => {
                let left = there.value.until.duration_since(invocation.now());
                let is_alive = left.is_positive() || defects::is_back(Defect::LockWithoutExpiry);
                if there.value.holder != invocation.id() && is_alive {
                    return Ok(Claimed::Others(left.unsigned_abs()));
                }
            }
            BatchStage::Reopened { .. } => {}
        }
    }
    let known = there.as_ref().map(|there| &there.etag);
    match store.write_claim(ordinal, &ours, known).await? {
        Put::Done(etag) => Ok(Claimed::Ours(etag)),
        Put::Taken => match store.claim(ordinal).await? {
            Some(there) if there.value.holder == invocation.id() => Ok(Claimed::Ours(there.etag)),
            Some(_) | None => Ok(Claimed::Others(AT_ONCE)),
        },
    }
}
