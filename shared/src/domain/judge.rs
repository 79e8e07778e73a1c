//! What makes a mapping wrong, found before the first run.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Path;
use super::contact_field::ContactField;
use super::date;
use super::dialect::Dialect;
use super::fit::PHONES;
use super::limits::{CUSTOM_FIELDS_PER_CONTACT_MAX, PHONES_PER_CONTACT_MAX, V2_CUSTOM_FIELDS};
use super::mapping::{FieldRule, Mapping};
use super::transform::Transform;

/// Columns that are another column by a longer name: a telephone number is of kind `other` and an address of kind `home`
/// unless the column says otherwise (OAS, `JsonImportContact`).
const SAME_COLUMNS: [(&str, &str); 5] = [
    ("phone", "other_phone"),
    ("street", "home_street"),
    ("city", "home_city"),
    ("state", "home_state"),
    ("zip", "home_zip"),
];

/// Lists of Gigya's profile, which can only be written whole (SAP help, accounts.setAccountInfo, `profile`).
const PROFILE_LISTS: [&str; 6] =
    ["phones", "work", "education", "certifications", "favorites", "likes"];

/// What is wrong with a mapping, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingProblem {
    /// Two rules for one field.
    #[error("\"{0}\" is mapped twice; leave one rule")]
    Twice(ContactField),
    /// Two columns that are one in Constant Contact.
    #[error("\"{0}\" and \"{1}\" are one field in Constant Contact; map one of them")]
    SameColumn(ContactField, ContactField),
    /// More custom fields than a contact can hold.
    #[error(
        "{0} custom fields are mapped, the one for the UID included; a contact holds {CUSTOM_FIELDS_PER_CONTACT_MAX}"
    )]
    TooManyCustomFields(usize),
    /// More telephone numbers than a contact can hold.
    #[error("{0} telephone numbers are mapped; a contact holds {PHONES_PER_CONTACT_MAX}")]
    TooManyPhones(usize),
    /// The name of the UID's field is none.
    #[error(
        "uid_field \"{0}\" is no name of a custom field; write it without cf: and without blanks"
    )]
    UidFieldName(String),
    /// The name of the UID's field is none of v2's.
    #[error(
        "uid_field \"{0}\" is no custom field of v2; write custom_field_1, or another up to custom_field_{V2_CUSTOM_FIELDS}"
    )]
    UidFieldInV2(String),
    /// A rule writes to the UID's field.
    #[error("\"{0}\" carries the Gigya UID (uid_field); map to another field")]
    UidField(ContactField),
    /// The address would come home.
    #[error("\"{0}\" must be owned by gigya: the address belongs to the login")]
    EmailComesHome(ContactField),
    /// Nothing to read.
    #[error(
        "\"{0}\" has no source; say where the value stands in Gigya, or give a template or a constant"
    )]
    NoSource(ContactField),
    /// Sources that a template or constant does not look at.
    #[error("\"{0}\" has both a source and a template or constant; leave the source out")]
    IdleSource(ContactField),
    /// Several sources and no way to make one value of them.
    #[error(
        "\"{0}\" has several sources; say how to make one value of them, with join or template"
    )]
    SeveralSources(ContactField),
    /// A transform that can only come first comes later.
    #[error(
        "\"{0}\": join, template and constant must be the first transform, and one of them is enough"
    )]
    NotFirst(ContactField),
    /// A birthday that is not made of a day and a month.
    #[error(
        "\"{0}\" takes one date, or [\"profile.birthDay\", \"profile.birthMonth\"] in this order and without a transform"
    )]
    Birthday(ContactField),
    /// A date format that cannot be read.
    #[error("\"{0}\": the date format \"{1}\" does not name a whole day; write it like %d.%m.%Y")]
    DateFormat(ContactField, String),
    /// A calling code that is none.
    #[error(
        "\"{0}\": the country of a phone transform is a calling code of digits, such as \"49\""
    )]
    CallingCode(ContactField),
    /// A field that comes home through a transform that cannot be undone.
    #[error("\"{0}\" cannot come home: its transforms cannot be undone; set owner = \"gigya\"")]
    NoWayBack(ContactField),
    /// A field that comes home to a place that we do not write to.
    #[error(
        "\"{0}\" cannot come home: {1} cannot be written there; use a single value in profile or data (not the address or a list), or set owner = \"gigya\""
    )]
    NotWritable(ContactField, Path),
    /// Two fields come home to one place.
    #[error("\"{0}\" and \"{1}\" both come home to {2}; set owner = \"gigya\" for one of them")]
    HomeTwice(ContactField, ContactField, Path),
    /// A field that comes home and cannot be observed.
    #[error(
        "\"{0}\" cannot come home: Constant Contact appends street2 to street; set owner = \"gigya\" or leave street2 out"
    )]
    NotObservable(ContactField),
    /// A field that comes home and that v2's contacts do not show as it was imported.
    #[error(
        "\"{0}\" cannot come home: v2 does not show it as it was imported; set owner = \"gigya\""
    )]
    NotShownInV2(ContactField),
    /// A field that only the other dialect has.
    #[error("\"{0}\" is no field of v3; write cf:<custom field name>")]
    NotInV3(ContactField),
    /// A field that only the other dialect has.
    #[error(
        "\"{0}\" is no field of v2's import, which has names, job_title, company_name, birthday, anniversary, home_phone, work_phone, one address (street, street2, city, state, zip, country) and custom_field_1 to custom_field_{V2_CUSTOM_FIELDS}"
    )]
    NotInV2(ContactField),
}

