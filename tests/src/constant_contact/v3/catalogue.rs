//! Lists and custom fields.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::domain::limits;

use super::answer::{self, Answer, moment};
use super::contacts::{page_of, parameter};
use super::world::World;

/// A contact list.
#[derive(Debug)]
pub(super) struct List {
    pub(super) id: String,
    pub(super) name: String,
    description: String,
    created_at: Timestamp,
}

/// A custom field.
#[derive(Debug)]
pub(super) struct CustomField {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) name: String,
    pub(super) kind: String,
    created_at: Timestamp,
}

impl List {
    fn to_json(&self) -> Value {
        json!({"list_id": self.id, "name": self.name, "description": self.description,
            "favorite": false, "created_at": moment(self.created_at),
            "updated_at": moment(self.created_at)})
    }
}

impl CustomField {
    fn to_json(&self) -> Value {
        json!({"custom_field_id": self.id, "label": self.label, "name": self.name,
            "type": self.kind, "version": 1, "created_at": moment(self.created_at),
            "updated_at": moment(self.created_at)})
    }
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

    pub(super) fn read_lists(&self, query: &[(String, String)]) -> Answer {
        let wanted = parameter(query, "name");
        let lists = self.lists.iter().filter(|list| wanted.is_none_or(|name| list.name == name));
        page_of("lists", "/v3/contact_lists", lists.map(List::to_json), query, 1_000)
    }

    pub(super) fn read_custom_fields(&self, query: &[(String, String)]) -> Answer {
        let fields = self.fields.iter().map(CustomField::to_json);
        page_of("custom_fields", "/v3/contact_custom_fields", fields, query, 100)
    }

    pub(super) fn create_list(&mut self, body: &Value, now: Timestamp) -> Answer {
        let name = body["name"].as_str().unwrap_or_default().trim().to_owned();
        if name.is_empty() || name.chars().count() > 255 {
            return answer::invalid("name is missing or too long");
        }
        if self.lists.iter().any(|list| list.name.eq_ignore_ascii_case(&name)) {
            return conflict("A list of this name already exists");
        }
        self.add_list(&name, body["description"].as_str().unwrap_or_default(), now);
        let made = self.lists.last().map(List::to_json);
        answer::json(StatusCode::CREATED, &made.unwrap_or_default())
    }

    pub(super) fn create_custom_field(&mut self, body: &Value, now: Timestamp) -> Answer {
        let label = body["label"].as_str().unwrap_or_default().trim().to_owned();
        let kind = body["type"].as_str().unwrap_or_default().to_owned();
        if label.is_empty() || label.chars().count() > 50 || kind.is_empty() {
            return answer::invalid("label and type are needed");
        }
        if self.fields.iter().any(|field| field.label.eq_ignore_ascii_case(&label)) {
            return conflict("A custom field of this label already exists");
        }
        if self.fields.len() >= limits::CUSTOM_FIELDS_PER_TENANT_MAX {
            return answer::invalid("No more than 100 custom fields");
        }
        self.add_custom_field(&label, &kind, now);
        let made = self.fields.last().map(CustomField::to_json);
        answer::json(StatusCode::CREATED, &made.unwrap_or_default())
    }
}

fn conflict(message: &str) -> Answer {
    answer::refused(StatusCode::CONFLICT, "contacts.api.conflict", message)
}
