//! What wakes poll.

use serde::Deserialize;
use serde_json::Value;

/// What an event asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Read everybody in Constant Contact, whatever their dates say.
    #[serde(default)]
    pub sweep: bool,
}

/// An event that is none of ours.
#[derive(Debug, thiserror::Error)]
#[error("the event is none that poll knows ({problem}); send {{}} or {{\"sweep\":true}}")]
pub struct EventError {
    problem: String,
}

impl Ask {
    /// Reads an event: one of ours, or a scheduled event of EventBridge's.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(event: Value) -> Result<Self, EventError> {
        if event.get("detail-type").is_some() {
            return Ok(Self { sweep: false });
        }
        serde_json::from_value(event).map_err(|error| EventError { problem: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_with_a_typo_is_refused() {
        assert_eq!(Ask::read(json!({})).unwrap(), Ask { sweep: false });
        assert_eq!(Ask::read(json!({"sweep": true})).unwrap(), Ask { sweep: true });
        assert!(Ask::read(json!({"sweeep": true})).is_err());
    }
}
