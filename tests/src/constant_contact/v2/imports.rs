//! `addcontacts`: what is refused at once, as a whole.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::activities::{Purpose, submit};
use super::answer::{self, Answer};
use super::bulk::Work;
use super::call::{Call, Refused, refusal};
use super::columns::Column;
use super::{encoding, ids};
use crate::constant_contact::faults::Fate;
use crate::constant_contact::form::{self, Part};
use crate::constant_contact::switches::UnknownList;
use crate::constant_contact::values::is_address;
use crate::constant_contact::world::World;

/// A row of an import.
#[derive(Debug)]
pub(in crate::constant_contact) struct Row {
    /// Where it stands; the headings are line 1.
    pub(super) line: u64,
    /// Whether it has as many cells as there are headings.
    pub(super) is_whole: bool,
    pub(super) values: BTreeMap<Column, String>,
}

/// What is imported.
#[derive(Debug)]
pub(in crate::constant_contact) struct Import {
    pub(super) rows: Vec<Row>,
    /// The tenant's ids.
    pub(super) lists: Vec<String>,
    pub(super) blanks_clear: bool,
}

pub(super) fn add_contacts(world: &mut World, call: &Call<'_>) -> Refused<Answer> {
    call.knows(&["blanks_enabled"])?;
    let blanks_clear = match call.parameter("blanks_enabled") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(refusal("blanks_enabled is true or false.")),
    };
    let (rows, lists, file_name) = if call.kind().starts_with("application/json") {
        let body = call.json()?;
        (json_rows(&body)?, json_lists(&body["lists"])?, "upload_from_json.csv".to_owned())
    } else {
        let form = Form::read(call)?;
        (csv_rows(&form.data)?, form.lists, form.file_name)
    };
    let address = rows.first().and_then(|row| row.values.get(&Column::Email));
    if !address.is_some_and(|address| is_address(address.trim())) {
        return Err(Box::new(answer::invalid_address()));
    }
    let (lists, fate) = known_lists(world, &lists)?;
    let v2 = world.switches.v2;
    let is_too_large =
        call.request.body().len() >= v2.import_bytes_max || rows.len() > v2.import_rows_max;
    let fate = if is_too_large { Some(Fate::Fails) } else { fate };
    let count = rows.len();
    let work = Work::Import(Import { rows, lists, blanks_clear });
    Ok(submit(world, call, Purpose::AddContacts, work, Some(file_name), count, fate))
}

/// The parts of a form that carries a file.
pub(super) struct Form {
    pub(super) lists: Vec<String>,
    pub(super) file_name: String,
    pub(super) data: Vec<u8>,
}

impl Form {
    pub(super) fn read(call: &Call<'_>) -> Refused<Self> {
        let Some(boundary) = form::boundary(call.request) else {
            return Err(Box::new(answer::wrong_type("Use multipart/form-data with a boundary.")));
        };
        let parts = form::parts(call.request.body(), boundary);
        let part = |name: &str| -> Refused<&Part> {
            let mut found = parts.iter().filter(|part| part.name == name);
            match (found.next(), found.next()) {
                (Some(part), None) => Ok(part),
                (_, _) => Err(refusal(&format!("The form needs one part {name}."))),
            }
        };
        let lists = encoding::decode(&part("lists")?.content);
        let lists: Vec<String> = lists.split(',').map(|id| id.trim().to_owned()).collect();
        let file_name = encoding::decode(&part("file_name")?.content);
        if !file_name.to_ascii_lowercase().ends_with(".csv") {
            return Err(Box::new(answer::wrong_type("The file must be of type .csv.")));
        }
        let data = part("data")?.content.to_vec();
        Ok(Self { lists: checked(lists)?, file_name, data })
    }
}

pub(super) fn json_lists(lists: &Value) -> Refused<Vec<String>> {
    let ids: Option<Vec<String>> =
        lists.as_array().and_then(|lists| lists.iter().map(ids::text_of).collect());
    checked(ids.ok_or_else(|| refusal("lists are needed, as numbers."))?)
}

fn checked(lists: Vec<String>) -> Refused<Vec<String>> {
    let unique: BTreeSet<&String> = lists.iter().collect();
    let fits = !lists.is_empty() && unique.len() == lists.len();
    if fits && lists.iter().all(|id| ids::is_number(id)) {
        Ok(lists)
    } else {
        Err(refusal("lists are needed, as different numbers."))
    }
}

