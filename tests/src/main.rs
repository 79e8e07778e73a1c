//! `cargo sandbox`: the whole product on embedded stand-ins, as a story of a few days.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use sandbox::constant_contact::Switches;
use sandbox::people;
use sandbox::serve::{Residents, ServeOptions, stay};
use sandbox::story::{Plot, tell};
use sandbox::terminal::{Options, Terminal};
use shared::domain::Dialect;

/// Plays days of Gigya ⇄ Constant Contact with made-up people, on this machine alone: no account, no network, nobody is
/// mailed.
#[derive(Debug, Parser)]
#[command(name = "sandbox", version)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct Arguments {
    /// How many accounts the site begins with.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=2_000_000))]
    accounts: u64,
    /// What all chance comes from: the same seed tells the same story.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How many days; the last one is quiet.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,
    /// The interface of Constant Contact: v3, or v2 for customers with an old key.
    #[arg(long, value_enum, default_value_t = Api::V3)]
    api: Api,
    /// Your own accounts instead: one JSON object a line, as accounts.search returns them.
    #[arg(long, value_name = "FILE", conflicts_with = "accounts")]
    accounts_file: Option<PathBuf>,
    /// Keeps everything that is in the bucket at the end, in this folder.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Keeps all stand-ins up on 127.0.0.1 and prints the environment for the real binaries and the operator.
    #[arg(long, conflicts_with_all = ["days", "keep", "json"])]
    serve: bool,
    /// Only the results.
    #[arg(long)]
    quiet: bool,
    /// One JSON document instead of tables.
    #[arg(long)]
    json: bool,
    /// No colours.
    #[arg(long, env = "NO_COLOR", value_parser = clap::builder::BoolishValueParser::new(), hide_env_values = true)]
    no_color: bool,
}

/// An interface of Constant Contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Api {
    V3,
    V2,
}

impl From<Api> for Dialect {
    fn from(api: Api) -> Self {
        match api {
            Api::V3 => Self::V3,
            Api::V2 => Self::V2,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match play(arguments) {
        Ok(code) => code,
        Err(error) => {
            // One sentence with its causes; a backtrace helps nobody who mistyped a path.
            Terminal::new(Options { quiet: false, json: false, no_color: true })
                .fail(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn play(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let terminal = Terminal::new(Options {
        quiet: arguments.quiet,
        json: arguments.json,
        no_color: arguments.no_color,
    });
    let file = match &arguments.accounts_file {
        Some(path) => {
            let file =
                File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
            Some(people::from_ndjson(BufReader::new(file))?)
        }
        None => None,
    };
    if arguments.serve {
        let residents = if let Some(accounts) = file {
            Residents::Accounts(accounts)
        } else {
            let people = people::People::new(arguments.seed);
            Residents::People { people, accounts: arguments.accounts }
        };
        let (api, constant_contact) = (arguments.api.into(), Switches::default());
        let options = ServeOptions { residents, api, constant_contact };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(stay(options, &terminal))?;
        return Ok(ExitCode::SUCCESS);
    }
    let plot = Plot {
        accounts: arguments.accounts,
        seed: arguments.seed,
        days: arguments.days,
        api: arguments.api.into(),
        file,
        keep: arguments.keep,
    };
    // The clock stands still unless everybody waits, so a day takes as long as its work.
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
    let balanced = runtime.block_on(tell(plot, &terminal))?;
    Ok(if balanced { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
