//! Conditions on an account: path, operator, value. Data, not code.
//!
//! ```toml
//! when = { path = "data.region", equals = "emea" }
//! when = { all = [{ path = "data.tier", one_of = ["gold", "silver"] }, { not = { path = "data.staff", equals = true } }] }
//! ```
//!
//! Types drift in Gigya's accounts (`"true"` and `true`, `"42"` and `42`), so the value in the condition says what is
//! compared: a flag with what can be read as a flag, a number with what can be read as a number, a text with the
//! value's text. Texts are compared with HTML entities decoded and without the white space around them, and letter
//! case counts, as in Gigya's own `=`.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::account::{Account, Path};
use super::{date, text};

/// A condition on an account.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "RawCondition")]
pub enum Condition {
    /// Holds where every one does.
    All(Vec<Self>),
    /// Holds where at least one does.
    Any(Vec<Self>),
    /// Holds where the other does not.
    Not(Box<Self>),
    /// Looks at one path.
    Test {
        /// Where to look.
        path: Path,
        /// What must be there.
        operator: Operator,
    },
}

/// What must be at a path. A path into a list means every item of it; nothing, `null` and `""` are all nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Operator {
    /// A value is equal.
    Equals(Operand),
    /// No value is equal; holds where there is nothing.
    NotEquals(Operand),
    /// A value is equal to one of these.
    OneOf(Vec<Operand>),
    /// An item of the list is equal, or the text holds this text.
    Contains(Operand),
    /// There is something, or (`false`) there is nothing.
    Exists(bool),
    /// A value is greater, or later.
    GreaterThan(Bound),
    /// A value is smaller, or earlier.
    LessThan(Bound),
    /// A value is as great or greater, as late or later.
    AtLeast(Bound),
    /// A value is as small or smaller, as early or earlier.
    AtMost(Bound),
}

/// What a value is compared with; its type says how.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a text, a number, or true or false (write dates in quotes)"
)]
pub enum Operand {
    /// With what can be read as a flag.
    Flag(bool),
    /// With what can be read as a number.
    Number(f64),
    /// With the value's text.
    Text(String),
}

/// What a value is ordered against.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Operand")]
pub enum Bound {
    /// A number.
    Number(f64),
    /// An instant: `"2026-01-01"` is its midnight in UTC.
    Instant(Timestamp),
}

/// Why data is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// A path without an operator, or with two.
    #[error(
        "a condition needs exactly one of equals, not_equals, one_of, contains, exists, greater_than, less_than, at_least, at_most beside its path"
    )]
    OneOperator,
    /// Neither a test nor a combination, or both.
    #[error("a condition is a path with an operator, or exactly one of all, any, not")]
    OneShape,
    /// An empty list of conditions or values.
    #[error("{0} needs at least one entry")]
    Empty(&'static str),
    /// A bound that has no order.
    #[error(
        "greater_than, less_than, at_least and at_most take a number or an ISO date in quotes (\"2026-01-01\")"
    )]
    Bound,
}

impl Condition {
    /// Whether the condition holds for this account.
    pub fn holds(&self, account: &Account) -> bool {
        match self {
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(account)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(account)),
            Self::Not(condition) => !condition.holds(account),
            Self::Test { path, operator } => operator.holds(&account.values(path)),
        }
    }

    /// Every path that the condition looks at, which an export must therefore read.
    pub fn paths(&self) -> Vec<&Path> {
        match self {
            Self::All(conditions) | Self::Any(conditions) => {
                conditions.iter().flat_map(Self::paths).collect()
            }
            Self::Not(condition) => condition.paths(),
            Self::Test { path, operator: _ } => vec![path],
        }
    }
}

impl Operator {
    fn holds(&self, values: &[&Value]) -> bool {
        let any = |test: &dyn Fn(&Value) -> bool| values.iter().any(|value| test(value));
        match self {
            Self::Equals(operand) => any(&|value| operand.equals(value)),
            Self::NotEquals(operand) => !any(&|value| operand.equals(value)),
            Self::OneOf(operands) => {
                any(&|value| operands.iter().any(|operand| operand.equals(value)))
            }
            Self::Contains(operand) => any(&|value| operand.is_in(value)),
            Self::Exists(wanted) => any(&is_something) == *wanted,
            Self::GreaterThan(bound) => {
                any(&|value| bound.compare(value) == Some(Ordering::Greater))
            }
            Self::LessThan(bound) => any(&|value| bound.compare(value) == Some(Ordering::Less)),
            Self::AtLeast(bound) => any(&|value| bound.compare(value).is_some_and(Ordering::is_ge)),
            Self::AtMost(bound) => any(&|value| bound.compare(value).is_some_and(Ordering::is_le)),
        }
    }
}

