//! How the sandbox talks: progress and the story on standard error, results on standard output, so that the results can be
//! piped.
//!
//! Colour only where a person looks and has not said `NO_COLOR` (no-color.org); bars only on a terminal; with `--json`
//! nothing but one JSON document on standard output.

mod render;

use std::io::{self, IsTerminal as _, Write as _};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::civil::Date;
use serde::{Serialize, Serializer};
use shared::domain::report::{Calls, Imbalance, Inbound, People};

use crate::letters::Letters;
use crate::story_oracle::Judgement;

pub use render::{day, end, judged};

/// What the caller asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// No progress and no story, only results.
    pub quiet: bool,
    /// One JSON document instead of tables.
    pub json: bool,
    /// Whether `NO_COLOR` is set to anything but an empty text. The environment is read by whoever parses the arguments.
    pub no_color: bool,
}

/// What one day of the story came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayOutcome {
    /// From 1.
    pub day: u32,
    /// Its date.
    pub date: Date,
    /// What it is about, in a few words.
    pub title: String,
    /// What became of everybody who was read.
    pub people: People,
    /// What came home.
    pub inbound: Inbound,
    /// Calls to the vendors.
    pub calls: Calls,
    /// Bulk activities that Constant Contact was given.
    pub activities: u64,
    /// Accounts that were written at Gigya.
    pub writes_to_gigya: u64,
    /// Contacts that were written in Constant Contact, in activities or one by one.
    pub writes_to_constant_contact: u64,
    /// Whether every letter is where it belongs.
    pub letters: Letters,
    /// What happened that day, and to how many people.
    #[serde(serialize_with = "as_map")]
    pub edits: Vec<(String, u64)>,
}

