//! Words for people and JSON for programs. Nothing else in the crate prints: data goes to standard output, talk to
//! standard error.

use std::io;

use export::Answer;
use serde::Serialize;
use serde_json::json;
use shared::domain::RunId;
use shared::domain::run::Phase;
use shared::store::keys;

use crate::check::{Checked, Finding, ListShown, NamedAs, Subject, Verdict};
use crate::release::{ERASURE, INBOUND, Release};

/// For whom data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Words,
    /// For programs.
    Json,
}

/// Where a poll's report of a run lies.
const REPORT: &str = "report.html";

/// Prints what a check found.
pub(crate) fn checked(checked: &Checked, form: Form) {
    match form {
        Form::Words => print(&words_of_check(checked)),
        Form::Json => {
            #[derive(Serialize)]
            struct Told<'a> {
                good: bool,
                #[serde(flatten)]
                checked: &'a Checked,
            }
            print_json(&Told { good: checked.is_good(), checked });
        }
    }
    say(&verdict_of_check(checked));
}

/// Prints what export answered.
pub(crate) fn answer(answer: &Answer, bucket: &str, dry_run: bool, form: Form) {
    match form {
        Form::Words => print(&words_of_answer(answer, bucket)),
        Form::Json => {
            let mut told = json!(answer);
            if let (Answer::Run { run, .. }, Some(told)) = (answer, told.as_object_mut()) {
                told.insert("report".to_owned(), report_of(bucket, run).into());
            }
            print_json(&told);
        }
    }
    say(&what_happens_next(answer, dry_run));
}

/// Prints what came of releasing a brake.
pub(crate) fn released(run: &str, release: &Release, form: Form) {
    let (words, state) = words_of_release(run, release);
    tell(&words, &json!({"run": run, "release": state}), form);
}

/// What came of releasing a brake, for people and for programs.
pub fn words_of_release(run: &str, release: &Release) -> (String, &'static str) {
    let (of, goes_on) = match run {
        INBOUND => ("the inbound read".to_owned(), "opts them out at Gigya"),
        ERASURE => ("the erasures".to_owned(), "makes them"),
        run => (format!("run {run}"), "makes them"),
    };
    match release {
        Release::Released(brake) => (
            format!(
                "Released the brake of {of}: {} removals may go on, and poll {goes_on} at its next tick.",
                brake.removals
            ),
            "released",
        ),
        Release::Before(at) => {
            (format!("The brake of {of} was released before, at {at}."), "before")
        }
        Release::NotPulled => (
            format!(
                "No brake is pulled on {of}.\n  → copy the run's id from its report, or from the log of poll"
            ),
            "not_pulled",
        ),
        Release::Again => (
            format!(
                "The brake of {of} was changing at this moment.\n  → run the same command again"
            ),
            "again",
        ),
    }
}

/// Says how far a run has come that is still reading.
pub(crate) fn progress(answer: &Answer) {
    if let Answer::Run { run, read, batches, .. } = answer {
        say(&format!("Run {run} has read {read} accounts in {batches} batches, and reads on."));
    }
}

/// Says that a dry run is announced and its plan is waited for.
pub(crate) fn progress_of_dry_run(run: &RunId) {
    say(&format!(
        "Dry run {run} is read and announced; its plan is printed once it is made. Ctrl-C is safe: `gigya-cc report {run}` prints it later."
    ));
}

/// Prints data: words for people, or the value for programs.
pub(crate) fn tell<T: Serialize>(words: &str, value: &T, form: Form) {
    match form {
        Form::Words => print(words),
        Form::Json => print_json(value),
    }
}

/// Says why a command failed, and what to do next.
pub(crate) fn failed(reason: &str, next_step: &str) {
    say(&format!("error: {reason}\n  → {next_step}"));
}

/// What a check found, one line a finding, and the tenant's lists.
pub fn words_of_check(checked: &Checked) -> String {
    let mut lines: Vec<String> = checked.checks.iter().map(line_of).collect();
    if !checked.lists.is_empty() {
        lines.push(String::new());
        lines.push("Lists in Constant Contact, for the ids in sync.toml:".to_owned());
        lines.extend(checked.lists.iter().map(list_line));
    }
    lines.join("\n")
}

