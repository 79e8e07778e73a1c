//! What travels, and how it is understood. Private to the client.
#![expect(clippy::struct_field_names, reason = "the fields are named as the vendor names them")]

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::constant_contact::values::{departure, end_of_second, moment, null_is_default};
use crate::constant_contact::{self as ours, Cursor};
use crate::domain::{
    Activity as DomainActivity, ActivityCounts, ActivityId, ActivityState,
    Contact as DomainContact, ContactField, ContactId, CustomFieldId, ListId, OptOut, OptOutSource,
    Permission, Uid,
};

/// `_links`, which is missing or `null` on a last page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Links {
    next: Option<Link>,
}

#[derive(Debug, Deserialize)]
struct Link {
    href: Option<String>,
}

impl Links {
    pub(super) fn next(self) -> Option<Cursor> {
        self.next.and_then(|link| link.href).filter(|href| !href.is_empty()).map(Cursor)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Submitted {
    pub(super) activity_id: ActivityId,
}

#[derive(Debug, Deserialize)]
pub(super) struct Activities {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) activities: Vec<Activity>,
    #[serde(rename = "_links", default, deserialize_with = "null_is_default")]
    pub(super) links: Links,
}

#[derive(Debug, Deserialize)]
pub(super) struct Activity {
    activity_id: ActivityId,
    state: ActivityState,
    source_file_name: Option<String>,
    created_at: Option<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    activity_errors: Vec<Value>,
    #[serde(default, deserialize_with = "null_is_default")]
    status: ActivityStatus,
}

#[derive(Debug, Default, Deserialize)]
struct ActivityStatus {
    items_total_count: Option<u64>,
    items_completed_count: Option<u64>,
    person_count: Option<u64>,
    error_count: Option<u64>,
    correctable_count: Option<u64>,
    cannot_add_to_list_count: Option<u64>,
    list_count: Option<u64>,
}

impl From<Activity> for DomainActivity {
    fn from(activity: Activity) -> Self {
        let status = activity.status;
        Self {
            id: activity.activity_id,
            state: activity.state,
            file_name: activity.source_file_name.filter(|name| !name.is_empty()),
            created_at: activity.created_at.as_deref().and_then(moment),
            counts: ActivityCounts {
                items_total: status.items_total_count,
                items_completed: status.items_completed_count,
                persons: status.person_count,
                errors: status.error_count,
                correctable: status.correctable_count,
                cannot_add_to_list: status.cannot_add_to_list_count,
                lists: status.list_count,
            },
            errors: activity.activity_errors.iter().map(error_text).collect(),
        }
    }
}

/// An error of an activity is a text, or an object with a `message` (OAS, `ActivityGeneric`).
fn error_text(error: &Value) -> String {
    let text = error.as_str().or_else(|| error.get("message")?.as_str());
    text.map_or_else(|| error.to_string(), ToOwned::to_owned)
}

#[derive(Debug, Deserialize)]
pub(super) struct Lists {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) lists: Vec<List>,
    #[serde(rename = "_links", default, deserialize_with = "null_is_default")]
    pub(super) links: Links,
}

#[derive(Debug, Deserialize)]
pub(super) struct List {
    list_id: ListId,
    #[serde(default, deserialize_with = "null_is_default")]
    name: String,
    description: Option<String>,
}

impl From<List> for ours::List {
    fn from(list: List) -> Self {
        Self { id: list.list_id, name: list.name, description: filled(list.description) }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct CustomFields {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) custom_fields: Vec<CustomField>,
    #[serde(rename = "_links", default, deserialize_with = "null_is_default")]
    pub(super) links: Links,
}

#[derive(Debug, Deserialize)]
pub(super) struct CustomField {
    custom_field_id: CustomFieldId,
    label: String,
    name: Option<String>,
    #[serde(rename = "type", default, deserialize_with = "null_is_default")]
    kind: String,
    #[serde(default, deserialize_with = "null_is_default")]
    choices: Vec<Choice>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    choice_id: Value,
    choice_label: Option<String>,
}

impl From<CustomField> for ours::CustomField {
    fn from(field: CustomField) -> Self {
        Self {
            id: field.custom_field_id,
            // The label with blanks replaced by underscores (OAS, `CustomField.name`).
            name: field.name.unwrap_or_else(|| field.label.replace(' ', "_")),
            label: field.label,
            kind: field.kind,
            choices: field
                .choices
                .into_iter()
                .filter_map(|choice| Some((scalar(&choice.choice_id)?, choice.choice_label?)))
                .collect(),
        }
    }
}

/// A number or a text, as text: the OAS has the ids of choices as both.
fn scalar(value: &Value) -> Option<String> {
    value.as_str().map(ToOwned::to_owned).or_else(|| value.as_i64().map(|id| id.to_string()))
}

#[derive(Deserialize)]
pub(super) struct Contacts {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) contacts: Vec<Contact>,
    #[serde(rename = "_links", default, deserialize_with = "null_is_default")]
    pub(super) links: Links,
}

