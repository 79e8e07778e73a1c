//! Lite accounts: looked up, written, unsubscribed.

use serde_json::Map;
use shared::gigya::{EmailAccountKey, Found};

use super::lite::{all, consent, read, subscribed};
use super::*;

#[tokio::test(start_paused = true)]
async fn a_write_changes_its_leaves_of_the_lite_account_and_is_found_after_the_lag() {
    let world = world(1);
    let key = world.simulator.insert_lite("ada@example.com", subscribed());
    wait(Duration::from_mins(1)).await;
    let patch = Patch::from_leaves([
        (path("profile.city"), json!("Köln")),
        (path("data.tier"), Value::Null),
        (path("profile.email"), json!("ada@example.com")),
    ])
    .unwrap();
    let written = world.client.set_lite_account(&address("ada@example.com"), &patch).await.unwrap();
    assert!(written.at.is_some_and(|at| at > start()));
    let before = world.client.lite_account(&key, &all()).await.unwrap().unwrap();
    assert_eq!(before.text(&path("profile.city")), None, "searches lag");
    wait(Duration::from_secs(2)).await;
    let ada = world.client.lite_account(&key, &all()).await.unwrap().unwrap();
    assert_eq!(ada.text(&path("profile.city")).unwrap(), "Köln");
    assert_eq!(ada.text(&path("profile.firstName")).unwrap(), "Ada");
    assert_eq!(ada.text(&path("data.tier")), None);
    assert!(consent(&ada));
    assert_eq!(ada.last_updated(), written.at);
    assert_eq!(world.simulator.writes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_to_nobody_makes_a_lite_account_so_whoever_writes_looks_first() {
    let world = world(0);
    let nobody = address("nobody@example.com");
    let found = world.client.lite_account_by_address(&nobody, &all()).await.unwrap();
    assert_eq!(found, Found::None);
    let patch = Patch::from_leaves([(path("data.tier"), json!("gold"))]).unwrap();
    world.client.set_lite_account(&nobody, &patch).await.unwrap();
    wait(Duration::from_secs(2)).await;
    let found = world.client.lite_account_by_address(&nobody, &all()).await.unwrap();
    assert!(matches!(found, Found::One(account) if account.is_lite()));
}

#[tokio::test(start_paused = true)]
async fn a_write_beside_a_full_account_reaches_its_subscriptions_and_nothing_else_of_it() {
    let world = world(3);
    let holder = address("PERSON2@example.com");
    let uid = Uid::new("u0002");
    assert_eq!(world.client.lite_account_by_address(&holder, &all()).await.unwrap(), Found::None);
    let patch = Patch::from_leaves([
        (path("data.tier"), json!("platinum")),
        (path("subscriptions.newsletter.email.isSubscribed"), json!(false)),
    ])
    .unwrap();
    world.client.set_lite_account(&holder, &patch).await.unwrap();
    let account = world.client.account(&uid, &all()).await.unwrap().unwrap();
    assert_eq!(account.text(&path("data.tier")).unwrap(), "gold");
    assert!(!consent(&account));
    wait(Duration::from_secs(2)).await;
    assert!(read(&world, &AccountsQuery::lite(&all())).await.is_empty(), "it is no lite account");
    assert_eq!(world.client.lite_account(&uid, &all()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_lite_account_cannot_be_given_another_address() {
    let world = world(0);
    let patch = Patch::from_leaves([(path("profile.email"), json!("other@example.com"))]).unwrap();
    let error =
        world.client.set_lite_account(&address("ada@example.com"), &patch).await.unwrap_err();
    assert!(
        matches!(&error, GigyaError::Unwritable { path, .. } if path.as_str() == "profile.email")
    );
    assert_eq!(error.disposition(), Disposition::Reject);
    assert!(!format!("{error} {error:?}").contains("other@"), "no value is repeated");
    assert_eq!(world.client.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_is_unsubscribed_by_address_or_by_token_and_once_is_enough() {
    let world = world(2);
    world.simulator.switch(|switches| switches.lite_accounts_have_uids = false);
    let newsletter = path("subscriptions.newsletter.email");
    let by_address = world.simulator.insert_lite("ada@example.com", subscribed());
    let by_token = world.simulator.insert_lite("bea@example.com", subscribed());
    wait(Duration::from_mins(1)).await;
    let ada = address("ADA@example.com");
    let token = by_token.lite_token().unwrap();
    let keys = [EmailAccountKey::Address(&ada), EmailAccountKey::Token(&token)];
    let mut first = None;
    for key in keys {
        let written = world.client.unsubscribe(key, &newsletter).await.unwrap();
        first = first.or(written.at);
    }
    wait(Duration::from_mins(1)).await;
    for key in keys {
        world.client.unsubscribe(key, &path("subscriptions.newsletter")).await.unwrap();
    }
    wait(Duration::from_secs(2)).await;
    for key in [&by_address, &by_token] {
        let account = world.client.lite_account(key, &all()).await.unwrap().unwrap();
        let subscription = account.subscription(&newsletter).unwrap();
        assert!(!subscription.is_subscribed);
        let changed_at = subscription.changed_at.unwrap();
        assert!(changed_at.duration_since(first.unwrap()).as_secs() < 1, "only the first time");
        assert_eq!(account.text(&path("data.tier")).unwrap(), "gold");
    }
    let full = address("person0@example.com");
    world.client.unsubscribe(EmailAccountKey::Address(&full), &newsletter).await.unwrap();
    let account = world.client.account(&"u0000".into(), &all()).await.unwrap().unwrap();
    assert!(!consent(&account), "a full account's is shared");
    assert!(!format!("{keys:?}").contains("ADA"));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_made_by_unsubscribing_and_an_unknown_address_is_told() {
    let world = world(1);
    let nobody = address("nobody@example.com");
    let newsletter = path("subscriptions.newsletter");
    let key = EmailAccountKey::Address(&nobody);
    let error = world.client.unsubscribe(key, &newsletter).await.unwrap_err();
    assert!(error.is_unknown_person(), "{error}");
    assert_eq!(error.disposition(), Disposition::Reject);
    assert_eq!((world.simulator.writes(), world.simulator.accounts().len()), (0, 1));
    let error = world.client.unsubscribe(key, &path("subscriptions.unknown")).await.unwrap_err();
    assert!(!error.is_unknown_person());
    assert_eq!(error.disposition(), Disposition::Reject);
    let error = world.client.unsubscribe(key, &path("data.subscribe")).await.unwrap_err();
    assert!(matches!(error, GigyaError::Query { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_a_write_is_written_again_and_what_is_not_permitted_is_not() {
    let world = world(1);
    let key = world.simulator.insert_lite("ada@example.com", subscribed());
    let ada = address("ada@example.com");
    world.simulator.switch(|switches| {
        switches.fail("accounts.importLiteAccount", [Fault::AnswerLost, Fault::Code(503_001)]);
        switches.fail("accounts.unsubscribe", [Fault::AnswerLost, Fault::Code(409_030)]);
    });
    let patch = Patch::from_leaves([(path("data.tier"), json!("silver"))]).unwrap();
    world.client.set_lite_account(&ada, &patch).await.unwrap();
    let newsletter = path("subscriptions.newsletter");
    world.client.unsubscribe(EmailAccountKey::Address(&ada), &newsletter).await.unwrap();
    wait(Duration::from_secs(2)).await;
    let account = world.client.lite_account(&key, &all()).await.unwrap().unwrap();
    assert_eq!(account.text(&path("data.tier")).unwrap(), "silver");
    assert!(!consent(&account));

    world.simulator.switch(|switches| {
        switches.refuse("accounts.importLiteAccount", 403_007);
        switches.refuse("accounts.unsubscribe", 403_036);
    });
    let error = world.client.set_lite_account(&ada, &patch).await.unwrap_err();
    assert!(error.is_forbidden() && !error.is_unknown_person());
    assert_eq!(error.disposition(), Disposition::Halt);
    let key = EmailAccountKey::Address(&ada);
    let error = world.client.unsubscribe(key, &newsletter).await.unwrap_err();
    assert!(error.is_forbidden() && !error.is_unknown_person());
}

#[tokio::test(start_paused = true)]
async fn a_value_of_the_wrong_type_is_refused_for_a_lite_account_too() {
    let world = world(0);
    world.simulator.insert_lite("ada@example.com", Map::new());
    let patch = Patch::from_leaves([(path("profile.birthYear"), json!("nineteen"))]).unwrap();
    let error =
        world.client.set_lite_account(&address("ada@example.com"), &patch).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().fields, [path("profile.birthYear")]);
    assert_eq!(error.disposition(), Disposition::Reject);
    assert_eq!(world.simulator.writes(), 0);
}
