//! A tick that erases, killed once at each call to AWS that it makes.

use super::*;
use crate::trip::killer::Killer;

/// After so long the lease of a killed invocation is dead.
const DEAD: Duration = Duration::from_mins(20);

/// How somebody goes.
#[derive(Debug, Clone, Copy)]
enum Way {
    Deleted,
    /// Another account has the address.
    Inherited,
}

/// Erases with a kill after so many calls; answers whether there was one.
async fn killed_after(calls: i64, way: Way) -> bool {
    let story = format!("{way:?}, killed after {calls} calls");
    let killer = Killer::new();
    let options = WorldOptions { before: Some(killer.before()), ..WorldOptions::default() };
    let trip = Trip::synced_with(&["ada", "ben"], options).await;
    if matches!(way, Way::Inherited) {
        trip.register("eve", |eve| eve["profile"]["email"] = json!(address("ada")));
        trip.delta().await;
    }
    assert!(trip.world.gigya.delete(&uid("ada")));
    trip.pass(NEXT_LOG).await;
    killer.aim(calls);
    let ended = killer.watch(trip.world.poll(json!({}))).await;
    killer.rest();
    let was_killed = ended.is_none();
    trip.pass(DEAD).await;
    trip.inbound().await;
    trip.inbound().await;
    match way {
        Way::Deleted => assert!(has_left(&trip, "ada", Dialect::V3), "{story}"),
        Way::Inherited => assert!(trip.is_mailed("eve"), "{story}"),
    }
    assert!(trip.is_mailed("ben") && trip.is_subscribed("ben"), "{story}");
    let asked = [uid("ada").to_string(), "First-ada".to_owned()];
    assert_eq!(objects_with(&trip, &asked), Vec::<String>::new(), "{story}");
    trip.full().await;
    let before = trip.world.writes();
    trip.full().await;
    trip.inbound().await;
    assert_eq!(trip.world.writes(), before, "{story}");
    was_killed
}

/// Every so-many-th call is killed in a test of every day; together with the ignored one, every call is.
const STRIDE: i64 = 7;

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_call_of_an_erasing_tick_leaves_nobody_half_erased() {
    for (way, begin) in [(Way::Deleted, 1), (Way::Inherited, 4)] {
        let mut calls = begin;
        while killed_after(calls, way).await {
            calls += STRIDE;
        }
        assert!(calls > 30, "{way:?}: the tick made {calls} calls only");
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "takes minutes; run it after a change to poll or to the store"]
async fn a_kill_at_every_call_of_an_erasing_tick_leaves_nobody_half_erased() {
    for way in [Way::Deleted, Way::Inherited] {
        let mut calls = 0;
        while killed_after(calls, way).await {
            calls += 1;
        }
    }
}
