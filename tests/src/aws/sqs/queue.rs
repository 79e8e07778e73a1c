//! One FIFO queue: what SQS promises about order, visibility, de-duplication and giving up, and nothing about HTTP.
//!
//! Source of all of it, where nothing else is said: Amazon SQS developer guide, "FIFO queues", and Amazon SQS API reference.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::super::json::Refusal;
use super::wire::Attribute;

/// How long a de-duplication id is remembered ("Exactly-once processing": five minutes).
pub(super) const DEDUPLICATION: Duration = Duration::from_mins(5);

/// Longest that a message may be invisible since its receipt (`ChangeMessageVisibility`: 12 hours).
pub(super) const VISIBILITY_MAX: Duration = Duration::from_hours(12);

/// How a queue is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSettings {
    /// How long a received message is invisible unless the receiver says otherwise.
    pub visibility: Duration,
    /// How long a message is kept at all.
    pub retention: Duration,
    /// Where a message goes that has been received so often, and how often.
    pub redrive: Option<Redrive>,
}

/// When a message is given up on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// The name of the queue for dead letters.
    pub dead_letters: String,
    /// Receives, after which the next one moves it there instead.
    pub receives_max: u32,
}

impl Default for QueueSettings {
    /// AWS's default of 30 seconds' visibility (`VisibilityTimeout`), the longest retention (14 days, `MessageRetentionPeriod`),
    /// and no dead letters.
    fn default() -> Self {
        let (visibility, retention) = (Duration::from_secs(30), Duration::from_hours(14 * 24));
        Self { visibility, retention, redrive: None }
    }
}

/// A message at rest or in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// SQS's id.
    pub id: String,
    /// What was sent.
    pub body: String,
    /// What was sent beside it.
    pub attributes: BTreeMap<String, Attribute>,
    /// Its group, within which order is kept.
    pub group: String,
    /// By which its repeats are known.
    pub deduplication_id: String,
    /// Its place in the queue.
    pub sequence: u64,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// How often it was received.
    pub receives: u32,
    /// When it was first received.
    pub first_received_at: Option<Timestamp>,
    /// The queue that gave up on it.
    pub given_up_by: Option<String>,
    receipt: Option<Receipt>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Receipt {
    received_at: Timestamp,
    invisible_until: Timestamp,
}

/// What is sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) body: String,
    pub(super) attributes: BTreeMap<String, Attribute>,
    pub(super) group: String,
    pub(super) deduplication_id: String,
}

/// What the queue says to a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Accepted {
    pub(super) id: String,
    pub(super) sequence: u64,
}

/// What a receive yields: messages with their receipt handles, and those that were given up on.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) messages: Vec<(Message, String)>,
    pub(super) given_up: Vec<Message>,
}

/// How many messages a queue has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Those that could be received, but for the lock of their group.
    pub visible: usize,
    /// Those in flight.
    pub in_flight: usize,
}

#[derive(Debug)]
pub(super) struct Queue {
    name: String,
    settings: QueueSettings,
    messages: Vec<Message>,
    seen: BTreeMap<String, (Timestamp, Accepted)>,
    sequence: u64,
}

impl Message {
    fn is_in_flight(&self, now: Timestamp) -> bool {
        self.receipt.as_ref().is_some_and(|receipt| receipt.invisible_until > now)
    }
}

impl Queue {
    pub(super) fn new(name: &str, settings: QueueSettings) -> Self {
        let (messages, seen) = (Vec::new(), BTreeMap::new());
        Self { name: name.to_owned(), settings, messages, seen, sequence: 0 }
    }

    pub(super) fn settings(&self) -> &QueueSettings {
        &self.settings
    }

    pub(super) fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub(super) fn depth(&self, now: Timestamp) -> Depth {
        let in_flight = self.messages.iter().filter(|message| message.is_in_flight(now)).count();
        Depth { visible: self.messages.len() - in_flight, in_flight }
    }

    /// Takes a message; one whose de-duplication id was seen within five minutes is accepted and swallowed, even when the
    /// first one has been deleted.
    pub(super) fn send(&mut self, sent: Sent, now: Timestamp) -> Accepted {
        self.seen.retain(|_, (at, _)| *at + DEDUPLICATION > now);
        if let Some((_, accepted)) = self.seen.get(&sent.deduplication_id) {
            return accepted.clone();
        }
        self.sequence += 1;
        let sequence = self.sequence;
        let accepted = Accepted { id: message_id(&self.name, sequence), sequence };
        self.seen.insert(sent.deduplication_id.clone(), (now, accepted.clone()));
        self.messages.push(Message {
            id: accepted.id.clone(),
            body: sent.body,
            attributes: sent.attributes,
            group: sent.group,
            deduplication_id: sent.deduplication_id,
            sequence,
            sent_at: now,
            receives: 0,
            first_received_at: None,
            given_up_by: None,
            receipt: None,
        });
        accepted
    }

