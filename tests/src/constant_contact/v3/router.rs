//! Which operation a request is, and what comes before each: the token, the limits, the type of the body.

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use jiff::Timestamp;
use serde_json::Value;
use shared::constant_contact::Operation;

use super::answer::{self, Answer};
use crate::constant_contact::quota::Refusal;
use crate::constant_contact::world::World;

/// Where the token endpoint is.
pub const TOKEN_PATH: &str = "/oauth2/default/v1/token";

/// Where everything else is.
pub const BASE_PATH: &str = "/v3";

/// The operation, as the client names it; `None` is no operation of the documents that are simulated.
pub(in crate::constant_contact) fn operation(request: &Request<Bytes>) -> Option<Operation> {
    let path = request.uri().path();
    if path == TOKEN_PATH {
        return (request.method() == Method::POST).then_some(Operation::RefreshToken);
    }
    let steps: Vec<&str> = path.strip_prefix(BASE_PATH)?.split('/').skip(1).collect();
    Some(match (request.method().as_str(), &steps[..]) {
        ("POST", ["activities", "contacts_file_import"]) => Operation::ImportCsv,
        ("POST", ["activities", "contacts_json_import"]) => Operation::ImportJson,
        ("POST", ["activities", "remove_list_memberships"]) => Operation::RemoveFromLists,
        ("POST", ["activities", "contact_delete"]) | ("DELETE", ["contacts", _]) => {
            Operation::DeleteContacts
        }
        ("GET", ["activities"]) => Operation::ListActivities,
        ("GET", ["activities", _]) => Operation::ReadActivity,
        ("GET", ["contacts"]) => Operation::ReadContacts,
        ("GET", ["contacts", _]) => Operation::ReadContact,
        ("PUT", ["contacts", "resubscribe", _]) => Operation::AskToReturn,
        ("PUT", ["contacts", _]) => Operation::WriteContact,
        ("GET", ["contact_lists"]) => Operation::ReadLists,
        ("POST", ["contact_lists"]) => Operation::CreateList,
        ("GET", ["contact_custom_fields"]) => Operation::ReadCustomFields,
        ("POST", ["contact_custom_fields"]) => Operation::CreateCustomField,
        _ => return None,
    })
}

/// The parameters of a request.
pub(super) fn query(request: &Request<Bytes>) -> Vec<(String, String)> {
    let text = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

impl World {
    /// Answers one request.
    pub(in crate::constant_contact) fn route_v3(
        &mut self,
        operation: Option<Operation>,
        request: &Request<Bytes>,
        now: Timestamp,
    ) -> Answer {
        let Some(operation) = operation else {
            // A path without an authoriser gives the gateway's own words.
            return answer::json(
                StatusCode::FORBIDDEN,
                &serde_json::json!({"message": "Missing Authentication Token"}),
            );
        };
        if operation == Operation::RefreshToken {
            let switches = self.switches;
            return self.tokens.answer(request, switches.rotating_tokens, switches.limited, now);
        }
        if !self.is_authorised(request, now) {
            return answer::gateway(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized");
        }
        let switches = self.switches;
        let refused = |key, text| answer::gateway(StatusCode::TOO_MANY_REQUESTS, key, text);
        match self.quota.take(&switches, now) {
            Ok(()) => {}
            Err(Refusal::Throttled) => return refused("throttled", "Too Many Requests"),
            Err(Refusal::Spent) => return refused("quota_exceeded", "Limit Exceeded"),
        }
        let last = request.uri().path().rsplit('/').next().unwrap_or_default();
        let query = query(request);
        match operation {
            Operation::RefreshToken => answer::not_found("token"),
            Operation::UnsubscribeContact
            | Operation::LeaveList
            | Operation::ExportContacts
            | Operation::ReadExport => answer::not_found("operation"),
            Operation::ImportCsv => self.import_csv(request, now),
            Operation::ReadActivity => self.activity(last),
            Operation::ListActivities => self.activities(&query),
            Operation::ReadContacts => self.read_contacts(&query),
            Operation::ReadContact => self.read_contact(last, &query),
            Operation::ReadLists => self.read_lists(&query),
            Operation::ReadCustomFields => self.read_custom_fields(&query),
            Operation::DeleteContacts if request.method() == Method::DELETE => {
                self.delete_contact(last, now)
            }
            Operation::ImportJson
            | Operation::RemoveFromLists
            | Operation::DeleteContacts
            | Operation::WriteContact
            | Operation::AskToReturn
            | Operation::CreateList
            | Operation::CreateCustomField => match json_body(request) {
                Ok(body) => self.write(operation, last, &body, now),
                Err(refusal) => *refusal,
            },
        }
    }

    fn write(&mut self, operation: Operation, id: &str, body: &Value, now: Timestamp) -> Answer {
        match operation {
            Operation::ImportJson => self.import_json(body, now),
            Operation::RemoveFromLists => self.submit_removal(body, now),
            Operation::DeleteContacts => self.submit_deletion(body, now),
            Operation::WriteContact => self.write_contact(id, body, now),
            Operation::AskToReturn => self.ask_to_return(id, body, now),
            Operation::CreateList => self.create_list(body, now),
            Operation::CreateCustomField => self.create_custom_field(body, now),
            Operation::RefreshToken
            | Operation::ImportCsv
            | Operation::ReadActivity
            | Operation::ListActivities
            | Operation::ReadContacts
            | Operation::ReadContact
            | Operation::ReadLists
            | Operation::ReadCustomFields
            | Operation::UnsubscribeContact
            | Operation::LeaveList
            | Operation::ExportContacts
            | Operation::ReadExport => answer::not_found("operation"),
        }
    }

    fn is_authorised(&self, request: &Request<Bytes>, now: Timestamp) -> bool {
        let header = request.headers().get(header::AUTHORIZATION);
        let bearer = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        bearer.is_some_and(|token| self.tokens.is_valid(token, now))
    }
}

fn json_body(request: &Request<Bytes>) -> Result<Value, Box<Answer>> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let refusal = answer::refused(status, "unsupported_media_type", "Use application/json");
        return Err(Box::new(refusal));
    }
    serde_json::from_slice(request.body())
        .map_err(|_| Box::new(answer::invalid("The JSON is malformed")))
}
