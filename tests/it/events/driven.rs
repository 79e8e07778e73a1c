//! Every sample under `events/`, given to the handler that it is named for.

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;
use export::Answer;
use sandbox::world::{CUSTOMER, WorldOptions};
use serde_json::{Value, json};
use shared::domain::report::{Report, State};

use super::{EXPORT, SCHEDULE, SWEEP, UPLOAD, records, sample};
use crate::trip::{Trip, run_of};

const PEOPLE: [&str; 5] = ["ada", "ben", "cleo", "dora", "emil"];
/// The run and the customer of the samples.
const SAMPLE_RUN: &str = "20261123T041500Z-delta";
const SAMPLE_CUSTOMER: &str = "acme";

/// Drives a sample of export to the end of its run, in a world whose people have made the trip once.
async fn driven(name: &str) -> (Trip, Report) {
    let trip = Trip::synced(&PEOPLE).await;
    trip.edit("ada", "profile.lastName", json!("Newname"));
    trip.pass(std::time::Duration::from_mins(1)).await;
    let answer = trip.world.run(sample(name)).await.unwrap();
    let report = trip.world.report(&run_of(&answer)).unwrap();
    assert_eq!(report.state, State::Settled, "{name}");
    report.people.balance().unwrap();
    (trip, report)
}

#[tokio::test(start_paused = true)]
async fn a_delta_reads_what_changed_and_so_does_the_schedule() {
    for name in ["export.delta.json", "export.schedule.json"] {
        let (trip, report) = driven(name).await;
        assert_eq!((report.people.read, report.people.accepted), (1, 1), "{name}");
        assert_eq!(trip.contact("ada").texts["last_name"], "Newname");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_run_reads_everybody() {
    let (_, report) = driven("export.full.json").await;
    assert_eq!((report.people.read, report.people.accepted, report.people.unchanged), (5, 1, 4));
}

#[tokio::test(start_paused = true)]
async fn a_run_since_an_instant_reads_from_there() {
    let (_, report) = driven("export.since.json").await;
    assert_eq!((report.people.read, report.people.accepted), (1, 1));
    let since = sample("export.since.json")["since"].as_str().unwrap().parse().unwrap();
    assert_eq!(report.window.from, Some(since));
}

#[tokio::test(start_paused = true)]
async fn a_sample_reads_no_more_than_it_says() {
    let trip = Trip::new(&[], WorldOptions::default());
    let names: Vec<String> = (0..25).map(|n| format!("p{n}")).collect();
    trip.world.gigya.seed(names.iter().map(|name| crate::trip::account(name)));
    let answer = trip.world.run(sample("export.sample.json")).await.unwrap();
    let report = trip.world.report(&run_of(&answer)).unwrap();
    let wanted = sample("export.sample.json")["accounts"].as_u64().unwrap();
    assert_eq!(report.people.read, wanted);
    assert_eq!(trip.world.constant_contact.contacts().len() as u64, wanted);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_writes_nothing() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.edit("ada", "profile.lastName", json!("Newname"));
    trip.pass(std::time::Duration::from_mins(1)).await;
    let before = trip.world.writes();
    let answer = trip.world.run(sample("export.dry-run.json")).await.unwrap();
    let report = trip.world.report(&run_of(&answer)).unwrap();
    assert!(report.dry_run);
    assert_eq!(report.people.accepted, 1);
    assert_eq!(trip.world.writes(), before);
}

#[tokio::test(start_paused = true)]
async fn a_resume_with_nothing_to_resume_is_idle() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    let answer = trip.world.export(sample("export.resume.json")).await.unwrap();
    assert!(matches!(answer, Answer::Idle { idle: true }));
}

/// Three batches of a run, announced, and everything fresh.
async fn three_batches() -> (Trip, String) {
    let settings: fn(String) -> String = |text| text + "\n[run]\nbatch_accounts = 2\n";
    let options = WorldOptions { settings: Some(settings), ..WorldOptions::default() };
    let trip = Trip::new(&PEOPLE, options);
    trip.world.poll(json!({})).await.unwrap();
    let run = run_of(&trip.world.export(json!({"scope": "full"})).await.unwrap());
    (trip, run)
}

/// The records of a sample, about that run of this customer.
fn about(name: &str, run: &str) -> Vec<SqsMessage> {
    let mut records = records(name);
    for record in &mut records {
        let body = record.body.take().unwrap();
        record.body = Some(body.replace(SAMPLE_RUN, run).replace(SAMPLE_CUSTOMER, CUSTOMER));
    }
    records
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_submitted_and_its_redelivery_is_not() {
    let (trip, run) = three_batches().await;
    for name in ["upload.one-batch.json", "upload.redelivered.json"] {
        assert!(trip.world.upload(about(name, &run)).await.unwrap().is_empty(), "{name}");
        assert_eq!(trip.imports(), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_bad_message_of_three_is_a_dead_letter_and_the_others_are_submitted() {
    let (trip, run) = three_batches().await;
    let answer = trip.world.upload(about("upload.one-bad-of-three.json", &run)).await.unwrap();
    assert!(answer.is_empty(), "{answer:?}");
    assert_eq!(trip.imports(), 2);
    let [reason] = &trip.dead_letters()[..] else { panic!("{:?}", trip.dead_letters()) };
    assert!(reason.contains("version 2"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_schedule_makes_poll_look_and_a_sweep_reads_everybody() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.pass(Duration::from_mins(10)).await;
    let answer = trip.world.poll(sample("poll.schedule.json")).await.unwrap();
    let answer = serde_json::to_value(&answer).unwrap();
    assert_eq!(answer["inbound"]["seen"], 0, "nothing changed: {answer}");
    let answer = trip.world.poll(sample("poll.schedule.json")).await.unwrap();
    assert_eq!(serde_json::to_value(&answer).unwrap(), json!({"idle": true}), "nothing is due");
    let answer = serde_json::to_value(trip.world.poll(sample(SWEEP)).await.unwrap()).unwrap();
    assert_eq!(answer["inbound"]["seen"], PEOPLE.len());
}

#[test]
fn every_sample_is_driven() {
    let here = include_str!("driven.rs");
    let named = |name: &str| here.contains(&format!("\"{name}\""));
    assert!(EXPORT.iter().chain(&UPLOAD).chain(&SCHEDULE).all(|name| named(name)));
    assert_ne!(sample(SWEEP), Value::Null);
}
