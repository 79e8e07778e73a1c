//! A run's life: paused, refused, remembered, given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use export::Answer;
use sandbox::aws;
use sandbox::gigya::Fault;
use sandbox::world::{BUCKET, WorldOptions};
use serde_json::json;
use shared::domain::report::State;
use shared::domain::run::Phase;

use crate::trip::{Trip, run_of};

const PEOPLE: [&str; 3] = ["ada", "ben", "cleo"];

#[tokio::test(start_paused = true)]
async fn a_run_whose_time_is_up_pauses_and_goes_on_at_the_next_tick() {
    let trip = Trip::new(&[], WorldOptions::default());
    let names: Vec<String> = (0..2_500).map(|n| format!("p{n}")).collect();
    trip.world.gigya.seed(names.iter().map(|name| crate::trip::account(name)));
    // Of 2,500 accounts with one time each page takes seconds, and an invocation stops 90 seconds before its end.
    trip.world.gigya.switch(|switches| switches.answer_after = Duration::from_secs(10));
    trip.world.limit_invocations(Duration::from_secs(110));
    let answer = trip.world.export(json!({"scope": "full"})).await.unwrap();
    let Answer::Run { state, read, .. } = &answer else { panic!("{answer:?}") };
    assert_eq!(*state, Phase::Reading);
    assert!((1..2_500).contains(read), "{read}");
    trip.world.gigya.switch(|switches| switches.answer_after = Duration::ZERO);
    trip.world.limit_invocations(Duration::from_mins(15));
    let report = trip.persist_with(&run_of(&answer)).await;
    assert_eq!((report.people.read, report.people.accepted), (2_500, 2_500));
    assert_eq!(trip.world.constant_contact.contacts().len(), 2_500);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_asked_for_while_another_goes_on_is_refused_with_its_id_and_state() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    let first = run_of(&trip.world.export(json!({"scope": "full"})).await.unwrap());
    let answer = trip.world.export(json!({"scope": "delta"})).await.unwrap();
    let Answer::Refused { refused } = answer else { panic!("{answer:?}") };
    assert_eq!((refused.run.as_str(), refused.state), (first.as_str(), Phase::Announced));
    trip.persist_with(&first).await;
    assert_eq!(trip.world.open_run(), None, "a run that was asked for by hand is not remembered");
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_run_that_is_refused_is_remembered_and_starts_afterwards() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    let first = run_of(&trip.world.export(json!({"scope": "full"})).await.unwrap());
    let daily = json!({"scope": "delta", "trigger": "schedule"});
    let answer = trip.world.export(daily).await.unwrap();
    assert!(matches!(answer, Answer::Refused { .. }));
    trip.persist_with(&first).await;
    trip.inbound().await;
    assert_eq!(trip.world.open_run(), None);
    let keys = trip.world.aws.objects().keys(BUCKET, "runs/");
    let deltas = keys.iter().filter(|key| key.ends_with("-delta/report.json"));
    assert_eq!(deltas.count(), 1, "it is remembered, and once");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_stands_still_for_a_day_is_given_up_and_its_people_are_read_again() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.edit("ada", "profile.lastName", json!("Newname"));
    trip.pass(Duration::from_mins(1)).await;
    let marks = trip.object("state/watermarks.json");
    trip.world.gigya.switch(|switches| {
        switches.fail("accounts.search", vec![Fault::Code(403_007); 5_000]);
    });
    trip.world.export(json!({"scope": "delta"})).await.unwrap_err();
    let run = trip.world.open_run().unwrap();
    for _ in 0..25 {
        trip.pass(Duration::from_hours(1)).await;
        trip.world.tick().await.ok();
    }
    assert_eq!(trip.world.open_run(), None);
    let report = trip.world.report(&run).unwrap();
    assert_eq!(report.state, State::Failed);
    assert!(trip.object(&format!("runs/{run}/report.html")).is_some());
    let read = |text: Option<String>| -> serde_json::Value {
        serde_json::from_str::<serde_json::Value>(&text.unwrap()).unwrap()["accounts"].clone()
    };
    let after = trip.object("state/watermarks.json");
    assert_eq!(read(marks)["confirmed_through"], read(after)["confirmed_through"]);

    trip.world.gigya.switch(|switches| switches.faults.clear());
    let report = trip.delta().await;
    assert_eq!(report.people.accepted, 1);
    assert_eq!(trip.contact("ada").texts["last_name"], "Newname");
}

/// Nothing ever closed a lease whose run had no record, so that no run could start until somebody looked.
#[tokio::test(start_paused = true)]
async fn a_lease_whose_run_is_gone_does_not_keep_other_runs_out() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    trip.world.export(json!({"scope": "full"})).await.unwrap();
    for key in trip.world.aws.objects().keys(BUCKET, "runs/") {
        trip.world.aws.objects().delete(BUCKET, &key);
    }
    trip.inbound().await;
    assert_eq!(trip.world.open_run(), None);
    assert_eq!(trip.full().await.people.accepted, 3);
}

#[tokio::test(start_paused = true)]
async fn nothing_to_resume_is_an_answer() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    let answer = trip.world.export(json!({"scope": "resume"})).await.unwrap();
    assert_eq!(serde_json::to_value(&answer).unwrap(), json!({"idle": true}));
}

/// Seed 7665: poll settled a part while export read the rest of the run, and wrote the run as it had been before. Of the batches
/// that were staged meanwhile nobody knew, and the run could not be done.
#[tokio::test(start_paused = true)]
async fn a_part_that_is_settled_while_export_reads_on_does_not_undo_what_export_says() {
    let puts = |request: &http::Request<Bytes>, key: &str| {
        request.method() == http::Method::PUT && request.uri().path().contains(key)
    };
    let staged = Arc::new(AtomicU32::new(0));
    let before = move |request: &http::Request<Bytes>| {
        let is_second = puts(request, "/batches/") && staged.fetch_add(1, Ordering::Relaxed) == 1;
        let is_slow = puts(request, "/activities/")
            && String::from_utf8_lossy(request.body()).contains("\"settled\"");
        let fate = if is_second {
            aws::Fate::Refused { status: 403, code: "AccessDenied" }
        } else {
            aws::Fate::Answered
        };
        let fate: futures_util::future::BoxFuture<'static, aws::Fate> = Box::pin(async move {
            if is_slow {
                shared::http::call::wait(Duration::from_secs(2)).await;
            }
            fate
        });
        fate
    };
    let options = WorldOptions {
        settings: Some(|text| text + "\n[run]\nbatch_accounts = 1\n"),
        before: Some(Arc::new(before)),
        ..WorldOptions::default()
    };
    let trip = Trip::new(&["ada", "ben"], options);
    trip.world.poll(json!({})).await.unwrap();
    trip.world.export(json!({"scope": "full"})).await.unwrap_err();
    let run = trip.world.open_run().unwrap();
    trip.world.deliver().await.unwrap();
    trip.pass(Duration::from_mins(10)).await;
    let (settled, read) =
        tokio::join!(trip.world.poll(json!({})), trip.world.export(json!({"scope": "resume"})));
    settled.unwrap();
    read.unwrap();
    let kept = trip.object(&format!("runs/{run}/run.json")).unwrap();
    assert!(kept.contains("\"announced\"") && kept.contains("\"batches\":2"), "{kept}");
    assert_eq!(trip.persist_with(&run).await.state, State::Settled);
    assert!(trip.is_mailed("ada") && trip.is_mailed("ben"));
}
