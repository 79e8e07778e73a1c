//! The brake of erasures: more accounts gone at once than a person would expect are not erased without asking.

use operator::release::{ERASURE, Release, release};
use shared::domain::brake::Pulled;
use shared::store::{Bucket, keys};

use super::*;
use crate::trip::account;

/// Two hundred people, of whom a tenth may go at once.
const MANY: usize = 200;

fn name(n: usize) -> String {
    format!("p{n:03}")
}

async fn arrived(api: Dialect) -> Trip {
    let trip = Trip::new(&[], WorldOptions { api, ..WorldOptions::default() });
    trip.world.gigya.seed((0..MANY).map(|n| account(&name(n))));
    trip.full().await;
    trip.inbound().await;
    trip
}

fn mailed(trip: &Trip) -> usize {
    (0..MANY).filter(|n| trip.is_mailed(&name(*n))).count()
}

fn pulled(trip: &Trip) -> Option<Pulled> {
    serde_json::from_str(&trip.object(keys::ERASURE_BRAKE)?).unwrap()
}

async fn let_go(trip: &Trip) -> Release {
    let bucket = Bucket::connect(&trip.world.aws.sdk_config(), BUCKET);
    release(ERASURE, &bucket, trip.world.now()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn twenty_two_of_two_hundred_deleted_at_once_wait_until_a_person_has_looked() {
    for api in [Dialect::V3, Dialect::V2] {
        let trip = arrived(api).await;
        assert_eq!(let_go(&trip).await, Release::NotPulled);
        for n in 0..22 {
            assert!(trip.world.gigya.delete(&uid(&name(n))));
        }
        log_is_read(&trip).await;
        let brake = pulled(&trip).unwrap().brake;
        assert_eq!((brake.removals, brake.known, brake.allowed), (22, 200, 20));
        assert_eq!(brake.examples.len(), 10);
        assert_eq!(mailed(&trip), MANY, "{api:?}: nobody was erased");
        log_is_read(&trip).await;
        assert_eq!(mailed(&trip), MANY, "{api:?}: it stays pulled");

        let Release::Released(brake) = let_go(&trip).await else { panic!() };
        assert_eq!(brake.removals, 22);
        trip.inbound().await;
        assert_eq!(mailed(&trip), MANY - 22, "{api:?}");
        for n in 0..22 {
            assert_nothing_is_kept_of(&trip, &name(n));
        }
        assert_eq!((pulled(&trip), let_go(&trip).await), (None, Release::NotPulled));
        assert_quiet(&trip).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenth_may_go_without_anybody_being_asked() {
    let trip = arrived(Dialect::V3).await;
    for n in 0..20 {
        assert!(trip.world.gigya.delete(&uid(&name(n))));
    }
    log_is_read(&trip).await;
    assert_eq!((pulled(&trip), mailed(&trip)), (None, MANY - 20));
}

#[tokio::test(start_paused = true)]
async fn a_site_that_shows_nobody_is_not_one_that_everybody_left() {
    let trip = arrived(Dialect::V3).await;
    for n in 0..MANY {
        assert!(trip.world.gigya.delete_untold(&uid(&name(n))));
    }
    sweep(&trip).await;
    let brake = pulled(&trip).unwrap().brake;
    assert_eq!((brake.removals, brake.known, brake.examples.len()), (200, 200, 10));
    assert_eq!(mailed(&trip), MANY);
    sweep(&trip).await;
    assert_eq!(mailed(&trip), MANY, "another sweep shows the same");

    assert!(matches!(let_go(&trip).await, Release::Released(_)));
    trip.inbound().await;
    assert_eq!((mailed(&trip), pulled(&trip)), (0, None));
}

#[tokio::test(start_paused = true)]
async fn the_only_one_there_is_does_not_go_without_asking_either() {
    let trip = Trip::synced(&["ada"]).await;
    assert!(trip.world.gigya.delete_untold(&uid("ada")));
    sweep(&trip).await;
    assert!(pulled(&trip).is_some() && trip.is_mailed("ada"));
    assert!(matches!(let_go(&trip).await, Release::Released(_)));
    trip.inbound().await;
    assert!(!trip.is_mailed("ada"));
}

#[tokio::test(start_paused = true)]
async fn a_brake_lets_go_by_itself_once_everybody_is_there_again() {
    let trip = arrived(Dialect::V3).await;
    let accounts = trip.world.gigya.accounts();
    for account in accounts.iter().take(30) {
        assert!(trip.world.gigya.delete_untold(account.uid()));
    }
    sweep(&trip).await;
    assert!(pulled(&trip).is_some());
    let restored = accounts.iter().take(30).cloned();
    trip.world.gigya.seed(restored.map(|account| serde_json::Value::Object(account.into())));
    sweep(&trip).await;
    assert_eq!((pulled(&trip), mailed(&trip)), (None, MANY));
}
