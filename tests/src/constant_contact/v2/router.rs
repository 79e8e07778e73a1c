//! Which call of v2 a request is.

use bytes::Bytes;
use http::{Request, StatusCode};
use jiff::Timestamp;
use shared::constant_contact::Operation;

use super::answer::{self, Answer};
use super::call::{Call, Refused};
use super::{activities, bulk, contacts, gate, imports, lists, write};
use crate::constant_contact::world::World;

/// Where v2 is.
pub const BASE_PATH: &str = "/v2";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask<'a> {
    AddContacts,
    RemoveFromLists,
    ClearLists,
    ExportContacts,
    ExportFile(&'a str),
    Activities,
    Activity(&'a str),
    Contacts,
    CreateContact,
    Contact(&'a str),
    WriteContact(&'a str),
    OptOut(&'a str),
    LeaveLists(&'a str),
    LeaveList(&'a str, &'a str),
    Lists,
    CreateList,
    List(&'a str),
    Members(&'a str),
}

fn ask(request: &Request<Bytes>) -> Result<Ask<'_>, StatusCode> {
    let path = request.uri().path().strip_prefix(BASE_PATH).unwrap_or_default();
    let steps: Vec<&str> = path.split('/').skip(1).collect();
    let by = |wanted: &[(&str, Ask<'static>)]| {
        let found = wanted.iter().find(|(method, _)| *method == request.method().as_str());
        found.map(|(_, ask)| *ask).ok_or(StatusCode::METHOD_NOT_ALLOWED)
    };
    let method = request.method().as_str();
    match (method, &steps[..]) {
        (_, ["activities"]) => by(&[("GET", Ask::Activities)]),
        (_, ["activities", "addcontacts"]) => by(&[("POST", Ask::AddContacts)]),
        (_, ["activities", "removefromlists"]) => by(&[("POST", Ask::RemoveFromLists)]),
        (_, ["activities", "clearlists"]) => by(&[("POST", Ask::ClearLists)]),
        (_, ["activities", "exportcontacts"]) => by(&[("POST", Ask::ExportContacts)]),
        (_, ["contacts"]) => by(&[("GET", Ask::Contacts), ("POST", Ask::CreateContact)]),
        (_, ["lists"]) => by(&[("GET", Ask::Lists), ("POST", Ask::CreateList)]),
        ("GET", ["activities", id]) => Ok(Ask::Activity(id)),
        ("GET", ["activities", id, "export.csv"]) => Ok(Ask::ExportFile(id)),
        ("GET", ["contacts", id]) => Ok(Ask::Contact(id)),
        ("PUT", ["contacts", id]) => Ok(Ask::WriteContact(id)),
        ("DELETE", ["contacts", id]) => Ok(Ask::OptOut(id)),
        ("DELETE", ["contacts", id, "lists"]) => Ok(Ask::LeaveLists(id)),
        ("DELETE", ["contacts", id, "lists", list]) => Ok(Ask::LeaveList(id, list)),
        ("GET", ["lists", id]) => Ok(Ask::List(id)),
        ("GET", ["lists", id, "contacts"]) => Ok(Ask::Members(id)),
        (_, ["activities" | "contacts" | "lists", _]) => Err(StatusCode::METHOD_NOT_ALLOWED),
        (_, _) => Err(StatusCode::NOT_FOUND),
    }
}

/// The operation, as the product's client names it; `None` is nothing that it names.
pub(in crate::constant_contact) fn operation(request: &Request<Bytes>) -> Option<Operation> {
    let kind = request.headers().get(http::header::CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    match ask(request).ok()? {
        Ask::AddContacts if is_json => Some(Operation::ImportJson),
        Ask::AddContacts => Some(Operation::ImportCsv),
        Ask::RemoveFromLists => Some(Operation::RemoveFromLists),
        Ask::LeaveLists(_) | Ask::LeaveList(..) => Some(Operation::LeaveList),
        Ask::ExportContacts => Some(Operation::ExportContacts),
        Ask::ExportFile(_) => Some(Operation::ReadExport),
        Ask::Activities => Some(Operation::ListActivities),
        Ask::Activity(_) => Some(Operation::ReadActivity),
        Ask::Contacts | Ask::Members(_) => Some(Operation::ReadContacts),
        Ask::Contact(_) => Some(Operation::ReadContact),
        Ask::CreateContact | Ask::WriteContact(_) => Some(Operation::WriteContact),
        Ask::OptOut(_) => Some(Operation::UnsubscribeContact),
        Ask::Lists | Ask::List(_) => Some(Operation::ReadLists),
        Ask::CreateList => Some(Operation::CreateList),
        Ask::ClearLists => None,
    }
}

/// Answers one request.
pub(in crate::constant_contact) fn route(
    world: &mut World,
    request: &Request<Bytes>,
    now: Timestamp,
) -> Answer {
    passed(world, request, now).unwrap_or_else(|refusal| *refusal)
}

fn passed(world: &mut World, request: &Request<Bytes>, now: Timestamp) -> Refused<Answer> {
    let asked = ask(request);
    gate::pass(world, request, matches!(asked, Ok(Ask::ExportFile(_))), now)?;
    let asked = match asked {
        Ok(asked) => asked,
        Err(StatusCode::NOT_FOUND) => return Ok(answer::not_found("The path was not found.")),
        Err(status) => {
            let key = "http.status.method_not_allowed";
            return Ok(answer::refused(status, key, "The method is not allowed."));
        }
    };
    let call = &Call::new(request, now);
    match asked {
        Ask::AddContacts => imports::add_contacts(world, call),
        Ask::RemoveFromLists => bulk::remove_from_lists(world, call),
        Ask::ClearLists => bulk::clear_lists(world, call),
        Ask::ExportContacts => bulk::export_contacts(world, call),
        Ask::ExportFile(id) => Ok(activities::file(world, id)),
        Ask::Activities => activities::list(world, call),
        Ask::Activity(id) => Ok(activities::one(world, call, id)),
        Ask::Contacts => contacts::list(world, call),
        Ask::Members(list) => contacts::members(world, call, list),
        Ask::Contact(id) => contacts::one(world, call, id),
        Ask::CreateContact => write::create(world, call),
        Ask::WriteContact(id) => write::replace(world, call, id),
        Ask::OptOut(id) => Ok(write::opt_out(world, call, id)),
        Ask::LeaveLists(id) => Ok(write::leave(world, call, id, None)),
        Ask::LeaveList(id, list) => Ok(write::leave(world, call, id, Some(list))),
        Ask::Lists => lists::all(world, call),
        Ask::List(id) => Ok(lists::one(world, id)),
        Ask::CreateList => lists::create(world, call),
    }
}
