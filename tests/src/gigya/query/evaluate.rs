//! What a condition says about a row, and what a row shows of itself.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Condition, Field, Literal, Operator, Select, Source};

/// One account as the index holds it.
#[derive(Debug, Clone)]
pub(in crate::gigya) struct Row {
    pub(in crate::gigya) uid: Arc<str>,
    pub(in crate::gigya) account: Arc<Value>,
    /// `lastUpdatedTimestamp` of the account.
    pub(in crate::gigya) updated: i64,
    /// `lastUpdatedTimestamp` of its email account, which moves with subscriptions too.
    pub(in crate::gigya) email_updated: i64,
}

/// What an email account shares with its account; subscriptions, which `FROM accounts` hides, are among it.
const SHARED: [&str; 7] =
    ["UID", "profile", "data", "subscriptions", "created", "createdTimestamp", "locale"];

/// What only an email account has.
const EMAIL_ONLY: [&str; 7] = [
    "email",
    "token",
    "hasFullAccount",
    "hasLiteAccount",
    "channel",
    "lastUpdated",
    "lastUpdatedTimestamp",
];

impl Row {
    pub(in crate::gigya) fn address(&self) -> Option<&str> {
        self.account.pointer("/profile/email")?.as_str()
    }

    /// A lite account is in `emailAccounts` alone.
    pub(in crate::gigya) fn is_full(&self) -> bool {
        self.account.get("hasFullAccount").and_then(Value::as_bool).unwrap_or(true)
    }

    /// The value of a top-level field as the source shows it.
    fn top(&self, source: Source, name: &str) -> Option<Cow<'_, Value>> {
        match source {
            Source::Accounts if name == "subscriptions" => None,
            Source::Accounts => self.account.get(name).map(Cow::Borrowed),
            Source::EmailAccounts if SHARED.contains(&name) => {
                self.account.get(name).map(Cow::Borrowed)
            }
            Source::EmailAccounts => self.email_only(name).map(Cow::Owned),
        }
    }

    fn email_only(&self, name: &str) -> Option<Value> {
        match name {
            "email" => self.address().map(Value::from),
            "token" => Some(Value::from(format!("token-{}", self.uid))),
            "hasFullAccount" => Some(Value::Bool(self.is_full())),
            "hasLiteAccount" => Some(Value::Bool(!self.is_full())),
            "channel" => Some(Value::from("email")),
            "lastUpdatedTimestamp" => Some(Value::from(self.email_updated)),
            "lastUpdated" => {
                Timestamp::from_millisecond(self.email_updated).ok().map(|at| Value::from(iso(at)))
            }
            _ => None,
        }
    }

    pub(in crate::gigya) fn meets(&self, source: Source, condition: &Condition) -> bool {
        match condition {
            Condition::And(parts) => parts.iter().all(|part| self.meets(source, part)),
            Condition::Or(parts) => parts.iter().any(|part| self.meets(source, part)),
            Condition::Not(part) => !self.meets(source, part),
            Condition::Compare { field, operator: Operator::NotEqual, value } => {
                !self.has(source, field, |found| compare(found, value) == Some(Ordering::Equal))
            }
            Condition::Compare { field, operator, value } => self.has(source, field, |found| {
                compare(found, value).is_some_and(|o| holds(*operator, o))
            }),
            Condition::In { field, values } => self.has(source, field, |found| {
                values.iter().any(|value| compare(found, value) == Some(Ordering::Equal))
            }),
            Condition::Contains { field, value } => {
                let encrypted = field.is_encrypted();
                self.has(source, field, |found| contains(found, value, encrypted))
            }
            Condition::IsNull { field } => !self.has(source, field, |found| !found.is_null()),
        }
    }

    /// Whether a value at the field, lists flattened, is so.
    fn has(&self, source: Source, field: &Field, is_so: impl Fn(&Value) -> bool) -> bool {
        let Some((first, rest)) = field.0.split_first() else { return false };
        self.top(source, first).is_some_and(|value| any_at(&value, rest, &is_so))
    }

    /// What rows are sorted by.
    pub(in crate::gigya) fn key(&self, source: Source, field: &Field) -> Key {
        if field.is("lastUpdatedTimestamp") {
            return Key::Whole(match source {
                Source::Accounts => self.updated,
                Source::EmailAccounts => self.email_updated,
            });
        }
        let first = field.0.split_first().and_then(|(first, rest)| {
            let value = self.top(source, first)?;
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

/// The row as the search shows it; empty fields are left out.
pub(in crate::gigya) fn project(row: &Row, source: Source, select: &Select) -> Value {
    let mut shown = Map::new();
    match select {
        Select::Count => {}
        Select::All => {
            let names: Vec<&str> = match source {
                Source::Accounts => row
                    .account
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| name.as_str())
                    .collect(),
                Source::EmailAccounts => SHARED.into_iter().chain(EMAIL_ONLY).collect(),
            };
            for name in names {
                if let Some(value) = row.top(source, name) {
                    shown.insert(name.to_owned(), value.into_owned());
                }
            }
        }
        Select::Fields(fields) => {
            for selected in fields {
                let Some((first, rest)) = selected.field.0.split_first() else { continue };
                let Some(value) = row.top(source, first) else { continue };
                let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
                copy(&value, first, &rest, selected.alias.as_deref(), &mut shown);
            }
        }
    }
    Value::Object(shown)
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

fn find_at<'a>(value: &'a Value, steps: &[String]) -> Option<&'a Value> {
    steps.iter().try_fold(value, |value, step| value.get(step))
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

    use super::super::Query;
    use super::*;

    fn row() -> Row {
        let account = json!({
            "UID": "u1", "isActive": true, "lastUpdated": "2024-05-01T00:00:00.000Z",
            "profile": {"email": "Zoe@example.com", "city": "Bad Neuenahr-Ahrweiler", "age": 40,
                        "phones": [{"type": "home", "number": "1"}, {"number": "2"}]},
            "data": {"tags": ["red", "blue"]},
            "subscriptions": {"jun4th.a001": {"email": {"isSubscribed": true}}},
        });
        Row { uid: "u1".into(), account: Arc::new(account), updated: 5, email_updated: 7 }
    }

    fn meets(source: &str, condition: &str) -> bool {
        let text = format!("SELECT UID FROM {source} WHERE {condition}");
        let query = Query::parse(&text).unwrap();
        row().meets(query.source, &query.condition.unwrap())
    }

    fn shown(select: &str, source: &str) -> Value {
        let query = Query::parse(&format!("SELECT {select} FROM {source}")).unwrap();
        project(&row(), query.source, &query.select)
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
            assert!(meets("accounts", condition), "{condition}");
        }
        for condition in [
            "profile.email = \"zoe@example.com\"",
            "profile.email CONTAINS \"zoe\"",
            "profile.city CONTAINS \"Neuen\"",
            "profile.age = \"40\"",
            "subscriptions.jun4th.a001.email.isSubscribed = true",
        ] {
            assert!(!meets("accounts", condition), "{condition}");
        }
        assert!(meets("emailAccounts", "subscriptions.jun4th.a001.email.isSubscribed = true"));
        assert!(meets("emailAccounts", "hasFullAccount = true AND lastUpdatedTimestamp = 7"));
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