fn as_map<S: Serializer>(edits: &[(String, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(edits.iter().map(|(what, people)| (what, people)))
}

/// The whole story, as `--json` prints it.
#[derive(Serialize)]
struct Story<'a> {
    balanced: bool,
    letters_in_order: bool,
    oracle: &'a Judgement,
    days: &'a [DayOutcome],
}

/// The first day whose people are not all accounted for.
fn unbalanced(days: &[DayOutcome]) -> Option<(&DayOutcome, Imbalance)> {
    days.iter().find_map(|outcome| Some((outcome, outcome.people.balance().err()?)))
}

/// Where the sandbox talks to.
#[derive(Debug)]
pub struct Terminal {
    options: Options,
    bars: MultiProgress,
    colour_out: bool,
    colour_err: bool,
}

impl Terminal {
    /// The terminal of this process, as far as it is one.
    pub fn new(options: Options) -> Self {
        let draws = !options.quiet && !options.json && io::stderr().is_terminal();
        let target =
            if draws { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self {
            options,
            bars: MultiProgress::with_draw_target(target),
            colour_out: !options.no_color && io::stdout().is_terminal(),
            colour_err: !options.no_color && io::stderr().is_terminal(),
        }
    }

    /// A bar for work of known length, or a wheel for work of unknown length. It goes when it is dropped.
    pub fn progress(&self, what: &str, total: Option<u64>) -> Progress {
        let bar = self.bars.add(total.map_or_else(ProgressBar::new_spinner, ProgressBar::new));
        bar.set_style(style(total.is_some(), self.colour_err));
        bar.set_message(what.to_owned());
        Progress { bar }
    }

    /// One line of the story, on standard error.
    ///
    /// # Errors
    /// When nobody listens any longer.
    pub fn story(&self, line: &str) -> io::Result<()> {
        if self.options.quiet || self.options.json {
            return Ok(());
        }
        self.bars.suspend(|| writeln!(io::stderr().lock(), "{line}"))
    }

    /// What went wrong, on standard error; also with `--quiet`.
    pub fn fail(&self, sentence: &str) {
        let said = self.bars.suspend(|| writeln!(io::stderr().lock(), "error: {sentence}"));
        if said.is_err() {
            tracing::debug!("Nobody listens any longer.");
        }
    }

    /// The table of one day, on standard output; nothing yet with `--json`.
    ///
    /// # Errors
    /// When nobody listens any longer.
    pub fn day(&self, outcome: &DayOutcome) -> io::Result<()> {
        if self.options.json {
            return Ok(());
        }
        self.print(&day(outcome, self.colour_out))
    }

    /// The end of the story: the last lines, or the JSON document. Says whether everybody is accounted for on every day, and
    /// both worlds are as the oracle says.
    ///
    /// # Errors
    /// When nobody listens any longer.
    pub fn end(&self, days: &[DayOutcome], oracle: &Judgement) -> io::Result<bool> {
        let balanced = unbalanced(days).is_none();
        let letters_in_order = days.iter().all(|day| day.letters.are_in_order());
        if self.options.json {
            let story = Story { balanced, letters_in_order, oracle, days };
            let mut json = serde_json::to_string_pretty(&story)?;
            json.push('\n');
            self.print(&json)?;
        } else {
            self.print(&end(days, self.colour_out))?;
            self.print(&judged(oracle, self.colour_out))?;
        }
        Ok(balanced && letters_in_order && oracle.is_content())
    }

    /// A result, on standard output.
    ///
    /// # Errors
    /// When nobody listens any longer.
    pub fn result(&self, text: &str) -> io::Result<()> {
        self.print(text)
    }

    fn print(&self, text: &str) -> io::Result<()> {
        self.bars.suspend(|| {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.flush()
        })
    }
}

fn style(is_bar: bool, colour: bool) -> ProgressStyle {
    let template = match (is_bar, colour) {
        (true, true) => "  {msg:24} {wide_bar:.green/dim} {human_pos:>9} / {human_len} {eta:>5}",
        (true, false) => "  {msg:24} {wide_bar} {human_pos:>9} / {human_len} {eta:>5}",
        (false, true) => "  {msg:24} {spinner:.green} {human_pos}",
        (false, false) => "  {msg:24} {spinner} {human_pos}",
    };
    let plain =
        if is_bar { ProgressStyle::default_bar() } else { ProgressStyle::default_spinner() };
    plain.clone().template(template).unwrap_or(plain).progress_chars("━╸─")
}

/// Progress of one piece of work.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// So much more is done.
    pub fn advance(&self, by: u64) {
        self.bar.inc(by);
    }

    /// So much is done in all.
    pub fn reach(&self, position: u64) {
        self.bar.set_position(position);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::render::tests::example;
    use super::*;

    #[test]
    fn a_day_is_one_object_for_programs() {
        insta::assert_snapshot!(serde_json::to_string(&example()).unwrap(), @r#"{"day":3,"date":"2026-11-03","title":"Both sides change","people":{"read":10000,"unchanged":870,"accepted":9000,"rejected":4,"invalid":31,"held":12,"filtered":50,"duplicate":20,"removed":13},"inbound":{"seen":87,"echo":31,"carried":31,"opted_out":22,"conflicts":3,"ignored":0,"missing":0,"strangers":0},"calls":{"gigya":87,"constant_contact":1041},"activities":1,"writes_to_gigya":53,"writes_to_constant_contact":9013,"letters":{"compared":8990,"exact":8990,"garbled":0,"examples":[],"changed_at_gigya":0},"edits":{"moved":60,"new name":25,"new tier":0,"only logged in":500,"unsubscribed in Constant Contact":35,"left a list in Constant Contact":10}}"#);
    }

    #[test]
    fn the_first_day_that_does_not_balance_is_found() {
        let good = example();
        let mut bad = example();
        bad.day = 4;
        bad.people.read += 1;
        assert!(unbalanced(std::slice::from_ref(&good)).is_none());
        let days = [good, bad.clone(), bad];
        let (outcome, imbalance) = unbalanced(&days).unwrap();
        assert_eq!((outcome.day, imbalance.read), (4, 10_001));
    }

    #[test]
    fn progress_is_hidden_where_nobody_looks_and_goes_with_its_work() {
        let terminal = Terminal::new(Options { quiet: true, ..Options::default() });
        let progress = terminal.progress("reading", Some(10));
        progress.advance(3);
        progress.reach(10);
        assert!(progress.bar.is_hidden());
        let bar = progress.bar.clone();
        drop(progress);
        assert!(bar.is_finished());
        for (is_bar, colour) in [(true, true), (true, false), (false, true), (false, false)] {
            drop(style(is_bar, colour));
        }
    }
}
