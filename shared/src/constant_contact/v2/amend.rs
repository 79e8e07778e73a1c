//! Writing one contact. A PUT replaces everything: what is left out or blank becomes nothing (v2 documents, "Individual
//! Contacts", PUT). So the contact is read whole, amended, and given back.
//!
//! What is given back is what was read, known to us or not, less what the vendor makes: ids, dates, sources and statuses, as
//! in the documents' example of a PUT. Two wishes have calls of their own: an unsubscribe is the contact's DELETE, and
//! leaving the last list is a DELETE of all its lists.
//!
//! To somebody who asked out nothing is written at all: lists would be refused with 400 (community, thread 280522), and
//! whether a PUT without lists would do anything else to them is not documented.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Map, Value, json};

use super::{Client, columns, wire};
use crate::constant_contact::calls::found;
use crate::constant_contact::error::{ConstantContactError, Operation};
use crate::constant_contact::values::segment;
use crate::constant_contact::{Amended, Amendment};
use crate::domain::{ContactField, ContactId, ListId};

/// Who changed the contact (v2 documents, "Individual Contacts", `action_by`): never the visitor, which opts them in.
const ACTION_BY: (&str, &str) = ("action_by", "ACTION_BY_OWNER");

/// What the vendor makes.
const MADE_BY_VENDOR: [&str; 8] = [
    "id",
    "contact_id",
    "status",
    "confirmed",
    "source",
    "source_details",
    "created_date",
    "modified_date",
];

/// The parts of an address of which one must be there (v2 documents, "Individual Contacts", `addresses`).
const STREET_PARTS: [&str; 9] = [
    "line1",
    "line2",
    "line3",
    "city",
    "state",
    "state_code",
    "country_code",
    "postal_code",
    "sub_postal_code",
];

impl Client {
    /// Amends one contact: reads it whole, and writes it whole if that changes anything. What the amendment does not name
    /// stays as it is. An unsubscribe says neither who asked for it nor why: v2 has no place for either.
    ///
    /// # Errors
    /// When a field cannot be written by itself (birthday, anniversary, state, country: v2's contacts do not show what an
    /// import wrote), when the address belongs to another contact (409), or when a call fails.
    pub async fn amend(
        &self,
        id: &ContactId,
        amendment: &Amendment,
    ) -> Result<Amended, ConstantContactError> {
        let Some(read) = self.raw_contact::<Value>(id).await? else { return Ok(Amended::Gone) };
        let Some(change) = Change::of(read, amendment)? else { return Ok(Amended::Gone) };
        if change.is_opted_out {
            let is_so = change.body.is_none() && !change.leaves_all_lists;
            return Ok(if is_so { Amended::Unchanged } else { Amended::Held });
        }
        let path = format!("/contacts/{}", segment(id.as_str()));
        let mut requests = Vec::new();
        if let Some(body) = &change.body {
            let mut request = self.with_json(Operation::WriteContact, Method::PUT, &path, body);
            request.url.query_pairs_mut().append_pair(ACTION_BY.0, ACTION_BY.1);
            requests.push(request);
        }
        if change.leaves_all_lists {
            requests.push(self.delete(Operation::LeaveList, &format!("{path}/lists")));
        }
        if amendment.unsubscribe.is_some() {
            requests.push(self.delete(Operation::UnsubscribeContact, &path));
        }
        for request in &requests {
            if found(self.call_raw(request).await)?.is_none() {
                return Ok(Amended::Gone);
            }
        }
        Ok(if requests.is_empty() { Amended::Unchanged } else { Amended::Written })
    }
}

/// What an amendment comes to for a contact as it was read.
struct Change {
    /// The body of the PUT; nothing when the contact is so already.
    body: Option<Value>,
    leaves_all_lists: bool,
    is_opted_out: bool,
}

impl Change {
    /// `None` when the contact is nobody.
    fn of(read: Value, amendment: &Amendment) -> Result<Option<Self>, ConstantContactError> {
        let operation = Operation::ReadContact;
        let unreadable =
            || ConstantContactError::Unreadable { operation, what: "it is no contact".to_owned() };
        let contact: wire::Contact =
            serde_json::from_value(read.clone()).map_err(|_| unreadable())?;
        if contact.is_nobody() {
            return Ok(None);
        }
        let Value::Object(read) = read else { return Err(unreadable()) };
        let before = Body::of(read, contact.lists());
        let mut after = before.clone();
        if let Some(address) = &amendment.address {
            after.set_address(address.expose());
        }
        for (field, value) in &amendment.fields {
            after.set(field, value)?;
        }
        let had = contact.lists();
        let is_opted_out = contact.is_opted_out();
        let wanted = amendment.lists.as_ref().map(|lists| {
            // Who leaves, or has left, joins none by this.
            if is_opted_out || amendment.unsubscribe.is_some() {
                lists.intersection(&had).cloned().collect()
            } else {
                lists.clone()
            }
        });
        let leaves_all_lists = !had.is_empty() && wanted.as_ref().is_some_and(BTreeSet::is_empty);
        if let Some(lists) = wanted.filter(|lists| !lists.is_empty()) {
            after.lists = lists;
        }
        let body = (after != before).then(|| after.into_json());
        Ok(Some(Self { body, leaves_all_lists, is_opted_out }))
    }
}

