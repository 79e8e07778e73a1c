//! Not everybody who is gone under one key is gone: accounts are renamed, merged, and share addresses.

use super::*;

/// Somebody has an account of their own with Ada's address, and asked to be mailed, or was never asked.
fn share_adas_address(trip: &Trip, is_asked: bool) {
    trip.register("eve", |eve| {
        eve["profile"]["email"] = json!(address("ada"));
        if !is_asked {
            eve.as_object_mut().unwrap().remove("subscriptions");
        }
    });
}

#[tokio::test(start_paused = true)]
async fn who_is_given_another_uid_keeps_their_contact_and_loses_nothing() {
    for api in [Dialect::V3, Dialect::V2] {
        let trip = synced(api).await;
        let before = trip.contact("ada");
        assert!(trip.world.gigya.rename(&uid("ada"), &uid("adele")));
        log_is_read(&trip).await;
        let contact = trip.contact("adele");
        assert_eq!((&contact.id, &contact.lists), (&before.id, &before.lists), "{api:?}");
        assert!(trip.find_contact("ada").is_none() && trip.is_mailed("adele"));
        trip.delta().await;
        assert_quiet(&trip).await;
        trip.edit("adele", "profile.lastName", json!("Newname"));
        trip.delta().await;
        assert_eq!(trip.contact("adele").texts["last_name"], "Newname");
        assert!(trip.is_mailed("adele") && trip.is_subscribed("adele"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_was_left_stays_left_under_another_uid() {
    let trip = synced_where(Dialect::V3, |settings| {
        settings.replace("[consent]\n", "[consent]\non_list_leave = \"tombstone\"\n")
    })
    .await;
    let emea = trip.world.lists.emea.clone();
    assert!(trip.world.constant_contact.leave_list(&trip.contact("ada").id, &emea));
    sweep(&trip).await;
    assert!(trip.world.gigya.rename(&uid("ada"), &uid("adele")));
    log_is_read(&trip).await;
    trip.full().await;
    trip.full().await;
    assert!(!trip.contact("adele").lists.contains(&emea));
    assert!(trip.is_mailed("adele"), "on the other list");
}

#[tokio::test(start_paused = true)]
async fn the_contact_of_a_shared_address_goes_to_the_account_that_is_left() {
    for api in [Dialect::V3, Dialect::V2] {
        for is_told in [true, false] {
            let trip = synced(api).await;
            share_adas_address(&trip, true);
            trip.delta().await;
            let before = trip.contact("ada");
            if is_told {
                assert!(trip.world.gigya.delete(&uid("ada")));
            } else {
                assert!(trip.world.gigya.delete_untold(&uid("ada")));
            }
            log_is_read(&trip).await;
            sweep(&trip).await;
            let contact = trip.contact("eve");
            assert_eq!(contact.id, before.id, "{api:?}");
            assert!(trip.is_mailed("eve") && trip.find_contact("ada").is_none());
            trip.delta().await;
            assert_eq!(trip.contact("eve").texts["first_name"], "First-eve");
            assert_quiet(&trip).await;
            assert!(trip.is_mailed("eve") && trip.is_subscribed("eve"));
            let asked = [uid("ada").to_string(), "First-ada".to_owned()];
            assert_eq!(objects_with(&trip, &asked), Vec::<String>::new());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_never_asked_does_not_inherit_anothers_consent() {
    let trip = synced(Dialect::V3).await;
    share_adas_address(&trip, false);
    trip.pass(Duration::from_mins(1)).await;
    assert!(trip.world.gigya.delete(&uid("ada")));
    log_is_read(&trip).await;
    assert!(has_left(&trip, "ada", Dialect::V3));
    assert!(!trip.is_mailed("eve"));
}

#[tokio::test(start_paused = true)]
async fn who_deleted_their_account_and_registered_anew_before_we_noticed_is_not_lost() {
    let trip = synced(Dialect::V3).await;
    let before = trip.contact("ada");
    assert!(trip.world.gigya.delete(&uid("ada")));
    trip.pass(Duration::from_mins(2)).await;
    let now = trip.world.now().to_string();
    trip.register("eve", |eve| {
        eve["profile"]["email"] = json!(address("ada"));
        eve["subscriptions"]["newsletter"]["email"]["lastUpdatedSubscriptionState"] = json!(now);
    });
    log_is_read(&trip).await;
    assert_eq!(trip.contact("eve").id, before.id);
    assert!(trip.is_mailed("eve"));
    trip.delta().await;
    assert_quiet(&trip).await;
}

#[tokio::test(start_paused = true)]
async fn an_heir_who_has_a_contact_already_does_not_get_another() {
    let trip = synced(Dialect::V3).await;
    // Ben moves to Ada's address at Gigya, where Constant Contact cannot follow while her contact has it.
    trip.edit("ben", "profile.email", json!(address("ada")));
    trip.pass(Duration::from_mins(1)).await;
    assert!(trip.world.gigya.delete(&uid("ada")));
    log_is_read(&trip).await;
    assert!(has_left(&trip, "ada", Dialect::V3));
    assert!(trip.is_mailed("ben"));
}
