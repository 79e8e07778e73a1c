//! What the simulation found, each as the shortest story that shows it, with the seed that showed it first.

use std::time::Duration;

use sandbox::constant_contact::Switches;
use sandbox::world::WorldOptions;
use serde_json::json;
use shared::domain::Dialect;

use crate::trip::Trip;

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
