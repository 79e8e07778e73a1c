//! Lists and custom fields.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared::domain::limits::V2_CUSTOM_FIELDS;

use super::world::World;

/// A contact list.
#[derive(Debug)]
pub(super) struct List {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    /// It is shown to nobody who signs up (v2's `HIDDEN`).
    pub(super) is_hidden: bool,
    pub(super) created_at: Timestamp,
}

/// A custom field.
#[derive(Debug)]
pub(super) struct CustomField {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) created_at: Timestamp,
}

impl World {
    pub(super) fn add_list(&mut self, name: &str, description: &str, now: Timestamp) -> String {
        let number = self.lists_made;
        self.lists_made += 1;
        let id = format!("{number:08x}-11a7-11ec-8a11-{number:012x}");
        let (name, description) = (name.to_owned(), description.to_owned());
        self.lists.push(List {
            id: id.clone(),
            name,
            description,
            is_hidden: false,
            created_at: now,
        });
        id
    }

    pub(super) fn add_custom_field(&mut self, label: &str, kind: &str, now: Timestamp) -> String {
        let number = self.fields.len();
        let id = format!("{number:08x}-cf1d-11ec-8cf1-{number:012x}");
        let (label, kind, name) = (label.to_owned(), kind.to_owned(), name_of(label));
        self.fields.push(CustomField { id: id.clone(), label, name, kind, created_at: now });
        id
    }

    pub(super) fn rename_custom_field(&mut self, id: &str, label: &str) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.id == id) {
            (field.label, field.name) = (label.to_owned(), name_of(label));
        }
    }

    /// The custom field that v2 knows by this number, which is made when it is first written. v3 shows it under this label
    /// (guide, `v3_v2_contact_deltas`).
    pub(super) fn numbered_field(&mut self, number: u8, now: Timestamp) -> String {
        let known = self.numbered_fields().remove(&number);
        known.unwrap_or_else(|| self.add_custom_field(&label(number), "string", now))
    }

    /// The custom fields that v2 knows: number and id.
    pub(super) fn numbered_fields(&self) -> BTreeMap<u8, String> {
        let numbered = (1..=V2_CUSTOM_FIELDS).filter_map(|number| {
            let field = self.fields.iter().find(|field| field.label == label(number))?;
            Some((number, field.id.clone()))
        });
        numbered.collect()
    }

    pub(super) fn has_list_named(&self, name: &str) -> bool {
        self.lists.iter().any(|list| list.name.eq_ignore_ascii_case(name))
    }
}

fn name_of(label: &str) -> String {
    label.replace(' ', "_")
}

fn label(number: u8) -> String {
    format!("Custom Field {number}")
}
