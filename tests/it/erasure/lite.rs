//! Lite accounts: an address without registration, which goes as others do, and often only becomes a full account.

use serde_json::Map;
use shared::domain::Uid;

use super::*;

/// Bea leaves her address on the site, asks for the newsletter, and arrives.
async fn arrived(api: Dialect, has_uids: bool) -> (Trip, Uid) {
    let trip = synced(api).await;
    trip.world.gigya.switch(|switches| switches.lite_accounts_have_uids = has_uids);
    let mut sections = Map::new();
    sections.insert("profile".to_owned(), json!({"firstName": "First-bea"}));
    let subscriptions = json!({"newsletter": {"email": {"isSubscribed": true}}});
    sections.insert("subscriptions".to_owned(), subscriptions);
    let bea = trip.world.gigya.insert_lite(&address("bea"), sections);
    trip.delta().await;
    trip.inbound().await;
    let contact = trip.world.constant_contact.contact_by_address(&address("bea")).unwrap();
    assert!(contact.lists.contains(&trip.world.lists.newsletter));
    (trip, bea)
}

#[tokio::test(start_paused = true)]
async fn a_lite_account_that_is_deleted_is_erased_whether_it_has_a_uid_or_not() {
    for api in [Dialect::V3, Dialect::V2] {
        for (has_uids, is_told) in [(true, true), (false, true), (true, false), (false, false)] {
            let (trip, bea) = arrived(api, has_uids).await;
            if is_told {
                assert!(trip.world.gigya.delete(&bea));
                log_is_read(&trip).await;
            } else {
                assert!(trip.world.gigya.delete_untold(&bea));
                sweep(&trip).await;
            }
            assert!(has_left(&trip, "bea", api), "{api:?} {has_uids} {is_told}");
            let asked = [bea.to_string(), address("bea"), "First-bea".to_owned()];
            assert_eq!(objects_with(&trip, &asked), Vec::<String>::new());
            assert!(trip.is_mailed("ada"));
            assert_quiet(&trip).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_registers_with_the_address_of_their_lite_account_is_not_erased() {
    for api in [Dialect::V3, Dialect::V2] {
        for has_uids in [true, false] {
            let (trip, bea) = arrived(api, has_uids).await;
            let before = trip.world.constant_contact.contact_by_address(&address("bea")).unwrap();
            assert!(trip.world.gigya.upgrade(&bea, &uid("bea")));
            log_is_read(&trip).await;
            sweep(&trip).await;
            trip.delta().await;
            assert_quiet(&trip).await;
            let contact = trip.contact("bea");
            assert_eq!(contact.id, before.id, "{api:?} {has_uids}");
            assert!(trip.is_mailed("bea") && trip.is_subscribed("bea"), "{api:?} {has_uids}");
        }
    }
}
