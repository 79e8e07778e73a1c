//! The columns of an import: their headings, their lengths, and where their values belong.

use std::collections::BTreeMap;

use shared::domain::limits::{V2_CUSTOM_FIELD_CHARACTERS_MAX, V2_CUSTOM_FIELDS};

use crate::constant_contact::people::{Person, Street};
use crate::constant_contact::values::put;

/// Lines of an address.
pub(super) const LINES: usize = 3;

/// What stands between the lines of an address where the tenant keeps them as one text.
pub(super) const LINE_BREAK: char = '\n';

/// A column of an import (v2 documents, "Add Contacts", `column_names`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::constant_contact) enum Column {
    Email,
    FirstName,
    LastName,
    JobTitle,
    CompanyName,
    BirthdayDay,
    BirthdayMonth,
    Anniversary,
    HomePhone,
    WorkPhone,
    /// The first is 0.
    Line(usize),
    City,
    State,
    PostalCode,
    Country,
    Custom(u8),
}

impl Column {
    /// The column of a heading, in whatever case; `None` is none that is documented.
    pub(super) fn of(heading: &str) -> Option<Self> {
        let heading = heading.trim().to_ascii_uppercase();
        Some(match heading.as_str() {
            "EMAIL" | "E-MAIL" | "EMAIL ADDRESS" | "E-MAIL ADDRESS" => Self::Email,
            "FIRST NAME" => Self::FirstName,
            "LAST NAME" => Self::LastName,
            "JOB TITLE" => Self::JobTitle,
            "COMPANY NAME" => Self::CompanyName,
            "BIRTHDAY_DAY" => Self::BirthdayDay,
            "BIRTHDAY_MONTH" => Self::BirthdayMonth,
            "ANNIVERSARY" => Self::Anniversary,
            "HOME PHONE" => Self::HomePhone,
            "WORK PHONE" => Self::WorkPhone,
            "ADDRESS LINE 1" => Self::Line(0),
            "ADDRESS LINE 2" => Self::Line(1),
            "ADDRESS LINE 3" => Self::Line(2),
            "CITY" => Self::City,
            "STATE" => Self::State,
            "ZIP/POSTAL CODE" => Self::PostalCode,
            "COUNTRY" => Self::Country,
            custom => Self::Custom(custom_number(custom, "CUSTOM FIELD ")?),
        })
    }

    /// Characters of its longest value.
    pub(super) fn characters_max(self) -> usize {
        match self {
            Self::Email => usize::MAX,
            Self::PostalCode => 25,
            Self::Custom(_) => V2_CUSTOM_FIELD_CHARACTERS_MAX,
            Self::FirstName
            | Self::LastName
            | Self::JobTitle
            | Self::CompanyName
            | Self::BirthdayDay
            | Self::BirthdayMonth
            | Self::Anniversary
            | Self::HomePhone
            | Self::WorkPhone
            | Self::Line(_)
            | Self::City
            | Self::State
            | Self::Country => 50,
        }
    }

    /// Puts a value where it belongs; `fields` are the tenant's ids of the numbered custom fields. Address and birthday
    /// are put by whoever lands the row.
    pub(super) fn put(self, person: &mut Person, value: &str, fields: &BTreeMap<u8, String>) {
        let value = value.to_owned();
        match self {
            Self::Email | Self::BirthdayDay | Self::BirthdayMonth => {}
            Self::FirstName => put(&mut person.texts, "first_name", value),
            Self::LastName => put(&mut person.texts, "last_name", value),
            Self::JobTitle => put(&mut person.texts, "job_title", value),
            Self::CompanyName => put(&mut person.texts, "company_name", value),
            Self::Anniversary => put(&mut person.texts, "anniversary", value),
            Self::HomePhone => put(&mut person.phones, "home", value),
            Self::WorkPhone => put(&mut person.phones, "work", value),
            Self::Line(line) => put_street(person, |street| {
                let mut lines = lines(street);
                lines[line] = value;
                street[0] = joined(&lines);
            }),
            Self::City => put_street(person, |street| street[1] = value),
            Self::State => put_street(person, |street| street[2] = value),
            Self::PostalCode => put_street(person, |street| street[3] = value),
            Self::Country => put_street(person, |street| street[4] = value),
            Self::Custom(number) => {
                if let Some(id) = fields.get(&number) {
                    put(&mut person.custom, id, value);
                }
            }
        }
    }

    /// The value that is held.
    pub(super) fn held(self, person: &Person, fields: &BTreeMap<u8, String>) -> String {
        let text = |name: &str| person.texts.get(name).cloned().unwrap_or_default();
        let phone = |kind: &str| person.phones.get(kind).cloned().unwrap_or_default();
        let street = person.streets.get("home").cloned().unwrap_or_default();
        let birthday = |part: fn((u8, u8)) -> u8| {
            person.birthday.map(|birthday| part(birthday).to_string()).unwrap_or_default()
        };
        match self {
            Self::Email => person.address.clone().unwrap_or_default(),
            Self::FirstName => text("first_name"),
            Self::LastName => text("last_name"),
            Self::JobTitle => text("job_title"),
            Self::CompanyName => text("company_name"),
            Self::Anniversary => text("anniversary"),
            Self::BirthdayMonth => birthday(|(month, _)| month),
            Self::BirthdayDay => birthday(|(_, day)| day),
            Self::HomePhone => phone("home"),
            Self::WorkPhone => phone("work"),
            Self::Line(line) => lines(&street)[line].clone(),
            Self::City => street[1].clone(),
            Self::State => street[2].clone(),
            Self::PostalCode => street[3].clone(),
            Self::Country => street[4].clone(),
            Self::Custom(number) => {
                let held = fields.get(&number).and_then(|id| person.custom.get(id));
                held.cloned().unwrap_or_default()
            }
        }
    }
}

/// The number after this beginning: 1 to 15, as people write it.
pub(super) fn custom_number(name: &str, beginning: &str) -> Option<u8> {
    let digits = name.strip_prefix(beginning)?;
    let number = digits.parse().ok().filter(|number| (1..=V2_CUSTOM_FIELDS).contains(number))?;
    (digits == number.to_string()).then_some(number)
}

/// The lines of an address.
pub(super) fn lines(street: &Street) -> [String; LINES] {
    let mut lines: [String; LINES] = Default::default();
    for (line, text) in lines.iter_mut().zip(street[0].splitn(LINES, LINE_BREAK)) {
        text.clone_into(line);
    }
    lines
}

pub(super) fn joined(lines: &[String; LINES]) -> String {
    lines.join(&LINE_BREAK.to_string()).trim_end_matches(LINE_BREAK).to_owned()
}

fn put_street(person: &mut Person, change: impl FnOnce(&mut Street)) {
    let street = person.streets.entry("home".to_owned()).or_default();
    change(street);
    if street.iter().all(String::is_empty) {
        person.streets.remove("home");
    }
}
