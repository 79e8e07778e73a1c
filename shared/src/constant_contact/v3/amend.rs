//! Writing one contact. There is no PATCH: a PUT replaces everything, so the contact is read whole, amended, and given back.
//!
//! What is given back is what was read, less what the vendor makes (ids, dates, sources). `email_address` goes with the
//! permission exactly as it was read, since a PUT that names an address is also the vendor's way of opting somebody in (OAS,
//! `PUT /contacts/{contact_id}`). `sms_channel` is left out: it reads differently than it writes, and what is left out of the
//! subresources stays (same place).

use std::collections::BTreeSet;

use http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Client, contacts, wire};
use crate::constant_contact::calls::{bounded, found};
use crate::constant_contact::error::{ConstantContactError, Operation};
use crate::constant_contact::values::segment;
use crate::constant_contact::{Amended, Amendment, CustomField, CustomFields, Unsubscribe};
use crate::domain::limits::IMPORT_LISTS_MAX;
use crate::domain::{ContactField, ContactId, ListId, Permission};

/// Longest reason of an unsubscribe (OAS, `EmailAddressPut.opt_out_reason`, maxLength).
const REASON_CHARACTERS_MAX: usize = 255;

/// Who changed the contact, in the vendor's words (OAS, `ContactPutRequest.update_source`).
const BY_ACCOUNT: &str = "Account";
const BY_PERSON: &str = "Contact";

/// The body of the PUT (OAS, `ContactPutRequest`).
#[derive(Clone, PartialEq, Serialize)]
struct Replacement {
    #[serde(skip_serializing_if = "Option::is_none")]
    email_address: Option<Email>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    birthday_month: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    birthday_day: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anniversary: Option<String>,
    update_source: &'static str,
    custom_fields: Vec<wire::CustomFieldValue>,
    phone_numbers: Vec<wire::Phone>,
    street_addresses: Vec<wire::Street>,
    list_memberships: BTreeSet<ListId>,
    taggings: Vec<Value>,
    notes: Vec<Value>,
}

#[derive(Clone, PartialEq, Serialize)]
struct Email {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    permission_to_send: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opt_out_reason: Option<String>,
}

impl Client {
    /// Amends one contact: reads it whole, and writes it whole if that changes anything. What the amendment does not name
    /// stays as it is; see [`Amendment`] for the unsubscribed and the deleted.
    ///
    /// # Errors
    /// When a field cannot be written (a custom field that the tenant lacks, half a birthday), when the address belongs to
    /// another contact (409), or when a call fails.
    pub async fn amend(
        &self,
        id: &ContactId,
        amendment: &Amendment,
    ) -> Result<Amended, ConstantContactError> {
        let contact = match self.raw_contact(id, contacts::INCLUDE_ALL).await? {
            Some(contact) if contact.deleted_at.is_none() => contact,
            Some(_) | None => return Ok(Amended::Gone),
        };
        let names_custom = amendment.fields.keys().any(|field| field.custom_name().is_some());
        let catalogue = if names_custom { self.custom_fields().await? } else { <_>::default() };
        let Some(body) = replacement(contact, amendment, &catalogue)? else {
            return Ok(Amended::Unchanged);
        };
        let operation = Operation::WriteContact;
        let body = serde_json::to_vec(&body).map_err(|_| ConstantContactError::Unreadable {
            operation,
            what: "the contact cannot be written as JSON".to_owned(),
        })?;
        let path = format!("/contacts/{}", segment(id.as_str()));
        let request = self.with_json(operation, Method::PUT, &path, body);
        let written: Option<wire::Contact> = found(self.call(&request).await)?;
        Ok(if written.is_some() { Amended::Written } else { Amended::Gone })
    }
}

impl Client {
    /// Has Constant Contact mail its own confirmation to somebody unsubscribed, who is on these lists once they confirm. It
    /// sends one mail only (OAS, `PUT /contacts/resubscribe/{contact_id}`). Answers whether there is such a contact.
    ///
    /// # Errors
    /// When there are no lists, or more than a contact can be on, or the call fails; also because they were asked before.
    pub async fn ask_to_return(
        &self,
        id: &ContactId,
        lists: &BTreeSet<ListId>,
    ) -> Result<bool, ConstantContactError> {
        let operation = Operation::AskToReturn;
        bounded(operation, "lists", lists.len(), IMPORT_LISTS_MAX)?;
        let path = format!("/contacts/resubscribe/{}", segment(id.as_str()));
        let body = json!({"list_ids": lists}).to_string();
        let request = self.with_json(operation, Method::PUT, &path, body);
        // What the answer holds is not documented, so nothing is read from it.
        Ok(found(self.call_unread(&request).await)?.is_some())
    }
}