/// The tenant's ids of these lists, and what becomes of the activity if one of them does not exist.
pub(super) fn known_lists(world: &World, lists: &[String]) -> Refused<(Vec<String>, Option<Fate>)> {
    let known: Vec<String> = lists.iter().filter_map(|id| ids::list(world, id)).collect();
    if known.len() == lists.len() {
        return Ok((known, None));
    }
    match world.switches.unknown_list {
        UnknownList::Refused => Err(refusal("A list does not exist.")),
        UnknownList::NotFound => Err(Box::new(answer::not_found("A list was not found."))),
        UnknownList::ActivityFails => Ok((known, Some(Fate::Fails))),
    }
}

/// The rows of a file, which is ISO-8859-1 whatever it was meant to be.
pub(super) fn csv_rows(data: &[u8]) -> Refused<Vec<Row>> {
    let text = encoding::decode(data);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let headings = reader.headers().cloned().map_err(|_| refusal("The file has no headings."))?;
    let columns = columns(headings.iter())?;
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    while let Ok(true) = reader.read_record(&mut record) {
        let line = record.position().map_or(0, csv::Position::line);
        let cells = columns.iter().zip(&record);
        let values = cells.filter_map(|(column, cell)| Some(((*column)?, cell.to_owned())));
        let is_whole = record.len() == columns.len();
        rows.push(Row { line, is_whole, values: values.collect() });
    }
    Ok(rows)
}

/// The columns that are documented, each at most once, the address among them.
fn columns<'a>(names: impl Iterator<Item = &'a str>) -> Refused<Vec<Option<Column>>> {
    let columns: Vec<Option<Column>> = names.map(Column::of).collect();
    let known: Vec<Column> = columns.iter().copied().flatten().collect();
    if !known.contains(&Column::Email) {
        return Err(refusal("The column EMAIL is missing."));
    }
    if known.iter().collect::<BTreeSet<_>>().len() < known.len() {
        return Err(refusal("A column comes twice."));
    }
    Ok(columns)
}

/// The rows of a JSON import: of each contact what `column_names` names; without names, the address alone.
fn json_rows(body: &Value) -> Refused<Vec<Row>> {
    let (contacts, names) = body["import_data"]
        .as_array()
        .zip(body["column_names"].as_array())
        .ok_or_else(|| refusal("import_data, lists and column_names are needed."))?;
    let wanted = if names.is_empty() {
        vec![Some(Column::Email)]
    } else {
        columns(names.iter().map(|name| name.as_str().unwrap_or_default()))?
    };
    let rows = contacts.iter().zip(2_u64..).map(|(contact, line)| {
        let values = wanted.iter().flatten().filter_map(|column| {
            let value = json_value(contact, *column)?;
            Some((*column, encoding::decode(&encoding::encode(&value))))
        });
        Row { line, is_whole: true, values: values.collect() }
    });
    Ok(rows.collect())
}

fn json_value(contact: &Value, column: Column) -> Option<String> {
    let address = &contact["addresses"][0];
    let found = match column {
        Column::Email => &contact["email_addresses"][0],
        Column::FirstName => &contact["first_name"],
        Column::LastName => &contact["last_name"],
        Column::JobTitle => &contact["job_title"],
        Column::CompanyName => &contact["company_name"],
        Column::BirthdayDay => &contact["birthday_day"],
        Column::BirthdayMonth => &contact["birthday_month"],
        Column::Anniversary => &contact["anniversary"],
        Column::HomePhone => &contact["home_phone"],
        Column::WorkPhone => &contact["work_phone"],
        Column::Line(line) => &address[format!("line{}", line + 1)],
        Column::City => &address["city"],
        Column::State => &address["state_code"],
        Column::PostalCode => &address["postal_code"],
        Column::Country => &address["country_code"],
        Column::Custom(number) => {
            let name = format!("custom_field_{number}");
            let fields = contact["custom_fields"].as_array()?;
            &fields.iter().find(|field| field["name"] == name.as_str())?["value"]
        }
    };
    found.as_str().map(ToOwned::to_owned)
}
