//! `cargo sandbox`: the whole product on embedded stand-ins, as a story of a few days.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use sandbox::constant_contact::Switches;
use sandbox::people;
use sandbox::serve::{Residents, ServeOptions, stay};
use sandbox::simulation::command;
use sandbox::simulation::defects::{self, live_with};
use sandbox::story::{Plot, tell};
use sandbox::terminal::{Options, Terminal};
use shared::defects::Defect;
use shared::domain::Dialect;

/// Plays days of Gigya ⇄ Constant Contact with made-up people, on this machine alone: no account, no network, nobody is
/// mailed.
#[derive(Debug, Parser)]
#[command(name = "sandbox", version)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
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

/// What else the sandbox does.
#[derive(Debug, Subcommand)]
enum Command {
    /// Lives many small worlds in which everything goes wrong, and looks whether what is promised holds.
    Simulate(Simulate),
    /// Puts the classic defects of this trade back, one after the other, and looks how soon a world shows them.
    Defects(Defects),
}

/// How long it is looked for each defect, and what becomes of the findings.
#[derive(Debug, clap::Args)]
struct Defects {
    /// How many worlds at most are lived for a defect.
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// Looks for this one only.
    #[arg(long, conflicts_with = "write")]
    only: Option<Defect>,
    /// Writes the findings into the documentation, as tests/docs/defects.md.
    #[arg(long)]
    write: bool,
    /// One JSON document instead of the page.
    #[arg(long)]
    json: bool,
}

/// Which worlds, and what is told of them.
#[derive(Debug, clap::Args)]
struct Simulate {
    /// How many worlds.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Stops after so many worlds in which something did not hold.
    #[arg(long, default_value_t = 10)]
    failures: usize,
    /// Tells every call of the first world, and lives no other.
    #[arg(long)]
    trace: bool,
    /// Lives that world with this defect in the product.
    #[arg(long, requires = "trace")]
    defect: Option<Defect>,
    /// Only the results.
    #[arg(long)]
    quiet: bool,
    /// One JSON document instead of lines.
    #[arg(long)]
    json: bool,
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

/// Lives the worlds and tells what they came to.
fn simulate(simulate: &Simulate) -> anyhow::Result<ExitCode> {
    let Simulate { seeds, first, failures, trace, defect, quiet, json } = *simulate;
    let terminal = Terminal::new(Options { quiet, json, no_color: true });
    if trace {
        let outcome = live_with(defect, first, true);
        terminal.result(&format!("{}\n", outcome.lines.join("\n")))?;
        if let Some(violation) = &outcome.violation {
            terminal.fail(&violation.to_string());
        }
        return Ok(code(outcome.violation.is_none()));
    }
    let bar = terminal.progress("worlds", Some(seeds));
    let summary = command::simulate(first, seeds, failures, |summary| bar.reach(summary.seeds));
    drop(bar);
    let text =
        if json { serde_json::to_string_pretty(&summary)? + "\n" } else { summary.to_string() };
    terminal.result(&text)?;
    Ok(code(summary.failures.is_empty()))
}

/// Puts one defect after the other back, and tells how soon each was found.
fn look_for_defects(options: &Defects) -> anyhow::Result<ExitCode> {
    let Defects { seeds, only, write, json } = *options;
    let terminal = Terminal::new(Options { quiet: false, json, no_color: true });
    let wanted = only.map_or(Defect::ALL.to_vec(), |defect| vec![defect]);
    let bar = terminal.progress("defects", Some(wanted.len() as u64));
    let mut findings = Vec::new();
    for defect in wanted {
        findings.push(defects::find(defect, seeds));
        bar.reach(findings.len() as u64);
    }
    drop(bar);
    let page = defects::page(&findings);
    if write {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/defects.md");
        std::fs::write(&path, &page)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    terminal.result(&if json { serde_json::to_string_pretty(&findings)? + "\n" } else { page })?;
    Ok(code(findings.iter().all(|finding| finding.found.is_some())))
}

fn code(is_good: bool) -> ExitCode {
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn play(arguments: Arguments) -> anyhow::Result<ExitCode> {
    if let Some(Command::Simulate(options)) = &arguments.command {
        return simulate(options);
    }
    if let Some(Command::Defects(options)) = &arguments.command {
        return look_for_defects(options);
    }
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
    Ok(code(balanced))
}
