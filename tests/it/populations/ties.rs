//! Thousands who share one millisecond, by each clock, over pauses at every page and kills at every turn.

use std::collections::BTreeMap;

use export::Answer;
use sandbox::world::BUCKET;
use serde_json::json;
use shared::domain::run::Phase;
use shared::store::lines::read_lines;

use super::*;
use crate::trip::killer::Killer;

const FULL: usize = 3_000;
const LITE: usize = 1_200;

/// How long a page takes where a run pauses at every one, and how long before its end an invocation stops.
const PAGE: Duration = Duration::from_secs(10);
const STOPS_BEFORE: Duration = Duration::from_secs(90);
/// Invocations that a read which pauses again and again may take.
const PAUSES_MAX: u32 = 40;

/// After so long the lease of a killed invocation is dead.
const DEAD: Duration = Duration::from_mins(20);
/// Invocations that a read which is killed again and again may take.
const INVOCATIONS_MAX: i64 = 400;

/// Everybody changed at one and the same millisecond.
fn crowd(trip: &Trip) {
    let full = (0..FULL).map(|n| crate::trip::account(&format!("p{n}")));
    let lite = (0..LITE).map(|n| {
        let mut account = crate::trip::account(&format!("l{n}"));
        for name in ["isRegistered", "isActive", "UID"] {
            account.as_object_mut().unwrap().remove(name);
        }
        account["hasFullAccount"] = json!(false);
        account["hasLiteAccount"] = json!(true);
        account
    });
    trip.world.gigya.seed(full.chain(lite));
}

/// How often each person is staged.
fn staged(trip: &Trip) -> BTreeMap<Uid, u32> {
    let mut staged = BTreeMap::new();
    for key in trip.world.aws.objects().keys(BUCKET, "runs/") {
        if key.contains("/batches/") {
            let bytes = trip.world.aws.objects().get(BUCKET, &key).unwrap();
            for account in read_lines::<Account>(bytes).unwrap() {
                *staged.entry(account.unwrap().uid().clone()).or_default() += 1;
            }
        }
    }
    staged
}

fn assert_each_once(trip: &Trip, people: usize) {
    let staged = staged(trip);
    assert_eq!(staged.len(), people);
    let several: Vec<_> = staged.iter().filter(|(_, times)| **times != 1).collect();
    assert!(several.is_empty(), "{several:?}");
}

fn batches_of_700(settings: String) -> String {
    settings + "\n[run]\nbatch_accounts = 700\n"
}

async fn read_on(trip: &Trip) -> (Phase, u64) {
    let event = if trip.world.open_run().is_some() { "resume" } else { "delta" };
    match trip.world.export(json!({"scope": event})).await.unwrap() {
        Answer::Run { state, read, .. } => (state, read),
        other @ (Answer::Refused { .. } | Answer::Idle { .. }) => panic!("{other:?}"),
    }
}

/// Reads to the end of the run, pausing after every page that shows somebody new: whoever is staged already is shown
/// again before them, page by page, so that each invocation is given time for one page more. Answers how many there were.
async fn pause_at_every_page(trip: &Trip) -> u32 {
    trip.world.gigya.switch(|switches| switches.answer_after = PAGE);
    for invocations in 1..PAUSES_MAX {
        trip.world.limit_invocations(STOPS_BEFORE + PAGE / 2 + PAGE * invocations);
        if read_on(trip).await.0 == Phase::Announced {
            return invocations;
        }
    }
    panic!("it does not come to an end");
}

#[tokio::test(start_paused = true)]
async fn a_read_that_pauses_at_every_page_reads_everybody_once() {
    let settings = Some(batches_of_700 as fn(String) -> String);
    let trip = Trip::new(&[], WorldOptions { settings, ..WorldOptions::default() });
    crowd(&trip);
    let invocations = pause_at_every_page(&trip).await;
    assert!(invocations > 6, "{invocations}");
    assert_each_once(&trip, FULL + LITE);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_is_killed_again_and_again_reads_everybody_once() {
    let killer = Killer::new();
    let options = WorldOptions {
        before: Some(killer.before()),
        settings: Some(batches_of_700),
        ..WorldOptions::default()
    };
    let trip = Trip::new(&[], options);
    crowd(&trip);
    for calls in 0..INVOCATIONS_MAX {
        killer.aim(calls % 16);
        let ended = killer.watch(read_on(&trip)).await;
        killer.rest();
        match ended {
            Some((Phase::Announced, read)) => {
                assert_eq!(read, (FULL + LITE) as u64);
                assert_each_once(&trip, FULL + LITE);
                return;
            }
            Some(_) | None => trip.pass(DEAD).await,
        }
    }
    panic!("it does not come to an end");
}

#[tokio::test(start_paused = true)]
async fn thousands_who_unsubscribe_in_one_millisecond_are_each_read_once_over_pauses() {
    let settings = Some(batches_of_700 as fn(String) -> String);
    let trip = Trip::new(&[], WorldOptions { settings, ..WorldOptions::default() });
    crowd(&trip);
    trip.full().await;
    for key in trip.world.aws.objects().keys(BUCKET, "runs/") {
        trip.world.aws.objects().delete(BUCKET, &key);
    }
    trip.world.gigya.switch(|switches| switches.subscription_moves_account = false);
    trip.pass(Duration::from_hours(24)).await;
    for n in 0..FULL {
        trip.subscribe(&format!("p{n}"), false);
    }
    trip.pass(SEARCH_LAGS).await;
    let invocations = pause_at_every_page(&trip).await;
    assert!(invocations > 4, "{invocations}");
    assert_each_once(&trip, FULL);
}
