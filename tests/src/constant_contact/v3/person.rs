//! A contact as v3 answers it.

use serde_json::{Map, Value, json};

use super::answer::moment;
use crate::constant_contact::people::{Person, Street};
use crate::constant_contact::switches::Switches;

const TEXTS: [&str; 5] = ["first_name", "last_name", "job_title", "company_name", "anniversary"];
const STREET_NAMES: [&str; 5] = ["street", "city", "state", "postal_code", "country"];

/// The contact as it is answered, with the subresources that were asked for; unset fields are left out.
pub(super) fn to_json(person: &Person, include: &[&str], switches: &Switches) -> Value {
    let mut json = Map::new();
    json.insert("contact_id".into(), json!(person.id));
    if let Some(address) = &person.address {
        json.insert("email_address".into(), address_json(person, address));
    }
    for (name, text) in person.texts.iter().filter(|(name, _)| TEXTS.contains(&name.as_str())) {
        json.insert(name.clone(), json!(text));
    }
    if let Some((month, day)) = person.birthday {
        json.insert("birthday_month".into(), json!(month));
        json.insert("birthday_day".into(), json!(day));
    }
    json.insert("create_source".into(), json!("Account"));
    json.insert("update_source".into(), json!(person.update_source));
    json.insert("created_at".into(), json!(moment(person.created_at)));
    json.insert("updated_at".into(), json!(moment(person.updated_at)));
    if let Some(at) = person.deleted_at {
        let mut text = moment(at);
        if switches.deleted_at_is_a_date {
            text.truncate("2026-11-23".len());
        }
        json.insert("deleted_at".into(), json!(text));
    }
    for name in include {
        if let Some(value) = subresource(person, name) {
            json.insert((*name).to_owned(), value);
        }
    }
    Value::Object(json)
}

fn address_json(person: &Person, address: &str) -> Value {
    let mut json = json!({"address": address, "permission_to_send": person.permission,
            "created_at": moment(person.created_at), "updated_at": moment(person.address_updated_at),
            "opt_in_source": "Account", "opt_in_date": moment(person.created_at), "confirm_status": "off"});
    if let Some(out) = &person.opt_out {
        json["opt_out_source"] = json!(if out.by_person { "Contact" } else { "Account" });
        json["opt_out_date"] = json!(moment(out.at));
        if !out.reason.is_empty() {
            json["opt_out_reason"] = json!(out.reason);
        }
    }
    json
}

fn subresource(person: &Person, name: &str) -> Option<Value> {
    Some(match name {
        "custom_fields" => person
            .custom
            .iter()
            .map(|(id, value)| json!({"custom_field_id": id, "value": value}))
            .collect(),
        "list_memberships" => json!(person.lists),
        "taggings" => json!(person.taggings),
        "notes" => person
            .notes
            .iter()
            .map(|note| json!({"content": note, "created_at": moment(person.created_at)}))
            .collect(),
        "phone_numbers" => person
            .phones
            .iter()
            .filter(|(kind, _)| *kind != "fax")
            .map(|(kind, number)| {
                json!({"phone_number_id": format!("{}-{kind}", person.id), "kind": kind,
                        "phone_number": number, "created_at": moment(person.created_at)})
            })
            .collect(),
        "street_addresses" => person.streets.iter().map(street_json).collect(),
        _ => return None,
    })
}

fn street_json((kind, street): (&String, &Street)) -> Value {
    let mut json = json!({"kind": kind});
    for (name, part) in STREET_NAMES.iter().zip(street) {
        if !part.is_empty() {
            json[*name] = json!(part);
        }
    }
    json
}
