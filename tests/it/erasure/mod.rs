//! Whoever's account was deleted at Gigya leaves Constant Contact, and nothing is kept of them but a tombstone.

mod brake;
mod confirmed;
mod found;
mod heirs;
mod kills;
mod lite;

use std::time::Duration;

use sandbox::world::{BUCKET, WorldOptions};
use serde_json::json;
use shared::domain::Dialect;
use shared::store::lines::texts;

use crate::trip::{Trip, address, uid};

const PEOPLE: [&str; 3] = ["ada", "ben", "cleo"];

/// Longer than the time between two reads of the audit log.
const NEXT_LOG: Duration = Duration::from_mins(65);

async fn synced(api: Dialect) -> Trip {
    Trip::synced_with(&PEOPLE, WorldOptions { api, ..WorldOptions::default() }).await
}

async fn synced_where(api: Dialect, settings: fn(String) -> String) -> Trip {
    let settings = Some(settings);
    Trip::synced_with(&PEOPLE, WorldOptions { api, settings, ..WorldOptions::default() }).await
}

/// Ticks until the audit log was read, and what it asked for is done.
async fn log_is_read(trip: &Trip) {
    trip.pass(NEXT_LOG).await;
    trip.inbound().await;
}

/// Sweeps, and ticks until what the sweep raised doubts about is done.
async fn sweep(trip: &Trip) {
    trip.pass(Duration::from_mins(1)).await;
    trip.world.poll(json!({"sweep": true})).await.unwrap();
    trip.inbound().await;
}

/// Whether the contact with this address has left: deleted, or, in v2, opted out.
fn has_left(trip: &Trip, name: &str, api: Dialect) -> bool {
    let contact = trip.world.constant_contact.contact_by_address(&address(name)).unwrap();
    match api {
        Dialect::V3 => contact.deleted_at.is_some(),
        Dialect::V2 => contact.is_unsubscribed(),
    }
}

/// The objects in the bucket that hold one of these texts, compressed or not, with the text.
fn objects_with(trip: &Trip, asked: &[String]) -> Vec<String> {
    let objects = trip.world.aws.objects();
    let mut found = Vec::new();
    for key in objects.keys(BUCKET, "") {
        let lines = texts(objects.get(BUCKET, &key).unwrap()).unwrap();
        let text: Vec<u8> = lines.flat_map(|line| line.unwrap().1).collect();
        let text = String::from_utf8_lossy(&text);
        let named = asked.iter().filter(|asked| text.contains(asked.as_str()));
        found.extend(named.map(|asked| format!("{key}: {asked}")));
    }
    found
}

/// Everything by which somebody could be known.
fn everything_of(name: &str) -> Vec<String> {
    vec![uid(name).to_string(), address(name), format!("First-{name}"), format!("Last-{name}")]
}

#[track_caller]
fn assert_nothing_is_kept_of(trip: &Trip, name: &str) {
    assert_eq!(objects_with(trip, &everything_of(name)), Vec::<String>::new());
}

/// Another full read and another sweep change nothing.
async fn assert_quiet(trip: &Trip) {
    let before = trip.world.writes();
    trip.full().await;
    sweep(trip).await;
    assert_eq!(trip.world.writes(), before);
}
