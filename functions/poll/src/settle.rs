//! Settling: how each activity in flight ended, and what both sides agree on since.

use jiff::Timestamp;
use shared::domain::activity::{Activity, ActivityState};
use shared::domain::agreed::Agreed;
use shared::domain::batch::{Agreement, BatchStage, Claim, Outcome, PartStage};
use shared::domain::report::PartState;
use shared::domain::run::Run;
use shared::invocation::Invocation;
use shared::store::RunStore;
use shared::store::bucket::Put;
use shared::store::runs::PartDocument;
use tracing::{info, warn};

use crate::error::PollError;
use crate::services::{Ready, Services};

/// How often a batch is planned anew because a part of it came to nothing, before it is given up.
const REOPENED_MAX: usize = 5;

/// Settles every part that is over, and agrees on what was kept quiet about. Answers how many parts were settled.
pub(crate) async fn settle(
    services: &Services,
    ready: &Ready,
    store: &RunStore,
    run: &Run,
    invocation: &Invocation,
) -> Result<u64, PollError> {
    if run.dry_run {
        return Ok(0);
    }
    let mut settled = 0;
    for document in store.parts(None).await? {
        let PartStage::Submitted { activity, at } = &document.part.stage else { continue };
        if invocation.must_stop() {
            break;
        }
        let answer = ready.constant_contact.activity(activity).await?;
        let outcome = match &answer {
            Some(activity) if !activity.is_over() => continue,
            Some(activity) => outcome_of(activity),
            None => Outcome { state: PartState::Lost, persons: None, errors: 0 },
        };
        let (activity, submitted_at) = (activity.clone(), *at);
        let stage = PartStage::Settled {
            activity: Some(activity),
            submitted_at,
            outcome,
            at: invocation.now(),
        };
        settle_part(services, store, document, stage, outcome, invocation.now()).await?;
        settled += 1;
    }
    agree_quietly(services, store, run).await?;
    Ok(settled)
}

fn outcome_of(activity: &Activity) -> Outcome {
    let state = match activity.state {
        ActivityState::Completed => PartState::Completed,
        ActivityState::Cancelled => PartState::Cancelled,
        ActivityState::TimedOut => PartState::TimedOut,
        ActivityState::Failed
        | ActivityState::Initialized
        | ActivityState::Processing
        | ActivityState::Other(_) => PartState::Failed,
    };
    let counts = &activity.counts;
    let refused = [counts.errors, counts.correctable, counts.cannot_add_to_list];
    Outcome { state, persons: counts.persons, errors: refused.into_iter().flatten().sum() }
}

/// Agrees first and marks the part settled after: a crash between the two agrees twice, which changes nothing.
async fn settle_part(
    services: &Services,
    store: &RunStore,
    mut document: PartDocument,
    stage: PartStage,
    outcome: Outcome,
    now: Timestamp,
) -> Result<(), PollError> {
    let (ordinal, number) = (document.ordinal, document.number);
    let is_whole = if outcome.state == PartState::Completed {
        let mut agreements = store.agreements(ordinal, Some(number)).await?;
        let taken_in = outcome
            .persons
            .and_then(|persons| usize::try_from(persons).ok())
            .unwrap_or(agreements.len());
        // Fewer people than were sent: the rest was dropped silently, from the end of the file.
        let is_whole = taken_in >= agreements.len();
        if !is_whole {
            warn!(
                batch.ordinal = ordinal,
                part.number = number,
                part.rows = agreements.len(),
                part.persons = taken_in,
                "Constant Contact dropped rows silently; they are sent again."
            );
            agreements.truncate(taken_in);
            store.write_agreements(ordinal, Some(number), &agreements).await?;
            document.part.rows = agreements.len() as u64;
        }
        let unproven = (outcome.errors > 0).then_some(now);
        agree(services, agreements, unproven).await?;
        is_whole
    } else {
        warn!(
            batch.ordinal = ordinal, part.number = number, part.state = ?outcome.state,
            "An activity came to nothing; its people are planned anew."
        );
        false
    };
    document.part.stage = stage;
    store.write_part(&document).await?;
    info!(
        run.id = %store.run(), batch.ordinal = ordinal, part.number = number,
        part.rows = document.part.rows, part.errors = outcome.errors, "Settled a part."
    );
    if !is_whole {
        reopen(store, ordinal, now).await?;
    }
    Ok(())
}

/// Puts agreements into the ledger, on top of what it has learnt meanwhile.
pub(crate) async fn agree(
    services: &Services,
    agreements: Vec<Agreement>,
    unproven: Option<Timestamp>,
) -> Result<(), PollError> {
    let changes = agreements.into_iter().map(|agreement| {
        let Agreement { uid, before, mut after } = agreement;
        after.unproven_since = unproven.or(after.unproven_since);
        (uid, (before, after))
    });
    let merge = |now: Option<&Agreed>, (before, after): &(Agreed, Agreed)| {
        now.cloned().unwrap_or_default().merge(before, after)
    };
    Ok(services.ledger.change(changes, merge).await?)
}

/// Agrees about those to whom nothing was sent, once their batch is submitted.
async fn agree_quietly(services: &Services, store: &RunStore, run: &Run) -> Result<(), PollError> {
    for ordinal in 0..run.batches {
        let agreements = store.agreements(ordinal, None).await?;
        if !agreements.is_empty() {
            agree(services, agreements, None).await?;
            store.drop_quiet_agreements(ordinal).await?;
        }
    }
    Ok(())
}

/// Opens a batch again, so that export announces it and upload plans those who are not in Constant Contact yet.
async fn reopen(store: &RunStore, ordinal: u32, now: Timestamp) -> Result<(), PollError> {
    let Some(there) = store.claim(ordinal).await? else { return Ok(()) };
    let accounts = store.read().await?.map_or(0, |run| run.size_of(ordinal));
    let failures = store
        .parts(Some(ordinal))
        .await?
        .iter()
        .filter(|document| match &document.part.stage {
            PartStage::Settled { outcome, .. } => outcome.state != PartState::Completed,
            PartStage::Intended | PartStage::Submitted { .. } => false,
        })
        .count();
    let stage = if failures >= REOPENED_MAX {
        let reason = format!("{failures} activities of this batch came to nothing");
        BatchStage::Buried { reason, accounts }
    } else {
        BatchStage::Reopened { announced_at: None, accounts }
    };
    let claim = Claim { holder: String::new(), until: now, stage };
    match store.write_claim(ordinal, &claim, Some(&there.etag)).await? {
        // Somebody is working on the batch just now, and will see the part that came to nothing.
        Put::Done(_) | Put::Taken => Ok(()),
    }
}
