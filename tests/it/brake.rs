//! The safety brake: too many removals wait until a person has looked, and then the same run makes them.

use operator::release::{INBOUND, Release, release};
use sandbox::people::STORY_BEGINS;
use sandbox::world::{BUCKET, WorldOptions, sync_toml};
use serde_json::json;
use shared::domain::Dialect;
use shared::domain::report::{BrakeReason, Report, State};
use shared::store::Bucket;

use crate::trip::{Trip, account, run_of, with_shared_tier};

/// Two hundred people, of whom a tenth may leave at once.
const PEOPLE: usize = 200;

fn name(n: usize) -> String {
    format!("p{n:03}")
}

/// A world in which they have all arrived.
async fn arrived(api: Dialect) -> Trip {
    arrived_in(WorldOptions { api, ..WorldOptions::default() }).await
}

async fn arrived_in(options: WorldOptions) -> Trip {
    let trip = Trip::new(&[], options);
    trip.world.gigya.seed((0..PEOPLE).map(|n| account(&name(n))));
    let report = trip.full().await;
    assert_eq!((report.people.accepted, report.state), (PEOPLE as u64, State::Settled));
    trip.inbound().await;
    trip
}

async fn let_go(trip: &Trip, run: &str) -> Release {
    let bucket = Bucket::connect(&trip.world.aws.sdk_config(), BUCKET);
    release(run, &bucket, trip.world.now()).await.unwrap()
}

fn mailed(trip: &Trip) -> usize {
    (0..PEOPLE).filter(|n| trip.is_mailed(&name(*n))).count()
}

/// Starts a run and ticks for an hour. Answers its report as it is then.
async fn an_hour_of(trip: &Trip, event: serde_json::Value) -> (String, Report) {
    trip.pass(std::time::Duration::from_mins(1)).await;
    let run = run_of(&trip.world.export(event).await.unwrap());
    for _ in 0..12 {
        trip.world.tick().await.unwrap();
    }
    let report = trip.world.report(&run).unwrap();
    (run, report)
}

