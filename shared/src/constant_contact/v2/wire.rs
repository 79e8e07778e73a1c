//! What travels, and how it is understood. Private to the client.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::columns::custom_number;
use crate::constant_contact::values::null_is_default;
use crate::constant_contact::{self as ours, Cursor};
use crate::domain::{
    Activity as DomainActivity, ActivityCounts, ActivityId, ActivityState,
    Contact as DomainContact, ContactField, ContactId, ListId, OptOut, OptOutSource, Permission,
    Uid,
};

/// The status of somebody who asked out (v2 documents, "Contacts Collection").
pub(super) const OPTED_OUT: &str = "OPTOUT";

/// What is before the second day of the epoch never was: v2 writes "never" as `1969-12-31T19:00:00.000Z`.
const NEVER_BEFORE: Timestamp = Timestamp::constant(86_400, 0);

/// JSON in ASCII, with escapes for what is beyond, so that it reads the same whatever character set v2 takes it for.
pub(super) fn ascii(value: &Value) -> Vec<u8> {
    let mut written = String::new();
    // Beyond ASCII there are only characters of texts and keys, where an escape may stand.
    for character in value.to_string().chars() {
        if character.is_ascii() {
            written.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(written, "\\u{unit:04x}").expect("a String takes everything");
            }
        }
    }
    written.into_bytes()
}

/// Whether an id is nobody's: 0 marks a record that is none.
pub(super) fn is_nobody(id: &ContactId) -> bool {
    id.as_str() == "0"
}

/// A text that may come as a number; nothing where it is empty, as v2 writes what is not set, or of another kind.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// A count that may come as a text.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(text(deserializer)?.and_then(|text| text.parse().ok()))
}

/// An id, a number or a text.
fn id<'de, D: Deserializer<'de>, T: From<String>>(deserializer: D) -> Result<T, D::Error> {
    text(deserializer)?.map(T::from).ok_or_else(|| D::Error::custom("there is no id"))
}

/// A time in any of the forms that the vendor writes: with or without milliseconds, `Z` or an offset. One without a zone is
/// in UTC, a date alone is its beginning.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let at = text.parse::<Timestamp>().ok().or_else(|| {
        let at = text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?;
        Some(at.timestamp())
    })?;
    (at >= NEVER_BEFORE).then_some(at)
}

/// The answer to a submission (v2 documents, "Add Contacts": without a status).
#[derive(Debug, Deserialize)]
pub(super) struct Submitted {
    #[serde(deserialize_with = "id")]
    pub(super) id: ActivityId,
}

/// An activity (v2 documents, "Individual Activity Status").
#[derive(Debug, Deserialize)]
pub(super) struct Activity {
    #[serde(deserialize_with = "id")]
    id: ActivityId,
    #[serde(default, deserialize_with = "text")]
    status: Option<String>,
    #[serde(default, deserialize_with = "text")]
    file_name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    created_date: Option<String>,
    #[serde(default, deserialize_with = "count")]
    error_count: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    contact_count: Option<u64>,
    /// Another spelling of the same, in the fixtures of Constant Contact's own client.
    #[serde(default, deserialize_with = "count")]
    contacts_count: Option<u64>,
    #[serde(default)]
    errors: Value,
}

impl From<Activity> for DomainActivity {
    fn from(activity: Activity) -> Self {
        let state = state(activity.status.unwrap_or_default());
        // Before it is over both counts are there and mean nothing.
        let counts = if state.is_over() {
            ActivityCounts {
                persons: activity.contact_count.or(activity.contacts_count),
                errors: activity.error_count,
                ..ActivityCounts::default()
            }
        } else {
            ActivityCounts::default()
        };
        let errors = activity.errors.as_array().into_iter().flatten().map(error_text).collect();
        Self {
            id: activity.id,
            state,
            file_name: activity.file_name,
            created_at: activity.created_date.as_deref().and_then(moment),
            counts,
            errors,
        }
    }
}

/// The states (v2 documents, "Bulk Activity - Status Report"; `CANCELLED` from Constant Contact's own Java client).
fn state(status: String) -> ActivityState {
    match status.as_str() {
        "UNCONFIRMED" | "PENDING" | "QUEUED" => ActivityState::Initialized,
        "RUNNING" => ActivityState::Processing,
        "COMPLETE" => ActivityState::Completed,
        "ERROR" => ActivityState::Failed,
        "CANCELLED" => ActivityState::Cancelled,
        _ => ActivityState::Other(status),
    }
}

