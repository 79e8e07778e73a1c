//! What a run that is given up leaves behind, as the simulation found it: batches that nobody submitted yet, and imports that are
//! still on their way.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sandbox::aws;
use sandbox::constant_contact::Fate;
use sandbox::world::WorldOptions;
use serde_json::json;
use shared::constant_contact::Operation;
use shared::domain::report::State;

use crate::trip::Trip;

/// Seed 14110: a run was given up while its import was on its way, so that nobody learnt of it. Who left the list before they
/// were seen on it was put back by the next run.
#[tokio::test(start_paused = true)]
async fn who_leaves_a_list_that_a_run_given_up_put_them_on_stays_off_it() {
    let trip = Trip::new(&["ada", "ben"], WorldOptions::default());
    let run = give_up_with_an_import_on_its_way(&trip).await;
    assert!(trip.find_contact("ada").is_none(), "{run} was given up before its import came true");
    trip.pass(Duration::from_hours(2)).await;
    let newsletter = trip.world.lists.newsletter.clone();
    assert!(trip.world.constant_contact.leave_list(&trip.contact("ada").id, &newsletter));
    trip.full().await;
    trip.inbound().await;
    assert!(!trip.contact("ada").lists.contains(&newsletter));
    assert!(trip.contact("ben").lists.contains(&newsletter));
    let lease = trip.object("state/run.json").unwrap();
    assert!(!lease.contains(&run), "a whole run has read them all: {lease}");
}

/// Seed 215: the same, and the address changed before the import came true: the next run made a second contact.
#[tokio::test(start_paused = true)]
async fn who_changes_the_address_while_such_an_import_is_on_its_way_gets_one_contact() {
    let trip = Trip::new(&["ada", "ben"], WorldOptions::default());
    give_up_with_an_import_on_its_way(&trip).await;
    trip.edit("ada", "profile.email", json!("ada@example.org"));
    assert_eq!(trip.full().await.people.held, 1, "nobody knows yet who ada is over there");
    trip.pass(Duration::from_hours(2)).await;
    trip.inbound().await;
    trip.delta().await;
    trip.inbound().await;
    assert_eq!(trip.contact("ada").address.as_deref(), Some("ada@example.org"));
    assert_eq!(trip.world.constant_contact.contacts().len(), 2);
    assert!(trip.is_mailed("ada") && trip.is_mailed("ben"));
}

/// Starts a run whose import takes longer than the run is waited for.
async fn give_up_with_an_import_on_its_way(trip: &Trip) -> String {
    trip.world.poll(json!({})).await.unwrap();
    trip.world.constant_contact.script_activities([Fate::IsLate(26)]);
    trip.world.export(json!({"scope": "full"})).await.unwrap();
    trip.world.deliver().await.unwrap();
    let run = trip.world.open_run().unwrap();
    trip.pass(Duration::from_hours(25)).await;
    assert_eq!(trip.persist_with(&run).await.state, State::Failed);
    run
}

/// Inbound reads that stay fresh for as long as a run may stand still.
fn patient(text: String) -> String {
    text + "\n[safety]\ninbound_fresh_minutes = 1440\n"
}

/// Starts a run whose batches nobody submits for so many minutes.
async fn leave_a_run_waiting(trip: &Trip, minutes: u64) -> String {
    trip.world.export(json!({"scope": "full"})).await.unwrap();
    trip.pass(Duration::from_mins(10)).await;
    trip.world.poll(json!({})).await.unwrap();
    trip.pass(Duration::from_mins(minutes - 10)).await;
    trip.world.open_run().unwrap()
}

