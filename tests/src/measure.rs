//! How much memory a function needs: the real binaries as child processes, apart from the simulators, for so many people.
//!
//! The kernel keeps the high-water mark of each process, so nothing is sampled and no peak is missed. Vendors and product
//! keep their real pace. The binaries are of the same profile as whoever measures.

use std::fmt;
use std::io;
use std::time::Duration;

use serde_json::{Value, json};
use shared::domain::report::{Imbalance, People, State};

use crate::serve::{BinariesError, DriveError, Function, Program, ServeOptions, Served, build};

/// How often the trip ticks.
const EVERY: Duration = Duration::from_secs(2);
/// How long one run may take: a hundred thousand people take minutes.
const WITHIN: Duration = Duration::from_hours(2);

/// What one function needed for everything that it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Which.
    pub function: Function,
    /// The most memory that it held at once, in bytes.
    pub peak_bytes: u64,
    /// How often it was invoked.
    pub invocations: u64,
    /// How long its longest invocation took, waiting for the vendors included.
    pub longest: Duration,
}

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// There are no binaries.
    #[error("the binaries could not be built")]
    Binaries(#[source] &'static BinariesError),
    /// The world could not be opened or a program not watched.
    #[error("the functions could not be run as processes of their own")]
    Process(#[source] io::Error),
    /// A trip failed, so that its memory says nothing.
    #[error("the trip failed")]
    Trip(#[source] DriveError),
    /// A run did not settle as it should.
    #[error("run {run} has no good report: {people:?}")]
    Report {
        /// Which.
        run: String,
        /// Its people, if there is a report at all.
        people: Option<People>,
    },
    /// A run lost somebody.
    #[error("run {run} does not balance: {imbalance:?}")]
    Imbalance {
        /// Which.
        run: String,
        /// By how much.
        imbalance: Imbalance,
    },
}

/// Takes so many people of a seed to Constant Contact, sweeps, and reads everybody once more, which finds nothing to do;
/// `tell` hears of each step as it begins. Answers what each function needed for all of it.
///
/// # Errors
/// When the binaries cannot be built or watched, or when a trip fails or loses somebody.
pub async fn measure(
    accounts: u64,
    seed: u64,
    mut tell: impl FnMut(&str),
) -> Result<Vec<Measured>, MeasureError> {
    let folder = build().map_err(MeasureError::Binaries)?;
    let served = Served::start(ServeOptions::people(seed, accounts)).await;
    let served = served.map_err(MeasureError::Process)?;
    let mut programs = Vec::new();
    for function in Function::ALL {
        let binary = folder.join(function.name());
        let program = Program::start(&binary, &served.environment(function));
        programs.push((function, program.map_err(MeasureError::Process)?));
    }

    tell("Reading Constant Contact for the first time");
    invoke(&served, Function::Poll, json!({})).await?;
    tell("Taking everybody to Constant Contact");
    run(&served, "delta").await?;
    tell("Comparing everybody with the ledger");
    invoke(&served, Function::Poll, json!({"sweep": true})).await?;
    tell("Reading everybody once more");
    run(&served, "full").await?;

    let measured = programs.into_iter().map(|(function, program)| {
        let invoked = served.invoked(function);
        let peak_bytes = program.peak_memory()?;
        Ok(Measured { function, peak_bytes, invocations: invoked.count, longest: invoked.longest })
    });
    measured.collect::<io::Result<_>>().map_err(MeasureError::Process)
}

async fn invoke(served: &Served, function: Function, event: Value) -> Result<(), MeasureError> {
    served.invoke(function, event).await.map(drop).map_err(MeasureError::Trip)
}

async fn run(served: &Served, scope: &str) -> Result<(), MeasureError> {
    let run = served.run(json!({"scope": scope}), EVERY, WITHIN).await;
    let run = run.map_err(MeasureError::Trip)?;
    match served.report(&run) {
        Some(report) if report.state == State::Settled => {
            let balance = report.people.balance();
            balance.map(drop).map_err(|imbalance| MeasureError::Imbalance { run, imbalance })
        }
        report => Err(MeasureError::Report { run, people: report.map(|report| report.people) }),
    }
}

/// The measurements as a table.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a>(pub &'a [Measured]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MEGABYTE: u64 = 1_000_000;
        writeln!(f, "{:<10}{:>10}{:>14}{:>14}", "function", "peak MB", "invocations", "longest s")?;
        for Measured { function, peak_bytes, invocations, longest } in self.0 {
            let peak = peak_bytes.div_ceil(MEGABYTE);
            let seconds = longest.as_secs_f64();
            writeln!(f, "{:<10}{peak:>10}{invocations:>14}{seconds:>14.1}", function.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_begun_megabyte_counts() {
        let one = |function, peak_bytes| Measured {
            function,
            peak_bytes,
            invocations: 12,
            longest: Duration::from_millis(9_640),
        };
        let measured = [one(Function::Export, 31_686_656), one(Function::Poll, 200_000_000)];
        insta::assert_snapshot!(Table(&measured), @r"
        function     peak MB   invocations     longest s
        export            32            12           9.6
        poll             200            12           9.6
        ");
    }
}
