//! What wakes export.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use shared::domain::report::{Scope, Trigger};

/// What an event asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// A new run.
    Start {
        /// What it is to read.
        scope: Scope,
        /// Whether it only says what it would do.
        dry_run: bool,
        /// Who asks.
        trigger: Trigger,
    },
    /// Go on with what is unfinished, if anything is.
    Resume,
}

/// Why an event cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It is none of the documented ones.
    #[error(
        "the event is none that export knows ({problem}); send {{\"scope\":\"delta\"}}, \"full\", \"since\" with \"since\", \"sample\" with \"accounts\", or \"resume\""
    )]
    Unknown {
        /// What is wrong.
        problem: String,
    },
    /// A sample of nobody.
    #[error("a sample needs \"accounts\" of at least 1")]
    EmptySample,
}

/// The events that are ours, as they are written.
#[derive(Deserialize)]
#[serde(tag = "scope", rename_all = "snake_case", deny_unknown_fields)]
enum Written {
    Delta {
        #[serde(flatten)]
        how: How,
    },
    Full {
        #[serde(flatten)]
        how: How,
    },
    Since {
        since: Timestamp,
        #[serde(flatten)]
        how: How,
    },
    Sample {
        accounts: u64,
        #[serde(flatten)]
        how: How,
    },
    Resume,
}

#[derive(Deserialize)]
struct How {
    #[serde(default)]
    dry_run: bool,
    trigger: Option<Trigger>,
}

/// The `detail-type` of EventBridge's scheduled events (Amazon EventBridge user guide, "scheduled events").
const SCHEDULED_EVENT: &str = "Scheduled Event";

impl Ask {
    /// Reads an event: one of ours, or a bare scheduled event of EventBridge's, which means a delta.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(event: Value) -> Result<Self, EventError> {
        if event.get("detail-type").and_then(Value::as_str) == Some(SCHEDULED_EVENT) {
            let trigger = Trigger::Schedule;
            return Ok(Self::Start { scope: Scope::Delta, dry_run: false, trigger });
        }
        let written = serde_json::from_value(event)
            .map_err(|error| EventError::Unknown { problem: error.to_string() })?;
        let (scope, how) = match written {
            Written::Delta { how } => (Scope::Delta, how),
            Written::Full { how } => (Scope::Full, how),
            Written::Since { since, how } => (Scope::Since { since }, how),
            Written::Sample { accounts: 0, .. } => return Err(EventError::EmptySample),
            Written::Sample { accounts, how } => (Scope::Sample { accounts }, how),
            Written::Resume => return Ok(Self::Resume),
        };
        let trigger = how.trigger.unwrap_or(Trigger::Request);
        Ok(Self::Start { scope, dry_run: how.dry_run, trigger })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_with_a_typo_is_refused_and_never_read_as_another() {
        for event in [
            json!({}),
            json!({"scope": "everything"}),
            json!({"scope": "since"}),
            json!({"scope": "delta", "dryrun": true}),
            json!({"scope": "sample", "accounts": 0}),
            json!("delta"),
        ] {
            assert!(Ask::read(event.clone()).is_err(), "{event}");
        }
    }

    #[test]
    fn a_schedule_says_that_it_is_one() {
        let event = json!({"scope": "full", "trigger": "schedule"});
        let expected =
            Ask::Start { scope: Scope::Full, dry_run: false, trigger: Trigger::Schedule };
        assert_eq!(Ask::read(event).unwrap(), expected);
    }
}
