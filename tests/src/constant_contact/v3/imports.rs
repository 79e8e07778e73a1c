//! Imports: what is cut, what is refused, what lands.

use std::collections::HashMap;

use bytes::Bytes;
use http::{Request, StatusCode};
use jiff::Timestamp;
use serde_json::Value;
use shared::domain::limits;

use super::activities::{checked_ids, ids};
use super::answer::{self, Answer};
use super::contacts::TEXT_CHARACTERS_MAX;
use super::rows::Row;
use crate::constant_contact::activities::{Counts, Work};
use crate::constant_contact::faults::Fate;
use crate::constant_contact::form::{self, parts};
use crate::constant_contact::people::Person;
use crate::constant_contact::switches::{Switches, UnknownList};
use crate::constant_contact::values::{is_address, is_date, put};
use crate::constant_contact::world::World;

/// Why a row does not land.
enum Refusal {
    /// It waits in the screens for somebody to mend it.
    Correctable,
    /// It is refused.
    Error,
}

impl World {
    pub(super) fn import_csv(&mut self, request: &Request<Bytes>, now: Timestamp) -> Answer {
        let wrong_type = |text| {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            answer::refused(status, "unsupported_media_type", text)
        };
        let Some(boundary) = form::boundary(request) else { return wrong_type("no boundary") };
        let parts = parts(request.body(), boundary);
        let file = parts.iter().find(|part| part.name == "file");
        let lists = parts.iter().find(|part| part.name == "list_ids");
        let Some((file, lists)) = file.zip(lists) else {
            return answer::invalid("file and list_ids are needed");
        };
        if !file.file_name.to_ascii_lowercase().ends_with(".csv") {
            return wrong_type("the file must be of type .csv");
        }
        let lists = String::from_utf8_lossy(&lists.content);
        let lists = lists.split(',').map(|id| id.trim().to_owned()).collect();
        let Some(lists) = checked_ids(lists, limits::IMPORT_LISTS_MAX) else {
            return answer::invalid("list_ids are between 1 and 50 UUIDs");
        };
        let first = csv::ReaderBuilder::new().from_reader(&file.content[..]).headers().cloned();
        if !first.is_ok_and(|headings| headings.iter().any(|heading| heading == "email")) {
            return answer::invalid("the first line must name a column email");
        }
        let work = Work::ImportCsv { file: file.content.clone(), lists: lists.clone() };
        let file_name = Some(file.file_name.clone());
        self.submit_import(work, file_name, &lists, now)
    }

    pub(super) fn import_json(&mut self, body: &Value, now: Timestamp) -> Answer {
        let lists = ids(&body["list_ids"], limits::IMPORT_LISTS_MAX);
        let rows = body["import_data"].as_array();
        let Some((rows, lists)) = rows.zip(lists) else {
            return answer::invalid("import_data and list_ids are needed");
        };
        let work = Work::ImportJson { rows: rows.clone(), lists: lists.clone() };
        self.submit_import(work, None, &lists, now)
    }

    fn submit_import(
        &mut self,
        work: Work,
        file_name: Option<String>,
        lists: &[String],
        now: Timestamp,
    ) -> Answer {
        let mut fate = None;
        if !lists.iter().all(|list| self.has_list(list)) {
            match self.switches.unknown_list {
                UnknownList::Refused => return answer::invalid("list_ids names an unknown list"),
                UnknownList::NotFound => return answer::not_found("A list was not found."),
                UnknownList::ActivityFails => fate = Some(Fate::Fails),
            }
        }
        self.submit(work, file_name, lists.len(), fate, now)
    }

    /// Lands rows; of two with one address, the last.
    pub(in crate::constant_contact) fn import(
        &mut self,
        rows: &[Row],
        lists: &[String],
        at: Timestamp,
    ) -> Counts {
        let fields: HashMap<String, String> =
            self.fields.iter().map(|field| (field.name.clone(), field.id.clone())).collect();
        // A list may have been deleted since the import was asked for.
        let lists: Vec<String> = lists.iter().filter(|list| self.has_list(list)).cloned().collect();
        let address = |row: &Row| row.get("email").map(|text| text.trim().to_ascii_lowercase());
        let last: HashMap<Option<String>, usize> =
            rows.iter().enumerate().map(|(place, row)| (address(row), place)).collect();
        let mut counts = Counts { persons: Some(rows.len() as u64), ..Counts::default() };
        for (place, row) in rows.iter().enumerate() {
            let is_last = last.get(&address(row)) == Some(&place);
            match judge(row, &self.switches) {
                Err(Refusal::Correctable) => counts.correctable += 1,
                Err(Refusal::Error) => counts.errors += 1,
                Ok(()) if is_last => {
                    if !self.land(row, &fields, &lists, at) {
                        counts.cannot_add_to_list += 1;
                    }
                }
                Ok(()) => {}
            }
        }
        counts
    }

