//! Writing one contact: made, replaced whole, opted out, taken off lists.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::domain::limits;

use super::answer::{self, Answer};
use super::call::{Call, Refused, refusal};
use super::columns::{custom_number, joined};
use super::contacts::unknown;
use super::ids;
use super::person::{ADDRESSES, PHONES, TEXTS, to_json};
use super::router::BASE_PATH;
use crate::constant_contact::people::{Person, Street};
use crate::constant_contact::values::{is_address, put};
use crate::constant_contact::world::World;

/// What a contact may be written with: whatever a read shows of it, though some of it is not ours to write.
const READ_ONLY: [&str; 8] = [
    "id",
    "status",
    "confirmed",
    "source",
    "source_details",
    "created_date",
    "modified_date",
    "contact_id",
];
const SECTIONS: [&str; 5] = ["email_addresses", "lists", "addresses", "custom_fields", "notes"];

const TEXT_MAX: usize = 50;
const POSTAL_CODE_MAX: usize = 25;
const CODE_MAX: usize = 2;

pub(super) fn create(world: &mut World, call: &Call<'_>) -> Refused<Answer> {
    let by_visitor = action(call)?;
    let body = call.json()?;
    let mut person = Person::new("", call.now);
    person.address = None;
    fill(world, call, &mut person, &body, by_visitor)?;
    if person.lists.is_empty() {
        return Err(refusal("lists are needed."));
    }
    let is_taken = |address| world.people.with_address(address).is_some();
    if person.address.as_deref().is_some_and(is_taken) {
        return Ok(answer::conflict("Another contact has this address."));
    }
    let id = world.people.add(person);
    world.writes += 1;
    let json = world.people.get(&id).map(|person| to_json(world, person, false));
    let number = ids::contact_number(&id).unwrap_or_default();
    let location = call.location(&format!("{BASE_PATH}/contacts/{number}"));
    Ok(answer::created(&location, &json.unwrap_or_default()))
}

/// PUT: everything that v2 shows is replaced, and what is absent is gone.
pub(super) fn replace(world: &mut World, call: &Call<'_>, id: &str) -> Refused<Answer> {
    let by_visitor = action(call)?;
    let Some(before) = ids::contact(world, id) else { return Ok(unknown()) };
    let (mut person, id) = (before.clone(), before.id.clone());
    let body = call.json()?;
    fill(world, call, &mut person, &body, by_visitor)?;
    let holder = person.address.as_deref().and_then(|address| world.people.with_address(address));
    if holder.is_some_and(|holder| holder.id != id) {
        return Ok(answer::conflict("Another contact has this address."));
    }
    let json = to_json(world, &person, false);
    world.people.change(&id, |before| *before = person);
    world.writes += 1;
    Ok(answer::ok(&json))
}

/// Who acts: the person, or else the tenant.
fn action(call: &Call<'_>) -> Refused<bool> {
    call.knows(&["action_by"])?;
    match call.parameter("action_by") {
        None | Some("ACTION_BY_OWNER") => Ok(false),
        Some("ACTION_BY_VISITOR") => Ok(true),
        Some(_) => Err(refusal("action_by does not have a valid value.")),
    }
}

fn fill(
    world: &mut World,
    call: &Call<'_>,
    person: &mut Person,
    body: &Value,
    by_visitor: bool,
) -> Refused<()> {
    let object = body.as_object().ok_or_else(|| refusal("The body is no object."))?;
    let is_known = |name: &str| {
        READ_ONLY.contains(&name)
            || SECTIONS.contains(&name)
            || TEXTS.contains(&name)
            || PHONES.iter().any(|(known, _)| *known == name)
    };
    if let Some(name) = object.keys().find(|name| !is_known(name)) {
        return Err(refusal(&format!("#/{name}: Property is not defined in the schema.")));
    }
    for name in TEXTS {
        put(&mut person.texts, name, text(body, name, TEXT_MAX)?);
    }
    for (name, kind) in PHONES {
        put(&mut person.phones, kind, text(body, name, TEXT_MAX)?);
    }
    let emails = body["email_addresses"].as_array().map(Vec::as_slice).unwrap_or_default();
    let [email] = emails else { return Err(refusal("email_addresses needs one address.")) };
    let address = email["email_address"].as_str().unwrap_or_default();
    if !is_address(address) || address.chars().count() > limits::EMAIL_CHARACTERS_MAX {
        return Err(Box::new(answer::invalid_address()));
    }
    if person.address.as_deref() != Some(address) {
        person.address_updated_at = call.now;
    }
    person.address = Some(address.to_owned());
    fill_streets(person, section(body, "addresses"))?;
    fill_custom_fields(world, call, person, section(body, "custom_fields"))?;
    let note = |note: &Value| note["note"].as_str().map(ToOwned::to_owned);
    person.notes = section(body, "notes").iter().filter_map(note).collect();
    fill_lists(world, call, person, body, by_visitor)?;
    let source = if by_visitor { "Contact" } else { "Account" };
    source.clone_into(&mut person.update_source);
    person.updated_at = call.now;
    Ok(())
}

