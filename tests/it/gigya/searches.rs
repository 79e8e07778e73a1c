//! Searches of full accounts, page by page.

use tokio::time::Instant;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_search_is_read_to_its_end_in_order_and_without_subscriptions() {
    let world = world(25);
    let page = world.client.search(&everybody()).await.unwrap();
    assert_eq!((page.total, page.without_uid), (Some(25), 0));
    let first = &page.accounts[0];
    assert_eq!(first.text(&path("profile.email")).unwrap(), "person0@example.com");
    assert_eq!(first.last_updated(), Timestamp::from_second(1_700_000_000).ok());
    assert!(first.is_registered() && first.is_active());
    assert!(!first.fields().contains_key("subscriptions"), "FROM accounts has none");
    assert_eq!(first.text(&path("profile.city")), None, "only what is asked for");
    let (sizes, uids) = read_to_the_end(&world.client, &everybody()).await;
    assert_eq!((sizes, uids), (vec![10, 10, 5], names(0..25)));
    assert_eq!(world.client.calls(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_short_or_empty_is_not_the_last_one() {
    let world = world(25);
    world.simulator.switch(|switches| {
        switches.short_pages = true;
        switches.empty_pages = true;
    });
    let (sizes, uids) = read_to_the_end(&world.client, &everybody()).await;
    assert_eq!(uids, names(0..25));
    assert_eq!(sizes, [5, 0, 5, 0, 5, 0, 5, 0, 5, 0]);
}

#[tokio::test(start_paused = true)]
async fn somebody_may_come_twice_and_nobody_is_missing() {
    let world = world(25);
    world.simulator.switch(|switches| switches.repeats_across_pages = true);
    let (sizes, mut uids) = read_to_the_end(&world.client, &everybody()).await;
    assert_eq!(sizes, [10, 11, 6]);
    uids.dedup();
    assert_eq!(uids, names(0..25));
}

#[tokio::test(start_paused = true)]
async fn the_same_cursor_gives_the_same_page_and_is_replayed_after_a_failure() {
    let world = world(25);
    let first = world.client.search(&everybody()).await.unwrap();
    let cursor = first.next.unwrap();
    let second = world.client.next(&cursor).await.unwrap();
    let faults = [Fault::AnswerLost, Fault::Html, Fault::Cut, Fault::Code(403_048)];
    world.simulator.switch(|switches| switches.fail("accounts.search", faults));
    let again = world.client.next(&cursor).await.unwrap();
    assert_eq!(again.accounts, second.accounts);
    assert_eq!(world.client.calls(), 1 + 1 + 5);
}

async fn next_error(client: &Gigya, cursor: &Cursor) -> GigyaError {
    client.next(cursor).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn a_lost_cursor_is_tried_twice_and_then_told_from_every_other_error() {
    let world = world(25);
    let cursor = world.client.search(&everybody()).await.unwrap().next.unwrap();
    world.simulator.lose_cursors();
    let error = next_error(&world.client, &cursor).await;
    assert!(matches!(error, GigyaError::CursorLost { .. }), "{error}");
    assert_eq!(error.disposition(), Disposition::Retry { after: None });
    assert_eq!(world.client.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_lives_five_idle_minutes_and_no_longer() {
    let world = world(35);
    let cursor = world.client.search(&everybody()).await.unwrap().next.unwrap();
    wait(Duration::from_secs(299)).await;
    let cursor = world.client.next(&cursor).await.unwrap().next.unwrap();
    wait(Duration::from_secs(301)).await;
    let error = next_error(&world.client, &cursor).await;
    assert!(matches!(error, GigyaError::CursorLost { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_delta_holds_both_of_its_ends_and_the_customers_condition() {
    let world = world(25);
    let at = |n: i64| Timestamp::from_second(1_700_000_000 + n).unwrap();
    let query = everybody().updated_from(at(5)).updated_to(at(9));
    let (_, uids) = read_to_the_end(&world.client, &query).await;
    assert_eq!(uids, names(5..10));
    let query =
        query.only_where("data.tier = \"gold\" OR profile.city CONTAINS 'nowhere'").unwrap();
    let (_, uids) = read_to_the_end(&world.client, &query).await;
    assert_eq!(uids, ["u0006", "u0008"]);
}

#[tokio::test(start_paused = true)]
async fn a_query_that_gigya_does_not_understand_halts() {
    let world = world(1);
    let query = everybody().only_where("profile.email > \"a\"").unwrap();
    let error = world.client.search(&query).await.unwrap_err();
    assert_eq!(error.refusal().map(|refusal| refusal.code), Some(400_006));
    assert_eq!(error.disposition(), Disposition::Halt);
}

#[tokio::test(start_paused = true)]
async fn searches_keep_their_own_pace() {
    let world = world(25);
    let begun = Instant::now();
    read_to_the_end(&world.client, &everybody()).await;
    read_to_the_end(&world.client, &everybody()).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(1), "six searches at five a second");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_accounts_are_read_in_reasonable_time() {
    let world = world(100_000);
    let begun = std::time::Instant::now();
    let query = everybody().updated_from(Timestamp::from_second(1_700_000_000 + 99_000).unwrap());
    let (_, uids) = read_to_the_end(&world.client, &query.page_accounts(1_000)).await;
    assert_eq!(uids.len(), 1_000);
    let (sizes, _) = read_to_the_end(&world.client, &everybody().page_accounts(1_000)).await;
    assert_eq!(sizes, [1_000; 100]);
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn subscriptions_are_read_for_any_number_of_people_in_slices() {
    let world = world(450);
    world.simulator.seed([json!({"UID": "no-address", "profile": {}})]);
    world.simulator.switch(|switches| switches.short_pages = true);
    let mut uids: Vec<Uid> = (0..450).map(|n| Uid::new(format!("u{n:04}"))).collect();
    uids.push("no-address".into());
    let newsletter = path("subscriptions.newsletter.email");
    let found = world.client.subscriptions_of(&uids, &newsletter).await.unwrap();
    assert_eq!(found.len(), 450);
    assert_eq!(found[&Uid::new("u0002")], json!({"newsletter": {"email": {"isSubscribed": true}}}));
    assert_eq!(found[&Uid::new("u0003")]["newsletter"]["email"]["isSubscribed"], false);
    assert_eq!(world.client.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_leaves_somebody_out_is_made_again_and_is_no_answer_in_the_end() {
    let world = world(10);
    let query = AccountsQuery::of(&["u0001".into(), "u0002".into()], &paths(&[])).unwrap();
    for short_pages in [false, true] {
        world.simulator.switch(|all| {
            all.short_pages = short_pages;
            all.repeats_across_pages = short_pages;
            all.fail("accounts.search", vec![Fault::LeavesOut(1); 2]);
        });
        let found = world.client.look_up(&query).await.unwrap();
        assert_eq!(found.len(), 2);
    }
    world.simulator.switch(|all| all.fail("accounts.search", vec![Fault::LeavesOut(1); 3]));
    let error = world.client.look_up(&query).await.unwrap_err();
    assert!(matches!(error, GigyaError::LeftOut { shown: 1, total: 2, .. }), "{error}");
    assert_eq!(error.disposition(), Disposition::Retry { after: None });
}

#[tokio::test(start_paused = true)]
async fn gigya_counts_what_a_search_finds() {
    let world = world(25);
    assert_eq!(world.client.count(&everybody()).await.unwrap(), Some(25));
    let none = everybody().updated_to(Timestamp::UNIX_EPOCH);
    assert_eq!(world.client.count(&none).await.unwrap(), Some(0));
}
