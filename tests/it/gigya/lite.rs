//! Lite accounts: read by their own time, upgraded.

use serde_json::Map;
use shared::domain::Account;

use super::*;

pub(super) fn sections(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}

pub(super) fn subscribed() -> Map<String, Value> {
    sections(json!({"profile": {"firstName": "Ada"}, "data": {"tier": "gold"},
                    "subscriptions": {"newsletter": {"email": {"isSubscribed": true}}}}))
}

pub(super) fn all() -> BTreeSet<Path> {
    paths(&["profile.firstName", "profile.city", "data.tier", "subscriptions.newsletter.email"])
}

pub(super) async fn read(world: &World, query: &AccountsQuery) -> Vec<Account> {
    let mut page = world.client.search(query).await.unwrap();
    let mut accounts = std::mem::take(&mut page.accounts);
    while let Some(cursor) = page.next {
        page = world.client.next(&cursor).await.unwrap();
        accounts.append(&mut page.accounts);
    }
    accounts
}

pub(super) fn consent(account: &Account) -> bool {
    account.subscription(&path("subscriptions.newsletter.email")).unwrap().is_subscribed
}

#[tokio::test(start_paused = true)]
async fn lite_accounts_are_found_where_they_are_with_or_without_a_uid() {
    for has_uids in [true, false] {
        let world = world(5);
        world.simulator.switch(|switches| switches.lite_accounts_have_uids = has_uids);
        let key = world.simulator.insert_lite("Ada@example.com", subscribed());
        assert_eq!(key.lite_token().is_none(), has_uids);
        assert!(read(&world, &AccountsQuery::lite(&all())).await.is_empty(), "the index lags");
        wait(Duration::from_secs(2)).await;
        let accounts = read(&world, &AccountsQuery::lite(&all())).await;
        let [ada] = accounts.as_slice() else { panic!("one lite account") };
        assert_eq!(ada.uid(), &key);
        assert!(ada.is_lite() && consent(ada));
        assert_eq!(ada.text(&path("profile.email")).unwrap(), "Ada@example.com");
        assert_eq!(ada.text(&path("data.tier")).unwrap(), "gold");
        assert_eq!(ada.last_updated(), Some(start()));
        let full = read(&world, &everybody()).await;
        assert_eq!(full.len(), 5, "FROM accounts has full ones alone");
        assert!(full.iter().all(|account| !account.is_lite()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_delta_of_lite_accounts_holds_both_of_its_ends_and_every_kind_of_change() {
    let world = world(2);
    let edited = world.simulator.insert_lite("edited@example.com", subscribed());
    let left = world.simulator.insert_lite("left@example.com", subscribed());
    world.simulator.insert_lite("still@example.com", subscribed());
    wait(Duration::from_mins(1)).await;
    let mark = start() + jiff::SignedDuration::from_mins(1);
    assert!(world.simulator.edit(&edited, |fields| fields["profile"]["city"] = json!("Bonn")));
    assert!(world.simulator.subscribe(&left, &path("subscriptions.newsletter"), false));
    wait(Duration::from_mins(1)).await;
    world.simulator.insert_lite("new@example.com", subscribed());
    wait(Duration::from_mins(1)).await;
    let query = AccountsQuery::lite(&all()).updated_from(mark).updated_to(mark);
    let accounts = read(&world, &query).await;
    let uids: BTreeSet<&Uid> = accounts.iter().map(Account::uid).collect();
    assert_eq!(uids, [&edited, &left].into());
    assert!(accounts.iter().all(|account| query.time_of(account) == Some(mark)));
    let query = AccountsQuery::lite(&all()).updated_from(mark);
    assert_eq!(read(&world, &query.only_where("data.tier = 'gold'").unwrap()).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn thousands_of_lite_accounts_of_one_millisecond_are_all_read() {
    let world = world(3);
    world.simulator.switch(|switches| {
        switches.lite_accounts_have_uids = false;
        switches.short_pages = true;
        switches.repeats_across_pages = true;
    });
    for n in 0..2_500 {
        world.simulator.insert_lite(&format!("lite{n}@example.com"), Map::new());
    }
    wait(Duration::from_secs(2)).await;
    let query = AccountsQuery::lite(&all()).updated_from(start()).page_accounts(1_000);
    let accounts = read(&world, &query).await;
    let uids: BTreeSet<&Uid> = accounts.iter().map(Account::uid).collect();
    assert_eq!(uids.len(), 2_500);
    assert!(accounts.len() > 2_500, "some came twice");
    assert!(accounts.iter().all(|account| account.last_updated() == Some(start())));
}

#[tokio::test(start_paused = true)]
async fn a_cursor_of_email_accounts_dies_like_any_other() {
    let world = world(25);
    let query = AccountsQuery::email_accounts(&all()).page_accounts(10);
    let page = world.client.search(&query).await.unwrap();
    assert_eq!((page.accounts.len(), page.total), (10, Some(25)));
    wait(Duration::from_secs(301)).await;
    let error = world.client.next(&page.next.unwrap()).await.unwrap_err();
    assert!(matches!(error, GigyaError::CursorLost { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn whoever_upgrades_is_a_full_account_with_all_that_the_lite_one_held() {
    for (has_uids, to) in [(true, "_same_"), (true, "new-1"), (false, "new-1")] {
        let world = world(0);
        world.simulator.switch(|switches| switches.lite_accounts_have_uids = has_uids);
        let lite = world.simulator.insert_lite("ada@example.com", subscribed());
        let uid = if to == "_same_" { lite.clone() } else { to.into() };
        wait(Duration::from_mins(1)).await;
        assert!(world.simulator.upgrade(&lite, &uid));
        assert!(!world.simulator.upgrade(&"nobody".into(), &uid));
        wait(Duration::from_secs(2)).await;
        assert!(read(&world, &AccountsQuery::lite(&all())).await.is_empty());
        let full = read(&world, &AccountsQuery::everybody(&all())).await;
        let uids: Vec<&Uid> = full.iter().map(Account::uid).collect();
        assert_eq!(uids, [&uid]);
        let account = world.client.account(&uid, &all()).await.unwrap().unwrap();
        assert_eq!(account.text(&path("profile.firstName")).unwrap(), "Ada");
        assert!(consent(&account) && !account.is_lite());
        let query = AccountsQuery::email_accounts(&all());
        let shown = read(&world, &query).await;
        assert_eq!(shown.len(), 1, "one address, one entry");
        assert_eq!((shown[0].uid(), shown[0].is_lite()), (&uid, false));
        assert_eq!(shown[0].flag(&path("hasLiteAccount")), Some(true));
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_registers_with_the_address_of_a_lite_account_takes_it_over() {
    let world = world(0);
    world.simulator.insert_lite("ada@example.com", subscribed());
    wait(Duration::from_mins(1)).await;
    world.simulator.insert(json!({"UID": "u1", "isRegistered": true,
        "profile": {"email": "ADA@example.com", "firstName": "Augusta"}}));
    wait(Duration::from_secs(2)).await;
    let account = world.client.account(&"u1".into(), &all()).await.unwrap().unwrap();
    assert_eq!(account.text(&path("profile.firstName")).unwrap(), "Augusta", "what they say now");
    assert_eq!(account.text(&path("data.tier")).unwrap(), "gold", "what they said before");
    assert!(consent(&account));
    assert!(read(&world, &AccountsQuery::lite(&all())).await.is_empty());
    assert_eq!(world.simulator.accounts().len(), 1);
}
