//! Who left is never mailed because of us, however they left and whatever happens afterwards.

mod asking;
mod page;
mod ways;

use std::time::Duration;

use sandbox::constant_contact::Fate;
use sandbox::world::WorldOptions;
use serde_json::json;
use shared::domain::Dialect;
use shared::domain::report::State;

use crate::trip::{Trip, address};

const PEOPLE: [&str; 3] = ["ada", "ben", "cleo"];

fn replacing(settings: &str, old: &str, new: &str) -> String {
    assert!(settings.contains(old), "the settings have no {old}");
    settings.replace(old, new)
}

fn with_consent(settings: &str, line: &str) -> String {
    replacing(settings, "[consent]\n", &format!("[consent]\n{line}\n"))
}

#[tokio::test(start_paused = true)]
async fn who_unsubscribes_in_constant_contact_says_no_at_gigya_too() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.unsubscribe("ada");
    trip.inbound().await;
    assert!(!trip.is_subscribed("ada"));
    assert!(trip.is_subscribed("ben"));
    assert_eq!(trip.world.writes().gigya, 1);
}

#[tokio::test(start_paused = true)]
async fn who_unsubscribed_stays_out_whatever_happens_at_gigya() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.unsubscribe("ada");
    trip.inbound().await;
    for step in 0..4 {
        match step {
            0 => trip.edit("ada", "profile.lastName", json!("Newname")),
            1 => trip.subscribe("ada", true),
            2 => trip.edit("ada", "data.region", json!("apac")),
            _ => trip.edit("ada", "data.region", json!("emea")),
        }
        trip.delta().await;
        trip.inbound().await;
        let report = trip.full().await;
        assert_eq!(report.state, State::Settled);
        assert!(trip.contact("ada").is_unsubscribed(), "step {step}");
        assert!(!trip.is_mailed("ada"));
    }
}

#[tokio::test(start_paused = true)]
async fn who_unsubscribed_may_come_back_in_constant_contact_itself() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.unsubscribe("ada");
    trip.inbound().await;
    let contact = trip.contact("ada");
    assert!(trip.world.constant_contact.resubscribe(&contact.id));
    trip.inbound().await;
    trip.full().await;
    assert!(trip.is_mailed("ada"));
}

#[tokio::test(start_paused = true)]
async fn who_left_one_list_says_no_at_gigya_and_is_not_put_back_on_it() {
    let trip = Trip::synced(&PEOPLE).await;
    let emea = trip.world.lists.emea.clone();
    trip.world.constant_contact.switch(|switches| switches.list_change_moves_updated_at = true);
    assert!(trip.world.constant_contact.leave_list(&trip.contact("ada").id, &emea));
    trip.inbound().await;
    assert!(!trip.is_subscribed("ada"));
    trip.edit("ada", "profile.lastName", json!("Newname"));
    trip.full().await;
    trip.inbound().await;
    assert!(!trip.is_mailed("ada"));
    assert!(!trip.contact("ada").lists.contains(&emea));
}

#[tokio::test(start_paused = true)]
async fn who_left_one_list_keeps_the_other_where_the_policy_says_tombstone() {
    let trip = Trip::synced_with(
        &PEOPLE,
        WorldOptions {
            settings: Some(|text| with_consent(&text, "on_list_leave = \"tombstone\"")),
            ..WorldOptions::default()
        },
    )
    .await;
    let lists = trip.world.lists.clone();
    trip.world.constant_contact.switch(|switches| switches.list_change_moves_updated_at = true);
    assert!(trip.world.constant_contact.leave_list(&trip.contact("ada").id, &lists.emea));
    trip.inbound().await;
    trip.edit("ada", "profile.lastName", json!("Newname"));
    trip.full().await;
    trip.inbound().await;
    let contact = trip.contact("ada");
    assert!(trip.is_subscribed("ada"));
    assert!(contact.lists.contains(&lists.newsletter) && !contact.lists.contains(&lists.emea));
    assert_eq!(contact.texts["last_name"], "Newname");
}

