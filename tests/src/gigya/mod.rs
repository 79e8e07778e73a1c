//! A Gigya that can be believed: accounts full and lite, searches that lag, an audit log that does not tell all,
//! cursors that die, signatures that are checked.
//!
//! It follows SAP's documents where they speak and what was seen in production where they do not. One entry, `answer`,
//! takes a request and gives the response; in process it is a [`Wire`], and on loopback a router.

mod accounts;
mod answer;
mod audit;
mod auth;
mod index;
mod lite;
mod people;
mod query;
mod search;
mod sections;
mod serve;
mod store;
mod switches;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;

pub use auth::{CLOCK_SECONDS_MAX, Keys};
pub use switches::{Fault, Switches};

use answer::{Refusal, Reply};
use audit::AuditLog;
use auth::Call;
use shared::http::{Wire, WireError};
use shared::invocation::Clock;
use store::Store;

/// One simulated site of Gigya's.
pub struct Gigya {
    keys: Keys,
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    store: Store,
    audit: AuditLog,
    schema: Value,
    switches: Switches,
    cursors: search::Cursors,
    nonces: HashSet<String>,
    calls: BTreeMap<String, u64>,
    all_calls: u64,
    writes: u64,
}

/// What became of a call.
enum Outcome {
    Answered(http::Response<Bytes>),
    Lost,
}

impl Gigya {
    /// A site with these keys and nobody in it.
    pub fn new(keys: Keys, clock: Clock) -> Self {
        let state = State {
            store: Store::default(),
            audit: AuditLog::default(),
            schema: sections::default_schema(),
            switches: Switches::default(),
            cursors: search::Cursors::default(),
            nonces: HashSet::new(),
            calls: BTreeMap::new(),
            all_calls: 0,
            writes: 0,
        };
        Self { keys, clock, state: Mutex::new(state) }
    }

    /// The site's keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Changes how the site behaves from now on.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.state().switches);
    }

    /// Gives the site another schema, as accounts.getSchema returns it.
    pub fn set_schema(&self, schema: Value) {
        self.state().schema = schema;
    }

    /// Forgets every open cursor.
    pub fn lose_cursors(&self) {
        self.state().cursors.lose();
    }

    /// How many accounts were written through the API.
    pub fn writes(&self) -> u64 {
        self.state().writes
    }

    /// How many requests arrived, by method.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.state().calls.clone()
    }

    /// Answers a request. A request or answer that is scripted to get lost is a 502 here, and a
    /// [`WireError`] over the [`Wire`].
    pub fn answer(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        match self.act(request) {
            Outcome::Answered(response) => response,
            Outcome::Lost => answer::bad_gateway(self.clock.now()),
        }
    }

    fn act(&self, request: http::Request<Bytes>) -> Outcome {
        let now = self.clock.now();
        let call = Call::from(request);
        let mut state = self.state();
        state.all_calls += 1;
        *state.calls.entry(call.method.clone()).or_default() += 1;
        let fault = state.switches.next_fault(&call.method);
        let number = state.all_calls;
        let with_status = call.parameter("httpStatusCodes") == Some("true");
        let dated = now + state.switches.answers_dated_after;
        let answered = |reply| answer::respond(reply, number, dated, with_status);
        match fault {
            None => Outcome::Answered(answered(self.reply(&call, &mut state, now))),
            Some(Fault::Code(code)) => {
                Outcome::Answered(answered(Err(Refusal::new(code, "scripted"))))
            }
            Some(Fault::Html) => Outcome::Answered(answer::bad_gateway(now)),
            Some(Fault::Cut) => {
                let response = answered(self.reply(&call, &mut state, now));
                Outcome::Answered(response.map(|body| body.slice(..body.len() / 2)))
            }
            Some(Fault::Lost) => Outcome::Lost,
            Some(Fault::AnswerLost) => {
                drop(self.reply(&call, &mut state, now));
                Outcome::Lost
            }
            Some(Fault::LeavesOut(place)) => {
                let reply = self.reply(&call, &mut state, now);
                Outcome::Answered(answered(reply.map(|body| search::leave_out(body, place))))
            }
        }
    }

    fn reply(&self, call: &Call, state: &mut State, now: Timestamp) -> Reply {
        auth::check(call, &self.keys, &mut state.nonces, now)?;
        if let Some(code) = state.switches.refuses.get(&call.method) {
            return Err(Refusal::new(*code, "Permission denied"));
        }
        let State { store, audit, schema, switches, cursors, .. } = state;
        let (name, uid) = match call.method.as_str() {
            "accounts.search" => return search::search(call, store, cursors, switches, now),
            "audit.search" => return audit::search(call, audit, cursors, switches, now),
            "accounts.getAccountInfo" => return accounts::get_account_info(call, store),
            "accounts.getSchema" => return Ok(accounts::get_schema(schema)),
            "accounts.setAccountInfo" => (
                "accounts.setAccountInfo",
                accounts::set_account_info(call, store, schema, switches, now)?,
            ),
            "accounts.importLiteAccount" => (
                "accounts.importLiteAccount",
                lite::import_lite_account(call, store, schema, switches, now)?,
            ),
            "accounts.unsubscribe" => {
                ("accounts.unsubscribe", lite::unsubscribe(call, store, schema, switches, now)?)
            }
            _ => return Err(Refusal::new(405_001, "Invalid API method")),
        };
        if switches.audits_applications {
            audit.record(now, name, 0, &uid, &[("UID", &uid)]);
        }
        state.writes += 1;
        self.publish(state);
        Ok(serde_json::Map::new())
    }

    /// Lets searches see what was written, when their lag is over.
    fn publish(&self, state: &mut State) {
        let visible_at = self.visible_at(state);
        state.store.publish(visible_at);
    }

    fn visible_at(&self, state: &State) -> Timestamp {
        self.clock.now() + state.switches.search_lag
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("answering does not panic")
    }
}

impl From<http::Request<Bytes>> for Call {
    fn from(request: http::Request<Bytes>) -> Self {
        let header = |name| request.headers().get(name)?.to_str().ok().map(ToOwned::to_owned);
        let uri = request.uri();
        let scheme = uri.scheme_str().unwrap_or("http").to_lowercase();
        let authority = uri.authority().map(ToString::to_string);
        let authority =
            authority.or_else(|| header(http::header::HOST)).unwrap_or_default().to_lowercase();
        let host = authority.rsplit_once(':').map_or(authority.as_str(), |(host, _)| host);
        let is_loopback = host == "localhost" || host == "[::1]" || host.starts_with("127.");
        let method = uri.path().rsplit('/').next().unwrap_or_default().to_owned();
        let query = uri.query().unwrap_or_default().as_bytes();
        let parameters = form_urlencoded::parse(query)
            .chain(form_urlencoded::parse(request.body()))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        Self {
            url: format!("{scheme}://{authority}{}", uri.path()),
            is_plain_http: scheme == "http" && !is_loopback,
            authorization: header(http::header::AUTHORIZATION),
            method,
            parameters,
        }
    }
}

impl Wire for Gigya {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, WireError>> {
        async move {
            let host = request.uri().host().unwrap_or_default().to_owned();
            let answer_after = self.state().switches.answer_after;
            if !answer_after.is_zero() {
                shared::http::call::wait(answer_after).await;
            }
            match self.act(request) {
                Outcome::Answered(response) => Ok(response),
                Outcome::Lost => Err(WireError::Answer { host, source: "scripted".into() }),
            }
        }
        .boxed()
    }
}

impl fmt::Debug for Gigya {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gigya").field("api_key", &self.keys.api_key).finish_non_exhaustive()
    }
}