/// What is to be written; nothing when the contact is so already.
fn replacement(
    contact: wire::Contact,
    amendment: &Amendment,
    catalogue: &CustomFields,
) -> Result<Option<Replacement>, ConstantContactError> {
    let was_unsubscribed = contact.is_unsubscribed();
    let before = Replacement::from(contact);
    let mut after = before.clone();
    if let Some(address) = &amendment.address {
        after.set_address(address.expose());
    }
    for (field, value) in &amendment.fields {
        after.set(field, value, catalogue)?;
    }
    if let Some(lists) = &amendment.lists {
        // Who is unsubscribed may leave lists by this, and joins none.
        let joins_none = was_unsubscribed || amendment.unsubscribe.is_some();
        after.list_memberships = if joins_none {
            lists.intersection(&before.list_memberships).cloned().collect()
        } else {
            lists.clone()
        };
    }
    if let Some(unsubscribe) = amendment.unsubscribe.as_ref().filter(|_| !was_unsubscribed) {
        after.unsubscribe(unsubscribe);
    }
    Ok((after != before).then_some(after))
}

impl From<wire::Contact> for Replacement {
    fn from(contact: wire::Contact) -> Self {
        let email_address = contact.email_address.and_then(|email| {
            Some(Email {
                address: email.address?,
                permission_to_send: email.permission_to_send,
                opt_out_reason: email.opt_out_reason,
            })
        });
        Self {
            email_address,
            first_name: contact.first_name,
            last_name: contact.last_name,
            job_title: contact.job_title,
            company_name: contact.company_name,
            birthday_month: contact.birthday_month,
            birthday_day: contact.birthday_day,
            anniversary: contact.anniversary,
            update_source: BY_ACCOUNT,
            custom_fields: contact.custom_fields,
            phone_numbers: contact.phone_numbers,
            street_addresses: contact.street_addresses,
            list_memberships: contact.list_memberships.into_iter().collect(),
            taggings: contact.taggings,
            notes: contact.notes,
        }
    }
}

impl Replacement {
    fn set_address(&mut self, address: &str) {
        if let Some(email) = &mut self.email_address {
            address.clone_into(&mut email.address);
        } else {
            let address = address.to_owned();
            self.email_address =
                Some(Email { address, permission_to_send: None, opt_out_reason: None });
        }
    }

    fn unsubscribe(&mut self, unsubscribe: &Unsubscribe) {
        // Without an address there is nothing to be unsubscribed from.
        let Some(email) = &mut self.email_address else { return };
        email.permission_to_send = Some(Permission::Unsubscribed.as_str().to_owned());
        let cut = |reason: &String| reason.chars().take(REASON_CHARACTERS_MAX).collect();
        email.opt_out_reason = unsubscribe.reason.as_ref().map(cut);
        if unsubscribe.by_person {
            self.update_source = BY_PERSON;
        }
    }

    fn set(
        &mut self,
        field: &ContactField,
        value: &str,
        catalogue: &CustomFields,
    ) -> Result<(), ConstantContactError> {
        let refused = |what| ConstantContactError::Field { field: field.clone(), what };
        let filled = (!value.is_empty()).then(|| value.to_owned());
        if let Some(name) = field.custom_name() {
            let custom =
                catalogue.named(name).ok_or_else(|| refused("the tenant has no such field"))?;
            return self.set_custom(custom, value).map_err(refused);
        }
        match field.as_str() {
            "email" if value.is_empty() => return Err(refused("an address cannot be cleared")),
            "email" => self.set_address(value),
            "first_name" => self.first_name = filled,
            "last_name" => self.last_name = filled,
            "job_title" => self.job_title = filled,
            "company_name" => self.company_name = filled,
            "anniversary" => self.anniversary = filled,
            "birthday" => {
                let (month, day) = birthday(value).ok_or_else(|| refused("it is no MM-DD"))?;
                (self.birthday_month, self.birthday_day) = (month, day);
            }
            // The import appends it to `street`; here there is no telling where one ends and the other begins.
            "street2" => return Err(refused("a second line can be imported only")),
            key => match PHONE_KINDS.iter().find(|kind| wire::phone_keys(kind).contains(&key)) {
                Some(kind) => self.set_phone(kind, value),
                None => self.set_street(key, filled).map_err(refused)?,
            },
        }
        Ok(())
    }