    /// Takes a message that another queue has given up on. It keeps its id; its receives begin anew, and so does its time,
    /// from which its retention counts ("Setting-up dead-letter queue retention": in a FIFO queue the timestamp resets).
    pub(super) fn take_over(&mut self, message: Message, from: String, now: Timestamp) {
        self.sequence += 1;
        self.messages.push(Message {
            sequence: self.sequence,
            sent_at: now,
            given_up_by: Some(from),
            receives: 0,
            first_received_at: None,
            receipt: None,
            ..message
        });
    }

    /// Hands out up to `most` messages in order. A group with a message in flight gives nothing.
    pub(super) fn receive(
        &mut self,
        most: usize,
        visibility: Option<Duration>,
        now: Timestamp,
    ) -> Received {
        let retention = self.settings.retention;
        self.messages.retain(|message| message.sent_at + retention > now);
        let locked: BTreeSet<String> = self
            .messages
            .iter()
            .filter(|message| message.is_in_flight(now))
            .map(|message| message.group.clone())
            .collect();
        let receives_max = self.settings.redrive.as_ref().map(|redrive| redrive.receives_max);
        let is_given_up = |message: &Message| {
            !locked.contains(&message.group)
                && receives_max.is_some_and(|most| message.receives >= most)
        };
        let given_up = self.messages.extract_if(.., |message| is_given_up(message)).collect();
        let invisible_until = now + visibility.unwrap_or(self.settings.visibility);
        let free = self.messages.iter_mut().filter(|message| !locked.contains(&message.group));
        let mut messages = Vec::new();
        for message in free.take(most) {
            message.receives += 1;
            message.first_received_at.get_or_insert(now);
            message.receipt = Some(Receipt { received_at: now, invisible_until });
            messages.push((message.clone(), handle(&self.name, message)));
        }
        Received { messages, given_up }
    }

    /// Deletes a message by the receipt of its last receive. That it is gone already is no error; that it is visible again
    /// is one, in a FIFO queue.
    pub(super) fn delete(&mut self, handle: &str, now: Timestamp) -> Result<(), Refusal> {
        let Some(index) = self.find(handle)? else { return Ok(()) };
        if !self.is_current(index, handle, now) {
            return Err(invalid_receipt(handle, "The receipt handle has expired."));
        }
        self.messages.remove(index);
        Ok(())
    }

    /// Makes a message visible so long from now; at once for nothing.
    pub(super) fn change_visibility(
        &mut self,
        handle: &str,
        visibility: Duration,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let gone = "Message does not exist or is not available for visibility timeout change.";
        let found = self.find(handle)?.filter(|index| self.is_current(*index, handle, now));
        let receipt = found
            .and_then(|index| self.messages.get_mut(index))
            .and_then(|message| message.receipt.as_mut())
            .ok_or_else(|| invalid_receipt(handle, gone))?;
        if now + visibility > receipt.received_at + VISIBILITY_MAX {
            let seconds = VISIBILITY_MAX.as_secs();
            return Err(super::invalid(format!(
                "Total VisibilityTimeout for the message is beyond the limit [{seconds} seconds]"
            )));
        }
        receipt.invisible_until = now + visibility;
        Ok(())
    }

    fn find(&self, handle: &str) -> Result<Option<usize>, Refusal> {
        let malformed = || {
            let message = "The input receipt handle is invalid.";
            Refusal::sqs("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", message)
        };
        let bytes = URL_SAFE_NO_PAD.decode(handle).map_err(|_| malformed())?;
        let text = String::from_utf8(bytes).map_err(|_| malformed())?;
        let mut parts = text.split('/');
        let sequence: u64 = match (parts.next(), parts.next()) {
            (Some(name), Some(sequence)) if name == self.name => {
                sequence.parse().map_err(|_| malformed())?
            }
            _ => return Err(malformed()),
        };
        Ok(self.messages.iter().position(|message| message.sequence == sequence))
    }

    fn is_current(&self, index: usize, handle_given: &str, now: Timestamp) -> bool {
        self.messages.get(index).is_some_and(|message| {
            message.is_in_flight(now) && handle(&self.name, message) == handle_given
        })
    }
}

/// Derived, not drawn: the same run gives the same ids. Its shape is a UUID's.
fn message_id(queue: &str, sequence: u64) -> String {
    let mark = queue.bytes().fold(0_u32, |mark, byte| mark.rotate_left(5) ^ u32::from(byte));
    format!("{mark:08x}-0000-4000-8000-{sequence:012x}")
}

/// Every receive has another one.
fn handle(queue: &str, message: &Message) -> String {
    URL_SAFE_NO_PAD.encode(format!("{queue}/{}/{}", message.sequence, message.receives))
}

fn invalid_receipt(handle: &str, reason: &str) -> Refusal {
    super::invalid(format!(
        "Value {handle} for parameter ReceiptHandle is invalid. Reason: {reason}"
    ))
}
