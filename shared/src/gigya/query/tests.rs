//! What a query says, and what cannot be said in one.

use super::*;

fn paths(texts: &[&str]) -> BTreeSet<Path> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn a_delta_asks_for_its_window_and_the_customers_condition_in_parentheses() {
    let at = |ms| Timestamp::from_millisecond(ms).unwrap();
    let query = AccountsQuery::everybody(&paths(&[
        "profile.email",
        "subscriptions.newsletter.email",
        "UID",
    ]))
    .updated_from(at(1_699_900_000_000))
    .updated_to(at(1_700_000_000_000))
    .only_where("data.a = 1 OR data.b = \"x OR y\"")
    .unwrap()
    .page_accounts(5_000);
    assert_eq!(
        query.text(),
        "SELECT UID, lastUpdatedTimestamp, lastUpdated, isRegistered, isActive, profile.email \
         FROM accounts WHERE lastUpdatedTimestamp >= 1699900000000 \
         AND lastUpdatedTimestamp <= 1700000000000 AND (data.a = 1 OR data.b = \"x OR y\") \
         ORDER BY lastUpdatedTimestamp LIMIT 1000"
    );
}

#[test]
fn a_look_up_names_its_people_and_no_more_than_it_may() {
    let query = AccountsQuery::of(&["_guid_a+b/c=".into(), "u2".into()], &paths(&[])).unwrap();
    assert!(query.text().contains(r#"WHERE UID IN ("_guid_a+b/c=", "u2") ORDER BY"#));
    let many: Vec<Uid> = (0..=LOOKUP_UIDS_MAX).map(|n| Uid::new(n.to_string())).collect();
    assert_eq!(
        AccountsQuery::of(&many, &paths(&[])),
        Err(QueryError::TooManyUids { count: LOOKUP_UIDS_MAX + 1 })
    );
    assert_eq!(AccountsQuery::of(&[], &paths(&[])), Err(QueryError::Nobody));
}

#[test]
fn a_value_that_could_end_its_quotes_is_refused() {
    for uid in ["a\"b", "a\\", "a\nb", ""] {
        assert_eq!(AccountsQuery::of(&[uid.into()], &paths(&[])), Err(QueryError::Value));
    }
}

#[test]
fn a_condition_is_a_condition_and_nothing_more() {
    let check = |text| AccountsQuery::everybody(&paths(&[])).only_where(text);
    for text in [
        "data.member = true",
        "data.city IN (\"Köln\", 'Bonn') AND NOT (data.x = 1)",
        "data.limit = 3",
        "data.note = \"ORDER BY name) OR (1=1\"",
    ] {
        assert!(check(text).is_ok(), "{text}");
    }
    for text in [
        " ",
        "a = 1) OR (b = 2",
        "a = \"x",
        "(a = 1",
        "a = 1 ORDER BY b",
        "a = 1 limit 3",
        "a = 1)LIMIT(3",
        "a = \"\\\"",
        "a = 1; b",
    ] {
        assert!(matches!(check(text), Err(QueryError::Condition { .. })), "{text}");
    }
}

#[test]
fn an_address_is_looked_for_wherever_gigya_keeps_one() {
    let query = holders_of(&["o'neil@example.com".parse().unwrap()]).unwrap();
    assert!(query.contains("profile.email = \"o'neil@example.com\" OR "));
    assert!(query.contains("loginIDs.emails CONTAINS \"o'neil@example.com\""));
}

const EMAIL_ACCOUNT_FIELDS: &str = "UID, token, hasFullAccount, hasLiteAccount, \
                                    lastUpdatedTimestamp, lastUpdated, profile.email";

#[test]
fn lite_accounts_are_asked_for_where_they_are_and_with_their_subscriptions() {
    let from = Timestamp::from_millisecond(1_699_900_000_000).unwrap();
    let query = AccountsQuery::lite(&paths(&["profile.email", "subscriptions.news.email"]))
        .updated_from(from)
        .only_where("data.member = true")
        .unwrap();
    assert_eq!(
        query.text(),
        format!(
            "SELECT {EMAIL_ACCOUNT_FIELDS}, subscriptions.news.email FROM emailAccounts \
             WHERE hasLiteAccount = true AND hasFullAccount = false \
             AND lastUpdatedTimestamp >= 1699900000000 AND (data.member = true) \
             ORDER BY lastUpdatedTimestamp LIMIT 500"
        )
    );
    let everybody = AccountsQuery::email_accounts(&paths(&[])).text();
    assert_eq!(
        everybody,
        format!(
            "SELECT {EMAIL_ACCOUNT_FIELDS} FROM emailAccounts ORDER BY lastUpdatedTimestamp LIMIT 500"
        )
    );
}

#[test]
fn a_subscription_has_its_own_clock_which_is_text() {
    let at = |text: &str| text.parse().unwrap();
    let subscribers = |path: &str, selected: &[&str]| {
        AccountsQuery::subscribers(&path.parse().unwrap(), &paths(selected)).map(|query| {
            query
                .updated_from(at("2026-11-23T04:50:00.0079Z"))
                .updated_to(at("2026-11-23T05:00:00Z"))
        })
    };
    let query =
        subscribers("subscriptions.news", &["subscriptions.news.email.isSubscribed"]).unwrap();
    assert_eq!(
        query.text(),
        format!(
            "SELECT {EMAIL_ACCOUNT_FIELDS}, subscriptions.news.email FROM emailAccounts \
             WHERE subscriptions.news.email.lastUpdatedSubscriptionState >= \"2026-11-23T04:50:00.007Z\" \
             AND subscriptions.news.email.lastUpdatedSubscriptionState <= \"2026-11-23T05:00:00.000Z\" \
             ORDER BY subscriptions.news.email.lastUpdatedSubscriptionState LIMIT 500"
        )
    );
    let account = Account::from_json(serde_json::json!({
        "UID": "u1", "lastUpdatedTimestamp": 1_700_000_000_000_i64, "subscriptions": {"news": {"email":
        {"isSubscribed": true, "lastUpdatedSubscriptionState": "2026-11-23T04:55:00.000Z"}}},
    }))
    .unwrap();
    assert_eq!(query.time_of(&account), Some(at("2026-11-23T04:55:00Z")));
    let lite = AccountsQuery::lite(&paths(&[]));
    assert_eq!(lite.time_of(&account), account.last_updated());
    for wrong in ["data.subscribe", "subscriptions", "subscriptions.email"] {
        let refused = subscribers(wrong, &[]);
        assert!(matches!(refused, Err(QueryError::NoSubscription { .. })), "{wrong}");
    }
}

#[test]
fn a_subscription_is_named_without_its_section_and_its_channel() {
    let id = |text: &str| subscription_id(&text.parse().unwrap());
    assert_eq!(id("subscriptions.newsletter.email").unwrap(), "newsletter");
    assert_eq!(id("subscriptions.newsletter").unwrap(), "newsletter");
    assert_eq!(id("subscriptions.news.commercial.email").unwrap(), "news.commercial");
    assert!(id("data.subscribe").is_err());
}

#[test]
fn lite_keys_are_looked_up_by_token_and_uids_by_uid() {
    let of = |uids: &[Uid]| AccountsQuery::email_accounts_of(uids, &paths(&[])).unwrap().text();
    assert!(of(&["u1".into()]).contains("WHERE UID IN (\"u1\") ORDER"));
    assert!(of(&[Uid::of_lite("7f")]).contains("WHERE token IN (\"7f\") ORDER"));
    assert!(
        of(&[Uid::of_lite("7f"), "u1".into()])
            .contains("WHERE (UID IN (\"u1\") OR token IN (\"7f\")) ORDER")
    );
    let quote = AccountsQuery::email_accounts_of(&[Uid::of_lite("7\"")], &paths(&[]));
    assert_eq!(quote, Err(QueryError::Value));
}

#[test]
fn a_condition_on_full_accounts_is_refused_where_it_would_match_nobody() {
    let lite = |text| AccountsQuery::lite(&paths(&[])).only_where(text);
    for text in
        ["isRegistered = true", "data.a = 1 AND(isActive=true)", "NOT emails.verified = 'x'"]
    {
        assert!(matches!(lite(text), Err(QueryError::Condition { .. })), "{text}");
        assert!(AccountsQuery::everybody(&paths(&[])).only_where(text).is_ok(), "{text}");
    }
    for text in ["data.isActive = true", "profile.city = \"isRegistered\"", "data.emails = 1"] {
        assert!(lite(text).is_ok(), "{text}");
    }
}
