//! What the queue carries about one batch.

use serde::{Deserialize, Serialize};

use super::ids::{BatchId, RunId};

/// The one shape of message that there is so far.
pub const VERSION: u32 = 1;

/// Announces one staged batch: where it lies and whose run it belongs to. It names no person.
///
/// As JSON: `{"version":1,"run":"…","batch":"…","key":"…","accounts":…}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchMessage {
    /// The run that staged the batch.
    pub run: RunId,
    /// The batch.
    pub batch: BatchId,
    /// The key of the staged batch in the bucket.
    pub key: String,
    /// How many accounts are staged there.
    pub accounts: u32,
}

/// Why a body is no message of ours. Its text never repeats the body, which may be anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The body is not the JSON object that export writes.
    #[error("the message is no announcement of a batch")]
    Unreadable,
    /// A newer program wrote it.
    #[error("the message has version {found}, and this program reads version {VERSION}")]
    Version {
        /// What the message says.
        found: u64,
    },
}

#[derive(Serialize, Deserialize)]
struct Body {
    version: u32,
    run: RunId,
    batch: BatchId,
    key: String,
    accounts: u32,
}

impl BatchMessage {
    /// The message as the queue carries it.
    ///
    /// # Panics
    /// Never: text and numbers can always be written as JSON.
    pub fn to_body(&self) -> String {
        let Self { run, batch, key, accounts } = self.clone();
        let body = Body { version: VERSION, run, batch, key, accounts };
        serde_json::to_string(&body).expect("text and numbers are JSON")
    }

    /// Reads a body. Unknown keys are left alone, so that a key can be added without a new version.
    ///
    /// # Errors
    /// When the body is not such an object, names nothing (an empty run, batch or key), or has another version.
    pub fn parse(body: &str) -> Result<Self, MessageError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let Versioned { version } =
            serde_json::from_str(body).map_err(|_| MessageError::Unreadable)?;
        if version != u64::from(VERSION) {
            return Err(MessageError::Version { found: version });
        }
        let Body { version: _, run, batch, key, accounts } =
            serde_json::from_str(body).map_err(|_| MessageError::Unreadable)?;
        if run.as_str().is_empty() || batch.as_str().is_empty() || key.is_empty() {
            return Err(MessageError::Unreadable);
        }
        Ok(Self { run, batch, key, accounts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> BatchMessage {
        BatchMessage {
            run: "20261123T045000Z-delta".into(),
            batch: "acme.20261123T045000Z-delta.00000".into(),
            key: "runs/20261123T045000Z-delta/batches/00000.ndjson.zst".to_owned(),
            accounts: 9_999,
        }
    }

    #[test]
    fn a_message_is_written_with_exactly_its_five_keys_and_read_back() {
        let body = message().to_body();
        assert_eq!(
            body,
            "{\"version\":1,\"run\":\"20261123T045000Z-delta\",\
             \"batch\":\"acme.20261123T045000Z-delta.00000\",\
             \"key\":\"runs/20261123T045000Z-delta/batches/00000.ndjson.zst\",\"accounts\":9999}"
        );
        assert_eq!(BatchMessage::parse(&body), Ok(message()));
    }

    #[test]
    fn a_key_that_is_new_does_not_make_a_message_unreadable() {
        let body = message().to_body().replacen('{', "{\"later\":[1],", 1);
        assert_eq!(BatchMessage::parse(&body), Ok(message()));
    }

    #[test]
    fn a_message_of_another_version_is_told_apart_from_rubbish() {
        let newer = message().to_body().replace("\"version\":1", "\"version\":2");
        assert_eq!(BatchMessage::parse(&newer), Err(MessageError::Version { found: 2 }));
        for rubbish in ["", "{}", "[]", "{\"version\":1}", "ada@example.com"] {
            assert_eq!(BatchMessage::parse(rubbish), Err(MessageError::Unreadable), "{rubbish}");
        }
        let nameless =
            message().to_body().replace("runs/20261123T045000Z-delta/batches/00000.ndjson.zst", "");
        assert_eq!(BatchMessage::parse(&nameless), Err(MessageError::Unreadable));
    }

    #[test]
    fn an_unreadable_body_is_never_echoed() {
        let error = BatchMessage::parse("{\"version\":1,\"run\":7,\"to\":\"ada@example.com\"}")
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("example"));
    }
}
