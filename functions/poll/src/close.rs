//! Closing a run: the report, the balance, and last of all the mark.

use serde::{Deserialize, Serialize};
use shared::domain::batch::{BatchStage, Outcome, PartStage};
use shared::domain::report::{
    Actions, BatchReport, Brake, CallLimits, Calls, Class, Inbound, Leaving, ListedPerson, Losses,
    Outlook, PartReport, PartState, People, Report, State, Work,
};
use shared::domain::run::{Phase, Run};
use shared::domain::watermark::{Watermark, Watermarks};
use shared::domain::{BatchId, RunId};
use shared::gigya::Paces;
use shared::invocation::Invocation;
use shared::report_page::{self, Listed, PEOPLE_SHOWN_MAX, ReportLists};
use shared::settings::customer::CustomerSettings;
use shared::store::runs::PartDocument;
use shared::store::state::Due;
use shared::store::{RunStore, keys};
use tracing::{error, info};

use crate::brake;
use crate::errands::{self, Standing};
use crate::error::PollError;
use crate::give_up::{give_up, take_from_export};
use crate::refusals;
use crate::services::{Ready, Services};

/// Where a run keeps what poll did for it.
const NOTE: &str = "poll.json";

/// What poll did for a run.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Note {
    inbound: Inbound,
    calls: Calls,
}

/// Adds what this tick did to the run's own account.
pub(crate) async fn note(
    store: &RunStore,
    inbound: Option<Inbound>,
    calls: Calls,
) -> Result<(), PollError> {
    if inbound.is_none() && calls == Calls::default() {
        return Ok(());
    }
    let mut note: Note = store.note(NOTE).await?.unwrap_or_default();
    note.inbound.merge(&inbound.unwrap_or_default());
    note.calls.merge(calls);
    store.write_note(NOTE, &note).await?;
    Ok(())
}

/// Closes the run if everything of it is done, or if it has stood still for too long. Answers whether it did.
pub(crate) async fn close(
    services: &Services,
    ready: &Ready,
    store: &RunStore,
    run: &mut Run,
    invocation: &Invocation,
) -> Result<bool, PollError> {
    match run.phase {
        Phase::Reading | Phase::Announced => {}
        // Written, and killed before the rest was done.
        Phase::Settled | Phase::Failed => {
            leave(services, run).await?;
            return Ok(true);
        }
    }
    if run.phase == Phase::Reading {
        if !run.stands_still(invocation.now()) {
            return Ok(false);
        }
        let Some(now) = take_from_export(services, store, run, invocation).await? else {
            return Ok(false);
        };
        *run = now;
    }
    let standing = Standing::read(store).await?;
    let in_flight = standing.parts.iter().any(|document| match document.part.stage {
        PartStage::Intended | PartStage::Submitted { .. } => true,
        PartStage::Settled { .. } => false,
    });
    let progress =
        errands::progress(services, ready, store, run, &standing, invocation.now()).await?;
    let is_done = progress.is_some() && !in_flight && run.phase == Phase::Announced;
    let held = brake::held(store).await?;
    if !is_done && !give_up(store, run, &standing, invocation).await? {
        if !in_flight && held.is_some() && brake::wants_report(store).await? {
            let settings = &ready.settings;
            let report = report(store, run, settings, &standing, &[], held, invocation).await?;
            let lists = publish_lists(store, run, Vec::new()).await?;
            publish(store, &report, &lists).await?;
            brake::reported(store).await?;
        }
        return Ok(false);
    }
    let rejected = progress.map(|progress| progress.rejected).unwrap_or_default();
    let brake = if run.dry_run { foreseen_brake(services, ready, store, run).await? } else { held };
    let settings = &ready.settings;
    let mut report = report(store, run, settings, &standing, &rejected, brake, invocation).await?;
    if !is_done {
        (report.state, report.settled_at) = (State::Failed, None);
    }
    let lists = publish_lists(store, run, rejected).await?;
    publish(store, &report, &lists).await?;

    let is_settled = report.state == State::Settled;
    if !is_settled {
        give_back_due(services, store).await?;
    }
    run.phase = if is_settled { Phase::Settled } else { Phase::Failed };
    run.moved_at = invocation.now();
    store.write(run).await?;
    leave(services, run).await?;
    if is_settled {
        info!(run.id = %run.run, people.read = report.people.read, "Settled run {}.", run.run);
    } else {
        error!(run.id = %run.run, "Run {} failed; its people are read again by the next run.", run.run);
    }
    Ok(true)
}

