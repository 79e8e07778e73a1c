//! Giving up a run that has stood still: only where nothing of it is under way, and once upload can take no batch of it any
//! more. An account that was read a day ago must not be sent when the next run may already have told of a newer wish.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use shared::domain::batch::{BatchStage, Claim, PartStage};
use shared::domain::run::{Phase, Run, is_long_ago};
use shared::invocation::Invocation;
use shared::store::RunStore;
use shared::store::bucket::Put;

use crate::errands::Standing;
use crate::error::PollError;
use crate::services::Services;

/// How long export does not go on with a run that poll gives up. That takes some calls to the bucket.
const GIVING_UP: SignedDuration = SignedDuration::from_mins(1);

/// Takes the right to read from export, which might go on at this moment with a run that stands still. Answers the run as it is by
/// then; nothing where export reads, or has moved it.
pub(crate) async fn take_from_export(
    services: &Services,
    store: &RunStore,
    run: &Run,
    invocation: &Invocation,
) -> Result<Option<Run>, PollError> {
    let now = invocation.now();
    let (mut lease, etag) = services.state.run_lease().await?;
    let open = lease.open.as_mut().filter(|open| open.run == run.run && open.until <= now);
    let Some(open) = open else { return Ok(None) };
    (open.holder, open.until) = (invocation.id().to_owned(), now + GIVING_UP);
    match services.state.write_run_lease(&lease, etag.as_ref()).await? {
        Put::Done(_) => {}
        // The next tick looks again.
        Put::Taken => return Ok(None),
    }
    let run = store.read().await?;
    Ok(run.filter(|run| run.phase == Phase::Reading && run.stands_still(now)))
}

/// Shuts every batch of a run that stands still, if it may be given up. Answers whether it may: upload that works on a batch, or
/// takes one just now, keeps it open. Once one of them is shut, the run can only be given up, as soon as it may.
pub(crate) async fn give_up(
    store: &RunStore,
    run: &Run,
    standing: &Standing,
    invocation: &Invocation,
) -> Result<bool, PollError> {
    let now = invocation.now();
    let is_shut = |stage: &BatchStage| matches!(stage, BatchStage::GivenUp { .. });
    let has_begun = standing.claims.iter().any(|(_, there)| is_shut(&there.value.stage));
    if !(has_begun || run.stands_still(now)) || is_under_way(standing, invocation) {
        return Ok(false);
    }
    let claims: BTreeMap<u32, _> =
        standing.claims.iter().map(|(ordinal, there)| (*ordinal, there)).collect();
    for ordinal in 0..run.batches {
        let there = claims.get(&ordinal);
        match there.map(|there| &there.value.stage) {
            Some(
                BatchStage::Submitted(_) | BatchStage::Buried { .. } | BatchStage::GivenUp { .. },
            ) => {
                continue;
            }
            None | Some(BatchStage::Claimed | BatchStage::Reopened { .. }) => {}
        }
        let stage = BatchStage::GivenUp { accounts: run.size_of(ordinal) };
        let shut = Claim { holder: invocation.id().to_owned(), until: now, stage };
        match store.write_claim(ordinal, &shut, there.map(|there| &there.etag)).await? {
            Put::Done(_) => {}
            // The next tick looks again.
            Put::Taken => return Ok(false),
        }
    }
    Ok(true)
}

/// Whether upload works on a batch just now, or an import is in flight that was submitted not long ago: the run moves.
fn is_under_way(standing: &Standing, invocation: &Invocation) -> bool {
    let now = invocation.now();
    let is_claimed = standing.claims.iter().any(|(_, claim)| {
        matches!(claim.value.stage, BatchStage::Claimed) && claim.value.until > now
    });
    is_claimed
        || standing.parts.iter().any(|document| match &document.part.stage {
            PartStage::Submitted { at, .. } => !is_long_ago(*at, now),
            PartStage::Intended | PartStage::Settled { .. } => false,
        })
}
