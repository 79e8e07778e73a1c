//! `resubscribe = "ask"`: whoever unsubscribed and opts in anew at Gigya is asked by Constant Contact, once, and is back when
//! they confirm.

use std::time::Duration;

use sandbox::world::WorldOptions;
use serde_json::json;
use shared::domain::agreed::Departure;
use shared::domain::evidence::Source;
use shared::domain::plan::Reason;
use shared::domain::report::{Report, State};

use super::ways::agreed;
use super::with_consent;
use crate::trip::Trip;

async fn asking() -> Trip {
    let settings: fn(String) -> String = |text| with_consent(&text, "resubscribe = \"ask\"");
    let options = WorldOptions { settings: Some(settings), ..WorldOptions::default() };
    Trip::synced_with(&["ada", "ben"], options).await
}

/// The next day, with what came home before it and after it.
async fn a_day_later(trip: &Trip) -> Report {
    trip.pass(Duration::from_hours(24)).await;
    trip.inbound().await;
    let report = trip.full().await;
    trip.inbound().await;
    assert_eq!(report.state, State::Settled);
    report
}

/// Ada unsubscribed, and opts in anew at Gigya a day later.
async fn opted_in_anew() -> Trip {
    let trip = asking().await;
    trip.unsubscribe("ada");
    a_day_later(&trip).await;
    assert!(!trip.is_subscribed("ada"));
    trip.subscribe("ada", true);
    trip
}

fn asked(trip: &Trip) -> u32 {
    trip.contact("ada").asked
}

fn confirms(trip: &Trip) {
    assert!(trip.world.constant_contact.confirm(&trip.contact("ada").id));
}

#[tokio::test(start_paused = true)]
async fn who_opts_in_anew_is_asked_once_and_back_when_they_confirm() {
    let trip = opted_in_anew().await;
    let report = a_day_later(&trip).await;
    assert_eq!((asked(&trip), report.leaving.of(Reason::Asks)), (1, 1));
    assert!(!trip.is_mailed("ada"), "asked is not back");
    assert!(trip.is_subscribed("ada"));
    let report = a_day_later(&trip).await;
    assert_eq!((asked(&trip), report.leaving.of(Reason::Asked)), (1, 1));

    confirms(&trip);
    trip.edit("ada", "profile.lastName", json!("Newname"));
    a_day_later(&trip).await;
    assert!(trip.is_mailed("ada") && trip.is_subscribed("ada"));
    assert_eq!(trip.contact("ada").texts["last_name"], "Newname");
    let agreed = agreed(&trip).await;
    assert_eq!(agreed.left, None);
    assert_eq!(agreed.evidence.map(|evidence| evidence.source), Some(Source::ConstantContact));
    let writes = trip.world.writes();
    a_day_later(&trip).await;
    assert_eq!(trip.world.writes(), writes, "quiet again");
}

#[tokio::test(start_paused = true)]
async fn who_withdrew_at_gigya_and_opts_in_anew_is_asked_too() {
    let trip = asking().await;
    trip.subscribe("ada", false);
    a_day_later(&trip).await;
    assert!(trip.contact("ada").is_unsubscribed());
    trip.subscribe("ada", true);
    a_day_later(&trip).await;
    assert_eq!(asked(&trip), 1);
    confirms(&trip);
    a_day_later(&trip).await;
    assert!(trip.is_mailed("ada") && trip.is_subscribed("ada"));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_confirm_is_neither_mailed_nor_asked_again() {
    let trip = opted_in_anew().await;
    for name in ["Anew", "Bnew", "Cnew"] {
        a_day_later(&trip).await;
        trip.edit("ada", "profile.lastName", json!(name));
    }
    assert_eq!(asked(&trip), 1);
    assert!(!trip.is_mailed("ada"));
    let left = agreed(&trip).await.left;
    assert_eq!(left.map(|left| left.kind), Some(Departure::Unsubscribed));
}

#[tokio::test(start_paused = true)]
async fn who_withdraws_at_gigya_while_asked_is_back_if_they_confirm_after_that() {
    let trip = opted_in_anew().await;
    a_day_later(&trip).await;
    trip.subscribe("ada", false);
    a_day_later(&trip).await;
    assert!(!trip.is_mailed("ada"));
    confirms(&trip);
    a_day_later(&trip).await;
    assert!(trip.is_mailed("ada"), "the confirmation is the newer act");
    assert!(!trip.is_subscribed("ada"), "and Gigya's word is the customer's to ask for");
    trip.subscribe("ada", true);
    a_day_later(&trip).await;
    trip.subscribe("ada", false);
    a_day_later(&trip).await;
    assert!(trip.contact("ada").is_unsubscribed(), "the withdrawal is the newer act");
}

#[tokio::test(start_paused = true)]
async fn who_confirms_and_unsubscribes_again_says_no_at_gigya_and_a_second_question_that_is_refused_harms_nothing()
 {
    let trip = opted_in_anew().await;
    a_day_later(&trip).await;
    confirms(&trip);
    // Between two reads, so that nobody has seen that she was back.
    trip.pass(Duration::from_secs(1)).await;
    trip.unsubscribe("ada");
    a_day_later(&trip).await;
    assert!(!trip.is_subscribed("ada"));
    assert!(!trip.is_mailed("ada"));
    trip.subscribe("ada", true);
    a_day_later(&trip).await;
    a_day_later(&trip).await;
    assert_eq!(asked(&trip), 1, "Constant Contact asks once");
    assert!(trip.contact("ada").is_unsubscribed());
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_who_did_not_opt_in_anew() {
    let trip = asking().await;
    trip.unsubscribe("ada");
    a_day_later(&trip).await;
    trip.edit("ada", "profile.lastName", json!("Newname"));
    a_day_later(&trip).await;
    assert_eq!(asked(&trip), 0);
    assert!(trip.contact("ada").is_unsubscribed());
}