#[tokio::test(start_paused = true)]
async fn a_list_left_without_a_date_is_found_by_the_sweep() {
    let trip = Trip::synced(&PEOPLE).await;
    let emea = trip.world.lists.emea.clone();
    assert!(trip.world.constant_contact.leave_list(&trip.contact("ada").id, &emea));
    trip.inbound().await;
    trip.world.poll(json!({"sweep": true})).await.unwrap();
    trip.full().await;
    trip.inbound().await;
    assert!(!trip.is_subscribed("ada"));
    assert!(!trip.is_mailed("ada"));
}

#[tokio::test(start_paused = true)]
async fn who_was_deleted_in_constant_contact_says_no_at_gigya_and_is_not_revived() {
    let trip = Trip::synced(&PEOPLE).await;
    assert!(trip.world.constant_contact.delete(&trip.contact("ada").id));
    trip.inbound().await;
    assert!(!trip.is_subscribed("ada"));
    trip.edit("ada", "profile.lastName", json!("Newname"));
    trip.delta().await;
    trip.full().await;
    assert!(trip.contact("ada").deleted_at.is_some());
}

#[tokio::test(start_paused = true)]
async fn who_was_deleted_in_constant_contact_comes_back_by_a_newer_act_at_gigya() {
    let trip = Trip::synced(&PEOPLE).await;
    assert!(trip.world.constant_contact.delete(&trip.contact("ada").id));
    trip.inbound().await;
    trip.pass(Duration::from_hours(24)).await;
    trip.subscribe("ada", true);
    trip.world.poll(json!({})).await.unwrap();
    trip.full().await;
    trip.inbound().await;
    assert!(trip.is_mailed("ada"));
    assert!(trip.is_subscribed("ada"));
}

#[tokio::test(start_paused = true)]
async fn who_withdraws_at_gigya_is_unsubscribed_and_stays_so() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.subscribe("ada", false);
    let report = trip.delta().await;
    assert_eq!(report.people.removed, 1);
    let contact = trip.contact("ada");
    assert!(contact.is_unsubscribed());
    assert!(contact.opt_out.unwrap().by_person);
    trip.inbound().await;
    trip.subscribe("ada", true);
    trip.delta().await;
    assert!(!trip.is_mailed("ada"), "Constant Contact's unsubscribe is only undone there");
}

#[tokio::test(start_paused = true)]
async fn who_withdraws_at_gigya_is_taken_off_the_lists_and_comes_back_by_a_newer_act() {
    let options = WorldOptions {
        settings: Some(|text| with_consent(&text, "on_opt_out = \"remove_from_list\"")),
        ..WorldOptions::default()
    };
    let trip = Trip::synced_with(&PEOPLE, options).await;
    trip.subscribe("ada", false);
    trip.delta().await;
    trip.inbound().await;
    let contact = trip.contact("ada");
    assert!(!contact.is_unsubscribed());
    assert!(!trip.is_mailed("ada"));
    trip.full().await;
    assert!(!trip.is_mailed("ada"));

    trip.pass(Duration::from_hours(1)).await;
    trip.subscribe("ada", true);
    trip.delta().await;
    trip.inbound().await;
    assert!(trip.is_mailed("ada"));
    assert_eq!(trip.contact("ada").id, contact.id);
    assert!(trip.is_subscribed("ada"));
}

#[tokio::test(start_paused = true)]
async fn who_was_never_asked_is_not_sent_and_not_unsubscribed() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.world.gigya.edit(&crate::trip::uid("ada"), |fields| drop(fields.remove("subscriptions")));
    trip.register("dora", |dora| drop(dora.as_object_mut().unwrap().remove("subscriptions")));
    let report = trip.delta().await;
    assert_eq!((report.people.filtered, report.people.held), (1, 1));
    assert!(trip.find_contact("dora").is_none());
    assert!(trip.is_mailed("ada"));
}

