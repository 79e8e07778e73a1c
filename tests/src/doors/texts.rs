//! Texts that people, AWS or we ourselves have written.

use bytes::Bytes;
use serde_json::Value;
use shared::domain::{Account, BatchMessage, EmailAddress, Path, date};
use shared::secrets::{ConstantContactSecret, CustomerSecret};
use shared::settings::CustomerSettings;
use shared::store::lines::{LinesWriter, read_lines};
use shared::store::shard::Shard;

/// Longest text that an error may quote from what it refuses: a key or a short word, not a body.
const QUOTED_MAX: usize = 200;

/// `sync.toml`.
pub(super) fn settings(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match CustomerSettings::parse(&text) {
        Ok(settings) => {
            assert!(!settings.policy.lists.is_empty(), "settings without a list were taken");
            let again = CustomerSettings::parse(&text).expect("the same text is judged alike");
            assert_eq!(settings, again);
        }
        Err(error) => assert!(!error.problems().is_empty(), "refused without a reason"),
    }
}

/// The customer's secret.
pub(super) fn secret(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match CustomerSecret::parse(&text) {
        Ok(secret) => {
            let shown = format!("{secret:?}");
            for value in strings_of(&text) {
                let is_telling = value.len() > 12 && !is_public(&secret, &value);
                assert!(!is_telling || !shown.contains(&value), "a secret is shown");
            }
        }
        Err(problems) => assert!(!problems.list().is_empty(), "refused without a reason"),
    }
}

/// What may be shown of a secret: keys that are names, and the time of death.
fn is_public(secret: &CustomerSecret, value: &str) -> bool {
    let is_name = match &secret.constant_contact {
        ConstantContactSecret::V3 { client_id, .. } => client_id == value,
        ConstantContactSecret::V2 { .. } => false,
    };
    is_name || secret.gigya.user_key == value || value.parse::<jiff::Timestamp>().is_ok()
}

fn strings_of(text: &str) -> Vec<String> {
    fn collect(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) => into.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
            Value::Object(fields) => fields.values().for_each(|item| collect(item, into)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut strings = Vec::new();
    if let Ok(value) = serde_json::from_str(text) {
        collect(&value, &mut strings);
    }
    strings
}

/// A message of the queue.
pub(super) fn message(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match BatchMessage::parse(&text) {
        Ok(message) => assert_eq!(BatchMessage::parse(&message.to_body()), Ok(message)),
        Err(error) => assert!(error.to_string().len() < QUOTED_MAX, "the error repeats the body"),
    }
}

/// What wakes export and poll.
pub(super) fn event(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Value>(bytes) else { return };
    let asked = export::Ask::read(event.clone());
    if let Ok(asked) = asked {
        assert_eq!(export::Ask::read(event.clone()).ok(), Some(asked));
    }
    drop(poll::Ask::read(event));
}

/// An account as Gigya sends it, with HTML entities in it, and what the settings make of it.
pub(super) fn account(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        let text = String::from_utf8_lossy(bytes);
        if let Some(day) = date::parse(&text) {
            assert_eq!(date::parse(&text), Some(day), "a date is read alike");
        }
        if let Some(instant) = date::instant(&text) {
            assert_eq!(date::instant(&instant.to_string()), Some(instant), "an instant is itself");
        }
        if let Ok(address) = text.parse::<EmailAddress>() {
            assert_eq!(address.key().parse::<EmailAddress>().map(|it| it.key()), Ok(address.key()));
            assert!(!format!("{address:?}").contains(address.expose()), "an address is shown");
        }
        return;
    };
    let lite = Account::from_email_account(value.clone());
    for account in [Account::from_json(value), lite].into_iter().flatten() {
        // The UID is shown; somebody may have a value that is part of it.
        let shown = format!("{account:?}").replace(account.uid().as_str(), "");
        let paths = ["profile.firstName", "profile.email", "data.region", "subscriptions"]
            .map(|path| path.parse::<Path>().expect("a path"));
        for path in &paths {
            for text in account.texts(path) {
                assert!(text.len() < 8 || !shown.contains(text.as_ref()), "a value is shown");
            }
            drop((account.flag(path), account.subscription(path)));
        }
        let projected = account.project(&paths.into());
        assert_eq!(projected.uid(), account.uid());
    }
}

/// What we staged or kept ourselves: plain, gzip or zstd, whole or cut.
pub(super) fn lines(bytes: &[u8]) {
    let object = Bytes::copy_from_slice(bytes);
    if let Ok(lines) = read_lines::<Value>(object.clone()) {
        let values: Vec<Value> = lines.take(1_000).filter_map(Result::ok).collect();
        let mut writer = LinesWriter::new().expect("zstd can be made");
        for value in &values {
            writer.push(value).expect("JSON is JSON");
        }
        let written = writer.finish().expect("zstd ends");
        let again = read_lines::<Value>(written).expect("what was written is read");
        assert_eq!(again.map(Result::ok).collect::<Option<Vec<Value>>>(), Some(values));
    }
    if let Ok(shard) = Shard::decode(object) {
        let written = shard.encode().expect("a shard can be written");
        assert_eq!(Shard::decode(written), Ok(shard), "a shard is not read as it was written");
    }
    if let Ok(accounts) = read_lines::<Account>(Bytes::copy_from_slice(bytes)) {
        accounts
            .take(1_000)
            .flatten()
            .for_each(|account| assert!(!account.uid().as_str().is_empty()));
    }
}
