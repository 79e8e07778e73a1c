//! `gigya-cc run`: starts a run as the schedule does, with export's own code and the operator's credentials.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use clap::Args;
use export::{Answer, ExportError, Services};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::aws;
use shared::domain::run::Phase;
use shared::invocation::{Clock, Invocation};
use shared::settings::Environment;
use shared::store::Bucket;
use shared::telemetry::chain;

use crate::render::{self, Form};
use crate::{release, report, services};

/// How long one stretch of reading may take: as long as an invocation of Lambda (AWS Lambda quotas, "Function timeout").
/// The lease on the run dies with the stretch, so one that is interrupted here goes on in AWS soon.
const STRETCH: Duration = Duration::from_mins(15);

/// How many stretches are read here at most: 24 hours, after which a run is closed as failed anyway.
const STRETCHES_MAX: u32 = 96;

/// Starts a run now: reads accounts, stages them and announces them, as the daily schedule does.
///
/// Without options, a delta: whatever changed since the last run. It runs here, with your credentials, until everything is
/// announced; upload and poll then take over in AWS. There is at most one run at a time. Ctrl-C is safe: export goes on in AWS.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    what: What,
    /// Reads and plans as usual, submits nothing, waits for the plan and prints it: counts, samples of each action, losses,
    /// who is kept back, what the brake would say, and what doing it would cost.
    #[arg(long, conflicts_with_all = ["resume", "release_brake"])]
    dry_run: bool,
    /// Does not wait for a dry run's plan; `gigya-cc report RUN` prints it later.
    #[arg(long, requires = "dry_run")]
    no_wait: bool,
}

/// What to read; nothing said is a delta.
#[derive(Debug, Args, Default)]
#[group(multiple = false)]
struct What {
    /// Reads everybody, to find what the daily delta missed.
    #[arg(long)]
    full: bool,
    /// Reads whatever changed since this instant, for example 2026-11-01T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Reads so many accounts only, to try new settings.
    #[arg(long, value_name = "ACCOUNTS", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,
    /// Goes on with the run that is unfinished.
    #[arg(long)]
    resume: bool,
    /// Lets a run make the removals that its brake has stopped; `inbound` for those of an inbound
    /// read, `erasure` for those of accounts that were deleted at Gigya.
    #[arg(long, value_name = "RUN")]
    release_brake: Option<String>,
}

impl Options {
    /// Whether the plan is waited for.
    fn waits(&self) -> bool {
        self.dry_run && !self.no_wait
    }

    /// The event that asks export for it.
    fn event(&self) -> Value {
        let What { full, since, sample, resume, release_brake: _ } = &self.what;
        let dry_run = self.dry_run;
        if *resume {
            return resume_event();
        }
        match (since, sample) {
            (Some(since), _) => json!({"scope": "since", "since": since, "dry_run": dry_run}),
            (None, Some(accounts)) => {
                json!({"scope": "sample", "accounts": accounts, "dry_run": dry_run})
            }
            (None, None) if *full => json!({"scope": "full", "dry_run": dry_run}),
            (None, None) => json!({"scope": "delta", "dry_run": dry_run}),
        }
    }
}

fn resume_event() -> Value {
    json!({"scope": "resume"})
}

/// Runs what the options say and prints what came of it; whether a run was started or had nothing to do.
pub(crate) async fn start<L: Fn(&str) -> Option<String>>(
    options: &Options,
    environment: &Environment<L>,
    form: Form,
) -> bool {
    if let Some(run) = &options.what.release_brake {
        let Some(bucket) = services::bucket(environment).await else { return false };
        return release::start(run, &bucket, form).await;
    }
    let environment = match environment.for_export() {
        Ok(environment) => environment,
        Err(error) => {
            let next =
                "set the variables or give the options of the same names (`gigya-cc run --help`)";
            render::failed(&error.to_string(), next);
            return false;
        }
    };
    let sdk = aws::connect().await;
    let services = match Services::connect(&environment, &sdk) {
        Ok(services) => services,
        Err(error) => {
            render::failed(&chain(&error), "install the machine's root certificates");
            return false;
        }
    };
    match read(&services, &Clock::System, options.event(), render::progress).await {
        Ok(answer) => match &answer {
            Answer::Run { run, state: Phase::Announced, .. } if options.waits() => {
                render::progress_of_dry_run(run);
                let bucket = Bucket::connect(&sdk, &environment.bucket);
                report::follow(&bucket, run, form).await
            }
            Answer::Run { .. } | Answer::Idle { .. } | Answer::Refused { .. } => {
                render::answer(&answer, &environment.bucket, options.dry_run, form);
                is_taken(&answer)
            }
        },
        Err(error) => {
            render::failed(&chain(&error), next_step(&error));
            false
        }
    }
}

