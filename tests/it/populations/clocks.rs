//! Three clocks with a mark each: whoever changed is read by the one that tells of it, and no mark moves for another's.

use serde_json::json;
use shared::domain::report::State;
use shared::domain::watermark::{Watermark, Watermarks};

use super::*;

/// The code of a call that the application may not make (SAP help, "Response Codes and Errors").
const FORBIDDEN: i64 = 403_007;

/// The code of a search that names a field which cannot be searched.
const NO_SUCH_FIELD: i64 = 400_006;
/// The time of a subscription's state.
const STATE: &str = "lastUpdatedSubscriptionState";
/// The code of an error of Gigya's own, which passes.
const SERVER_ERROR: i64 = 500_001;

fn marks(trip: &Trip) -> Watermarks {
    serde_json::from_str(&trip.object("state/watermarks.json").unwrap()).unwrap()
}

/// A world in which changed subscriptions move no time of their accounts, with these people in step.
async fn silent(names: &[&str], settings: Option<fn(String) -> String>) -> Trip {
    let trip = Trip::synced_with(names, WorldOptions { settings, ..WorldOptions::default() }).await;
    trip.world.gigya.switch(|switches| switches.subscription_moves_account = false);
    trip
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_moves_no_time_of_its_account_is_seen_by_the_next_delta() {
    for refuses in [false, true] {
        let trip = silent(&["ada", "ben", "cleo"], None).await;
        if refuses {
            trip.world.gigya.switch(|switches| switches.refuse_queries(STATE, NO_SUCH_FIELD));
        }
        let before = trip.account("ada").last_updated();
        trip.pass(Duration::from_hours(24)).await;
        trip.subscribe("ada", false);
        let report = trip.delta().await;
        assert_eq!(
            trip.account("ada").last_updated(),
            before,
            "their account's clock tells nothing"
        );
        assert_eq!((report.people.read, report.people.removed), (1, 1), "refuses: {refuses}");
        assert!(trip.contact("ada").is_unsubscribed());
        assert!(trip.is_mailed("ben") && trip.is_mailed("cleo"));
        assert_eq!(trip.delta().await.people.removed, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_found_by_their_subscription_is_staged_as_the_whole_account() {
    let trip = Trip::new(&["ada"], WorldOptions::default());
    trip.world.gigya.switch(|switches| switches.subscription_moves_account = false);
    trip.subscribe("ada", false);
    trip.full().await;
    assert!(trip.find_contact("ada").is_none());
    trip.pass(Duration::from_hours(24)).await;
    trip.subscribe("ada", true);
    assert_eq!(trip.delta().await.people.accepted, 1);
    let contact = trip.contact("ada");
    assert!(trip.is_mailed("ada"));
    assert_eq!(contact.texts["last_name"], "Last-ada");
    assert!(contact.lists.contains(&trip.world.lists.emea));
}

#[tokio::test(start_paused = true)]
async fn whoever_moves_by_two_clocks_is_read_once_also_where_the_run_pauses_in_between() {
    for pauses in [false, true] {
        let trip = Trip::synced(&["ada", "ben"]).await;
        trip.pass(Duration::from_hours(24)).await;
        trip.edit("ada", "profile.lastName", json!("Newname"));
        trip.subscribe("ada", false);
        trip.pass(SEARCH_LAGS).await;
        if pauses {
            // The clock of subscriptions fails for a while, after that of the accounts is through.
            trip.world.gigya.switch(|switches| switches.refuse_queries(STATE, SERVER_ERROR));
            trip.world.export(json!({"scope": "delta"})).await.unwrap_err();
            trip.world.gigya.switch(|switches| switches.refused_queries.clear());
        }
        let report = match trip.world.open_run() {
            Some(run) => trip.persist_with(&run).await,
            None => trip.delta().await,
        };
        assert_eq!((report.people.read, report.people.removed), (1, 1), "pauses: {pauses}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_opt_out_of_one_account_is_one_of_whoever_shares_its_address() {
    let trip = Trip::synced(&["ada", "ben"]).await;
    trip.register("twin", |twin| twin["profile"]["email"] = json!(address("ada")));
    trip.delta().await;
    trip.inbound().await;
    assert!(trip.is_mailed("ada") && trip.find_contact("twin").is_none());
    trip.world.gigya.switch(|switches| switches.subscription_moves_account = false);
    trip.pass(Duration::from_hours(24)).await;
    trip.subscribe("twin", false);
    assert!(!trip.is_subscribed("ada"), "Gigya keeps it for the address");
    trip.delta().await;
    trip.inbound().await;
    assert!(trip.contact("ada").is_unsubscribed());
    assert!(trip.is_mailed("ben"));
}

#[tokio::test(start_paused = true)]
async fn a_double_opt_in_that_is_confirmed_later_brings_somebody() {
    let settings: Option<fn(String) -> String> =
        Some(|text| text.replace("[consent]\n", "[consent]\ndouble_opt_in = true\n"));
    let trip = Trip::new(&[], WorldOptions { settings, ..WorldOptions::default() });
    for name in ["ada", "ben"] {
        let mut account = crate::trip::account(name);
        account["subscriptions"]["newsletter"]["email"]["doubleOptIn"] =
            json!({"status": "Pending"});
        trip.world.gigya.seed([account]);
    }
    let cleo = leave_address(&trip, "cleo");
    assert_eq!(trip.full().await.people.accepted, 0);
    trip.pass(Duration::from_hours(24)).await;
    for uid in [crate::trip::uid("ada"), cleo] {
        assert!(trip.world.gigya.confirm(&uid, "/newsletter/email"));
    }
    let report = trip.delta().await;
    assert_eq!((report.people.read, report.people.accepted), (2, 2));
    assert!(is_mailed(&trip, "ada") && is_mailed(&trip, "cleo"));
    assert_eq!(contacts(&trip, "ben").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn every_clock_has_its_own_marks_and_they_move_once_the_run_is_settled() {
    let trip = Trip::new(&["ada"], WorldOptions::default());
    trip.world.export(json!({"scope": "delta"})).await.unwrap();
    let run = trip.world.open_run().unwrap();
    let read = marks(&trip);
    for clock in [read.accounts, read.lite, read.subscriptions] {
        assert!(clock.read_through.is_some() && clock.confirmed_through.is_none());
    }
    trip.persist_with(&run).await;
    let confirmed = marks(&trip);
    for clock in [confirmed.accounts, confirmed.lite, confirmed.subscriptions] {
        assert_eq!(clock.confirmed_through, read.accounts.read_through);
    }
    let before = confirmed.accounts.confirmed_through.unwrap();
    trip.pass(Duration::from_hours(1)).await;
    let sample = trip.world.run(json!({"scope": "sample", "accounts": 1})).await.unwrap();
    assert!(trip.world.report(&crate::trip::run_of(&sample)).is_some());
    // Whom the audit log names is no matter of a run.
    let deletions = confirmed.deletions;
    let after = Watermarks { deletions, ..marks(&trip) };
    assert_eq!(after, confirmed, "a sample moves none");
    trip.world.run(json!({"scope": "since", "since": before.to_string()})).await.unwrap();
    assert!(marks(&trip).lite.confirmed_through > Some(before));
}

#[tokio::test(start_paused = true)]
async fn no_mark_moves_for_a_clock_that_gigya_refuses_and_the_others_go_on() {
    let trip = Trip::synced(&["ada", "ben"]).await;
    trip.inbound().await;
    let before = marks(&trip);
    trip.pass(Duration::from_hours(24)).await;
    trip.edit("ada", "profile.lastName", json!("Newname"));
    leave_address(&trip, "cleo");
    trip.pass(SEARCH_LAGS).await;
    trip.world.gigya.switch(|switches| {
        switches.refuse_queries("hasLiteAccount = true", FORBIDDEN);
    });
    let report = trip.delta().await;
    assert_eq!((report.state, report.people.read), (State::Settled, 1));
    assert_eq!(trip.contact("ada").texts["last_name"], "Newname");
    let after = marks(&trip);
    assert_eq!(after.lite, before.lite);
    assert!(after.accounts.confirmed_through > before.accounts.confirmed_through);
    assert!(after.subscriptions.confirmed_through > before.subscriptions.confirmed_through);

    trip.pass(Duration::from_hours(24)).await;
    trip.world.gigya.switch(|switches| switches.refused_queries.clear());
    assert_eq!(trip.delta().await.people.accepted, 1);
    assert!(is_mailed(&trip, "cleo"));
    assert_eq!(marks(&trip).lite, marks(&trip).accounts);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_never_read_starts_from_the_beginning_though_others_have_marks() {
    let trip = Trip::new(&["ada"], WorldOptions::default());
    leave_address(&trip, "bea");
    trip.full().await;
    let mut marks = marks(&trip);
    (marks.lite, marks.subscriptions) = (Watermark::default(), Watermark::default());
    let text = serde_json::to_string(&marks).unwrap();
    trip.world.aws.objects().put(sandbox::world::BUCKET, "state/watermarks.json", text);
    trip.pass(Duration::from_hours(24)).await;
    let report = trip.delta().await;
    assert_eq!((report.people.read, report.people.unchanged), (2, 2));
}

/// World 11356 of the day on which that was written: who is to be read again, and is told of by the subscriptions' clock, which reads
/// no lite account, is read all the same.
#[tokio::test(start_paused = true)]
async fn a_lite_account_that_is_due_is_read_though_its_subscription_shows_it() {
    let trip = Trip::synced(&["ada"]).await;
    let before = marks(&trip).subscriptions;
    let bea = trip.world.gigya.insert_lite(&address("bea"), sections("bea", false));
    assert!(trip.world.gigya.subscribe(&bea, &newsletter(), true));
    let name = |fields: &mut Map<String, Value>| fields["profile"]["lastName"] = json!("Right");
    assert!(trip.world.gigya.edit(&bea, name));
    for _ in 0..2 {
        trip.delta().await;
        trip.inbound().await;
        trip.pass(Duration::from_hours(24)).await;
    }
    let id = contact(&trip, "bea").id;
    let mistype =
        |person: &mut Person| drop(person.texts.insert("last_name".into(), "Typo".into()));
    assert!(trip.world.constant_contact.edit(&id, mistype));
    trip.inbound().await;

    let behind = Watermarks { subscriptions: before, ..marks(&trip) };
    let text = serde_json::to_string(&behind).unwrap();
    trip.world.aws.objects().put(sandbox::world::BUCKET, "state/watermarks.json", text);
    assert_eq!(trip.delta().await.people.read, 1);
    assert_eq!(contact(&trip, "bea").texts["last_name"], "Right");
}
