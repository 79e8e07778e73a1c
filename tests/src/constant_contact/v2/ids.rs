//! v2 numbers what v3 names by UUIDs; the numbers follow from the tenant's own ids.

use serde_json::{Value, json};

use super::switches::Ids;
use crate::constant_contact::people::Person;
use crate::constant_contact::world::World;

const FIRST_CONTACT: u64 = 1_000_001;
const FIRST_LIST: u64 = 2_050_000_001;

/// The number of the contact that v3 knows by this id.
pub fn contact_number(id: &str) -> Option<u64> {
    Some(place(id, "c0c0")? + FIRST_CONTACT)
}

/// The number of the list that v3 knows by this id.
pub fn list_number(id: &str) -> Option<u64> {
    Some(place(id, "11a7")? + FIRST_LIST)
}

/// The tenant's ids begin with their place, and say in their second part what they are ids of.
fn place(id: &str, kind: &str) -> Option<u64> {
    let mut parts = id.split('-');
    let place = u64::from_str_radix(parts.next()?, 16).ok()?;
    (parts.next() == Some(kind)).then_some(place)
}

/// The number that a text is, written as v2 writes it: digits only.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The number that an id in a body is, as text or as number.
pub(super) fn text_of(id: &Value) -> Option<String> {
    let text = id.as_str().map(ToOwned::to_owned).or_else(|| Some(id.as_u64()?.to_string()))?;
    is_number(&text).then_some(text)
}

pub(super) fn is_number(text: &str) -> bool {
    number(text).is_some()
}

pub(super) fn contact<'a>(world: &'a World, text: &str) -> Option<&'a Person> {
    let place = usize::try_from(number(text)?.checked_sub(FIRST_CONTACT)?).ok()?;
    world.people.all().get(place).filter(|person| !person.has_vanished)
}

/// The tenant's own id of a list.
pub(super) fn list(world: &World, text: &str) -> Option<String> {
    let number = number(text)?;
    world.lists.iter().map(|list| &list.id).find(|id| list_number(id) == Some(number)).cloned()
}

pub(super) fn contact_json(id: &str, ids: Ids) -> Value {
    to_json(contact_number(id).unwrap_or_default(), ids)
}

pub(super) fn list_json(id: &str, ids: Ids) -> Value {
    to_json(list_number(id).unwrap_or_default(), ids)
}

fn to_json(number: u64, ids: Ids) -> Value {
    let as_number = match ids {
        Ids::Texts => false,
        Ids::Numbers => true,
        Ids::Mixed => number.is_multiple_of(2),
    };
    if as_number { json!(number) } else { json!(number.to_string()) }
}
