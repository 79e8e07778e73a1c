//! SQS's JSON: what the actions take, and how a message looks.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::s3::hex;
use super::queue::Message;

/// What travels beside a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    /// `String`, `Number` or `Binary`, perhaps with a label of the sender's.
    pub data_type: String,
    /// The value of a text or a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// The value of bytes, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessage {
    #[serde(default)]
    pub(super) id: String,
    pub(super) message_body: String,
    #[serde(default)]
    pub(super) message_attributes: BTreeMap<String, Attribute>,
    pub(super) message_group_id: Option<String>,
    pub(super) message_deduplication_id: Option<String>,
    #[serde(default)]
    pub(super) delay_seconds: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    pub(super) max_number_of_messages: Option<usize>,
    pub(super) visibility_timeout: Option<u64>,
    pub(super) wait_time_seconds: Option<u64>,
    #[serde(default)]
    pub(super) attribute_names: Vec<String>,
    #[serde(default)]
    pub(super) message_system_attribute_names: Vec<String>,
    #[serde(default)]
    pub(super) message_attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiptEntry {
    #[serde(default)]
    pub(super) id: String,
    pub(super) receipt_handle: String,
    #[serde(default)]
    pub(super) visibility_timeout: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<T> {
    pub(super) entries: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueUrl {
    pub(super) queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueName {
    pub(super) queue_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AttributeNames {
    #[serde(default)]
    pub(super) attribute_names: Vec<String>,
}

impl ReceiveMessage {
    /// A message as this receive wants to see it.
    pub(super) fn show(&self, message: &Message, handle: &str) -> Value {
        let mut shown = json!({
            "MessageId": message.id, "ReceiptHandle": handle, "Body": message.body,
            "MD5OfBody": md5_of_body(&message.body),
        });
        let wants = |name: &str| {
            let mut asked = self.attribute_names.iter().chain(&self.message_system_attribute_names);
            asked.any(|asked| asked == "All" || asked == name)
        };
        let mut system = system_attributes(message);
        system.retain(|name, _| wants(name));
        let attributes: BTreeMap<&String, &Attribute> =
            message.attributes.iter().filter(|(name, _)| self.wants_attribute(name)).collect();
        if !system.is_empty() {
            shown["Attributes"] = Value::Object(system);
        }
        if !attributes.is_empty() {
            shown["MD5OfMessageAttributes"] = md5_of_attributes(&attributes).into();
            shown["MessageAttributes"] = json!(attributes);
        }
        shown
    }

    /// `All`, `.*`, `prefix.*` or a name (`ReceiveMessage`, `MessageAttributeNames`).
    fn wants_attribute(&self, name: &str) -> bool {
        self.message_attribute_names.iter().any(|asked| {
            asked == "All"
                || asked == name
                || asked.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
        })
    }
}

/// A message's system attributes, all of them text (`ReceiveMessage`, `MessageSystemAttributeNames`).
fn system_attributes(message: &Message) -> Map<String, Value> {
    let first = message.first_received_at.map(|at| at.as_millisecond().to_string());
    let known = [
        ("SenderId", Some(super::super::ACCOUNT.to_owned())),
        ("SentTimestamp", Some(message.sent_at.as_millisecond().to_string())),
        ("ApproximateReceiveCount", Some(message.receives.to_string())),
        ("ApproximateFirstReceiveTimestamp", first),
        ("SequenceNumber", Some(sequence_number(message.sequence))),
        ("MessageGroupId", Some(message.group.clone())),
        ("MessageDeduplicationId", Some(message.deduplication_id.clone())),
        ("DeadLetterQueueSourceArn", message.given_up_by.clone()),
    ];
    known.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))).collect()
}

/// Twenty digits, as AWS writes them, so that they sort as text too.
pub(super) fn sequence_number(sequence: u64) -> String {
    format!("{sequence:020}")
}

pub(super) fn md5_of_body(body: &str) -> String {
    hex(&Md5::digest(body.as_bytes()))
}

/// Amazon SQS developer guide, "Calculating the MD5 message digest for message attributes": by name, each of name, type and
/// value with its length in four bytes, and a byte that tells texts (1) from bytes (2).
pub(super) fn md5_of_attributes(attributes: &BTreeMap<&String, &Attribute>) -> String {
    const TEXT: u8 = 1;
    const BINARY: u8 = 2;
    let mut digest = Md5::new();
    let mut add = |bytes: &[u8], kind: Option<u8>| {
        digest.update(kind.as_slice());
        digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        digest.update(bytes);
    };
    for (name, attribute) in attributes {
        add(name.as_bytes(), None);
        add(attribute.data_type.as_bytes(), None);
        match (&attribute.string_value, &attribute.binary_value) {
            (Some(text), _) => add(text.as_bytes(), Some(TEXT)),
            (None, binary) => {
                let bytes = binary.as_ref().and_then(|binary| STANDARD.decode(binary).ok());
                add(&bytes.unwrap_or_default(), Some(BINARY));
            }
        }
    }
    hex(&digest.finalize())
}