    fn set_phone(&mut self, kind: &str, value: &str) {
        if value.is_empty() {
            self.phone_numbers.retain(|phone| phone.kind != kind);
        } else if let Some(phone) = self.phone_numbers.iter_mut().find(|phone| phone.kind == kind) {
            value.clone_into(&mut phone.phone_number);
        } else {
            let (phone_number, kind) = (value.to_owned(), kind.to_owned());
            self.phone_numbers.push(wire::Phone { phone_number, kind });
        }
    }

    fn set_street(&mut self, key: &str, value: Option<String>) -> Result<(), &'static str> {
        let place = STREET_KINDS.iter().find_map(|kind| {
            let part = wire::street_keys(kind)
                .iter()
                .find_map(|keys| keys.iter().position(|known| *known == Some(key)))?;
            Some((*kind, part))
        });
        let (kind, part) = place.ok_or("it is no field of a contact")?;
        let street = match self.street_addresses.iter_mut().position(|street| street.kind == kind) {
            Some(position) => &mut self.street_addresses[position],
            None if value.is_none() => return Ok(()),
            None => {
                let street = wire::Street { kind: kind.to_owned(), ..<_>::default() };
                self.street_addresses.push(street);
                self.street_addresses.last_mut().ok_or("it is no field of a contact")?
            }
        };
        let slots = [
            &mut street.street,
            &mut street.city,
            &mut street.state,
            &mut street.postal_code,
            &mut street.country,
        ];
        if let Some(slot) = slots.into_iter().nth(part) {
            *slot = value;
        }
        let nothing = wire::Street { kind: kind.to_owned(), ..<_>::default() };
        self.street_addresses.retain(|street| *street != nothing);
        Ok(())
    }

    fn set_custom(&mut self, field: &CustomField, value: &str) -> Result<(), &'static str> {
        let new = if value.is_empty() {
            None
        } else if field.choices.is_empty() {
            let (id, value) = (field.id.clone(), Some(value.to_owned()));
            Some(wire::CustomFieldValue { custom_field_id: id, value, choice_ids: None })
        } else {
            let chosen = choices(field, value).ok_or("it is none of the field's choices")?;
            let (id, choice_ids) = (field.id.clone(), Some(chosen));
            Some(wire::CustomFieldValue { custom_field_id: id, value: None, choice_ids })
        };
        let place = self.custom_fields.iter().position(|value| value.custom_field_id == field.id);
        match (place, new) {
            (Some(place), Some(new)) => self.custom_fields[place] = new,
            (Some(place), None) => drop(self.custom_fields.remove(place)),
            (None, Some(new)) => self.custom_fields.push(new),
            (None, None) => {}
        }
        Ok(())
    }
}

const PHONE_KINDS: [&str; 4] = ["home", "work", "mobile", "other"];
const STREET_KINDS: [&str; 3] = ["home", "work", "other"];

/// The ids of the choices that a text names: one label, or several with a comma between them.
fn choices(field: &CustomField, value: &str) -> Option<Vec<Value>> {
    let id_of = |wanted: &str| {
        let (id, _) = field.choices.iter().find(|(_, label)| label == wanted)?;
        Some(Value::String(id.clone()))
    };
    id_of(value)
        .map(|id| vec![id])
        .or_else(|| value.split(',').map(|label| id_of(label.trim())).collect())
}

/// Month and day of `MM-DD`; neither of `""`; `None` for anything else.
fn birthday(value: &str) -> Option<(Option<u8>, Option<u8>)> {
    if value.is_empty() {
        return Some((None, None));
    }
    let (month, day) = value.split_once('-')?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((Some(month), Some(day)))
}

#[cfg(test)]
#[path = "amend_tests.rs"]
mod tests;
