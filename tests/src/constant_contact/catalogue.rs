//! Lists and custom fields.

use jiff::Timestamp;

use super::world::World;

/// A contact list.
#[derive(Debug)]
pub(super) struct List {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
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
        let number = self.lists.len();
        let id = format!("{number:08x}-11a7-11ec-8a11-{number:012x}");
        let (name, description) = (name.to_owned(), description.to_owned());
        self.lists.push(List { id: id.clone(), name, description, created_at: now });
        id
    }

    pub(super) fn add_custom_field(&mut self, label: &str, kind: &str, now: Timestamp) -> String {
        let number = self.fields.len();
        let id = format!("{number:08x}-cf1d-11ec-8cf1-{number:012x}");
        let (label, kind) = (label.to_owned(), kind.to_owned());
        let name = label.replace(' ', "_");
        self.fields.push(CustomField { id: id.clone(), label, name, kind, created_at: now });
        id
    }

    pub(super) fn has_list_named(&self, name: &str) -> bool {
        self.lists.iter().any(|list| list.name.eq_ignore_ascii_case(name))
    }
}
