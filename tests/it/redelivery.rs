//! What the queue and Constant Contact do to a batch on its way: delivered twice, answers lost, activities that come to
//! nothing. Nobody is sent twice because of it, and nobody is forgotten.

use std::time::Duration;

use sandbox::constant_contact::v3::{Fate, Fault};
use sandbox::world::{QUEUE, WorldOptions};
use serde_json::json;
use shared::constant_contact::Operation;
use shared::domain::report::State;

use crate::trip::{Trip, record};

const PEOPLE: [&str; 5] = ["ada", "ben", "cleo", "dora", "emil"];

/// A trip whose first run is announced and whose inbound read is fresh: the next delivery submits.
async fn announced(options: WorldOptions) -> Trip {
    let trip = Trip::new(&PEOPLE, options);
    trip.world.poll(json!({})).await.unwrap();
    trip.world.export(json!({"scope": "full"})).await.unwrap();
    trip
}

async fn finish(trip: &Trip) {
    let run = trip.world.open_run().unwrap();
    let report = trip.persist_with(&run).await;
    assert_eq!(report.state, State::Settled, "{report:?}");
    // Whom an activity took in before it timed out is unchanged when planned anew.
    let arrived = report.people.accepted + report.people.unchanged;
    assert_eq!(arrived, PEOPLE.len() as u64, "{:?}", report.people);
    everybody_arrived(trip);
    assert!(trip.dead_letters().is_empty());
    // What is in the ledger is what arrived: a quiet day costs nothing.
    trip.inbound().await;
    let writes = trip.world.writes();
    trip.full().await;
    assert_eq!(trip.world.writes(), writes);
}