/// What is left to do for a run that is written as closed: the mark first, the lease last.
async fn leave(services: &Services, run: &Run) -> Result<(), PollError> {
    if run.phase == Phase::Settled {
        confirm(services, run).await?;
    }
    services.state.change_run_lease(|lease| lease.close(run)).await?;
    Ok(())
}

/// Whoever was due and was read by a run that failed is due again.
async fn give_back_due(services: &Services, store: &RunStore) -> Result<(), PollError> {
    let taken = store.due_taken().await?;
    let give_back = |due: &mut Due| {
        for (uid, from) in &taken {
            due.entry(uid.clone()).or_insert(*from);
        }
    };
    services.state.change_due(give_back).await?;
    Ok(())
}

/// Gives back the lease of a run that has no record, so that another run may start.
pub(crate) async fn release(services: &Services, run: &RunId) -> Result<(), PollError> {
    services
        .state
        .change_run_lease(|lease| {
            if lease.open.as_ref().is_some_and(|open| open.run == *run) {
                lease.open = None;
            }
        })
        .await?;
    Ok(())
}

/// Everything is settled, so the marks move: the next delta starts here, by each clock that was read to its end.
async fn confirm(services: &Services, run: &Run) -> Result<(), PollError> {
    let confirmed = |marks: &mut Watermarks| run.move_marks(marks, Watermark::confirmed);
    services.state.change_watermarks(confirmed).await?;
    Ok(())
}

/// The brake that the removals which a dry run planned would pull.
async fn foreseen_brake(
    services: &Services,
    ready: &Ready,
    store: &RunStore,
    run: &Run,
) -> Result<Option<Brake>, PollError> {
    let batches: Vec<u32> = (0..run.batches).collect();
    brake::brake_of(services, ready, store, run, (&batches, None)).await
}

/// How fast this customer's calls may go.
fn call_limits(settings: &CustomerSettings) -> CallLimits {
    CallLimits {
        constant_contact_per_second: settings.constant_contact.calls_per_second,
        constant_contact_per_day: settings.constant_contact.calls_per_day,
        gigya_per_second: Paces::default().searches_per_second,
    }
}

async fn report(
    store: &RunStore,
    run: &Run,
    settings: &CustomerSettings,
    standing: &Standing,
    rejected: &[ListedPerson],
    brake: Option<Brake>,
    invocation: &Invocation,
) -> Result<Report, PollError> {
    let Standing { claims, parts } = standing;
    let note: Note = store.note(NOTE).await?.unwrap_or_default();
    let mut people = People { read: run.read, ..People::default() };
    let (mut losses, mut leaving, mut calls) = (Losses::default(), Leaving::default(), run.calls);
    calls.merge(note.calls);
    let (mut actions, mut imports, mut is_stale) = (Actions::default(), 0, false);
    let mut lost_batches = 0;
    for (_, claim) in claims {
        match &claim.value.stage {
            BatchStage::Submitted(planned) => {
                people.merge(&planned.people);
                actions.merge(&planned.actions);
                imports += planned.imports;
                is_stale |= planned.is_stale;
                losses.merge(&planned.losses);
                leaving.merge(&planned.leaving);
                calls.merge(planned.calls);
            }
            BatchStage::Buried { accounts, .. } => {
                people.add_many(Class::Rejected, u64::from(*accounts));
                lost_batches += 1;
            }
            // They wait for the next run.
            BatchStage::GivenUp { accounts } => {
                people.add_many(Class::Held, u64::from(*accounts));
            }
            BatchStage::Claimed | BatchStage::Reopened { .. } => {}
        }
    }
    let refused: u64 = parts.iter().map(refused_rows).sum::<u64>() + rejected.len() as u64;
    people.reclassify(Class::Accepted, Class::Rejected, refused);
    let balances = people.balance();
    if let Err(imbalance) = &balances {
        error!(run.id = %run.run, people.read = imbalance.read, people.accounted = imbalance.accounted, "The run does not balance.");
    }
    // A dry run only says that the brake would be pulled.
    let is_braked = brake.is_some() && !run.dry_run;
    let state = if balances.is_err() || lost_batches > 0 {
        State::Failed
    } else if is_braked {
        State::Braked
    } else {
        State::Settled
    };
    let work = Work { actions: &actions, imports, reads: run.calls.gigya };
    let outlook = run.dry_run.then(|| Outlook::of(work, call_limits(settings), !is_stale));
    Ok(Report {
        run: run.run.clone(),
        customer: run.customer.clone(),
        trigger: run.trigger,
        scope: run.scope,
        dry_run: run.dry_run,
        state,
        window: run.window,
        started_at: run.started_at,
        settled_at: (!is_braked).then(|| invocation.now()),
        people,
        actions,
        leaving,
        inbound: note.inbound,
        losses,
        batches: batches(run, parts),
        calls,
        brake,
        outlook,
    })
}

