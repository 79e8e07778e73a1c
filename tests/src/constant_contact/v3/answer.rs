//! Answers in the vendor's shapes.

use bytes::Bytes;
use http::{Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) type Answer = Response<Bytes>;

pub(super) fn json(status: StatusCode, body: &Value) -> Answer {
    text(status, "application/json", body.to_string())
}

pub(super) fn ok(body: &Value) -> Answer {
    json(StatusCode::OK, body)
}

pub(super) fn no_content() -> Answer {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

pub(super) fn html(status: StatusCode) -> Answer {
    let page = "<html><head><title>ERROR: The request could not be satisfied</title></head><body><h1>Bad Gateway</h1></body></html>";
    text(status, "text/html", page.to_owned())
}

/// The usual shape: an array of one.
pub(super) fn refused(status: StatusCode, key: &str, message: &str) -> Answer {
    json(status, &json!([{"error_key": key, "error_message": message}]))
}

/// The shape of the gateway: a bare object (401, 429).
pub(super) fn gateway(status: StatusCode, key: &str, message: &str) -> Answer {
    json(status, &json!({"error_key": key, "error_message": message}))
}

pub(super) fn invalid(message: &str) -> Answer {
    refused(StatusCode::BAD_REQUEST, "contacts.api.validation.error", message)
}

pub(super) fn not_found(what: &str) -> Answer {
    refused(StatusCode::NOT_FOUND, "contacts.api.not_found", what)
}

pub(super) fn text(status: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    answer
}

/// A time as it was seen in recorded answers: whole seconds and `Z`.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{at:.0}")
}
