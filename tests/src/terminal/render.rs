//! Tables that line up, in text alone.

use shared::domain::report::{Class, grouped};

use super::{DayOutcome, unbalanced};
use crate::letters::Letters;
use crate::story_oracle::Judgement;

/// Columns that a terminal has at least.
const COLUMNS: usize = 80;

/// How far in a table stands.
const INDENT: usize = 2;

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    Strong,
    Dim,
    Good,
    Care,
    Bad,
}

impl Look {
    /// The parameter of ECMA-48's SGR, which sets it; `None` for what needs none.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Dim => Some("2"),
            Self::Good => Some("32"),
            Self::Care => Some("33"),
            Self::Bad => Some("1;31"),
        }
    }

    fn paint(self, text: &str, colour: bool) -> String {
        match self.code() {
            Some(code) if colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Some(_) | None => text.to_owned(),
        }
    }
}

/// A name and its number.
struct Line {
    name: &'static str,
    count: u64,
    /// How it looks when it is not nothing.
    look: Look,
}

fn line(name: &'static str, count: u64, look: Look) -> Line {
    Line { name, count, look }
}

/// The three columns of a day, each with its heading.
fn columns(outcome: &DayOutcome) -> [(&'static str, Vec<Line>); 3] {
    let look = |class| match class {
        Class::Accepted => Look::Good,
        Class::Rejected | Class::Invalid | Class::Held => Look::Care,
        Class::Unchanged | Class::Filtered | Class::Duplicate | Class::Removed => Look::Plain,
    };
    let mut people = vec![line("read", outcome.people.read, Look::Strong)];
    people.extend(
        Class::ALL
            .into_iter()
            .map(|class| line(class.as_str(), outcome.people.count(class), look(class))),
    );
    let inbound = vec![
        line("seen", outcome.inbound.seen, Look::Strong),
        line("echo", outcome.inbound.echo, Look::Plain),
        line("carried", outcome.inbound.carried, Look::Good),
        line("opted out", outcome.inbound.opted_out, Look::Good),
        line("conflicts", outcome.inbound.conflicts, Look::Care),
        line("ignored", outcome.inbound.ignored, Look::Plain),
    ];
    let cost = vec![
        line("Gigya calls", outcome.calls.gigya, Look::Plain),
        line("Constant Contact calls", outcome.calls.constant_contact, Look::Plain),
        line("activities", outcome.activities, Look::Plain),
        line("Gigya writes", outcome.writes_to_gigya, Look::Plain),
        line("Constant Contact writes", outcome.writes_to_constant_contact, Look::Plain),
    ];
    [("Gigya's people", people), ("Came home", inbound), ("It took", cost)]
}

/// The table of one day, ending in a line break. Every character of it is one column wide but for those of the title,
/// which stands alone, so that nothing can be pushed out of line.
pub fn day(outcome: &DayOutcome, colour: bool) -> String {
    let title = format!("Day {} · {} · {}", outcome.day, outcome.date, outcome.title);
    let mut text = vec![String::new(), Look::Strong.paint(&title, colour)];
    text.extend(wrapped(&outcome.edits).into_iter().map(|line| format!("  {line}")));
    text.push(String::new());
    text.extend(side_by_side(
        &columns(outcome).map(|(heading, lines)| Column::new(heading, &lines, colour)),
    ));
    let (mark, words, look) = match outcome.people.balance() {
        Ok(()) => ("✓", "everybody is accounted for".to_owned(), Look::Good),
        Err(imbalance) => ("✗", imbalance.to_string(), Look::Bad),
    };
    text.push(String::new());
    text.push(format!("  {}", look.paint(&format!("{mark} {words}"), colour)));
    let (lines, look) = lines_of_letters(&outcome.letters);
    text.extend(lines.iter().map(|line| format!("  {}", look.paint(line, colour))));
    text.push(String::new());
    text.join("\n")
}

/// Whether every letter is where it belongs.
fn lines_of_letters(letters: &Letters) -> (Vec<String>, Look) {
    let Letters { compared, exact, garbled, changed_at_gigya, examples } = letters;
    let n = |number: &u64| grouped(*number);
    if letters.are_in_order() {
        let line = format!(
            "✓ {} contacts hold exactly what was sent, and Gigya kept every letter",
            n(compared)
        );
        return (vec![line], Look::Good);
    }
    let mut lines =
        vec![format!("✗ {} of {} contacts hold exactly what was sent", n(exact), n(compared))];
    lines.extend(examples.iter().map(|example| format!("  {example}")));
    lines.push(format!("  {} contacts hold characters that no text has", n(garbled)));
    lines.push(format!("  {} accounts changed at Gigya by nobody's wish", n(changed_at_gigya)));
    (lines, Look::Bad)
}

/// Cells that all take the same width on the screen.
struct Column {
    width: usize,
    cells: Vec<String>,
}

impl Column {
    fn new(heading: &str, lines: &[Line], colour: bool) -> Self {
        let width = |text: &str| text.chars().count();
        let names = lines.iter().map(|line| width(line.name)).max().unwrap_or_default();
        let counts = lines.iter().map(|line| width(&grouped(line.count))).max().unwrap_or_default();
        let all = (names + 2 + counts).max(width(heading));
        let counts = all - names - 2;
        let padding = " ".repeat(all - width(heading));
        let mut cells = vec![Look::Dim.paint(heading, colour) + &padding];
        cells.extend(lines.iter().map(|line| {
            let look = if line.count == 0 { Look::Dim } else { line.look };
            let text = format!("{:<names$}  {:>counts$}", line.name, grouped(line.count));
            look.paint(&text, colour)
        }));
        Self { width: all, cells }
    }
}

/// The lines of several columns: far apart where there is room, else less so.
fn side_by_side(columns: &[Column]) -> Vec<String> {
    let width: usize = columns.iter().map(|column| column.width).sum();
    let gap = " ".repeat(if INDENT + width + 4 * (columns.len() - 1) <= COLUMNS { 4 } else { 2 });
    let rows = columns.iter().map(|column| column.cells.len()).max().unwrap_or_default();
    let row = |row: usize| {
        let cells: Vec<String> = columns
            .iter()
            .map(|column| {
                column.cells.get(row).cloned().unwrap_or_else(|| " ".repeat(column.width))
            })
            .collect();
        format!("{}{}", " ".repeat(INDENT), cells.join(&gap)).trim_end().to_owned()
    };
    (0..rows).map(row).collect()
}

/// What happened, as many to a line as fit.
fn wrapped(edits: &[(String, u64)]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (what, people) in edits.iter().filter(|(_, people)| *people > 0) {
        let item = format!("{} {what}", grouped(*people));
        match lines.last_mut() {
            Some(last) if last.chars().count() + item.chars().count() + 5 <= COLUMNS => {
                last.push_str(" · ");
                last.push_str(&item);
            }
            Some(_) | None => lines.push(item),
        }
    }
    lines
}

/// The last line of the story.
pub fn end(days: &[DayOutcome], colour: bool) -> String {
    let read: u64 = days.iter().map(|outcome| outcome.people.read).sum();
    let days_told =
        if days.len() == 1 { "1 day".to_owned() } else { format!("{} days", days.len()) };
    let (words, look) = match unbalanced(days) {
        None => (
            format!(
                "✓ {} people were read in {days_told}, and everybody is accounted for.",
                grouped(read)
            ),
            Look::Good,
        ),
        Some((outcome, imbalance)) => (format!("✗ day {}: {imbalance}.", outcome.day), Look::Bad),
    };
    format!("\n{}\n", look.paint(&words, colour))
}

/// What the oracle says of both worlds, in one line, and some of what it objects to.
pub fn judged(judgement: &Judgement, colour: bool) -> String {
    let n = grouped;
    let (must, may) = (judgement.must_be_mailed, judgement.may_be_mailed);
    let counts = format!(
        "{} people must be mailed, {} may be, {} must not",
        n(must),
        n(may),
        n(judgement.must_not_be_mailed)
    );
    if judgement.is_content() {
        let words =
            format!("✓ {counts}; and so it is, says an oracle that knows only what they did.");
        return format!("{}\n", Look::Good.paint(&words, colour));
    }
    let objections = n(judgement.objections);
    let words = format!("✗ {counts}; the oracle objects {objections} times:");
    let examples = judgement.examples.iter().map(|example| format!("  {example}\n"));
    format!("{}\n{}", Look::Bad.paint(&words, colour), examples.collect::<String>())
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::civil::date;
    use shared::domain::report::{Calls, Inbound, People};

    use super::*;

    /// A day with something in most places; it balances.
    pub(crate) fn example() -> DayOutcome {
        DayOutcome {
            day: 3,
            date: date(2026, 11, 3),
            title: "Both sides change".to_owned(),
            people: People {
                read: 10_000,
                unchanged: 870,
                accepted: 9_000,
                rejected: 4,
                invalid: 31,
                held: 12,
                filtered: 50,
                duplicate: 20,
                removed: 13,
            },
            inbound: Inbound {
                seen: 87,
                echo: 31,
                carried: 31,
                opted_out: 22,
                conflicts: 3,
                ignored: 0,
            },
            calls: Calls { gigya: 87, constant_contact: 1_041 },
            activities: 1,
            writes_to_gigya: 53,
            writes_to_constant_contact: 9_013,
            letters: Letters { compared: 8_990, exact: 8_990, ..Letters::default() },
            edits: vec![
                ("moved".to_owned(), 60),
                ("new name".to_owned(), 25),
                ("new tier".to_owned(), 0),
                ("only logged in".to_owned(), 500),
                ("unsubscribed in Constant Contact".to_owned(), 35),
                ("left a list in Constant Contact".to_owned(), 10),
            ],
        }
    }

    /// Text as a terminal shows it: without what sets colours.
    fn seen(text: &str) -> String {
        let mut parts = text.split('\u{1b}');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |seen, part| seen + part.split_once('m').unwrap().1)
    }

    #[test]
    fn a_day_is_a_table_that_lines_up() {
        insta::assert_snapshot!(day(&example(), false), @r"
        Day 3 · 2026-11-03 · Both sides change
          60 moved · 25 new name · 500 only logged in
          35 unsubscribed in Constant Contact · 10 left a list in Constant Contact

          Gigya's people       Came home        It took
          read       10,000    seen       87    Gigya calls                 87
          unchanged     870    echo       31    Constant Contact calls   1,041
          accepted    9,000    carried    31    activities                   1
          rejected        4    opted out  22    Gigya writes                53
          invalid        31    conflicts   3    Constant Contact writes  9,013
          held           12    ignored     0
          filtered       50
          duplicate      20
          removed        13

          ✓ everybody is accounted for
          ✓ 8,990 contacts hold exactly what was sent, and Gigya kept every letter
        ");
    }

    #[test]
    fn a_letter_in_the_wrong_place_is_said() {
        let mut bad = example();
        bad.letters.exact -= 1;
        bad.letters.garbled = 1;
        let told = day(&bad, false);
        assert!(told.contains("✗ 8,989 of 8,990 contacts hold exactly what was sent\n"), "{told}");
        assert!(told.contains("  1 contacts hold characters that no text has\n"), "{told}");
    }

    #[test]
    fn colours_change_nothing_but_colours_and_are_not_there_without() {
        let (plain, painted) = (day(&example(), false), day(&example(), true));
        assert!(!plain.contains('\u{1b}'));
        assert!(painted.contains('\u{1b}'));
        assert_eq!(seen(&painted), plain);
    }

    #[test]
    fn no_line_is_longer_than_a_terminal() {
        let mut outcome = example();
        outcome.people = People { read: 1_000_000, accepted: 1_000_000, ..People::default() };
        outcome.inbound.seen = 1_000_000;
        outcome.writes_to_constant_contact = 1_000_000;
        for line in day(&outcome, false).lines() {
            assert!(line.chars().count() <= COLUMNS, "{line}");
        }
    }

    #[test]
    fn the_last_line_says_whether_everybody_is_accounted_for() {
        let mut days = vec![example(), example()];
        insta::assert_snapshot!(end(&days, false), @"✓ 20,000 people were read in 2 days, and everybody is accounted for.");
        days[1].day = 4;
        days[1].people.held += 1;
        insta::assert_snapshot!(end(&days, false), @"✗ day 4: 10,000 people were read, but 10,001 are accounted for.");
    }

    #[test]
    fn the_oracle_speaks_in_one_line_and_names_some_of_what_it_objects_to() {
        let mut judgement = Judgement {
            must_be_mailed: 9_000,
            may_be_mailed: 60,
            must_not_be_mailed: 940,
            ..Judgement::default()
        };
        insta::assert_snapshot!(judged(&judgement, false), @"✓ 9,000 people must be mailed, 60 may be, 940 must not; and so it is, says an oracle that knows only what they did.");
        judgement.objections = 1;
        judgement.examples.push("uid-1 was opted out at Gigya, and never left".to_owned());
        insta::assert_snapshot!(judged(&judgement, false), @r"
        ✗ 9,000 people must be mailed, 60 may be, 940 must not; the oracle objects 1 times:
          uid-1 was opted out at Gigya, and never left
        ");
    }
}
