//! What v2 does in bulk, and how it is asked for.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::activities::{Purpose, submit};
use super::answer::Answer;
use super::call::{Call, Refused, refusal};
use super::columns::Column;
use super::export::{self, Export};
use super::imports::{Form, Import, csv_rows, json_lists, known_lists};
use super::landing;
use crate::constant_contact::activities::{Counts, Outcome, RowError};
use crate::constant_contact::people::Person;
use crate::constant_contact::world::World;

/// What is to be done. Lists are the tenant's ids.
#[derive(Debug)]
pub(in crate::constant_contact) enum Work {
    Import(Import),
    Remove { addresses: Vec<String>, lists: Vec<String> },
    Clear { lists: Vec<String> },
    Export(Export),
}

impl Work {
    /// Whether it is an import in which this word stands.
    pub(in crate::constant_contact) fn says(&self, word: &str) -> bool {
        let mut rows = self.imported().into_iter().flatten();
        rows.any(|mut values| values.any(|value| value.contains(word)))
    }

    /// The values of each row, if it is an import.
    pub(in crate::constant_contact) fn imported(
        &self,
    ) -> Option<impl Iterator<Item = impl Iterator<Item = &String>>> {
        let Self::Import(import) = self else { return None };
        Some(import.rows.iter().map(|row| row.values.values()))
    }
}

/// Carries out one part in `share` of the work.
pub(in crate::constant_contact) fn carry_out(
    world: &mut World,
    work: Work,
    share: usize,
    at: Timestamp,
) -> Outcome {
    let part = |count: usize| count.div_ceil(share);
    match work {
        Work::Import(import) => {
            let count = part(import.rows.len());
            landing::land(world, &import, count, at)
        }
        Work::Remove { addresses, lists } => {
            remove(world, &addresses[..part(addresses.len())], &lists, at)
        }
        Work::Clear { lists } => {
            let is_on = |person: &&Person| lists.iter().any(|list| person.lists.contains(list));
            let mut ids: Vec<String> =
                world.people.all().iter().filter(is_on).map(|person| person.id.clone()).collect();
            ids.truncate(part(ids.len()));
            for id in &ids {
                leave(world, id, &lists, at);
            }
            counted(ids.len(), Vec::new())
        }
        Work::Export(export) => export::write(world, &export, share),
    }
}

fn counted(count: usize, errors: Vec<RowError>) -> Outcome {
    let count = count as u64;
    let error_count = errors.len() as u64;
    let counts =
        Counts { items: count, persons: Some(count), errors: error_count, ..Counts::default() };
    Outcome { counts, errors, file: None }
}

fn remove(world: &mut World, addresses: &[String], lists: &[String], at: Timestamp) -> Outcome {
    let mut errors = Vec::new();
    for address in addresses {
        let found = world.people.with_address(address);
        let is_on = |person: &&Person| lists.iter().any(|list| person.lists.contains(list));
        match found.filter(is_on).map(|person| person.id.clone()) {
            Some(id) => leave(world, &id, lists, at),
            None => errors.push(RowError {
                line: None,
                address: address.clone(),
                message: format!("{address} (not found in subscriber list)"),
            }),
        }
    }
    counted(addresses.len(), errors)
}

fn leave(world: &mut World, id: &str, lists: &[String], at: Timestamp) {
    let switches = world.switches;
    let leave = |person: &mut Person| {
        for list in lists {
            person.leave(list, at, &switches);
        }
    };
    world.people.change(id, leave);
}

/// `removefromlists`, as JSON or as a form with a file.
pub(super) fn remove_from_lists(world: &mut World, call: &Call<'_>) -> Refused<Answer> {
    call.knows(&[])?;
    let (addresses, lists, file_name) = if call.kind().starts_with("application/json") {
        let body = call.json()?;
        let address = |row: &Value| Some(row["email_addresses"][0].as_str()?.to_owned());
        let rows = body["import_data"].as_array();
        let addresses: Option<Vec<String>> =
            rows.and_then(|rows| rows.iter().map(address).collect());
        (addresses.unwrap_or_default(), json_lists(&body["lists"])?, None)
    } else {
        let form = Form::read(call)?;
        let address = |row: &super::imports::Row| {
            row.values.get(&Column::Email).map(|address| address.trim().to_owned())
        };
        let rows = csv_rows(&form.data)?;
        (rows.iter().filter_map(address).collect(), form.lists, Some(form.file_name))
    };
    if addresses.is_empty() {
        return Err(refusal("import_data needs addresses."));
    }
    let (lists, fate) = known_lists(world, &lists)?;
    let count = addresses.len();
    let work = Work::Remove { addresses, lists };
    Ok(submit(world, call, Purpose::RemoveFromLists, work, file_name, count, fate))
}

pub(super) fn clear_lists(world: &mut World, call: &Call<'_>) -> Refused<Answer> {
    call.knows(&[])?;
    let (lists, fate) = known_lists(world, &json_lists(&call.json()?["lists"])?)?;
    let is_on = |person: &&Person| lists.iter().any(|list| person.lists.contains(list));
    let count = world.people.all().iter().filter(is_on).count();
    Ok(submit(world, call, Purpose::ClearLists, Work::Clear { lists }, None, count, fate))
}

pub(super) fn export_contacts(world: &mut World, call: &Call<'_>) -> Refused<Answer> {
    call.knows(&[])?;
    let body = call.json()?;
    if body["file_type"].as_str().unwrap_or("CSV") != "CSV" {
        return Err(refusal("file_type is CSV."));
    }
    let names = body["column_names"].as_array().cloned().unwrap_or_default();
    let columns: Option<Vec<(String, Column)>> = names
        .iter()
        .map(|name| Some((name.as_str()?.to_owned(), Column::of(name.as_str()?)?)))
        .collect();
    let columns = columns.ok_or_else(|| refusal("column_names names an unknown column."))?;
    if !columns.iter().any(|(_, column)| *column == Column::Email) {
        return Err(refusal("column_names needs Email Address."));
    }
    let (from, fate) = if let Some(from) = export::pseudo_list(&body["lists"]) {
        (from, None)
    } else {
        let (lists, fate) = known_lists(world, &json_lists(&body["lists"])?)?;
        (export::From::Lists(lists.into_iter().collect::<BTreeSet<_>>()), fate)
    };
    let work = Work::Export(Export { from, columns });
    Ok(submit(world, call, Purpose::ExportContacts, work, None, 0, fate))
}