/// An error is a text, or an object with a `message`; of the documents' copies each has it otherwise.
fn error_text(error: &Value) -> String {
    let text = error.as_str().or_else(|| error.get("message")?.as_str());
    text.map_or_else(|| error.to_string(), ToOwned::to_owned)
}

#[derive(Debug, Deserialize)]
pub(super) struct List {
    #[serde(deserialize_with = "id")]
    id: ListId,
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
}

impl From<List> for ours::List {
    fn from(list: List) -> Self {
        Self { id: list.id, name: list.name.unwrap_or_default(), description: None }
    }
}

/// A page of contacts.
#[derive(Deserialize)]
pub(super) struct Contacts {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) meta: Meta,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) results: Vec<Contact>,
}

#[derive(Default, Deserialize)]
pub(super) struct Meta {
    #[serde(default, deserialize_with = "null_is_default")]
    pagination: Pagination,
}

/// Empty on a last page.
#[derive(Default, Deserialize)]
struct Pagination {
    #[serde(default, deserialize_with = "text")]
    next_link: Option<String>,
}

impl Meta {
    pub(super) fn next(self) -> Option<Cursor> {
        self.pagination.next_link.map(Cursor)
    }
}

/// A contact (v2 documents, "Contacts Collection"). Birthdays and anniversaries are not among what is shown.
#[derive(Deserialize)]
pub(super) struct Contact {
    #[serde(deserialize_with = "id")]
    id: ContactId,
    #[serde(default, deserialize_with = "text")]
    status: Option<String>,
    #[serde(default, deserialize_with = "text")]
    first_name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    last_name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    job_title: Option<String>,
    #[serde(default, deserialize_with = "text")]
    company_name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    home_phone: Option<String>,
    #[serde(default, deserialize_with = "text")]
    work_phone: Option<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    email_addresses: Vec<Email>,
    #[serde(default, deserialize_with = "null_is_default")]
    addresses: Vec<Street>,
    #[serde(default, deserialize_with = "null_is_default")]
    custom_fields: Vec<CustomFieldValue>,
    #[serde(default, deserialize_with = "null_is_default")]
    lists: Vec<Membership>,
    #[serde(default, deserialize_with = "text")]
    created_date: Option<String>,
    #[serde(default, deserialize_with = "text")]
    modified_date: Option<String>,
}

#[derive(Deserialize)]
struct Email {
    #[serde(rename = "email_address", default, deserialize_with = "text")]
    address: Option<String>,
    #[serde(default, deserialize_with = "text")]
    status: Option<String>,
    #[serde(default, deserialize_with = "text")]
    opt_in_source: Option<String>,
    #[serde(default, deserialize_with = "text")]
    opt_out_source: Option<String>,
    #[serde(default, deserialize_with = "text")]
    opt_out_date: Option<String>,
}

#[derive(Deserialize)]
struct Street {
    #[serde(default, deserialize_with = "text")]
    address_type: Option<String>,
    #[serde(default, deserialize_with = "text")]
    line1: Option<String>,
    #[serde(default, deserialize_with = "text")]
    line2: Option<String>,
    #[serde(default, deserialize_with = "text")]
    city: Option<String>,
    #[serde(default, deserialize_with = "text")]
    state: Option<String>,
    #[serde(default, deserialize_with = "text")]
    state_code: Option<String>,
    #[serde(default, deserialize_with = "text")]
    country_code: Option<String>,
    #[serde(default, deserialize_with = "text")]
    postal_code: Option<String>,
}

#[derive(Deserialize)]
struct CustomFieldValue {
    #[serde(default, deserialize_with = "null_is_default")]
    name: String,
    #[serde(default, deserialize_with = "text")]
    value: Option<String>,
}

#[derive(Deserialize)]
struct Membership {
    #[serde(deserialize_with = "id")]
    id: ListId,
}

/// The kind of address that stands for ours (v2 documents, "Contacts Collection", `address_type`).
pub(super) const PERSONAL: &str = "PERSONAL";

