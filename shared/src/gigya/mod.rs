//! The client of Gigya (SAP Customer Data Cloud): searches, single accounts, writes, the schema.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `site` | where a site lives |
//! | `sign` | how a request proves who sends it |
//! | `query` | the text of a search |
//! | `search` | searches, page by page |
//! | `audit` | which accounts went, as far as the audit log tells |
//! | `accounts` | one account: read, looked up, written |
//! | `lite` | one lite account: looked up, written, unsubscribed |
//! | `whereabouts` | what became of accounts that are missing |
//! | `schema` | which fields the site has |
//! | `wire` | answers as they come |
//! | `error` | what can go wrong, and what to do about it |
//!
//! Gigya answers HTTP 200 to everything and says inside whether it worked. Every attempt is signed anew; a clock that
//! is off and a nonce that was used are put right once within an attempt, and all else goes by the table of `error`.

mod accounts;
mod audit;
mod error;
mod lite;
mod query;
mod schema;
mod search;
mod sign;
mod site;
mod whereabouts;
mod wire;

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use jiff::{SignedDuration, Timestamp};

pub use accounts::{Found, Written};
pub use audit::{AuditCursor, AuditEntry, AuditEvent, AuditPage, AuditQuery};
pub use error::{GigyaError, Refusal};
pub use lite::EmailAccountKey;
pub use query::{ALWAYS_SELECTED, AccountsQuery, QueryError};
pub use schema::{Field, FieldKind, Schema, SubscriptionField};
pub use search::{Cursor, Page};
pub use sign::{Credentials, CredentialsError};
pub use site::{Endpoint, EndpointError, Site};
pub use whereabouts::Whereabouts;

use crate::http::{Caller, Now, Pace, Wire};
use sign::{Parameters, Stamp};
use wire::{Answer, Method};

/// How often Gigya is called. The defaults are half or less of the smallest contract (SAP, "Acceptable Use Policy":
/// ten searches and 120 other calls a second), because the customer's own site needs the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paces {
    /// Searches a second.
    pub searches_per_second: u32,
    /// Other calls a second.
    pub calls_per_second: u32,
}

impl Default for Paces {
    fn default() -> Self {
        Self { searches_per_second: 5, calls_per_second: 20 }
    }
}

/// The client of one Gigya site.
pub struct Gigya {
    site: Site,
    credentials: Credentials,
    searches: Caller,
    others: Caller,
    now: Now,
    /// How far Gigya's clock is ahead of ours, in milliseconds.
    ahead: AtomicI64,
    /// What makes the nonces of this client different from those of others that started in the same millisecond.
    tag: u64,
    nonces: AtomicU64,
}

impl Gigya {
    /// The client of this site; nothing is sent yet.
    pub fn connect(
        site: Site,
        credentials: Credentials,
        wire: Arc<dyn Wire>,
        paces: Paces,
        now: Now,
    ) -> Self {
        Self {
            site,
            credentials,
            searches: Caller::new(Arc::clone(&wire), Pace::per_second(paces.searches_per_second)),
            others: Caller::new(wire, Pace::per_second(paces.calls_per_second)),
            now,
            ahead: AtomicI64::new(0),
            tag: RandomState::new().hash_one(0),
            nonces: AtomicU64::new(0),
        }
    }

    /// How many requests have been sent.
    pub fn calls(&self) -> u64 {
        self.searches.calls() + self.others.calls()
    }

    /// Makes one attempt at a call. A request that Gigya's clock finds too old or too new is sent again with the time
    /// of its answer, and one whose nonce was used with another nonce, once (as SAP's own SDKs do with the time).
    async fn call(&self, method: Method, parameters: &Parameters) -> Result<Answer, GigyaError> {
        let response = self.send(method, parameters).await?;
        let answer = wire::read(method, &response);
        let Err(GigyaError::Refused(refusal)) = &answer else { return answer };
        match (refusal.code, wire::date(&response)) {
            (error::REQUEST_EXPIRED, Some(theirs)) => {
                let ahead = theirs.as_millisecond() - (self.now)().as_millisecond();
                self.ahead.store(ahead, Ordering::Relaxed);
            }
            (error::NONCE_USED, _) => {}
            _ => return answer,
        }
        wire::read(method, &self.send(method, parameters).await?)
    }

    async fn send(
        &self,
        method: Method,
        parameters: &Parameters,
    ) -> Result<http::Response<Bytes>, GigyaError> {
        let request = self
            .request(method, parameters)
            .map_err(|source| GigyaError::Request { method: method.name(), source })?;
        let caller = match method {
            Method::Search | Method::AuditSearch => &self.searches,
            Method::GetAccountInfo
            | Method::SetAccountInfo
            | Method::ImportLiteAccount
            | Method::Unsubscribe
            | Method::GetSchema => &self.others,
        };
        caller
            .send(request)
            .await
            .map_err(|source| GigyaError::Unanswered { method: method.name(), source })
    }

    fn request(
        &self,
        method: Method,
        parameters: &Parameters,
    ) -> Result<http::Request<Bytes>, http::Error> {
        let url = self.site.endpoint.url(method.name());
        let mut parameters = parameters.clone();
        parameters.insert("apiKey", self.site.api_key.clone());
        parameters.insert("format", "json".to_owned());
        parameters.insert("httpStatusCodes", "false".to_owned());
        let bearer = self.credentials.prove(&url, &mut parameters, &self.stamp());
        let mut request = http::Request::post(url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8");
        if let Some(bearer) = bearer {
            let mut value = http::HeaderValue::try_from(bearer.as_str())?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request.body(Bytes::from(sign::form(&parameters)))
    }

    fn stamp(&self) -> Stamp {
        let ours: Timestamp = (self.now)();
        let ahead = SignedDuration::from_millis(self.ahead.load(Ordering::Relaxed));
        let at = ours.saturating_add(ahead).unwrap_or(ours);
        let ordinal = self.nonces.fetch_add(1, Ordering::Relaxed);
        Stamp { at, nonce: format!("{}_{:016x}_{ordinal}", at.as_millisecond(), self.tag) }
    }
}

impl fmt::Debug for Gigya {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gigya").field("site", &self.site).finish_non_exhaustive()
    }
}
