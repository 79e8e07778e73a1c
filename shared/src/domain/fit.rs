//! Out: what an account becomes as a contact, in values that Constant Contact takes.

use std::fmt;

use jiff::civil::Date;

use super::account::Account;
use super::charset::{Charset, Outcome};
use super::contact_field::ContactField;
use super::date::{self, Day};
use super::email::{EmailAddress, EmailAddressError};
use super::ids::Uid;
use super::loss::{Invalid, InvalidReason, Loss};
use super::mapping::{Destination, FieldRule, Mapping};
use super::text;
use super::transform::Transform;

/// Years of an anniversary. v2 documents "after 1900, and not more than ten years ahead"; v3 documents no range. The core
/// has no clock, so the upper end is fixed far enough ahead; what v2 refuses beyond ten years counts as rejected.
const ANNIVERSARY_YEARS: std::ops::RangeInclusive<i16> = 1901..=2100;

/// A leap year, in which every day of a birthday exists.
const LEAP_YEAR: i16 = 2000;

/// The columns that hold a telephone number.
pub(super) const PHONES: [&str; 5] =
    ["phone", "home_phone", "work_phone", "mobile_phone", "other_phone"];

/// A value on its way out. Never printed: its `Debug` shows lengths.
#[derive(Clone, PartialEq, Eq)]
pub struct Fitted {
    /// Gigya's own value, as [`FieldRule::source`] gives it.
    pub source: String,
    /// What Constant Contact is to hold; `""` is nothing to send. A birthday is `MM-DD`, an anniversary `YYYY-MM-DD`.
    pub value: String,
    /// What the value lost.
    pub losses: Vec<Loss>,
    /// Why the value is not sent although there is one; what Constant Contact holds stays then.
    pub stays: Option<Stays>,
}

/// Why a value is not sent: it has characters that Constant Contact does not take, and the customer's policy is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stays {
    /// The field is left out.
    Dropped,
    /// The whole person waits.
    Held,
}

impl Fitted {
    fn nothing(source: String) -> Self {
        Self { source, value: String::new(), losses: Vec::new(), stays: None }
    }
}

/// An account on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FittedAccount {
    /// The address.
    pub email: EmailAddress,
    /// The other fields in the order of the rules, those included that have nothing to send or do not travel out.
    pub fields: Vec<(ContactField, Fitted)>,
}

impl fmt::Debug for Fitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fitted")
            .field("source_characters", &self.source.chars().count())
            .field("value_characters", &self.value.chars().count())
            .field("losses", &self.losses)
            .field("stays", &self.stays)
            .finish()
    }
}

impl Mapping {
    /// Fits an account: the address and every field.
    ///
    /// Fields that only come home are fitted too, since the plan compares both sides, but nothing about them can make
    /// the person invalid: they come back as a value of nothing.
    ///
    /// # Errors
    /// Everything that Constant Contact would refuse, not the first thing only.
    pub fn fit(&self, account: &Account) -> Result<FittedAccount, Vec<Invalid>> {
        let mut invalid = Vec::new();
        let mut fields = Vec::with_capacity(self.rules().len());
        let email = self.email(account);
        if let Err(reason) = email {
            invalid.push(Invalid { field: ContactField::email(), reason });
        }
        if let Err(reason) = self.uid_fits(account.uid()) {
            invalid.push(Invalid { field: self.uid_contact_field(), reason });
        }
        for rule in self.rules() {
            let field = rule.field.clone();
            match rule.fit(account, self.destination()) {
                Ok(fitted) => fields.push((field, fitted)),
                Err(reason) if rule.travels_out() => invalid.push(Invalid { field, reason }),
                Err(_) => fields.push((field, Fitted::nothing(rule.source(account)))),
            }
        }
        match email {
            Ok(email) if invalid.is_empty() => Ok(FittedAccount { email, fields }),
            Ok(_) | Err(_) => Err(invalid),
        }
    }