impl MappingProblem {
    /// The field whose rule is to be mended; of two, the later one.
    pub fn field(&self) -> Option<&ContactField> {
        match self {
            Self::Twice(field)
            | Self::SameColumn(_, field)
            | Self::UidField(field)
            | Self::NoSource(field)
            | Self::IdleSource(field)
            | Self::SeveralSources(field)
            | Self::NotFirst(field)
            | Self::Birthday(field)
            | Self::DateFormat(field, _)
            | Self::CallingCode(field)
            | Self::NoWayBack(field)
            | Self::NotWritable(field, _)
            | Self::HomeTwice(_, field, _)
            | Self::EmailComesHome(field)
            | Self::NotObservable(field)
            | Self::NotShownInV2(field)
            | Self::NotInV3(field)
            | Self::NotInV2(field) => Some(field),
            Self::TooManyCustomFields(_)
            | Self::TooManyPhones(_)
            | Self::UidFieldName(_)
            | Self::UidFieldInV2(_) => None,
        }
    }
}

impl Mapping {
    /// Everything that is wrong with the mapping; nothing when it can work.
    pub fn judge(&self) -> Vec<MappingProblem> {
        let mut problems = Vec::new();
        self.judge_fields(&mut problems);
        self.judge_limits(&mut problems);
        for rule in self.all_rules() {
            rule.judge_sources(&mut problems);
            rule.judge_transforms(&mut problems);
        }
        self.judge_home(&mut problems);
        problems
    }

    fn judge_fields(&self, problems: &mut Vec<MappingProblem>) {
        let mut seen = BTreeSet::new();
        let dialect = self.destination().dialect;
        for field in self.all_rules().map(|rule| &rule.field) {
            if !seen.insert(field) {
                problems.push(MappingProblem::Twice(field.clone()));
            }
            if !field.is_in(dialect) {
                problems.push(match dialect {
                    Dialect::V3 => MappingProblem::NotInV3(field.clone()),
                    Dialect::V2 => MappingProblem::NotInV2(field.clone()),
                });
            }
        }
        for (short, long) in SAME_COLUMNS {
            let find = |name: &str| seen.iter().find(|field| field.as_str() == name);
            if let (Some(short), Some(long)) = (find(short), find(long)) {
                problems.push(MappingProblem::SameColumn((*short).clone(), (*long).clone()));
            }
        }
        let uid_field = self.uid_contact_field();
        let is_name = || {
            uid_field.as_str().parse::<ContactField>().is_ok()
                && !self.uid_field().starts_with("cf:")
        };
        let name = || self.uid_field().to_owned();
        match dialect {
            Dialect::V3 if !is_name() => problems.push(MappingProblem::UidFieldName(name())),
            Dialect::V2 if uid_field.v2_number().is_none() => {
                problems.push(MappingProblem::UidFieldInV2(name()));
            }
            Dialect::V3 | Dialect::V2 => {}
        }
        if seen.contains(&uid_field) {
            problems.push(MappingProblem::UidField(uid_field));
        }
    }

    fn judge_limits(&self, problems: &mut Vec<MappingProblem>) {
        let fields: BTreeSet<&ContactField> = self.all_rules().map(|rule| &rule.field).collect();
        let custom = 1 + fields.iter().filter(|field| field.custom_name().is_some()).count();
        if custom > CUSTOM_FIELDS_PER_CONTACT_MAX {
            problems.push(MappingProblem::TooManyCustomFields(custom));
        }
        let phones = fields.iter().filter(|field| PHONES.contains(&field.as_str())).count();
        if phones > PHONES_PER_CONTACT_MAX {
            problems.push(MappingProblem::TooManyPhones(phones));
        }
    }

