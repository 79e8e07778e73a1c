//! `gigya-cc explain`, `status` and `report`: looking without touching.

use std::time::Duration;

use operator::explain::{Compared, explain, words as words_of_explanation};
use operator::report::{await_report, words as words_of_report};
use operator::status::{status, words as words_of_status};
use sandbox::world::WorldOptions;
use serde_json::json;
use shared::domain::report::Class;
use shared::domain::{Dialect, RunId};

use super::deployment::{bucket, services};
use crate::trip::{Trip, run_of, uid};

#[tokio::test(start_paused = true)]
async fn a_person_is_explained_by_fingerprints_and_no_value_is_shown() {
    for api in [Dialect::V3, Dialect::V2] {
        let options = WorldOptions { api, ..WorldOptions::default() };
        let trip = Trip::synced_with(&["zoe"], options).await;
        let before = trip.world.writes();
        let calm = explain(&services(&trip), &uid("zoe")).await.unwrap();
        assert_eq!((calm.class, calm.plan), (Class::Unchanged, vec!["nothing".to_owned()]));
        assert!(calm.fields.iter().all(|field| field.gigya == Compared::Same), "{:?}", calm.fields);

        trip.edit("zoe", "profile.lastName", json!("Secretname"));
        let explained = explain(&services(&trip), &uid("zoe")).await.unwrap();
        let name =
            explained.fields.iter().find(|field| field.field.as_str() == "last_name").unwrap();
        assert_eq!((name.gigya, name.constant_contact), (Compared::Differs, Compared::Same));
        assert_eq!(explained.class, Class::Accepted);
        assert!(
            explained.plan[0].starts_with("in Constant Contact: update"),
            "{:?}",
            explained.plan
        );
        let text = words_of_explanation(&explained) + &serde_json::to_string(&explained).unwrap();
        assert!(!text.contains("Secretname") && !text.contains("zoe@example.com"), "{text}");
        assert_eq!(trip.world.writes(), before);
    }
}

#[tokio::test(start_paused = true)]
async fn who_left_is_explained_by_their_mark() {
    let trip = Trip::synced(&["zoe"]).await;
    trip.unsubscribe("zoe");
    trip.inbound().await;
    let explained = explain(&services(&trip), &uid("zoe")).await.unwrap();
    let text = words_of_explanation(&explained);
    for words in [
        "took the consent back",
        "unsubscribed 2026",
        "mark: unsubscribed",
        "plan              nothing",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_whom_nobody_knows_is_explained_as_that() {
    let trip = Trip::synced(&["zoe"]).await;
    let explained = explain(&services(&trip), &uid("nobody")).await.unwrap();
    assert_eq!(
        (explained.agreed, explained.plan),
        (vec!["nothing yet".to_owned()], vec!["nothing".to_owned()])
    );
    assert!(explained.gigya[0].contains("proves no deletion"));
}

#[tokio::test(start_paused = true)]
async fn the_state_of_things_is_told_at_a_glance() {
    let trip = Trip::synced(&["zoe", "ada"]).await;
    trip.edit("zoe", "profile.lastName", json!("Newname"));
    trip.pass(Duration::from_mins(1)).await;
    let answer = trip.world.export(json!({"scope": "delta"})).await.unwrap();
    let open = status(&services(&trip)).await.unwrap();
    let run = open.run.as_ref().unwrap();
    assert_eq!((run.run.as_str(), run.read, run.planned), (run_of(&answer).as_str(), 1, 0));
    let text = words_of_status(&open, trip.world.now());
    for words in [
        "1 people read, 0 of 1 batches planned",
        "2 people are in Constant Contact",
        "none is pulled",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    trip.persist_with(&run_of(&answer)).await;
    let closed = status(&services(&trip)).await.unwrap();
    assert_eq!(closed.run, None);
    assert!(closed.marks.accounts.confirmed_through > open.marks.accounts.confirmed_through);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_is_waited_for_and_told_as_tables() {
    let trip = Trip::synced(&["zoe", "ada"]).await;
    trip.edit("zoe", "profile.lastName", json!("Secretname"));
    trip.register("new", |_| ());
    trip.subscribe("ada", false);
    trip.pass(Duration::from_mins(1)).await;
    let answer = trip.world.export(json!({"scope": "delta", "dry_run": true})).await.unwrap();
    let run = RunId::from(run_of(&answer).as_str());
    let mut progress = Vec::new();
    let bucket = bucket(&trip);
    let none = await_report(&bucket, &run, Duration::ZERO, |told| progress.push(told));
    assert_eq!(none.await.unwrap(), None, "nobody waits who does not want to");

    let ticks = async {
        for _ in 0..3 {
            trip.world.tick().await.unwrap();
        }
    };
    let waiting = await_report(&bucket, &run, Duration::from_hours(1), |told| progress.push(told));
    let (report, ()) = tokio::join!(waiting, ticks);
    assert!(progress[0].contains("0 of 1 batches are planned"), "{progress:?}");
    let text = words_of_report(&report.unwrap().unwrap());
    assert!(!text.contains("Secretname"), "{text}");
    insta::assert_snapshot!(text, @r"
    The dry run over what changed is planned, and nothing was written. 3 people were read: 2 would be brought up to date in Constant Contact and 1 would no longer be mailed. Nothing of this was done.

    FATE             PEOPLE
    unchanged             0
    accepted              2
    rejected              0
    invalid               0
    held                  0
    filtered              0
    duplicate             0
    removed               1
    read from Gigya       3

    IN CONSTANT CONTACT  PEOPLE  FOR EXAMPLE  FIELDS     WHY
    Join a list               1  uid-new                 not in Constant Contact yet
    Are updated               1  uid-zoe      last_name  values differ from what Constant Contact holds
    Are unsubscribed          1  uid-ada                 withdrew consent at Gigya

    About 8 calls to Gigya and 12 to Constant Contact, and at least 15 min at the pace and under the daily quota of your key.
    ");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_that_would_pull_the_brake_says_so_and_is_not_stopped() {
    let options = WorldOptions {
        settings: Some(|text| text + "\n[safety]\nbrake_people = 1\n"),
        ..WorldOptions::default()
    };
    let trip = Trip::synced_with(&["zoe", "ada", "bea"], options).await;
    for name in ["zoe", "ada"] {
        trip.subscribe(name, false);
    }
    trip.pass(Duration::from_mins(1)).await;
    let answer = trip.world.run(json!({"scope": "delta", "dry_run": true})).await.unwrap();
    let report = trip.world.report(&run_of(&answer)).unwrap();
    assert_eq!(report.brake.as_ref().unwrap().removals, 2);
    assert!(
        words_of_report(&report).contains("The brake would stop this. 2 people would be removed")
    );
    assert!(
        status(&services(&trip)).await.unwrap().brakes.is_empty(),
        "nothing waits to be released"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_ends_though_constant_contact_is_not_read_and_says_so() {
    let trip = Trip::new(&["zoe"], WorldOptions::default());
    let answer = trip.world.export(json!({"scope": "full", "dry_run": true})).await.unwrap();
    let before = trip.world.writes();
    for _ in 0..4 {
        // Poll is not scheduled yet.
        trip.world.deliver().await.unwrap();
        trip.pass(Duration::from_mins(5)).await;
    }
    assert_eq!(trip.world.writes(), before);
    trip.world.poll(json!({})).await.unwrap();
    let report = trip.world.report(&run_of(&answer)).unwrap();
    assert!(!report.outlook.unwrap().is_fresh);
    assert!(words_of_report(&report).contains("had not been read when this was planned"));
    assert!(trip.find_contact("zoe").is_none());
}
