//! One row on which every import chokes: the batch is halved until it is alone, and everybody else arrives.

use std::time::Duration;

use sandbox::world::WorldOptions;
use serde_json::{Value, json};
use shared::domain::Dialect;
use shared::domain::report::{Report, State};

use crate::trip::Trip;

const CHOKER: &str = "Chokington";
/// A choking import fails, its halves are looked at, and so on; the last alone, twice.
const IMPORTS_MAX: u64 = 2 * 7 + 2;
const DAY: Duration = Duration::from_hours(24);

/// Sixty-four people in one batch, of whom these live where no import has ever been.
fn world_of(api: Dialect, choking: &[usize]) -> (Trip, Vec<String>) {
    let names: Vec<String> = (0..64).map(|n| format!("person{n}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let trip = Trip::new(&all, WorldOptions { api, ..WorldOptions::default() });
    trip.world.constant_contact.choke_on(CHOKER);
    for n in choking {
        trip.edit(&names[*n], "profile.city", json!(CHOKER));
    }
    (trip, names)
}

async fn run(trip: &Trip, scope: &str) -> Report {
    trip.pass(Duration::from_mins(1)).await;
    trip.persist(json!({"scope": scope})).await
}

#[tokio::test(start_paused = true)]
async fn everybody_but_the_bad_row_arrives_and_the_bad_one_is_listed_with_its_reason() {
    for api in [Dialect::V3, Dialect::V2] {
        let (trip, names) = world_of(api, &[41]);
        let report = run(&trip, "full").await;
        assert_eq!(report.state, State::Settled, "{report:?}");
        assert_eq!((report.people.accepted, report.people.rejected), (63, 1), "{api:?}");
        for (n, name) in names.iter().enumerate() {
            assert_eq!(trip.is_mailed(name), n != 41, "{api:?} {name}");
        }
        assert!(trip.imports() <= IMPORTS_MAX, "{api:?}: {}", trip.imports());
        let list = trip.object(&format!("runs/{}/rejected.ndjson", report.run)).unwrap();
        let listed: Vec<Value> =
            list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [only] = listed.as_slice() else { panic!("{listed:?}") };
        assert_eq!(only["uid"], "uid-person41");
        assert!(only["reason"].as_str().unwrap().contains("tried again"), "{only}");
        assert!(trip.dead_letters().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_row_is_tried_again_a_day_later_and_at_once_when_its_person_changes_it() {
    let (trip, names) = world_of(Dialect::V3, &[3]);
    run(&trip, "full").await;
    let writes = trip.world.constant_contact.writes();
    trip.inbound().await;
    run(&trip, "full").await;
    assert_eq!(trip.world.constant_contact.writes(), writes, "not on the same day");

    trip.pass(DAY).await;
    trip.world.poll(json!({"sweep": true})).await.unwrap();
    let report = run(&trip, "delta").await;
    assert_eq!(report.people.rejected, 1, "{:?}", report.people);
    assert_eq!(trip.world.constant_contact.writes(), writes + 2, "alone, and once more to be sure");

    trip.edit(&names[3], "profile.city", json!("Köln"));
    let report = run(&trip, "delta").await;
    assert_eq!((report.people.accepted, report.people.rejected), (1, 0), "{:?}", report.people);
    assert!(trip.is_mailed(&names[3]));
}

#[tokio::test(start_paused = true)]
async fn several_bad_rows_in_all_corners_of_a_batch_are_all_found() {
    let (trip, names) = world_of(Dialect::V3, &[0, 21, 22, 40, 63]);
    let report = run(&trip, "full").await;
    assert_eq!(report.state, State::Settled);
    assert_eq!((report.people.accepted, report.people.rejected), (59, 5), "{:?}", report.people);
    assert!(trip.is_mailed(&names[20]) && !trip.is_mailed(&names[21]));
}

#[tokio::test(start_paused = true)]
async fn rows_that_all_fail_together_are_not_taken_for_bad_ones() {
    let all: Vec<usize> = (0..64).collect();
    let (trip, _) = world_of(Dialect::V3, &all);
    let report = run(&trip, "full").await;
    assert_eq!(report.state, State::Failed, "{report:?}");
    assert!(trip.object("state/refused.json").is_none(), "nobody is refused");
    assert_eq!(report.people.rejected, 64);
}
