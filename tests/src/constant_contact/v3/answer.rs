//! Answers in v3's shapes.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;

pub(super) use crate::constant_contact::answer::{Answer, json, no_content, ok, refused};

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

/// A time as it was seen in recorded answers: whole seconds and `Z`.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{at:.0}")
}
