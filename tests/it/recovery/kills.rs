//! One day with something of everything, killed once at each call to AWS that the day makes.

use std::time::Duration;

use sandbox::world::{TickError, WorldOptions};
use serde_json::json;

use crate::trip::Trip;
use crate::trip::killer::Killer;

const PEOPLE: [&str; 9] = ["ada", "ben", "cleo", "dora", "emil", "finn", "gina", "hugo", "jane"];

/// After so long the claims of a killed invocation are dead.
pub(crate) const DEAD: Duration = Duration::from_mins(20);
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
        hugo.streets.values_mut().for_each(|it| it[1] = "Bonn".into());
    });
    trip.register("ida", |_| {});
    trip.edit("jane", "isActive", json!(false));
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
    assert!(!trip.is_mailed("jane") && trip.is_subscribed("jane"), "{story}");
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

/// The first trip of all, killed after so many calls; answers whether there was a kill.
async fn killed_at_first_after(calls: i64) -> bool {
    let killer = Killer::new();
    let options = WorldOptions {
        before: Some(killer.before()),
        settings: Some(small_batches),
        ..WorldOptions::default()
    };
    let trip = Trip::new(&PEOPLE, options);
    // A kill between the token's answer and its storing cannot be healed where tokens rotate (`DESIGN` §14).
    trip.world.constant_contact.switch(|switches| switches.rotating_tokens = false);
    killer.aim(calls);
    let was_killed = killer.watch(day(&trip)).await.is_none();
    killer.rest();
    if was_killed {
        trip.pass(DEAD).await;
    }
    if let Some(run) = trip.world.open_run() {
        let report = trip.persist_with(&run).await;
        assert_eq!(report.people.read, PEOPLE.len() as u64, "killed after {calls} calls");
    }
    trip.delta().await;
    trip.inbound().await;
    for name in PEOPLE {
        assert!(trip.is_mailed(name), "killed after {calls} calls: {name} is lost");
    }
    assert_eq!(trip.world.constant_contact.contacts().len(), PEOPLE.len());
    let writes = trip.world.writes();
    trip.full().await;
    assert_eq!(trip.world.writes(), writes, "killed after {calls} calls");
    was_killed
}

/// Every so-many-th call is killed in a test of every day; together with the ignored ones, every call is.
const STRIDE: i64 = 11;

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_call_of_a_day_loses_nobody_and_sends_nobody_back() {
    let mut calls = 3;
    while killed_after(calls).await {
        calls += STRIDE;
    }
    assert!(calls > 200, "the day made {calls} calls only");
}

/// Dora was taken off one list by an amendment, and upload's poll was killed before the ledger knew: the next inbound
/// read took it for her own leaving and opted her out. And a run that was written as settled, and killed before its
/// lease was given back, kept every other run out for a day.
#[tokio::test(start_paused = true)]
#[ignore = "takes minutes; run it after a change to a function or to the store"]
async fn a_kill_at_every_call_of_a_day_loses_nobody_and_sends_nobody_back() {
    let mut calls = 0;
    while killed_after(calls).await {
        calls += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_call_of_the_first_day_loses_nobody() {
    let mut calls = 1;
    while killed_at_first_after(calls).await {
        calls += STRIDE;
    }
    assert!(calls > 100, "the day made {calls} calls only");
}

#[tokio::test(start_paused = true)]
#[ignore = "takes minutes; run it after a change to a function or to the store"]
async fn a_kill_at_every_call_of_the_first_day_loses_nobody() {
    let mut calls = 0;
    while killed_at_first_after(calls).await {
        calls += 1;
    }
}

/// The ledger wrote people first and their addresses after: killed in between, it never came to the addresses.
#[tokio::test(start_paused = true)]
async fn a_kill_at_any_call_of_an_inbound_read_does_not_part_an_opt_out_from_its_address() {
    for calls in 0.. {
        let killer = Killer::new();
        let options = WorldOptions { before: Some(killer.before()), ..WorldOptions::default() };
        let trip = Trip::synced_with(&["ada"], options).await;
        trip.unsubscribe("ada");
        trip.pass(Duration::from_mins(10)).await;
        killer.aim(calls);
        let was_killed = killer.watch(trip.world.poll(json!({}))).await.is_none();
        killer.rest();
        trip.pass(DEAD).await;
        trip.inbound().await;
        trip.world.gigya.delete(&crate::trip::uid("ada"));
        trip.register("eve", |eve| eve["profile"]["email"] = json!(crate::trip::address("ada")));
        let report = trip.delta().await;
        let people = report.people;
        assert_eq!((people.accepted, people.held), (0, 1), "killed after {calls} calls");
        if !was_killed {
            assert!(calls > 10, "{calls}");
            return;
        }
    }
}