/// Calls export with the event, and again while the run is still reading and nobody else reads it.
///
/// # Errors
/// As export's [`handle`](export::handle). What was staged by then stays.
pub async fn read(
    services: &Services,
    clock: &Clock,
    event: Value,
    mut progress: impl FnMut(&Answer),
) -> Result<Answer, ExportError> {
    // One holder for all stretches, which is how export knows that the lease is its own.
    let holder = format!("operator-{:016x}", RandomState::new().hash_one(0));
    let stretch = async |event| {
        let invocation = Invocation::begin(&holder, clock, STRETCH);
        Box::pin(export::handle(services, event, &invocation)).await
    };
    let mut answer = stretch(event).await?;
    for _ in 1..STRETCHES_MAX {
        if !matches!(&answer, Answer::Run { state: Phase::Reading, .. }) {
            break;
        }
        progress(&answer);
        match stretch(resume_event()).await? {
            // Somebody else, the five-minute tick in AWS for one, goes on with it.
            Answer::Idle { .. } | Answer::Refused { .. } => break,
            further @ Answer::Run { .. } => answer = further,
        }
    }
    Ok(answer)
}

fn is_taken(answer: &Answer) -> bool {
    match answer {
        Answer::Run { .. } | Answer::Idle { .. } => true,
        Answer::Refused { .. } => false,
    }
}

fn next_step(error: &ExportError) -> &'static str {
    match error {
        ExportError::Event(_) => "this is a defect of the program: report it",
        ExportError::Settings(_)
        | ExportError::Secrets(_)
        | ExportError::Vendor(_)
        | ExportError::Query(_) => "run `gigya-cc check`, mend what it lists, and run this again",
        ExportError::Gigya(_) => {
            "run `gigya-cc check`; what was staged stays, and `gigya-cc run --resume` (or export's next tick in AWS) goes on"
        }
        ExportError::Store(_) | ExportError::Queue(_) => {
            "check BUCKET, QUEUE_URL, and region and credentials of AWS; what was staged stays, and `gigya-cc run --resume` goes on"
        }
        ExportError::Stage(_) => "run `gigya-cc run --resume`; if it fails again, report it",
    }
}

#[cfg(test)]
mod tests {
    use export::Ask;
    use shared::domain::report::{Scope, Trigger};

    use super::*;

    fn ask(what: What, dry_run: bool) -> Ask {
        Ask::read(Options { what, dry_run, no_wait: false }.event()).unwrap()
    }

    fn start(scope: Scope, dry_run: bool) -> Ask {
        Ask::Start { scope, dry_run, trigger: Trigger::Request }
    }

    #[test]
    fn every_way_to_ask_is_an_event_that_export_knows() {
        let since: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        assert_eq!(ask(What::default(), false), start(Scope::Delta, false));
        let full = What { full: true, ..What::default() };
        assert_eq!(ask(full, true), start(Scope::Full, true));
        let later = What { since: Some(since), ..What::default() };
        assert_eq!(ask(later, false), start(Scope::Since { since }, false));
        let sample = What { sample: Some(10), ..What::default() };
        assert_eq!(ask(sample, true), start(Scope::Sample { accounts: 10 }, true));
        let resume = What { resume: true, ..What::default() };
        assert_eq!(ask(resume, false), Ask::Resume);
    }
}
