//! A person as Gigya holds them, with typed access by path.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ids::Uid;

/// Where a value stands in an account: `profile.firstName`, `data.loyalty.tier`, `subscriptions.newsletter.email`.
///
/// A step into a list of objects (`profile.phones.number`) means every object of the list, as in Gigya's own queries.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Path(String);

/// Why a text is not a path into an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is no path into an account; write it as profile.firstName or data.loyalty.tier"
)]
pub struct PathError {
    text: String,
}

impl Path {
    /// The path as text, which is also how Gigya's queries name it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The steps from the account down.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.')
    }

    /// Gigya's section that the path leads into: `profile`, `data`, `subscriptions`, `preferences`, or a field of the
    /// account itself.
    pub fn section(&self) -> &str {
        self.steps().next().unwrap_or_default()
    }
}

impl FromStr for Path {
    type Err = PathError;

    /// Letters, digits, `_`, `-` and dots: what Gigya allows in names, and nothing that could change a query.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_step = |step: &str| {
            !step.is_empty()
                && step.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        };
        if text.split('.').all(is_step) {
            Ok(Self(text.to_owned()))
        } else {
            Err(PathError { text: text.to_owned() })
        }
    }
}

impl TryFrom<String> for Path {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Path> for String {
    fn from(path: Path) -> Self {
        path.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account as Gigya gave it: free JSON with a UID. Never printed: its `Debug` shows the UID alone.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
pub struct Account {
    uid: Uid,
    fields: Map<String, Value>,
}

/// Why a JSON value is not an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The value is no object.
    #[error("an account is a JSON object")]
    NotAnObject,
    /// `UID` is missing, empty or no text.
    #[error("an account has a UID")]
    NoUid,
}

/// A subscription's state (SAP help, "subscriptions": `isSubscribed`, `lastUpdatedSubscriptionState`, `doubleOptIn`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Flips at once, before a double opt-in is confirmed.
    pub is_subscribed: bool,
    /// When it last flipped.
    pub changed_at: Option<Timestamp>,
    /// `doubleOptIn.status`: `Pending`, `NotConfirmed` (also where none is asked for), `Confirmed`.
    pub double_opt_in: Option<String>,
}

impl Account {
    /// Takes an account as `accounts.search` or `accounts.getAccountInfo` returns it.
    ///
    /// # Errors
    /// When the value is no object or has no UID.
    pub fn from_json(value: Value) -> Result<Self, AccountError> {
        match value {
            Value::Object(fields) => Self::try_from(fields),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(AccountError::NotAnObject),
        }
    }

    /// Takes an item of a search `FROM emailAccounts`. Lite accounts have a UID on newer sites alone; where there is
    /// none, the token makes the key (see [`Uid::of_lite`]), which is then the account's `UID`.
    ///
    /// # Errors
    /// When the value is no object, or has neither UID nor token.
    pub fn from_email_account(mut value: Value) -> Result<Self, AccountError> {
        if let Value::Object(fields) = &mut value
            && uid_of(fields).is_none()
            && let Some(token) = fields.get("token").and_then(Value::as_str)
            && !token.is_empty()
        {
            let key = Uid::of_lite(token);
            fields.insert("UID".to_owned(), key.as_str().into());
        }
        Self::from_json(value)
    }

    /// The person's key.
    pub fn uid(&self) -> &Uid {
        &self.uid
    }

    /// The account as JSON.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// When the account last changed, logins included: `lastUpdatedTimestamp` (milliseconds), else `lastUpdated` (ISO).
    pub fn last_updated(&self) -> Option<Timestamp> {
        self.instant("lastUpdatedTimestamp").or_else(|| self.instant("lastUpdated"))
    }

    /// Whether registration is complete; an account that does not say so counts as registered.
    pub fn is_registered(&self) -> bool {
        self.fields.get("isRegistered").and_then(flag).unwrap_or(true)
    }

    /// Whether the account may log in; an account that does not say so counts as active.
    pub fn is_active(&self) -> bool {
        self.fields.get("isActive").and_then(flag).unwrap_or(true)
    }

    /// Whether it is a lite account: an address without registration, which is in `emailAccounts` alone. Whoever has a
    /// full account beside it, or does not say so, is not.
    pub fn is_lite(&self) -> bool {
        self.fields.get("hasFullAccount").and_then(flag) == Some(false)
    }

    /// Every value at the path, lists flattened; absent and `null` are nothing.
    pub fn values(&self, path: &Path) -> Vec<&Value> {
        let steps: Vec<&str> = path.steps().collect();
        let mut found = Vec::new();
        descend_map(&self.fields, &steps, &mut found);
        found
    }