/// A contact (OAS, `ContactResource`).
#[derive(Deserialize)]
pub(super) struct Contact {
    pub(super) contact_id: ContactId,
    pub(super) email_address: Option<Email>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) job_title: Option<String>,
    pub(super) company_name: Option<String>,
    pub(super) birthday_month: Option<u8>,
    pub(super) birthday_day: Option<u8>,
    pub(super) anniversary: Option<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) custom_fields: Vec<CustomFieldValue>,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) phone_numbers: Vec<Phone>,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) street_addresses: Vec<Street>,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) list_memberships: Vec<ListId>,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) taggings: Vec<Value>,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) notes: Vec<Value>,
    created_at: Option<String>,
    updated_at: Option<String>,
    pub(super) deleted_at: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Email {
    pub(super) address: Option<String>,
    pub(super) permission_to_send: Option<String>,
    pub(super) opt_out_reason: Option<String>,
    opt_out_source: Option<String>,
    opt_out_date: Option<String>,
}

#[derive(Clone, PartialEq, Deserialize, Serialize)]
pub(super) struct CustomFieldValue {
    pub(super) custom_field_id: CustomFieldId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) choice_ids: Option<Vec<Value>>,
}

#[derive(Clone, PartialEq, Deserialize, Serialize)]
pub(super) struct Phone {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) phone_number: String,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) kind: String,
}

#[derive(Clone, PartialEq, Default, Deserialize, Serialize)]
pub(super) struct Street {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) street: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) country: Option<String>,
}

impl Contact {
    pub(super) fn custom_field_ids(&self) -> impl Iterator<Item = CustomFieldId> {
        self.custom_fields.iter().map(|value| value.custom_field_id.clone())
    }

    pub(super) fn is_unsubscribed(&self) -> bool {
        let permission =
            self.email_address.as_ref().and_then(|email| email.permission_to_send.as_deref());
        permission == Some(Permission::Unsubscribed.as_str())
    }

    /// The contact in the words of the domain. An address that is none by our rules is left out, like an absent one.
    pub(super) fn into_domain(
        self,
        catalogue: &ours::CustomFields,
        uid_field: &ContactField,
    ) -> DomainContact {
        let mut fields = std::collections::BTreeMap::new();
        let mut put = |field: ContactField, value: Option<String>| {
            if let Some(value) = filled(value) {
                fields.insert(field, value);
            }
        };
        let birthday = self
            .birthday_month
            .zip(self.birthday_day)
            .map(|(month, day)| format!("{month:02}-{day:02}"));
        put(known("first_name"), self.first_name);
        put(known("last_name"), self.last_name);
        put(known("job_title"), self.job_title);
        put(known("company_name"), self.company_name);
        put(known("birthday"), birthday);
        put(known("anniversary"), self.anniversary.map(civil_date));
        for phone in self.phone_numbers {
            for key in phone_keys(&phone.kind) {
                put(known(key), Some(phone.phone_number.clone()));
            }
        }
        for street in self.street_addresses {
            for keys in street_keys(&street.kind) {
                let values = [
                    &street.street,
                    &street.city,
                    &street.state,
                    &street.postal_code,
                    &street.country,
                ];
                for (key, value) in keys.iter().zip(values) {
                    if let Some(key) = key {
                        put(known(key), value.clone());
                    }
                }
            }
        }
        for value in self.custom_fields {
            if let Some(field) = catalogue.get(&value.custom_field_id) {
                put(ContactField::custom(&field.name), value.text(field));
            }
        }
        let email = self.email_address;
        let opt_out = email.as_ref().and_then(Email::opt_out);
        let uid = fields.get(uid_field).map(|uid| Uid::new(uid.as_str()));
        DomainContact {
            id: self.contact_id,
            uid,
            permission: email
                .as_ref()
                .and_then(|email| email.permission_to_send.clone())
                .map_or(Permission::NotSet, Permission::from),
            email: email.and_then(|email| email.address?.parse().ok()),
            opt_out,
            fields,
            lists: self.list_memberships.into_iter().collect(),
            created_at: self.created_at.as_deref().and_then(moment),
            updated_at: self.updated_at.as_deref().and_then(moment),
            deleted_at: self.deleted_at.as_deref().and_then(departure).map(end_of_second),
        }
    }
}

