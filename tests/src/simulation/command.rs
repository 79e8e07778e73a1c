//! Many seeds on all cores, and what they came to.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use serde::Serialize;
use shared::domain::report::grouped;

use super::{Check, Fault, Outcome, Violation, live};

/// One world in so many is lived twice, to see that it leaves the same trace.
const TWICE_EVERY: u64 = 100;

/// What many seeds came to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Seeds that were lived.
    pub seeds: u64,
    /// Days that were lived in them.
    pub days: u64,
    /// Calls that were made.
    pub calls: u64,
    /// What went wrong on purpose, and how often.
    pub injected: BTreeMap<Fault, u64>,
    /// What people did, and how often.
    pub happened: BTreeMap<&'static str, u64>,
    /// How often each invariant was looked at.
    pub looked: BTreeMap<Check, u64>,
    /// The seeds in which one did not hold.
    pub failures: Vec<Failure>,
}

/// A seed in which an invariant did not hold.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// Which.
    pub seed: u64,
    /// What did not hold.
    pub violation: Violation,
}

impl Summary {
    fn add(&mut self, outcome: Outcome) {
        self.seeds += 1;
        self.days += outcome.days;
        self.calls += outcome.calls;
        merge(&mut self.injected, outcome.injected);
        merge(&mut self.happened, outcome.happened);
        merge(&mut self.looked, outcome.looked);
        let seed = outcome.seed;
        self.failures.extend(outcome.violation.map(|violation| Failure { seed, violation }));
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = grouped;
        let (seeds, days, calls) = (n(self.seeds), n(self.days), n(self.calls));
        writeln!(f, "{seeds} worlds, {days} days, {calls} calls and events")?;
        writeln!(f, "\nWhat went wrong on purpose")?;
        for (fault, count) in &self.injected {
            writeln!(f, "  {:>10}  {fault}", n(*count))?;
        }
        writeln!(f, "\nWhat people did")?;
        for (what, count) in &self.happened {
            writeln!(f, "  {:>10}  {what}", n(*count))?;
        }
        writeln!(f, "\nWhat was looked at, and how often")?;
        for check in Check::ALL {
            let count = self.looked.get(&check).copied().unwrap_or(0);
            writeln!(f, "  {:>10}  {check}", n(count))?;
        }
        writeln!(f)?;
        if self.failures.is_empty() {
            return writeln!(f, "Everything held in every world.");
        }
        for Failure { seed, violation } in &self.failures {
            writeln!(f, "FAILED {violation}")?;
            writeln!(f, "  cargo sandbox simulate --seeds 1 --first {seed} --trace")?;
        }
        Ok(())
    }
}

fn merge<K: Ord>(into: &mut BTreeMap<K, u64>, from: BTreeMap<K, u64>) {
    for (key, count) in from {
        *into.entry(key).or_default() += count;
    }
}

/// Lives so many seeds from the first on, on all cores, until `failures_max` of them failed. `told` is called after each.
///
/// # Panics
/// When a seed panics, which is a failure of the world itself.
pub fn simulate(
    first: u64,
    seeds: u64,
    failures_max: usize,
    told: impl Fn(&Summary) + Sync,
) -> Summary {
    let threads = thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let next = AtomicU64::new(first);
    let is_enough = AtomicBool::new(false);
    let summary = Mutex::new(Summary::default());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first.saturating_add(seeds) || is_enough.load(Ordering::Relaxed) {
                        return;
                    }
                    let mut outcome = live(seed);
                    if seed.is_multiple_of(TWICE_EVERY) {
                        outcome.compare_with(&live(seed));
                    }
                    let mut summary = summary.lock().expect("adding up does not panic");
                    summary.add(outcome);
                    is_enough.store(summary.failures.len() >= failures_max, Ordering::Relaxed);
                    told(&summary);
                }
            });
        }
    });
    let mut summary = summary.into_inner().expect("adding up does not panic");
    summary.failures.sort_by_key(|failure| failure.seed);
    summary
}
