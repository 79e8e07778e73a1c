//! `gigya-cc status`: the state of things at a glance.

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use shared::domain::RunId;
use shared::domain::batch::{BatchStage, PartStage};
use shared::domain::report::{Brake, Scope, grouped};
use shared::domain::run::{Phase, Run};
use shared::domain::watermark::{InboundState, Watermark, Watermarks};
use shared::settings::Environment;
use shared::store::{RunStore, StateStore, StoreError};

use crate::person::LookError;
use crate::release::{ERASURE, INBOUND};
use crate::render::{self, Form};
use crate::services::Services;
use crate::table::Table;

/// Shows the state of things: the run that is going on, how far everything is read, brakes, and who is waited for.
///
/// Reads the bucket and the secret; no vendor is asked.
#[derive(Debug, Args)]
pub struct Options {}

/// The state of things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The run that is going on.
    pub run: Option<RunStatus>,
    /// A scheduled run that starts after it.
    pub remembered: Option<Scope>,
    /// Up to where Gigya is read and settled.
    pub marks: Watermarks,
    /// Up to where Constant Contact is read.
    pub inbound: InboundState,
    /// Brakes that wait to be released, by what `gigya-cc run --release-brake` calls them.
    pub brakes: Vec<(String, Brake)>,
    /// People whom the next run reads whatever their time says.
    pub due: u64,
    /// Conflicts that wait for a person.
    pub conflicts_waiting: u64,
    /// Conflicts that are decided and not carried out yet.
    pub conflicts_decided: u64,
    /// People who are known to be in Constant Contact.
    pub known: u64,
}

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunStatus {
    /// Which.
    pub run: RunId,
    /// Whether it only says what it would do.
    pub dry_run: bool,
    /// Its phase.
    pub phase: Phase,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it last moved.
    pub moved_at: Timestamp,
    /// People read.
    pub read: u64,
    /// Batches staged.
    pub batches: u32,
    /// Batches that are planned and submitted.
    pub planned: u32,
    /// Batches that were given up; they are on the dead letters.
    pub buried: u32,
    /// Activities that Constant Contact has not ended.
    pub in_flight: u64,
}

/// Prints the state of things; whether it could be read.
pub(crate) async fn start<L: Fn(&str) -> Option<String>>(
    environment: &Environment<L>,
    form: Form,
) -> bool {
    let Some(services) = Services::open(environment).await else { return false };
    let came = status(&services).await;
    render::outcome(came, form, |status| words(status, services.clock.now()), |_| true)
}

/// Reads the state of things.
///
/// # Errors
/// When the bucket or the secret refuses, or an object is broken.
pub async fn status(services: &Services) -> Result<Status, LookError> {
    let (bucket, ledger) = (&services.bucket, services.ledger().await?);
    let state = StateStore::new(bucket.clone());
    let (lease, _) = state.run_lease().await?;
    let mut brakes = Vec::new();
    let mut run = None;
    if let Some(open) = &lease.open {
        let store = RunStore::new(bucket.clone(), open.run.clone());
        if let Some(record) = store.read().await? {
            run = Some(run_status(&store, record).await?);
        }
        let pulled = store.brake().await?.map(|document| document.value);
        let waiting = pulled.filter(|pulled| pulled.released_at.is_none());
        brakes.extend(waiting.map(|pulled| (open.run.to_string(), pulled.brake)));
    }
    for (of, pulled) in
        [(INBOUND, state.inbound_brake().await?), (ERASURE, state.erasure_brake().await?)]
    {
        let waiting = pulled.filter(|pulled| pulled.released_at.is_none());
        brakes.extend(waiting.map(|pulled| (of.to_owned(), pulled.brake)));
    }
    let conflicts = ledger.conflicts().await?;
    let decided = conflicts.iter().filter(|conflict| conflict.hold.chosen.is_some()).count() as u64;
    Ok(Status {
        run,
        remembered: lease.remembered,
        marks: state.watermarks().await?,
        inbound: state.inbound().await?.0,
        brakes,
        due: state.due().await?.len() as u64,
        conflicts_waiting: conflicts.len() as u64 - decided,
        conflicts_decided: decided,
        known: ledger.count().await?,
    })
}