    /// The first scalar at the path as text: strings as they are, numbers and flags as JSON writes them.
    pub fn text(&self, path: &Path) -> Option<Cow<'_, str>> {
        self.values(path).into_iter().find_map(scalar_text)
    }

    /// Every scalar at the path as text.
    pub fn texts(&self, path: &Path) -> Vec<Cow<'_, str>> {
        self.values(path).into_iter().filter_map(scalar_text).collect()
    }

    /// The flag at the path: `true`, `"true"`, `1` and `"1"` are true, their opposites false, all else is nothing.
    pub fn flag(&self, path: &Path) -> Option<bool> {
        self.values(path).into_iter().find_map(flag)
    }

    /// The subscription at the path, whether it ends in the channel (`subscriptions.newsletter.email`) or before it.
    pub fn subscription(&self, path: &Path) -> Option<Subscription> {
        self.values(path)
            .into_iter()
            .find_map(|value| subscription(value).or_else(|| subscription(value.get("email")?)))
    }

    /// The same account with only the fields that are asked for, which is what is staged: UID, the times, the flags and
    /// `paths`.
    #[must_use]
    pub fn project(&self, paths: &BTreeSet<Path>) -> Self {
        const ALWAYS: [&str; 7] = [
            "UID",
            "lastUpdatedTimestamp",
            "lastUpdated",
            "isRegistered",
            "isActive",
            "hasFullAccount",
            "hasLiteAccount",
        ];
        let mut fields = Map::new();
        for name in ALWAYS {
            if let Some(value) = self.fields.get(name) {
                fields.insert(name.to_owned(), value.clone());
            }
        }
        for path in paths {
            let steps: Vec<&str> = path.steps().collect();
            copy_path(&self.fields, &steps, &mut fields);
        }
        Self { uid: self.uid.clone(), fields }
    }

    /// Puts a section that was read by another call (`subscriptions`) into the account.
    pub fn put_section(&mut self, section: &str, value: Value) {
        self.fields.insert(section.to_owned(), value);
    }

    fn instant(&self, name: &str) -> Option<Timestamp> {
        instant(self.fields.get(name)?)
    }
}

/// Reads a time as Gigya writes it: milliseconds as number or text, or ISO 8601. `0` and year 1 mean "never".
pub fn instant(value: &Value) -> Option<Timestamp> {
    let from_millisecond = |ms: i64| (ms > 0).then(|| Timestamp::from_millisecond(ms).ok())?;
    match value {
        Value::Number(number) => from_millisecond(number.as_i64()?),
        Value::String(text) => match text.parse::<i64>() {
            Ok(ms) => from_millisecond(ms),
            Err(_) => text.parse::<Timestamp>().ok().filter(|at| at.as_second() > 0),
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn subscription(value: &Value) -> Option<Subscription> {
    Some(Subscription {
        is_subscribed: flag(value.get("isSubscribed")?)?,
        changed_at: value.get("lastUpdatedSubscriptionState").and_then(instant),
        double_opt_in: value
            .pointer("/doubleOptIn/status")
            .and_then(Value::as_str)
            .map(ToOwned::to_owned),
    })
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        Value::Number(number) => match number.as_i64()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn descend<'a>(value: &'a Value, steps: &[&str], found: &mut Vec<&'a Value>) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| descend(item, steps, found)),
        Value::Object(fields) if !steps.is_empty() => descend_map(fields, steps, found),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            if steps.is_empty() {
                found.push(value);
            }
        }
    }
}

/// Goes down one or more steps at once: subscription ids may hold dots (`jun4th.a001`) and stay one key then.
fn descend_map<'a>(fields: &'a Map<String, Value>, steps: &[&str], found: &mut Vec<&'a Value>) {
    for taken in 1..=steps.len() {
        let (head, rest) = steps.split_at(taken);
        let value = match head {
            [one] => fields.get(*one),
            many => fields.get(&many.join(".")),
        };
        if let Some(value) = value {
            return descend(value, rest, found);
        }
    }
}

fn copy_path(from: &Map<String, Value>, steps: &[&str], to: &mut Map<String, Value>) {
    for taken in 1..=steps.len() {
        let (head, rest) = steps.split_at(taken);
        let key = head.join(".");
        let Some(value) = from.get(&key) else { continue };
        match (value, rest) {
            (Value::Object(inner), [_, ..]) => {
                let slot = to.entry(key).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(slot) = slot {
                    copy_path(inner, rest, slot);
                }
            }
            _ => {
                to.insert(key, value.clone());
            }
        }
        return;
    }
}

