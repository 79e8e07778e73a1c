//! What the customer does to their own tenant, and that nobody pays for it.

use sandbox::constant_contact::{Switches, UnknownList};
use sandbox::world::{WorldOptions, sync_toml};
use serde_json::json;
use shared::domain::Dialect;
use shared::domain::report::State;
use shared::telemetry::chain;

use crate::trip::{Trip, with_shared_tier};

/// A world in which the list of those in `emea` is deleted, and imports into it fail in this way.
async fn with_deleted_list(api: Dialect, unknown_list: UnknownList) -> Trip {
    let constant_contact = Switches { unknown_list, ..Switches::default() };
    let options = WorldOptions { api, constant_contact, ..WorldOptions::default() };
    let trip = Trip::synced_with(&["ada", "ben"], options).await;
    assert!(trip.contact("ada").lists.contains(&trip.world.lists.emea));
    assert!(trip.world.constant_contact.delete_list(&trip.world.lists.emea));
    assert!(!trip.contact("ada").lists.contains(&trip.world.lists.emea));
    trip
}

/// The owner makes another list and names it in the settings.
fn name_another_list(trip: &mut Trip) {
    trip.world.lists.emea = trip.world.constant_contact.add_list("EMEA, the second");
    let settings = sync_toml(&trip.world.lists, None);
    trip.world.configure(settings);
}

/// Whoever was on a list that the owner deletes looks as if they had left it: they were opted out at Gigya, one by one.
#[tokio::test(start_paused = true)]
async fn nobody_leaves_a_list_that_is_deleted() {
    for api in [Dialect::V3, Dialect::V2] {
        let mut trip = with_deleted_list(api, UnknownList::Refused).await;
        trip.pass(std::time::Duration::from_hours(24)).await;
        for event in [json!({"sweep": true}), json!({})] {
            let error = trip.world.poll(event).await.unwrap_err();
            let text = chain(&error);
            assert!(text.contains("no such list; copy the id"), "the next step is named: {text}");
        }
        assert!(trip.is_subscribed("ada") && trip.is_subscribed("ben"));

        name_another_list(&mut trip);
        trip.world.poll(json!({"sweep": true})).await.unwrap();
        assert_eq!(trip.full().await.state, State::Settled);
        for name in ["ada", "ben"] {
            assert!(trip.is_subscribed(name), "{api:?}: {name} was opted out");
            assert!(trip.contact(name).lists.contains(&trip.world.lists.emea), "{api:?}: {name}");
        }
    }
}

/// A batch whose list is gone is not taken for a bad one, however Constant Contact says so: it waits for the owner.
#[tokio::test(start_paused = true)]
async fn a_batch_waits_until_the_settings_name_a_list_that_is_there() {
    for api in [Dialect::V3, Dialect::V2] {
        for how in [UnknownList::Refused, UnknownList::NotFound, UnknownList::ActivityFails] {
            let mut trip = with_deleted_list(api, how).await;
            trip.edit("ada", "profile.lastName", json!("Newname"));
            trip.register("eve", |_| ());
            trip.pass(std::time::Duration::from_mins(1)).await;
            trip.world.export(json!({"scope": "delta"})).await.unwrap();
            let run = trip.world.open_run().unwrap();
            for _ in 0..12 {
                trip.world.tick().await.ok();
            }
            assert!(trip.dead_letters().is_empty(), "{api:?}, {how:?}: the message stays");
            assert_eq!(trip.world.open_run().as_ref(), Some(&run), "{api:?}, {how:?}");

            name_another_list(&mut trip);
            trip.pass(std::time::Duration::from_hours(2)).await;
            let report = trip.persist_with(&run).await;
            assert_eq!(
                report.state,
                State::Settled,
                "{api:?}, {how:?} {report:?} {:?}",
                trip.dead_letters()
            );
            assert_eq!(trip.contact("ada").texts["last_name"], "Newname");
            assert!(trip.contact("eve").lists.contains(&trip.world.lists.emea), "{api:?}, {how:?}");
            assert!(trip.world.report(&run).unwrap().people.balance().is_ok());
        }
    }
}

/// In a field that is called otherwise nobody has a value: where both sides may write it, everybody's was emptied at Gigya.
#[tokio::test(start_paused = true)]
async fn nobody_loses_a_value_whose_field_is_called_otherwise() {
    let options =
        WorldOptions { settings: Some(|text| with_shared_tier(&text)), ..WorldOptions::default() };
    let mut trip = Trip::synced_with(&["ada", "ben"], options).await;
    let tier = |trip: &Trip, name: &str| trip.section(name, "data")["loyalty"]["tier"].clone();
    let before = tier(&trip, "ada");
    assert!(before.is_string(), "{before}");
    let tenant = trip.world.constant_contact.clone();
    let (id, _) =
        tenant.custom_fields().into_iter().find(|(_, name)| name == "loyalty_tier").unwrap();
    tenant.rename_custom_field(&id, "Level");

    for is_cold in [false, true] {
        // Who reads anew knows the new name; who is warm has edits to look at.
        if is_cold {
            trip.world.start_cold();
        }
        trip.edit_contact("ada", |ada| drop(ada.texts.insert("first_name".into(), "Ada M".into())));
        trip.pass(std::time::Duration::from_hours(24)).await;
        let polled = trip.world.poll(json!({"sweep": true})).await;
        if is_cold {
            let text = chain(&polled.unwrap_err());
            assert!(text.contains("no custom field is named \"loyalty_tier\""), "{text}");
        }
        assert_eq!(tier(&trip, "ada"), before);
    }

    let text = sync_toml(&trip.world.lists, None);
    trip.world.configure(with_shared_tier(&text).replace("cf:loyalty_tier", "cf:Level"));
    trip.world.poll(json!({"sweep": true})).await.unwrap();
    assert_eq!(trip.full().await.state, State::Settled);
    trip.edit("ada", "data.loyalty.tier", json!("platinum"));
    trip.delta().await;
    assert_eq!(trip.contact("ada").custom[&id], "platinum");
    assert_eq!(tier(&trip, "ben"), before);
}
