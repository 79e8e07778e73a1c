//! What happens to a value between Gigya and Constant Contact, and whether it can be undone on the way home.
//!
//! In the settings a transform is a word or a table of one key:
//!
//! ```toml
//! transform = ["trim", "lower", "upper", "date", "phone"]
//! transform = [{ join = ", " }]
//! transform = [{ map = { table = { m = "Mr", f = "Ms" }, default = "" } }]
//! transform = [{ date = "%d.%m.%Y" }]                      # how Gigya's side is written
//! transform = [{ phone = { country = "49", trunk = "0" } }]
//! transform = [{ template = "{profile.firstName} {profile.lastName}" }]
//! transform = [{ constant = "Gigya" }]
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::account::Account;
use super::date::{self, Day};
use super::loss::InvalidReason;
use super::template::Template;
use super::text;

/// One step between a value of Gigya and a value of Constant Contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transform {
    /// The white space around the text goes.
    Trim,
    /// Small letters.
    Lower,
    /// Capital letters.
    Upper,
    /// All values of all sources, with this text between them; must come first.
    Join(String),
    /// Another value for each value.
    Map(Table),
    /// A day as `YYYY-MM-DD`, from any of Gigya's own forms, or from a format (jiff's `strptime`).
    Date(Option<String>),
    /// A telephone number: an optional `+` and digits.
    Phone(Country),
    /// A text with values in it; must come first.
    Template(Template),
    /// Always this text; must come first.
    Constant(String),
}

/// A table of values.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What each value becomes.
    pub table: BTreeMap<String, String>,
    /// What a value becomes that is not in the table; without it, nothing is sent for it.
    pub default: Option<String>,
}

/// How a national telephone number becomes an international one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Country {
    /// The calling code that a number without one gets, digits only; without it, numbers stay national.
    pub country: Option<String>,
    /// What a national number starts with and an international one does not: `0` in most of Europe, nothing in Italy, `1`
    /// in North America.
    #[serde(default = "Country::usual_trunk")]
    pub trunk: String,
}

impl Country {
    fn usual_trunk() -> String {
        "0".to_owned()
    }
}

impl Default for Country {
    fn default() -> Self {
        Self { country: None, trunk: Self::usual_trunk() }
    }
}

impl Transform {
    /// Whether the transform makes the value from the account, and so can only come first.
    pub fn gathers(&self) -> bool {
        match self {
            Self::Join(_) | Self::Template(_) | Self::Constant(_) => true,
            Self::Trim
            | Self::Lower
            | Self::Upper
            | Self::Map(_)
            | Self::Date(_)
            | Self::Phone(_) => false,
        }
    }

    /// The value that a gathering transform makes; `texts` are the values of the rule's sources, canonical.
    pub(super) fn gather(&self, account: &Account, texts: &[String]) -> Option<String> {
        match self {
            Self::Join(separator) => {
                let texts: Vec<&str> = texts
                    .iter()
                    .map(|text| text::trim(text))
                    .filter(|text| !text.is_empty())
                    .collect();
                Some(texts.join(separator))
            }
            Self::Template(template) => Some(template.fill(account)),
            Self::Constant(constant) => Some(constant.clone()),
            Self::Trim
            | Self::Lower
            | Self::Upper
            | Self::Map(_)
            | Self::Date(_)
            | Self::Phone(_) => None,
        }
    }

    /// Carries a value one step on its way out. Nothing stays nothing, but a map may have an entry for it.
    ///
    /// # Errors
    /// When the value should be a date and is none.
    pub fn apply(&self, value: String) -> Result<String, InvalidReason> {
        Ok(match self {
            Self::Trim => text::trim(&value).to_owned(),
            Self::Lower => value.to_lowercase(),
            Self::Upper => value.to_uppercase(),
            Self::Map(table) => table.apply(&value),
            Self::Date(format) => {
                let day = format
                    .as_ref()
                    .map_or_else(|| date::parse(&value), |format| date::parse_as(format, &value));
                match day.ok_or(InvalidReason::NotADate)? {
                    Day::Never => String::new(),
                    Day::On(date) => date.to_string(),
                }
            }
            Self::Phone(country) => country.apply(&value),
            Self::Join(_) | Self::Template(_) | Self::Constant(_) => value,
        })
    }

    /// Whether [`undo`](Self::undo) can bring a value home that stands for what Gigya would hold.
    pub fn can_be_undone(&self) -> bool {
        match self {
            Self::Trim | Self::Lower | Self::Upper => true,
            Self::Map(table) => table.is_one_to_one(),
            Self::Date(format) => format.as_deref().is_none_or(date::is_reversible),
            Self::Join(_) | Self::Phone(_) | Self::Template(_) | Self::Constant(_) => false,
        }
    }

