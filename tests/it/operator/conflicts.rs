//! `gigya-cc conflicts` and `gigya-cc resolve`: a person decides what no rule decides.

use operator::conflicts::{Listed, Resolution, listed, resolve, words};
use sandbox::world::WorldOptions;
use serde_json::json;
use shared::domain::Dialect;
use shared::domain::agreed::Side;
use shared::domain::report::{Action, Class};

use super::deployment::services;
use crate::trip::{Trip, uid};

fn holding(settings: &str) -> String {
    let rule = "constant_contact = \"first_name\"\nowner = \"both\"";
    assert!(settings.contains(rule));
    settings.replace(rule, &format!("{rule}\nconflict = \"hold\""))
}

/// A world in which both sides gave Zoë another first name.
async fn in_conflict(api: Dialect) -> Trip {
    let options =
        WorldOptions { api, settings: Some(|text| holding(&text)), ..WorldOptions::default() };
    let trip = Trip::synced_with(&["zoe", "ada"], options).await;
    trip.edit("zoe", "profile.firstName", json!("Gigya-Zoe"));
    trip.edit("zoe", "profile.lastName", json!("Newname"));
    trip.edit_contact("zoe", |person| {
        person.texts.insert("first_name".to_owned(), "Contact-Zoe".to_owned());
        person.texts.insert("job_title".to_owned(), "untouched".to_owned());
    });
    trip.inbound().await;
    let report = trip.delta().await;
    assert_eq!(report.actions.people(Action::Amend), 1, "the other field goes its way");
    assert_eq!(trip.contact("zoe").texts["last_name"], "Newname");
    assert_eq!(
        names(&trip),
        ("Gigya-Zoe".to_owned(), "Contact-Zoe".to_owned()),
        "neither is written"
    );
    trip
}

fn names(trip: &Trip) -> (String, String) {
    let gigya = trip.section("zoe", "profile")["firstName"].as_str().unwrap().to_owned();
    (gigya, trip.contact("zoe").texts["first_name"].clone())
}

async fn decide(trip: &Trip, side: Side) -> Resolution {
    let field = "first_name".parse().unwrap();
    resolve(&services(trip), &uid("zoe"), &field, side).await.unwrap()
}

async fn waiting(trip: &Trip) -> Vec<Listed> {
    listed(&services(trip), false).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_a_person_decides_is_what_both_sides_hold_after_the_next_run() {
    for api in [Dialect::V3, Dialect::V2] {
        for (side, chosen) in [(Side::Gigya, "Gigya-Zoe"), (Side::ConstantContact, "Contact-Zoe")] {
            let trip = in_conflict(api).await;
            let conflicts = waiting(&trip).await;
            let [conflict] = conflicts.as_slice() else { panic!("{conflicts:?}") };
            assert_eq!((&conflict.uid, conflict.field.as_str()), (&uid("zoe"), "first_name"));
            assert_eq!((conflict.chosen, &conflict.values), (None, &None));

            assert_eq!(decide(&trip, side).await, Resolution::Decided);
            assert_eq!(waiting(&trip).await[0].chosen, Some(side));
            let (ada, before) = (trip.contact("ada"), trip.section("ada", "profile"));
            let report = trip.delta().await;
            let name = chosen.to_owned();
            assert_eq!(names(&trip), (name.clone(), name), "{api:?} {side:?}: {report:?}");
            let zoe = trip.contact("zoe");
            assert_eq!(
                (zoe.texts["last_name"].as_str(), zoe.texts["job_title"].as_str()),
                ("Newname", "untouched")
            );
            assert_eq!(trip.section("zoe", "profile")["lastName"], "Newname");
            assert_eq!((trip.contact("ada"), trip.section("ada", "profile")), (ada, before));

            assert_eq!(waiting(&trip).await, []);
            assert_eq!(decide(&trip, side).await, Resolution::NoConflict);
            trip.inbound().await;
            let quiet = trip.world.writes();
            trip.full().await;
            trip.inbound().await;
            assert_eq!(trip.world.writes(), quiet, "and nothing more is written");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_who_has_not_decided_is_written_and_they_are_counted_as_held() {
    let trip = in_conflict(Dialect::V3).await;
    let writes = trip.world.writes();
    let report = trip.full().await;
    assert_eq!(report.people.count(Class::Held), 1);
    trip.inbound().await;
    assert_eq!((trip.world.writes(), waiting(&trip).await.len()), (writes, 1));
}

#[tokio::test(start_paused = true)]
async fn a_decision_can_be_changed_until_it_is_carried_out() {
    let trip = in_conflict(Dialect::V3).await;
    decide(&trip, Side::Gigya).await;
    decide(&trip, Side::ConstantContact).await;
    trip.delta().await;
    assert_eq!(names(&trip), ("Contact-Zoe".to_owned(), "Contact-Zoe".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn values_are_shown_only_when_they_are_asked_for() {
    let trip = in_conflict(Dialect::V3).await;
    let services = services(&trip);
    let unshown = words(&listed(&services, false).await.unwrap());
    assert!(!unshown.contains("Zoe"), "{unshown}");
    let conflicts = listed(&services, true).await.unwrap();
    insta::assert_snapshot!(words(&conflicts), @r#"
    UID      FIELD       SINCE                 CHOSEN      GIGYA        CONSTANT CONTACT
    uid-zoe  first_name  2026-11-01 00:36 UTC  nobody yet  "Gigya-Zoe"  "Contact-Zoe"
    "#);
    assert!(!format!("{conflicts:?}").contains("Zoe"), "not even by accident");
}
