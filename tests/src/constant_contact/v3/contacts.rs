//! Reading contacts by page and one by one; writing and deleting one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::domain::limits;

use super::answer::{self, Answer};
use super::person;
use crate::constant_contact::people::{Person, Street};
use crate::constant_contact::values::{is_address, is_date, put};
use crate::constant_contact::world::{World, is_uuid};

/// Contacts of one page where no `limit` is given (OAS).
const PAGE_DEFAULT: usize = 50;

/// What a contact may hold (OAS, `ContactPutRequest`).
const PHONES_MAX: usize = 3;
const STREETS_MAX: usize = 3;
const PHONE_CHARACTERS_MAX: usize = 25;
const TEXTS: [&str; 4] = ["first_name", "last_name", "job_title", "company_name"];
pub(super) const TEXT_CHARACTERS_MAX: usize = 50;
const PERMISSIONS: [&str; 6] =
    ["explicit", "implicit", "not_set", "pending_confirmation", "temp_hold", "unsubscribed"];

type Query = [(String, String)];

/// Where a page starts, and by what parameters.
type Resumed = (usize, Vec<(String, String)>);

/// One of a contact's dates.
type DateOf = fn(&Person) -> Option<Timestamp>;

pub(super) fn parameter<'a>(query: &'a Query, name: &str) -> Option<&'a str> {
    query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// One page of a listing, with a cursor where it goes on.
pub(super) fn page_of(
    name: &str,
    path: &str,
    items: impl Iterator<Item = Value>,
    query: &Query,
    limit_max: usize,
) -> Answer {
    let (start, query) = match resumed(query, true) {
        Ok(resumed) => resumed,
        Err(refusal) => return *refusal,
    };
    let Some(limit) = limit(&query, limit_max) else { return answer::invalid("limit") };
    let mut page: Vec<Value> = items.skip(start).take(limit + 1).collect();
    let mut body = json!({});
    if page.len() > limit {
        page.truncate(limit);
        body["_links"] = json!({"next": {"href": href(path, start + limit, &query)}});
    }
    body[name] = Value::Array(page);
    answer::ok(&body)
}

fn limit(query: &Query, limit_max: usize) -> Option<usize> {
    let limit = parameter(query, "limit").map_or(Some(PAGE_DEFAULT), |text| text.parse().ok());
    limit.filter(|limit| (1..=limit_max).contains(limit))
}

/// The link to the next page: a path, whose cursor replaces all parameters.
fn href(path: &str, start: usize, query: &Query) -> String {
    let mut text = form_urlencoded::Serializer::new(format!("next={start}"));
    text.extend_pairs(query);
    format!("{path}?cursor={}", URL_SAFE.encode(text.finish()).replace('=', "%3D"))
}

/// Where a page starts and by what parameters, from the parameters themselves or from the cursor that replaces them.
fn resumed(query: &Query, alone: bool) -> Result<Resumed, Box<Answer>> {
    let Some(cursor) = parameter(query, "cursor") else { return Ok((0, query.to_vec())) };
    if alone && query.len() > 1 {
        return Err(Box::new(answer::invalid("cursor stands alone")));
    }
    let refusal = || Box::new(answer::invalid("cursor is not valid"));
    let text = URL_SAFE.decode(cursor).map_err(|_| refusal())?;
    let mut pairs: Vec<_> = form_urlencoded::parse(&text).into_owned().collect();
    if pairs.first().is_none_or(|(name, _)| name != "next") {
        return Err(refusal());
    }
    let (_, start) = pairs.remove(0);
    Ok((start.parse().map_err(|_| refusal())?, pairs))
}

/// What `GET /contacts` asks for.
struct Filter<'a> {
    statuses: Vec<&'a str>,
    lists: Vec<&'a str>,
    windows: Vec<Window>,
    inclusive: bool,
}

struct Window {
    of: DateOf,
    is_start: bool,
    at: Timestamp,
}

