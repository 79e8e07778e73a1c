//! What a condition says about an item, and what an item shows of itself.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Condition, Field, Literal, Operator, Select};

/// What can be searched: an account, an email account, an entry of the audit log.
pub(in crate::gigya) trait Shown {
    /// The value of a top-level field.
    fn top(&self, name: &str) -> Option<Cow<'_, Value>>;

    /// The top-level fields that `SELECT *` shows.
    fn names(&self) -> Vec<&str>;
}

pub(in crate::gigya) fn meets(shown: &impl Shown, condition: &Condition) -> bool {
    match condition {
        Condition::And(parts) => parts.iter().all(|part| meets(shown, part)),
        Condition::Or(parts) => parts.iter().any(|part| meets(shown, part)),
        Condition::Not(part) => !meets(shown, part),
        Condition::Compare { field, operator: Operator::NotEqual, value } => {
            !has(shown, field, |found| compare(found, value) == Some(Ordering::Equal))
        }
        Condition::Compare { field, operator, value } => {
            has(shown, field, |found| compare(found, value).is_some_and(|o| holds(*operator, o)))
        }
        Condition::In { field, values } => has(shown, field, |found| {
            values.iter().any(|value| compare(found, value) == Some(Ordering::Equal))
        }),
        Condition::Contains { field, value } => {
            let encrypted = field.is_encrypted();
            has(shown, field, |found| contains(found, value, encrypted))
        }
        Condition::IsNull { field } => !has(shown, field, |found| !found.is_null()),
    }
}

/// Whether a value at the field, lists flattened, is so.
fn has(shown: &impl Shown, field: &Field, is_so: impl Fn(&Value) -> bool) -> bool {
    let Some((first, rest)) = field.0.split_first() else { return false };
    shown.top(first).is_some_and(|value| any_at(&value, rest, &is_so))
}

/// What items are sorted by.
pub(in crate::gigya) fn key(shown: &impl Shown, field: &Field) -> Key {
    let first = field.0.split_first().and_then(|(first, rest)| {
        let value = shown.top(first)?;
        find_at(&value, rest).cloned()
    });
    match first {
        Some(Value::Number(number)) => match number.as_i64() {
            Some(whole) => Key::Whole(whole),
            None => Key::Text(number.to_string()),
        },
        Some(Value::String(text)) => Key::Text(text),
        Some(Value::Bool(flag)) => Key::Whole(flag.into()),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => Key::Nothing,
    }
}

/// What rows are sorted by: those without a value come first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::gigya) enum Key {
    Nothing,
    Whole(i64),
    Text(String),
}

/// Milliseconds and `Z`, as Gigya writes times.
pub(in crate::gigya) fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// The item as the search shows it; empty fields are left out.
pub(in crate::gigya) fn project(shown: &impl Shown, select: &Select) -> Value {
    let mut fields = Map::new();
    match select {
        Select::Count => {}
        Select::All => {
            for name in shown.names() {
                if let Some(value) = shown.top(name) {
                    fields.insert(name.to_owned(), value.into_owned());
                }
            }
        }
        Select::Fields(selected) => {
            for selected in selected {
                let Some((first, rest)) = selected.field.0.split_first() else { continue };
                let Some(value) = shown.top(first) else { continue };
                let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
                copy(&value, first, &rest, selected.alias.as_deref(), &mut fields);
            }
        }
    }
    Value::Object(fields)
}

fn copy(
    value: &Value,
    name: &str,
    rest: &[&str],
    alias: Option<&str>,
    to: &mut Map<String, Value>,
) {
    match (value, rest) {
        (Value::Null, _) => {}
        (_, []) => {
            to.insert(alias.unwrap_or(name).to_owned(), value.clone());
        }
        (Value::Object(fields), _) => {
            for taken in 1..=rest.len() {
                let key = rest[..taken].join(".");
                let Some(inner) = fields.get(&key) else { continue };
                let slot = to.entry(name).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(slot) = slot {
                    copy(inner, &key, &rest[taken..], alias, slot);
                }
                return;
            }
        }
        (Value::Array(items), _) => {
            let slot = to.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            let Value::Array(slots) = slot else { return };
            slots.resize(items.len(), Value::Object(Map::new()));
            for (item, slot) in items.iter().zip(slots) {
                let mut inner = Map::new();
                copy(item, "", rest, alias, &mut inner);
                if let (Some(Value::Object(inner)), Value::Object(slot)) = (inner.remove(""), slot)
                {
                    slot.extend(inner);
                }
            }
        }
        (Value::Bool(_) | Value::Number(_) | Value::String(_), _) => {}
    }
}

fn any_at(value: &Value, steps: &[String], is_so: &impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| any_at(item, steps, is_so)),
        Value::Object(fields) => {
            (1..=steps.len()).any(|taken| {
                let inner = match &steps[..taken] {
                    [one] => fields.get(one),
                    many => fields.get(&many.join(".")),
                };
                inner.is_some_and(|inner| any_at(inner, &steps[taken..], is_so))
            }) || (steps.is_empty() && is_so(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            steps.is_empty() && is_so(value)
        }
    }
}

/// The value at the steps; several steps may be one key, as a subscription's id with dots is.
fn find_at<'a>(value: &'a Value, steps: &[String]) -> Option<&'a Value> {
    if steps.is_empty() {
        return Some(value);
    }
    (1..=steps.len()).find_map(|taken| {
        let inner = value.get(steps[..taken].join("."))?;
        find_at(inner, &steps[taken..])
    })
}