    /// What Gigya holds when Constant Contact holds this; `None` where that cannot be said. A text comes home as it is through
    /// `trim`, `lower` and `upper`: the person who wrote it in Constant Contact meant it so.
    pub fn undo(&self, value: &str) -> Option<String> {
        match self {
            Self::Trim | Self::Lower | Self::Upper => Some(value.to_owned()),
            Self::Map(table) => table.undo(value),
            Self::Date(format) => match date::parse(value)? {
                Day::Never => Some(String::new()),
                Day::On(date) => match format {
                    Some(format) => date::format_as(format, date),
                    None => Some(date.to_string()),
                },
            },
            Self::Join(_) | Self::Phone(_) | Self::Template(_) | Self::Constant(_) => None,
        }
    }
}

impl Table {
    fn apply(&self, value: &str) -> String {
        let entry = self.table.get(value).or_else(|| self.table.get(text::trim(value)));
        match (entry, &self.default) {
            (Some(entry), _) => entry.clone(),
            (None, Some(default)) if !value.trim().is_empty() => default.clone(),
            (None, Some(_) | None) => String::new(),
        }
    }

    /// No two values become the same, none becomes nothing, and there is no default.
    fn is_one_to_one(&self) -> bool {
        let distinct: BTreeSet<&String> = self.table.values().collect();
        self.default.is_none()
            && distinct.len() == self.table.len()
            && !self.table.values().any(String::is_empty)
    }

    fn undo(&self, value: &str) -> Option<String> {
        if !self.is_one_to_one() {
            return None;
        }
        let key =
            self.table.iter().find(|(_, becomes)| *becomes == value).map(|(key, _)| key.clone());
        key.or_else(|| value.is_empty().then(String::new))
    }
}

impl Country {
    /// Keeps the digits and a leading `+` (or `00`, which means the same). A text without a digit is no number, and
    /// becomes nothing.
    fn apply(&self, value: &str) -> String {
        let value = text::trim(value).trim_start_matches('(');
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        if digits.is_empty() {
            return digits;
        }
        if value.starts_with('+') {
            return format!("+{digits}");
        }
        match (digits.strip_prefix("00"), &self.country) {
            (Some(international), _) if !international.is_empty() => format!("+{international}"),
            (_, Some(country)) => {
                let national = digits.strip_prefix(&self.trunk).unwrap_or(&digits);
                format!("+{country}{national}")
            }
            (_, None) => digits,
        }
    }
}

const NAMES: &[&str] =
    &["trim", "lower", "upper", "join", "map", "date", "phone", "template", "constant"];

impl<'de> Deserialize<'de> for Transform {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TransformVisitor)
    }
}

struct TransformVisitor;