impl Email {
    fn opt_out(&self) -> Option<OptOut> {
        let at = self.opt_out_date.as_deref().and_then(moment);
        let source = self.opt_out_source.as_deref().filter(|source| !source.is_empty());
        if at.is_none() && source.is_none() {
            return None;
        }
        let by = match source {
            Some("Contact") => OptOutSource::Contact,
            Some("Account") => OptOutSource::Account,
            Some(_) | None => OptOutSource::Unknown,
        };
        Some(OptOut { at, by })
    }
}

impl CustomFieldValue {
    /// The value as text; of a select, the labels of its choices.
    fn text(&self, field: &ours::CustomField) -> Option<String> {
        filled(self.value.clone()).or_else(|| {
            let chosen: Vec<String> = self.choice_ids.iter().flatten().filter_map(scalar).collect();
            let labels = field.choices.iter().filter(|(id, _)| chosen.contains(id));
            Some(labels.map(|(_, label)| label.as_str()).collect::<Vec<_>>().join(", "))
        })
    }
}

fn filled(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.is_empty())
}

/// One of the columns, all of which parse; held by a test.
fn known(key: &str) -> ContactField {
    key.parse().expect("the keys of this module are columns of the import")
}

/// The columns of a telephone number; `phone` is of the kind `other` (OAS, `JsonImportContact.phone`).
pub(super) fn phone_keys(kind: &str) -> &'static [&'static str] {
    match kind {
        "home" => &["home_phone"],
        "work" => &["work_phone"],
        "mobile" => &["mobile_phone"],
        "other" => &["phone", "other_phone"],
        _ => &[],
    }
}

/// Street, city, state, postal code and country.
type StreetKeys = [Option<&'static str>; 5];

/// The columns of an address; `street` is of the kind `home`. `home_country` is misspelt in the OAS and so not used.
pub(super) fn street_keys(kind: &str) -> &'static [StreetKeys] {
    const PLAIN: StreetKeys =
        [Some("street"), Some("city"), Some("state"), Some("zip"), Some("country")];
    const HOME: StreetKeys =
        [Some("home_street"), Some("home_city"), Some("home_state"), Some("home_zip"), None];
    const WORK: StreetKeys = [
        Some("work_street"),
        Some("work_city"),
        Some("work_state"),
        Some("work_zip"),
        Some("work_country"),
    ];
    const OTHER: StreetKeys = [
        Some("other_street"),
        Some("other_city"),
        Some("other_state"),
        Some("other_zip"),
        Some("other_country"),
    ];
    match kind {
        "home" => &[PLAIN, HOME],
        "work" => &[WORK],
        "other" => &[OTHER],
        _ => &[],
    }
}

/// An anniversary as `YYYY-MM-DD`, from any of the eight forms (OAS, `ContactResource.anniversary`); else as it is.
fn civil_date(text: String) -> String {
    let parts: Vec<&str> = text.split(['/', '-']).collect();
    let [first, second, third] = parts[..] else { return text };
    let (year, month, day) =
        if first.len() == 4 { (first, second, third) } else { (third, first, second) };
    let date = year.parse().ok().zip(month.parse().ok()).zip(day.parse().ok());
    date.and_then(|((year, month), day)| Date::new(year, month, day).ok())
        .map_or(text, |date| date.to_string())
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
