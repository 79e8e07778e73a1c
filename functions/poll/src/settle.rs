//! Settling: how each activity in flight ended, and what both sides agree on since.

use std::cell::RefCell;

use jiff::Timestamp;
use shared::defects::{self, Defect};
use shared::domain::ActivityId;
use shared::domain::activity::{Activity, ActivityState};
use shared::domain::agreed::Agreed;
use shared::domain::batch::{Agreement, BatchStage, Claim, Outcome, Part, PartStage, Planned};
use shared::domain::refused::Suspect;
use shared::domain::report::PartState;
use shared::domain::run::Run;
use shared::invocation::Invocation;
use shared::store::RunStore;
use shared::store::bucket::Put;
use shared::store::runs::PartDocument;
use tracing::{info, warn};

use crate::error::PollError;
use crate::refusals;
use crate::removals::{self, Revived};
use crate::services::{Ready, Services};

/// How many parts of a batch may be lost or cancelled before it is given up.
const LOST_MAX: usize = 5;
/// How many may fail as a whole while none is taken in: a part, its halves, quarters and eighths. Then it is not a row that is
/// bad.
const FAILED_MAX: usize = 15;
/// How many may fail as a whole where others are taken in: enough to find four bad rows among twenty thousand.
const HALVED_MAX: usize = 64;

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
    let mut parts = store.parts(None).await?.into_iter().peekable();
    while let Some(ordinal) = parts.peek().map(|document| document.ordinal) {
        // The ledger is rewritten for each agreement, so a batch's parts are agreed on together.
        let mut over = Vec::new();
        while let Some(document) = parts.next_if(|document| document.ordinal == ordinal) {
            if invocation.must_stop() {
                continue;
            }
            over.extend(ask_after(ready, document).await?);
        }
        settled += over.len() as u64;
        settle_batch(services, ready, store, over, invocation.now()).await?;
    }
    reopen(store, run, invocation.now()).await?;
    agree_quietly(services, store, run).await?;
    Ok(settled)
}

/// A part in flight whose activity is over.
struct Over {
    document: PartDocument,
    activity: ActivityId,
    outcome: Outcome,
}

/// Asks after a part; nothing when it is not in flight, or still is.
async fn ask_after(ready: &Ready, document: PartDocument) -> Result<Option<Over>, PollError> {
    let PartStage::Submitted { activity, .. } = &document.part.stage else { return Ok(None) };
    let activity = activity.clone();
    if defects::is_back(Defect::FingerprintBeforeDelivery) {
        let outcome = Outcome { state: PartState::Completed, persons: None, errors: 0, dropped: 0 };
        return Ok(Some(Over { document, activity, outcome }));
    }
    let outcome = match ready.constant_contact.activity(&activity).await? {
        Some(found) if !found.is_over() => return Ok(None),
        Some(found) => outcome_of(&found),
        None => Outcome { state: PartState::Lost, persons: None, errors: 0, dropped: 0 },
    };
    Ok(Some(Over { document, activity, outcome }))
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
    let errors = refused.into_iter().flatten().sum();
    Outcome { state, persons: counts.persons, errors, dropped: 0 }
}

/// Agrees first and marks the parts settled after: a crash between the two agrees twice, which changes nothing.
async fn settle_batch(
    services: &Services,
    ready: &Ready,
    store: &RunStore,
    over: Vec<Over>,
    now: Timestamp,
) -> Result<(), PollError> {
    let mut agreements = Vec::new();
    let mut settled = Vec::new();
    for mut part in over {
        if part.outcome.state == PartState::Completed {
            agreements.extend(taken_in(services, store, &mut part, now).await?);
        } else {
            warn!(
                batch.ordinal = part.document.ordinal, part.number = part.document.number,
                part.state = ?part.outcome.state,
                "An activity came to nothing; its people are planned anew."
            );
        }
        settled.push(part);
    }
    refusals::forget(services, &agreements).await?;
    let revived = agree_on_import(services, agreements).await?;
    removals::take_off(ready, store, revived, now).await?;
    for Over { mut document, activity, outcome } in settled {
        let submitted_at = match &document.part.stage {
            PartStage::Submitted { at, .. } | PartStage::Settled { submitted_at: at, .. } => *at,
            PartStage::Intended => document.part.intended_at,
        };
        document.part.stage =
            PartStage::Settled { activity: Some(activity), submitted_at, outcome, at: now };
        if document.part.failed_alone() {
            refusals::refuse_alone(services, ready, store, &document, now).await?;
        }
        store.write_part(&document).await?;
        info!(
            run.id = %store.run(), batch.ordinal = document.ordinal, part.number = document.number,
            part.rows = document.part.rows, part.errors = outcome.errors, "Settled a part."
        );
    }
    Ok(())
}

