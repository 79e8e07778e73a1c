//! The queue that carries messages about batches, and the one where messages end that were given up on. Both are FIFO.

mod dead_letters;

use std::time::Duration;

use aws_sdk_sqs::Client;

pub use dead_letters::{
    DeadLetter, DeadLetters, IN_HAND_SECONDS, REASON, REASON_CHARACTERS_MAX, RECEIVED_MAX,
};

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
    /// The dead letters stay unread.
    #[error("the dead letters could not be read")]
    Receive(#[source] Failure),
    /// Nobody knows how many dead letters there are.
    #[error("the dead letters could not be counted")]
    Count(#[source] Failure),
    /// A dead letter shows itself when its time runs out.
    #[error("dead letter {id} could not be given back")]
    GiveBack {
        /// Which message.
        id: String,
        /// What AWS answered.
        #[source]
        source: Failure,
    },
    /// A dead letter is still there.
    #[error("dead letter {id} could not be deleted")]
    Delete {
        /// Which message.
        id: String,
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
            | Self::Bury { source, .. }
            | Self::Receive(source)
            | Self::Count(source)
            | Self::GiveBack { source, .. }
            | Self::Delete { source, .. } => source.disposition(),
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
        self.send(&message.to_body(), deduplication_id, group.as_str()).await
    }

    /// Sends a message again as it was, body and group. Its de-duplication id has to be a new one, or the queue swallows
    /// it.
    ///
    /// # Errors
    /// As [`announce`](Self::announce).
    pub async fn send(
        &self,
        body: &str,
        deduplication_id: &str,
        group: &str,
    ) -> Result<(), QueueError> {
        let request = self.client.send_message().queue_url(&self.url);
        request
            .message_body(body)
            .message_group_id(group)
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
