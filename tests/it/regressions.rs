//! What the simulation found, each as the shortest story that shows it, with the seed that showed it first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use sandbox::constant_contact::Switches;
use sandbox::gigya::Gigya;
use sandbox::world::WorldOptions;
use serde_json::json;
use shared::domain::Dialect;
use shared::http::{Wire, WireError};

use crate::trip::{Trip, run_of};

/// Seed 96: an import says every value of a row. One that was on its way while the marketer's new first name came home wrote the
/// older one over it, which then looked like another edit of the marketer's and came home too: in v2 in poorer letters.
#[tokio::test(start_paused = true)]
async fn a_name_that_comes_home_while_an_import_is_on_its_way_is_not_undone_by_it() {
    for (api, written) in [(Dialect::V3, "Łukasz"), (Dialect::V2, "Lukasz")] {
        let options = WorldOptions { api, ..WorldOptions::default() };
        let trip = Trip::synced_with(&["ada"], options).await;
        trip.edit("ada", "profile.firstName", json!("Łukasz"));
        trip.delta().await;
        trip.inbound().await;
        assert_eq!(trip.contact("ada").texts["first_name"], written);

        let slow = |switches: &mut Switches| switches.activity_delay = Duration::from_mins(30);
        trip.world.constant_contact.switch(slow);
        trip.edit("ada", "profile.lastName", json!("Newname"));
        trip.pass(Duration::from_mins(2)).await;
        trip.world.export(json!({"scope": "delta"})).await.unwrap();
        trip.world.tick().await.unwrap();
        trip.edit_contact("ada", |it| drop(it.texts.insert("first_name".into(), "Anne".into())));
        for _ in 0..4 {
            trip.world.tick().await.unwrap();
        }
        assert_eq!(trip.section("ada", "profile")["firstName"], "Anne", "it came home");

        for _ in 0..6 {
            trip.world.tick().await.unwrap();
        }
        trip.delta().await;
        trip.inbound().await;
        assert_eq!(trip.section("ada", "profile")["firstName"], "Anne");
        assert_eq!(trip.contact("ada").texts["first_name"], "Anne");
        assert_eq!(trip.contact("ada").texts["last_name"], "Newname");
    }
}

/// A wire that counts the searches at Gigya, and forgets all cursors before the chosen one.
#[derive(Debug)]
struct Forgetful {
    wire: Arc<dyn Wire>,
    searches_left: AtomicU32,
    gigya: Arc<std::sync::OnceLock<Arc<Gigya>>>,
}

impl Wire for Forgetful {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, WireError>> {
        if request.uri().path() == "/accounts.search"
            && self.searches_left.fetch_sub(1, Ordering::Relaxed) == 1
            && let Some(gigya) = self.gigya.get()
        {
            gigya.lose_cursors();
        }
        self.wire.send(request)
    }
}

/// Seed 120: Gigya lost a cursor while the subscriptions of a page were looked up. The search began again, but the people
/// of that page were taken for staged: nobody was read, and the mark passed them all.
#[tokio::test(start_paused = true)]
async fn whoever_was_on_a_page_when_gigya_lost_a_cursor_is_read_all_the_same() {
    let people = ["ada", "ben", "cleo"];
    for search in 1..8 {
        let site = Arc::new(std::sync::OnceLock::new());
        let gigya = Arc::clone(&site);
        let between = Box::new(move |wire| {
            let searches_left = AtomicU32::new(search);
            Arc::new(Forgetful { wire, searches_left, gigya }) as Arc<dyn Wire>
        });
        let options = WorldOptions { between: Some(between), ..WorldOptions::default() };
        let trip = Trip::new(&people, options);
        assert!(site.set(Arc::clone(&trip.world.gigya)).is_ok());
        // Answers take several pages, so that there are cursors to be lost.
        trip.world.gigya.switch(|switches| switches.empty_pages = true);
        let answer = trip.world.export(json!({"scope": "delta"})).await.unwrap();
        let report = trip.persist_with(&run_of(&answer)).await;
        assert_eq!(report.people.read, 3, "lost before search {search}");
        for name in people {
            assert!(trip.is_mailed(name), "lost before search {search}: {name} is not there");
        }
    }
}

/// Seed 185: Constant Contact tells the day of a deletion and not the hour. Who had asked for the newsletter that morning, before they
/// were deleted, came back the next day as if they had asked afterwards.
#[tokio::test(start_paused = true)]
async fn a_wish_of_the_day_on_which_a_contact_was_deleted_does_not_bring_it_back() {
    let trip = Trip::synced(&["ada"]).await;
    trip.register("eve", |eve| {
        let at = trip.world.now().to_string();
        eve["subscriptions"]["newsletter"]["email"]["lastUpdatedSubscriptionState"] = json!(at);
    });
    trip.delta().await;
    trip.inbound().await;
    assert!(trip.is_mailed("eve"));
    assert!(trip.world.constant_contact.delete(&trip.contact("eve").id));
    trip.inbound().await;
    trip.pass(Duration::from_hours(24)).await;
    trip.world.poll(json!({"sweep": true})).await.unwrap();
    trip.full().await;
    trip.inbound().await;
    assert!(!trip.is_mailed("eve"));
    assert!(!trip.is_subscribed("eve"), "their leaving came home");
}
