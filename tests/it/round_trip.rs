//! The trip, both ways, end to end: the unchanged functions in a simulated world.

use std::time::Duration;

use sandbox::people::{People, STORY_BEGINS};
use sandbox::world::{World, WorldOptions};
use serde_json::json;
use shared::constant_contact::Operation;
use shared::domain::report::State;

use crate::trip::{Trip, address, run_of};

const PEOPLE: [&str; 3] = ["ada", "ben", "cleo"];

/// A world with so many people in it, before anything ran.
pub(crate) fn world_of(seed: u64, people: u64) -> World {
    let world = World::new(STORY_BEGINS, WorldOptions::default());
    let population = People::new(seed);
    world.gigya.seed((0..people).map(|n| population.account(n)));
    world
}

#[tokio::test(start_paused = true)]
async fn a_first_sync_takes_everybody_who_wants_it_and_a_quiet_day_writes_nothing() {
    let world = world_of(7, 1_000);
    let first = world.run(json!({"scope": "delta"})).await.unwrap();
    let report = world.report(&run_of(&first)).unwrap();
    assert_eq!(report.state, State::Settled);
    report.people.balance().unwrap();
    assert!(report.people.accepted > 700, "{:?}", report.people);
    assert_eq!(world.constant_contact.contacts().len() as u64, report.people.accepted);
    world.settle_inbound().await.unwrap();

    let before = world.writes();
    world.run(json!({"scope": "delta"})).await.unwrap();
    world.settle_inbound().await.unwrap();
    let full = world.run(json!({"scope": "full"})).await.unwrap();
    let report = world.report(&run_of(&full)).unwrap();
    assert_eq!(report.people.accepted, 0);
    assert_eq!(world.writes(), before);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_changed_at_gigya_arrives_and_nothing_comes_back() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.edit("ada", "profile.lastName", json!("Łoś"));
    let report = trip.delta().await;
    assert_eq!(report.people.accepted, 1);
    assert_eq!(trip.contact("ada").texts["last_name"], "Łoś");
    let before = trip.world.writes();
    trip.inbound().await;
    trip.full().await;
    assert_eq!(trip.world.writes(), before);
}

#[tokio::test(start_paused = true)]
async fn a_first_name_that_changed_in_constant_contact_comes_home_and_only_that_leaf() {
    let trip = Trip::synced(&PEOPLE).await;
    let before = trip.account("ada");
    trip.edit_contact("ada", |ada| drop(ada.texts.insert("first_name".into(), "Zoë & Co".into())));
    trip.inbound().await;
    let mut expected = before.fields().clone();
    expected["profile"]["firstName"] = json!("Zoë &amp; Co");
    let mut after = trip.account("ada").fields().clone();
    for time in ["lastUpdated", "lastUpdatedTimestamp", "lastUpdatedDate"] {
        expected.remove(time);
        after.remove(time);
    }
    assert_eq!(after, expected);
    assert_eq!(trip.world.writes().gigya, 1);

    let writes = trip.world.writes();
    trip.delta().await;
    trip.inbound().await;
    trip.full().await;
    assert_eq!(trip.world.writes(), writes, "what came home is no echo");
    assert_eq!(trip.contact("ada").texts["first_name"], "Zoë & Co");
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_gigya_owns_is_restored_by_the_next_run() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    trip.edit("ada", "profile.phones", json!([{"type": "mobile", "number": "+49 221 1234"}]));
    trip.full().await;
    trip.inbound().await;
    let phone = trip.contact("ada").phones;
    assert_eq!(phone.len(), 1, "{phone:?}");
    trip.edit_contact("ada", |ada| ada.phones.values_mut().for_each(|it| *it = "0800 1".into()));
    trip.inbound().await;
    assert_eq!(trip.world.writes().gigya, 0);
    trip.delta().await;
    assert_eq!(trip.contact("ada").phones, phone);
}

