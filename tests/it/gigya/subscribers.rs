//! Whoever subscribed or unsubscribed since a mark, by the subscription's own time.

use jiff::SignedDuration;
use shared::domain::Account;

use super::*;

fn subscribers() -> AccountsQuery {
    AccountsQuery::subscribers(&path("subscriptions.newsletter"), &paths(&["data.tier"])).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

async fn changed(world: &World, query: &AccountsQuery) -> Vec<Account> {
    let mut page = world.client.search(query).await.unwrap();
    let mut accounts = std::mem::take(&mut page.accounts);
    while let Some(cursor) = page.next {
        page = world.client.next(&cursor).await.unwrap();
        accounts.append(&mut page.accounts);
    }
    accounts
}

#[tokio::test(start_paused = true)]
async fn a_changed_subscription_is_found_even_where_it_moves_no_time_of_the_account() {
    let world = world(6);
    world.simulator.switch(|switches| switches.subscription_moves_account = false);
    let newsletter = path("subscriptions.newsletter");
    wait(Duration::from_secs(10)).await;
    let lite = world.simulator.insert_lite("ada@example.com", serde_json::Map::new());
    assert!(world.simulator.subscribe(&"u0002".into(), &newsletter, false));
    wait(Duration::from_secs(10)).await;
    assert!(world.simulator.subscribe(&lite, &newsletter, true));
    assert!(world.simulator.subscribe(&"u0004".into(), &newsletter, true), "they already are");
    assert!(world.simulator.edit(&"u0005".into(), |fields| fields["data"]["tier"] = json!("x")));
    assert!(world.simulator.subscribe(&"u0003".into(), &newsletter, true));
    assert!(changed(&world, &subscribers().updated_from(at(20))).await.is_empty(), "the lag");
    wait(Duration::from_secs(2)).await;

    let query = subscribers().updated_from(at(10));
    let found = changed(&world, &query).await;
    let uids: Vec<&str> = found.iter().map(|account| account.uid().as_str()).collect();
    assert_eq!(uids[0], "u0002", "the oldest first");
    let later: BTreeSet<&str> = uids[1..].iter().copied().collect();
    assert_eq!(later, ["u0003", lite.as_str()].into());
    let times: Vec<i64> =
        found.iter().map(|a| query.time_of(a).unwrap().duration_since(start()).as_secs()).collect();
    assert_eq!(times, [10, 20, 20]);
    assert_eq!(found.iter().filter(|account| account.is_lite()).count(), 1);
    let closed = subscribers().updated_from(at(10)).updated_to(at(10));
    assert_eq!(changed(&world, &closed).await.len(), 1, "both ends are held");

    let by_account = everybody().updated_from(at(0));
    let (_, uids) = read_to_the_end(&world.client, &by_account).await;
    assert_eq!(uids, ["u0005"], "the clock of full accounts alone misses them");
    let by_email_account = AccountsQuery::email_accounts(&paths(&[])).updated_from(at(0));
    let everybody: BTreeSet<String> =
        changed(&world, &by_email_account).await.iter().map(|a| a.uid().to_string()).collect();
    assert_eq!(everybody.len(), 5, "the documented clock misses nobody, and finds others too");
}

#[tokio::test(start_paused = true)]
async fn thousands_who_were_subscribed_in_one_millisecond_are_all_read() {
    let world = world(2_500);
    world.simulator.switch(|switches| switches.short_pages = true);
    for n in 0..2_500_usize {
        let uid = Uid::new(format!("u{n:04}"));
        let path = path("subscriptions.newsletter.email");
        assert!(world.simulator.subscribe(&uid, &path, !n.is_multiple_of(2)));
    }
    wait(Duration::from_secs(2)).await;
    let query = subscribers().updated_from(at(0)).page_accounts(1_000);
    let (sizes, uids) = read_to_the_end(&world.client, &query).await;
    assert_eq!(sizes, [500; 5]);
    assert_eq!(uids.iter().collect::<BTreeSet<_>>().len(), 2_500);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_whose_id_holds_dots_has_its_clock_too() {
    let world = world(0);
    for (uid, time) in [("a", "2026-11-22T00:00:00.000Z"), ("b", "2026-11-20T00:00:00.000Z")] {
        world.simulator.seed([json!({
            "UID": uid, "profile": {"email": format!("{uid}@example.com")},
            "subscriptions": {"pets.dogs": {"email":
                {"isSubscribed": true, "lastUpdatedSubscriptionState": time}}},
        })]);
    }
    let query = AccountsQuery::subscribers(&path("subscriptions.pets.dogs"), &paths(&[])).unwrap();
    let uids = |accounts: Vec<Account>| -> Vec<String> {
        accounts.iter().map(|account| account.uid().to_string()).collect()
    };
    assert_eq!(uids(changed(&world, &query).await), ["b", "a"]);
    let query = query.updated_from("2026-11-21T00:00:00Z".parse().unwrap());
    assert_eq!(uids(changed(&world, &query).await), ["a"]);
}
