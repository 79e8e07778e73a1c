//! Answers: the envelope, and refusals inside HTTP 200.

use bytes::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Map, Value, json};

use super::query::{Invalid, iso};

/// Why a call is refused.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) code: i64,
    pub(super) details: String,
    pub(super) validation_errors: Vec<Value>,
}

/// What a method answers beside the envelope.
pub(super) type Reply = Result<Map<String, Value>, Refusal>;

impl Refusal {
    pub(super) fn new(code: i64, details: impl Into<String>) -> Self {
        Self { code, details: details.into(), validation_errors: Vec::new() }
    }
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        Self::new(400_006, invalid.0)
    }
}

/// SAP's words for the codes that the simulator uses (SAP help, "Response Codes and Errors").
fn message(code: i64) -> &'static str {
    match code {
        400_002 => "Missing required parameter",
        400_006 => "Invalid parameter value",
        400_009 => "Validation error",
        400_093 => "Invalid ApiKey parameter",
        403_002 => "Request has expired",
        403_003 => "Invalid request signature",
        403_004 => "Duplicate nonce",
        403_005 => "Unauthorized user",
        403_006 => "Secret Sent Over HTTP",
        403_007 => "Permission denied",
        403_010 => "Invalid Secret",
        403_036 => "Unauthorized partner",
        403_048 => "Api rate limit exceeded",
        404_000 => "Not found",
        405_001 => "Invalid Api Method",
        409_030 => "Too many requests for the same user",
        500_001 => "General Server Error",
        503_001 => "Service unavailable for this operation",
        504_001 => "Timeout",
        _ => "Error",
    }
}

fn status_reason(status: i64) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        _ => "Internal Server Error",
    }
}

/// The whole answer; `http_status_codes` is the caller's parameter of that name.
pub(super) fn respond(
    reply: Reply,
    call: u64,
    now: Timestamp,
    http_status_codes: bool,
) -> http::Response<Bytes> {
    let (mut body, code) = match reply {
        Ok(body) => (body, 0),
        Err(refusal) => {
            let mut body = Map::new();
            body.insert("errorMessage".to_owned(), message(refusal.code).into());
            body.insert("errorDetails".to_owned(), refusal.details.into());
            if !refusal.validation_errors.is_empty() {
                body.insert("validationErrors".to_owned(), refusal.validation_errors.into());
            }
            (body, refusal.code)
        }
    };
    let status = if code == 0 { 200 } else { code / 1_000 };
    let envelope = json!({
        "callId": format!("{call:032x}"), "errorCode": code, "apiVersion": 2, "statusCode": status,
        "statusReason": status_reason(status), "time": iso(now),
    });
    if let Value::Object(envelope) = envelope {
        body.extend(envelope);
    }
    let http_status = if http_status_codes { status.try_into().unwrap_or(500) } else { 200 };
    let text = Value::Object(body).to_string();
    plain(http_status, "application/json; charset=utf-8", text, now)
}

/// What a proxy in front of Gigya says when Gigya does not.
pub(super) fn bad_gateway(now: Timestamp) -> http::Response<Bytes> {
    let page = "<html><body><h1>502 Bad Gateway</h1></body></html>".to_owned();
    plain(502, "text/html", page, now)
}

fn plain(status: u16, content_type: &str, text: String, now: Timestamp) -> http::Response<Bytes> {
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap_or_default();
    http::Response::builder()
        .status(status)
        .header(http::header::CONTENT_TYPE, content_type)
        .header(http::header::DATE, date)
        .body(Bytes::from(text))
        .expect("status and headers are valid")
}
