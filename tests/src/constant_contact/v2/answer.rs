//! Answers in v2's shapes.

use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use jiff::Timestamp;
use serde_json::Value;

pub(super) use crate::constant_contact::answer::{Answer, json, no_content, ok, refused};

pub(super) fn invalid(message: &str) -> Answer {
    refused(StatusCode::BAD_REQUEST, "http.status.bad_request", message)
}

pub(super) fn invalid_address() -> Answer {
    let message = "#/email_addresses/0/email_address: Value is not a valid email address.";
    refused(StatusCode::BAD_REQUEST, "json.email.invalid", message)
}

pub(super) fn not_found(what: &str) -> Answer {
    refused(StatusCode::NOT_FOUND, "http.status.not_found", what)
}

pub(super) fn wrong_type(message: &str) -> Answer {
    refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "http.status.unsupported_media_type", message)
}

pub(super) fn conflict(message: &str) -> Answer {
    refused(StatusCode::CONFLICT, "http.status.conflict", message)
}

/// Something was made, and is to be found there.
pub(super) fn created(location: &str, body: &Value) -> Answer {
    let mut answer = json(StatusCode::CREATED, body);
    if let Ok(location) = HeaderValue::from_str(location) {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}

pub(super) fn csv(content: bytes::Bytes) -> Answer {
    let mut answer = Response::new(content);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/csv"));
    answer
}

/// A time as v2 writes it: with milliseconds and `Z`.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{at:.3}")
}
