//! Lists as v2 answers them: a bare array.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{self, Answer, moment};
use super::call::{Call, Refused, refusal};
use super::ids;
use super::person::shown_lists;
use super::router::BASE_PATH;
use crate::constant_contact::catalogue::List;
use crate::constant_contact::world::World;

fn to_json(world: &World, list: &List) -> Value {
    let v2 = world.switches.v2;
    let members = world.people.all().iter();
    let count = members.filter(|person| shown_lists(person, v2).contains(&&list.id)).count();
    json!({"id": ids::list_json(&list.id, v2.ids), "name": list.name,
        "status": if list.is_hidden { "HIDDEN" } else { "ACTIVE" },
        "created_date": moment(list.created_at), "modified_date": moment(list.created_at),
        "contact_count": count})
}

pub(super) fn all(world: &World, call: &Call<'_>) -> Refused<Answer> {
    call.knows(&["modified_since"])?;
    let since: Option<Timestamp> = call
        .parameter("modified_since")
        .map(str::parse)
        .transpose()
        .map_err(|_| refusal("modified_since is no ISO-8601 date."))?;
    let lists = world.lists.iter().filter(|list| since.is_none_or(|since| list.created_at > since));
    Ok(answer::ok(&lists.map(|list| to_json(world, list)).collect()))
}

pub(super) fn one(world: &World, id: &str) -> Answer {
    let own = ids::list(world, id);
    match world.lists.iter().find(|list| Some(&list.id) == own.as_ref()) {
        Some(list) => answer::ok(&to_json(world, list)),
        None => answer::not_found("The list was not found."),
    }
}

pub(super) fn create(world: &mut World, call: &Call<'_>) -> Refused<Answer> {
    call.knows(&[])?;
    let body = call.json()?;
    let name = body["name"].as_str().unwrap_or_default().trim().to_owned();
    if name.is_empty() || name.chars().count() > 255 {
        return Err(refusal("name is missing or too long."));
    }
    let is_hidden = match body["status"].as_str() {
        Some("ACTIVE") => false,
        Some("HIDDEN") => true,
        Some(_) | None => return Err(refusal("status is ACTIVE or HIDDEN.")),
    };
    if world.has_list_named(&name) {
        return Ok(answer::conflict("A list of this name already exists."));
    }
    let id = world.add_list(&name, "", call.now);
    let Some(list) = world.lists.last_mut() else { return Err(refusal("The list is lost.")) };
    list.is_hidden = is_hidden;
    let number = ids::list_number(&id).unwrap_or_default();
    let json = world.lists.last().map(|list| to_json(world, list)).unwrap_or_default();
    Ok(answer::created(&call.location(&format!("{BASE_PATH}/lists/{number}")), &json))
}