#[tokio::test(start_paused = true)]
async fn a_city_that_gigya_owns_is_restored_by_the_next_run() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.edit_contact("ada", |ada| ada.streets.values_mut().for_each(|it| it[1] = "Bonn".into()));
    trip.inbound().await;
    let report = trip.delta().await;
    assert_eq!(report.people.accepted, 1);
    assert!(trip.contact("ada").streets.values().any(|street| street[1] == "Köln"));
    assert_eq!(trip.world.writes().gigya, 0);
}

#[tokio::test(start_paused = true)]
async fn a_changed_address_moves_the_same_contact() {
    let trip = Trip::synced(&PEOPLE).await;
    let before = trip.contact("ada");
    trip.edit("ada", "profile.email", json!("ada.new@example.com"));
    trip.delta().await;
    let after = trip.contact("ada");
    assert_eq!(after.id, before.id);
    assert_eq!(after.address.as_deref(), Some("ada.new@example.com"));
    assert_eq!(after.lists, before.lists);
    assert!(trip.world.constant_contact.contact_by_address(&address("ada")).is_none());
    let writes = trip.world.writes();
    trip.inbound().await;
    trip.full().await;
    assert_eq!(trip.world.writes(), writes);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_taken_away_at_gigya_is_taken_away_in_constant_contact() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.edit("ada", "profile.lastName", json!(null));
    trip.delta().await;
    let contact = trip.contact("ada");
    assert!(!contact.texts.contains_key("last_name"), "{:?}", contact.texts);
    assert_eq!(contact.texts["first_name"], "First-ada");
    assert!(trip.is_mailed("ada"));
    let writes = trip.world.writes();
    trip.inbound().await;
    trip.full().await;
    assert_eq!(trip.world.writes(), writes);
}

#[tokio::test(start_paused = true)]
async fn who_fits_another_list_joins_it_and_who_no_longer_fits_leaves_that_one_only() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    trip.edit("ada", "data.region", json!("apac"));
    trip.full().await;
    trip.inbound().await;
    let lists = trip.world.lists.clone();
    assert!(!trip.contact("ada").lists.contains(&lists.emea));

    trip.edit("ada", "data.region", json!("emea"));
    trip.delta().await;
    trip.inbound().await;
    let contact = trip.contact("ada");
    assert!(contact.lists.contains(&lists.emea) && contact.lists.contains(&lists.newsletter));

    trip.edit("ada", "data.region", json!("apac"));
    trip.delta().await;
    trip.inbound().await;
    let contact = trip.contact("ada");
    assert!(!contact.lists.contains(&lists.emea) && contact.lists.contains(&lists.newsletter));
    assert!(trip.is_subscribed("ada"));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_the_tenants_own_is_left_alone() {
    let trip = Trip::synced(&PEOPLE).await;
    let own = trip.world.constant_contact.add_list("Golf friends");
    trip.edit_contact("ada", |ada| assert!(ada.lists.insert(own.clone())));
    trip.edit_contact("ada", |ada| ada.taggings.push("vip".into()));
    trip.inbound().await;
    trip.edit("ada", "profile.email", json!("ada.new@example.com"));
    trip.edit("ada", "data.region", json!("apac"));
    trip.delta().await;
    let contact = trip.contact("ada");
    assert_eq!(contact.address.as_deref(), Some("ada.new@example.com"));
    assert!(contact.lists.contains(&own));
    assert_eq!(contact.taggings, ["vip"]);
}

#[tokio::test(start_paused = true)]
async fn a_birthday_arrives_as_day_and_month_and_moves_when_it_is_corrected() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    trip.edit("ada", "profile.birthDay", json!(29));
    trip.edit("ada", "profile.birthMonth", json!(2));
    trip.full().await;
    trip.inbound().await;
    assert_eq!(trip.contact("ada").birthday, Some((2, 29)));
    trip.edit("ada", "profile.birthMonth", json!(3));
    trip.delta().await;
    assert_eq!(trip.contact("ada").birthday, Some((3, 29)));
}

