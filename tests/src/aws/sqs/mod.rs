//! SQS in memory: FIFO queues, in AWS JSON 1.0 as the SDK speaks it.

mod queue;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::http::call;
use shared::invocation::Clock;

pub use queue::{Depth, Message, QueueSettings, Redrive};
pub use wire::Attribute;

use super::json::{self, Refusal};
use super::{ACCOUNT, IN_PROCESS, REGION};
use queue::{Queue, Sent};
use wire::{
    AttributeNames, Batch, QueueName, QueueUrl, ReceiptEntry, ReceiveMessage, SendMessage,
    md5_of_attributes, md5_of_body, sequence_number,
};

/// Messages of one receive or one batch (Amazon SQS API reference, `ReceiveMessage`, `SendMessageBatch`).
const BATCH_MAX: usize = 10;

/// Bytes of one message (Amazon SQS developer guide, "Message quotas": 1 MiB).
const MESSAGE_BYTES_MAX: usize = 1_048_576;

/// Longest group or de-duplication id (Amazon SQS API reference, `SendMessage`).
const ID_CHARACTERS_MAX: usize = 128;

/// Longest wait of a receive (Amazon SQS API reference, `ReceiveMessage`, `WaitTimeSeconds`).
const WAIT_SECONDS_MAX: u64 = 20;

/// How often a waiting receive looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The queues; clones are the same queues.
#[derive(Debug, Clone)]
pub struct Queues {
    queues: Arc<Mutex<BTreeMap<String, Queue>>>,
    clock: Clock,
}

impl Queues {
    pub(super) fn new(clock: Clock) -> Self {
        Self { queues: Arc::default(), clock }
    }

    /// Makes a FIFO queue and returns its URL; on loopback its path counts, not its host.
    ///
    /// # Panics
    /// When the name does not end in `.fifo`: a mistake of whoever sets up a sandbox.
    pub fn create(&self, name: &str, settings: QueueSettings) -> String {
        assert!(name.strip_suffix(".fifo").is_some(), "\"{name}\" is no name of a FIFO queue");
        self.lock().insert(name.to_owned(), Queue::new(name, settings));
        url(name)
    }

    /// What lies in a queue, in order, in flight or not, past the wire: for those who check.
    pub fn messages(&self, name: &str) -> Vec<Message> {
        self.lock().get(name).map_or_else(Vec::new, |queue| queue.messages().to_vec())
    }

    /// How many messages a queue has, past the wire.
    pub fn depth(&self, name: &str) -> Depth {
        let now = self.clock.now();
        self.lock().get(name).map_or(Depth { visible: 0, in_flight: 0 }, |queue| queue.depth(now))
    }

    pub(super) async fn answer(&self, action: &str, body: &[u8]) -> http::Response<Bytes> {
        json::answer(self.act(action, body).await)
    }

    async fn act(&self, action: &str, body: &[u8]) -> Result<Value, Refusal> {
        let now = self.clock.now();
        if action == "GetQueueUrl" {
            let QueueName { queue_name } = json::input(body)?;
            return self.with(&queue_name, |_| Ok(json!({"QueueUrl": url(&queue_name)})));
        }
        let QueueUrl { queue_url } = json::input(body)?;
        let name = queue_url.rsplit('/').next().unwrap_or_default();
        match action {
            "SendMessage" => {
                let input = json::input(body)?;
                self.with(name, |queue| send(queue, input, now))
            }
            "SendMessageBatch" => self.batch(name, body, |queue, entry| send(queue, entry, now)),
            "ReceiveMessage" => self.receive(name, &json::input(body)?).await,
            "DeleteMessage" => {
                let input: ReceiptEntry = json::input(body)?;
                self.with(name, |queue| queue.delete(&input.receipt_handle, now))?;
                Ok(json!({}))
            }
            "DeleteMessageBatch" => self.batch(name, body, |queue, entry: ReceiptEntry| {
                queue.delete(&entry.receipt_handle, now)?;
                Ok(json!({}))
            }),
            "ChangeMessageVisibility" => {
                let input = json::input(body)?;
                self.with(name, |queue| change_visibility(queue, &input, now))
            }
            "ChangeMessageVisibilityBatch" => {
                self.batch(name, body, |queue, entry| change_visibility(queue, &entry, now))
            }
            "GetQueueAttributes" => {
                let input: AttributeNames = json::input(body)?;
                self.with(name, |queue| Ok(attributes(name, queue, &input.attribute_names, now)))
            }
            _ => Err(Refusal::unknown(action)),
        }
    }