impl Operand {
    fn equals(&self, value: &Value) -> bool {
        match self {
            Self::Flag(flag) => flag_of(value) == Some(*flag),
            Self::Number(number) => {
                number_of(value).is_some_and(|value| value.total_cmp(number).is_eq())
            }
            Self::Text(text) => {
                text_of(value).is_some_and(|value| value == text::canonical(text).trim())
            }
        }
    }

    fn is_in(&self, value: &Value) -> bool {
        match self {
            Self::Text(text) => {
                text_of(value).is_some_and(|value| value.contains(text::canonical(text).trim()))
            }
            Self::Flag(_) | Self::Number(_) => self.equals(value),
        }
    }
}

impl Bound {
    /// How the value stands to the bound; `None` where it has no such order.
    fn compare(&self, value: &Value) -> Option<Ordering> {
        match self {
            Self::Number(number) => number_of(value)?.partial_cmp(number),
            Self::Instant(at) => Some(date::instant(&text_of(value)?)?.cmp(at)),
        }
    }
}

impl TryFrom<Operand> for Bound {
    type Error = ConditionError;

    fn try_from(operand: Operand) -> Result<Self, Self::Error> {
        match operand {
            Operand::Number(number) => Ok(Self::Number(number)),
            // A number in quotes is a number, not so many milliseconds.
            Operand::Text(text) => match text.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Self::Number(number)),
                Ok(_) | Err(_) => {
                    date::instant(&text).map(Self::Instant).ok_or(ConditionError::Bound)
                }
            },
            Operand::Flag(_) => Err(ConditionError::Bound),
        }
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text::canonical(text).trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn number_of(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn flag_of(value: &Value) -> Option<bool> {
    match text_of(value)?.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCondition {
    path: Option<Path>,
    equals: Option<Operand>,
    not_equals: Option<Operand>,
    one_of: Option<Vec<Operand>>,
    contains: Option<Operand>,
    exists: Option<bool>,
    greater_than: Option<Bound>,
    less_than: Option<Bound>,
    at_least: Option<Bound>,
    at_most: Option<Bound>,
    all: Option<Vec<Condition>>,
    any: Option<Vec<Condition>>,
    not: Option<Box<Condition>>,
}

impl TryFrom<RawCondition> for Condition {
    type Error = ConditionError;

    fn try_from(raw: RawCondition) -> Result<Self, Self::Error> {
        if raw.one_of.as_ref().is_some_and(Vec::is_empty) {
            return Err(ConditionError::Empty("one_of"));
        }
        let operators = [
            raw.equals.map(Operator::Equals),
            raw.not_equals.map(Operator::NotEquals),
            raw.one_of.map(Operator::OneOf),
            raw.contains.map(Operator::Contains),
            raw.exists.map(Operator::Exists),
            raw.greater_than.map(Operator::GreaterThan),
            raw.less_than.map(Operator::LessThan),
            raw.at_least.map(Operator::AtLeast),
            raw.at_most.map(Operator::AtMost),
        ];
        let mut operators: Vec<Operator> = operators.into_iter().flatten().collect();
        let combinations = [
            raw.all.map(|all| some("all", all).map(Self::All)),
            raw.any.map(|any| some("any", any).map(Self::Any)),
            raw.not.map(|not| Ok(Self::Not(not))),
        ];
        let mut combinations: Vec<_> = combinations.into_iter().flatten().collect();
        match (raw.path, operators.pop(), combinations.pop()) {
            (Some(path), Some(operator), None) if operators.is_empty() => {
                Ok(Self::Test { path, operator })
            }
            (Some(_), _, None) => Err(ConditionError::OneOperator),
            (None, None, Some(combination)) if combinations.is_empty() => combination,
            (None, _, _) | (Some(_), _, Some(_)) => Err(ConditionError::OneShape),
        }
    }
}

fn some(name: &'static str, conditions: Vec<Condition>) -> Result<Vec<Condition>, ConditionError> {
    if conditions.is_empty() { Err(ConditionError::Empty(name)) } else { Ok(conditions) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(condition: &str) -> bool {
        let account = Account::from_json(json!({
            "UID": "u1", "lastLoginTimestamp": 1_715_904_000_000_i64,
            "profile": {"city": "Köln ", "zip": "01234", "company": "M&uuml;ller &amp; Co", "birthYear": "1980"},
            "data": {"region": "emea", "member": "true", "points": "42.0", "level": 7, "empty": "", "nothing": null,
                "interests": ["jazz", "folk"], "orders": [{"total": 5}, {"total": "250"}], "since": "2024-05-17"}
        }));
        parse(condition).unwrap().holds(&account.unwrap())
    }

    fn parse(condition: &str) -> Result<Condition, String> {
        #[derive(Deserialize)]
        struct When {
            when: Condition,
        }
        toml::from_str::<When>(&format!("when = {condition}"))
            .map(|file| file.when)
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn conditions_that_hold() {
        for condition in [
            r#"{ path = "data.region", equals = "emea" }"#,
            r#"{ path = "data.region", not_equals = "amer" }"#,
            r#"{ path = "data.absent", not_equals = "amer" }"#,
            r#"{ path = "data.member", equals = true }"#,
            r#"{ path = "data.points", equals = 42 }"#,
            r#"{ path = "data.level", equals = "7" }"#,
            r#"{ path = "profile.city", equals = "Köln" }"#,
            r#"{ path = "profile.company", equals = "Müller & Co" }"#,
            r#"{ path = "profile.company", contains = "Müller" }"#,
            r#"{ path = "data.interests", contains = "jazz" }"#,
            r#"{ path = "data.interests", equals = "folk" }"#,
            r#"{ path = "data.region", one_of = ["amer", "emea"] }"#,
            r#"{ path = "data.level", one_of = [1, 7] }"#,
            r#"{ path = "data.empty", exists = false }"#,
            r#"{ path = "data.nothing", exists = false }"#,
            r#"{ path = "data.interests", exists = true }"#,
            r#"{ path = "data.orders.total", greater_than = 200 }"#,
            r#"{ path = "profile.birthYear", less_than = 1990.5 }"#,
            r#"{ path = "data.level", at_least = 7 }"#,
            r#"{ path = "data.level", at_most = 7 }"#,
            r#"{ path = "data.since", at_least = "2024-05-17" }"#,
            r#"{ path = "lastLoginTimestamp", less_than = "2024-05-17T00:00:01Z" }"#,
            r#"{ all = [{ path = "data.level", equals = 7 }, { not = { path = "data.region", equals = "amer" } }] }"#,
            r#"{ any = [{ path = "data.level", equals = 8 }, { path = "data.level", equals = 7 }] }"#,
        ] {
            assert!(holds(condition), "{condition}");
        }
    }

    #[test]
    fn conditions_that_do_not_hold() {
        for condition in [
            r#"{ path = "data.region", equals = "EMEA" }"#,
            r#"{ path = "data.absent", equals = "" }"#,
            r#"{ path = "profile.zip", equals = "1234" }"#,
            r#"{ path = "data.interests", not_equals = "jazz" }"#,
            r#"{ path = "data.interests", contains = "blues" }"#,
            r#"{ path = "data.level", greater_than = 7 }"#,
            r#"{ path = "data.region", greater_than = 1 }"#,
            r#"{ path = "data.since", less_than = "2024-05-17" }"#,
            r#"{ path = "data.absent", less_than = 1 }"#,
            r#"{ path = "data.empty", exists = true }"#,
            r#"{ all = [{ path = "data.level", equals = 7 }, { path = "data.level", equals = 8 }] }"#,
        ] {
            assert!(!holds(condition), "{condition}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused_with_what_to_write() {
        let refusals = [
            r#"{ path = "data.region" }"#,
            r#"{ path = "data.region", equals = "a", exists = true }"#,
            r#"{ equals = "a" }"#,
            r#"{ path = "data.region", equals = "a", any = [] }"#,
            r"{ all = [] }",
            r#"{ path = "data.region", one_of = [] }"#,
            r#"{ path = "data.level", greater_than = "many" }"#,
            r#"{ path = "data.since", greater_than = 2024-05-17 }"#,
            r#"{ path = "data.region", equal = "a" }"#,
            r#"{ path = "data region", exists = true }"#,
        ];
        let messages: Vec<String> =
            refusals.iter().map(|text| parse(text).expect_err(text)).collect();
        insta::assert_snapshot!(messages.join("\n"), @r#"
        a condition needs exactly one of equals, not_equals, one_of, contains, exists, greater_than, less_than, at_least, at_most beside its path
        a condition needs exactly one of equals, not_equals, one_of, contains, exists, greater_than, less_than, at_least, at_most beside its path
        a condition is a path with an operator, or exactly one of all, any, not
        a condition is a path with an operator, or exactly one of all, any, not
        all needs at least one entry
        one_of needs at least one entry
        greater_than, less_than, at_least and at_most take a number or an ISO date in quotes ("2026-01-01")
        expected a text, a number, or true or false (write dates in quotes)
        unknown field `equal`, expected one of `path`, `equals`, `not_equals`, `one_of`, `contains`, `exists`, `greater_than`, `less_than`, `at_least`, `at_most`, `all`, `any`, `not`
        "data region" is no path into an account; write it as profile.firstName or data.loyalty.tier
        "#);
    }

    #[test]
    fn a_condition_names_every_path_it_looks_at() {
        let condition = parse(
            r#"{ all = [{ path = "data.a", exists = true }, { not = { path = "data.b", exists = true } }] }"#,
        );
        let condition = condition.unwrap();
        let paths: Vec<&str> = condition.paths().into_iter().map(Path::as_str).collect();
        assert_eq!(paths, ["data.a", "data.b"]);
    }
}
