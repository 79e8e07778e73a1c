//! A contact as v2 answers it: empty texts instead of nothing, no birthday, no anniversary.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::moment;
use super::columns::lines;
use super::gate::API_KEY;
use super::ids;
use super::switches::{Never, Switches};
use crate::constant_contact::people::{Person, Street};
use crate::constant_contact::world::World;

/// When somebody opted out who never did (SDKs, fixtures).
const EPOCH: &str = "1969-12-31T19:00:00.000Z";

/// Texts of v2, by the name that the tenant keeps them under too.
pub(super) const TEXTS: [&str; 7] = [
    "first_name",
    "middle_name",
    "last_name",
    "prefix_name",
    "job_title",
    "company_name",
    "department_name",
];

/// Telephone numbers of v2, and the kind that the tenant keeps them under.
pub(super) const PHONES: [(&str, &str); 4] =
    [("home_phone", "home"), ("work_phone", "work"), ("cell_phone", "mobile"), ("fax", "fax")];

/// Addresses of v2, and the kind that the tenant keeps them under.
pub(super) const ADDRESSES: [(&str, &str); 2] = [("PERSONAL", "home"), ("BUSINESS", "work")];

/// How somebody stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Active,
    Unconfirmed,
    /// They asked out, and are protected.
    OptOut,
    /// The tenant took them off all lists; they can come back.
    Removed,
    NonSubscriber,
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Unconfirmed => "UNCONFIRMED",
            Self::OptOut => "OPTOUT",
            Self::Removed => "REMOVED",
            Self::NonSubscriber => "NON_SUBSCRIBER",
        }
    }
}

pub(super) fn status(person: &Person, v2: Switches) -> Status {
    let is_on_none = person.lists.is_empty() && v2.last_list_removes;
    match person.permission.as_str() {
        "unsubscribed" => Status::OptOut,
        _ if person.deleted_at.is_some() || is_on_none => Status::Removed,
        "pending_confirmation" => Status::Unconfirmed,
        "not_set" => Status::NonSubscriber,
        _ => Status::Active,
    }
}

/// The lists that a contact is shown on.
pub(super) fn shown_lists(person: &Person, v2: Switches) -> Vec<&String> {
    let is_hidden = person.is_unsubscribed() && !v2.opted_out_show_lists;
    person.lists.iter().filter(|_| !is_hidden).collect()
}

/// The contact; with v3's id too, where it is asked for.
pub(super) fn to_json(world: &World, person: &Person, with_contact_id: bool) -> Value {
    let v2 = world.switches.v2;
    let status = status(person, v2);
    let mut json = json!({"id": ids::contact_json(&person.id, v2.ids), "status": status.word(),
        "confirmed": false, "source": "API", "source_details": API_KEY,
        "created_date": moment(person.created_at), "modified_date": moment(person.updated_at)});
    for name in TEXTS {
        json[name] = json!(person.texts.get(name).map_or("", String::as_str));
    }
    for (name, kind) in PHONES {
        json[name] = json!(person.phones.get(kind).map_or("", String::as_str));
    }
    json["email_addresses"] = emails(person, status, v2.never);
    json["lists"] =
        shown_lists(person, v2).into_iter().map(|list| membership(world, list)).collect();
    let streets = ADDRESSES.iter().filter_map(|(address_type, kind)| {
        Some(address(person, address_type, kind, person.streets.get(*kind)?))
    });
    json["addresses"] = streets.collect();
    json["custom_fields"] = custom_fields(person, &world.numbered_fields());
    let note = |(number, note): (usize, &String)| {
        json!({"id": format!("{}-{number}", person.id), "note": note,
            "created_date": moment(person.created_at)})
    };
    json["notes"] = person.notes.iter().enumerate().map(note).collect();
    if with_contact_id {
        json["contact_id"] = json!(person.id);
    }
    json
}

fn emails(person: &Person, status: Status, never: Never) -> Value {
    let Some(address) = &person.address else { return json!([]) };
    let by = |is_person: bool| if is_person { "ACTION_BY_VISITOR" } else { "ACTION_BY_OWNER" };
    let mut email = json!({"id": format!("{}-email", person.id), "status": status.word(),
        "confirm_status": match status {
            Status::Unconfirmed => "UNCONFIRMED",
            Status::Active | Status::OptOut | Status::Removed | Status::NonSubscriber =>
                "NO_CONFIRMATION_REQUIRED",
        },
        "opt_in_source": by(person.permission == "explicit"),
        "opt_in_date": moment(person.created_at), "email_address": address});
    email["opt_out_date"] = match (&person.opt_out, never) {
        (Some(out), _) => {
            email["opt_out_source"] = json!(by(out.by_person));
            json!(moment(out.at))
        }
        (None, Never::Empty) => json!(""),
        (None, Never::Epoch) => json!(EPOCH),
    };
    json!([email])
}

fn membership(world: &World, list: &str) -> Value {
    let is_hidden = world.lists.iter().any(|known| known.id == list && known.is_hidden);
    let status = if is_hidden { "HIDDEN" } else { "ACTIVE" };
    json!({"id": ids::list_json(list, world.switches.v2.ids), "status": status})
}

fn address(person: &Person, address_type: &str, kind: &str, street: &Street) -> Value {
    let [line1, line2, line3] = lines(street);
    let [_, city, state, postal_code, country] = street;
    let is_code = |text: &str| text.len() == 2 && text.chars().all(|c| c.is_ascii_alphabetic());
    let (state, state_code) = if is_code(state) {
        ("", state.to_ascii_uppercase())
    } else {
        (state.as_str(), String::new())
    };
    let country_code = if is_code(country) { country.to_ascii_lowercase() } else { String::new() };
    json!({"id": format!("{}-{kind}", person.id), "address_type": address_type, "line1": line1,
        "line2": line2, "line3": line3, "city": city, "state": state, "state_code": state_code,
        "country_code": country_code, "postal_code": postal_code, "sub_postal_code": ""})
}

fn custom_fields(person: &Person, fields: &BTreeMap<u8, String>) -> Value {
    let held = fields.iter().filter_map(|(number, id)| {
        let name = format!("CustomField{number}");
        Some(json!({"name": name, "label": name, "value": person.custom.get(id)?}))
    });
    held.collect()
}