/// What is agreed now that a part was taken in.
async fn taken_in(
    services: &Services,
    store: &RunStore,
    part: &mut Over,
    now: Timestamp,
) -> Result<Vec<Agreement>, PollError> {
    let Over { document, outcome, .. } = part;
    let (ordinal, number) = (document.ordinal, document.number);
    let mut agreements = store.agreements(ordinal, Some(number)).await?;
    if defects::is_back(Defect::BatchGoodByOneRow) && outcome.persons != Some(0) {
        return Ok(agreements);
    }
    // Fewer people than were sent: the rest was dropped silently, from the end of the file.
    let taken_in = outcome.persons.map_or(document.part.rows, |it| it.min(document.part.rows));
    outcome.dropped = document.part.rows - taken_in;
    if outcome.dropped > 0 {
        warn!(
            batch.ordinal = ordinal,
            part.number = number,
            part.rows = document.part.rows,
            part.persons = taken_in,
            "Constant Contact dropped rows silently; they are sent again."
        );
        agreements.truncate(usize::try_from(taken_in).unwrap_or(usize::MAX));
        store.write_agreements(ordinal, Some(number), &agreements).await?;
        document.part.rows = taken_in;
    }
    if outcome.errors > 0 {
        // Constant Contact refused somebody and does not say whom, so nothing is agreed. Whoever was taken in shows up in
        // the next inbound read.
        let run = store.run().clone();
        let suspect = Suspect { run, ordinal, part: number, settled_at: now };
        refusals::suspect(services, suspect).await?;
        return Ok(Vec::new());
    }
    Ok(agreements)
}

/// Puts agreements into the ledger, on top of what it has learnt meanwhile.
pub(crate) async fn agree(
    services: &Services,
    agreements: Vec<Agreement>,
) -> Result<(), PollError> {
    change(services, agreements, Agreed::merge).await
}

/// The same after an import, whose rows say every value. Answers whom it may have put on lists although they were deleted.
async fn agree_on_import(
    services: &Services,
    agreements: Vec<Agreement>,
) -> Result<Revived, PollError> {
    let revived = RefCell::new(Revived::new());
    let merge = |now: Agreed, before: &Agreed, after: &Agreed| {
        let lists = now.revived_by(before, after);
        if let Some(contact) = now.contact.clone().filter(|_| !lists.is_empty()) {
            revived.borrow_mut().insert(contact, lists);
        }
        now.merge_import(before, after)
    };
    change(services, agreements, merge).await?;
    Ok(revived.into_inner())
}

async fn change(
    services: &Services,
    agreements: Vec<Agreement>,
    merge: impl Fn(Agreed, &Agreed, &Agreed) -> Agreed,
) -> Result<(), PollError> {
    let changes = agreements.into_iter().map(|agreement| {
        let Agreement { uid, before, after } = agreement;
        (uid, (before, after))
    });
    let merge = |now: Option<&Agreed>, (before, after): &(Agreed, Agreed)| {
        merge(now.cloned().unwrap_or_default(), before, after)
    };
    Ok(services.ledger.change(changes, merge).await?)
}

/// Agrees about those to whom nothing was sent, once their batch is submitted.
async fn agree_quietly(services: &Services, store: &RunStore, run: &Run) -> Result<(), PollError> {
    for ordinal in 0..run.batches {
        let agreements = store.agreements(ordinal, None).await?;
        if !agreements.is_empty() {
            agree(services, agreements).await?;
            store.drop_quiet_agreements(ordinal).await?;
        }
    }
    Ok(())
}

/// Opens batches again whose parts came to nothing after they were planned, so that export announces them and upload
/// plans those who are not in Constant Contact yet. What the claims and parts say decides it, so that a kill at any
/// point, or upload working on the batch just now, only puts it off to the next tick.
async fn reopen(store: &RunStore, run: &Run, now: Timestamp) -> Result<(), PollError> {
    let parts = store.parts(None).await?;
    if !parts.iter().any(|document| document.part.came_to_nothing()) {
        return Ok(());
    }
    for (ordinal, there) in store.claims().await? {
        let BatchStage::Submitted(planned) = &there.value.stage else { continue };
        if is_settled_as_planned(planned, ordinal, &parts) {
            continue;
        }
        let accounts = run.size_of(ordinal);
        let stage = match why_hopeless(ordinal, &parts) {
            Some(reason) => BatchStage::Buried { reason, accounts },
            None => BatchStage::Reopened { announced_at: None, accounts },
        };
        let claim = Claim { holder: String::new(), until: now, stage };
        // If somebody changed it meanwhile, the next tick looks again.
        let (Put::Done(_) | Put::Taken) =
            store.write_claim(ordinal, &claim, Some(&there.etag)).await?;
    }
    Ok(())
}

/// Why a batch is given up, once it has failed too often.
fn why_hopeless(ordinal: u32, parts: &[PartDocument]) -> Option<String> {
    let mut parts: Vec<&Part> =
        parts.iter().filter(|it| it.ordinal == ordinal).map(|it| &it.part).collect();
    let is_any_in = parts.iter().any(|part| part.was_taken_in());
    parts.retain(|part| part.was_in_vain());
    let failed = parts.iter().filter(|part| part.failed_as_a_whole()).count();
    let failed_max = if is_any_in { HALVED_MAX } else { FAILED_MAX };
    let is_hopeless = failed >= failed_max || parts.len() - failed >= LOST_MAX;
    is_hopeless.then(|| format!("{} activities of this batch came to nothing", parts.len()))
}

/// Whether everybody whose part came to nothing is in the batch's plan.
pub(crate) fn is_settled_as_planned(
    planned: &Planned,
    ordinal: u32,
    parts: &[PartDocument],
) -> bool {
    let came_to_nothing = parts
        .iter()
        .filter(|document| document.ordinal == ordinal && document.part.came_to_nothing())
        .count() as u64;
    came_to_nothing <= planned.came_to_nothing
}
