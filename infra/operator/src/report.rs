//! `gigya-cc report`: what a run tells, as tables; and the wait for it.

use std::time::Duration;

use clap::Args;
use shared::domain::RunId;
use shared::domain::batch::BatchStage;
use shared::domain::report::{Action, Class, Outlook, Report, grouped};
use shared::domain::run::Run;
use shared::http::call;
use shared::settings::Environment;
use shared::store::{Bucket, RunStore, StoreError, keys};
use shared::telemetry::chain;

use crate::render::{self, Form};
use crate::services;
use crate::table::Table;

/// How long a report is waited for: poll writes it within a few ticks of five minutes.
const WAIT_MAX: Duration = Duration::from_hours(1);
/// How often it is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Prints what a run did, or what a dry run would have done.
///
/// The same stands beside the run in the bucket as report.html, a page for people.
#[derive(Debug, Args)]
pub struct Options {
    /// The run's id, as `gigya-cc run` and `gigya-cc status` print it.
    #[arg(value_name = "RUN")]
    run: String,
    /// Waits until poll has written the report.
    #[arg(long)]
    wait: bool,
}

/// Prints the report of a run; whether there is one.
pub(crate) async fn start<L: Fn(&str) -> Option<String>>(
    options: &Options,
    environment: &Environment<L>,
    form: Form,
) -> bool {
    let Some(bucket) = services::bucket(environment).await else { return false };
    let run = RunId::from(options.run.as_str());
    let wait = if options.wait { WAIT_MAX } else { Duration::ZERO };
    show(&bucket, &run, wait, form).await
}

/// Waits for a dry run's report, and prints it.
pub(crate) async fn follow(bucket: &Bucket, run: &RunId, form: Form) -> bool {
    show(bucket, run, WAIT_MAX, form).await
}

async fn show(bucket: &Bucket, run: &RunId, wait: Duration, form: Form) -> bool {
    match await_report(bucket, run, wait, |progress| render::say(&progress)).await {
        Ok(Some(report)) => {
            render::tell(&words(&report), &report, form);
            true
        }
        Ok(None) => {
            let next = format!("poll writes it in AWS; look again later: `gigya-cc report {run}`");
            render::failed(&format!("there is no report of run {run} yet"), &next);
            false
        }
        Err(error) => {
            render::failed(&chain(&error), services::CHECK_BUCKET);
            false
        }
    }
}

/// The report of a run, once it is there; `None` when it is not within the wait. Tells how far the planning has come,
/// whenever it has moved.
///
/// # Errors
/// When the bucket refuses or an object is broken.
pub async fn await_report(
    bucket: &Bucket,
    run: &RunId,
    wait: Duration,
    mut progress: impl FnMut(String),
) -> Result<Option<Report>, StoreError> {
    let store = RunStore::new(bucket.clone(), run.clone());
    let mut told = None;
    let mut waited = Duration::ZERO;
    loop {
        if let Some(report) = store.note(keys::REPORT).await? {
            return Ok(Some(report));
        }
        let Some(record) = store.read().await? else { return Ok(None) };
        if waited >= wait {
            return Ok(None);
        }
        let planned = planned(&store).await?;
        if told != Some(planned) {
            progress(words_of_progress(&record, planned));
            told = Some(planned);
        }
        call::wait(LOOK_EVERY).await;
        waited += LOOK_EVERY;
    }
}

async fn planned(store: &RunStore) -> Result<usize, StoreError> {
    let claims = store.claims().await?;
    Ok(claims
        .iter()
        .filter(|(_, claim)| matches!(claim.value.stage, BatchStage::Submitted(_)))
        .count())
}

fn words_of_progress(run: &Run, planned: usize) -> String {
    match run.batches {
        0 => format!("Run {}: nothing is to be planned; poll writes the report.", run.run),
        batches => format!(
            "Run {}: {planned} of {batches} batches are planned; upload plans them once Constant Contact was read.",
            run.run
        ),
    }
}

/// The report in words and tables.
pub fn words(report: &Report) -> String {
    let mut parts = vec![report.summary(), people(report), actions(report)];
    if report.dry_run
        && let Some(brake) = &report.brake
    {
        parts.push(format!("The brake would stop this. {}", brake.dry_run_words()));
    }
    parts.extend(losses(report));
    if let Some(outlook) = &report.outlook {
        parts.push(outlook.words());
        parts.extend((!outlook.is_fresh).then(|| Outlook::STALE.to_owned()));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

fn people(report: &Report) -> String {
    let mut table = Table::new(&["FATE", "PEOPLE#"]);
    for class in Class::ALL {
        table.row([class.as_str().to_owned(), grouped(report.people.count(class))]);
    }
    table.row(["read from Gigya".to_owned(), grouped(report.people.read)]);
    table.words()
}

fn actions(report: &Report) -> String {
    let mut table = Table::new(&["IN CONSTANT CONTACT", "PEOPLE#", "FOR EXAMPLE", "FIELDS", "WHY"]);
    for action in Action::ALL {
        let people = report.actions.people(action);
        if people == 0 {
            continue;
        }
        let (mut name, mut count) = (action.words().to_owned(), grouped(people));
        for sample in report.actions.samples(action) {
            let fields = sample.fields.join(", ");
            let uid = sample.uid.to_string();
            table.row([
                std::mem::take(&mut name),
                std::mem::take(&mut count),
                uid,
                fields,
                sample.reason.clone(),
            ]);
        }
    }
    let words = table.words();
    if words.is_empty() { "Nothing is to be done in Constant Contact.".to_owned() } else { words }
}

fn losses(report: &Report) -> Option<String> {
    let losses = &report.losses;
    if losses.is_empty() {
        return None;
    }
    let mut table = Table::new(&["LOST ON THE WAY", "CHARACTERS#", "VALUES CUT#"]);
    for (field, lost) in &losses.by_field {
        table.row([field.clone(), grouped(lost.characters), grouped(lost.cut)]);
    }
    Some(table.words())
}