fn section<'a>(body: &'a Value, name: &str) -> &'a [Value] {
    body[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn fill_streets(person: &mut Person, addresses: &[Value]) -> Refused<()> {
    let mut given = BTreeSet::new();
    person.streets.retain(|kind, _| !ADDRESSES.iter().any(|(_, known)| known == kind));
    for address in addresses {
        let kind = address["address_type"].as_str();
        let kind = ADDRESSES.iter().find(|(name, _)| kind == Some(*name)).map(|(_, kind)| *kind);
        let Some(kind) = kind.filter(|kind| given.insert(*kind)) else {
            return Err(refusal("addresses are one PERSONAL and one BUSINESS at most."));
        };
        let code = text(address, "state_code", CODE_MAX)?;
        let state = text(address, "state", TEXT_MAX)?;
        let lines = [
            text(address, "line1", TEXT_MAX)?,
            text(address, "line2", TEXT_MAX)?,
            text(address, "line3", TEXT_MAX)?,
        ];
        let street: Street = [
            joined(&lines),
            text(address, "city", TEXT_MAX)?,
            if code.is_empty() { state } else { code },
            text(address, "postal_code", POSTAL_CODE_MAX)?,
            text(address, "country_code", CODE_MAX)?,
        ];
        if street.iter().any(|part| !part.is_empty()) {
            person.streets.insert(kind.to_owned(), street);
        }
    }
    Ok(())
}

fn fill_custom_fields(
    world: &mut World,
    call: &Call<'_>,
    person: &mut Person,
    given: &[Value],
) -> Refused<()> {
    for id in world.numbered_fields().values() {
        person.custom.remove(id);
    }
    for field in given {
        let name = field["name"].as_str().unwrap_or_default();
        let number =
            custom_number(name, "CustomField").or_else(|| custom_number(name, "custom_field_"));
        let Some(number) = number else {
            return Err(refusal("custom_fields are CustomField1 to CustomField15."));
        };
        let value = text(field, "value", limits::V2_CUSTOM_FIELD_CHARACTERS_MAX)?;
        let id = world.numbered_field(number, call.now);
        put(&mut person.custom, &id, value);
    }
    Ok(())
}

/// Somebody who opted out joins no list by the tenant's hand (community, thread 280522); by their own they are back.
fn fill_lists(
    world: &World,
    call: &Call<'_>,
    person: &mut Person,
    body: &Value,
    by_visitor: bool,
) -> Refused<()> {
    if !body["lists"].is_array() && !person.is_unsubscribed() {
        return Err(refusal("lists are needed."));
    }
    let known = section(body, "lists").iter().map(|list| {
        let id = ids::text_of(&list["id"]).and_then(|id| ids::list(world, &id));
        id.ok_or_else(|| refusal("lists names an unknown list."))
    });
    let lists: BTreeSet<String> = known.collect::<Result<_, _>>()?;
    if lists.is_empty() {
        person.lists = lists;
        return Ok(());
    }
    if person.is_unsubscribed() && !by_visitor {
        return Err(refusal("The contact has opted out and cannot be added to a list."));
    }
    if by_visitor {
        "explicit".clone_into(&mut person.permission);
    }
    person.opt_out = None;
    person.deleted_at = None;
    person.lists = lists;
    person.updated_at = call.now;
    Ok(())
}

fn text(body: &Value, name: &str, max: usize) -> Refused<String> {
    let text = match &body[name] {
        Value::Null => "",
        Value::String(text) => text,
        _ => return Err(refusal(&format!("{name} is no text."))),
    };
    if text.chars().count() > max {
        return Err(refusal(&format!("{name} is longer than {max}.")));
    }
    Ok(text.to_owned())
}

/// DELETE of a contact opts it out.
pub(super) fn opt_out(world: &mut World, call: &Call<'_>, id: &str) -> Answer {
    let Some(id) = ids::contact(world, id).map(|person| person.id.clone()) else {
        return unknown();
    };
    let switches = world.switches;
    let opt_out = |person: &mut Person| {
        if !person.is_unsubscribed() {
            person.unsubscribe(false, "", call.now);
            if switches.opt_out_moves_updated_at {
                person.updated_at = call.now;
            }
        }
    };
    world.people.change(&id, opt_out);
    world.writes += 1;
    answer::no_content()
}

/// Takes a contact off one list, or off all.
pub(super) fn leave(world: &mut World, call: &Call<'_>, id: &str, list: Option<&str>) -> Answer {
    let Some(person) = ids::contact(world, id) else { return unknown() };
    let lists: Vec<String> = match list {
        None => person.lists.iter().cloned().collect(),
        Some(list) => match ids::list(world, list).filter(|list| person.lists.contains(list)) {
            Some(list) => vec![list],
            None => return answer::not_found("The contact is not on this list."),
        },
    };
    let (id, switches) = (person.id.clone(), world.switches);
    let leave = |person: &mut Person| {
        for list in &lists {
            person.leave(list, call.now, &switches);
        }
    };
    world.people.change(&id, leave);
    world.writes += 1;
    answer::no_content()
}
