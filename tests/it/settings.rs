//! Broken settings: every problem in one message, nothing called, and everything goes on once they are mended.

use std::time::Duration;

use sandbox::world::{BUCKET, WorldOptions, sync_toml};
use serde_json::json;
use shared::store::keys;
use shared::telemetry::chain;

use crate::trip::Trip;

const PEOPLE: [&str; 3] = ["ada", "ben", "cleo"];

/// Three mistakes in one file.
fn broken(text: &str) -> String {
    text.replace("api = \"v3\"", "api = \"v9\"")
        .replace("owner = \"both\"", "owner = \"nobody\"")
        .replace("[consent]\n", "[consent]\nrequire = true\n")
}

fn configure(trip: &Trip, text: String) {
    trip.world.aws.objects().put(BUCKET, keys::SETTINGS, text);
}

#[tokio::test(start_paused = true)]
async fn broken_settings_are_told_whole_and_nothing_is_called() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    configure(&trip, broken(&sync_toml(&trip.world.lists, None)));
    let export = trip.world.export(json!({"scope": "full"})).await.unwrap_err();
    let upload = trip.world.upload(vec![]).await.unwrap_err();
    let poll = trip.world.poll(json!({})).await.unwrap_err();
    assert_eq!((export.kind(), upload.kind(), poll.kind()), ("Settings", "Settings", "Settings"));
    for text in [chain(&export), chain(&upload), chain(&poll)] {
        for problem in ["v9", "nobody", "require"] {
            assert!(text.contains(problem), "{problem} is not in: {text}");
        }
    }
    assert!(trip.world.gigya.calls().is_empty());
    assert!(trip.world.constant_contact.calls().is_empty());
    assert_eq!(trip.world.open_run(), None);
}

#[tokio::test(start_paused = true)]
async fn a_message_goes_back_when_settings_break_and_soon_comes_again_when_they_are_mended() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    trip.world.poll(json!({})).await.unwrap();
    trip.world.export(json!({"scope": "full"})).await.unwrap();
    let good = sync_toml(&trip.world.lists, None);
    configure(&trip, broken(&good));
    trip.world.deliver().await.unwrap_err();
    assert_eq!(trip.imports(), 0);
    configure(&trip, good);
    trip.pass(Duration::from_mins(6)).await;
    assert_eq!(trip.world.deliver().await.unwrap(), 1);
    assert_eq!(trip.imports(), 1);
    assert!(trip.dead_letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn settings_that_are_missing_are_told_as_such() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    trip.world.aws.objects().delete(BUCKET, keys::SETTINGS);
    let error = trip.world.export(json!({"scope": "full"})).await.unwrap_err();
    assert_eq!(error.kind(), "Settings");
    assert!(chain(&error).contains(keys::SETTINGS), "{}", chain(&error));
}

#[tokio::test(start_paused = true)]
async fn a_field_that_is_mapped_anew_reaches_everybody_by_the_next_full_run() {
    let trip = Trip::synced(&PEOPLE).await;
    let field = trip.world.constant_contact.add_custom_field("region");
    let more = "\n[[fields]]\ngigya = \"data.region\"\nconstant_contact = \"cf:region\"\n";
    configure(&trip, sync_toml(&trip.world.lists, None) + more);
    let report = trip.full().await;
    assert_eq!(report.people.accepted, PEOPLE.len() as u64);
    assert_eq!(trip.contact("ada").custom[&field], "emea");
    let writes = trip.world.writes();
    trip.inbound().await;
    trip.full().await;
    assert_eq!(trip.world.writes(), writes);
}
