//! The samples under `events/` are what AWS really sends and what the functions say they know.

mod driven;

use std::collections::BTreeSet;
use std::fs;

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use serde_json::Value;

use crate::infra::template::{read, root};

/// The events of export that are ours.
const EXPORT: [&str; 6] = [
    "export.delta.json",
    "export.dry-run.json",
    "export.full.json",
    "export.resume.json",
    "export.sample.json",
    "export.since.json",
];

/// The events of upload, all of them SQS's.
const UPLOAD: [&str; 3] =
    ["upload.one-bad-of-three.json", "upload.one-batch.json", "upload.redelivered.json"];

/// The bare events of EventBridge.
const SCHEDULE: [&str; 2] = ["export.schedule.json", "poll.schedule.json"];

/// The event of poll that is ours.
const SWEEP: &str = "poll.sweep.json";

/// How the name of a FIFO queue ends (SQS developer guide, "Amazon SQS queue and message identifiers").
const FIFO_SUFFIX: &str = ".fifo";

/// The only version of the message's body so far.
const BODY_VERSION: u64 = 1;

/// Reads one sample.
pub(crate) fn sample(name: &str) -> Value {
    serde_json::from_str(&read(&format!("events/{name}"))).unwrap()
}

fn records(name: &str) -> Vec<SqsMessage> {
    serde_json::from_value::<SqsEvent>(sample(name)).unwrap().records
}

fn body(record: &SqsMessage) -> Value {
    serde_json::from_str(record.body.as_deref().unwrap()).unwrap()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_samples_are_these_and_no_others() {
    let found: BTreeSet<_> = fs::read_dir(root().join("events"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut known: BTreeSet<String> = BTreeSet::from([SWEEP.to_owned()]);
    known.extend(EXPORT.iter().chain(&UPLOAD).chain(&SCHEDULE).map(|name| (*name).to_owned()));
    assert_eq!(found, known);
}

#[test]
fn a_schedule_is_what_eventbridge_sends() {
    for name in SCHEDULE {
        let event: EventBridgeEvent = serde_json::from_value(sample(name)).unwrap();
        assert_eq!(event.detail_type, "Scheduled Event");
        assert_eq!(event.source, "aws.events");
        assert_eq!(event.detail, Value::Object(serde_json::Map::new()));
        assert!(event.time.is_some() && event.id.is_some(), "{name}");
        assert_eq!(event.resources.unwrap().len(), 1);
        let whole = [
            "account",
            "detail",
            "detail-type",
            "id",
            "region",
            "resources",
            "source",
            "time",
            "version",
        ];
        assert_eq!(keys(&sample(name)), BTreeSet::from(whole), "{name}");
    }
}

#[test]
fn an_event_of_export_has_a_known_scope_and_the_keys_that_go_with_it() {
    for name in EXPORT {
        let event = sample(name);
        let expected: &[&str] = match event["scope"].as_str().unwrap() {
            "delta" | "full" | "resume" => &["scope"],
            "since" => &["scope", "since"],
            "sample" => &["accounts", "scope"],
            scope => panic!("{name}: scope {scope}"),
        };
        let mut found = keys(&event);
        assert_eq!(found.remove("dry_run"), name == "export.dry-run.json", "{name}");
        assert_eq!(found, expected.iter().copied().collect(), "{name}");
    }
    assert_eq!(sample("export.dry-run.json")["dry_run"], true);
    assert!(sample("export.sample.json")["accounts"].as_u64() > Some(0));
    let since = sample("export.since.json");
    assert!(since["since"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert_eq!(sample(SWEEP), serde_json::json!({ "sweep": true }));
}

#[test]
fn a_message_has_everything_that_a_fifo_queue_says_about_it() {
    for record in UPLOAD.iter().flat_map(|name| records(name)) {
        let attributes: BTreeSet<_> = record.attributes.keys().map(String::as_str).collect();
        let whole = [
            "ApproximateFirstReceiveTimestamp",
            "ApproximateReceiveCount",
            "MessageDeduplicationId",
            "MessageGroupId",
            "SenderId",
            "SentTimestamp",
            "SequenceNumber",
        ];
        assert_eq!(attributes, BTreeSet::from(whole));
        assert_eq!(record.event_source.as_deref(), Some("aws:sqs"));
        assert!(record.event_source_arn.unwrap().ends_with(FIFO_SUFFIX));
        assert_eq!(record.md5_of_body.unwrap().len(), 32);
        assert!(record.message_id.is_some() && record.receipt_handle.is_some());
    }
}

#[test]
fn a_body_names_its_batch_by_the_ids_of_the_message() {
    for record in UPLOAD.iter().flat_map(|name| records(name)) {
        let body = body(&record);
        assert_eq!(keys(&body), BTreeSet::from(["accounts", "batch", "key", "run", "version"]));
        let (run, batch) = (body["run"].as_str().unwrap(), body["batch"].as_str().unwrap());
        let customer = &record.attributes["MessageGroupId"];
        let ordinal: u32 = batch.rsplit('.').next().unwrap().parse().unwrap();
        let derived =
            shared::domain::BatchId::derive(&customer.as_str().into(), &run.into(), ordinal);
        assert_eq!(batch, derived.as_str());
        assert_eq!(record.attributes["MessageDeduplicationId"], batch);
        assert!(body["key"].as_str().unwrap().starts_with(&format!("runs/{run}/batches/")));
        assert!(body["accounts"].as_u64() > Some(0));
    }
}

#[test]
fn a_redelivered_message_is_the_same_with_a_new_receipt() {
    let (first, again) =
        (&records("upload.one-batch.json")[0], &records("upload.redelivered.json")[0]);
    assert_eq!(first.message_id, again.message_id);
    assert_eq!(first.body, again.body);
    assert_eq!(first.md5_of_body, again.md5_of_body);
    assert_ne!(first.receipt_handle, again.receipt_handle);
    let receives = |record: &SqsMessage| record.attributes["ApproximateReceiveCount"].clone();
    assert_eq!((receives(first).as_str(), receives(again).as_str()), ("1", "2"));
}

#[test]
fn one_of_the_three_is_of_a_version_that_nobody_knows() {
    let known: Vec<_> = records("upload.one-bad-of-three.json")
        .iter()
        .map(|record| body(record)["version"] == BODY_VERSION)
        .collect();
    assert_eq!(known, [true, false, true]);
    let good = ["upload.one-batch.json", "upload.redelivered.json"];
    assert!(good.iter().all(|name| body(&records(name)[0])["version"] == BODY_VERSION));
}