#[tokio::test(start_paused = true)]
async fn who_never_confirmed_is_not_sent_where_the_site_asks_for_it() {
    let trip = Trip::new(
        &PEOPLE,
        WorldOptions {
            settings: Some(|text| with_consent(&text, "double_opt_in = true")),
            ..WorldOptions::default()
        },
    );
    let status = json!({"status": "Confirmed"});
    trip.edit("ada", "subscriptions.newsletter.email.doubleOptIn", status);
    trip.edit("ben", "subscriptions.newsletter.email.doubleOptIn", json!({"status": "Pending"}));
    let report = trip.full().await;
    assert_eq!((report.people.accepted, report.people.filtered), (1, 2));
    assert!(trip.is_mailed("ada"));
    assert!(trip.find_contact("ben").is_none());
}

#[tokio::test(start_paused = true)]
async fn who_is_deactivated_leaves_the_lists_and_comes_back_when_active_again() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.edit("ada", "isActive", json!(false));
    let report = trip.delta().await;
    assert_eq!(report.people.removed, 1);
    trip.inbound().await;
    assert!(!trip.is_mailed("ada"));
    assert!(!trip.contact("ada").is_unsubscribed());
    assert!(trip.is_subscribed("ada"), "being deactivated is no wish of hers");

    trip.edit("ada", "isActive", json!(true));
    trip.delta().await;
    trip.inbound().await;
    assert!(trip.is_mailed("ada"));
}

#[tokio::test(start_paused = true)]
async fn who_has_not_finished_registering_is_not_read() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    trip.edit("ada", "isRegistered", json!(false));
    let report = trip.full().await;
    assert_eq!((report.people.read, report.people.accepted), (2, 2));
    assert!(trip.find_contact("ada").is_none());
}

#[tokio::test(start_paused = true)]
async fn an_unsubscribe_between_staging_and_submitting_is_seen_before_anything_is_sent() {
    let trip = Trip::synced(&PEOPLE).await;
    // Long enough that nothing is submitted before the inbound read has been made anew.
    trip.pass(Duration::from_hours(2)).await;
    trip.edit("ada", "data.region", json!("apac"));
    trip.edit("ben", "profile.lastName", json!("Newname"));
    trip.pass(Duration::from_mins(1)).await;
    trip.world.export(json!({"scope": "delta"})).await.unwrap();
    trip.unsubscribe("ada");
    trip.pass(Duration::from_mins(3)).await;
    let before = trip.world.writes();
    assert_eq!(trip.world.deliver().await.unwrap(), 0, "the inbound read is two hours old");
    assert_eq!(trip.world.writes(), before);

    let run = trip.world.open_run().unwrap();
    let report = trip.persist_with(&run).await;
    assert!(!trip.is_subscribed("ada"));
    assert_eq!(report.people.accepted, 1, "{:?}", report.people);
    assert!(trip.contact("ada").is_unsubscribed());
    assert_eq!(trip.contact("ben").texts["last_name"], "Newname");
}

#[tokio::test(start_paused = true)]
async fn an_unsubscribe_in_the_minute_of_the_import_is_neither_undone_nor_forgotten() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.edit("ada", "profile.lastName", json!("Newname"));
    trip.pass(Duration::from_mins(1)).await;
    trip.world.export(json!({"scope": "delta"})).await.unwrap();
    trip.world.deliver().await.unwrap();
    trip.unsubscribe("ada");
    let run = trip.world.open_run().unwrap();
    trip.persist_with(&run).await;
    trip.inbound().await;
    assert!(trip.contact("ada").is_unsubscribed());
    assert!(!trip.is_subscribed("ada"));
    trip.full().await;
    assert!(trip.contact("ada").is_unsubscribed());
}

#[tokio::test(start_paused = true)]
async fn an_update_does_not_put_back_who_left_a_list_a_second_ago() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.edit("ada", "profile.lastName", json!("Newname"));
    trip.pass(Duration::from_mins(1)).await;
    trip.world.export(json!({"scope": "delta"})).await.unwrap();
    let (id, lists) = (trip.contact("ada").id, trip.world.lists.clone());
    assert!(trip.world.constant_contact.leave_list(&id, &lists.newsletter));
    trip.world.deliver().await.unwrap();
    let run = trip.world.open_run().unwrap();
    trip.persist_with(&run).await;
    let contact = trip.contact("ada");
    assert_eq!(contact.texts["last_name"], "Newname");
    assert!(!contact.lists.contains(&lists.newsletter));
    trip.inbound().await;
    assert!(
        !trip.is_subscribed("ada"),
        "the import moved the contact's date, so the leaving is seen"
    );
}