#[tokio::test(start_paused = true)]
async fn a_run_that_would_remove_eleven_in_a_hundred_removes_nobody_until_it_is_released() {
    for api in [Dialect::V3, Dialect::V2] {
        let trip = arrived(api).await;
        for n in 0..22 {
            trip.subscribe(&name(n), false);
        }
        trip.edit(&name(50), "profile.lastName", json!("Newname"));
        let (run, report) = an_hour_of(&trip, json!({"scope": "delta"})).await;
        let brake = report.brake.as_ref().unwrap();
        assert_eq!(report.state, State::Braked);
        assert_eq!((brake.reason, brake.removals), (BrakeReason::TooManyRemovals, 22));
        assert_eq!((brake.known, brake.allowed, brake.examples.len()), (200, 20, 10));
        assert_eq!(mailed(&trip), PEOPLE, "nobody was removed");
        assert_eq!(trip.contact(&name(50)).texts["last_name"], "Newname", "updates go on");
        assert!(trip.world.open_run().is_some(), "the run waits");
        assert!(trip.object(&format!("runs/{run}/report.html")).unwrap().contains(&run));

        assert!(matches!(let_go(&trip, &run).await, Release::Released(_)));
        assert!(matches!(let_go(&trip, &run).await, Release::Before(_)));
        let report = trip.persist_with(&run).await;
        assert_eq!((report.state, report.people.removed), (State::Settled, 22));
        assert_eq!(mailed(&trip), PEOPLE - 22);
        let quiet = trip.full().await;
        assert_eq!((quiet.people.unchanged, quiet.brake), (PEOPLE as u64, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenth_may_leave_without_anybody_being_asked() {
    let trip = arrived(Dialect::V3).await;
    for n in 0..20 {
        trip.subscribe(&name(n), false);
    }
    let report = trip.delta().await;
    assert_eq!((report.state, report.brake, mailed(&trip)), (State::Settled, None, PEOPLE - 20));
}

#[tokio::test(start_paused = true)]
async fn an_emptied_site_at_gigya_is_no_reason_to_believe_that_everybody_left() {
    let trip = arrived(Dialect::V3).await;
    for n in 0..PEOPLE {
        trip.world.gigya.delete_untold(&crate::trip::uid(&name(n)));
    }
    let (run, report) = an_hour_of(&trip, json!({"scope": "full"})).await;
    let brake = report.brake.as_ref().unwrap();
    assert_eq!((report.state, brake.reason), (State::Braked, BrakeReason::NobodyFound));
    assert_eq!(mailed(&trip), PEOPLE);
    let_go(&trip, &run).await;
    assert_eq!(trip.persist_with(&run).await.state, State::Settled);
}

#[tokio::test(start_paused = true)]
async fn an_emptied_list_opts_nobody_out_until_a_person_has_looked() {
    for api in [Dialect::V3, Dialect::V2] {
        let trip = arrived(api).await;
        let lists = trip.world.lists.clone();
        for person in trip.world.constant_contact.contacts() {
            for list in [&lists.newsletter, &lists.emea] {
                trip.world.constant_contact.leave_list(&person.id, list);
            }
        }
        let subscribed =
            |trip: &Trip| (0..PEOPLE).filter(|n| trip.is_subscribed(&name(*n))).count();
        let before = trip.world.writes();
        trip.world.poll(json!({"sweep": true})).await.unwrap();
        assert_eq!(subscribed(&trip), PEOPLE, "nobody is opted out");
        // And nobody is put back on the lists meanwhile, since the inbound read is not through.
        trip.edit(&name(1), "profile.lastName", json!("Newname"));
        trip.pass(std::time::Duration::from_hours(1)).await;
        let run = run_of(&trip.world.export(json!({"scope": "delta"})).await.unwrap());
        for _ in 0..6 {
            trip.world.tick().await.unwrap();
        }
        assert_eq!(trip.world.writes(), before, "{api:?}");
        assert_eq!(trip.world.open_run().as_deref(), Some(run.as_str()));

        let Release::Released(brake) = let_go(&trip, INBOUND).await else { panic!() };
        assert_eq!((brake.removals, brake.known), (PEOPLE as u64, PEOPLE as u64));
        trip.world.poll(json!({"sweep": true})).await.unwrap();
        trip.persist_with(&run).await;
        assert_eq!(subscribed(&trip), 0);
        assert_eq!(mailed(&trip), 0);
        assert_eq!(let_go(&trip, INBOUND).await, Release::NotPulled);
    }
}

/// A field that an owner deletes and makes anew, or whose name another one has now, looks emptied by everybody.
#[tokio::test(start_paused = true)]
async fn a_field_that_is_made_anew_empties_nobody_until_a_person_has_looked() {
    for is_meant in [false, true] {
        let options = WorldOptions {
            settings: Some(|text| with_shared_tier(&text)),
            ..WorldOptions::default()
        };
        let mut trip = arrived_in(options).await;
        let tier = |trip: &Trip, n| trip.section(&name(n), "data")["loyalty"]["tier"].clone();
        let with_tier = |trip: &Trip| (0..PEOPLE).filter(|n| tier(trip, *n).is_string()).count();
        assert_eq!(with_tier(&trip), PEOPLE);
        let tenant = trip.world.constant_contact.clone();
        let is_tier = |(_, name): &(String, String)| name == "loyalty_tier";
        let (id, _) = tenant.custom_fields().into_iter().find(is_tier).unwrap();
        tenant.rename_custom_field(&id, "Level");
        let anew = tenant.add_custom_field("loyalty_tier");
        trip.world.start_cold();
        trip.pass(std::time::Duration::from_hours(24)).await;
        let writes = trip.world.writes();
        trip.world.poll(json!({"sweep": true})).await.unwrap();
        assert_eq!((with_tier(&trip), trip.world.writes()), (PEOPLE, writes), "nothing comes home");

        if is_meant {
            let Release::Released(brake) = let_go(&trip, INBOUND).await else { panic!() };
            assert_eq!(brake.removals, PEOPLE as u64);
            trip.world.poll(json!({"sweep": true})).await.unwrap();
            assert_eq!(with_tier(&trip), 0);
        } else {
            // What Gigya has is right: it owns the field until everybody has the value again.
            trip.world.configure(sync_toml(&trip.world.lists, None));
            trip.world.poll(json!({"sweep": true})).await.unwrap();
            trip.full().await;
            assert_eq!(let_go(&trip, INBOUND).await, Release::NotPulled);
            assert_eq!(with_tier(&trip), PEOPLE);
            let filled = |n: &usize| trip.contact(&name(*n)).custom.contains_key(&anew);
            assert_eq!((0..PEOPLE).filter(filled).count(), PEOPLE);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_brake_that_nobody_releases_ends_with_a_failed_run_and_is_pulled_again_by_the_next() {
    let trip = arrived(Dialect::V3).await;
    assert!(trip.world.now() > STORY_BEGINS);
    for n in 0..30 {
        trip.subscribe(&name(n), false);
    }
    let (run, _) = an_hour_of(&trip, json!({"scope": "delta"})).await;
    trip.pass(std::time::Duration::from_hours(25)).await;
    assert_eq!(trip.persist_with(&run).await.state, State::Failed);
    let (next, report) = an_hour_of(&trip, json!({"scope": "delta"})).await;
    assert_ne!(run, next);
    assert_eq!((report.state, mailed(&trip)), (State::Braked, PEOPLE));
}
