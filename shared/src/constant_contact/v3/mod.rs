//! Version 3: OAuth 2, JSON in UTF-8, ids that are UUIDs.
//!
//! One [`Client`] per key and invocation: it holds the current access token, the pace and the catalogue
//! of custom fields. Every attempt takes its turn; a 401 asks once for a newer token and repeats that one call once.

mod activities;
mod amend;
mod connection;
mod contacts;
mod custom_fields;
mod imports;
mod lists;
pub mod oauth;
mod wire;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use super::calls::{Request, once, read_json};
use super::error::{ConstantContactError, Meaning, Operation, Refusal};
use super::{Cursor, Renew};
use crate::domain::{ContactField, Dialect, Secret};
use crate::http::call::with_retries;
use crate::http::{Budget, Caller, Now, Pace, Unlimited, Wire};

pub use super::calls::SCHEDULE;
pub use connection::{Connection, ENDPOINT, TOKEN_ENDPOINT};
pub(super) use imports::headings;

/// Pages of one listing that is read whole (activities, lists, custom fields). Ten days at ten thousand calls a day cannot
/// make more than 200 pages of activities; beyond that the vendor's cursor runs in a circle.
const LISTING_PAGES_MAX: usize = 200;

/// How often a call asks for another token when one is refused: what somebody else stored meanwhile may be refused as well, and
/// the one after it comes fresh from the token endpoint.
const RENEWALS_MAX: u32 = 2;

/// The client of Constant Contact's version 3.
pub struct Client {
    connection: Connection,
    caller: Caller,
    budget: Arc<dyn Budget>,
    renew: Renew,
    now: Now,
    token: Mutex<Option<Secret>>,
    uid_field: ContactField,
    catalogue: Mutex<custom_fields::Catalogue>,
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
    /// `calls_per_second` is this function's share of the key's four a second; `uid_field` is the name of the custom field
    /// that carries the Gigya UID.
    pub fn connect(
        connection: Connection,
        renew: Renew,
        wire: Arc<dyn Wire>,
        now: Now,
        calls_per_second: u32,
        uid_field: &str,
    ) -> Self {
        Self {
            connection,
            caller: Caller::new(wire, Pace::per_second(calls_per_second)),
            budget: Arc::new(Unlimited),
            renew,
            now,
            token: Mutex::new(None),
            uid_field: ContactField::custom(uid_field),
            catalogue: Mutex::default(),
        }
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

    /// Makes one call that must not be repeated once it may have been acted on. Only what certainly came to nothing (no
    /// connection, a 429, a refused token) is tried again.
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

    /// Makes one call whose answer says nothing but that it succeeded.
    async fn call_unread(&self, request: &Request) -> Result<(), ConstantContactError> {
        with_retries(&SCHEDULE, async || self.answer(request).await.map(drop)).await
    }

    async fn attempt<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<T, ConstantContactError> {
        read_json(request.operation, self.answer(request).await?.body())
    }

    async fn answer(
        &self,
        request: &Request,
    ) -> Result<http::Response<Bytes>, ConstantContactError> {
        let mut token = self.token(request.operation, None).await?;
        let mut answer = self.send(request, &token).await?;
        for _ in 0..RENEWALS_MAX {
            if answer.status() != StatusCode::UNAUTHORIZED {
                break;
            }
            token = self.token(request.operation, Some(&token)).await?;
            answer = self.send(request, &token).await?;
        }
        let operation = request.operation;
        if !answer.status().is_success() {
            let refusal = Refusal::read(Dialect::V3, operation, &answer, (self.now)());
            self.budget.answered(refusal.meaning == Meaning::QuotaSpent).await;
            return Err(ConstantContactError::Refused(refusal));
        }
        self.budget.answered(false).await;
        Ok(answer)
    }

    async fn send(
        &self,
        request: &Request,
        token: &Secret,
    ) -> Result<http::Response<Bytes>, ConstantContactError> {
        let operation = request.operation;
        let message = request.message(&request.url, token)?;
        let allowed = self.budget.take().await;
        allowed.map_err(|source| ConstantContactError::Budget { operation, source })?;
        self.caller.send(message).await.map_err(|source| ConstantContactError::Wire {
            dialect: Dialect::V3,
            operation,
            source,
        })
    }

    /// The current access token; a newer one if the current one is the one that was refused. Whoever comes second finds
    /// the token that the first has fetched.
    async fn token(
        &self,
        operation: Operation,
        refused: Option<&Secret>,
    ) -> Result<Secret, ConstantContactError> {
        let mut token = self.token.lock().await;
        if let Some(current) = token.as_ref().filter(|current| Some(*current) != refused) {
            return Ok(current.clone());
        }
        let newer = (self.renew)(refused.cloned())
            .await
            .map_err(|source| ConstantContactError::Token { operation, source })?;
        *token = Some(newer.clone());
        Ok(newer)
    }

    fn get(&self, operation: Operation, path: &str, query: &[(&str, &str)]) -> Request {
        let mut url = self.connection.endpoint().url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Request::plain(operation, Method::GET, url)
    }

    /// Where a page's `_links.next.href` leads. It is a path, and replaces all parameters (guide, "pagination"); one that
    /// leads to another host is not followed, since the token would go with it.
    fn follow(
        &self,
        operation: Operation,
        cursor: &Cursor,
    ) -> Result<Request, ConstantContactError> {
        let url = self.connection.endpoint().follow(&cursor.0).ok_or_else(|| {
            let what = "its link to the next page leads elsewhere".to_owned();
            ConstantContactError::Unreadable { operation, what }
        })?;
        Ok(Request::plain(operation, Method::GET, url))
    }

    fn with_json(
        &self,
        operation: Operation,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Request {
        Request::json(operation, method, self.connection.endpoint().url(path), body)
    }

    /// Reads a listing to its end.
    async fn read_all<T: DeserializeOwned>(
        &self,
        first: Request,
        mut take: impl FnMut(T) -> Option<Cursor>,
    ) -> Result<(), ConstantContactError> {
        let operation = first.operation;
        let mut request = first;
        for _ in 0..LISTING_PAGES_MAX {
            match take(self.call(&request).await?) {
                None => return Ok(()),
                Some(cursor) => request = self.follow(operation, &cursor)?,
            }
        }
        let what = format!("it has more than {LISTING_PAGES_MAX} pages");
        Err(ConstantContactError::Unreadable { operation, what })
    }
}