    /// A UID that was cut or respelt would be somebody else's.
    fn uid_fits(&self, uid: &Uid) -> Result<(), InvalidReason> {
        let Destination { dialect, charset, .. } = self.destination();
        let mut lost = false;
        let as_it_is = charset.convert(uid.as_str(), &mut |_| lost = true);
        let is_whole = !lost && as_it_is == Outcome::Fits(uid.as_str().into());
        let characters_max = self.uid_contact_field().characters_max(*dialect);
        if is_whole && uid.as_str().chars().count() <= characters_max {
            Ok(())
        } else {
            Err(InvalidReason::UidDoesNotFit)
        }
    }

    /// The account's address.
    ///
    /// # Errors
    /// When there is none, or none that can be sent.
    pub fn email(&self, account: &Account) -> Result<EmailAddress, InvalidReason> {
        let rule = self.email_rule();
        address(&rule.transformed(account, &rule.texts(account))?)
    }
}

impl FieldRule {
    /// Gigya's own value in canonical text, which is what is fingerprinted on Gigya's side: entities decoded, NFC, several
    /// values with U+001F between them, `""` when there is nothing (white space alone is nothing).
    pub fn source(&self, account: &Account) -> String {
        join(&self.texts(account))
    }

    /// Gigya's value as Constant Contact is to hold it, and what it lost on the way.
    ///
    /// # Errors
    /// When Constant Contact would refuse the value, or would hold something wrong.
    pub fn fit(&self, account: &Account, to: &Destination) -> Result<Fitted, InvalidReason> {
        let texts = self.texts(account);
        let value = if self.is_split_birthday() {
            split_birthday(&texts)?
        } else {
            self.transformed(account, &texts)?
        };
        let name = self.field.as_str();
        let characters_max = self.field.characters_max(to.dialect);
        let value = if name == "email" {
            address(&value)?.expose().to_owned()
        } else if name == "anniversary" {
            anniversary(&value)?
        } else if self.is_birthday() {
            birthday(&value)?
        } else if PHONES.contains(&name) {
            phone(&value, characters_max, to.charset)?
        } else {
            value
        };
        let (outcome, losses) = text::fit(&value, characters_max, &to.charset);
        let losses =
            losses.into_iter().map(|kind| Loss { field: self.field.clone(), kind }).collect();
        let (value, stays) = match outcome {
            Outcome::Fits(value) => (value.into_owned(), None),
            Outcome::Dropped => (String::new(), Some(Stays::Dropped)),
            Outcome::Held => (String::new(), Some(Stays::Held)),
        };
        Ok(Fitted { source: join(&texts), value, losses, stays })
    }

    /// The values that the rule looks at, canonical: with `join` every value of every source, with `constant` the constant,
    /// else one text for each path, blank where there is none.
    fn texts(&self, account: &Account) -> Vec<String> {
        let canonical = |text: &str| text::canonical(text).into_owned();
        match self.transforms.first() {
            Some(Transform::Join(_)) => {
                let texts = self.sources.iter().flat_map(|path| account.texts(path));
                texts.map(|text| canonical(&text)).collect()
            }
            Some(Transform::Constant(constant)) => vec![constant.clone()],
            Some(
                Transform::Trim
                | Transform::Lower
                | Transform::Upper
                | Transform::Map(_)
                | Transform::Date(_)
                | Transform::Phone(_)
                | Transform::Template(_),
            )
            | None => {
                let first = |path| account.texts(path).into_iter().find(|text| !is_blank(text));
                self.paths()
                    .map(|path| first(path).map_or_else(String::new, |t| canonical(&t)))
                    .collect()
            }
        }
    }

    fn transformed(&self, account: &Account, texts: &[String]) -> Result<String, InvalidReason> {
        let gathered = self.transforms.first().and_then(|first| first.gather(account, texts));
        let value = gathered.unwrap_or_else(|| {
            texts.iter().find(|text| !is_blank(text)).cloned().unwrap_or_default()
        });
        self.transforms.iter().try_fold(value, |value, transform| transform.apply(value))
    }
}

pub(super) fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Several values as one; nothing when all are blank.
pub(super) fn join(texts: &[String]) -> String {
    if texts.iter().all(|text| is_blank(text)) {
        return String::new();
    }
    texts.join(text::SEPARATOR.encode_utf8(&mut [0; 4]))
}