fn line_of(finding: &Finding) -> String {
    let Finding { subject, verdict, finding, next_step } = finding;
    let mark = match verdict {
        Verdict::Good => '✓',
        Verdict::Doubtful => '!',
        Verdict::Wrong => '✗',
    };
    let subject = match subject {
        Subject::Environment => "environment",
        Subject::Settings => "settings",
        Subject::Secret => "secret",
        Subject::Gigya => "Gigya",
        Subject::ConstantContact => "Constant Contact",
    };
    // What TOML's parser says has several lines.
    let finding = finding.trim_end().replace('\n', "\n    ");
    match next_step {
        Some(next) => format!("{mark} {subject}: {finding} → {next}"),
        None => format!("{mark} {subject}: {finding}"),
    }
}

fn list_line(list: &ListShown) -> String {
    let named_as = match list.named_as {
        Some(NamedAs::Mailing) => "[[lists]]",
        Some(NamedAs::Update) => "update_list",
        None => "",
    };
    format!("  {:<11}  {}  {}", named_as, list.id, list.name)
}

fn verdict_of_check(checked: &Checked) -> String {
    let doubts = match checked.count(Verdict::Doubtful) {
        0 => String::new(),
        1 => " 1 thing deserves a thought.".to_owned(),
        many => format!(" {many} things deserve a thought."),
    };
    match checked.count(Verdict::Wrong) {
        0 => format!("Nothing is wrong.{doubts}"),
        1 => format!("1 thing is wrong.{doubts}"),
        many => format!("{many} things are wrong.{doubts}"),
    }
}

/// What export answered, in words.
pub fn words_of_answer(answer: &Answer, bucket: &str) -> String {
    match answer {
        Answer::Run { run, state, read, batches } => {
            let report = report_of(bucket, run);
            let state = words_of(*state);
            format!("Run {run}: {state}\naccounts  {read}\nbatches   {batches}\nreport    {report}")
        }
        Answer::Refused { refused } => {
            let (reason, run, state) = (&refused.reason, &refused.run, words_of(refused.state));
            format!("No run was started: {reason}.\nRun {run}: {state}")
        }
        Answer::Idle { idle: _ } => "There was nothing to go on with.".to_owned(),
    }
}

/// How far a run has come, in words.
pub(crate) fn words_of(phase: Phase) -> &'static str {
    match phase {
        Phase::Reading => "accounts are being read",
        Phase::Announced => "everything is read and announced",
        Phase::Settled => "settled",
        Phase::Failed => "failed",
    }
}

fn what_happens_next(answer: &Answer, dry_run: bool) -> String {
    let next = match answer {
        Answer::Run { state: Phase::Reading, .. } => {
            "Export goes on with it in AWS at its next five-minute tick; `gigya-cc run --resume` goes on with it here."
        }
        Answer::Run { batches: 0, .. } => {
            "There is nothing to send. Poll closes the run in AWS at its next five-minute tick and writes the report."
        }
        Answer::Run { .. } if dry_run => {
            "It is a dry run, so nothing is submitted. Upload plans the batches in AWS, and poll writes the report, which says what would have been done; `gigya-cc report RUN` prints it."
        }
        Answer::Run { .. } => {
            "Upload submits the batches in AWS once Constant Contact was read, and poll settles them and writes the report; both wake every few minutes."
        }
        Answer::Refused { refused } => match refused.state {
            Phase::Reading => {
                "Wait for it, or go on with it here if nobody does: `gigya-cc run --resume`."
            }
            Phase::Announced | Phase::Settled | Phase::Failed => {
                "Wait until poll has settled it and written its report, then ask again."
            }
        },
        Answer::Idle { .. } => {
            "No run is unfinished, or somebody else is reading it; `gigya-cc run` starts one."
        }
    };
    next.to_owned()
}

fn report_of(bucket: &str, run: &RunId) -> String {
    format!("s3://{bucket}/{}", keys::run(run, REPORT))
}

fn print_json<T: Serialize>(value: &T) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => print(&text),
        Err(error) => say(&format!("error: the answer cannot be written as JSON: {error}")),
    }
}

fn print(text: &str) {
    write(io::stdout(), text);
}

/// Says something beside the data.
pub(crate) fn say(text: &str) {
    write(io::stderr(), text);
}

/// Writes a line. Whoever closed the pipe, `head` for one, has read enough: `println!` would panic.
fn write(mut to: impl io::Write, text: &str) {
    if writeln!(to, "{text}").is_err() {
        tracing::debug!("The reader has gone.");
    }
}
