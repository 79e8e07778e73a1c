//! The token endpoint: rotating and long-lived refresh tokens, access tokens that live for a day.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::answer::{self, Answer};

/// How long an access token lives (guide, `server_flow`).
pub(super) const ACCESS_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// How long a refresh token lives if it is not used (Constant Contact's community, 402882).
const REFRESH_LIFE: SignedDuration = SignedDuration::from_hours(24 * 180);

/// The application's key and secret, as the simulator knows them.
pub const CLIENT_ID: &str = "7b0e4c2a-5a5e-4c0e-9d63-1d1f6f0c9a77";
/// See [`CLIENT_ID`].
pub const CLIENT_SECRET: &str = "simulated-client-secret";

/// The state of the connection.
#[derive(Debug, Default)]
pub(in crate::constant_contact) struct Tokens {
    made: u64,
    current: Option<(String, Timestamp)>,
    used: BTreeSet<String>,
    access: BTreeMap<String, Timestamp>,
    last_call: Option<Timestamp>,
    /// How often a refresh token that had been used up came again.
    pub(in crate::constant_contact) reused: u64,
}

impl Tokens {
    /// A person authorises the application: a new chain begins.
    pub(in crate::constant_contact) fn authorise(&mut self, now: Timestamp) -> String {
        let refresh = self.name("refresh");
        self.current = Some((refresh.clone(), now));
        refresh
    }

    pub(in crate::constant_contact) fn would_refresh(&self, refresh: &str, now: Timestamp) -> bool {
        self.current.as_ref().is_some_and(|(token, since)| {
            token == refresh && now.duration_since(*since) < REFRESH_LIFE
        })
    }

    pub(super) fn is_valid(&self, access: &str, now: Timestamp) -> bool {
        self.access.get(access).is_some_and(|dies| now < *dies)
    }

    pub(in crate::constant_contact) fn forget_access(&mut self) {
        self.access.clear();
    }

    pub(in crate::constant_contact) fn revoke(&mut self) {
        self.current = None;
        self.access.clear();
    }

    pub(super) fn answer(
        &mut self,
        request: &Request<bytes::Bytes>,
        rotating: bool,
        limited: bool,
        now: Timestamp,
    ) -> Answer {
        let too_soon = |last: Timestamp| now.duration_since(last) < SignedDuration::from_secs(1);
        if limited && self.last_call.is_some_and(too_soon) {
            return answer::gateway(
                StatusCode::TOO_MANY_REQUESTS,
                "throttled",
                "Too Many Requests",
            );
        }
        self.last_call = Some(now);
        let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
        let given = request.headers().get(header::AUTHORIZATION);
        if given.map(http::HeaderValue::as_bytes) != Some(expected.as_bytes()) {
            return refused(StatusCode::UNAUTHORIZED, "invalid_client", "Bad client credentials.");
        }
        let form: BTreeMap<_, _> = form_urlencoded::parse(request.body()).into_owned().collect();
        if form.get("grant_type").map(String::as_str) != Some("refresh_token") {
            let error = "unsupported_grant_type";
            return refused(StatusCode::BAD_REQUEST, error, "Use refresh_token.");
        }
        let given = form.get("refresh_token").cloned().unwrap_or_default();
        if !self.would_refresh(&given, now) {
            if self.used.contains(&given) {
                self.reused += 1;
                self.revoke();
            }
            let text = "The refresh token is invalid or expired.";
            return refused(StatusCode::BAD_REQUEST, "invalid_grant", text);
        }
        if rotating {
            self.used.insert(given.clone());
            self.authorise(now);
        } else {
            self.current = Some((given, now));
        }
        let access = self.name("access");
        self.access.retain(|_, dies| now < *dies);
        self.access.insert(access.clone(), now + ACCESS_LIFE);
        let refresh = self.current.as_ref().map(|(token, _)| token.clone());
        answer::ok(&json!({"token_type": "Bearer", "expires_in": ACCESS_LIFE.as_secs(),
            "access_token": access, "scope": "contact_data offline_access", "refresh_token": refresh}))
    }

    /// Access tokens are JWTs of about a thousand characters.
    fn name(&mut self, kind: &str) -> String {
        self.made += 1;
        let length = if kind == "access" { 1_000 } else { 40 };
        format!("eyJ{kind}{:0>length$}", self.made)
    }
}

fn refused(status: StatusCode, error: &str, text: &str) -> Answer {
    answer::json(status, &json!({"error": error, "error_description": text}))
}
