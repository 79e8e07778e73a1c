//! The safety brake of a run: what it would remove is counted before the first of it is removed.

use shared::domain::Uid;
use shared::domain::batch::ErrandKind;
use shared::domain::brake::{BrakeLimits, COUNTED_FROM, Pulled};
use shared::domain::report::{BRAKE_EXAMPLES_MAX, Brake, Scope};
use shared::domain::run::{ReadingState, Run};
use shared::settings::customer::Safety;
use shared::store::RunStore;
use shared::store::bucket::Put;
use tracing::error;

use crate::error::PollError;
use crate::services::{Ready, Services};

/// The customer's limits.
pub(crate) fn limits(safety: &Safety) -> BrakeLimits {
    BrakeLimits { people: safety.brake_people, share: safety.brake_share }
}

/// The brake of a run, if it is pulled and not released.
pub(crate) async fn held(store: &RunStore) -> Result<Option<Brake>, PollError> {
    let there = store.brake().await?.map(|document| document.value);
    Ok(there.filter(|pulled| pulled.released_at.is_none()).map(|pulled| pulled.brake))
}

/// Judges a run whose every batch is planned, and pulls the brake if it must. Answers whether its removals have to wait.
pub(crate) async fn judge(
    services: &Services,
    ready: &Ready,
    store: &RunStore,
    run: &Run,
    batches: &[u32],
) -> Result<bool, PollError> {
    let there = store.brake().await?;
    if let Some(pulled) = &there
        && pulled.value.released_at.is_some()
    {
        return Ok(false);
    }
    // While it is pulled, nobody is removed, and counting everybody at every tick is dear.
    let known = there.as_ref().map(|there| there.value.brake.known);
    let Some(brake) = brake_of(services, ready, store, run, (batches, known)).await? else {
        return Ok(false);
    };
    let is_news = there.as_ref().is_none_or(|there| there.value.brake != brake);
    if is_news {
        error!(
            run.id = %run.run, brake.removals = brake.removals, brake.known = brake.known,
            brake.allowed = brake.allowed,
            "The brake is pulled: the removals of run {} wait for `gigya-cc run --release-brake {}`.",
            run.run, run.run
        );
        let pulled = Pulled { brake, is_reported: false, released_at: None, is_of_sweep: false };
        // If it was released in this moment, the next tick sees it.
        let (Put::Done(_) | Put::Taken) =
            store.write_brake(&pulled, there.as_ref().map(|there| &there.etag)).await?;
    }
    Ok(true)
}

/// The brake that these batches' removals pull, if they do.
pub(crate) async fn brake_of(
    services: &Services,
    ready: &Ready,
    store: &RunStore,
    run: &Run,
    (batches, known): (&[u32], Option<u64>),
) -> Result<Option<Brake>, PollError> {
    let limits = limits(&ready.settings.safety);
    let count = async || match known {
        Some(known) => Ok(known),
        None => services.ledger.count().await,
    };
    if reads_everybody(run) && run.read == 0 {
        return Ok(limits.judge_empty(run.read, count().await?));
    }
    let mut removals = 0;
    let mut examples: Vec<Uid> = Vec::new();
    for ordinal in batches {
        for errand in store.errands(*ordinal).await? {
            match errand.kind {
                ErrandKind::Leave(_) => {
                    removals += 1;
                    if examples.len() < BRAKE_EXAMPLES_MAX {
                        examples.push(errand.uid);
                    }
                }
                ErrandKind::Amend | ErrandKind::Ask | ErrandKind::HandOver { .. } => {}
            }
        }
    }
    if removals < COUNTED_FROM && removals <= u64::from(limits.people) {
        return Ok(None);
    }
    Ok(limits.judge(removals, count().await?, examples))
}

/// Whether nobody found means that nobody is there. An empty delta is normal, and whom Gigya's pages left out is there.
fn reads_everybody(run: &Run) -> bool {
    if run.clocks.values().any(|reading| reading.state == ReadingState::LeftOut) {
        return false;
    }
    match run.scope {
        Scope::Full => true,
        Scope::Delta => run.window.from.is_none(),
        Scope::Since { .. } | Scope::Sample { .. } => false,
    }
}

/// Notes that the report of a braked run is written.
pub(crate) async fn reported(store: &RunStore) -> Result<(), PollError> {
    if let Some(there) = store.brake().await? {
        let pulled = Pulled { is_reported: true, ..there.value };
        let (Put::Done(_) | Put::Taken) = store.write_brake(&pulled, Some(&there.etag)).await?;
    }
    Ok(())
}

/// Whether the report of a braked run has still to be written.
pub(crate) async fn wants_report(store: &RunStore) -> Result<bool, PollError> {
    let there = store.brake().await?.map(|document| document.value);
    Ok(there.is_some_and(|pulled| !pulled.is_reported && pulled.released_at.is_none()))
}
