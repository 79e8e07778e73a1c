//! A run's life in export: start, go on, finish. At most one run at a time.

use shared::defects::{self, Defect};
use shared::domain::BatchId;
use shared::domain::batch::{BatchStage, Claim};
use shared::domain::message::BatchMessage;
use shared::domain::report::{Calls, Scope, Trigger, Window};
use shared::domain::run::{OpenRun, Phase, Run, RunLease, run_id};
use shared::domain::watermark::{Watermark, Watermarks};
use shared::invocation::Invocation;
use shared::settings::customer::CustomerSettings;
use shared::store::bucket::{ETag, Put};
use shared::store::document::Document;
use shared::store::{RunStore, keys};
use tracing::{info, warn};

use crate::clocks;
use crate::error::ExportError;
use crate::handler::{Answer, Refusal};
use crate::read;
use crate::services::Services;

/// Starts a run, unless one is going on. A scheduled run that may not start is remembered for the next tick after.
pub(crate) async fn start(
    services: &Services,
    scope: Scope,
    dry_run: bool,
    trigger: Trigger,
    invocation: &Invocation,
) -> Result<Answer, ExportError> {
    let settings = services.settings.read().await?;
    let (lease, etag) = services.state.run_lease().await?;
    if let Some(open) = &lease.open {
        return refuse(services, open, scope, trigger).await;
    }
    let run = new_run(services, &settings, scope, dry_run, trigger, invocation).await?;
    let store = services.run(&run.run);
    // First the run, then the lease: a lease never names a run that is not there.
    if store.create(&run).await? == Put::Taken {
        let open = OpenRun { run: run.run.clone(), holder: String::new(), until: run.started_at };
        return refuse(services, &open, scope, trigger).await;
    }
    // A scheduled run is the one that was remembered, if one was. Forgotten with the same put that starts it: a kill in
    // between would lose the day's run.
    let remembered = lease.remembered.filter(|_| trigger != Trigger::Schedule);
    let taken = RunLease { open: Some(held(&run, invocation)), remembered, ..lease };
    match services.state.write_run_lease(&taken, etag.as_ref()).await? {
        Put::Done(_) => {}
        Put::Taken => {
            let (lease, _) = services.state.run_lease().await?;
            match lease.open {
                Some(open) if open.holder == invocation.id() => {}
                Some(open) => return refuse(services, &open, scope, trigger).await,
                None => return Ok(Answer::idle()),
            }
        }
    }
    info!(run.id = %run.run, run.dry_run = dry_run, "Started run {}.", run.run);
    go_on(services, &settings, &store, run, invocation).await
}

/// Goes on with the open run, or starts the one that was remembered.
pub(crate) async fn resume(
    services: &Services,
    invocation: &Invocation,
) -> Result<Answer, ExportError> {
    let (lease, etag) = services.state.run_lease().await?;
    let Some(open) = lease.open.clone() else {
        let Some(scope) = lease.remembered else { return Ok(Answer::idle()) };
        return start(services, scope, false, Trigger::Schedule, invocation).await;
    };
    let store = services.run(&open.run);
    let Some(run) = store.read().await? else {
        warn!(run.id = %open.run, "The open run has no record; poll closes it.");
        return Ok(Answer::idle());
    };
    match run.phase {
        Phase::Reading if open.until > invocation.now() && open.holder != invocation.id() => {
            Ok(Answer::idle())
        }
        Phase::Reading => {
            if !take_over(services, lease, etag.as_ref(), &run, invocation).await? {
                return Ok(Answer::idle());
            }
            let settings = services.settings.read().await?;
            info!(run.id = %run.run, run.read = run.read, "Went on with run {}.", run.run);
            go_on(services, &settings, &store, run, invocation).await
        }
        Phase::Announced => {
            let again = announce_reopened(services, &store, &run, invocation).await?;
            Ok(if again == 0 { Answer::idle() } else { Answer::of(&run) })
        }
        Phase::Settled | Phase::Failed => Ok(Answer::idle()),
    }
}

async fn go_on(
    services: &Services,
    settings: &CustomerSettings,
    store: &RunStore,
    mut run: Run,
    invocation: &Invocation,
) -> Result<Answer, ExportError> {
    let gigya = services.gigya(settings).await?;
    let read = read::read(services, settings, &gigya, store, &mut run, invocation).await;
    run.calls.gigya += gigya.calls();
    let is_whole = match read {
        Ok(is_whole) => is_whole,
        Err(error) => {
            // The next tick need not wait for this invocation's lease to die.
            release(services, &run, invocation).await?;
            return Err(error);
        }
    };
    if is_whole {
        finish(services, store, &mut run, invocation).await?;
    } else {
        store.write(&run).await?;
        info!(run.id = %run.run, run.read = run.read, "Paused run {} before the deadline.", run.run);
    }
    release(services, &run, invocation).await?;
    Ok(Answer::of(&run))
}

