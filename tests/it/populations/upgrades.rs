//! A lite account whose owner registers is one person, not two.

use serde_json::json;

use super::*;

/// bea has a lite account without a UID, has arrived, and then registers as `uid-bea`.
async fn upgraded(api: Dialect) -> (Trip, Uid) {
    let trip = quiet(api, false).await;
    let bea = leave_address(&trip, "bea");
    trip.delta().await;
    trip.inbound().await;
    assert!(is_mailed(&trip, "bea"));
    let full = crate::trip::uid("bea");
    assert!(trip.world.gigya.upgrade(&bea, &full));
    (trip, full)
}

#[tokio::test(start_paused = true)]
async fn whoever_registers_keeps_their_contact_and_is_not_mailed_twice() {
    for api in [Dialect::V3, Dialect::V2] {
        let (trip, full) = upgraded(api).await;
        trip.delta().await;
        trip.inbound().await;
        assert!(is_mailed(&trip, "bea"));
        assert_eq!(trip.world.constant_contact.contacts().len(), 2, "{api:?}");
        let rename = |fields: &mut Map<String, Value>| fields["profile"]["city"] = json!("Bonn");
        assert!(trip.world.gigya.edit(&full, rename));
        trip.delta().await;
        trip.inbound().await;
        assert_eq!(uid_on_contact(&trip, "bea"), Some(full.clone()), "{api:?}");
        assert!(is_mailed(&trip, "bea"));
        assert_quiet(&trip).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_opt_out_follows_whoever_has_registered_before_and_after_a_run_has_seen_it() {
    for api in [Dialect::V3, Dialect::V2] {
        for has_run in [false, true] {
            let (trip, full) = upgraded(api).await;
            trip.pass(SEARCH_LAGS).await;
            if has_run {
                trip.delta().await;
                trip.inbound().await;
            }
            assert!(trip.world.constant_contact.unsubscribe(&contact(&trip, "bea").id, true));
            opt_outs_come_home(&trip).await;
            assert!(!is_subscribed(&trip, &full), "{api:?}, has run: {has_run}");
            trip.delta().await;
            trip.full().await;
            assert!(contact(&trip, "bea").is_unsubscribed(), "{api:?}, has run: {has_run}");
            trip.inbound().await;
            assert_quiet(&trip).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_left_as_a_lite_account_does_not_come_back_by_registering() {
    for api in [Dialect::V3, Dialect::V2] {
        let trip = quiet(api, false).await;
        let bea = leave_address(&trip, "bea");
        trip.delta().await;
        trip.inbound().await;
        assert!(trip.world.constant_contact.unsubscribe(&contact(&trip, "bea").id, true));
        opt_outs_come_home(&trip).await;
        let full = crate::trip::uid("bea");
        assert!(trip.world.gigya.upgrade(&bea, &full));
        assert!(trip.world.gigya.subscribe(&full, &newsletter(), true));
        trip.delta().await;
        trip.inbound().await;
        trip.full().await;
        assert!(contact(&trip, "bea").is_unsubscribed(), "{api:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_opts_out_while_registering_is_unsubscribed() {
    for api in [Dialect::V3, Dialect::V2] {
        let (trip, full) = upgraded(api).await;
        assert!(trip.world.gigya.subscribe(&full, &newsletter(), false));
        trip.delta().await;
        trip.inbound().await;
        assert!(contact(&trip, "bea").is_unsubscribed(), "{api:?}");
    }
}