impl TryFrom<Map<String, Value>> for Account {
    type Error = AccountError;

    fn try_from(fields: Map<String, Value>) -> Result<Self, Self::Error> {
        let uid = uid_of(&fields).ok_or(AccountError::NoUid)?.into();
        Ok(Self { uid, fields })
    }
}

fn uid_of(fields: &Map<String, Value>) -> Option<&str> {
    let uid = ["UID", "uid"].iter().find_map(|name| fields.get(*name)?.as_str());
    uid.filter(|uid| !uid.is_empty())
}

impl From<Account> for Map<String, Value> {
    fn from(account: Account) -> Self {
        account.fields
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({})", self.uid)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn account() -> Account {
        Account::from_json(json!({
            "UID": "u1", "lastUpdatedTimestamp": 1_700_000_000_000_i64, "isActive": "true",
            "profile": {"firstName": "Zoë", "birthYear": 1980, "phones": [{"number": "1"}, {"number": "2"}]},
            "data": {"member": "false", "deep": {"er": null}},
            "subscriptions": {"jun4th.a001": {"email": {"isSubscribed": true,
                "lastUpdatedSubscriptionState": "2023-05-17T08:15:39.854Z",
                "doubleOptIn": {"status": "NotConfirmed"}}}}
        }))
        .unwrap()
    }

    fn path(text: &str) -> Path {
        text.parse().unwrap()
    }

    #[test]
    fn values_are_found_by_path_through_lists_and_dotted_keys() {
        let account = account();
        assert_eq!(account.text(&path("profile.birthYear")).as_deref(), Some("1980"));
        assert_eq!(account.texts(&path("profile.phones.number")), ["1", "2"]);
        assert_eq!(account.flag(&path("data.member")), Some(false));
        assert_eq!(account.text(&path("data.deep.er")), None);
        let subscription = account.subscription(&path("subscriptions.jun4th.a001.email")).unwrap();
        assert!(subscription.is_subscribed);
        assert_eq!(subscription.changed_at, "2023-05-17T08:15:39.854Z".parse().ok());
        assert!(account.subscription(&path("subscriptions.jun4th.a001")).is_some());
    }

    #[test]
    fn staging_keeps_only_what_is_asked_for() {
        let staged = account().project(&[path("profile.firstName"), path("data.member")].into());
        let json = Value::Object(staged.into());
        assert_eq!(
            json,
            json!({"UID": "u1", "lastUpdatedTimestamp": 1_700_000_000_000_i64, "isActive": "true",
                   "profile": {"firstName": "Zoë"}, "data": {"member": "false"}})
        );
    }

    #[test]
    fn an_account_without_a_uid_is_refused_and_none_is_ever_printed() {
        assert_eq!(Account::from_json(json!({"UID": ""})), Err(AccountError::NoUid));
        assert_eq!(Account::from_json(json!([1])), Err(AccountError::NotAnObject));
        assert_eq!(format!("{:?}", account()), "Account(u1)");
    }

    #[test]
    fn a_lite_account_is_told_from_a_full_one_and_has_a_key_that_survives_staging() {
        let lite = json!({"token": "7f3a", "hasFullAccount": false, "hasLiteAccount": true,
                          "profile": {"email": "zoe@example.com"}});
        let account = Account::from_email_account(lite.clone()).unwrap();
        assert_eq!(
            (account.uid().as_str(), account.uid().lite_token().as_deref()),
            ("lite:7f3a", Some("7f3a"))
        );
        assert!(account.is_lite() && account.is_registered());
        let staged = Value::Object(account.project(&[path("profile.city")].into()).into());
        let read = Account::from_json(staged).unwrap();
        assert!(read.is_lite() && read.uid() == account.uid());
        assert_eq!(Account::from_json(lite), Err(AccountError::NoUid));

        let with_uid = json!({"UID": "u1", "token": "7f3a", "hasFullAccount": false});
        let account = Account::from_email_account(with_uid).unwrap();
        assert_eq!((account.uid().as_str(), account.uid().lite_token()), ("u1", None));
        let upgraded = json!({"UID": "u1", "hasFullAccount": true, "hasLiteAccount": true});
        assert!(!Account::from_email_account(upgraded).unwrap().is_lite());
        assert!(!self::account().is_lite());
        for nobody in [json!({"token": ""}), json!({"email": "zoe@example.com"}), json!([])] {
            assert!(Account::from_email_account(nobody).is_err());
        }
    }

    #[test]
    fn a_path_holds_nothing_that_could_change_a_query() {
        for text in ["", "a..b", "profile.first name", "data.x\"", "data;drop"] {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
    }
}
