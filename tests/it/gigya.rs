//! The real client of Gigya against the simulated one, over the in-process wire and under a paused clock.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use sandbox::gigya::{CLOCK_SECONDS_MAX, Fault, Gigya as Simulator, Keys};
use serde_json::{Value, json};
use shared::domain::{Dispose, Disposition, EmailAddress, Patch, Path, Secret, Uid};
use shared::gigya::{
    AccountsQuery, Credentials, Cursor, Endpoint, Found, Gigya, GigyaError, Paces, Page, Site,
};
use shared::http::call::wait;
use shared::invocation::Clock;
use tokio::time::Instant;

fn start() -> Timestamp {
    "2026-11-23T04:50:00Z".parse().unwrap()
}

fn paths(texts: &[&str]) -> BTreeSet<Path> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

fn address(text: &str) -> EmailAddress {
    text.parse().unwrap()
}

/// Person `n` of a crowd, changed `n` seconds into a day long gone; thus in the order of their numbers.
fn person(n: usize) -> Value {
    json!({
        "UID": format!("u{n:04}"), "isRegistered": true, "isActive": true,
        "lastUpdatedTimestamp": 1_700_000_000_000_i64 + i64::try_from(n).unwrap() * 1_000,
        "profile": {"email": format!("person{n}@example.com"), "firstName": "Zoë", "city": "Köln"},
        "data": {"tier": if n.is_multiple_of(2) { "gold" } else { "silver" }},
        "subscriptions": {"newsletter": {"email": {"isSubscribed": n.is_multiple_of(2)}}},
    })
}

struct World {
    simulator: Arc<Simulator>,
    client: Gigya,
}

fn client(simulator: &Arc<Simulator>, credentials: Credentials, clock: Clock) -> Gigya {
    let site = Site {
        endpoint: Endpoint::data_center("eu1.gigya.com").unwrap(),
        api_key: simulator.keys().api_key.clone(),
    };
    Gigya::connect(site, credentials, Arc::clone(simulator) as _, Paces::default(), clock.reader())
}

fn signed(keys: &Keys) -> Credentials {
    Credentials::signed(keys.user_key.as_str(), &Secret::new(keys.secret.as_str())).unwrap()
}

fn world(people: usize) -> World {
    let clock = Clock::starting_at(start());
    let simulator = Arc::new(Simulator::new(Keys::default(), clock));
    simulator.seed((0..people).map(person));
    let client = client(&simulator, signed(simulator.keys()), clock);
    World { simulator, client }
}

fn everybody() -> AccountsQuery {
    AccountsQuery::everybody(&paths(&["profile.email", "subscriptions.newsletter.email"]))
        .page_accounts(10)
}

/// Reads to the end: the sizes of the pages, and the UIDs.
async fn read_to_the_end(client: &Gigya, query: &AccountsQuery) -> (Vec<usize>, Vec<String>) {
    let (mut sizes, mut uids) = (Vec::new(), Vec::new());
    let mut page = client.search(query).await.unwrap();
    loop {
        sizes.push(page.accounts.len());
        uids.extend(page.accounts.iter().map(|account| account.uid().to_string()));
        let Some(cursor) = page.next else { return (sizes, uids) };
        page = client.next(&cursor).await.unwrap();
    }
}

fn names(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| format!("u{n:04}")).collect()
}

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
async fn a_write_is_read_at_once_and_found_by_searches_after_their_lag() {
    let world = world(3);
    let patch = Patch::from_leaves([(path("data.tier"), json!("platinum"))]).unwrap();
    let written = world.client.set_account(&"u0001".into(), &patch).await.unwrap();
    assert!(written.at.is_some_and(|at| at >= start()));
    let account = world.client.account(&"u0001".into(), &paths(&["data.tier"])).await.unwrap();
    assert_eq!(account.unwrap().text(&path("data.tier")).unwrap(), "platinum");
    let query = everybody().updated_from(start());
    assert!(world.client.search(&query).await.unwrap().accounts.is_empty());
    wait(Duration::from_secs(1)).await;
    let (_, uids) = read_to_the_end(&world.client, &query).await;
    assert_eq!(uids, ["u0001"]);
}