fn everybody_arrived(trip: &Trip) {
    for name in PEOPLE {
        assert!(trip.is_mailed(name), "{name} is not there");
    }
    assert_eq!(trip.world.constant_contact.contacts().len(), PEOPLE.len());
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_delivered_twice_submits_nothing_twice() {
    let trip = announced(WorldOptions::default()).await;
    let message = trip.messages().pop().unwrap();
    assert!(trip.world.upload(vec![message.clone()]).await.unwrap().is_empty());
    let imports = trip.imports();
    assert_eq!(imports, 1);
    assert!(trip.world.upload(vec![message.clone()]).await.unwrap().is_empty());
    trip.pass(Duration::from_mins(5)).await;
    assert!(trip.world.upload(vec![message.clone(), message.clone()]).await.unwrap().is_empty());
    assert_eq!(trip.imports(), imports);
    finish(&trip).await;
    assert!(trip.world.upload(vec![message]).await.unwrap().is_empty(), "long after");
    assert_eq!(trip.imports(), imports);
}

#[tokio::test(start_paused = true)]
async fn an_import_whose_answer_is_lost_is_found_by_its_file_name() {
    for fault in [Fault::SilenceAfterActing, Fault::HtmlAfterActing(504), Fault::CutAfterActing] {
        let trip = announced(WorldOptions::default()).await;
        trip.world.constant_contact.script(Operation::ImportCsv, [fault]);
        finish(&trip).await;
        assert_eq!(trip.imports(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_import_that_was_lost_on_its_way_is_sent_again_after_a_wait() {
    for fault in [Fault::SilenceBeforeActing, Fault::Html(502)] {
        let trip = announced(WorldOptions::default()).await;
        trip.world.constant_contact.script(Operation::ImportCsv, [fault]);
        trip.world.deliver().await.unwrap();
        assert_eq!(trip.imports(), 1, "not at once: it may still show up");
        finish(&trip).await;
        assert_eq!(trip.imports(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn an_import_that_never_left_is_sent_again() {
    let trip = announced(WorldOptions::default()).await;
    trip.world.constant_contact.script(Operation::ImportCsv, [Fault::NoConnection]);
    finish(&trip).await;
}

#[tokio::test(start_paused = true)]
async fn the_people_of_an_activity_that_comes_to_nothing_are_planned_anew_and_arrive() {
    // What fails as a whole is sent again in halves, until one of those fails, too: one of five, then three, then two.
    for (fate, imports_max) in [(Fate::Fails, 6), (Fate::IsCancelled, 3), (Fate::TimesOut, 6)] {
        let trip = announced(WorldOptions::default()).await;
        trip.world.constant_contact.script_activities([fate, fate]);
        finish(&trip).await;
        assert!((3..=imports_max).contains(&trip.imports()), "{fate:?}: {}", trip.imports());
    }
}

#[tokio::test(start_paused = true)]
async fn an_activity_that_always_fails_is_given_up_on_and_the_mark_stays() {
    let trip = announced(WorldOptions::default()).await;
    trip.world.constant_contact.script_activities([Fate::Fails; 50]);
    let run = trip.world.open_run().unwrap();
    let report = trip.persist_with(&run).await;
    assert_eq!(report.state, State::Failed);
    assert_eq!(report.people.rejected, PEOPLE.len() as u64, "{:?}", report.people);
    assert!(trip.imports() <= 20, "{}", trip.imports());
    trip.world.constant_contact.clear_script();
    let report = trip.delta().await;
    assert_eq!(report.people.accepted, PEOPLE.len() as u64);
    everybody_arrived(&trip);
}

#[tokio::test(start_paused = true)]
async fn an_activity_that_is_forgotten_is_planned_anew() {
    let trip = announced(WorldOptions::default()).await;
    trip.world.deliver().await.unwrap();
    let gone = Fault::Status(404, r#"[{"error_key":"not_found","error_message":"gone"}]"#.into());
    trip.world.constant_contact.script(Operation::ReadActivity, [gone]);
    finish(&trip).await;
    everybody_arrived(&trip);
    // Whose echo was read meanwhile has arrived already, and is not sent a second time.
    assert!(trip.imports() <= 2, "{}", trip.imports());
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_dropped_silently_are_sent_again() {
    let trip = announced(WorldOptions::default()).await;
    trip.world.constant_contact.switch(|switches| switches.import_rows_max = 2);
    finish(&trip).await;
    assert_eq!(trip.imports(), 3, "two of five, two of three, one");
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_always_dropped_are_given_up_on() {
    let trip = announced(WorldOptions::default()).await;
    trip.world.constant_contact.switch(|switches| switches.import_rows_max = 0);
    let run = trip.world.open_run().unwrap();
    let report = trip.persist_with(&run).await;
    assert_eq!(report.state, State::Failed);
    assert!(trip.imports() <= 20, "{}", trip.imports());
}

#[tokio::test(start_paused = true)]
async fn a_message_that_nobody_can_read_is_a_dead_letter_with_its_reason_and_the_next_one_goes_on()
{
    let trip = announced(WorldOptions::default()).await;
    let good = trip.messages().pop().unwrap();
    let answer = trip.world.upload(vec![record("bad", "{\"version\":7}"), good]).await.unwrap();
    assert!(answer.is_empty());
    let [reason] = &trip.dead_letters()[..] else { panic!("{:?}", trip.dead_letters()) };
    assert!(reason.contains("version 7"), "{reason}");
    assert_eq!(trip.imports(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_accounts_are_gone_is_a_dead_letter_and_the_next_delta_reads_them_again() {
    let trip = announced(WorldOptions::default()).await;
    let key = trip.world.aws.objects().keys(sandbox::world::BUCKET, "runs/").into_iter();
    let key = key.into_iter().find(|key| key.contains("/batches/")).unwrap();
    trip.world.aws.objects().delete(sandbox::world::BUCKET, &key);
    let run = trip.world.open_run().unwrap();
    let report = trip.persist_with(&run).await;
    assert_eq!(report.state, State::Failed);
    let [reason] = &trip.dead_letters()[..] else { panic!("{:?}", trip.dead_letters()) };
    assert!(reason.contains("gone"), "{reason}");
    assert!(trip.world.aws.queues().messages(QUEUE).is_empty());
    let report = trip.delta().await;
    assert_eq!(report.people.accepted, PEOPLE.len() as u64);
    everybody_arrived(&trip);
}

#[tokio::test(start_paused = true)]
async fn messages_behind_one_that_waits_wait_no_longer_than_it_does() {
    let trip = announced(WorldOptions {
        settings: Some(|text| text + "\n[run]\nbatch_accounts = 2\n"),
        ..WorldOptions::default()
    })
    .await;
    trip.pass(Duration::from_hours(2)).await;
    // The event source takes all three at once, as it does where its batch size is larger than one.
    let waiting = trip.world.receive(10).await;
    assert_eq!(waiting.len(), 3);
    let back = trip.world.upload(waiting).await.unwrap();
    assert_eq!(back.len(), 3, "the inbound read is two hours old");
    trip.world.poll(json!({})).await.unwrap();
    trip.pass(Duration::from_mins(2)).await;
    assert_eq!(trip.world.deliver().await.unwrap(), 3);
    finish(&trip).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_row_is_tried_again_a_day_later_and_the_others_are_not() {
    let names = ["ada", "ben", "a-name-that-is-too-long-for-this-tenant"];
    let trip = Trip::new(&names, WorldOptions::default());
    trip.world.constant_contact.switch(|switches| switches.import_email_characters_max = 30);
    let report = trip.delta().await;
    assert_eq!((report.people.accepted, report.people.rejected), (2, 1));
    trip.inbound().await;

    let report = trip.delta().await;
    assert_eq!(report.people.read, 0, "nobody is due yet");
    trip.pass(Duration::from_hours(23)).await;
    trip.world.constant_contact.switch(|switches| switches.import_email_characters_max = 80);
    // The daily sweep tells who was refused; whoever was taken in is in step since.
    trip.world.poll(json!({})).await.unwrap();
    let report = trip.delta().await;
    assert_eq!((report.people.read, report.people.accepted), (1, 1), "{:?}", report.people);
    let full = trip.full().await;
    assert_eq!(full.people.unchanged, 3, "{:?}", full.people);
    assert_eq!(trip.world.constant_contact.contacts().len(), 3);
}
