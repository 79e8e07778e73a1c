//! Home: what to write to an account so that it holds what the contact holds.

use serde_json::{Number, Value};

use super::account::{Account, Path};
use super::fit::{day_of_year, is_blank, join};
use super::mapping::FieldRule;
use super::text;

/// The fields of Gigya's profile that are whole numbers (SAP help, schema: type `long` or `integer`); all other text comes
/// home as text, and Gigya turns it into what its schema says.
const NUMBERS: [&str; 4] =
    ["profile.birthDay", "profile.birthMonth", "profile.birthYear", "profile.age"];

/// Why a value of a contact cannot be written to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unwritable {
    /// The field is Gigya's alone.
    #[error("the field is Gigya's alone")]
    OutboundOnly,
    /// A transform cannot say which value of Gigya's this one stands for.
    #[error("the value stands for none that Gigya could hold")]
    NoWayBack,
    /// The birthday is on no day of the calendar.
    #[error("the calendar has no such day")]
    NoSuchDay,
    /// Gigya wants a number there.
    #[error("Gigya holds a whole number there, and the value is none")]
    NotANumber,
    /// The account holds a list on the way, which can only be written whole.
    #[error("the account holds a list there")]
    List,
}

impl FieldRule {
    /// What to write to the account so that it holds what the contact holds: a birthday (`MM-DD`) comes home as two numbers,
    /// `""` as `null`, which is how a field of Gigya's is cleared.
    ///
    /// # Errors
    /// When the field does not come home, or this value cannot.
    pub fn leaves(&self, value: &str) -> Result<Vec<(Path, Value)>, Unwritable> {
        if !self.travels_home() {
            return Err(Unwritable::OutboundOnly);
        }
        if is_blank(value) {
            return Ok(self.sources.iter().map(|path| (path.clone(), Value::Null)).collect());
        }
        match self.sources.as_slice() {
            [source] => {
                let value = text::composed(text::trim(value)).into_owned();
                let undone = self.transforms.iter().rev().try_fold(value, |value, transform| {
                    transform.undo(&value).ok_or(Unwritable::NoWayBack)
                })?;
                Ok(vec![(source.clone(), typed(source, undone)?)])
            }
            [day_path, month_path] if self.is_birthday() => {
                let (month, day) = value.split_once(['-', '/']).ok_or(Unwritable::NoSuchDay)?;
                let whole = day_of_year(month, day).ok_or(Unwritable::NoSuchDay)?;
                let (month, day) = whole.split_once('-').ok_or(Unwritable::NoSuchDay)?;
                let number = |text: &str| text.parse::<u8>().map_err(|_| Unwritable::NoSuchDay);
                Ok(vec![
                    (day_path.clone(), number(day)?.into()),
                    (month_path.clone(), number(month)?.into()),
                ])
            }
            [] | [_, _, ..] => Err(Unwritable::NoWayBack),
        }
    }

    /// [`leaves`](Self::leaves) for an account that was just read: where it holds a number or a flag, the value comes home as one
    /// if it can, so that no type drifts because of us.
    ///
    /// # Errors
    /// As [`leaves`](Self::leaves), and when the account holds a list on the way, which cannot be written by leaf.
    pub fn leaves_beside(
        &self,
        value: &str,
        account: &Account,
    ) -> Result<Vec<(Path, Value)>, Unwritable> {
        let mut leaves = self.leaves(value)?;
        for (path, leaf) in &mut leaves {
            if holds_list(account, path) {
                return Err(Unwritable::List);
            }
            if let (Value::String(text), [present]) = (&*leaf, account.values(path).as_slice()) {
                let like = match present {
                    Value::Number(_) => text.parse::<Number>().ok().map(Value::Number),
                    Value::Bool(_) => text.parse::<bool>().ok().map(Value::Bool),
                    Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
                };
                // Only what is written back as the same text: "042" stays a text.
                if let Some(like) = like.filter(|like| is_written(like, text)) {
                    *leaf = like;
                }
            }
        }
        Ok(leaves)
    }

    /// What [`source`](Self::source) says once the account holds these leaves.
    pub fn source_of(&self, leaves: &[(Path, Value)]) -> String {
        let texts: Vec<String> = leaves
            .iter()
            .map(|(_, leaf)| match leaf {
                Value::Null => String::new(),
                Value::String(text) => text::canonical(text).into_owned(),
                other
                @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                    other.to_string()
                }
            })
            .collect();
        join(&texts)
    }
}

fn typed(path: &Path, text: String) -> Result<Value, Unwritable> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    if NUMBERS.contains(&path.as_str()) {
        return text.parse::<u32>().map(Value::from).map_err(|_| Unwritable::NotANumber);
    }
    Ok(Value::String(text))
}

