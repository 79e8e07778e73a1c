//! The operator's command line, as a library, so that the integration suite calls exactly what the operator calls.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`check`] | `gigya-cc check`: are settings, secret and both vendors fit for a run |
//! | [`run`] | `gigya-cc run`: export's own code, from here |
//! | [`release`] | `gigya-cc run --release-brake` |
//! | [`report`] | `gigya-cc report`: what a run did, or a dry run would do |
//! | [`status`] | `gigya-cc status`: the state of things |
//! | [`explain`] | `gigya-cc explain`: one person's plan, and why |
//! | [`conflicts`] | `gigya-cc conflicts` and `gigya-cc resolve` |
//! | [`rejoin`] | `gigya-cc rejoin`: a mark is lifted by evidence in writing |
//! | [`redrive`] | `gigya-cc redrive`: batches that were given up on get another try |
//! | [`ledger`] | `gigya-cc ledger rebuild` |
//! | [`person`] | one person, as both sides and the ledger have them now |
//! | [`services`] | what the commands may touch |
//! | [`render`] | words and JSON; the only place that prints |
//!
//! Data goes to standard output and talk to standard error. Exit codes: 0 when all is well, 1 when something is wrong or
//! was refused, 2 when the command line cannot be understood.

pub mod check;
pub mod conflicts;
pub mod explain;
pub mod ledger;
mod log;
pub mod person;
pub mod redrive;
pub mod rejoin;
pub mod release;
pub mod render;
pub mod report;
pub mod run;
pub mod services;
pub mod status;
mod table;

use std::process::ExitCode;

use clap::{ArgAction, Args, Parser, Subcommand};
use shared::settings::Environment;

use render::Form;

const ENDING: &str = "\
Exit codes: 0 when all is well, 1 when something is wrong or was refused, 2 when the command line cannot be understood.

Region and credentials of AWS are found as every AWS tool finds them (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL …).";

/// Sets up and looks after one customer's synchronisation between Gigya and Constant Contact.
#[derive(Debug, Parser)]
#[command(name = "gigya-cc", version, after_help = ENDING, arg_required_else_help = true)]
pub struct CommandLine {
    /// Prints JSON for programs instead of words for people.
    #[arg(long, global = true)]
    json: bool,
    /// Says on standard error what is being done; twice, in detail.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    #[command(flatten)]
    deployment: Deployment,
    #[command(subcommand)]
    command: Command,
}

/// Which deployment: the names that its functions have in their environment too. Whatever is given is judged by
/// [`shared::settings::env`].
#[derive(Debug, Args)]
#[command(next_help_heading = "Which deployment")]
struct Deployment {
    /// The bucket that holds the customer's settings, state and reports.
    #[arg(long, global = true, env = "BUCKET", hide_env_values = true, value_name = "NAME")]
    bucket: Option<String>,
    /// The customer, as the deployment calls them.
    #[arg(long, global = true, env = "CUSTOMER", hide_env_values = true, value_name = "NAME")]
    customer: Option<String>,
    /// Name or ARN of the customer's secret.
    #[arg(long, global = true, env = "SECRET_ID", hide_env_values = true, value_name = "ID")]
    secret_id: Option<String>,
    /// The FIFO queue on which batches are announced; `run` and `redrive` need it.
    #[arg(long, global = true, env = "QUEUE_URL", hide_env_values = true, value_name = "URL")]
    queue_url: Option<String>,
    /// The FIFO queue of the dead letters; `redrive` alone needs it.
    #[arg(
        long,
        visible_alias = "dead-letters",
        global = true,
        env = "DEAD_LETTER_QUEUE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    dead_letter_queue_url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Options),
    Run(run::Options),
    Report(report::Options),
    Status(status::Options),
    Explain(explain::Options),
    Conflicts(conflicts::ListOptions),
    Resolve(conflicts::ResolveOptions),
    Rejoin(rejoin::Options),
    Redrive(redrive::Options),
    #[command(subcommand)]
    Ledger(ledger::Options),
}

/// Runs one command to its end and prints what came of it.
pub async fn start(line: CommandLine) -> ExitCode {
    log::init(line.verbose);
    let form = if line.json { Form::Json } else { Form::Words };
    // Boxed: the futures of the SDK lie too deep in one another for the compiler to lay them out as one.
    let environment = &line.deployment.environment();
    let is_good = match &line.command {
        Command::Check(options) => Box::pin(check::start(options, environment, form)).await,
        Command::Run(options) => Box::pin(run::start(options, environment, form)).await,
        Command::Report(options) => Box::pin(report::start(options, environment, form)).await,
        Command::Status(_) => Box::pin(status::start(environment, form)).await,
        Command::Explain(options) => Box::pin(explain::start(options, environment, form)).await,
        Command::Conflicts(options) => Box::pin(conflicts::list(options, environment, form)).await,
        Command::Resolve(options) => {
            Box::pin(conflicts::resolve_one(options, environment, form)).await
        }
        Command::Rejoin(options) => Box::pin(rejoin::start(options, environment, form)).await,
        Command::Redrive(options) => Box::pin(redrive::start(options, environment, form)).await,
        Command::Ledger(options) => Box::pin(ledger::start(options, environment, form)).await,
    };
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Deployment {
    /// What was said on the command line, or else stands in the environment.
    fn environment(&self) -> Environment<impl Fn(&str) -> Option<String>> {
        Environment::from_lookup(|name| match name {
            "BUCKET" => self.bucket.clone(),
            "CUSTOMER" => self.customer.clone(),
            "SECRET_ID" => self.secret_id.clone(),
            "QUEUE_URL" => self.queue_url.clone(),
            "DEAD_LETTER_QUEUE_URL" => self.dead_letter_queue_url.clone(),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn a_command_is_taken_or_refused_as_its_help_says() {
        let is_taken = |words: &str| CommandLine::try_parse_from(words.split(' ')).is_ok();
        for good in [
            "gigya-cc run",
            "gigya-cc run --full --dry-run --json",
            "gigya-cc run --since 2026-11-01T00:00:00Z",
            "gigya-cc run --sample 10 --bucket acme",
            "gigya-cc run --resume -v",
            "gigya-cc run --dry-run --no-wait",
            "gigya-cc report 20261123T045000Z-delta --wait",
            "gigya-cc status --json",
            "gigya-cc explain _guid_x=",
            "gigya-cc conflicts --show",
            "gigya-cc resolve _guid_x= cf:town constant_contact",
            "gigya-cc ledger rebuild --yes",
            "gigya-cc rejoin _guid_x= --evidence letter --by Ann",
            "gigya-cc redrive",
            "gigya-cc redrive --run 20261123T045000Z-delta --yes --discard",
            "gigya-cc redrive --dead-letters https://sqs.example.com/1/dead.fifo",
        ] {
            assert!(is_taken(good), "{good}");
        }
        for bad in [
            "gigya-cc run --full --sample 10",
            "gigya-cc run --resume --dry-run",
            "gigya-cc run --sample 0",
            "gigya-cc run --since yesterday",
            "gigya-cc run --no-wait",
            "gigya-cc resolve _guid_x= city both",
            "gigya-cc ledger",
            "gigya-cc rejoin _guid_x= --by Ann",
            "gigya-cc redrive --discard",
            "gigya-cc check --settings sync.toml --create-uid-field",
        ] {
            assert!(!is_taken(bad), "{bad}");
        }
    }
}