#[tokio::test(start_paused = true)]
async fn an_ampersand_is_one_character_on_both_sides() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    trip.edit("ada", "profile.work", json!({"company": "Schmidt &amp; Söhne"}));
    trip.full().await;
    trip.inbound().await;
    assert_eq!(trip.contact("ada").texts["company_name"], "Schmidt & Söhne");
    let writes = trip.world.writes();
    trip.full().await;
    trip.inbound().await;
    assert_eq!(trip.world.writes(), writes);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_was_cut_never_comes_back_over_the_whole_one() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    let whole = "Maria de los Ángeles Inmaculada Esperanza von Hohenzollern-Sigmaringen";
    trip.edit("ada", "profile.firstName", json!(whole));
    let report = trip.full().await;
    assert!(report.losses.cut > 0, "{:?}", report.losses);
    trip.inbound().await;
    let cut = trip.contact("ada").texts["first_name"].clone();
    assert!(whole.starts_with(&cut) && cut.chars().count() <= 50, "{cut}");
    trip.edit_contact("ada", |ada| drop(ada.texts.insert("job_title".into(), "Queen".into())));
    trip.inbound().await;
    trip.world.poll(json!({"sweep": true})).await.unwrap();
    trip.full().await;
    assert_eq!(trip.section("ada", "profile")["firstName"], whole);
    assert_eq!(trip.world.writes().gigya, 0);
}

#[tokio::test(start_paused = true)]
async fn the_field_of_the_uid_is_made_when_it_is_missing() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    let names = |trip: &Trip| -> Vec<String> {
        trip.world.constant_contact.custom_fields().into_iter().map(|(_, name)| name).collect()
    };
    assert!(!names(&trip).contains(&"gigya_uid".to_owned()));
    trip.full().await;
    assert!(names(&trip).contains(&"gigya_uid".to_owned()));
    assert!(trip.find_contact("ada").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_login_costs_no_import() {
    let trip = Trip::synced(&PEOPLE).await;
    let imports = |trip: &Trip| trip.world.constant_contact.calls()[&Operation::ImportCsv];
    let before = imports(&trip);
    trip.edit("ada", "lastLogin", json!("2026-11-02T00:00:00.000Z"));
    let report = trip.delta().await;
    assert_eq!((report.people.read, report.people.unchanged), (1, 1));
    assert_eq!(imports(&trip), before);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.edit("ada", "profile.lastName", json!("Newname"));
    trip.subscribe("ben", false);
    trip.pass(Duration::from_mins(1)).await;
    let writes = trip.world.writes();
    let answer = trip.world.run(json!({"scope": "delta", "dry_run": true})).await.unwrap();
    let report = trip.world.report(&run_of(&answer)).unwrap();
    assert!(report.dry_run);
    assert_eq!((report.people.accepted, report.people.removed), (1, 1), "{:?}", report.people);
    assert_eq!(trip.world.writes(), writes);
    let report = trip.delta().await;
    assert_eq!((report.people.accepted, report.people.removed), (1, 1), "the mark has not moved");
}

#[tokio::test(start_paused = true)]
async fn an_address_that_two_accounts_have_is_one_contact_and_stays_with_its_holder() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.register("eve", |eve| eve["profile"]["email"] = json!(address("ada")));
    let report = trip.delta().await;
    assert_eq!(report.people.duplicate, 1, "{:?}", report.people);
    assert!(trip.find_contact("eve").is_none());
    assert_eq!(trip.contact("ada").texts["first_name"], "First-ada");
    assert!(trip.is_mailed("ada"));
}

#[tokio::test(start_paused = true)]
async fn both_sides_at_once_end_with_gigyas_word_and_then_rest() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.edit("ada", "profile.firstName", json!("FromGigya"));
    trip.edit_contact("ada", |ada| drop(ada.texts.insert("first_name".into(), "FromCc".into())));
    trip.delta().await;
    trip.inbound().await;
    trip.delta().await;
    trip.inbound().await;
    assert_eq!(trip.contact("ada").texts["first_name"], "FromGigya");
    assert_eq!(trip.section("ada", "profile")["firstName"], "FromGigya");
    let writes = trip.world.writes();
    trip.full().await;
    trip.inbound().await;
    assert_eq!(trip.world.writes(), writes);
}
