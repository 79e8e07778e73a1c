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
    let query = holders_of(&"o'neil@example.com".parse().unwrap()).unwrap();
    assert!(query.contains("profile.email = \"o'neil@example.com\" OR "));
    assert!(query.contains("loginIDs.emails CONTAINS \"o'neil@example.com\""));
}
