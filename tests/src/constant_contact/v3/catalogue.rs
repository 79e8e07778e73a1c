//! Lists and custom fields as v3 answers them.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::domain::limits;

use super::answer::{self, Answer, moment};
use super::contacts::{page_of, parameter};
use crate::constant_contact::catalogue::{CustomField, List};
use crate::constant_contact::world::World;

fn list_json(list: &List) -> Value {
    json!({"list_id": list.id, "name": list.name, "description": list.description,
        "favorite": false, "created_at": moment(list.created_at),
        "updated_at": moment(list.created_at)})
}

fn field_json(field: &CustomField) -> Value {
    json!({"custom_field_id": field.id, "label": field.label, "name": field.name,
        "type": field.kind, "version": 1, "created_at": moment(field.created_at),
        "updated_at": moment(field.created_at)})
}

impl World {
    pub(super) fn read_lists(&self, query: &[(String, String)]) -> Answer {
        let wanted = parameter(query, "name");
        let lists = self.lists.iter().filter(|list| wanted.is_none_or(|name| list.name == name));
        page_of("lists", "/v3/contact_lists", lists.map(list_json), query, 1_000)
    }

    pub(super) fn read_custom_fields(&self, query: &[(String, String)]) -> Answer {
        let fields = self.fields.iter().map(field_json);
        page_of("custom_fields", "/v3/contact_custom_fields", fields, query, 100)
    }

    pub(super) fn create_list(&mut self, body: &Value, now: Timestamp) -> Answer {
        let name = body["name"].as_str().unwrap_or_default().trim().to_owned();
        if name.is_empty() || name.chars().count() > 255 {
            return answer::invalid("name is missing or too long");
        }
        if self.has_list_named(&name) {
            return conflict("A list of this name already exists");
        }
        self.add_list(&name, body["description"].as_str().unwrap_or_default(), now);
        let made = self.lists.last().map(list_json);
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
        let made = self.fields.last().map(field_json);
        answer::json(StatusCode::CREATED, &made.unwrap_or_default())
    }
}

fn conflict(message: &str) -> Answer {
    answer::refused(StatusCode::CONFLICT, "contacts.api.conflict", message)
}