    fn judge_home(&self, problems: &mut Vec<MappingProblem>) {
        let mut written: BTreeMap<&Path, &ContactField> = BTreeMap::new();
        for rule in self.all_rules().filter(|rule| rule.travels_home()) {
            let field = &rule.field;
            if *field == ContactField::email() {
                problems.push(MappingProblem::EmailComesHome(field.clone()));
                continue;
            }
            if !self.observable(field) {
                problems.push(match self.destination().dialect {
                    Dialect::V3 => MappingProblem::NotObservable(field.clone()),
                    Dialect::V2 => MappingProblem::NotShownInV2(field.clone()),
                });
            }
            if !rule.can_come_home() {
                problems.push(MappingProblem::NoWayBack(field.clone()));
            }
            for path in &rule.sources {
                if !is_writable(path) {
                    problems.push(MappingProblem::NotWritable(field.clone(), path.clone()));
                }
                if let Some(other) = written.insert(path, field) {
                    let (other, field) = (other.clone(), field.clone());
                    problems.push(MappingProblem::HomeTwice(other, field, path.clone()));
                }
            }
        }
    }
}

impl FieldRule {
    fn judge_sources(&self, problems: &mut Vec<MappingProblem>) {
        let field = || self.field.clone();
        let gathers = self.transforms.iter().any(Transform::gathers);
        let joins = self.transforms.iter().any(|transform| matches!(transform, Transform::Join(_)));
        match self.sources.as_slice() {
            [] if joins || !gathers => problems.push(MappingProblem::NoSource(field())),
            [_, ..] if gathers && !joins => problems.push(MappingProblem::IdleSource(field())),
            [day, month] if self.is_birthday() => {
                if !self.transforms.is_empty() || names_month(day) || names_day(month) {
                    problems.push(MappingProblem::Birthday(field()));
                }
            }
            [_, _, ..] if self.is_birthday() => problems.push(MappingProblem::Birthday(field())),
            [_, _, ..] if !gathers => problems.push(MappingProblem::SeveralSources(field())),
            [] | [_, ..] => {}
        }
    }

    fn judge_transforms(&self, problems: &mut Vec<MappingProblem>) {
        if self.transforms.iter().skip(1).any(Transform::gathers) {
            problems.push(MappingProblem::NotFirst(self.field.clone()));
        }
        for transform in &self.transforms {
            match transform {
                Transform::Date(Some(format)) if !date::is_usable(format) => {
                    problems.push(MappingProblem::DateFormat(self.field.clone(), format.clone()));
                }
                Transform::Phone(country) => {
                    let is_code = |code: &String| {
                        !code.is_empty() && code.chars().all(|c| c.is_ascii_digit())
                    };
                    if !country.country.as_ref().is_none_or(is_code) {
                        problems.push(MappingProblem::CallingCode(self.field.clone()));
                    }
                }
                Transform::Trim
                | Transform::Lower
                | Transform::Upper
                | Transform::Join(_)
                | Transform::Map(_)
                | Transform::Date(_)
                | Transform::Template(_)
                | Transform::Constant(_) => {}
            }
        }
    }

    /// Whether values can come home at all. A birthday from one whole date cannot: its year would be lost.
    fn can_come_home(&self) -> bool {
        self.transforms.iter().all(Transform::can_be_undone)
            && if self.is_birthday() { self.sources.len() == 2 } else { self.sources.len() == 1 }
    }
}

fn last_step(path: &Path) -> String {
    path.steps().next_back().unwrap_or_default().to_ascii_lowercase()
}

fn names_month(path: &Path) -> bool {
    last_step(path).contains("month")
}

fn names_day(path: &Path) -> bool {
    let step = last_step(path);
    step.ends_with("day") && !step.contains("month")
}

