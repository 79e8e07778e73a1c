//! One day with something of everything, killed once at each call to AWS that the day makes.

use std::time::Duration;

use sandbox::world::{TickError, WorldOptions};
use serde_json::json;

use crate::trip::Trip;
use crate::trip::killer::Killer;

const PEOPLE: [&str; 8] = ["ada", "ben", "cleo", "dora", "emil", "finn", "gina", "hugo"];

/// After so long the claims of a killed invocation are dead.
const DEAD: Duration = Duration::from_mins(20);
/// Cycles within which everything is in step again (`DESIGN` §13: three).
const CYCLES_MAX: u32 = 3;
/// Ticks of the day that may be killed.
const TICKS: u32 = 4;

fn small_batches(text: String) -> String {
    text + "\n[run]\nbatch_accounts = 3\n"
}

/// Something of everything, on both sides.
async fn live(trip: &Trip) {
    trip.edit("ada", "profile.lastName", json!("Newname"));
    trip.edit("ben", "profile.email", json!("ben.new@example.com"));
    trip.subscribe("cleo", false);
    trip.edit("dora", "data.region", json!("apac"));
    trip.edit_contact("emil", |emil| drop(emil.texts.insert("first_name".into(), "Emilio".into())));
    trip.unsubscribe("finn");
    trip.edit("finn", "profile.lastName", json!("Later"));
    trip.edit("gina", "profile.lastName", json!(null));
    trip.edit_contact("hugo", |hugo| {
        hugo.streets.values_mut().for_each(|it| it[1] = "Bonn".into())
    });
    trip.register("ida", |_| {});
    trip.pass(Duration::from_mins(15)).await;
}

/// The day: a delta and the ticks after it.
async fn day(trip: &Trip) -> Result<(), TickError> {
    trip.world.export(json!({"scope": "delta"})).await?;
    for _ in 0..TICKS {
        trip.world.tick().await?;
    }
    Ok(())
}

/// Goes on as production does until nothing is open, then looks whether everybody is where they should be.
async fn converge(trip: &Trip, story: &str) {
    if let Some(run) = trip.world.open_run() {
        trip.persist_with(&run).await;
    }
    let mut cycles = 0;
    loop {
        trip.inbound().await;
        let before = trip.world.writes();
        trip.full().await;
        trip.inbound().await;
        if trip.world.writes() == before {
            break;
        }
        cycles += 1;
        assert!(cycles < CYCLES_MAX, "{story}: it does not come to rest");
    }
    let contact = |name: &str| trip.contact(name);
    let last_name = |name: &str| contact(name).texts.get("last_name").cloned().unwrap_or_default();
    let lists = &trip.world.lists;
    assert_eq!(last_name("ada"), "Newname", "{story}");
    assert_eq!(contact("ben").address.as_deref(), Some("ben.new@example.com"), "{story}");
    assert!(contact("cleo").is_unsubscribed(), "{story}");
    assert!(!contact("dora").lists.contains(&lists.emea), "{story}");
    assert!(contact("dora").lists.contains(&lists.newsletter), "{story}");
    assert_eq!(trip.section("emil", "profile")["firstName"], "Emilio", "{story}");
    assert!(contact("finn").is_unsubscribed() && !trip.is_subscribed("finn"), "{story}");
    assert_eq!(last_name("gina"), "", "{story}");
    assert!(contact("hugo").streets.values().any(|street| street[1] == "Köln"), "{story}");
    for name in ["ada", "ben", "dora", "emil", "gina", "hugo", "ida"] {
        assert!(trip.is_mailed(name), "{story}: {name} is lost");
        assert!(trip.is_subscribed(name), "{story}: {name} was opted out by us");
    }
    assert_eq!(trip.world.constant_contact.contacts().len(), PEOPLE.len() + 1, "{story}");
    assert_eq!(trip.world.constant_contact.reused_refresh_tokens(), 0, "{story}");
    assert!(trip.dead_letters().is_empty(), "{story}");
}

/// Lives the day with a kill after so many calls; answers whether there was one.
async fn killed_after(calls: i64) -> bool {
    let killer = Killer::new();
    let options = WorldOptions {
        before: Some(killer.before()),
        settings: Some(small_batches),
        ..WorldOptions::default()
    };
    let trip = Trip::synced_with(&PEOPLE, options).await;
    live(&trip).await;
    killer.aim(calls);
    let ended = killer.watch(day(&trip)).await;
    killer.rest();
    let was_killed = ended.is_none();
    if was_killed {
        trip.pass(DEAD).await;
    }
    converge(&trip, &format!("killed after {calls} calls")).await;
    was_killed
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_call_of_a_day_loses_nobody_and_sends_nobody_back() {
    let mut calls = 0;
    while killed_after(calls).await {
        calls += 1;
    }
    println!("killed at {calls} calls");
    assert!(calls > 100, "the day made {calls} calls only");
}