impl Contact {
    /// Whether the record is none.
    pub(super) fn is_nobody(&self) -> bool {
        is_nobody(&self.id)
    }

    /// The lists that the contact is on, the hidden ones included.
    pub(super) fn lists(&self) -> BTreeSet<ListId> {
        self.lists.iter().map(|list| list.id.clone()).collect()
    }

    /// Whether the person asked out; of contact and address either may say so.
    pub(super) fn is_opted_out(&self) -> bool {
        let of_address = self.email_addresses.iter().map(|email| &email.status);
        std::iter::once(&self.status)
            .chain(of_address)
            .any(|status| status.as_deref() == Some(OPTED_OUT))
    }

    /// Whether we may mail. `REMOVED` is on no list and may come back; our own removals end there too, so it is no deletion.
    fn permission(&self) -> Permission {
        if self.is_opted_out() {
            return Permission::Unsubscribed;
        }
        let source = self.email_addresses.first().and_then(|email| email.opt_in_source.as_deref());
        match self.status.as_deref() {
            Some("ACTIVE") if source.is_some_and(is_of_person) => Permission::Explicit,
            Some("ACTIVE") => Permission::Implicit,
            Some("UNCONFIRMED") => Permission::PendingConfirmation,
            Some("REMOVED" | "NON_SUBSCRIBER" | "VISITOR") | None => Permission::NotSet,
            Some(other) => Permission::Other(other.to_owned()),
        }
    }

    /// The contact in the words of the domain; none if its id is nobody's. An address that is none by our rules is left out,
    /// like an absent one.
    pub(super) fn into_domain(self, uid_field: &ContactField) -> Option<DomainContact> {
        if self.is_nobody() {
            return None;
        }
        let (permission, lists) = (self.permission(), self.lists());
        let mut fields = BTreeMap::new();
        let mut put = |field: ContactField, value: Option<String>| {
            if let Some(value) = value {
                fields.insert(field, value);
            }
        };
        put(known("first_name"), self.first_name);
        put(known("last_name"), self.last_name);
        put(known("job_title"), self.job_title);
        put(known("company_name"), self.company_name);
        put(known("home_phone"), self.home_phone);
        put(known("work_phone"), self.work_phone);
        let mut streets = self.addresses;
        // Personal before business, else in their order.
        streets.sort_by_key(|street| street.address_type.as_deref() != Some(PERSONAL));
        if let Some(street) = streets.into_iter().next() {
            put(known("street"), street.line1);
            put(known("street2"), street.line2);
            put(known("city"), street.city);
            put(known("zip"), street.postal_code);
            put(known("state"), street.state.or(street.state_code));
            put(known("country"), street.country_code);
        }
        for custom in self.custom_fields {
            if let Some(number) = custom_number(&custom.name) {
                put(ContactField::v2_custom(number), custom.value);
            }
        }
        let email = self.email_addresses.into_iter().next();
        Some(DomainContact {
            id: self.id,
            uid: fields.get(uid_field).map(|uid| Uid::new(uid.as_str())),
            permission,
            opt_out: email.as_ref().and_then(Email::opt_out),
            email: email.and_then(|email| email.address?.parse().ok()),
            fields,
            lists,
            created_at: self.created_date.as_deref().and_then(moment),
            updated_at: self.modified_date.as_deref().and_then(moment),
            deleted_at: None,
        })
    }
}

impl Email {
    fn opt_out(&self) -> Option<OptOut> {
        let at = self.opt_out_date.as_deref().and_then(moment);
        if at.is_none() && self.opt_out_source.is_none() {
            return None;
        }
        let by = match self.opt_out_source.as_deref() {
            Some(source) if is_of_person(source) => OptOutSource::Contact,
            Some("ACTION_BY_OWNER") => OptOutSource::Account,
            Some(_) | None => OptOutSource::Unknown,
        };
        Some(OptOut { at, by })
    }
}

/// Whether the person did it; v1, whose contacts live on, wrote `ACTION_BY_CONTACT`.
fn is_of_person(source: &str) -> bool {
    matches!(source, "ACTION_BY_VISITOR" | "ACTION_BY_CONTACT")
}

/// One of the columns, all of which parse; held by a test.
fn known(key: &str) -> ContactField {
    key.parse().expect("the keys of this module are columns of the import")
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