fn refused_rows(document: &PartDocument) -> u64 {
    match &document.part.stage {
        PartStage::Settled { outcome, .. } if outcome.state == PartState::Completed => {
            outcome.errors.min(document.part.rows)
        }
        PartStage::Settled { .. } | PartStage::Intended | PartStage::Submitted { .. } => 0,
    }
}

fn batches(run: &Run, parts: &[PartDocument]) -> Vec<BatchReport> {
    (0..run.batches)
        .map(|ordinal| BatchReport {
            batch: BatchId::derive(&run.customer, &run.run, ordinal),
            accounts: u64::from(run.size_of(ordinal)),
            parts: parts.iter().filter(|part| part.ordinal == ordinal).map(part_report).collect(),
        })
        .collect()
}

fn part_report(document: &PartDocument) -> PartReport {
    let part = &document.part;
    let unsettled = |state| Outcome { state, persons: None, errors: 0, dropped: 0 };
    let (activity, outcome, submitted_at, settled_at) = match &part.stage {
        PartStage::Intended => (None, unsettled(PartState::Lost), part.intended_at, None),
        PartStage::Submitted { activity, at } => {
            (Some(activity.clone()), unsettled(PartState::InFlight), *at, None)
        }
        PartStage::Settled { activity, submitted_at, outcome, at } => {
            (activity.clone(), *outcome, *submitted_at, Some(*at))
        }
    };
    let Outcome { state, persons, errors, dropped } = outcome;
    PartReport {
        activity,
        lists: part.lists.len() as u64,
        // What was dropped was sent, too; the part keeps those who were taken in.
        rows: part.rows + dropped,
        state,
        persons,
        errors,
        submitted_at,
        settled_at,
    }
}

/// Puts each list's shares together, and keeps the beginning for the page.
async fn publish_lists(
    store: &RunStore,
    run: &Run,
    rejected: Vec<ListedPerson>,
) -> Result<ReportLists, PollError> {
    let mut lists = ReportLists::default();
    for (name, slot) in [
        ("invalid", Some(&mut lists.invalid)),
        ("held", Some(&mut lists.held)),
        ("conflicts", Some(&mut lists.conflicts)),
        ("duplicate", None),
        ("losses", None),
    ] {
        let mut people: Vec<ListedPerson> = Vec::new();
        for ordinal in 0..run.batches {
            people.append(&mut store.list_share(name, ordinal).await?);
        }
        let listed = publish_list(store, name, people).await?;
        if let Some(slot) = slot {
            *slot = listed;
        }
    }
    lists.rejected = publish_refused(store, run, rejected).await?;
    Ok(lists)
}

/// Publishes anew whom Constant Contact refused, once it is known by name.
pub(crate) async fn publish_rejected(store: &RunStore, run: &Run) -> Result<(), PollError> {
    let rejected = errands::rejected(store).await?;
    publish_refused(store, run, rejected).await?;
    Ok(())
}

/// Those whose single write was refused, and those who are known to have been refused in an import.
async fn publish_refused(
    store: &RunStore,
    run: &Run,
    mut rejected: Vec<ListedPerson>,
) -> Result<Listed, PollError> {
    for ordinal in 0..run.batches {
        rejected.append(&mut store.list_share(refusals::LIST, ordinal).await?);
    }
    publish_list(store, refusals::LIST, rejected).await
}

async fn publish_list(
    store: &RunStore,
    name: &str,
    mut people: Vec<ListedPerson>,
) -> Result<Listed, PollError> {
    let total = people.len() as u64;
    let lines: Vec<String> =
        people.iter().filter_map(|person| serde_json::to_string(person).ok()).collect();
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    let key = store.publish(&format!("{name}.ndjson"), text, "application/x-ndjson").await?;
    people.truncate(PEOPLE_SHOWN_MAX);
    Ok(Listed { people, total, key })
}

async fn publish(store: &RunStore, report: &Report, lists: &ReportLists) -> Result<(), PollError> {
    let page = report_page::page(report, lists);
    store.publish("report.html", page, "text/html; charset=utf-8").await?;
    store.write_note(keys::REPORT, report).await?;
    Ok(())
}