async fn run_status(store: &RunStore, run: Run) -> Result<RunStatus, StoreError> {
    let (mut planned, mut buried) = (0, 0);
    for (_, claim) in store.claims().await? {
        match claim.value.stage {
            BatchStage::Submitted(_) => planned += 1,
            BatchStage::Buried { .. } => buried += 1,
            BatchStage::Claimed | BatchStage::Reopened { .. } | BatchStage::GivenUp { .. } => {}
        }
    }
    let parts = store.parts(None).await?;
    let in_flight = parts.iter().filter(|document| match document.part.stage {
        PartStage::Intended | PartStage::Submitted { .. } => true,
        PartStage::Settled { .. } => false,
    });
    let in_flight = in_flight.count() as u64;
    let Run { run, dry_run, phase, started_at, moved_at, read, batches, .. } = run;
    Ok(RunStatus {
        run,
        dry_run,
        phase,
        started_at,
        moved_at,
        read,
        batches,
        planned,
        buried,
        in_flight,
    })
}

/// The state of things in words.
pub fn words(status: &Status, now: Timestamp) -> String {
    let mut table = Table::new(&["WHAT", "STATE"]);
    let mut line = |what: &str, state: String| table.row([what.to_owned(), state]);
    line(
        "run",
        status
            .run
            .as_ref()
            .map_or_else(|| "none is going on".to_owned(), |run| words_of_run(run, now)),
    );
    if let Some(scope) = status.remembered {
        let scope = serde_json::to_value(scope).unwrap_or_default();
        let scope = scope["scope"].as_str().unwrap_or_default().to_owned();
        line("remembered", format!("a scheduled run ({scope}) starts after it"));
    }
    for (name, mark) in [
        ("accounts", status.marks.accounts),
        ("lite accounts", status.marks.lite),
        ("subscriptions", status.marks.subscriptions),
        ("deletions", status.marks.deletions),
    ] {
        let Watermark { read_through, confirmed_through, left_out } = mark;
        if read_through.is_some() || left_out.is_some() || name == "accounts" {
            let (read, settled) = (through(read_through, now), through(confirmed_through, now));
            let left_out = left_out.map_or_else(String::new, |it| {
                format!("; in the last {} run(s), Gigya's pages left accounts out", it.runs)
            });
            line(name, format!("read {read}, settled {settled}{left_out}"));
        }
    }
    line("inbound read", through(status.inbound.read_through, now));
    line("sweep", status.inbound.swept_at.map_or_else(|| "never".to_owned(), |at| ago(at, now)));
    line("known", format!("{} people are in Constant Contact", grouped(status.known)));
    line(
        "due",
        format!("{} people are read by the next run whatever their time says", grouped(status.due)),
    );
    line(
        "conflicts",
        format!(
            "{} wait for a person, {} are decided",
            grouped(status.conflicts_waiting),
            grouped(status.conflicts_decided)
        ),
    );
    for (of, brake) in &status.brakes {
        line(
            "brake",
            format!(
                "pulled: {} people wait → gigya-cc run --release-brake {of}",
                grouped(brake.removals)
            ),
        );
    }
    if status.brakes.is_empty() {
        line("brake", "none is pulled".to_owned());
    }
    table.words()
}

fn words_of_run(status: &RunStatus, now: Timestamp) -> String {
    let kind = if status.dry_run { "dry run" } else { "run" };
    let phase = render::words_of(status.phase);
    let (started, moved) = (ago(status.started_at, now), ago(status.moved_at, now));
    let words = format!(
        "{kind} {}: {phase}, started {started}, last moved {moved}; {} people read, {} of {} batches planned, {} activities in flight",
        status.run,
        grouped(status.read),
        status.planned,
        status.batches,
        status.in_flight
    );
    match status.buried {
        0 => words,
        buried => format!("{words}, {buried} batches given up → gigya-cc redrive"),
    }
}

fn through(at: Option<Timestamp>, now: Timestamp) -> String {
    at.map_or_else(
        || "never".to_owned(),
        |at| format!("through {} ({})", at.strftime("%Y-%m-%d %H:%M UTC"), ago(at, now)),
    )
}

/// `3 min ago`, `5 h ago`, `4 days ago`.
fn ago(at: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(at).as_mins().max(0);
    match minutes {
        0..120 => format!("{minutes} min ago"),
        120..2_880 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1_440),
    }
}