impl<'a> Filter<'a> {
    fn parse(query: &'a Query, inclusive: bool) -> Option<Self> {
        let words = |name| parameter(query, name).map(|text| text.split(',').collect());
        let dates: [(&str, DateOf); 3] = [
            ("updated", |person| Some(person.updated_at)),
            ("created", |person| Some(person.created_at)),
            ("optout", |person| person.opt_out.as_ref().map(|out| out.at)),
        ];
        let mut windows = Vec::new();
        for (name, of) in dates {
            for (end, is_start) in [("after", true), ("before", false)] {
                if let Some(text) = parameter(query, &format!("{name}_{end}")) {
                    windows.push(Window { of, is_start, at: text.parse().ok()? });
                }
            }
        }
        let statuses: Vec<&str> = words("status").unwrap_or_default();
        let known = ["all", "active", "deleted", "not_set", "pending_confirmation", "temp_hold"];
        let is_known = |status: &&str| known.contains(status) || *status == "unsubscribed";
        let lists: Vec<&str> = words("lists").unwrap_or_default();
        (statuses.iter().all(is_known) && lists.len() <= 25).then_some(Self {
            statuses,
            lists,
            windows,
            inclusive,
        })
    }

    fn takes(&self, person: &Person) -> bool {
        let status = if self.statuses.is_empty() {
            person.deleted_at.is_none()
        } else {
            self.statuses.contains(&"all") || self.statuses.contains(&person.status())
        };
        status
            && !person.has_vanished
            && (self.lists.is_empty() || self.lists.iter().any(|list| person.lists.contains(*list)))
            && self.windows.iter().all(|window| {
                (window.of)(person).is_some_and(|at| {
                    let inside = if window.is_start { at > window.at } else { at < window.at };
                    inside || (self.inclusive && at == window.at)
                })
            })
    }
}

fn included(query: &Query) -> Vec<&str> {
    parameter(query, "include").map(|text| text.split(',').collect()).unwrap_or_default()
}

impl World {
    pub(super) fn read_contacts(&self, query: &Query) -> Answer {
        let (start, query) = match resumed(query, self.switches.cursor_stands_alone) {
            Ok(resumed) => resumed,
            Err(refusal) => return *refusal,
        };
        let filter = Filter::parse(&query, self.switches.windows_include_their_ends);
        let limit = limit(&query, limits::CONTACTS_PAGE_MAX);
        let Some((filter, limit)) = filter.zip(limit) else {
            return answer::invalid("a parameter is not valid");
        };
        let include = included(&query);
        let to_json = |person: &Person| person::to_json(person, &include, &self.switches);
        if let Some(address) = parameter(&query, "email") {
            let found = self.people.with_address(address).filter(|person| filter.takes(person));
            return answer::ok(
                &json!({"contacts": found.map(to_json).into_iter().collect::<Vec<_>>()}),
            );
        }
        let mut page = Vec::new();
        let mut next = None;
        for (place, person) in self.people.all().iter().enumerate().skip(start) {
            if filter.takes(person) {
                if page.len() == limit {
                    next = Some(place);
                    break;
                }
                page.push(to_json(person));
            }
        }
        let mut body = json!({"contacts": page});
        if let Some(next) = next {
            body["_links"] = json!({"next": {"href": href("/v3/contacts", next, &query)}});
        }
        answer::ok(&body)
    }

    pub(super) fn read_contact(&self, id: &str, query: &Query) -> Answer {
        match self.people.get(id) {
            Some(person) => answer::ok(&person::to_json(person, &included(query), &self.switches)),
            None => unknown_contact(id),
        }
    }

    pub(super) fn delete_contact(&mut self, id: &str, now: Timestamp) -> Answer {
        let switches = self.switches;
        match self.people.change(id, |person| person.delete(now, &switches)) {
            Some(()) => {
                self.writes += 1;
                answer::no_content()
            }
            None => unknown_contact(id),
        }
    }

