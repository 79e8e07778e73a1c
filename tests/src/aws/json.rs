//! AWS JSON 1.0 and 1.1: what SQS and Secrets Manager speak.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// An answer that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The error's shape, which is its code but for SQS.
    kind: &'static str,
    /// The code of SQS's older protocol, which the SDK prefers: it travels in a header.
    query_code: Option<&'static str>,
    message: String,
}

impl Refusal {
    pub(super) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, query_code: None, message: message.into() }
    }

    /// As SQS refuses.
    pub(super) fn sqs(
        kind: &'static str,
        query_code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { kind, query_code: Some(query_code), message: message.into() }
    }

    pub(super) fn unknown(what: &str) -> Self {
        Self::new("UnknownOperationException", format!("the sandbox does not know {what}"))
    }

    /// The code as the SDK reads it, for the answers of batches.
    pub(super) fn code(&self) -> &'static str {
        self.query_code.unwrap_or(self.kind)
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let body = json!({"__type": self.kind, "message": self.message});
        let mut response = response(StatusCode::BAD_REQUEST, &body);
        if let Some(code) = self.query_code {
            let value = format!("{code};Sender");
            if let Ok(value) = value.parse() {
                response.headers_mut().insert("x-amzn-query-error", value);
            }
        }
        response
    }
}

/// The answer of an action.
pub(super) fn answer(result: Result<Value, Refusal>) -> Response<Bytes> {
    match result {
        Ok(value) => response(StatusCode::OK, &value),
        Err(refusal) => refusal.into_response(),
    }
}

/// Reads an action's input.
pub(super) fn input<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::new("SerializationException", error.to_string()))
}

fn response(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let content_type = http::HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers_mut().insert(http::header::CONTENT_TYPE, content_type);
    response
}
