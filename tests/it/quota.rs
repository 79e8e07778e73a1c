//! The day's calls: counted by all functions together, kept for those who leave, and never a reason to lose anybody.

use std::time::Duration;

use sandbox::world::WorldOptions;
use serde_json::json;
use shared::domain::Dialect;
use shared::domain::quota::Quota;
use shared::domain::report::State;

use crate::trip::Trip;

const PEOPLE: [&str; 3] = ["ada", "ben", "cleo"];
const DIALECTS: [Dialect; 2] = [Dialect::V3, Dialect::V2];
/// Of these upload may use 36.
const SMALL_DAY: u32 = 40;

fn with_a_small_day(mut text: String) -> String {
    let heading = "[constant_contact]\n";
    let at = text.find(heading).unwrap() + heading.len();
    text.insert_str(at, &format!("calls_per_day = {SMALL_DAY}\n"));
    text
}

fn in_dialect(api: Dialect, settings: Option<fn(String) -> String>) -> WorldOptions {
    WorldOptions { api, settings, ..WorldOptions::default() }
}

fn quota(trip: &Trip) -> Quota {
    serde_json::from_str(&trip.object("state/quota.json").unwrap()).unwrap()
}

/// Ticks for so long. Answers how many ticks failed.
async fn live(trip: &Trip, hours: u32) -> u32 {
    let mut failed = 0;
    for _ in 0..hours * 12 {
        failed += u32::from(trip.world.tick().await.is_err());
    }
    failed
}

#[tokio::test(start_paused = true)]
async fn a_day_that_somebody_else_has_spent_delays_everybody_and_drops_nobody() {
    for api in DIALECTS {
        let trip = Trip::new(&PEOPLE, in_dialect(api, None));
        trip.world.constant_contact.spend_quota();
        trip.world.export(json!({"scope": "full"})).await.unwrap();
        let run = trip.world.open_run().unwrap();
        let refused = trip.world.constant_contact.refusals().1;
        assert_eq!(live(&trip, 5).await, 0, "{api}: waiting is no failure");
        let probes = trip.world.constant_contact.refusals().1 - refused;
        assert!((4..=7).contains(&probes), "{api}: {probes} calls in five hours to ask again");
        assert!(!trip.is_mailed("ada"), "{api}");

        assert_eq!(live(&trip, 19).await, 0, "{api}: waiting is no failure");
        let report = trip.persist_with(&run).await;
        assert_eq!((report.state, report.people.accepted), (State::Settled, 3), "{api}");
        assert!(PEOPLE.iter().all(|name| trip.is_mailed(name)), "{api}");
    }
}

#[tokio::test(start_paused = true)]
async fn our_own_count_keeps_within_the_day_and_goes_on_with_the_next() {
    for api in DIALECTS {
        let trip = Trip::new(&PEOPLE, in_dialect(api, Some(with_a_small_day)));
        trip.world.constant_contact.switch(|switches| switches.calls_per_day = SMALL_DAY);
        let mut arrived = Vec::new();
        for day in 0..4 {
            trip.world.export(json!({"scope": "delta"})).await.ok();
            for _ in 0..24 * 12 {
                assert!(trip.world.tick().await.is_ok(), "{api}: waiting is no failure");
                assert!(trip.world.constant_contact.calls_today() <= SMALL_DAY, "{api}");
            }
            assert_eq!(trip.world.constant_contact.refusals().1, 0, "{api}: nothing was refused");
            arrived.push(trip.is_mailed("ada"));
            trip.edit("ada", "profile.city", json!(format!("Town {day}")));
        }
        assert_eq!(arrived.last(), Some(&true), "{api}: {arrived:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenth_of_the_day_is_left_for_those_who_leave() {
    for api in DIALECTS {
        let trip = Trip::synced_with(&PEOPLE, in_dialect(api, None)).await;
        trip.edit("ben", "profile.lastName", json!("Newname"));
        trip.unsubscribe("ada");
        let spent = Quota { taken: 9_500, ..quota(&trip) };
        let spent = serde_json::to_vec(&spent).unwrap();
        trip.world.aws.objects().put(sandbox::world::BUCKET, "state/quota.json", spent);
        // What was taken before is used up first.
        let imports = trip.imports();
        trip.pass(Duration::from_mins(1)).await;
        for _ in 0..20 {
            trip.edit("ben", "profile.city", json!("Another"));
            trip.world.export(json!({"scope": "full"})).await.ok();
            trip.inbound().await;
        }
        assert!(!trip.is_subscribed("ada"), "{api}: the opt-out came home");
        assert!(trip.imports() - imports <= 50, "{api}: upload stops at nine tenths");
    }
}

#[tokio::test(start_paused = true)]
async fn upload_and_poll_together_keep_within_the_calls_of_a_second() {
    for api in DIALECTS {
        let trip = Trip::synced_with(&PEOPLE, in_dialect(api, None)).await;
        for turn in 0..6 {
            for name in PEOPLE {
                trip.edit(name, "profile.lastName", json!(format!("Name-{turn}")));
            }
            trip.edit("ben", "profile.email", json!(format!("ben{turn}@example.com")));
            trip.pass(Duration::from_mins(1)).await;
            trip.world.export(json!({"scope": "delta"})).await.ok();
            trip.world.poll(json!({})).await.unwrap();
            let (polled, delivered) =
                tokio::join!(trip.world.poll(json!({"sweep": true})), trip.world.deliver());
            polled.unwrap();
            delivered.unwrap();
            let run = trip.world.open_run();
            if let Some(run) = run {
                trip.persist_with(&run).await;
            }
        }
        assert_eq!(trip.world.constant_contact.refusals(), (0, 0), "{api}");
    }
}