    /// Mails the confirmation to somebody unsubscribed, once (OAS, `PUT /contacts/resubscribe/{contact_id}`).
    pub(super) fn ask_to_return(&mut self, id: &str, body: &Value, now: Timestamp) -> Answer {
        let Some(person) = self.people.get(id) else { return unknown_contact(id) };
        let may_be_asked =
            person.is_unsubscribed() && person.deleted_at.is_none() && person.asked == 0;
        let lists: Option<Vec<String>> = body["list_ids"].as_array().and_then(|lists| {
            lists.iter().map(|list| list.as_str().map(ToOwned::to_owned)).collect()
        });
        let Some(lists) = lists.filter(|lists| !lists.is_empty()) else {
            return answer::invalid("list_ids is missing");
        };
        if lists.iter().any(|list| !self.has_list(list)) {
            return answer::invalid("list_ids holds a list that does not exist");
        }
        if !may_be_asked {
            let message = "The contact is not unsubscribed, or was asked before";
            return answer::refused(StatusCode::CONFLICT, "contacts.api.conflict", message);
        }
        self.people.change(id, |person| person.ask(lists, now));
        self.writes += 1;
        answer::ok(&json!({"contact_id": id}))
    }

    /// PUT: the fields are replaced, absent ones with nothing; subresources only where they are named.
    pub(super) fn write_contact(&mut self, id: &str, body: &Value, now: Timestamp) -> Answer {
        let Some(before) = self.people.get(id) else { return unknown_contact(id) };
        let mut person = before.clone();
        if let Err(what) = self.replace(&mut person, body, now) {
            return answer::invalid(&what);
        }
        let holder =
            person.address.as_deref().and_then(|address| self.people.with_address(address));
        if let Some(holder) = holder.filter(|holder| holder.id != id) {
            let message =
                format!("Validation failed: Email already exists for contact {}", holder.id);
            return answer::refused(StatusCode::CONFLICT, "contacts.api.conflict", &message);
        }
        let json = person::to_json(&person, &[], &self.switches);
        self.people.change(id, |before| *before = person);
        self.writes += 1;
        answer::ok(&json)
    }

    fn replace(&self, person: &mut Person, body: &Value, now: Timestamp) -> Result<(), String> {
        let source = text(body, "update_source", 10)?;
        if !["Account", "Contact"].contains(&source.as_str()) {
            return Err("update_source is missing, does not have a valid value".to_owned());
        }
        for name in TEXTS {
            put(&mut person.texts, name, text(body, name, TEXT_CHARACTERS_MAX)?);
        }
        let anniversary = text(body, "anniversary", 10)?;
        if !anniversary.is_empty() && !is_date(&anniversary) {
            return Err("anniversary is no date".to_owned());
        }
        put(&mut person.texts, "anniversary", anniversary);
        person.birthday = birthday(body)?;
        let held = person.address.take();
        if let Some(email) = body.get("email_address").filter(|email| !email.is_null()) {
            replace_email(person, held, email, &source, now)?;
        }
        if let Some(phones) = body.get("phone_numbers").and_then(Value::as_array) {
            let by_kind = |phone| {
                Ok((text(phone, "kind", 10)?, text(phone, "phone_number", PHONE_CHARACTERS_MAX)?))
            };
            person.phones = phones.iter().map(by_kind).collect::<Result<_, String>>()?;
            bounded("phone_numbers", phones.len(), PHONES_MAX)?;
        }
        if let Some(streets) = body.get("street_addresses").and_then(Value::as_array) {
            person.streets = streets.iter().map(street).collect::<Result<_, String>>()?;
            bounded("street_addresses", streets.len(), STREETS_MAX)?;
        }
        if let Some(values) = body.get("custom_fields").and_then(Value::as_array) {
            bounded("custom_fields", values.len(), limits::CUSTOM_FIELDS_PER_CONTACT_MAX)?;
            person.custom =
                values.iter().map(|value| self.custom(value)).collect::<Result<_, _>>()?;
        }
        if let Some(lists) = body.get("list_memberships").and_then(Value::as_array) {
            bounded("list_memberships", lists.len(), 50)?;
            let ids = lists.iter().map(|id| id.as_str().unwrap_or_default().to_owned());
            person.lists = ids.collect();
            if !person.lists.iter().all(|id| self.has_list(id)) {
                return Err("list_memberships names an unknown list".to_owned());
            }
        }
        if let Some(tags) = body.get("taggings").and_then(Value::as_array) {
            person.taggings =
                tags.iter().filter_map(|tag| Some(tag.as_str()?.to_owned())).collect();
        }
        if let Some(notes) = body.get("notes").and_then(Value::as_array) {
            let content = |note: &Value| Some(note.get("content")?.as_str()?.to_owned());
            person.notes = notes.iter().filter_map(content).collect();
        }
        person.deleted_at = None;
        person.update_source = source;
        person.updated_at = now;
        Ok(())
    }

