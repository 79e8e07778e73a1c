//! `gigya-cc rejoin`: in writing, and never against an unsubscribe.

use operator::explain::{explain, words};
use operator::rejoin::{Rejoined, rejoin};
use sandbox::world::WorldOptions;
use shared::domain::Dialect;

use super::deployment::services;
use crate::trip::{Trip, uid};

const LETTER: &str = "Letter of Zoe Secretname, folder 7";

async fn let_back(trip: &Trip, name: &str) -> Rejoined {
    rejoin(&services(trip), &uid(name), LETTER, "Ann").await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn whoever_was_deleted_comes_back_by_evidence_in_writing_which_the_ledger_does_not_hold() {
    for api in [Dialect::V3, Dialect::V2] {
        let settings: Option<fn(String) -> String> = Some(|text| {
            text.replace(
                "[consent]\n",
                "[consent]\non_contact_deleted = \"tombstone\"\non_list_leave = \"tombstone\"\n",
            )
        });
        let trip = Trip::synced_with(
            &["zoe", "ada"],
            WorldOptions { api, settings, ..WorldOptions::default() },
        )
        .await;
        let zoe = trip.contact("zoe").id;
        match api {
            Dialect::V3 => assert!(trip.world.constant_contact.delete(&zoe)),
            Dialect::V2 => {
                for list in [&trip.world.lists.newsletter, &trip.world.lists.emea] {
                    trip.world.constant_contact.leave_list(&zoe, list);
                }
            }
        }
        trip.pass(std::time::Duration::from_hours(1)).await;
        trip.world.poll(serde_json::json!({"sweep": true})).await.unwrap();
        trip.full().await;
        assert!(!trip.is_mailed("zoe"), "{api:?}");
        // v3 tells the day of a deletion and no more, and what is in writing has to be newer.
        trip.pass(std::time::Duration::from_hours(24)).await;

        assert_eq!(let_back(&trip, "ada").await, Rejoined::HasNotLeft);
        assert_eq!(let_back(&trip, "zoe").await, Rejoined::MayComeBack);
        let explained = words(&explain(&services(&trip), &uid("zoe")).await.unwrap());
        assert!(explained.contains("the operator has it in writing"), "{explained}");
        trip.delta().await;
        assert!(trip.is_mailed("zoe"), "{api:?}");
        let objects = trip.world.aws.objects();
        let kept = objects.keys(sandbox::world::BUCKET, "state/testimony/");
        let [kept] = kept.as_slice() else { panic!("{kept:?}") };
        assert!(trip.object(kept).unwrap().contains(LETTER));
        assert!(!explained.contains("Secretname"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_wide_unsubscribe_is_lifted_by_nobody_but_the_person() {
    for api in [Dialect::V3, Dialect::V2] {
        let trip =
            Trip::synced_with(&["zoe"], WorldOptions { api, ..WorldOptions::default() }).await;
        trip.unsubscribe("zoe");
        trip.pass(std::time::Duration::from_hours(1)).await;
        trip.inbound().await;
        assert_eq!(let_back(&trip, "zoe").await, Rejoined::OnlyThePerson);
        trip.full().await;
        assert!(!trip.is_mailed("zoe"));
        assert!(
            trip.world.aws.objects().keys(sandbox::world::BUCKET, "state/testimony/").is_empty()
        );
    }
}
