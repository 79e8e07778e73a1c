//! One account: read, looked up, written; and the schema.

use shared::gigya::{Found, Page};

use super::*;

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