fn compare(found: &Value, value: &Literal) -> Option<Ordering> {
    match (found, value) {
        (Value::String(found), Literal::Text(value)) => Some(found.as_str().cmp(value.as_str())),
        (Value::Number(found), Literal::Number(value)) => found.as_f64()?.partial_cmp(value),
        (Value::Bool(found), Literal::Flag(value)) => Some(found.cmp(value)),
        _ => None,
    }
}

fn holds(operator: Operator, ordering: Ordering) -> bool {
    match operator {
        Operator::Equal => ordering.is_eq(),
        Operator::NotEqual => ordering.is_ne(),
        Operator::Less => ordering.is_lt(),
        Operator::LessOrEqual => ordering.is_le(),
        Operator::Greater => ordering.is_gt(),
        Operator::GreaterOrEqual => ordering.is_ge(),
    }
}

/// Encrypted: the whole value, case apart. Else whole words of an analysed text, in which `_` and `@` divide; that is
/// how a search for an address finds the neighbours of that address too.
fn contains(found: &Value, value: &Literal, encrypted: bool) -> bool {
    let (Value::String(found), Literal::Text(value)) = (found, value) else {
        return compare(found, value) == Some(Ordering::Equal);
    };
    let (found, value) = (found.to_lowercase(), value.to_lowercase());
    if encrypted {
        return found == value;
    }
    let words = |text: &str| -> Vec<String> {
        let parts = text.split(|c: char| !c.is_alphanumeric());
        parts.filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect()
    };
    let (found, value) = (words(&found), words(&value));
    !value.is_empty() && found.windows(value.len()).any(|window| window == value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use std::sync::Arc;

    use super::super::{Query, Row};
    use super::*;

    fn row() -> Row {
        let account = json!({
            "UID": "u1", "isActive": true, "lastUpdated": "2024-05-01T00:00:00.000Z",
            "profile": {"email": "Zoe@example.com", "city": "Bad Neuenahr-Ahrweiler", "age": 40,
                        "phones": [{"type": "home", "number": "1"}, {"number": "2"}]},
            "data": {"tags": ["red", "blue"]},
            "subscriptions": {"jun4th.a001": {"email": {"isSubscribed": true}}},
        });
        Row {
            uid: "u1".into(),
            account: Arc::new(account),
            lite: None,
            updated: 5,
            email_updated: 7,
        }
    }

    fn met(source: &str, condition: &str) -> bool {
        let text = format!("SELECT UID FROM {source} WHERE {condition}");
        let query = Query::parse(&text).unwrap();
        meets(&row().seen_from(query.source), &query.condition.unwrap())
    }

    fn shown(select: &str, source: &str) -> Value {
        let query = Query::parse(&format!("SELECT {select} FROM {source}")).unwrap();
        project(&row().seen_from(query.source), &query.select)
    }

    #[test]
    fn conditions_hold_as_gigya_documents_them() {
        for condition in [
            "isActive = true AND profile.age >= 40 AND profile.age < 41",
            "profile.email CONTAINS \"zoe@EXAMPLE.com\"",
            "profile.city contains 'ahrweiler'",
            "data.tags CONTAINS \"blue\" and data.tags in ('green', 'red')",
            "profile.phones.number = \"2\"",
            "profile.nickname IS NULL AND profile.city IS NOT NULL",
            "NOT profile.age = 41 AND profile.age != 41",
            "lastUpdated >= \"2024-04-30\"",
            "profile.age = 0 AND isActive = true OR UID = \"u1\"",
        ] {
            assert!(met("accounts", condition), "{condition}");
        }
        for condition in [
            "profile.email = \"zoe@example.com\"",
            "profile.email CONTAINS \"zoe\"",
            "profile.city CONTAINS \"Neuen\"",
            "profile.age = \"40\"",
            "subscriptions.jun4th.a001.email.isSubscribed = true",
        ] {
            assert!(!met("accounts", condition), "{condition}");
        }
        assert!(met("emailAccounts", "subscriptions.jun4th.a001.email.isSubscribed = true"));
        assert!(met("emailAccounts", "hasFullAccount = true AND lastUpdatedTimestamp = 7"));
    }

    #[test]
    fn a_row_shows_subtrees_aliases_and_lists_and_hides_its_subscriptions() {
        assert_eq!(
            shown("UID, profile.city AS town, profile.phones.number, subscriptions", "accounts"),
            json!({"UID": "u1", "profile": {"town": "Bad Neuenahr-Ahrweiler",
                   "phones": [{"number": "1"}, {"number": "2"}]}})
        );
        assert_eq!(
            shown("subscriptions.jun4th.a001, lastUpdatedTimestamp, isActive", "emailAccounts"),
            json!({"subscriptions": {"jun4th.a001": {"email": {"isSubscribed": true}}},
                   "lastUpdatedTimestamp": 7})
        );
        assert!(shown("*", "accounts").get("subscriptions").is_none());
    }

    #[test]
    fn encrypted_fields_are_neither_sorted_nor_ranged() {
        for text in [
            "SELECT UID FROM accounts ORDER BY profile.email",
            "SELECT UID FROM accounts WHERE a = 1 OR NOT (profile.zip > \"1\")",
        ] {
            assert!(Query::parse(text).is_err(), "{text}");
        }
    }
}
