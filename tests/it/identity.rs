//! Who is who: addresses that several accounts share, contacts that several carry, and contacts that carry nobody's UID.

use std::time::Duration;

use sandbox::constant_contact::v3::Person;
use sandbox::world::WorldOptions;
use serde_json::json;
use shared::constant_contact::Operation;
use shared::domain::Dialect;

use crate::sweep::stranger;
use crate::trip::{Trip, account, address, run_of, uid};

const PEOPLE: [&str; 3] = ["ada", "ben", "cleo"];

fn in_both() -> [WorldOptions; 2] {
    [Dialect::V3, Dialect::V2].map(|api| WorldOptions { api, ..WorldOptions::default() })
}

/// One account a batch, and a wish that two accounts of one address can both have: a subscription is kept by address.
fn one_a_batch(text: &str) -> String {
    let plain = text.replace("subscriptions.newsletter.email", "data.wants_mail");
    plain + "\n[run]\nbatch_accounts = 1\n"
}

/// An account whose plain field says that it wants to be mailed at somebody's address.
fn wanting(name: &str, with: &str) -> serde_json::Value {
    let mut account = account(name);
    account["profile"]["email"] = json!(address(with));
    account["data"]["wants_mail"] = json!(true);
    account
}

/// How many contacts have this address, in whatever case.
fn contacts_at(trip: &Trip, address: &str) -> usize {
    let contacts = trip.world.constant_contact.contacts();
    contacts.iter().filter(|contact| contact.address.as_deref() == Some(address)).count()
}