/// Everything is staged and announced: the read marks move, last of all.
async fn finish(
    services: &Services,
    store: &RunStore,
    run: &mut Run,
    invocation: &Invocation,
) -> Result<(), ExportError> {
    run.phase = Phase::Announced;
    run.moved_at = invocation.now();
    store.write(run).await?;
    let moved = if defects::is_back(Defect::MarkBeforeDelivery) {
        Watermark::confirmed
    } else {
        Watermark::read
    };
    let read = |marks: &mut Watermarks| {
        run.move_marks(marks, moved);
        run.note_left_out(marks);
    };
    services.state.change_watermarks(read).await?;
    info!(
        run.id = %run.run, run.read = run.read, run.batches = run.batches,
        "Staged and announced everything of run {}.", run.run
    );
    Ok(())
}

async fn new_run(
    services: &Services,
    settings: &CustomerSettings,
    scope: Scope,
    dry_run: bool,
    trigger: Trigger,
    invocation: &Invocation,
) -> Result<Run, ExportError> {
    let now = invocation.now();
    let clocks = clocks::of_run(settings, scope, &services.state.watermarks().await?);
    let from = clocks.values().next().and_then(|first| first.from);
    // The first delta has no marks to start from, so it is a full run and says so.
    let is_first = scope == Scope::Delta && clocks::read_everybody(&clocks);
    let scope = if is_first { Scope::Full } else { scope };
    Ok(Run {
        run: run_id(now, scope),
        customer: services.customer.clone(),
        trigger,
        scope,
        dry_run,
        window: Window { from, to: now },
        started_at: now,
        moved_at: now,
        phase: Phase::Reading,
        read: 0,
        batches: 0,
        announced: 0,
        sizes: Vec::new(),
        clocks,
        calls: Calls::default(),
    })
}

async fn refuse(
    services: &Services,
    open: &OpenRun,
    scope: Scope,
    trigger: Trigger,
) -> Result<Answer, ExportError> {
    let run = services.run(&open.run).read().await?;
    let remembered = trigger == Trigger::Schedule;
    if remembered {
        services.state.change_run_lease(|lease| lease.remembered = Some(scope)).await?;
    }
    let reason = if remembered {
        "another run is going on; this one starts when it is settled"
    } else {
        "another run is going on; ask again when it is settled"
    };
    info!(run.id = %open.run, "Refused a run, because another is going on.");
    let state = run.map_or(Phase::Reading, |run| run.phase);
    let refused = Refusal { reason: reason.to_owned(), run: open.run.clone(), state };
    Ok(Answer::Refused { refused })
}

fn held(run: &Run, invocation: &Invocation) -> OpenRun {
    OpenRun {
        run: run.run.clone(),
        holder: invocation.id().to_owned(),
        until: invocation.ends_at(),
    }
}

async fn take_over(
    services: &Services,
    lease: RunLease,
    etag: Option<&ETag>,
    run: &Run,
    invocation: &Invocation,
) -> Result<bool, ExportError> {
    let taken = RunLease { open: Some(held(run, invocation)), ..lease };
    Ok(match services.state.write_run_lease(&taken, etag).await? {
        Put::Done(_) => true,
        Put::Taken => {
            let (lease, _) = services.state.run_lease().await?;
            lease.open.is_some_and(|open| open.holder == invocation.id())
        }
    })
}

/// Gives the right to read back, so that the next tick can go on at once.
async fn release(
    services: &Services,
    run: &Run,
    invocation: &Invocation,
) -> Result<(), ExportError> {
    services
        .state
        .change_run_lease(|lease| {
            if let Some(open) = &mut lease.open
                && open.run == run.run
                && open.holder == invocation.id()
            {
                open.until = invocation.now();
            }
        })
        .await?;
    Ok(())
}

/// Announces again the batches that poll reopened, because a part of theirs came to nothing.
async fn announce_reopened(
    services: &Services,
    store: &RunStore,
    run: &Run,
    invocation: &Invocation,
) -> Result<u32, ExportError> {
    let mut again = 0;
    for (ordinal, Document { value: claim, etag }) in store.claims().await? {
        let BatchStage::Reopened { announced_at: None, accounts } = claim.stage else { continue };
        let batch = BatchId::derive(&services.customer, &run.run, ordinal);
        let deduplication_id = format!("{batch}.{}", invocation.now().as_second());
        let message = BatchMessage {
            run: run.run.clone(),
            batch: batch.clone(),
            key: keys::batch(&run.run, ordinal),
            accounts,
        };
        services.queue.announce(&message, &deduplication_id, &services.customer).await?;
        let stage = BatchStage::Reopened { announced_at: Some(invocation.now()), accounts };
        let claim = Claim { stage, ..claim };
        // Announced twice is harmless, so it does not matter who wins this write.
        let (Put::Done(_) | Put::Taken) = store.write_claim(ordinal, &claim, Some(&etag)).await?;
        info!(run.id = %run.run, batch.id = %batch, "Announced batch {batch} again.");
        again += 1;
    }
    Ok(again)
}
