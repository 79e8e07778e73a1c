//! What becomes of the contact is the customer's decision, and who comes back comes back by an act of their own.

use serde_json::Value;
use shared::domain::agreed::Departure;

use super::*;

fn keep(settings: &str) -> String {
    settings.replace("[consent]\n", "[consent]\non_delete = \"keep\"\n")
}

fn unsubscribe(settings: &str) -> String {
    settings.replace("[consent]\n", "[consent]\non_delete = \"unsubscribe\"\n")
}

/// Somebody registers with Ada's address, and subscribes then or did so long ago.
fn register_with_adas_address(trip: &Trip, subscribes: bool) {
    let now = trip.world.now().to_string();
    trip.register("eve", |eve| {
        eve["profile"]["email"] = json!(address("ada"));
        if subscribes {
            eve["subscriptions"]["newsletter"]["email"]["lastUpdatedSubscriptionState"] =
                json!(now);
        }
    });
}

#[tokio::test(start_paused = true)]
async fn a_contact_is_unsubscribed_or_kept_where_the_customer_says_so() {
    for api in [Dialect::V3, Dialect::V2] {
        let trip = synced_where(api, |text| unsubscribe(&text)).await;
        assert!(trip.world.gigya.delete(&uid("ada")));
        log_is_read(&trip).await;
        let contact = trip.contact("ada");
        assert!(contact.is_unsubscribed() && contact.deleted_at.is_none(), "{api:?}");
        assert_nothing_is_kept_of(&trip, "ada");
        assert_quiet(&trip).await;
        assert_nothing_is_kept_of(&trip, "ada");

        let trip = synced_where(api, |text| keep(&text)).await;
        assert!(trip.world.gigya.delete(&uid("ada")));
        log_is_read(&trip).await;
        assert!(trip.is_mailed("ada"), "{api:?}");
        assert_nothing_is_kept_of(&trip, "ada");
        assert_quiet(&trip).await;
        assert!(trip.is_mailed("ada"), "{api:?}");
        assert_nothing_is_kept_of(&trip, "ada");
    }
}

#[tokio::test(start_paused = true)]
async fn who_registers_anew_with_the_address_and_asks_for_it_is_mailed_again() {
    let trip = synced(Dialect::V3).await;
    assert!(trip.world.gigya.delete(&uid("ada")));
    log_is_read(&trip).await;
    trip.pass(Duration::from_hours(1)).await;
    register_with_adas_address(&trip, true);
    let report = trip.delta().await;
    assert_eq!(report.people.accepted, 1, "{:?}", report.people);
    trip.inbound().await;
    assert!(trip.is_mailed("eve") && trip.is_subscribed("eve"));
    assert_quiet(&trip).await;
}

#[tokio::test(start_paused = true)]
async fn who_registers_anew_with_the_address_and_did_not_ask_since_is_held() {
    let trip = synced(Dialect::V3).await;
    assert!(trip.world.gigya.delete(&uid("ada")));
    log_is_read(&trip).await;
    register_with_adas_address(&trip, false);
    let report = trip.delta().await;
    assert_eq!((report.people.accepted, report.people.held), (0, 1), "{:?}", report.people);
    assert!(has_left(&trip, "ada", Dialect::V3));
    assert!(trip.is_subscribed("eve"), "what she said at Gigya stays");
}

#[tokio::test(start_paused = true)]
async fn in_v2_who_was_deleted_stays_opted_out_and_nothing_undoes_it_from_here() {
    let trip = synced(Dialect::V2).await;
    assert!(trip.world.gigya.delete(&uid("ada")));
    log_is_read(&trip).await;
    trip.pass(Duration::from_hours(1)).await;
    register_with_adas_address(&trip, true);
    trip.delta().await;
    trip.inbound().await;
    let contact = trip.world.constant_contact.contact_by_address(&address("ada")).unwrap();
    assert!(contact.is_unsubscribed());
    assert!(!trip.is_mailed("eve"));
}

#[tokio::test(start_paused = true)]
async fn a_contact_deleted_in_constant_contact_becomes_an_opt_out_at_gigya_and_never_a_deletion() {
    for api in [Dialect::V3, Dialect::V2] {
        let trip = synced(api).await;
        assert!(trip.world.constant_contact.delete(&trip.contact("ada").id));
        sweep(&trip).await;
        trip.full().await;
        sweep(&trip).await;
        assert_eq!(*trip.account("ada").uid(), uid("ada"), "the account is there");
        assert!(!trip.is_subscribed("ada"), "{api:?}");
        assert!(!trip.is_mailed("ada"), "{api:?}");
        assert!(trip.is_mailed("ben") && trip.is_subscribed("ben"));
        assert_ne!(objects_with(&trip, &[uid("ada").to_string()]).len(), 0, "she is not erased");
    }
}

#[tokio::test(start_paused = true)]
async fn the_ledger_keeps_a_keyed_hash_and_when_they_went() {
    let trip = synced(Dialect::V3).await;
    let deleted_at = trip.world.now();
    assert!(trip.world.gigya.delete(&uid("ada")));
    log_is_read(&trip).await;
    let objects = trip.world.aws.objects();
    let mut tombstones = Vec::new();
    for key in objects.keys(BUCKET, "state/ledger/") {
        for line in texts(objects.get(BUCKET, &key).unwrap()).unwrap() {
            let line: Value = serde_json::from_slice(&line.unwrap().1).unwrap();
            tombstones.extend(Some(line).filter(|line| line.get("erased").is_some()));
        }
    }
    let [tombstone] = tombstones.as_slice() else { panic!("{tombstones:?}") };
    let mark = &tombstone["agreed"]["left"];
    assert_eq!(mark["kind"], serde_json::to_value(Departure::Erased).unwrap());
    assert_eq!(mark["at"], json!(deleted_at.to_string()));
    assert!(tombstone["agreed"].get("contact").is_none());
    assert!(tombstone["agreed"].get("fields").is_none());
    assert_eq!(tombstone["erased"].as_str().unwrap().len(), 16, "twelve bytes in base64");
}