fn is_written(value: &Value, text: &str) -> bool {
    let written = value.to_string();
    written == text
}

/// Whether a list stands at the path or on the way to it.
fn holds_list(account: &Account, path: &Path) -> bool {
    let mut steps = path.steps();
    let mut value = steps.next().and_then(|step| account.fields().get(step));
    while let Some(present) = value {
        if present.is_array() {
            return true;
        }
        value = steps.next().and_then(|step| present.get(step));
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::transform::Transform;
    use crate::domain::{OnConflict, Owner};

    fn rule(sources: &[&str], field: &str, transforms: Vec<Transform>) -> FieldRule {
        FieldRule {
            sources: sources.iter().map(|source| source.parse().unwrap()).collect(),
            field: field.parse().unwrap(),
            owner: Owner::Both,
            conflict: OnConflict::Hold,
            transforms,
        }
    }

    fn birthday() -> FieldRule {
        rule(&["profile.birthDay", "profile.birthMonth"], "birthday", vec![])
    }

    fn written(leaves: &[(Path, Value)]) -> Vec<(&str, Value)> {
        leaves.iter().map(|(path, value)| (path.as_str(), value.clone())).collect()
    }

    #[test]
    fn a_birthday_comes_home_as_two_numbers_and_an_empty_one_as_nothing() {
        let leaves = birthday().leaves("02-29").unwrap();
        let expected = [("profile.birthDay", json!(29)), ("profile.birthMonth", json!(2))];
        assert_eq!(written(&leaves), expected);
        assert_eq!(birthday().source_of(&leaves), "29\u{1f}2");
        let cleared = birthday().leaves("").unwrap();
        let expected = [("profile.birthDay", Value::Null), ("profile.birthMonth", Value::Null)];
        assert_eq!(written(&cleared), expected);
        assert_eq!(birthday().source_of(&cleared), "");
        for wrong in ["02-30", "13-01", "1980-02-28", "soon"] {
            assert_eq!(birthday().leaves(wrong), Err(Unwritable::NoSuchDay), "{wrong}");
        }
    }

    #[test]
    fn transforms_are_undone_from_the_last_to_the_first() {
        let date = Transform::Date(Some("%d.%m.%Y".to_owned()));
        let since = rule(&["data.since"], "cf:since", vec![Transform::Trim, date]);
        assert_eq!(
            written(&since.leaves("2024-05-17").unwrap()),
            [("data.since", json!("17.05.2024"))]
        );
        assert_eq!(since.leaves("someday"), Err(Unwritable::NoWayBack));
    }

    #[test]
    fn a_field_of_gigya_alone_does_not_come_home() {
        let mut city = rule(&["profile.city"], "city", vec![]);
        city.owner = Owner::Gigya;
        assert_eq!(city.leaves("Köln"), Err(Unwritable::OutboundOnly));
    }

    #[test]
    fn a_value_takes_the_type_that_the_account_holds() {
        let account =
            Account::from_json(json!({"UID": "u", "profile": {"phones": [{"number": "1"}]},
            "data": {"points": 42, "vip": true, "zip": "01234", "code": 7}}))
            .unwrap();
        let leaf = |path: &str, value: &str| {
            let leaves = rule(&[path], "cf:x", vec![]).leaves_beside(value, &account);
            leaves.map(|leaves| leaves[0].1.clone())
        };
        assert_eq!(leaf("data.points", "43"), Ok(json!(43)));
        assert_eq!(leaf("data.vip", "false"), Ok(json!(false)));
        assert_eq!(leaf("data.vip", "maybe"), Ok(json!("maybe")));
        assert_eq!(leaf("data.zip", "04321"), Ok(json!("04321")));
        assert_eq!(leaf("data.code", "007"), Ok(json!("007")));
        assert_eq!(leaf("data.new", "5"), Ok(json!("5")));
        assert_eq!(leaf("data.points", ""), Ok(Value::Null));
        assert_eq!(leaf("profile.phones.number", "2"), Err(Unwritable::List));
        assert_eq!(leaf("profile.birthYear", "1980"), Ok(json!(1980)));
        assert_eq!(leaf("profile.birthYear", "young"), Err(Unwritable::NotANumber));
    }

    #[test]
    fn what_came_home_has_the_source_that_the_account_then_gives() {
        let city = rule(&["profile.city"], "city", vec![]);
        let leaves = city.leaves(" So\u{308}hne & Co ").unwrap();
        let account = json!({"UID": "u", "profile": {"city": "Söhne &amp; Co"}});
        let account = Account::from_json(account).unwrap();
        assert_eq!(city.source_of(&leaves), city.source(&account));
    }
}
