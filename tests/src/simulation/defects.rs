//! Whether the simulation would find what others got wrong: each classic defect is put back, and worlds are lived until one
//! of them shows it.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde::Serialize;
use shared::defects::{self, Defect};

use super::{Check, Outcome, Scenario, Violation, live_as};

/// How a page of findings begins, before its table.
const OPENING: &str = "\
# What the simulation would find

Each of these defects has been in products of this kind. `cargo sandbox defects --write` puts one after the other back into the
product, lives worlds from seed 0 on until an invariant breaks, and writes this page. The product itself never has them: a
build without debug assertions does not know the switch (`shared/src/defects.rs`).

| defect | worlds until it was found | the promise that it broke | to see it again |
| --- | ---: | --- | --- |
";

/// What came of putting a defect back.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Its name.
    pub defect: &'static str,
    /// Worlds that were lived until it showed.
    pub worlds: u64,
    /// The first in which it showed, and how; none if it showed in no world.
    pub found: Option<Found>,
}

/// Where a defect showed.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// The seed.
    pub seed: u64,
    /// The invariant that did not hold, and what was seen.
    pub violation: Violation,
}

/// Lives the world of a seed with a defect in the product.
///
/// # Panics
/// In a build without debug assertions, which cannot have defects.
pub fn live_with(defect: Option<Defect>, seed: u64, keeps_lines: bool) -> Outcome {
    assert!(defects::put_back(defect), "a build without debug assertions cannot have defects");
    let outcome = live_as(seed, &Scenario::of(seed), keeps_lines);
    defects::put_back(None);
    outcome
}

/// Lives worlds from seed 0 on, on all cores, until the defect shows or `worlds_max` are lived. The same finding every time:
/// the smallest seed counts, not the quickest.
///
/// # Panics
/// When a world panics, and in a build without debug assertions.
pub fn find(defect: Defect, worlds_max: u64) -> Finding {
    let threads = thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let next = AtomicU64::new(0);
    let first: Mutex<Option<Found>> = Mutex::new(None);
    let is_wanted = |seed: u64| {
        let first = first.lock().expect("looking does not panic");
        seed < worlds_max && first.as_ref().is_none_or(|found| seed < found.seed)
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !is_wanted(seed) {
                        return;
                    }
                    let violation = live_with(Some(defect), seed, false).violation;
                    // What breaks without it as well is not found by it.
                    let violation =
                        violation.filter(|_| live_with(None, seed, false).violation.is_none());
                    if let Some(violation) = violation.filter(|_| is_wanted(seed)) {
                        let mut first = first.lock().expect("noting does not panic");
                        *first = Some(Found { seed, violation });
                    }
                }
            });
        }
    });
    let found = first.into_inner().expect("nobody panicked");
    let worlds = found.as_ref().map_or(worlds_max, |found| found.seed + 1);
    Finding { defect: defect.name(), worlds, found }
}

/// The findings as a page of the documentation, in Markdown.
pub fn page(findings: &[Finding]) -> String {
    let mut page = OPENING.to_owned();
    for Finding { defect, worlds, found } in findings {
        let says = defect.parse::<Defect>().map(|defect| defect.to_string()).unwrap_or_default();
        let row = match found {
            Some(Found { seed, violation: Violation { check, .. } }) => format!(
                "| {says} | {worlds} | {check} | `cargo sandbox simulate --first {seed} --trace --defect {defect}` |"
            ),
            None => format!("| {says} | **not in {worlds}** | | |"),
        };
        writeln!(page, "{row}").expect("a text takes everything");
    }
    page
}

/// Reads a page again: each defect, the seed that shows it, and the promise that it breaks.
pub fn read_page(page: &str) -> Vec<(Defect, u64, Check)> {
    let rows = page.lines().filter(|line| line.contains("--defect "));
    let read = |row: &str| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, _, _, check, command, _] = cells.as_slice() else { return None };
        let mut words = command.trim_matches('`').split(' ');
        let mut after = |flag: &str| words.by_ref().skip_while(|word| *word != flag).nth(1);
        let seed = after("--first")?.parse().ok()?;
        let defect = after("--defect")?.parse().ok()?;
        let check = Check::ALL.into_iter().find(|one| one.to_string() == *check)?;
        Some((defect, seed, check))
    };
    rows.filter_map(read).collect()
}
