//! `gigya-cc ledger rebuild`: values are agreed anew, and nobody who left comes back by it.

use operator::ledger::{Rebuilt, rebuild};
use sandbox::world::WorldOptions;
use serde_json::json;
use shared::domain::Dialect;
use shared::domain::report::State;

use super::deployment::services;
use crate::trip::{Trip, run_of};

async fn forget(trip: &Trip) -> Rebuilt {
    rebuild(&services(trip)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn both_sides_agree_anew_and_whoever_left_stays_away() {
    for api in [Dialect::V3, Dialect::V2] {
        let options = WorldOptions { api, ..WorldOptions::default() };
        let trip = Trip::synced_with(&["zoe", "out", "off", "now", "gone"], options).await;
        let newsletter = trip.world.lists.newsletter.clone();
        let leave = |name: &str| {
            let id = trip.contact(name).id;
            for list in [&newsletter, &trip.world.lists.emea] {
                trip.world.constant_contact.leave_list(&id, list);
            }
        };
        trip.unsubscribe("out");
        leave("off");
        assert!(trip.world.constant_contact.delete(&trip.contact("gone").id));
        trip.pass(std::time::Duration::from_hours(1)).await;
        trip.world.poll(json!({"sweep": true})).await.unwrap();
        // Nobody knows of this one yet when the ledger is forgotten.
        leave("now");
        trip.edit("zoe", "profile.city", json!("Ulm"));

        let Rebuilt::Forgotten { people, marked } = forget(&trip).await else { panic!() };
        assert_eq!((people, marked), (5, 3), "{api:?}");

        let report = trip.full().await;
        assert_eq!(report.state, State::Settled);
        trip.inbound().await;
        for name in ["out", "off", "now", "gone"] {
            assert!(!trip.is_mailed(name) && !trip.is_subscribed(name), "{api:?}: {name} is back");
        }
        assert_eq!(trip.contact("zoe").streets["home"][1], "Ulm", "{api:?}: the owner wins");
        // Who left a list was opted out at Gigya, and what that asks for is done by now.
        trip.full().await;
        let quiet = trip.world.writes();
        assert_eq!(trip.full().await.people.accepted, 0);
        assert_eq!(trip.world.writes(), quiet);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_forgotten_while_a_run_is_going_on() {
    let trip = Trip::synced(&["zoe"]).await;
    trip.pass(std::time::Duration::from_mins(1)).await;
    let run = run_of(&trip.world.export(json!({"scope": "full"})).await.unwrap());
    assert_eq!(forget(&trip).await, Rebuilt::RunIsOpen { run });
}
