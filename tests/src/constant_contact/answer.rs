//! Answers, as both interfaces shape them.

use bytes::Bytes;
use http::{Response, StatusCode};
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

pub(super) fn text(status: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    answer
}
