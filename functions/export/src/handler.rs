//! One event in, one answer out.

use serde::Serialize;
use serde_json::Value;
use shared::domain::RunId;
use shared::domain::run::{Phase, Run};
use shared::invocation::Invocation;

use crate::error::ExportError;
use crate::event::Ask;
use crate::run;
use crate::services::Services;

/// What export answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The run, as far as it has come.
    Run {
        /// Which.
        run: RunId,
        /// `reading`: it goes on at the next tick; `announced`: everything is staged.
        state: Phase,
        /// Accounts read so far.
        read: u64,
        /// Batches announced so far.
        batches: u32,
    },
    /// The run may not start.
    Refused {
        /// Why not.
        refused: Refusal,
    },
    /// There was nothing to go on with.
    Idle {
        /// Always true.
        idle: bool,
    },
}

/// Why a run may not start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// In words.
    pub reason: String,
    /// The run that is going on.
    pub run: RunId,
    /// How far that one has come.
    pub state: Phase,
}

impl Answer {
    pub(crate) fn of(run: &Run) -> Self {
        Self::Run { run: run.run.clone(), state: run.phase, read: run.read, batches: run.batches }
    }

    pub(crate) fn idle() -> Self {
        Self::Idle { idle: true }
    }
}

/// Starts a run, or goes on with the one that is unfinished.
///
/// # Errors
/// When the event, the settings or the secret cannot be used, and when Gigya or AWS refuse. What is staged by then
/// stays, and the next five-minute tick goes on from the last durable mark.
pub async fn handle(
    services: &Services,
    event: Value,
    invocation: &Invocation,
) -> Result<Answer, ExportError> {
    let ask = Ask::read(event)?;
    match ask {
        Ask::Start { scope, dry_run, trigger } => {
            run::start(services, scope, dry_run, trigger, invocation).await
        }
        Ask::Resume => run::resume(services, invocation).await,
    }
}
