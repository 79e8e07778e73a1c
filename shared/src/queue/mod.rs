//! The queue that carries messages about batches, and the one where messages end that were given up on. Both are FIFO.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;

use crate::aws::{Failure, SdkConfig};
use crate::domain::{BatchMessage, CustomerName, Dispose, Disposition};

/// Longest that a message may be invisible, counted from its receipt: 12 hours (Amazon SQS API reference,
/// `ChangeMessageVisibility`).
pub const VISIBILITY_SECONDS_MAX: u32 = 43_200;

/// Longest that an invocation can have held a message before it hides it (AWS Lambda developer guide, quotas, "function
/// timeout").
pub const HELD_SECONDS_MAX: u32 = 900;

/// Longest that a message can be hidden: the limit counts the time for which it has already been held.
pub const HIDE_SECONDS_MAX: u32 = VISIBILITY_SECONDS_MAX - HELD_SECONDS_MAX;

/// Longest reason that travels with a dead letter, in characters: long enough for a sentence with its causes, and far
/// within the message's size.
pub const REASON_CHARACTERS_MAX: usize = 1_000;

/// Name of the attribute that says why a message was given up on.
pub const REASON: &str = "reason";

/// Why something could not be done on a queue. It never repeats a message's body.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// A batch was not announced.
    #[error("message {deduplication_id} could not be announced")]
    Announce {
        /// Which message.
        deduplication_id: String,
        /// What AWS answered.
        #[source]
        source: Failure,
    },
    /// A message stays visible, or becomes so at its old time.
    #[error("a message could not be hidden for {seconds} seconds")]
    Hide {
        /// For how long it should have been.
        seconds: u32,
        /// What AWS answered.
        #[source]
        source: Failure,
    },
    /// A message did not reach the dead letters, so it must not be deleted.
    #[error("message {deduplication_id} could not be put on the dead-letter queue")]
    Bury {
        /// Which message.
        deduplication_id: String,
        /// What AWS answered.
        #[source]
        source: Failure,
    },
}

impl Dispose for QueueError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Announce { source, .. }
            | Self::Hide { source, .. }
            | Self::Bury { source, .. } => source.disposition(),
        }
    }
}

/// The queue between export and upload.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// The queue at this URL, over a client of its own.
    pub fn connect(config: &SdkConfig, url: impl Into<String>) -> Self {
        Self::new(Client::new(config), url)
    }

    /// The queue at this URL, over this client.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Announces a batch. The customer is the message group, so that no batch overtakes an older one.
    ///
    /// `deduplication_id` is the batch id, with a suffix when it is announced again on purpose: the queue swallows a
    /// message whose id it has seen within five minutes (Amazon SQS developer guide, "Exactly-once processing"). Ids have
    /// up to 128 letters, digits and punctuation marks (Amazon SQS API reference, `SendMessage`).
    ///
    /// # Errors
    /// When AWS refuses or does not answer; announcing again is harmless then.
    pub async fn announce(
        &self,
        message: &BatchMessage,
        deduplication_id: &str,
        group: &CustomerName,
    ) -> Result<(), QueueError> {
        let request = self.client.send_message().queue_url(&self.url);
        request
            .message_body(message.to_body())
            .message_group_id(group.as_str())
            .message_deduplication_id(deduplication_id)
            .send()
            .await
            .map_err(|error| QueueError::Announce {
                deduplication_id: deduplication_id.to_owned(),
                source: error.into(),
            })?;
        Ok(())
    }

    /// Hides a received message for so long from now, at most [`HIDE_SECONDS_MAX`]; 0 makes it visible at once. Its group
    /// waits with it.
    ///
    /// # Errors
    /// When AWS refuses (the receipt is no longer valid) or does not answer; the message then shows itself when its
    /// visibility runs out.
    pub async fn hide(&self, receipt_handle: &str, seconds: u32) -> Result<(), QueueError> {
        let seconds = seconds.min(HIDE_SECONDS_MAX);
        let request = self.client.change_message_visibility().queue_url(&self.url);
        request
            .receipt_handle(receipt_handle)
            .visibility_timeout(seconds.cast_signed())
            .send()
            .await
            .map_err(|error| QueueError::Hide { seconds, source: error.into() })?;
        Ok(())
    }

    /// As [`hide`](Self::hide), for a duration; a part of a second counts as a whole one.
    ///
    /// # Errors
    /// As [`hide`](Self::hide).
    pub async fn hide_for(&self, receipt_handle: &str, wait: Duration) -> Result<(), QueueError> {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.hide(receipt_handle, u32::try_from(seconds).unwrap_or(HIDE_SECONDS_MAX)).await
    }
}

/// The queue of messages that were given up on.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    client: Client,
    url: String,
}

impl DeadLetters {
    /// The dead-letter queue at this URL, over a client of its own.
    pub fn connect(config: &SdkConfig, url: impl Into<String>) -> Self {
        Self::new(Client::new(config), url)
    }

    /// The dead-letter queue at this URL, over this client.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Puts a message here as it came, with the reason as its attribute `reason`. Only then may it be deleted from its
    /// queue.
    ///
    /// The reason is cut to [`REASON_CHARACTERS_MAX`] and rid of control characters, which SQS refuses (Amazon SQS API
    /// reference, `SendMessage`, "`#x9` | `#xA` | `#xD` | …").
    ///
    /// # Errors
    /// When AWS refuses or does not answer; burying again is harmless then.
    pub async fn bury(
        &self,
        body: &str,
        reason: &str,
        group: &str,
        deduplication_id: &str,
    ) -> Result<(), QueueError> {
        let bury = |source: Failure| QueueError::Bury {
            deduplication_id: deduplication_id.to_owned(),
            source,
        };
        let reason = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(printable(reason))
            .build()
            .map_err(|error| bury(Failure::unmade(error)))?;
        let request = self.client.send_message().queue_url(&self.url);
        request
            .message_body(body)
            .message_attributes(REASON, reason)
            .message_group_id(group)
            .message_deduplication_id(deduplication_id)
            .send()
            .await
            .map_err(|error| bury(error.into()))?;
        Ok(())
    }
}

/// SQS takes no empty value and no control characters.
fn printable(reason: &str) -> String {
    let is_allowed = |c: &char| !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}');
    let lines = reason.split(['\n', '\r', '\t']).collect::<Vec<_>>().join(" ");
    let text: String = lines.chars().filter(is_allowed).take(REASON_CHARACTERS_MAX).collect();
    if text.trim().is_empty() { "no reason was given".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_always_one_that_the_queue_takes() {
        assert_eq!(printable("refused:\n\u{0}\u{1b}too\tlarge"), "refused: too large");
        assert_eq!(printable(" \u{7}"), "no reason was given");
        assert_eq!(printable(&"ł".repeat(5_000)).chars().count(), REASON_CHARACTERS_MAX);
    }
}
