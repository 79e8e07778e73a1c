//! What becomes of the rows of an import.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::columns::Column;
use super::imports::{Import, Row};
use crate::constant_contact::activities::{Counts, Outcome, RowError};
use crate::constant_contact::people::Person;
use crate::constant_contact::values::{is_address, read_date};
use crate::constant_contact::world::World;

/// An anniversary lies after this year (v2 documents, "Add Contacts").
const ANNIVERSARY_AFTER: i16 = 1900;
/// And at most so many years ahead.
const ANNIVERSARY_AHEAD: i16 = 10;

/// Lands the first `count` rows; of two with one address, the last.
pub(super) fn land(world: &mut World, import: &Import, count: usize, at: Timestamp) -> Outcome {
    let rows = &import.rows[..count];
    let last: HashMap<String, usize> =
        rows.iter().enumerate().map(|(place, row)| (row.key(), place)).collect();
    let mut fields = BTreeMap::new();
    for column in rows.iter().flat_map(|row| row.values.keys()) {
        if let Column::Custom(number) = column {
            fields.entry(*number).or_insert_with(|| world.numbered_field(*number, at));
        }
    }
    let mut errors = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let max = world.switches.import_email_characters_max;
        match judge(row, max, at) {
            Err(message) => {
                let address = row.address().to_owned();
                errors.push(RowError { line: Some(row.line), address, message });
            }
            Ok(birthday) if last.get(&row.key()) == Some(&place) => {
                let landing = Landing { import, row, birthday, fields: &fields, at };
                landing.land(world);
            }
            Ok(_) => {}
        }
    }
    let rows = rows.len() as u64;
    let counts = Counts {
        items: rows,
        persons: Some(rows),
        errors: errors.len() as u64,
        ..Counts::default()
    };
    Outcome { counts, errors, file: None }
}

impl Row {
    fn value(&self, column: Column) -> &str {
        self.values.get(&column).map_or("", |text| text.trim())
    }

    fn address(&self) -> &str {
        self.value(Column::Email)
    }

    fn key(&self) -> String {
        self.address().to_ascii_lowercase()
    }
}

/// What a row says of a birthday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Birthday {
    Unsaid,
    Blank,
    Is(u8, u8),
}

/// One row that is accepted.
struct Landing<'a> {
    import: &'a Import,
    row: &'a Row,
    birthday: Birthday,
    fields: &'a BTreeMap<u8, String>,
    at: Timestamp,
}

impl Landing<'_> {
    fn land(&self, world: &mut World) {
        let switches = world.switches;
        // A list may have been deleted since the import was asked for.
        let is_there = |list: &&String| world.has_list(list);
        let lists: Vec<String> = self.import.lists.iter().filter(is_there).cloned().collect();
        let address = self.row.address();
        let existing = world.people.with_address(address).map(|person| person.id.clone());
        let id = existing.unwrap_or_else(|| world.people.add(Person::new(address, self.at)));
        let land = |person: &mut Person| {
            let is_out = person.is_unsubscribed();
            let before = person.clone();
            if !is_out || switches.import_updates_unsubscribed {
                self.put(person);
            }
            if !is_out {
                person.revive(self.at, &switches);
                person.lists.extend(lists);
            }
            let is_joined = before.lists != person.lists && switches.list_change_moves_updated_at;
            if before.holds_other_values(person) || is_joined || switches.import_moves_updated_at {
                person.updated_at = self.at;
                "Account".clone_into(&mut person.update_source);
            }
        };
        world.people.change(&id, land);
    }

    fn put(&self, person: &mut Person) {
        let blanks_clear = self.import.blanks_clear;
        for (column, value) in &self.row.values {
            if !value.trim().is_empty() || blanks_clear {
                column.put(person, value.trim(), self.fields);
            }
        }
        match self.birthday {
            Birthday::Is(month, day) => person.birthday = Some((month, day)),
            Birthday::Blank if blanks_clear => person.birthday = None,
            Birthday::Blank | Birthday::Unsaid => {}
        }
    }
}

/// Whether a row lands, and its birthday; else what is wrong with it.
fn judge(row: &Row, address_max: usize, now: Timestamp) -> Result<Birthday, String> {
    if !row.is_whole {
        return Err("Wrong number of columns".to_owned());
    }
    let address = row.address();
    if !is_address(address) || address.chars().count() > address_max {
        return Err("Invalid email address".to_owned());
    }
    let is_long =
        |(column, text): (&Column, &String)| text.trim().chars().count() > column.characters_max();
    if row.values.iter().any(is_long) {
        return Err("Value too long".to_owned());
    }
    let anniversary = row.value(Column::Anniversary);
    if !anniversary.is_empty() && !is_anniversary(anniversary, now) {
        return Err("Invalid anniversary".to_owned());
    }
    birthday(row).ok_or_else(|| "Invalid birthday".to_owned())
}

fn birthday(row: &Row) -> Option<Birthday> {
    let is_named = |column| row.values.contains_key(&column);
    match (row.value(Column::BirthdayMonth), row.value(Column::BirthdayDay)) {
        ("", "") if is_named(Column::BirthdayMonth) || is_named(Column::BirthdayDay) => {
            Some(Birthday::Blank)
        }
        ("", "") => Some(Birthday::Unsaid),
        (month, day) => {
            let (month, day): (u8, u8) = (month.parse().ok()?, day.parse().ok()?);
            // A leap year has every day that there is.
            Date::new(2000, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
            Some(Birthday::Is(month, day))
        }
    }
}

fn is_anniversary(text: &str, now: Timestamp) -> bool {
    let year_max = now.to_zoned(TimeZone::UTC).year() + ANNIVERSARY_AHEAD;
    let date = read_date(text);
    date.is_some_and(|date| date.year() > ANNIVERSARY_AFTER && date.year() <= year_max)
}