/// Seed 14110: a run that had stood still for a day was given up in the minute in which its batch was submitted at last.
#[tokio::test(start_paused = true)]
async fn a_run_that_has_just_submitted_is_not_given_up() {
    let options = WorldOptions { settings: Some(patient), ..WorldOptions::default() };
    let trip = Trip::new(&["ada"], options);
    let run = leave_a_run_waiting(&trip, 24 * 60 - 5).await;
    trip.world.constant_contact.script_activities([Fate::IsLate(1)]);
    trip.world.deliver().await.unwrap();
    trip.pass(Duration::from_mins(10)).await;
    trip.world.poll(json!({})).await.unwrap();
    assert_eq!(trip.world.open_run().as_deref(), Some(run.as_str()), "its import is on its way");
    trip.pass(Duration::from_hours(1)).await;
    assert_eq!(trip.persist_with(&run).await.state, State::Settled);
    assert!(trip.is_mailed("ada"));
}

/// Seed 7604: upload had seen a run open, and took a batch of it in the moment in which poll gave the run up. Who had opted out
/// meanwhile was mailed, and the next run knew of no contact to take off its lists.
#[tokio::test(start_paused = true)]
async fn no_batch_of_a_run_is_submitted_once_it_is_given_up() {
    let is_claiming = |request: &http::Request<Bytes>| {
        request.method() == http::Method::PUT
            && request.uri().path().contains("/claims/")
            && String::from_utf8_lossy(request.body()).contains("\"claimed\"")
    };
    let options = WorldOptions {
        settings: Some(patient),
        before: Some(Arc::new(move |request| {
            let is_slow = is_claiming(request);
            Box::pin(async move {
                if is_slow {
                    shared::http::call::wait(Duration::from_secs(2)).await;
                }
                aws::Fate::Answered
            })
        })),
        ..WorldOptions::default()
    };
    let trip = Trip::new(&["ada"], options);
    let run = leave_a_run_waiting(&trip, 24 * 60 + 1).await;
    let (delivered, polled) = tokio::join!(trip.world.deliver(), trip.world.poll(json!({})));
    delivered.unwrap();
    polled.unwrap();
    trip.pass(Duration::from_mins(1)).await;
    trip.world.deliver().await.unwrap();
    assert_eq!(trip.world.report(&run).unwrap().state, State::Failed);
    assert!(!trip.world.constant_contact.calls().contains_key(&Operation::ImportCsv));
    assert_eq!(trip.full().await.people.accepted, 1, "the next run reads them");
    assert!(trip.is_mailed("ada"));
}

/// Seed 4796: poll was interrupted while it gave a run up, and upload took another batch of it. The run moved again, and could
/// not be done any more, nor given up for another day.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_given_up_by_halves_is_given_up_as_soon_as_nothing_is_under_way() {
    let is_shutting_the_second = |request: &http::Request<Bytes>| {
        request.method() == http::Method::PUT
            && request.uri().path().contains("/claims/00001")
            && String::from_utf8_lossy(request.body()).contains("\"given_up\"")
    };
    let options = WorldOptions {
        settings: Some(|text| patient(text + "\n[run]\nbatch_accounts = 1\n")),
        before: Some(Arc::new(move |request| {
            let is_refused = is_shutting_the_second(request);
            let refused = aws::Fate::Refused { status: 403, code: "AccessDenied" };
            Box::pin(async move { if is_refused { refused } else { aws::Fate::Answered } })
        })),
        ..WorldOptions::default()
    };
    let trip = Trip::new(&["ada", "ben"], options);
    let run = leave_a_run_waiting(&trip, 24 * 60 + 1).await;
    trip.world.poll(json!({})).await.unwrap_err();
    trip.world.deliver().await.unwrap();
    trip.pass(Duration::from_mins(5)).await;
    assert_eq!(trip.world.constant_contact.calls()[&Operation::ImportCsv], 1, "one was taken");
    trip.world.poll(json!({})).await.unwrap();
    assert_eq!(trip.world.report(&run).unwrap().state, State::Failed);
    trip.full().await;
    assert!(trip.is_mailed("ada") && trip.is_mailed("ben"));
}