    fn custom(&self, value: &Value) -> Result<(String, String), String> {
        let id = text(value, "custom_field_id", 36)?;
        if !self.fields.iter().any(|field| field.id == id) {
            return Err("custom_field_id is unknown".to_owned());
        }
        Ok((id, text(value, "value", limits::CUSTOM_FIELD_CHARACTERS_MAX)?))
    }
}

/// Naming an address is also how somebody is opted in or out.
fn replace_email(
    person: &mut Person,
    held: Option<String>,
    email: &Value,
    source: &str,
    now: Timestamp,
) -> Result<(), String> {
    let address = text(email, "address", limits::EMAIL_CHARACTERS_MAX)?;
    if !is_address(&address) {
        return Err("address is not valid".to_owned());
    }
    if held.is_none_or(|held| held != address) {
        person.address_updated_at = now;
    }
    person.address = Some(address);
    let permission = text(email, "permission_to_send", 30)?;
    if permission.is_empty() {
        return Ok(());
    }
    if !PERMISSIONS.contains(&permission.as_str()) {
        return Err("permission_to_send does not have a valid value".to_owned());
    }
    match (person.is_unsubscribed(), permission == "unsubscribed") {
        (false, true) => {
            let reason = text(email, "opt_out_reason", 255)?;
            person.unsubscribe(source == "Contact", &reason, now);
        }
        (true, true) => {}
        (_, false) if person.permission == permission => {}
        (_, false) => {
            person.opt_out = None;
            person.permission = permission;
            person.address_updated_at = now;
        }
    }
    Ok(())
}

fn street(value: &Value) -> Result<(String, Street), String> {
    let street = [
        text(value, "street", 255)?,
        text(value, "city", TEXT_CHARACTERS_MAX)?,
        text(value, "state", TEXT_CHARACTERS_MAX)?,
        text(value, "postal_code", TEXT_CHARACTERS_MAX)?,
        text(value, "country", TEXT_CHARACTERS_MAX)?,
    ];
    Ok((text(value, "kind", 10)?, street))
}

fn birthday(body: &Value) -> Result<Option<(u8, u8)>, String> {
    let part = |name: &str, max| match body.get(name).filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(value) => {
            let number = value.as_u64().and_then(|number| u8::try_from(number).ok());
            let number = number.filter(|number| (1..=max).contains(number));
            number.map(Some).ok_or_else(|| format!("{name} does not have a valid value"))
        }
    };
    match (part("birthday_month", 12)?, part("birthday_day", 31)?) {
        (None, None) => Ok(None),
        (Some(month), Some(day)) => Ok(Some((month, day))),
        (None, Some(_)) | (Some(_), None) => Err("birthday_month and _day need each other".into()),
    }
}

fn text(body: &Value, name: &str, max: usize) -> Result<String, String> {
    let text = match body.get(name) {
        None | Some(Value::Null) => return Ok(String::new()),
        Some(value) => value.as_str().ok_or_else(|| format!("{name} is no text"))?,
    };
    bounded(name, text.chars().count(), max)?;
    Ok(text.to_owned())
}

fn bounded(name: &str, count: usize, max: usize) -> Result<(), String> {
    if count <= max { Ok(()) } else { Err(format!("{name} is longer than {max}")) }
}

fn unknown_contact(id: &str) -> Answer {
    if is_uuid(id) {
        answer::not_found("The contact was not found.")
    } else {
        let key = "contacts.api.not_found";
        answer::refused(StatusCode::BAD_REQUEST, key, "contact_id is in an invalid format.")
    }
}
