//! Lite accounts: an address that was left on the site, and no registration.

use serde_json::json;
use shared::domain::watermark::{Watermark, Watermarks};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_lite_account_arrives_and_changes_as_a_full_one_does() {
    for (api, has_uids) in WORLDS {
        let trip = quiet(api, has_uids).await;
        let bea = leave_address(&trip, "bea");
        assert_eq!(bea.lite_token().is_none(), has_uids);
        assert_eq!(trip.delta().await.people.accepted, 1);
        trip.inbound().await;
        assert!(is_mailed(&trip, "bea"));
        assert_eq!(uid_on_contact(&trip, "bea"), Some(bea.clone()));
        assert!(contact(&trip, "bea").lists.contains(&trip.world.lists.emea));

        let rename = |fields: &mut Map<String, Value>| fields["profile"]["city"] = json!("Bonn");
        assert!(trip.world.gigya.edit(&bea, rename));
        assert_eq!(trip.delta().await.people.accepted, 1);
        trip.inbound().await;
        let streets = contact(&trip, "bea").streets;
        assert!(streets.values().any(|street| street.iter().any(|part| part == "Bonn")));
        assert_quiet(&trip).await;
        assert_eq!(trip.world.writes().gigya, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_changes_in_constant_contact_comes_home_to_the_lite_account() {
    for (api, has_uids) in WORLDS {
        let trip = quiet(api, has_uids).await;
        let bea = leave_address(&trip, "bea");
        trip.delta().await;
        trip.inbound().await;
        let id = contact(&trip, "bea").id;
        let rename =
            |person: &mut Person| drop(person.texts.insert("first_name".into(), "Beatrice".into()));
        assert!(trip.world.constant_contact.edit(&id, rename));
        trip.inbound().await;
        let home = account(&trip, &bea).unwrap();
        assert_eq!(home.fields()["profile"]["firstName"], "Beatrice");
        assert!(home.is_lite() && is_subscribed(&trip, &bea));
        assert_eq!(calls(&trip, "accounts.importLiteAccount"), 1);
        assert_eq!(calls(&trip, "accounts.setAccountInfo"), 0);
        assert_quiet(&trip).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_opts_out_as_a_lite_account_is_unsubscribed_in_constant_contact() {
    for (api, has_uids) in WORLDS {
        let trip = quiet(api, has_uids).await;
        let bea = leave_address(&trip, "bea");
        trip.delta().await;
        trip.inbound().await;
        assert!(trip.world.gigya.subscribe(&bea, &newsletter(), false));
        assert_eq!(trip.delta().await.people.removed, 1);
        assert!(contact(&trip, "bea").is_unsubscribed());
        assert!(trip.is_mailed("ada"));
        trip.inbound().await;
        assert_quiet(&trip).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_unsubscribes_in_constant_contact_says_no_as_a_lite_account_too() {
    for (api, has_uids) in WORLDS {
        let trip = quiet(api, has_uids).await;
        let bea = leave_address(&trip, "bea");
        trip.delta().await;
        trip.inbound().await;
        assert!(trip.world.constant_contact.unsubscribe(&contact(&trip, "bea").id, true));
        opt_outs_come_home(&trip).await;
        assert!(!is_subscribed(&trip, &bea));
        assert_eq!(calls(&trip, "accounts.unsubscribe"), 1);
        assert_eq!(calls(&trip, "accounts.importLiteAccount"), 0, "nothing that could make one");
        assert!(trip.is_subscribed("ada"));
        trip.full().await;
        assert!(contact(&trip, "bea").is_unsubscribed());
        assert_quiet(&trip).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_opt_out_comes_home_even_where_gigya_refuses_the_value_that_came_with_it() {
    let trip = quiet(Dialect::V3, false).await;
    let bea = leave_address(&trip, "bea");
    trip.delta().await;
    trip.inbound().await;
    trip.world.gigya.set_schema(json!({
        "profileSchema": {"fields": {"firstName": {"type": "long"}}, "dynamicSchema": true},
        "subscriptionsSchema": {"fields": {"newsletter": {"email": {"type": "subscription"}}}},
    }));
    let id = contact(&trip, "bea").id;
    let rename =
        |person: &mut Person| drop(person.texts.insert("first_name".into(), "Beatrice".into()));
    assert!(trip.world.constant_contact.edit(&id, rename));
    assert!(trip.world.constant_contact.unsubscribe(&id, true));
    opt_outs_come_home(&trip).await;
    assert!(!is_subscribed(&trip, &bea));
    assert_eq!(account(&trip, &bea).unwrap().fields()["profile"]["firstName"], "First-bea");
}

#[tokio::test(start_paused = true)]
async fn nobody_brings_a_deleted_lite_account_back() {
    for (api, has_uids) in WORLDS {
        let trip = quiet(api, has_uids).await;
        let bea = leave_address(&trip, "bea");
        trip.delta().await;
        trip.inbound().await;
        assert!(trip.world.gigya.delete(&bea));
        trip.pass(SEARCH_LAGS).await;
        let id = contact(&trip, "bea").id;
        let rename =
            |person: &mut Person| drop(person.texts.insert("first_name".into(), "Beatrice".into()));
        assert!(trip.world.constant_contact.edit(&id, rename));
        assert!(trip.world.constant_contact.unsubscribe(&id, true));
        opt_outs_come_home(&trip).await;
        trip.full().await;
        trip.inbound().await;
        assert_eq!(account(&trip, &bea), None);
        assert_eq!(trip.world.gigya.accounts().len(), 1, "{api:?}");
        assert!(
            contacts(&trip, "bea").iter().all(|it| it.is_unsubscribed() || it.deleted_at.is_some())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_contact_without_our_key_is_linked_to_the_lite_account_with_its_address() {
    for has_uids in [true, false] {
        let trip = quiet(Dialect::V3, has_uids).await;
        trip.pass(SEARCH_LAGS).await;
        let bea = leave_address(&trip, "bea");
        trip.delta().await;
        trip.inbound().await;
        let field = trip.world.uid_field().unwrap();
        let id = contact(&trip, "bea").id;
        let forget = |person: &mut Person| drop(person.custom.remove(&field));
        assert!(trip.world.constant_contact.edit(&id, forget));
        // Whatever the ledger knew of it is gone as well.
        for key in trip.world.aws.objects().keys(sandbox::world::BUCKET, "state/ledger/") {
            trip.world.aws.objects().delete(sandbox::world::BUCKET, &key);
        }
        assert!(trip.world.constant_contact.unsubscribe(&id, true));
        opt_outs_come_home(&trip).await;
        assert!(!is_subscribed(&trip, &bea), "has UIDs: {has_uids}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_settings_name_full_accounts_alone_no_lite_account_is_read_or_written() {
    let full_alone: fn(String) -> String =
        |text| text.replace("populations = [\"full\", \"lite\"]\nwhere_lite = \"\"\n", "");
    let options = WorldOptions { settings: Some(full_alone), ..WorldOptions::default() };
    let trip = Trip::new(&["ada"], options);
    leave_address(&trip, "bea");
    let report = trip.full().await;
    assert_eq!((report.people.read, report.people.accepted), (1, 1));
    assert_eq!(contacts(&trip, "bea").len(), 0);
    let id = trip.world.constant_contact.contacts()[0].id.clone();
    assert!(trip.world.constant_contact.unsubscribe(&id, true));
    opt_outs_come_home(&trip).await;
    assert!(!trip.is_subscribed("ada"));
    assert_eq!(calls(&trip, "accounts.unsubscribe"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_sample_is_of_both_kinds() {
    let trip = Trip::new(&["ada", "ben", "cleo", "dora"], WorldOptions::default());
    for name in ["xena", "yves", "zoe"] {
        leave_address(&trip, name);
    }
    trip.pass(SEARCH_LAGS).await;
    let answer = trip.world.run(json!({"scope": "sample", "accounts": 5})).await.unwrap();
    let report = trip.world.report(&crate::trip::run_of(&answer)).unwrap();
    assert_eq!((report.people.read, report.people.accepted), (5, 5));
    let arrived = |names: &[&str]| names.iter().filter(|it| contacts(&trip, it).len() == 1).count();
    assert_eq!(arrived(&["ada", "ben", "cleo", "dora"]), 3);
    assert_eq!(arrived(&["xena", "yves", "zoe"]), 2);
    let marks = trip.object("state/watermarks.json").unwrap_or("{}".to_owned());
    let marks: Watermarks = serde_json::from_str(&marks).unwrap();
    assert_eq!((marks.accounts, marks.lite), (Watermark::default(), Watermark::default()));
}
