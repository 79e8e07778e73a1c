//! A dry run: the same code, which only says what it would do.

mod days;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use sandbox::constant_contact::Person;
use sandbox::world::BUCKET;
use serde_json::{Value, json};
use shared::domain::report::{Action, Report, State};
use shared::domain::{Dialect, Uid};

use crate::trip::Trip;
use days::Day;

fn dry(event: &Value) -> Value {
    let mut event = event.clone();
    event["dry_run"] = json!(true);
    event
}

/// Everything that is kept between runs, but who holds what and how fresh the inbound read is.
fn state(trip: &Trip) -> BTreeMap<String, Bytes> {
    let objects = trip.world.aws.objects();
    let mut state = BTreeMap::new();
    for key in objects.keys(BUCKET, "state/") {
        let is_of_the_moment = key == "state/run.json" || key == "state/inbound.json";
        if !is_of_the_moment && let Some(bytes) = objects.get(BUCKET, &key) {
            state.insert(key, bytes);
        }
    }
    state
}

fn contacts(trip: &Trip) -> BTreeMap<String, Person> {
    let contacts = trip.world.constant_contact.contacts();
    contacts.into_iter().map(|person| (person.id.clone(), person)).collect()
}

/// The UIDs of the contacts that differ from those of before.
fn changed(trip: &Trip, before: &BTreeMap<String, Person>) -> BTreeSet<Uid> {
    let uid_field = trip.world.uid_field();
    let differing =
        contacts(trip).into_values().filter(|after| before.get(&after.id) != Some(after));
    differing
        .filter_map(|person| {
            person.custom.get(uid_field.as_ref()?).map(|uid| Uid::from(uid.as_str()))
        })
        .collect()
}

/// Whom the report names as samples; with fewer than ten people a day, everybody.
fn named(report: &Report) -> BTreeSet<Uid> {
    let all = Action::ALL.into_iter();
    all.flat_map(|action| report.actions.samples(action)).map(|sample| sample.uid.clone()).collect()
}

async fn run(trip: &Trip, event: Value) -> Report {
    let answer = trip.world.run(event).await.unwrap();
    trip.world.report(&crate::trip::run_of(&answer)).unwrap()
}

/// One seed: a dry run tells what the real run then does, and does nothing itself.
async fn tells_what_is_done(seed: u64, api: Dialect) {
    let at = format!("seed {seed} in {api:?}");
    let mut day = Day::of(seed);
    let trip = day.begin(api).await;
    day.pass(&trip).await;
    let event = day.scope();

    let (writes, kept, before) = (trip.world.writes(), state(&trip), contacts(&trip));
    let told = run(&trip, dry(&event)).await;
    assert!(told.dry_run && told.state == State::Settled, "{at}: {told:?}");
    assert!(told.outlook.unwrap().is_fresh, "{at}");
    assert_eq!(trip.world.writes(), writes, "{at}: a dry run writes nothing at either vendor");
    assert_eq!(state(&trip), kept, "{at}: it moves no mark, agrees nothing and forgets nobody");

    let done = run(&trip, event).await;
    assert_eq!(done.people, told.people, "{at}");
    assert_eq!(done.actions, told.actions, "{at}");
    assert_eq!(done.losses, told.losses, "{at}");
    let rows: u64 = done.batches.iter().flat_map(|batch| &batch.parts).map(|part| part.rows).sum();
    assert_eq!(
        rows,
        told.actions.people(Action::Join) + told.actions.people(Action::Update),
        "{at}"
    );
    let actions = &told.actions;
    assert_eq!(changed(&trip, &before), named(&told), "{at}: those who are named: {actions:?}");
}

#[tokio::test(start_paused = true)]
async fn over_a_hundred_seeds_in_v3_a_dry_run_tells_what_the_real_run_then_does() {
    for seed in 0..100 {
        tells_what_is_done(seed, Dialect::V3).await;
    }
}

#[tokio::test(start_paused = true)]
async fn over_a_hundred_seeds_in_v2_a_dry_run_tells_what_the_real_run_then_does() {
    for seed in 100..200 {
        tells_what_is_done(seed, Dialect::V2).await;
    }
}