/// The body of the PUT.
#[derive(Clone, PartialEq)]
struct Body {
    contact: Map<String, Value>,
    lists: BTreeSet<ListId>,
}

impl Body {
    /// What is given back of what was read.
    fn of(mut contact: Map<String, Value>, lists: BTreeSet<ListId>) -> Self {
        contact.retain(|key, _| !MADE_BY_VENDOR.contains(&key.as_str()));
        contact.remove("lists");
        objects(&mut contact, "email_addresses", |email| {
            email.retain(|key, _| key == "email_address");
        });
        objects(&mut contact, "addresses", |street| drop(street.remove("id")));
        objects(&mut contact, "custom_fields", |field| drop(field.remove("label")));
        Self { contact, lists }
    }

    fn into_json(mut self) -> Value {
        let lists = self.lists.iter().map(|id| json!({"id": id})).collect();
        self.contact.insert("lists".to_owned(), Value::Array(lists));
        Value::Object(self.contact)
    }

    fn set(&mut self, field: &ContactField, value: &str) -> Result<(), ConstantContactError> {
        let refused = |what| ConstantContactError::Field { field: field.clone(), what };
        if let Some(number) = field.v2_number() {
            self.set_custom(number, value);
            return Ok(());
        }
        match field.as_str() {
            "email" if value.is_empty() => return Err(refused("an address cannot be cleared")),
            "email" => self.set_address(value),
            key @ ("first_name" | "last_name" | "job_title" | "company_name" | "home_phone"
            | "work_phone") => set_text(&mut self.contact, key, value),
            "street" => self.set_street("line1", value),
            "street2" => self.set_street("line2", value),
            "city" => self.set_street("city", value),
            "zip" => self.set_street("postal_code", value),
            "birthday" | "anniversary" | "state" | "country" => {
                return Err(refused("v2 can only import it"));
            }
            _ => return Err(refused("v2 has no such field")),
        }
        Ok(())
    }

    fn set_address(&mut self, address: &str) {
        let emails = array(&mut self.contact, "email_addresses");
        match emails.first_mut().and_then(Value::as_object_mut) {
            Some(email) => set_text(email, "email_address", address),
            None => emails.push(json!({"email_address": address})),
        }
    }

    /// Sets a part of the personal address, else of the first, as they are read; a blank one is left out.
    fn set_street(&mut self, part: &str, value: &str) {
        let streets = array(&mut self.contact, "addresses");
        let is_personal = |street: &Value| street["address_type"] == wire::PERSONAL;
        let place = streets.iter().position(is_personal).unwrap_or(0);
        match streets.get_mut(place).and_then(Value::as_object_mut) {
            Some(street) if text(street, part) == value => {}
            Some(street) => {
                set_text(street, part, value);
                if STREET_PARTS.iter().all(|part| text(street, part).is_empty()) {
                    streets.remove(place);
                }
            }
            None if value.is_empty() => {}
            None => streets.push(json!({"address_type": wire::PERSONAL, part: value})),
        }
    }

    fn set_custom(&mut self, number: u8, value: &str) {
        let fields = array(&mut self.contact, "custom_fields");
        let is_it =
            |field: &Value| field["name"].as_str().and_then(columns::custom_number) == Some(number);
        let place = fields.iter().position(is_it);
        match place.and_then(|place| Some((place, fields.get_mut(place)?.as_object_mut()?))) {
            Some((place, _)) if value.is_empty() => drop(fields.remove(place)),
            Some((_, field)) => set_text(field, "value", value),
            None if value.is_empty() => {}
            None => fields.push(json!({"name": format!("CustomField{number}"), "value": value})),
        }
    }
}

/// The array of this name, made where there is none.
fn array<'a>(object: &'a mut Map<String, Value>, key: &str) -> &'a mut Vec<Value> {
    let slot = object.entry(key).or_insert_with(|| json!([]));
    if !slot.is_array() {
        *slot = json!([]);
    }
    slot.as_array_mut().expect("it was made one")
}

fn objects(
    contact: &mut Map<String, Value>,
    key: &str,
    mut change: impl FnMut(&mut Map<String, Value>),
) {
    let values = contact.get_mut(key).and_then(Value::as_array_mut);
    values.into_iter().flatten().filter_map(Value::as_object_mut).for_each(&mut change);
}

/// A text as v2 shows it: what is not there, or `null`, is `""`.
fn text<'a>(object: &'a Map<String, Value>, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn set_text(object: &mut Map<String, Value>, key: &str, value: &str) {
    if text(object, key) != value {
        object.insert(key.to_owned(), value.into());
    }
}

#[cfg(test)]
#[path = "amend_tests.rs"]
mod tests;