impl<'de> Visitor<'de> for TransformVisitor {
    type Value = Transform;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a transform, or a table of one key such as { join = \" \" }")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Transform, E> {
        match name {
            "trim" => Ok(Transform::Trim),
            "lower" => Ok(Transform::Lower),
            "upper" => Ok(Transform::Upper),
            "date" => Ok(Transform::Date(None)),
            "phone" => Ok(Transform::Phone(Country::default())),
            "join" | "map" | "template" | "constant" => {
                Err(E::custom(format!("the transform {name} needs a value: {{ {name} = … }}")))
            }
            unknown => Err(E::unknown_variant(unknown, NAMES)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Transform, A::Error> {
        let one_key = || de::Error::custom("a transform is a table of exactly one key");
        let name: String = map.next_key()?.ok_or_else(one_key)?;
        let transform = match name.as_str() {
            "join" => Transform::Join(map.next_value()?),
            "map" => Transform::Map(map.next_value()?),
            "date" => Transform::Date(Some(map.next_value()?)),
            "phone" => Transform::Phone(map.next_value()?),
            "template" => Transform::Template(map.next_value()?),
            "constant" => Transform::Constant(map.next_value()?),
            "trim" | "lower" | "upper" => {
                return Err(de::Error::custom(format!("the transform {name} takes no value")));
            }
            unknown => return Err(de::Error::unknown_variant(unknown, NAMES)),
        };
        match map.next_key::<String>()? {
            Some(_) => Err(one_key()),
            None => Ok(transform),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn transform(text: &str) -> Transform {
        parse(text).unwrap()
    }

    fn parse(text: &str) -> Result<Transform, String> {
        #[derive(Deserialize)]
        struct Rule {
            transform: Transform,
        }
        toml::from_str::<Rule>(&format!("transform = {text}"))
            .map(|rule| rule.transform)
            .map_err(|error| error.message().to_owned())
    }

    fn apply(text: &str, value: &str) -> String {
        transform(text).apply(value.to_owned()).unwrap()
    }

    #[test]
    fn texts_are_changed_and_come_home_as_they_are() {
        assert_eq!(apply(r#""trim""#, " Zoë "), "Zoë");
        assert_eq!(apply(r#""upper""#, "straße"), "STRASSE");
        assert_eq!(apply(r#""lower""#, "ŁÓDŹ"), "łódź");
        assert_eq!(transform(r#""lower""#).undo("Zoë").as_deref(), Some("Zoë"));
    }

    #[test]
    fn a_map_is_undone_where_it_is_one_to_one() {
        let salutation = r#"{ map = { table = { m = "Mr", f = "Ms" } } }"#;
        assert_eq!(apply(salutation, "m "), "Mr");
        assert_eq!(apply(salutation, "u"), "", "what is not in the table is not sent");
        assert_eq!(transform(salutation).undo("Ms").as_deref(), Some("f"));
        assert_eq!(transform(salutation).undo("Dr"), None);
        assert_eq!(transform(salutation).undo("").as_deref(), Some(""));

        let with_default = r#"{ map = { table = { m = "Mr", "" = "n/a" }, default = "M." } }"#;
        assert_eq!(apply(with_default, "u"), "M.");
        assert_eq!(apply(with_default, ""), "n/a");
        assert!(!transform(with_default).can_be_undone());
        assert!(!transform(r#"{ map = { table = { a = "x", b = "x" } } }"#).can_be_undone());
        assert!(transform(salutation).can_be_undone());
    }

    #[test]
    fn a_date_goes_out_as_iso_and_comes_home_in_its_own_form() {
        assert_eq!(apply(r#""date""#, "2024-05-17T08:00:00Z"), "2024-05-17");
        assert_eq!(apply(r#""date""#, ""), "");
        let german = r#"{ date = "%d.%m.%Y" }"#;
        assert_eq!(apply(german, "17.05.2024"), "2024-05-17");
        assert_eq!(transform(german).undo("2024-05-17").as_deref(), Some("17.05.2024"));
        assert_eq!(transform(german).undo("").as_deref(), Some(""));
        assert_eq!(transform(german).undo("next week"), None);
        assert_eq!(transform(german).apply("2024-05-17".to_owned()), Err(InvalidReason::NotADate));
    }

    #[test]
    fn a_telephone_number_keeps_its_digits() {
        assert_eq!(apply(r#""phone""#, "+49 (221) 123-45"), "+4922112345");
        assert_eq!(apply(r#""phone""#, "(+49) 221 123"), "+49221123");
        assert_eq!(apply(r#""phone""#, "0049 221 123"), "+49221123");
        assert_eq!(apply(r#""phone""#, "0221 / 123"), "0221123");
        assert_eq!(apply(r#"{ phone = { country = "49" } }"#, "0221 / 123"), "+49221123");
        assert_eq!(apply(r#"{ phone = { country = "39", trunk = "" } }"#, "06 123"), "+3906123");
        assert_eq!(apply(r#"{ phone = { country = "1", trunk = "1" } }"#, "212-555"), "+1212555");
        assert_eq!(apply(r#""phone""#, "n/a"), "");
        assert!(!transform(r#""phone""#).can_be_undone());
    }

    #[test]
    fn a_template_is_filled_and_is_nothing_without_values() {
        let template =
            transform(r#"{ template = "{profile.firstName} {{{ profile.lastName }}}" }"#);
        let account =
            |profile| Account::from_json(json!({"UID": "u", "profile": profile})).unwrap();
        let filled = |profile| template.gather(&account(profile), &[]).unwrap();
        assert_eq!(filled(json!({"firstName": "Zoë ", "lastName": "M&amp;M"})), "Zoë {M&M}");
        assert_eq!(filled(json!({"firstName": "Zoë"})), "Zoë {}");
        assert_eq!(filled(json!({"firstName": " "})), "");
    }

    #[test]
    fn what_is_no_transform_is_refused_with_what_to_write() {
        let refusals = [
            r#""shout""#,
            r#""join""#,
            r"{ trim = true }",
            r#"{ join = " ", constant = "x" }"#,
            r"{}",
            r"{ map = { tabel = {} } }",
            r#"{ template = "{profile.firstName" }"#,
            r#"{ template = "{first name}" }"#,
            r#"{ template = "Hello" }"#,
            r"7",
        ];
        let messages: Vec<String> =
            refusals.iter().map(|text| parse(text).expect_err(text)).collect();
        insta::assert_snapshot!(messages.join("\n"), @r#"
        unknown variant `shout`, expected one of `trim`, `lower`, `upper`, `join`, `map`, `date`, `phone`, `template`, `constant`
        the transform join needs a value: { join = … }
        the transform trim takes no value
        a transform is a table of exactly one key
        a transform is a table of exactly one key
        unknown field `tabel`, expected `table` or `default`
        the braces of the template do not match; write {{ and }} where the text has a brace
        "first name" is no path into an account; write it as profile.firstName or data.loyalty.tier
        the template names no path; use constant for a text that never changes
        invalid type: integer `7`, expected the name of a transform, or a table of one key such as { join = " " }
        "#);
    }

    proptest! {
        #[test]
        fn no_text_makes_a_transform_panic(value in any::<String>()) {
            for text in [
                r#""trim""#, r#""lower""#, r#""upper""#, r#""date""#, r#""phone""#, r#"{ date = "%d.%m.%Y" }"#,
                r#"{ map = { table = { a = "b" } } }"#, r#"{ phone = { country = "49" } }"#,
            ] {
                let transform = transform(text);
                if let Ok(out) = transform.apply(value.clone()) && transform.can_be_undone() {
                    let home = transform.undo(&out);
                    let again = home.map(|home| transform.apply(home));
                    prop_assert!(again.is_none_or(|again| again == Ok(out)), "{text}");
                }
                prop_assert!(transform.can_be_undone() || transform.undo(&value).is_none());
            }
        }
    }
}