#[tokio::test(start_paused = true)]
async fn a_patch_changes_its_leaves_and_leaves_the_rest_alone() {
    let world = world(1);
    let uid = Uid::new("u0000");
    let patch = Patch::from_leaves([
        (path("profile.firstName"), json!("Söhne & <b>Co</b>")),
        (path("profile.city"), Value::Null),
        (path("data.loyalty.points"), json!(3)),
        (path("subscriptions.newsletter.email.isSubscribed"), json!(false)),
        (path("subscriptions.newsletter.email.tags"), json!(["constant-contact"])),
    ])
    .unwrap();
    world.client.set_account(&uid, &patch).await.unwrap();
    let all = paths(&["profile.city", "data", "subscriptions.newsletter"]);
    let account = world.client.account(&uid, &all).await.unwrap().unwrap();
    assert_eq!(
        account.fields()["profile"],
        json!({"email": "person0@example.com", "firstName": "Söhne &amp; Co"})
    );
    assert_eq!(account.fields()["data"], json!({"tier": "gold", "loyalty": {"points": 3}}));
    let subscription = account.subscription(&path("subscriptions.newsletter.email")).unwrap();
    assert!(!subscription.is_subscribed);
    assert!(subscription.changed_at.is_some_and(|at| at >= start()));
    assert!(account.last_updated().is_some_and(|at| at >= start()));
    assert!(!account.fields().contains_key("errorCode"), "the envelope is not the account");
    assert_eq!(world.simulator.writes(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_person_is_nobody_and_cannot_be_written() {
    let world = world(1);
    let nobody = Uid::new("_guid_a+b/c=");
    assert_eq!(world.client.account(&nobody, &paths(&[])).await.unwrap(), None);
    let patch = Patch::from_leaves([(path("data.tier"), json!("gold"))]).unwrap();
    let error = world.client.set_account(&nobody, &patch).await.unwrap_err();
    assert!(error.is_unknown_person());
    assert_eq!(error.disposition(), Disposition::Reject);
    assert_eq!(world.simulator.writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_value_of_the_wrong_type_is_refused_with_the_name_of_its_field() {
    let world = world(1);
    let patch = Patch::from_leaves([(path("profile.birthYear"), json!("nineteen"))]).unwrap();
    let error = world.client.set_account(&"u0000".into(), &patch).await.unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!(
        (refusal.code, refusal.fields.as_slice()),
        (400_009, &[path("profile.birthYear")][..])
    );
    assert_eq!(error.disposition(), Disposition::Reject);
    assert!(!format!("{error} {error:?}").contains("nineteen"), "no value is repeated");
}

fn bearer() -> (Keys, Credentials) {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----\\n",
        STANDARD.encode(der.as_ref())
    );
    let keys = Keys { public_key: Some(key.public_key().as_ref().to_vec()), ..Keys::default() };
    let credentials = Credentials::bearer(keys.user_key.as_str(), &Secret::new(pem)).unwrap();
    (keys, credentials)
}

#[tokio::test(start_paused = true)]
async fn every_form_of_proof_is_accepted() {
    let (keys, bearer) = bearer();
    let secret = Secret::new(keys.secret.as_str());
    let plain = Credentials::secret(keys.user_key.as_str(), secret).unwrap();
    for credentials in [plain, signed(&keys), bearer] {
        let clock = Clock::starting_at(start());
        let simulator = Arc::new(Simulator::new(keys.clone(), clock));
        simulator.seed([person(0)]);
        let form = format!("{credentials:?}");
        let client = client(&simulator, credentials, clock);
        for _ in 0..3 {
            let account = client.account(&"u0000".into(), &paths(&[])).await.unwrap();
            assert!(account.is_some(), "{form}");
        }
        assert_eq!(client.calls(), 3, "{form}: no nonce is used twice");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_halts_at_once() {
    let (keys, _) = bearer();
    let (_, stranger) = bearer();
    let wrong = Secret::new("d3Jvbmc=");
    let user_key = keys.user_key.as_str();
    let cases = [
        (Credentials::secret(user_key, wrong.clone()).unwrap(), 403_010),
        (Credentials::signed(user_key, &wrong).unwrap(), 403_003),
        (Credentials::secret("nobody", wrong).unwrap(), 403_005),
        (stranger, 403_003),
    ];
    for (credentials, code) in cases {
        let clock = Clock::starting_at(start());
        let simulator = Arc::new(Simulator::new(keys.clone(), clock));
        let client = client(&simulator, credentials, clock);
        let error = client.account(&"u0000".into(), &paths(&[])).await.unwrap_err();
        assert_eq!(error.refusal().map(|refusal| refusal.code), Some(code));
        assert_eq!(error.disposition(), Disposition::Halt, "{error}");
        assert_eq!(client.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_is_put_right_once_and_stays_right() {
    let (keys, bearer) = bearer();
    for credentials in [signed(&keys), bearer] {
        let off = SignedDuration::from_secs(CLOCK_SECONDS_MAX * 5);
        let simulator = Arc::new(Simulator::new(keys.clone(), Clock::starting_at(start() + off)));
        simulator.seed([person(0)]);
        let client = client(&simulator, credentials, Clock::starting_at(start()));
        assert!(client.account(&"u0000".into(), &paths(&[])).await.unwrap().is_some());
        assert_eq!(client.calls(), 2);
        assert!(client.account(&"u0000".into(), &paths(&[])).await.unwrap().is_some());
        assert_eq!(client.calls(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_nonce_that_was_used_is_renewed_once_without_waiting() {
    let world = world(1);
    let faults = [Fault::Code(403_004)];
    world.simulator.switch(|switches| switches.fail("accounts.getAccountInfo", faults));
    let begun = Instant::now();
    assert!(world.client.account(&"u0000".into(), &paths(&[])).await.unwrap().is_some());
    assert_eq!(world.client.calls(), 2);
    assert!(begun.elapsed() < Duration::from_millis(100), "only the pace");
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_waited_for_and_what_does_not_is_given_up() {
    let world = world(1);
    let fail = |fault: Fault, times: usize| {
        let faults = vec![fault; times];
        world.simulator.switch(|switches| switches.fail("accounts.getAccountInfo", faults));
    };
    let nobody = paths(&[]);
    for (fault, seconds) in [
        (Fault::Html, 0.5),
        (Fault::Lost, 0.5),
        (Fault::Code(500_001), 0.5),
        (Fault::Code(409_030), 5.0),
        (Fault::Code(503_001), 60.0),
    ] {
        fail(fault, 1);
        let begun = Instant::now();
        assert!(world.client.account(&"u0000".into(), &nobody).await.unwrap().is_some());
        let waited = begun.elapsed().as_secs_f64();
        assert!((seconds..seconds + 0.2).contains(&waited), "{fault:?} {waited}");
    }
    fail(Fault::Html, 6);
    let error = world.client.account(&"u0000".into(), &nobody).await.unwrap_err();
    assert!(matches!(error, GigyaError::Unreadable { status: 502, .. }), "{error}");
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
async fn an_address_leads_to_nobody_one_or_several() {
    let world = world(10);
    world.simulator.seed([
        json!({"UID": "mailed", "profile": {"email": "Shared@Example.com"}}),
        json!({"UID": "logs-in", "profile": {"email": "other@example.com"},
               "loginIDs": {"emails": ["shared@example.com", "login@example.com"]}}),
        json!({"UID": "twin-1", "profile": {"email": "twin@example.com"}}),
        json!({"UID": "twin-2", "profile": {"email": "TWIN@example.com"}}),
    ]);
    let find = async |text| world.client.account_by_address(&address(text)).await.unwrap();
    assert_eq!(find("nobody@example.com").await, Found::None);
    let Found::One(account) = find("PERSON3@example.com").await else { panic!("one") };
    assert_eq!(account.uid().as_str(), "u0003");
    let Found::One(account) = find("shared@example.com").await else { panic!("one") };
    assert_eq!(account.uid().as_str(), "mailed", "who is mailed there comes before who logs in");
    let Found::One(account) = find("login@example.com").await else { panic!("one") };
    assert_eq!(account.uid().as_str(), "logs-in");
    let twins = vec!["twin-1".into(), "twin-2".into()];
    assert_eq!(find("twin@example.com").await, Found::Several(twins));
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
async fn people_change_their_minds_on_the_site_and_leave_it() {
    let world = world(3);
    let uid = Uid::new("u0001");
    assert!(world.simulator.subscribe(&uid, &path("subscriptions.newsletter"), true));
    assert!(world.simulator.edit(&uid, |fields| fields["profile"]["city"] = json!("Bonn")));
    assert!(world.simulator.delete(&"u0002".into()));
    world.simulator.insert(json!({"UID": "new", "profile": {"email": "new@example.com"}}));
    wait(Duration::from_secs(2)).await;
    let account = world.client.account(&uid, &paths(&["subscriptions"])).await.unwrap().unwrap();
    assert_eq!(account.text(&path("profile.city")).unwrap(), "Bonn");
    let subscription = account.subscription(&path("subscriptions.newsletter")).unwrap();
    assert_eq!((subscription.is_subscribed, subscription.changed_at), (true, Some(start())));
    let (_, uids) = read_to_the_end(&world.client, &everybody()).await;
    assert_eq!(uids, ["u0000", "new", "u0001"]);
    assert_eq!(world.simulator.accounts().len(), 3);
    assert_eq!(world.simulator.writes(), 0, "people do not use the API");
}

#[tokio::test(start_paused = true)]
async fn the_schema_tells_fields_from_typing_errors() {
    let world = world(0);
    let schema = world.client.schema().await.unwrap();
    assert!(schema.field(&path("profile.zip")).unwrap().is_encrypted);
    assert!(schema.knows(&path("profile.phones")) && !schema.knows(&path("profile.frstName")));
    let newsletter = schema.subscription(&path("subscriptions.newsletter.email")).unwrap();
    assert!(!newsletter.double_opt_in && schema.creates_data_fields);
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

#[tokio::test]
async fn gigya_answers_on_loopback_too() {
    let clock = Clock::System;
    let simulator = Arc::new(Simulator::new(Keys::default(), clock));
    simulator.seed([person(0)]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/gigya", listener.local_addr().unwrap());
    let server = tokio::spawn(Arc::clone(&simulator).serve(listener));
    let site = Site {
        endpoint: Endpoint::base(&base).unwrap(),
        api_key: simulator.keys().api_key.clone(),
    };
    let network = Arc::new(shared::http::Network::connect().unwrap());
    let credentials = signed(simulator.keys());
    let client = Gigya::connect(site, credentials, network, Paces::default(), clock.reader());
    let Page { accounts, next, .. } = client.search(&everybody()).await.unwrap();
    assert_eq!((accounts.len(), next), (1, None));
    server.abort();
}
