//! The file of an export.

use std::collections::BTreeSet;

use serde_json::Value;

use super::columns::Column;
use super::encoding;
use super::person::{Status, shown_lists, status};
use crate::constant_contact::activities::{Counts, Outcome};
use crate::constant_contact::people::Person;
use crate::constant_contact::world::World;

/// Whom an export is about.
#[derive(Debug)]
pub(super) enum From {
    /// Those on one of these lists, which are the tenant's ids.
    Lists(BTreeSet<String>),
    Active,
    OptedOut,
    Removed,
}

/// An export that was asked for.
#[derive(Debug)]
pub(in crate::constant_contact) struct Export {
    pub(super) from: From,
    pub(super) columns: Vec<(String, Column)>,
}

/// One of the lists that are none (v2 documents, "Export Contacts").
pub(super) fn pseudo_list(lists: &Value) -> Option<From> {
    let [list] = lists.as_array()?.as_slice() else { return None };
    match list.as_str()? {
        "active" => Some(From::Active),
        "opted-out" => Some(From::OptedOut),
        "removed" => Some(From::Removed),
        _ => None,
    }
}

pub(super) fn write(world: &World, export: &Export, share: usize) -> Outcome {
    let v2 = world.switches.v2;
    let takes = |person: &&Person| match &export.from {
        From::Lists(lists) => shown_lists(person, v2).into_iter().any(|list| lists.contains(list)),
        From::Active => status(person, v2) == Status::Active,
        From::OptedOut => status(person, v2) == Status::OptOut,
        From::Removed => status(person, v2) == Status::Removed,
    };
    let mut people: Vec<&Person> = world.people.all().iter().filter(takes).collect();
    people.sort_by_key(|person| person.address.clone());
    people.truncate(people.len().div_ceil(share));
    let fields = world.numbered_fields();
    let mut text = line(export.columns.iter().map(|(heading, _)| heading.clone()));
    for person in &people {
        text += &line(export.columns.iter().map(|(_, column)| column.held(person, &fields)));
    }
    let file = if v2.export_is_utf_8 { text.into_bytes() } else { encoding::encode(&text) };
    let count = people.len() as u64;
    let counts = Counts { items: count, persons: Some(count), ..Counts::default() };
    Outcome { counts, errors: Vec::new(), file: Some(file.into()) }
}

/// One line as RFC 4180 wants it.
fn line(cells: impl Iterator<Item = String>) -> String {
    let quoted: Vec<String> =
        cells.map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
    format!("{}\r\n", quoted.join(","))
}