fn lines(trip: &Trip, run: &str, list: &str) -> Vec<String> {
    let text = trip.object(&format!("runs/{run}/{list}.ndjson")).unwrap();
    text.lines().map(ToOwned::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn two_accounts_of_one_address_in_two_batches_of_a_run_are_sent_once() {
    for api in [Dialect::V3, Dialect::V2] {
        let settings: Option<fn(String) -> String> = Some(|text| one_a_batch(&text));
        let trip = Trip::new(&[], WorldOptions { api, settings, ..WorldOptions::default() });
        trip.world.gigya.seed(PEOPLE.map(|name| wanting(name, name)));
        trip.world.gigya.seed([wanting("eve", "ada")]);
        trip.pass(Duration::from_mins(1)).await;
        let run = run_of(&trip.world.run(json!({"scope": "full"})).await.unwrap());
        let report = trip.world.report(&run).unwrap();
        report.people.balance().unwrap();
        assert_eq!(report.batches.len(), 4);
        assert_eq!(
            (report.people.accepted, report.people.duplicate),
            (3, 1),
            "{:?}",
            report.people
        );
        assert_eq!(lines(&trip, &run, "duplicate").len(), 1);
        trip.inbound().await;
        let before = trip.world.writes();
        let again = trip.full().await;
        assert_eq!(again.people.duplicate, 1, "{:?}", again.people);
        assert_eq!(trip.world.writes(), before, "nor later");
        assert_eq!(contacts_at(&trip, &address("ada")), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_an_address_takes_it_over_once_its_holder_moves_away() {
    for options in in_both() {
        let trip = Trip::synced_with(&PEOPLE, options).await;
        trip.register("eve", |eve| eve["profile"]["email"] = json!(address("ben")));
        let report = trip.delta().await;
        assert_eq!(report.people.duplicate, 1, "{:?}", report.people);
        assert!(trip.find_contact("eve").is_none(), "ben keeps the contact");
        trip.edit("ben", "profile.email", json!("ben.new@example.com"));
        trip.delta().await;
        trip.inbound().await;
        assert_eq!(trip.contact("ben").address.as_deref(), Some("ben.new@example.com"));
        trip.delta().await;
        trip.inbound().await;
        let eve = trip.contact("eve");
        assert_eq!(eve.address, Some(address("ben")));
        assert_ne!(eve.id, trip.contact("ben").id);
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_address_moves_the_same_contact() {
    for options in in_both() {
        let trip = Trip::synced_with(&PEOPLE, options).await;
        let before = trip.contact("ben");
        trip.edit("ben", "profile.email", json!("ben.new@example.com"));
        trip.delta().await;
        let after = trip.contact("ben");
        assert_eq!(after.id, before.id);
        assert!(trip.is_mailed("ben"));
        assert_eq!(after.address.as_deref(), Some("ben.new@example.com"));
        assert_eq!(trip.world.constant_contact.contacts().len(), PEOPLE.len());
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_who_left_a_moment_ago_is_put_back_by_the_write_of_their_new_address() {
    for options in in_both() {
        let trip = Trip::synced_with(&PEOPLE, options).await;
        for name in PEOPLE {
            trip.edit(name, "profile.email", json!(format!("{name}@example.org")));
        }
        trip.pass(Duration::from_mins(1)).await;
        trip.world.export(json!({"scope": "delta"})).await.unwrap();
        trip.world.poll(json!({})).await.unwrap();
        trip.world.deliver().await.unwrap();
        // Planned by now, and not carried out.
        trip.unsubscribe("ada");
        let (ben, cleo) = (trip.contact("ben"), trip.contact("cleo"));
        for list in [&trip.world.lists.newsletter, &trip.world.lists.emea] {
            trip.world.constant_contact.leave_list(&ben.id, list);
        }
        assert!(trip.world.constant_contact.delete(&cleo.id));
        let run = trip.world.open_run().unwrap();
        trip.persist_with(&run).await;
        trip.inbound().await;
        trip.full().await;
        for name in PEOPLE {
            assert!(!trip.is_mailed(name), "{name} is back");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_contact_without_a_uid_is_linked_when_exactly_one_account_has_its_address() {
    for options in in_both() {
        let trip = Trip::new(&[], options);
        trip.world.gigya.seed(PEOPLE.map(account));
        let own = stranger(&trip, &address("ada"));
        trip.world.constant_contact.unsubscribe(&own, true);
        stranger(&trip, "nobody@example.org");
        trip.pass(Duration::from_mins(5)).await;
        trip.inbound().await;
        assert!(!trip.is_subscribed("ada"), "she left before we ever sent her anything");
        assert!(trip.is_subscribed("ben"));
        let report = trip.full().await;
        assert_eq!(report.people.accepted, 2, "{:?}", report.people);
        assert!(trip.world.constant_contact.contact(&own).unwrap().is_unsubscribed());
    }
}

#[tokio::test(start_paused = true)]
async fn contacts_who_are_nobodys_are_looked_up_together_and_not_every_day() {
    let settings: Option<fn(String) -> String> =
        Some(|text| text.replace(r#"populations = ["full", "lite"]"#, r#"populations = ["full"]"#));
    let trip =
        Trip::synced_with(&PEOPLE, WorldOptions { settings, ..WorldOptions::default() }).await;
    for n in 0..50 {
        stranger(&trip, &format!("stranger-{n}@example.org"));
    }
    let searches = || trip.world.gigya.calls().get("accounts.search").copied().unwrap_or(0);
    let before = searches();
    let inbound = trip.world.inbound();
    trip.inbound().await;
    assert_eq!(trip.world.inbound().strangers - inbound.strangers, 50);
    assert_eq!(searches() - before, 3, "twenty addresses a search");
    let before = searches();
    for _ in 0..3 {
        trip.pass(Duration::from_hours(24)).await;
        trip.world.poll(json!({"sweep": true})).await.unwrap();
    }
    let soon = searches() - before;
    assert!(soon <= 50 / 4, "{soon} searches in three days");
    let kept = trip.object(shared::store::keys::STRANGERS).unwrap();
    assert!(!kept.contains("example.org"));
    for _ in 0..30 {
        trip.pass(Duration::from_hours(24)).await;
        trip.world.poll(json!({"sweep": true})).await.unwrap();
    }
    assert!(searches() - before >= 50 / 20, "but each once a month");
}

/// Another contact of the same person, made in the screens.
fn twin(trip: &Trip, name: &str, address: &str) -> String {
    let mut person = Person::new(address, trip.world.now());
    let field = trip.world.uid_field().unwrap();
    person.custom.insert(field, uid(name).to_string());
    person.lists.insert(trip.world.lists.newsletter.clone());
    trip.world.constant_contact.add_contact(person).unwrap()
}

#[tokio::test(start_paused = true)]
async fn of_two_contacts_with_one_uid_the_one_we_know_is_kept_in_step() {
    for options in in_both() {
        let trip = Trip::synced_with(&PEOPLE, options).await;
        let own = trip.contact("ada").id;
        let other = twin(&trip, "ada", "ada.other@example.com");
        trip.inbound().await;
        for _ in 0..2 {
            trip.world.poll(json!({"sweep": true})).await.unwrap();
            trip.edit("ada", "profile.lastName", json!(format!("Name {}", trip.world.now())));
            trip.pass(Duration::from_mins(1)).await;
            trip.world.run(json!({"scope": "delta"})).await.unwrap();
        }
        let tenant = &trip.world.constant_contact;
        let (own, other) = (tenant.contact(&own).unwrap(), tenant.contact(&other).unwrap());
        assert!(own.texts["last_name"].starts_with("Name "), "{own:?}");
        assert_eq!(own.address, Some(address("ada")), "their address was not passed about");
        assert_eq!(other.texts.get("last_name"), None);
        assert!(trip.is_subscribed("ada"));
    }
}

#[tokio::test(start_paused = true)]
async fn who_unsubscribes_under_either_of_two_contacts_has_left_under_both() {
    for options in in_both() {
        let trip = Trip::synced_with(&PEOPLE, options).await;
        let own = trip.contact("ada").id;
        let other = twin(&trip, "ada", "ada.other@example.com");
        trip.inbound().await;
        assert!(trip.world.constant_contact.unsubscribe(&other, true));
        trip.world.poll(json!({"sweep": true})).await.unwrap();
        assert!(!trip.is_subscribed("ada"));
        trip.pass(Duration::from_mins(1)).await;
        trip.world.run(json!({"scope": "delta"})).await.unwrap();
        assert!(trip.world.constant_contact.contact(&own).unwrap().is_unsubscribed());
        let before = trip.world.writes();
        for _ in 0..2 {
            trip.pass(Duration::from_hours(24)).await;
            trip.world.poll(json!({"sweep": true})).await.unwrap();
            trip.world.run(json!({"scope": "full"})).await.unwrap();
        }
        assert_eq!(trip.world.writes(), before, "and comes to rest");
        let writes = trip.world.constant_contact.calls().get(&Operation::WriteContact).copied();
        assert!(writes.unwrap_or(0) <= 2);
    }
}

/// Gigya merges accounts into one: the others are deleted, and what stays may have their address from then on. Whoever was
/// deleted may have asked for it, so nobody is mailed at that address by an older wish than that. And where Constant Contact
/// keeps the address for the deleted contact, the marketer has to free it.
#[tokio::test(start_paused = true)]
async fn who_took_over_the_address_of_a_merged_account_is_listed_and_mailed_where_they_were() {
    let trip = Trip::synced(&PEOPLE).await;
    assert!(trip.world.gigya.delete(&uid("ada")));
    trip.edit("ben", "profile.email", json!(address("ada")));
    let day = async || {
        trip.pass(Duration::from_hours(24)).await;
        trip.world.poll(json!({"sweep": true})).await.unwrap();
        let report = trip.delta().await;
        trip.inbound().await;
        report
    };
    let report = day().await;
    assert_eq!(report.people.held, 1, "{:?}", report.people);
    let listed = lines(&trip, report.run.as_str(), "held");
    assert!(listed[0].contains("uid-ben") && listed[0].contains("deleted at Gigya"), "{listed:?}");
    assert_eq!(trip.contact("ben").address, Some(address("ben")), "they stay where they were");
    assert!(trip.is_mailed("ben") && trip.contact("ada").deleted_at.is_some());

    trip.subscribe("ben", false);
    trip.subscribe("ben", true);
    let report = day().await;
    assert_eq!((report.people.held, report.people.rejected), (0, 1), "{:?}", report.people);
    let listed = lines(&trip, report.run.as_str(), "rejected");
    assert!(listed[0].contains("another contact has this address"), "the deleted one: {listed:?}");
    assert_eq!(trip.contact("ben").address, Some(address("ben")));
    assert!(trip.is_mailed("ben"));
}
