//! What a call is in both dialects: a request that can be sent again, and how its answer is read.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use serde::de::DeserializeOwned;
use url::Url;

use super::Meaning;
use super::error::{ConstantContactError, Operation};
use crate::domain::Secret;

/// Waits between attempts. After a throttled call at least a second (guide, `rate_limits`), then growing.
pub const SCHEDULE: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

/// One request, as it is sent at each attempt; what proves who sends it is added then.
pub(super) struct Request {
    pub(super) operation: Operation,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) kind: Option<String>,
    pub(super) body: Bytes,
}

impl Request {
    /// A request without a body.
    pub(super) fn plain(operation: Operation, method: Method, url: Url) -> Self {
        Self { operation, method, url, kind: None, body: Bytes::new() }
    }

    /// A request with JSON in it.
    pub(super) fn json(
        operation: Operation,
        method: Method,
        url: Url,
        body: impl Into<Bytes>,
    ) -> Self {
        let kind = Some("application/json".to_owned());
        Self { operation, method, url, kind, body: body.into() }
    }

    /// The message to this address, with the token.
    pub(super) fn message(
        &self,
        url: &Url,
        token: &Secret,
    ) -> Result<http::Request<Bytes>, ConstantContactError> {
        let operation = self.operation;
        let unsendable = |what: &str| ConstantContactError::Unreadable {
            operation,
            what: format!("{what} cannot be sent"),
        };
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.expose()))
            .map_err(|_| unsendable("the access token"))?;
        bearer.set_sensitive(true);
        let mut message = http::Request::builder()
            .method(self.method.clone())
            .uri(url.as_str())
            .header(header::AUTHORIZATION, bearer)
            .header(header::ACCEPT, "application/json");
        if let Some(kind) = &self.kind {
            message = message.header(header::CONTENT_TYPE, kind);
        }
        message.body(self.body.clone()).map_err(|_| unsendable("the address"))
    }
}

/// Reads JSON. The error of serde may quote a value, so only its place and kind are told.
pub(super) fn read_json<T: DeserializeOwned>(
    operation: Operation,
    body: &[u8],
) -> Result<T, ConstantContactError> {
    serde_json::from_slice(body).map_err(|error| ConstantContactError::Unreadable {
        operation,
        what: format!(
            "{:?} error at line {}, column {}",
            error.classify(),
            error.line(),
            error.column()
        ),
    })
}

/// The answer to a call that must not be repeated once it may have been acted on: the outer error may be retried, the
/// inner one may not.
pub(super) fn once<T>(
    operation: Operation,
    answer: Result<T, ConstantContactError>,
) -> Result<Result<T, ConstantContactError>, ConstantContactError> {
    match answer {
        Err(error) if error.leaves_open() => {
            Ok(Err(ConstantContactError::Unclear { operation, source: Box::new(error) }))
        }
        Err(error) => Err(error),
        Ok(answer) => Ok(Ok(answer)),
    }
}

/// `None` where the vendor says that there is no such thing.
pub(super) fn found<T>(
    answer: Result<T, ConstantContactError>,
) -> Result<Option<T>, ConstantContactError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.meaning() == Some(Meaning::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Checks that there are between one and `max` of them.
pub(super) fn bounded(
    operation: Operation,
    what: &'static str,
    count: usize,
    max: usize,
) -> Result<(), ConstantContactError> {
    if (1..=max).contains(&count) {
        Ok(())
    } else {
        Err(ConstantContactError::OutOfBounds { operation, what, max })
    }
}
