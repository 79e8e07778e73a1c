//! The queue of messages that were given up on, each with its reason.

use std::fmt;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
};
use jiff::Timestamp;

use super::QueueError;
use crate::aws::{Failure, SdkConfig};

/// Longest reason that travels with a dead letter, in characters: long enough for a sentence with its causes, and far
/// within the message's size.
pub const REASON_CHARACTERS_MAX: usize = 1_000;

/// Name of the attribute that says why a message was given up on.
pub const REASON: &str = "reason";

/// Most messages of one receive (Amazon SQS API reference, `ReceiveMessage`, `MaxNumberOfMessages`).
pub const RECEIVED_MAX: usize = 10;

/// How long a dead letter is kept from others while somebody looks at it. Whoever is killed meanwhile keeps it no longer.
pub const IN_HAND_SECONDS: u32 = 300;

/// How long a receive waits for a first message. Any wait makes SQS ask all its servers, so that an empty answer means an
/// empty queue (Amazon SQS developer guide, "Amazon SQS short and long polling").
const WAIT_SECONDS: i32 = 1;

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
    /// `deduplication_id` is the message's own id: delivered again, it lies here once; and a batch that was sent again and is
    /// buried again, with another message, is not swallowed ("Exactly-once processing": five minutes, deleted or not).
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

    /// Takes up to [`RECEIVED_MAX`] dead letters in hand, oldest first; none when there are no more to be had.
    ///
    /// While a message of a group is in hand, no more of that group are given (Amazon SQS developer guide, "FIFO queue
    /// delivery logic"): of one group there are never more than these.
    ///
    /// # Errors
    /// When AWS refuses or does not answer.
    pub async fn receive(&self) -> Result<Vec<DeadLetter>, QueueError> {
        let request = self.client.receive_message().queue_url(&self.url);
        let answer = request
            .max_number_of_messages(i32::try_from(RECEIVED_MAX).unwrap_or(1))
            .visibility_timeout(IN_HAND_SECONDS.cast_signed())
            .wait_time_seconds(WAIT_SECONDS)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
            .message_attribute_names(REASON)
            .send()
            .await
            .map_err(|error| QueueError::Receive(error.into()))?;
        Ok(answer.messages.unwrap_or_default().into_iter().map(DeadLetter::from).collect())
    }

    /// Gives a dead letter back unchanged: it is visible at once.
    ///
    /// # Errors
    /// When AWS refuses or does not answer; the letter then shows itself within minutes.
    pub async fn give_back(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        let request = self.client.change_message_visibility().queue_url(&self.url);
        let request = request.receipt_handle(&letter.receipt).visibility_timeout(0);
        let failed = |source| QueueError::GiveBack { id: letter.id.clone(), source };
        request.send().await.map_err(|error| failed(error.into()))?;
        Ok(())
    }

    /// Deletes a dead letter that is done with.
    ///
    /// # Errors
    /// When AWS refuses (it was in hand for too long) or does not answer; the letter is there still, or was.
    pub async fn delete(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        let request = self.client.delete_message().queue_url(&self.url);
        let request = request.receipt_handle(&letter.receipt);
        let failed = |source| QueueError::Delete { id: letter.id.clone(), source };
        request.send().await.map_err(|error| failed(error.into()))?;
        Ok(())
    }

    /// About how many dead letters there are, in somebody's hand or not.
    ///
    /// # Errors
    /// When AWS refuses or does not answer.
    pub async fn count(&self) -> Result<usize, QueueError> {
        const COUNTS: [QueueAttributeName; 2] = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let request = self.client.get_queue_attributes().queue_url(&self.url);
        let request = request.set_attribute_names(Some(COUNTS.into()));
        let answer = request.send().await.map_err(|error| QueueError::Count(error.into()))?;
        let counts = answer.attributes.unwrap_or_default();
        Ok(COUNTS.iter().filter_map(|name| counts.get(name)?.parse::<usize>().ok()).sum())
    }
}

/// A dead letter in somebody's hand.
#[derive(Clone)]
pub struct DeadLetter {
    /// SQS's id of the message.
    pub id: String,
    /// The message as it came.
    pub body: String,
    /// The group that it came in.
    pub group: String,
    /// Since when it is here. In a FIFO queue that counts from the move (Amazon SQS developer guide, "Setting-up
    /// dead-letter queue retention").
    pub since: Option<Timestamp>,
    /// Why; nothing where SQS itself moved it here, because it was received too often.
    pub reason: Option<String>,
    receipt: String,
}

impl From<Message> for DeadLetter {
    fn from(message: Message) -> Self {
        let mut system = message.attributes.unwrap_or_default();
        let sent = system.remove(&MessageSystemAttributeName::SentTimestamp);
        let reason = message.message_attributes.and_then(|mut all| all.remove(REASON));
        Self {
            id: message.message_id.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
            group: system.remove(&MessageSystemAttributeName::MessageGroupId).unwrap_or_default(),
            since: sent
                .and_then(|text| text.parse().ok())
                .and_then(|at| Timestamp::from_millisecond(at).ok()),
            reason: reason.and_then(|reason| reason.string_value),
            receipt: message.receipt_handle.unwrap_or_default(),
        }
    }
}

/// Without the body, which may be anything.
impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter").field("id", &self.id).finish_non_exhaustive()
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