fn is_writable(path: &Path) -> bool {
    let mut steps = path.steps();
    match (steps.next(), steps.next()) {
        (Some("data"), Some(_)) => true,
        (Some("profile"), Some(field)) => {
            !PROFILE_LISTS.contains(&field) && !matches!(field, "email" | "username" | "age")
        }
        (Some(_) | None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Owner;
    use crate::domain::transform::Country;

    fn rule(sources: &[&str], field: &str, owner: Owner, transforms: &[Transform]) -> FieldRule {
        let mut rule = FieldRule::outbound("data.x".parse().unwrap(), field.parse().unwrap());
        rule.sources = sources.iter().map(|source| source.parse().unwrap()).collect();
        FieldRule { owner, transforms: transforms.to_vec(), ..rule }
    }

    #[test]
    fn a_mapping_that_works_has_no_problems() {
        let date = Transform::Date(Some("%d.%m.%Y".to_owned()));
        let rules = vec![
            rule(&["profile.firstName"], "first_name", Owner::Both, &[Transform::Trim]),
            rule(&["profile.birthDay", "profile.birthMonth"], "birthday", Owner::Both, &[]),
            rule(&["data.since"], "anniversary", Owner::Both, &[date]),
            rule(&["data.a", "data.b"], "cf:ab", Owner::Gigya, &[Transform::Join(" ".into())]),
            rule(&[], "cf:origin", Owner::Gigya, &[Transform::Constant("Gigya".into())]),
            rule(&["data.note"], "cf:note", Owner::ConstantContact, &[]),
            rule(&["profile.address"], "street", Owner::Both, &[]),
        ];
        assert_eq!(Mapping::new(rules, "gigya_uid").judge(), []);
    }

    #[test]
    fn every_problem_of_a_mapping_is_named_at_once() {
        let (both, gigya) = (Owner::Both, Owner::Gigya);
        let template = || Transform::Template("{data.t}".to_owned().try_into().unwrap());
        let date = Transform::Date(Some("%d.%m".to_owned()));
        let country = Country { country: Some("+49".to_owned()), trunk: String::new() };
        let rules = vec![
            rule(&["profile.email"], "email", both, &[]),
            rule(&["data.a"], "email", gigya, &[]),
            rule(&["profile.phones.number"], "phone", both, &[]),
            rule(&["data.b"], "other_phone", gigya, &[Transform::Phone(country)]),
            rule(&["data.c"], "home_phone", gigya, &[]),
            rule(&["data.d"], "work_phone", gigya, &[]),
            rule(&["profile.birthMonth", "profile.birthDay"], "birthday", gigya, &[]),
            rule(&["data.e"], "street", both, &[]),
            rule(&["data.e"], "street2", both, &[]),
            rule(&["data.f", "data.g"], "city", gigya, &[]),
            rule(&["data.h"], "state", gigya, &[template()]),
            rule(&[], "zip", gigya, &[]),
            rule(&["data.i"], "country", gigya, &[Transform::Trim, Transform::Join(" ".into())]),
            rule(&["data.j"], "anniversary", gigya, &[date]),
            rule(&["data.k"], "cf:shout", both, &[Transform::Phone(Country::default())]),
            rule(&["data.l"], "cf:gigya_uid", gigya, &[]),
            rule(&["subscriptions.news.email"], "cf:news", both, &[]),
        ];
        let problems = Mapping::new(rules, "gigya_uid").judge();
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(problems.join("\n"), @r#"
        "email" is mapped twice; leave one rule
        "phone" and "other_phone" are one field in Constant Contact; map one of them
        "cf:gigya_uid" carries the Gigya UID (uid_field); map to another field
        4 telephone numbers are mapped; a contact holds 3
        "other_phone": the country of a phone transform is a calling code of digits, such as "49"
        "birthday" takes one date, or ["profile.birthDay", "profile.birthMonth"] in this order and without a transform
        "city" has several sources; say how to make one value of them, with join or template
        "state" has both a source and a template or constant; leave the source out
        "zip" has no source; say where the value stands in Gigya, or give a template or a constant
        "country": join, template and constant must be the first transform, and one of them is enough
        "anniversary": the date format "%d.%m" does not name a whole day; write it like %d.%m.%Y
        "email" must be owned by gigya: the address belongs to the login
        "phone" cannot come home: profile.phones.number cannot be written there; use a single value in profile or data (not the address or a list), or set owner = "gigya"
        "street" cannot come home: Constant Contact appends street2 to street; set owner = "gigya" or leave street2 out
        "street2" cannot come home: Constant Contact appends street2 to street; set owner = "gigya" or leave street2 out
        "street" and "street2" both come home to data.e; set owner = "gigya" for one of them
        "cf:shout" cannot come home: its transforms cannot be undone; set owner = "gigya"
        "cf:news" cannot come home: subscriptions.news.email cannot be written there; use a single value in profile or data (not the address or a list), or set owner = "gigya"
        "#);
    }

    #[test]
    fn the_custom_field_of_the_uid_counts_towards_the_limit() {
        let custom = |count: usize| -> Vec<FieldRule> {
            (0..count).map(|n| rule(&["data.x"], &format!("cf:f{n}"), Owner::Gigya, &[])).collect()
        };
        assert_eq!(Mapping::new(custom(24), "uid").judge(), []);
        let problems = Mapping::new(custom(25), "uid").judge();
        assert_eq!(problems, [MappingProblem::TooManyCustomFields(26)]);
        let problems = Mapping::new(vec![], "cf:uid").judge();
        assert_eq!(problems, [MappingProblem::UidFieldName("cf:uid".to_owned())]);
    }
}
