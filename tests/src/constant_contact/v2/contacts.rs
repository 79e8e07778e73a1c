//! Reading contacts by page, by list, by address, and one by one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::domain::limits;

use super::answer::{self, Answer};
use super::call::{Call, Refused, parameter, refusal};
use super::ids;
use super::person::{self, shown_lists, status};
use super::router::BASE_PATH;
use crate::constant_contact::people::Person;
use crate::constant_contact::world::World;

/// Contacts of one page where no `limit` is given (v2 documents, "Contacts Collection").
const PAGE_DEFAULT: usize = 50;

const STATUSES: [&str; 7] =
    ["ALL", "ACTIVE", "UNCONFIRMED", "OPTOUT", "REMOVED", "NON_SUBSCRIBER", "VISITOR"];

type Query = Vec<(String, String)>;

/// What a page asks for.
struct Page {
    start: usize,
    query: Query,
    limit: usize,
    status: String,
    since: Option<Timestamp>,
}

impl Page {
    /// From the parameters, or from the bookmark, which stands alone and holds them.
    fn read(call: &Call<'_>) -> Refused<Self> {
        let (start, query) = match call.parameter("next") {
            None => (0, call.query.clone()),
            Some(_) if call.query.len() > 1 => {
                return Err(refusal("next may be accompanied by api_key only."));
            }
            Some(next) => resumed(next).ok_or_else(|| refusal("next is not valid."))?,
        };
        let limit = parameter(&query, "limit").map_or(Ok(PAGE_DEFAULT), str::parse);
        let limit = limit.ok().filter(|limit| (1..=limits::CONTACTS_PAGE_MAX).contains(limit));
        let limit = limit.ok_or_else(|| refusal("limit lies between 1 and 500."))?;
        let status = parameter(&query, "status").unwrap_or("ALL").to_owned();
        if !STATUSES.contains(&status.as_str()) {
            return Err(refusal("status does not have a valid value."));
        }
        let since = parameter(&query, "modified_since").map(str::parse).transpose();
        let since = since.map_err(|_| refusal("modified_since is no ISO-8601 date."))?;
        Ok(Self { start, query, limit, status, since })
    }

    fn takes(&self, world: &World, person: &Person) -> bool {
        let is_included = world.switches.windows_include_their_ends;
        let is_since = |since: Timestamp| {
            person.updated_at > since || (is_included && person.updated_at == since)
        };
        let status = status(person, world.switches.v2).word();
        !person.has_vanished
            && (self.status == "ALL" || self.status == status)
            && self.since.is_none_or(is_since)
    }

    /// The page, with the path of the next one, which carries no key.
    fn answer(&self, world: &World, path: &str, also: impl Fn(&Person) -> bool) -> Answer {
        let with_contact_id = parameter(&self.query, "include_contact_id") == Some("true");
        let mut results = Vec::new();
        let mut pagination = json!({});
        for (place, person) in world.people.all().iter().enumerate().skip(self.start) {
            if !also(person) || !self.takes(world, person) {
                continue;
            }
            if results.len() == self.limit {
                let mut text = form_urlencoded::Serializer::new(format!("startAt={place}"));
                text.extend_pairs(&self.query);
                let next = URL_SAFE_NO_PAD.encode(text.finish());
                pagination = json!({"next_link": format!("{path}?next={next}")});
                break;
            }
            results.push(person::to_json(world, person, with_contact_id));
        }
        answer::ok(&json!({"meta": {"pagination": pagination}, "results": results}))
    }
}

fn resumed(next: &str) -> Option<(usize, Query)> {
    let text = URL_SAFE_NO_PAD.decode(next).ok()?;
    let mut pairs: Query = form_urlencoded::parse(&text).into_owned().collect();
    if pairs.first()?.0 != "startAt" {
        return None;
    }
    let (_, start) = pairs.remove(0);
    Some((start.parse().ok()?, pairs))
}

pub(super) fn list(world: &World, call: &Call<'_>) -> Refused<Answer> {
    call.knows(&["status", "limit", "modified_since", "email", "include_contact_id", "next"])?;
    let page = Page::read(call)?;
    let Some(address) = parameter(&page.query, "email") else {
        return Ok(page.answer(world, &format!("{BASE_PATH}/contacts"), |_| true));
    };
    let found = world.people.with_address(address).filter(|person| page.takes(world, person));
    let mut results: Vec<Value> =
        found.map(|person| person::to_json(world, person, false)).into_iter().collect();
    if world.switches.v2.doubles
        && let Some(mut double) = results.first().cloned()
    {
        double["id"] = if double["id"].is_number() { json!(0) } else { json!("0") };
        results.insert(0, double);
    }
    Ok(answer::ok(&json!({"meta": {"pagination": {}}, "results": results})))
}

pub(super) fn members(world: &World, call: &Call<'_>, list: &str) -> Refused<Answer> {
    call.knows(&["limit", "modified_since", "next"])?;
    let Some(id) = ids::list(world, list) else {
        return Ok(answer::not_found("The list was not found."));
    };
    let page = Page::read(call)?;
    let v2 = world.switches.v2;
    let path = format!("{BASE_PATH}/lists/{list}/contacts");
    Ok(page.answer(world, &path, |person| shown_lists(person, v2).contains(&&id)))
}

pub(super) fn one(world: &World, call: &Call<'_>, id: &str) -> Refused<Answer> {
    call.knows(&["include_contact_id"])?;
    let with_contact_id = call.parameter("include_contact_id") == Some("true");
    Ok(match ids::contact(world, id) {
        Some(person) => answer::ok(&person::to_json(world, person, with_contact_id)),
        None => unknown(),
    })
}

pub(super) fn unknown() -> Answer {
    answer::not_found("The contact was not found.")
}
