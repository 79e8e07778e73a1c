//! Version 2: an API key and a token that cannot be refreshed, ids that are numbers, fifteen numbered custom fields.
//!
//! One [`Client`] per key and invocation. Every call carries the key as a parameter and the token as a header (v2
//! documents, "Supported methods"). The key is added where a message is sent and nowhere else, so that no request, error or
//! log holds it.
//!
//! v2's native character set is ISO-8859-1 (community, threads 70051 and 23270). An import's file is passed on as the bytes
//! that it is; JSON is written in ASCII with escapes, which reads the same in every character set; an answer is read as
//! UTF-8, and as ISO-8859-1 where it is none.

mod activities;
mod amend;
mod columns;
mod connection;
mod contacts;
mod exported;
mod imports;
mod lists;
mod wire;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use encoding_rs::mem;
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::calls::{Request, SCHEDULE, once, read_json};
use super::error::{ConstantContactError, Meaning, Operation, Refusal};
use crate::domain::{ContactField, Dialect};
use crate::http::call::with_retries;
use crate::http::{Budget, Caller, Now, Pace, Unlimited, Wire};

pub(super) use columns::headings;
pub use connection::{Connection, ENDPOINT};
pub use exported::{Export, ExportRow};

/// The client of Constant Contact's version 2.
pub struct Client {
    connection: Connection,
    caller: Caller,
    budget: Arc<dyn Budget>,
    now: Now,
    uid_field: ContactField,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("connection", &self.connection)
            .field("calls", &self.calls())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client that has not called yet.
    ///
    /// `calls_per_second` is this function's share of the key's four a second; `uid_field` names the custom field that
    /// carries the Gigya UID: `custom_field_1`, or `CustomField1` as v2 itself writes it.
    pub fn connect(
        connection: Connection,
        wire: Arc<dyn Wire>,
        now: Now,
        calls_per_second: u32,
        uid_field: &str,
    ) -> Self {
        // Another name is no field of v2; `ensure_custom_field` says so before anything is submitted.
        let uid_field = columns::custom_number(uid_field)
            .map_or_else(|| ContactField::custom(uid_field), ContactField::v2_custom);
        let caller = Caller::new(wire, Pace::per_second(calls_per_second));
        Self { connection, caller, budget: Arc::new(Unlimited), now, uid_field }
    }

    /// The same client, whose every attempt asks this budget.
    #[must_use]
    pub fn within(self, budget: Arc<dyn Budget>) -> Self {
        Self { budget, ..self }
    }

    /// How many requests have been sent, refused ones included: each counts against the day's quota.
    pub fn calls(&self) -> u64 {
        self.caller.calls()
    }

    /// Makes one call with its retries and reads the answer.
    async fn call<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<T, ConstantContactError> {
        with_retries(&SCHEDULE, || self.attempt(request)).await
    }

    /// Makes one call with its retries and gives the answer's body as it is.
    async fn call_raw(&self, request: &Request) -> Result<Bytes, ConstantContactError> {
        with_retries(&SCHEDULE, || self.answer(request)).await
    }

    /// Makes one call that must not be repeated once it may have been acted on. Only what certainly came to nothing (no
    /// connection, a throttled call) is tried again.
    async fn call_once<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<T, ConstantContactError> {
        with_retries(&SCHEDULE, || self.attempt_once(request)).await?
    }

    async fn attempt_once<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<Result<T, ConstantContactError>, ConstantContactError> {
        once(request.operation, self.attempt(request).await)
    }

    async fn attempt<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<T, ConstantContactError> {
        let body = self.answer(request).await?;
        // ISO-8859-1 with its upper half is hardly ever UTF-8, and never needs to be told apart where it has none.
        match std::str::from_utf8(&body) {
            Ok(_) => read_json(request.operation, &body),
            Err(_) => read_json(request.operation, mem::decode_latin1(&body).as_bytes()),
        }
    }

    async fn answer(&self, request: &Request) -> Result<Bytes, ConstantContactError> {
        let operation = request.operation;
        let url = self.connection.with_key(request.url.clone());
        let message = request.message(&url, self.connection.access_token())?;
        let allowed = self.budget.take().await;
        allowed.map_err(|source| ConstantContactError::Budget { operation, source })?;
        let answer = self.caller.send(message).await.map_err(|source| {
            ConstantContactError::Wire { dialect: Dialect::V2, operation, source }
        })?;
        if !answer.status().is_success() {
            let refusal = Refusal::read(Dialect::V2, operation, &answer, (self.now)());
            self.budget.answered(refusal.meaning == Meaning::QuotaSpent).await;
            return Err(ConstantContactError::Refused(refusal));
        }
        self.budget.answered(false).await;
        Ok(answer.into_body())
    }

    fn get(&self, operation: Operation, path: &str, query: &[(&str, &str)]) -> Request {
        let mut url = self.connection.endpoint().url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Request::plain(operation, Method::GET, url)
    }

    fn delete(&self, operation: Operation, path: &str) -> Request {
        Request::plain(operation, Method::DELETE, self.connection.endpoint().url(path))
    }

    fn with_json(&self, operation: Operation, method: Method, path: &str, body: &Value) -> Request {
        let url = self.connection.endpoint().url(path);
        Request::json(operation, method, url, wire::ascii(body))
    }
}

#[cfg(test)]
mod tests;
