//! Constant Contact's job for what was submitted.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::ActivityId;

/// A job of Constant Contact's: an import, a removal from lists, a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Its key. Constant Contact forgets it after ten days (guide, `activity_status`).
    pub id: ActivityId,
    /// How far it has come.
    pub state: ActivityState,
    /// The name of the file that was submitted, by which a job is found again whose answer was lost.
    pub file_name: Option<String>,
    /// When it was received.
    pub created_at: Option<Timestamp>,
    /// What was counted; meaningful once it is over.
    pub counts: ActivityCounts,
    /// What went wrong with the job as a whole, in the vendor's words. They may quote a row: never log them.
    pub errors: Vec<String>,
}

/// How far an activity has come (OAS, `Activity.state`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ActivityState {
    /// Received.
    Initialized,
    /// Running.
    Processing,
    /// Over, perhaps with rows that were refused.
    Completed,
    /// Cancelled in Constant Contact's screens.
    Cancelled,
    /// Could not be carried out.
    Failed,
    /// Ran out of time. One description in the OAS spells it `time_out`; both are read.
    TimedOut,
    /// A state we do not know: not over, until our own patience is.
    Other(String),
}

/// What an activity counted. Which counters there are depends on its kind, so each may be absent
/// (OAS, `ActivityImport.status`, `ActivityDeleteStatus.status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ActivityCounts {
    /// `items_total_count`: what there is to work on; for a CSV import the lines, its heading included.
    pub items_total: Option<u64>,
    /// `items_completed_count`: how many of those are done.
    pub items_completed: Option<u64>,
    /// `person_count`: the contacts in the import. Fewer than were sent means that the rest was dropped silently.
    pub persons: Option<u64>,
    /// `error_count`: rows that were refused.
    pub errors: Option<u64>,
    /// `correctable_count`: rows held back in Constant Contact's screens, for somebody to mend (an address, a date).
    pub correctable: Option<u64>,
    /// `cannot_add_to_list_count`: contacts who unsubscribed and so joined no list.
    pub cannot_add_to_list: Option<u64>,
    /// `list_count`: the lists concerned.
    pub lists: Option<u64>,
}

impl Activity {
    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        self.state.is_over()
    }
}

impl ActivityState {
    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Completed | Self::Cancelled | Self::Failed | Self::TimedOut => true,
            Self::Initialized | Self::Processing | Self::Other(_) => false,
        }
    }

    /// The vendor's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Initialized => "initialized",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Other(text) => text,
        }
    }
}

impl From<String> for ActivityState {
    fn from(text: String) -> Self {
        match text.as_str() {
            "initialized" => Self::Initialized,
            "processing" => Self::Processing,
            "completed" => Self::Completed,
            "cancelled" => Self::Cancelled,
            "failed" => Self::Failed,
            "timed_out" | "time_out" => Self::TimedOut,
            _ => Self::Other(text),
        }
    }
}

impl From<ActivityState> for String {
    fn from(state: ActivityState) -> Self {
        state.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_running_out_of_time_are_read_and_an_unknown_state_is_not_over() {
        for text in ["timed_out", "time_out"] {
            assert_eq!(ActivityState::from(text.to_owned()), ActivityState::TimedOut);
        }
        let unknown = ActivityState::from("resting".to_owned());
        assert_eq!(unknown, ActivityState::Other("resting".to_owned()));
        assert!(!unknown.is_over());
        let over: Vec<_> = ["initialized", "processing", "completed", "cancelled", "failed"]
            .map(|text| ActivityState::from(text.to_owned()).is_over())
            .into();
        assert_eq!(over, [false, false, true, true, true]);
    }
}