/// The same of an import that was on its way for longer than its run was waited for.
#[tokio::test(start_paused = true)]
async fn who_opts_out_while_such_an_import_is_on_its_way_is_taken_off_its_lists() {
    let trip = Trip::new(&["ada", "ben"], WorldOptions::default());
    give_up_with_an_import_on_its_way(&trip).await;
    trip.edit("ada", "subscriptions.newsletter.email.isSubscribed", json!(false));
    trip.pass(Duration::from_mins(10)).await;
    trip.world.poll(json!({})).await.unwrap();
    trip.world.export(json!({"scope": "full"})).await.unwrap();
    trip.world.deliver().await.unwrap();
    let run = trip.world.open_run().unwrap();
    trip.pass(Duration::from_hours(2)).await;
    trip.persist_with(&run).await;
    trip.inbound().await;
    assert!(trip.is_mailed("ada") && trip.is_mailed("ben"), "the import came true");
    trip.delta().await;
    assert!(!trip.is_mailed("ada") && trip.is_mailed("ben"));
}

/// Seed 2609: whoever had been in an import of such a run that failed, and had another address by now, waited for the next full run,
/// though the sweep had long shown that they have no contact.
#[tokio::test(start_paused = true)]
async fn whom_no_sweep_has_found_since_such_an_import_failed_is_not_in_doubt_any_more() {
    let trip = Trip::synced(&["ben"]).await;
    trip.register("ada", |_| ());
    trip.pass(Duration::from_mins(5)).await;
    trip.inbound().await;
    trip.world.constant_contact.script_activities([Fate::IsCancelled; 6]);
    assert_eq!(trip.persist(json!({"scope": "full"})).await.state, State::Failed);
    trip.edit("ada", "profile.email", json!("ada@example.org"));
    let delta = trip.delta().await;
    assert_eq!((delta.people.held, trip.find_contact("ada").is_none()), (1, true), "in doubt");
    trip.pass(Duration::from_mins(5)).await;
    trip.world.poll(json!({"sweep": true})).await.unwrap();
    trip.delta().await;
    trip.inbound().await;
    assert_eq!(trip.contact("ada").address.as_deref(), Some("ada@example.org"));
    assert!(trip.is_mailed("ada"));
}

/// Seed 5320: a removal of such a run was still on its way when the person opted in anew and was imported. That they were taken off
/// the list then looked like their own leaving.
#[tokio::test(start_paused = true)]
async fn who_opts_in_while_such_a_removal_is_on_its_way_joins_once_it_is_over() {
    let settings = |text: String| {
        let path = "gigya = \"subscriptions.newsletter.email\"";
        let opts_out = "on_opt_out = \"remove_from_list\"\non_list_leave = \"opt_out\"";
        text.replace(path, &format!("{path}\n{opts_out}"))
    };
    let options = WorldOptions { settings: Some(settings), ..WorldOptions::default() };
    let trip = Trip::synced_with(&["ada", "ben"], options).await;
    trip.subscribe("ada", false);
    trip.pass(Duration::from_mins(5)).await;
    trip.inbound().await;
    trip.world.constant_contact.script_activities([Fate::Hangs, Fate::IsLate(2)]);
    trip.world.export(json!({"scope": "delta"})).await.unwrap();
    for _ in 0..2 {
        trip.world.tick().await.unwrap();
    }
    let run = trip.world.open_run().unwrap();
    trip.pass(Duration::from_hours(25)).await;
    assert_eq!(trip.persist_with(&run).await.state, State::Failed);
    trip.subscribe("ada", true);
    assert_eq!(trip.delta().await.people.held, 1);
    for _ in 0..3 {
        trip.pass(Duration::from_hours(1)).await;
        trip.inbound().await;
    }
    assert!(trip.is_subscribed("ada"));
    trip.delta().await;
    trip.inbound().await;
    assert!(trip.is_mailed("ada") && trip.is_subscribed("ada"));
}