    async fn receive(&self, name: &str, input: &ReceiveMessage) -> Result<Value, Refusal> {
        let most = input.max_number_of_messages.unwrap_or(1);
        let visibility = input.visibility_timeout.map(Duration::from_secs);
        let wait = input.wait_time_seconds.unwrap_or_default();
        if !(1..=BATCH_MAX).contains(&most) {
            return Err(invalid("MaxNumberOfMessages must be between 1 and 10"));
        }
        if wait > WAIT_SECONDS_MAX || visibility.is_some_and(|it| it > queue::VISIBILITY_MAX) {
            return Err(invalid("WaitTimeSeconds or VisibilityTimeout is out of range"));
        }
        let until = self.clock.now() + Duration::from_secs(wait);
        loop {
            let now = self.clock.now();
            let messages = self.receive_now(name, most, visibility, now)?;
            if !messages.is_empty() || now >= until {
                let shown = messages.iter().map(|(message, handle)| input.show(message, handle));
                return Ok(json!({"Messages": shown.collect::<Vec<_>>()}));
            }
            call::wait(LOOK_EVERY).await;
        }
    }

    /// Receives, and moves those that were received too often to the dead letters, all under one lock.
    fn receive_now(
        &self,
        name: &str,
        most: usize,
        visibility: Option<Duration>,
        now: Timestamp,
    ) -> Result<Vec<(Message, String)>, Refusal> {
        let mut queues = self.lock();
        let queue = queues.get_mut(name).ok_or_else(no_queue)?;
        let received = queue.receive(most, visibility, now);
        let dead_letters = queue.settings().redrive.clone().map(|redrive| redrive.dead_letters);
        if let Some(queue) = dead_letters.and_then(|name| queues.get_mut(&name)) {
            for message in received.given_up {
                queue.take_over(message, arn(name), now);
            }
        }
        Ok(received.messages)
    }

    /// Every entry for itself: what is refused is listed, and the answer is a success.
    fn batch<T: for<'de> Deserialize<'de> + Identified>(
        &self,
        name: &str,
        body: &[u8],
        mut act: impl FnMut(&mut Queue, T) -> Result<Value, Refusal>,
    ) -> Result<Value, Refusal> {
        let Batch { entries } = json::input::<Batch<T>>(body)?;
        let ids: BTreeSet<String> = entries.iter().map(|entry| entry.id().to_owned()).collect();
        if entries.is_empty() {
            let code = "AWS.SimpleQueueService.EmptyBatchRequest";
            return Err(Refusal::sqs("EmptyBatchRequest", code, "There should be an entry."));
        }
        if entries.len() > BATCH_MAX {
            let code = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest";
            return Err(Refusal::sqs("TooManyEntriesInBatchRequest", code, "At most 10 entries."));
        }
        if ids.len() < entries.len() {
            let code = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct";
            return Err(Refusal::sqs("BatchEntryIdsNotDistinct", code, "An id is repeated."));
        }
        self.with(name, |queue| {
            let (mut successful, mut failed) = (Vec::new(), Vec::new());
            for entry in entries {
                let id = entry.id().to_owned();
                match act(queue, entry) {
                    Ok(mut answer) => {
                        answer["Id"] = id.into();
                        successful.push(answer);
                    }
                    Err(refusal) => failed.push(json!({
                        "Id": id, "Code": refusal.code(), "Message": refusal.message(),
                        "SenderFault": true,
                    })),
                }
            }
            Ok(json!({"Successful": successful, "Failed": failed}))
        })
    }

    fn with<T>(
        &self,
        name: &str,
        act: impl FnOnce(&mut Queue) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        act(self.lock().get_mut(name).ok_or_else(no_queue)?)
    }