fn address(text: &str) -> Result<EmailAddress, InvalidReason> {
    text.parse().map_err(|error| match error {
        EmailAddressError::Empty => InvalidReason::NoAddress,
        EmailAddressError::TooLong => InvalidReason::AddressTooLong,
        EmailAddressError::Malformed => InvalidReason::MalformedAddress,
    })
}

/// A day and a month, in this order, as `MM-DD`.
fn split_birthday(texts: &[String]) -> Result<String, InvalidReason> {
    let [day, month] = texts else { return Err(InvalidReason::NotADate) };
    match (is_blank(day), is_blank(month)) {
        (true, true) => Ok(String::new()),
        (false, false) => day_of_year(month, day).ok_or(InvalidReason::NoSuchDay),
        (true, false) | (false, true) => Err(InvalidReason::HalfBirthday),
    }
}

/// `MM-DD` from a month and a day, if the calendar has it.
pub(super) fn day_of_year(month: &str, day: &str) -> Option<String> {
    let number = |text: &str| text.trim().parse::<i8>().ok();
    let date = Date::new(LEAP_YEAR, number(month)?, number(day)?).ok()?;
    Some(format!("{:02}-{:02}", date.month(), date.day()))
}

/// A birthday from one text: a whole date, or `MM-DD`, or `--MM-DD` (ISO 8601's and vCard's form without a year).
fn birthday(text: &str) -> Result<String, InvalidReason> {
    let text = text.trim();
    let without_year = text.strip_prefix("--").unwrap_or(text);
    if let Some((month, day)) = without_year.split_once('-')
        && !day.contains('-')
    {
        return day_of_year(month, day).ok_or(InvalidReason::NoSuchDay);
    }
    match date::parse(text).ok_or(InvalidReason::NotADate)? {
        Day::Never => Ok(String::new()),
        Day::On(date) => Ok(format!("{:02}-{:02}", date.month(), date.day())),
    }
}

fn anniversary(text: &str) -> Result<String, InvalidReason> {
    match date::parse(text).ok_or(InvalidReason::NotADate)? {
        Day::Never => Ok(String::new()),
        Day::On(date) if ANNIVERSARY_YEARS.contains(&date.year()) => Ok(date.to_string()),
        Day::On(_) => Err(InvalidReason::DateOutOfRange),
    }
}