#[tokio::test(start_paused = true)]
async fn an_opt_out_follows_the_address_to_a_new_account() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.unsubscribe("ada");
    trip.inbound().await;
    trip.register("eve", |eve| eve["profile"]["email"] = json!(address("ada")));
    let report = trip.delta().await;
    let people = report.people;
    // `emailAccounts` shows an address once, so Ada herself counts as never asked meanwhile.
    assert_eq!((people.read, people.accepted, people.held), (2, 0, 2), "{people:?}");
    assert!(trip.contact("ada").is_unsubscribed());
}

/// World 16518: an import put somebody on another list who had been deleted since it was planned. They stayed on it, mailed, and with
/// the values of that day.
#[tokio::test(start_paused = true)]
async fn who_is_deleted_while_their_import_is_on_its_way_is_taken_off_its_lists_again() {
    for api in [Dialect::V3, Dialect::V2] {
        let options = WorldOptions { api, ..WorldOptions::default() };
        let trip = Trip::synced_with(&PEOPLE, options).await;
        trip.edit("ada", "data.region", json!("apac"));
        trip.delta().await;
        trip.inbound().await;
        trip.edit("ada", "data.region", json!("emea"));
        trip.pass(Duration::from_mins(5)).await;
        trip.inbound().await;
        trip.world.constant_contact.script_activities([Fate::IsLate(1)]);
        trip.world.export(json!({"scope": "delta"})).await.unwrap();
        trip.world.deliver().await.unwrap();
        let run = trip.world.open_run().unwrap();
        assert!(trip.world.constant_contact.delete(&trip.contact("ada").id));
        trip.pass(Duration::from_mins(10)).await;
        trip.world.poll(json!({})).await.unwrap();
        trip.pass(Duration::from_hours(1)).await;
        assert_eq!(trip.persist_with(&run).await.state, State::Settled);
        assert!(!trip.is_mailed("ada"), "{api:?}");
        trip.pass(Duration::from_hours(24)).await;
        trip.inbound().await;
        trip.full().await;
        assert!(!trip.is_mailed("ada") && trip.is_mailed("ben"), "{api:?}");
    }
}

/// World 5965: an import was carried out and forgotten, and the contact deleted before anybody had seen it. When the person came
/// back, Constant Contact (v3) revived it with the last name of that day, which they had taken back at Gigya since: it stayed for
/// good.
#[tokio::test(start_paused = true)]
async fn who_comes_back_after_a_deletion_comes_back_without_what_they_took_back_meanwhile() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    trip.world.poll(json!({})).await.unwrap();
    trip.world.constant_contact.script_activities([Fate::IsForgotten]);
    trip.world.export(json!({"scope": "full"})).await.unwrap();
    trip.world.deliver().await.unwrap();
    trip.pass(Duration::from_mins(1)).await;
    assert!(trip.contact("ada").texts.contains_key("last_name"), "it was carried out");
    assert!(trip.world.constant_contact.delete(&trip.contact("ada").id));
    let run = trip.world.open_run().unwrap();
    trip.persist_with(&run).await;
    trip.inbound().await;

    trip.edit("ada", "profile.lastName", json!(""));
    trip.full().await;
    assert!(!trip.is_mailed("ada"));
    trip.pass(Duration::from_hours(24)).await;
    trip.subscribe("ada", true);
    trip.inbound().await;
    trip.full().await;
    trip.inbound().await;
    trip.delta().await;
    assert!(trip.is_mailed("ada"));
    assert_eq!(trip.section("ada", "profile")["lastName"], "");
    assert!(trip.contact("ada").texts.get("last_name").is_none_or(String::is_empty));
}