    /// Nobody panics while holding it.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Queue>> {
        self.queues.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// An entry of a batch, known within it by its id.
trait Identified {
    fn id(&self) -> &str;
}

impl Identified for SendMessage {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Identified for ReceiptEntry {
    fn id(&self) -> &str {
        &self.id
    }
}

fn send(queue: &mut Queue, input: SendMessage, now: Timestamp) -> Result<Value, Refusal> {
    let missing = |what: &str| {
        let message = format!("The request must contain the parameter {what}.");
        Refusal::sqs("MissingParameter", "MissingParameter", message)
    };
    let group = input.message_group_id.ok_or_else(|| missing("MessageGroupId"))?;
    let deduplication_id = input.message_deduplication_id.ok_or_else(|| {
        invalid(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId \
             provided explicitly",
        )
    })?;
    if !is_id(&group) || !is_id(&deduplication_id) {
        return Err(invalid(
            "MessageGroupId or MessageDeduplicationId has characters or a length \
                            that it must not have",
        ));
    }
    if input.delay_seconds > 0 {
        return Err(invalid("DelaySeconds is invalid for a message of a FIFO queue"));
    }
    check_content(&input.message_body, &input.message_attributes)?;
    let attributes = input.message_attributes.iter().collect();
    let mut answer = json!({"MD5OfMessageBody": md5_of_body(&input.message_body)});
    if !input.message_attributes.is_empty() {
        answer["MD5OfMessageAttributes"] = md5_of_attributes(&attributes).into();
    }
    let (body, attributes) = (input.message_body, input.message_attributes);
    let accepted = queue.send(Sent { body, attributes, group, deduplication_id }, now);
    answer["MessageId"] = accepted.id.into();
    answer["SequenceNumber"] = sequence_number(accepted.sequence).into();
    Ok(answer)
}

/// Letters, digits and ASCII punctuation, up to 128 (Amazon SQS API reference, `SendMessage`).
fn is_id(text: &str) -> bool {
    (1..=ID_CHARACTERS_MAX).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic())
}

/// `#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF` (Amazon SQS API reference, `SendMessage`).
fn check_content(body: &str, attributes: &BTreeMap<String, Attribute>) -> Result<(), Refusal> {
    let values = || attributes.values().filter_map(|attribute| attribute.string_value.as_deref());
    let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    if !std::iter::once(body).chain(values()).all(|text| text.chars().all(is_allowed)) {
        let message = "Invalid characters found.";
        return Err(Refusal::sqs("InvalidMessageContents", "InvalidMessageContents", message));
    }
    if body.is_empty() || values().any(str::is_empty) {
        return Err(invalid("The body and the attributes must not be empty"));
    }
    let names = attributes.iter().map(|(name, attribute)| name.len() + attribute.data_type.len());
    if body.len() + values().map(str::len).sum::<usize>() + names.sum::<usize>() > MESSAGE_BYTES_MAX
    {
        return Err(invalid(format!("Message must be shorter than {MESSAGE_BYTES_MAX} bytes.")));
    }
    Ok(())
}

fn change_visibility(
    queue: &mut Queue,
    input: &ReceiptEntry,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let visibility = Duration::from_secs(input.visibility_timeout);
    if visibility > queue::VISIBILITY_MAX {
        return Err(invalid("VisibilityTimeout must be between 0 and 43200"));
    }
    queue.change_visibility(&input.receipt_handle, visibility, now)?;
    Ok(json!({}))
}

fn attributes(name: &str, queue: &Queue, asked: &[String], now: Timestamp) -> Value {
    let (Depth { visible, in_flight }, settings) = (queue.depth(now), queue.settings());
    let redrive = settings.redrive.as_ref().map(|redrive| {
        let most = redrive.receives_max;
        json!({"deadLetterTargetArn": arn(&redrive.dead_letters), "maxReceiveCount": most})
    });
    let known = [
        ("QueueArn", Some(arn(name))),
        ("FifoQueue", Some("true".to_owned())),
        ("ContentBasedDeduplication", Some("false".to_owned())),
        ("ApproximateNumberOfMessages", Some(visible.to_string())),
        ("ApproximateNumberOfMessagesNotVisible", Some(in_flight.to_string())),
        ("ApproximateNumberOfMessagesDelayed", Some("0".to_owned())),
        ("VisibilityTimeout", Some(settings.visibility.as_secs().to_string())),
        ("MessageRetentionPeriod", Some(settings.retention.as_secs().to_string())),
        ("RedrivePolicy", redrive.map(|redrive| redrive.to_string())),
    ];
    let is_asked = |name: &str| asked.iter().any(|asked| asked == "All" || asked == name);
    let shown: BTreeMap<&str, String> = known
        .into_iter()
        .filter(|(name, _)| is_asked(name))
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    json!({"Attributes": shown})
}

fn url(name: &str) -> String {
    format!("{IN_PROCESS}/{ACCOUNT}/{name}")
}

fn arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

fn no_queue() -> Refusal {
    let code = "AWS.SimpleQueueService.NonExistentQueue";
    Refusal::sqs("QueueDoesNotExist", code, "The specified queue does not exist.")
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::sqs("InvalidParameterValueException", "InvalidParameterValue", message)
}