    /// Lands one row; false when the contact is unsubscribed and so joins no list.
    fn land(
        &mut self,
        row: &Row,
        fields: &HashMap<String, String>,
        lists: &[String],
        at: Timestamp,
    ) -> bool {
        let switches = self.switches;
        let address = row.get("email").map(|text| text.trim()).unwrap_or_default();
        let existing = self.people.with_address(address).map(|person| person.id.clone());
        let id = existing.unwrap_or_else(|| self.people.add(Person::new(address, at)));
        let land = |person: &mut Person| {
            let is_unsubscribed = person.is_unsubscribed();
            let before = person.clone();
            if !is_unsubscribed || switches.import_updates_unsubscribed {
                for (key, value) in row {
                    if !value.is_empty() || switches.empty_clears {
                        set(person, key, value, fields);
                    }
                }
            }
            if !is_unsubscribed {
                person.revive(at, &switches);
                person.lists.extend(lists.iter().cloned());
            }
            if before.holds_other_values(person) || switches.import_moves_updated_at {
                person.updated_at = at;
                "Account".clone_into(&mut person.update_source);
            }
            !is_unsubscribed
        };
        self.people.change(&id, land).unwrap_or(true)
    }
}

/// Whether a row lands (OAS, `correctable_count`: bad address, bad date, half a birthday; `error_count`: the rest).
fn judge(row: &Row, switches: &Switches) -> Result<(), Refusal> {
    let value = |key: &str| row.get(key).map(|text| text.trim()).filter(|text| !text.is_empty());
    let address = value("email").filter(|address| is_address(address));
    let Some(address) = address else { return Err(Refusal::Correctable) };
    if address.chars().count() > switches.import_email_characters_max {
        return Err(Refusal::Error);
    }
    if value("anniversary").is_some_and(|date| !is_date(date)) {
        return Err(Refusal::Correctable);
    }
    let part = |key: &str, max: u8| {
        value(key).map(|text| text.parse::<u8>().is_ok_and(|part| (1..=max).contains(&part)))
    };
    match (part("birthday_month", 12), part("birthday_day", 31)) {
        (None, None) | (Some(true), Some(true)) => {}
        (None | Some(_), None | Some(_)) => return Err(Refusal::Correctable),
    }
    let is_long = |(key, text): (&String, &String)| text.chars().count() > characters_max(key);
    if row.iter().any(is_long) { Err(Refusal::Error) } else { Ok(()) }
}

/// Longest value of a column (OAS, `JsonImportContact`).
fn characters_max(key: &str) -> usize {
    match key {
        "email" => usize::MAX,
        key if key.starts_with("cf:") => limits::CUSTOM_FIELD_CHARACTERS_MAX,
        key if key.ends_with("street") || key.ends_with("street2") => 255,
        _ => TEXT_CHARACTERS_MAX,
    }
}

/// Puts one value where its column belongs; unknown columns and unknown custom fields are ignored.
fn set(person: &mut Person, key: &str, value: &str, fields: &HashMap<String, String>) {
    if let Some(name) = key.strip_prefix("cf:") {
        if let Some(id) = fields.get(name) {
            put(&mut person.custom, id, value.to_owned());
        }
        return;
    }
    match key {
        "first_name" | "last_name" | "job_title" | "company_name" | "anniversary" => {
            put(&mut person.texts, key, value.to_owned());
        }
        "birthday_month" | "birthday_day" => {
            let part = value.parse().ok();
            let (month, day) = person.birthday.unwrap_or((1, 1));
            person.birthday = part.map(|part| match key {
                "birthday_month" => (part, day),
                _ => (month, part),
            });
        }
        "phone" => put(&mut person.phones, "other", value.to_owned()),
        key => {
            if let Some(kind) = key.strip_suffix("_phone") {
                put(&mut person.phones, kind, value.to_owned());
            } else {
                set_street(person, key, value);
            }
        }
    }
}

fn set_street(person: &mut Person, key: &str, value: &str) {
    let (kind, part) = match key.split_once('_') {
        Some((kind @ ("home" | "work" | "other"), part)) => (kind, part),
        _ => ("home", key),
    };
    let place = match part {
        "street" | "street2" => 0,
        "city" => 1,
        "state" => 2,
        "zip" => 3,
        "country" => 4,
        _ => return,
    };
    let street = person.streets.entry(kind.to_owned()).or_default();
    if part == "street2" && !street[0].is_empty() {
        // A row's `street` comes before its `street2`, and is appended to.
        street[0] = format!("{} {value}", street[0]);
    } else {
        value.clone_into(&mut street[place]);
    }
    if street.iter().all(String::is_empty) {
        person.streets.remove(kind);
    }
}
