//! Who is calling: the three forms of proof, checked as Gigya does.

use std::collections::HashSet;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use sha1::Sha1;

use super::answer::Refusal;

/// Seconds that a request's time may be off (SAP help, response codes, 403002: "about two minutes").
pub const CLOCK_SECONDS_MAX: i64 = 120;

/// The keys of the simulated site.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The site's key.
    pub api_key: String,
    /// The application's user key.
    pub user_key: String,
    /// The application's secret, in base64.
    pub secret: String,
    /// The application's public RSA key, as PKCS#1 DER, where it uses bearer tokens.
    pub public_key: Option<Vec<u8>>,
}

impl Default for Keys {
    /// Keys that are nobody's: the user key and the secret of the signature vectors.
    fn default() -> Self {
        Self {
            api_key: "3_SANDBOX".to_owned(),
            user_key: "AKtestUser".to_owned(),
            secret: "dGhpcy1pcy1hLXRlc3Qtc2VjcmV0LWtleS0zMi1ieXRlIQ==".to_owned(),
            public_key: None,
        }
    }
}

/// A request, taken apart: its names are compared without regard to case, as Gigya does.
pub(super) struct Call {
    /// The public address that the client used, without its query.
    pub(super) url: String,
    pub(super) method: String,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) authorization: Option<String>,
    pub(super) is_plain_http: bool,
}

impl Call {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        let missing = || Refusal::new(400_002, format!("Missing required parameter : {name}"));
        self.parameter(name).ok_or_else(missing)
    }
}

/// Checks who calls. `nonces` are those that were used.
pub(super) fn check(
    call: &Call,
    keys: &Keys,
    nonces: &mut HashSet<String>,
    now: Timestamp,
) -> Result<(), Refusal> {
    if call.required("apiKey")? != keys.api_key {
        return Err(Refusal::new(400_093, "Invalid ApiKey parameter"));
    }
    if let Some(bearer) =
        call.authorization.as_deref().and_then(|text| text.strip_prefix("Bearer "))
    {
        return check_bearer(bearer, keys, nonces, now);
    }
    let Some(user_key) = call.parameter("userKey") else {
        return Err(Refusal::new(403_007, "Permission denied"));
    };
    if user_key != keys.user_key {
        return Err(Refusal::new(403_005, "The supplied userkey was not found"));
    }
    if let Some(signature) = call.parameter("sig") {
        return check_signature(call, signature, keys, nonces, now);
    }
    match call.parameter("secret") {
        Some(_) if call.is_plain_http => Err(Refusal::new(403_006, "Secret Sent Over HTTP")),
        Some(secret) if secret == keys.secret => Ok(()),
        Some(_) => Err(Refusal::new(403_010, "Invalid parameter: secret")),
        None => Err(Refusal::new(403_007, "Permission denied")),
    }
}

fn check_signature(
    call: &Call,
    signature: &str,
    keys: &Keys,
    nonces: &mut HashSet<String>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let wrong = || Refusal::new(403_003, "Invalid request signature");
    let key = STANDARD.decode(&keys.secret).map_err(|_| wrong())?;
    let signature = STANDARD.decode(signature).map_err(|_| wrong())?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).map_err(|_| wrong())?;
    mac.update(base_string(call).as_bytes());
    mac.verify_slice(&signature).map_err(|_| wrong())?;
    let seconds = call.required("timestamp")?.parse().map_err(|_| wrong())?;
    check_freshness(seconds, call.required("nonce")?, nonces, now)
}

fn base_string(call: &Call) -> String {
    const ENCODED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    let encode = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let mut parameters: Vec<_> = call.parameters.iter().filter(|(name, _)| name != "sig").collect();
    parameters.sort();
    let pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    format!("POST&{}&{}", encode(&call.url), encode(&pairs.join("&")))
}

fn check_bearer(
    token: &str,
    keys: &Keys,
    nonces: &mut HashSet<String>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let wrong = || Refusal::new(403_003, "Invalid request signature");
    let (input, signature) = token.rsplit_once('.').ok_or_else(wrong)?;
    let (header, claims) = input.split_once('.').ok_or_else(wrong)?;
    let decode = |segment: &str| -> Result<Vec<u8>, Refusal> {
        URL_SAFE_NO_PAD.decode(segment).map_err(|_| wrong())
    };
    let json = |segment: &str| -> Result<Value, Refusal> {
        serde_json::from_slice(&decode(segment)?).map_err(|_| wrong())
    };
    let (header, claims) = (json(header)?, json(claims)?);
    if header["kid"] != keys.user_key.as_str() {
        return Err(Refusal::new(403_005, "The supplied userkey was not found"));
    }
    let public_key = keys.public_key.as_ref().ok_or_else(wrong)?;
    if header["alg"] != "RS256" {
        return Err(wrong());
    }
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key)
        .verify(input.as_bytes(), &decode(signature)?)
        .map_err(|_| wrong())?;
    let seconds = claims["iat"].as_i64().ok_or_else(wrong)?;
    check_freshness(seconds, claims["jti"].as_str().ok_or_else(wrong)?, nonces, now)
}

fn check_freshness(
    seconds: i64,
    nonce: &str,
    nonces: &mut HashSet<String>,
    now: Timestamp,
) -> Result<(), Refusal> {
    if (seconds - now.as_second()).abs() > CLOCK_SECONDS_MAX {
        return Err(Refusal::new(403_002, "Request has expired"));
    }
    if !nonces.insert(nonce.to_owned()) {
        return Err(Refusal::new(403_004, "Duplicate nonce"));
    }
    Ok(())
}
