//! What every call must pass: the key, its limits, the type of the answer, the token.

use bytes::Bytes;
use http::{Request, StatusCode, header};
use jiff::Timestamp;

use super::answer::{self, Answer};
use super::call::{parameter, parameters};
use crate::constant_contact::quota::{Quota, Refusal};
use crate::constant_contact::world::World;

/// The application's key, as the simulator knows it.
pub const API_KEY: &str = "simulatedkeyofv2simulate";
/// The access token, which lives for ten years and cannot be renewed (v2 documents, "Authentication").
pub const ACCESS_TOKEN: &str = "5f0c2a4e-0b1d-4a57-9b8e-2b6f3c9d7e10";

/// What is left of the connection.
#[derive(Debug, Default)]
pub(in crate::constant_contact) struct Gate {
    pub(super) is_key_dead: bool,
    pub(super) is_token_dead: bool,
    pub(super) is_retired: bool,
    pub(in crate::constant_contact) quota: Quota,
}

/// Passes a call, or says why not. The file of an export may be asked for as whatever it is.
pub(super) fn pass(
    world: &mut World,
    request: &Request<Bytes>,
    is_file: bool,
    now: Timestamp,
) -> Result<(), Box<Answer>> {
    let switches = world.switches;
    let gate = &mut world.gate;
    let refused =
        |status, key: &str, message: &str| Err(Box::new(answer::refused(status, key, message)));
    if gate.is_retired {
        return refused(StatusCode::GONE, "http.status.gone", "This version is no longer there.");
    }
    let forbidden = |key: &str, message: &str| {
        refused(StatusCode::FORBIDDEN, &format!("mashery.not.authorized.{key}"), message)
    };
    let query = parameters(request);
    if gate.is_key_dead || parameter(&query, "api_key") != Some(API_KEY) {
        return forbidden("inactive", "The API key is not active.");
    }
    let over = "The Mashery account associated with this request is over its";
    match gate.quota.take(&switches, now) {
        Ok(()) => {}
        Err(Refusal::Throttled) => {
            return forbidden("over.qps", &format!("{over} queries-per-second quota"));
        }
        Err(Refusal::Spent) => {
            return forbidden("over.ratelimit", &format!("{over} rate limit quota."));
        }
    }
    let named = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    if !is_file && named(header::ACCEPT) != Some("application/json") {
        let message = "Only application/json can be asked for.";
        return refused(StatusCode::NOT_ACCEPTABLE, "http.status.not_acceptable", message);
    }
    let bearer = named(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    if gate.is_token_dead || bearer != Some(ACCESS_TOKEN) {
        let key = "http.status.authentication.invalid_token";
        return refused(StatusCode::UNAUTHORIZED, key, "The access token is not valid.");
    }
    Ok(())
}
