//! The engine: the real functions, the real AWS SDK, both vendors simulated, in one thread under a clock that jumps, with
//! everything that can go wrong going wrong by the dice of one seed.
//!
//! A seed is a world: a customer, a handful of people, some days on which people live on both sides *while* functions
//! run at the same time, are killed, and lose their calls. The [oracle](crate::oracle) watches each step. Then the faults stop:
//! within three cycles both sides must be as the oracle says, and one more cycle must write nothing.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `scenario` | what kind of world a seed is |
//! | `faults` | what goes wrong, by name, and what does not yet |
//! | `seam` | the one place through which every call goes: where faults are injected, people live on, and the trace is written |
//! | `crowd` | invocations at the same time, and their kills |
//! | `life` | what people and the customer do on both sides |
//! | `owner` | what the customer breaks, and mends the next morning |
//! | `check` | the invariants, and how often each was looked at |
//! | `play` | days, quiet days, judgement |
//! | `trace` | everything that was called, in one number |
//! | `logs` | what was logged, read for names and addresses |
//! | `command` | many seeds on all cores, and what they came to |
//! | `defects` | whether it would find what others got wrong |

mod check;
pub mod command;
mod crowd;
pub mod defects;
mod faults;
mod life;
mod logs;
mod owner;
mod play;
mod scenario;
mod seam;
mod trace;

use std::collections::BTreeMap;

pub use check::{Check, Violation};
pub use faults::{Fault, Faults};
pub use scenario::Scenario;

use play::Play;
use trace::Trace;

/// What a seed came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Which.
    pub seed: u64,
    /// The invariant that did not hold.
    pub violation: Option<Violation>,
    /// Everything that was called, as one number.
    pub trace: String,
    /// The same, line by line, if it was asked for.
    pub lines: Vec<String>,
    /// How many calls and events that were.
    pub calls: u64,
    /// How many days were lived.
    pub days: u64,
    /// What went wrong on purpose, and how often.
    pub injected: BTreeMap<Fault, u64>,
    /// What people did, and how often.
    pub happened: BTreeMap<&'static str, u64>,
    /// How often each invariant was looked at.
    pub looked: BTreeMap<Check, u64>,
}

impl Outcome {
    /// Looks whether the same world left the same trace when it was lived again.
    fn compare_with(&mut self, again: &Self) {
        *self.looked.entry(Check::SameTrace).or_default() += 1;
        if self.violation.is_none() && self.trace != again.trace {
            let what = format!("{} and then {}", self.trace, again.trace);
            self.violation =
                Some(Violation { check: Check::SameTrace, at: "the end".into(), what });
        }
    }
}

/// Lives the world of a seed.
///
/// # Panics
/// When the system gives no runtime.
pub fn live(seed: u64) -> Outcome {
    live_as(seed, &Scenario::of(seed), false)
}

/// Lives another world by the dice of a seed, and keeps its trace line by line if asked to.
///
/// # Panics
/// When the system gives no runtime.
pub fn live_as(seed: u64, scenario: &Scenario, keeps_lines: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without a network needs nothing");
    let logs = logs::Logs::listen();
    runtime.block_on(async {
        let mut play = Play::begin(seed, scenario, Trace::new(keeps_lines));
        let mut ended = play.live().await;
        if ended.is_ok() {
            let now = play.world.now();
            ended = play.checks.hold(Check::SilentLogs, now, logs.telling());
        }
        let (trace, lines, calls) =
            play.seam.with_trace(|trace| (trace.digest(), trace.kept(), trace.lines()));
        let happened = {
            let life = play.life.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            life.happened.clone()
        };
        Outcome {
            seed,
            violation: ended.err(),
            trace,
            lines,
            calls,
            days: play.days,
            injected: play.seam.injected(),
            happened,
            looked: play.checks.looked,
        }
    })
}
