//! OAuth 2: a refresh token becomes an access token (guide, `server_flow`; RFC 6749 §6).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::Connection;
use super::SCHEDULE;
use crate::constant_contact::error::{ConstantContactError, Operation, Refusal};
use crate::domain::{Dialect, Secret};
use crate::http::call::with_retries;
use crate::http::{Caller, Pace, Wire};

/// Calls a second that the token endpoint takes (Constant Contact's community, 1384049).
pub const CALLS_PER_SECOND: u32 = 1;

/// From here on, `expires_in` is read as an epoch in seconds: the vendor's own model describes it so, though everybody else
/// (RFC 6749, the guide) takes it for a duration. No token lives for 31 years.
const EPOCH_FROM: i64 = 1_000_000_000;

/// How long an access token lives where the answer does not say (guide, `server_flow`: 24 hours).
const LIFETIME_SECONDS: i64 = 86_400;

/// A pair of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Goes with every call.
    pub access: Secret,
    /// Gets the next pair. With a rotating application it replaces the one that was used, which is dead now: store it
    /// before the access token is used.
    pub refresh: Secret,
    /// When the access token dies.
    pub expires_at: Timestamp,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Secret,
    refresh_token: Option<Secret>,
    expires_in: Option<i64>,
}

/// A caller at the token endpoint's own pace.
pub fn caller(wire: Arc<dyn Wire>) -> Caller {
    Caller::new(wire, Pace::per_second(CALLS_PER_SECOND))
}

/// Exchanges the refresh token for a pair of tokens, with retries: where an answer was lost, either the vendor did not act,
/// or a rotating token is used up already and repeating does no further harm.
///
/// # Errors
/// With [`Meaning::ConnectionDead`](crate::constant_contact::Meaning::ConnectionDead) when the refresh token is used up,
/// expired or revoked; with `ClientRefused` when the key or its secret is wrong; otherwise when there is no usable answer.
pub async fn refresh(
    caller: &Caller,
    connection: &Connection,
    refresh_token: &Secret,
    now: Timestamp,
) -> Result<Tokens, ConstantContactError> {
    with_retries(&SCHEDULE, || attempt(caller, connection, refresh_token, now)).await
}

async fn attempt(
    caller: &Caller,
    connection: &Connection,
    refresh_token: &Secret,
    now: Timestamp,
) -> Result<Tokens, ConstantContactError> {
    let operation = Operation::RefreshToken;
    let unreadable =
        |what: &str| ConstantContactError::Unreadable { operation, what: what.to_owned() };
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "refresh_token")
        .append_pair("refresh_token", refresh_token.expose())
        .finish();
    let pair = format!("{}:{}", connection.client_id(), connection.client_secret().expose());
    let mut basic = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)))
        .map_err(|_| unreadable("the client secret cannot be sent"))?;
    basic.set_sensitive(true);
    let request = http::Request::builder()
        .method(Method::POST)
        .uri(connection.token_endpoint().as_str())
        .header(header::AUTHORIZATION, basic)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(body))
        .map_err(|_| unreadable("the token endpoint cannot be called"))?;
    let answer = caller.send(request).await.map_err(|source| ConstantContactError::Wire {
        dialect: Dialect::V3,
        operation,
        source,
    })?;
    if !answer.status().is_success() {
        return Err(ConstantContactError::Refused(Refusal::read(
            Dialect::V3,
            operation,
            &answer,
            now,
        )));
    }
    let answer: TokenAnswer =
        serde_json::from_slice(answer.body()).map_err(|_| unreadable("it is no pair of tokens"))?;
    Ok(Tokens {
        access: answer.access_token,
        refresh: answer.refresh_token.unwrap_or_else(|| refresh_token.clone()),
        expires_at: expiry(answer.expires_in, now),
    })
}

fn expiry(expires_in: Option<i64>, now: Timestamp) -> Timestamp {
    let after = |seconds| now.checked_add(SignedDuration::from_secs(seconds)).ok();
    expires_in
        .filter(|seconds| *seconds > 0)
        .and_then(|seconds| {
            if seconds > EPOCH_FROM { Timestamp::from_second(seconds).ok() } else { after(seconds) }
        })
        .or_else(|| after(LIFETIME_SECONDS))
        .unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expires_in_is_read_as_a_duration_or_as_an_epoch() {
        let now: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
        let tomorrow: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
        for told in [Some(86_400), Some(tomorrow.as_second()), None, Some(-5)] {
            assert_eq!(expiry(told, now), tomorrow, "{told:?}");
        }
    }
}