/// A number that is too long loses what only makes it readable; one that is still too long is invalid, since a number
/// that was cut would be somebody else's.
fn phone(text: &str, characters_max: usize, charset: Charset) -> Result<String, InvalidReason> {
    let fits = |text: &str| match text::fit(text, usize::MAX, &charset).0 {
        Outcome::Fits(line) => line.chars().count() <= characters_max,
        Outcome::Dropped | Outcome::Held => true,
    };
    if fits(text) {
        return Ok(text.to_owned());
    }
    let is_ornament = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '.' | '-' | '/');
    let bare: String = text.chars().filter(|c| !is_ornament(*c)).collect();
    if fits(&bare) { Ok(bare) } else { Err(InvalidReason::PhoneTooLong) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{LossKind, Owner};

    fn rule(sources: &[&str], field: &str) -> FieldRule {
        let mut rule = FieldRule::outbound("data.x".parse().unwrap(), field.parse().unwrap());
        rule.sources = sources.iter().map(|source| source.parse().unwrap()).collect();
        rule
    }

    fn account(sections: &Value) -> Account {
        let mut account = json!({"UID": "u1", "profile": {"email": "zoe@example.com"}});
        for (name, section) in sections.as_object().unwrap() {
            account[name] = section.clone();
        }
        Account::from_json(account).unwrap()
    }

    /// What `data.x` becomes in a field.
    fn fitted(field: &str, value: &Value) -> Result<String, InvalidReason> {
        let account = account(&json!({"data": {"x": value}}));
        rule(&["data.x"], field).fit(&account, &Destination::default()).map(|fitted| fitted.value)
    }

    fn birthday(day: &Value, month: &Value) -> Result<String, InvalidReason> {
        let account = account(&json!({"profile": {"birthDay": day, "birthMonth": month}}));
        let birthday = rule(&["profile.birthDay", "profile.birthMonth"], "birthday");
        birthday.fit(&account, &Destination::default()).map(|fitted| fitted.value)
    }

    #[test]
    fn a_birthday_is_a_day_of_the_calendar_or_nothing() {
        assert_eq!(birthday(&json!(29), &json!("2")).as_deref(), Ok("02-29"));
        assert_eq!(birthday(&Value::Null, &json!("")).as_deref(), Ok(""));
        assert_eq!(birthday(&json!(17), &Value::Null), Err(InvalidReason::HalfBirthday));
        assert_eq!(birthday(&Value::Null, &json!(5)), Err(InvalidReason::HalfBirthday));
        assert_eq!(birthday(&json!(31), &json!(2)), Err(InvalidReason::NoSuchDay));
        assert_eq!(birthday(&json!(5), &json!(17)), Err(InvalidReason::NoSuchDay));
        assert_eq!(birthday(&json!("17th"), &json!(5)), Err(InvalidReason::NoSuchDay));
        for whole in ["1980-05-07", "05-07", "--05-07", "1980-05-07T00:00:00Z"] {
            assert_eq!(fitted("birthday", &json!(whole)).as_deref(), Ok("05-07"), "{whole}");
        }
        assert_eq!(fitted("birthday", &json!("02-30")), Err(InvalidReason::NoSuchDay));
        assert_eq!(fitted("birthday", &json!("spring")), Err(InvalidReason::NotADate));
    }

    #[test]
    fn an_anniversary_is_a_date_in_range() {
        assert_eq!(fitted("anniversary", &json!("2006/11/5")).as_deref(), Ok("2006-11-05"));
        assert_eq!(
            fitted("anniversary", &json!(1_715_940_000_000_i64)).as_deref(),
            Ok("2024-05-17")
        );
        assert_eq!(fitted("anniversary", &json!("0001-01-01")).as_deref(), Ok(""));
        assert_eq!(fitted("anniversary", &json!("1900-12-31")), Err(InvalidReason::DateOutOfRange));
        assert_eq!(fitted("anniversary", &json!("2101-01-01")), Err(InvalidReason::DateOutOfRange));
        assert_eq!(fitted("anniversary", &json!("11/5/2006")), Err(InvalidReason::NotADate));
    }

    #[test]
    fn a_telephone_number_is_never_cut() {
        let long = "+49 (0) 221 / 123 456 - 78 90";
        assert_eq!(fitted("phone", &json!(long)).as_deref(), Ok("+4902211234567890"));
        assert_eq!(fitted("phone", &json!("221 / 123")).as_deref(), Ok("221 / 123"));
        assert_eq!(fitted("phone", &json!("1".repeat(26))), Err(InvalidReason::PhoneTooLong));
    }

    #[test]
    fn values_are_taken_from_where_the_rule_says() {
        let account = account(&json!({"data": {"a": ["x", " ", "y&amp;z"], "b": 7, "blank": " "}}));
        let mut joined = rule(&["data.a", "data.b"], "cf:all");
        joined.transforms = vec![Transform::Join(", ".to_owned())];
        assert_eq!(joined.fit(&account, &Destination::default()).unwrap().value, "x, y&z, 7");
        assert_eq!(joined.source(&account), "x\u{1f} \u{1f}y&z\u{1f}7");
        assert_eq!(
            rule(&["data.a"], "cf:first").fit(&account, &Destination::default()).unwrap().value,
            "x"
        );
        assert_eq!(rule(&["data.blank"], "cf:blank").source(&account), "");
        let mut constant = rule(&[], "cf:origin");
        constant.transforms = vec![Transform::Constant("Gigya".to_owned())];
        let constant = constant.fit(&account, &Destination::default()).unwrap();
        assert_eq!((&*constant.source, &*constant.value), ("Gigya", "Gigya"));
    }

    #[test]
    fn a_loss_names_its_field_and_never_the_value() {
        let account = account(&json!({"data": {"x": format!("Zo\u{7}e{}", "\u{308}".repeat(60))}}));
        let fitted =
            rule(&["data.x"], "first_name").fit(&account, &Destination::default()).unwrap();
        assert_eq!(fitted.value, "Zo");
        let kinds: Vec<LossKind> = fitted.losses.iter().map(|loss| loss.kind).collect();
        let control = LossKind::Control { character: '\u{7}' };
        assert_eq!(kinds, [control, LossKind::Cut { characters: 60 }]);
        assert!(fitted.losses.iter().all(|loss| loss.field.as_str() == "first_name"));
        assert!(!format!("{fitted:?}").contains("Zo"), "{fitted:?}");
    }

    #[test]
    fn an_account_is_fitted_whole_or_every_reason_is_given() {
        let rules = || {
            vec![
                rule(&["profile.firstName"], "first_name"),
                rule(&["profile.birthDay", "profile.birthMonth"], "birthday"),
                rule(&["data.since"], "anniversary"),
            ]
        };
        let mapping = Mapping::new(rules(), "gigya_uid");
        let good = account(&json!({"profile": {"email": " zoe@example.com ", "firstName": "Zoë"}}));
        let fitted = mapping.fit(&good).unwrap();
        assert_eq!(fitted.email.expose(), "zoe@example.com");
        let values: Vec<_> =
            fitted.fields.iter().map(|(field, fitted)| (field.as_str(), &*fitted.value)).collect();
        assert_eq!(values, [("first_name", "Zoë"), ("birthday", ""), ("anniversary", "")]);

        let bad = account(&json!({"profile": {"birthDay": 3}, "data": {"since": "long ago"}}));
        let reasons = |mapping: &Mapping| -> Vec<(String, InvalidReason)> {
            let invalid = mapping.fit(&bad).unwrap_err();
            invalid.into_iter().map(|invalid| (invalid.field.into(), invalid.reason)).collect()
        };
        let expected = [
            ("email".to_owned(), InvalidReason::NoAddress),
            ("birthday".to_owned(), InvalidReason::HalfBirthday),
            ("anniversary".to_owned(), InvalidReason::NotADate),
        ];
        assert_eq!(reasons(&mapping), expected);

        let mut home = rules();
        home[1].owner = Owner::ConstantContact;
        let without_birthday = [expected[0].clone(), expected[2].clone()];
        assert_eq!(reasons(&Mapping::new(home, "u")), without_birthday);
    }

    #[test]
    fn addresses_are_sent_as_they_are_or_not_at_all() {
        let reason = |address: &str| {
            let account = account(&json!({"profile": {"email": address}}));
            Mapping::new(vec![], "u").fit(&account).map(|fitted| fitted.email.expose().to_owned())
        };
        let refused = |reason| Err(vec![Invalid { field: ContactField::email(), reason }]);
        assert_eq!(reason("a&amp;b@example.com"), Ok("a&b@example.com".to_owned()));
        assert_eq!(reason("zo\u{7}e@example.com"), refused(InvalidReason::MalformedAddress));
        assert_eq!(reason("zoë@example.com"), refused(InvalidReason::MalformedAddress));
        assert_eq!(
            reason(&format!("{}@example.com", "a".repeat(80))),
            refused(InvalidReason::AddressTooLong)
        );
    }

    proptest! {
        #[test]
        fn every_value_that_is_sent_fits_its_field(text in any::<String>(), column in 0..crate::domain::contact_field::COLUMNS.len()) {
            let field = crate::domain::contact_field::COLUMNS[column].key;
            let account = account(&json!({"data": {"x": text}}));
            if let Ok(fitted) = rule(&["data.x"], field).fit(&account, &Destination::default()) {
                let max = field.parse::<ContactField>().unwrap().characters_max(crate::domain::Dialect::V3);
                prop_assert!(fitted.value.chars().count() <= max);
                prop_assert!(!fitted.value.chars().any(char::is_control));
                let again = Account::from_json(json!({"UID": "u", "data": {"x": fitted.value}}));
                let again = rule(&["data.x"], field).fit(&again.unwrap(), &Destination::default());
                // An ampersand that stood for itself may read as an entity the second time.
                prop_assume!(!fitted.value.contains('&'));
                prop_assert_eq!(again.map(|again| again.value), Ok(fitted.value));
            }
        }
    }
}
