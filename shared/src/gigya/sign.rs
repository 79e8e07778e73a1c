//! How a request proves who sends it: the secret itself, an HMAC-SHA1 signature, or an RS256 bearer token.
//!
//! The signature is the one of SAP's own SDKs (Java and Python, class `SigUtils`): `METHOD&enc(url)&enc(query)` with
//! RFC 3986 encoding, the parameters in byte order of their names, keyed with the decoded secret. The bearer is the
//! one of `GSAuthRequest` in SAP's Java SDK: `kid` is the user key, and the claims are `iat` and `jti` alone.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivatePkcs1KeyDer, PrivatePkcs8KeyDer};
use serde::Serialize;
use sha1::Sha1;
use zeroize::Zeroizing;

use crate::domain::Secret;

/// What RFC 3986 leaves unencoded beside letters and digits.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The parameters of a call, in the order in which they are signed: by the bytes of their names.
pub(super) type Parameters = BTreeMap<&'static str, String>;

/// An application's user key with what proves it. Prints the form alone.
#[derive(Clone)]
pub struct Credentials {
    user_key: String,
    proof: Proof,
}

#[derive(Clone)]
enum Proof {
    /// The secret travels, as a field of the form.
    Secret(Secret),
    /// The secret signs.
    Signed(Zeroizing<Vec<u8>>),
    /// The private key signs.
    Bearer(Arc<RsaKeyPair>),
}

/// Why credentials cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// There is no user key or no secret.
    #[error("Gigya's user key and its secret must not be empty")]
    Empty,
    /// The secret is not base64, so it cannot sign.
    #[error("Gigya's secret is not base64; copy it from the console as it is")]
    SecretNotBase64,
    /// The private key is no RSA key in PEM.
    #[error(
        "Gigya's private key is no RSA key in PEM (BEGIN RSA PRIVATE KEY or BEGIN PRIVATE KEY)"
    )]
    PrivateKeyUnreadable,
}

/// When a call is made, by Gigya's clock, and what makes it different from every other call.
#[derive(Debug, Clone)]
pub(super) struct Stamp {
    pub(super) at: Timestamp,
    pub(super) nonce: String,
}

impl Credentials {
    /// Sends user key and secret with every call.
    ///
    /// # Errors
    /// When one of them is empty.
    pub fn secret(user_key: impl Into<String>, secret: Secret) -> Result<Self, CredentialsError> {
        if secret.expose().is_empty() {
            return Err(CredentialsError::Empty);
        }
        Self::of(user_key.into(), Proof::Secret(secret))
    }

    /// Signs every call with the secret, which does not travel.
    ///
    /// # Errors
    /// When one of them is empty, or the secret is not base64.
    pub fn signed(user_key: impl Into<String>, secret: &Secret) -> Result<Self, CredentialsError> {
        let key = STANDARD
            .decode(secret.expose().trim())
            .map_err(|_| CredentialsError::SecretNotBase64)?;
        if key.is_empty() {
            return Err(CredentialsError::Empty);
        }
        Self::of(user_key.into(), Proof::Signed(Zeroizing::new(key)))
    }

    /// Signs a new bearer token for every call with the application's private key: PEM, PKCS#1 as the console hands
    /// it out or PKCS#8; its line ends may be written as `\n`, as they are in many a JSON secret.
    ///
    /// # Errors
    /// When the user key is empty, or the private key is no RSA key in PEM.
    pub fn bearer(
        user_key: impl Into<String>,
        private_key: &Secret,
    ) -> Result<Self, CredentialsError> {
        let pem = Zeroizing::new(private_key.expose().trim().replace("\\n", "\n"));
        let unreadable = CredentialsError::PrivateKeyUnreadable;
        let key = if let Ok(der) = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()) {
            RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
        } else {
            let der = PrivatePkcs1KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| unreadable)?;
            RsaKeyPair::from_der(der.secret_pkcs1_der())
        };
        Self::of(user_key.into(), Proof::Bearer(Arc::new(key.map_err(|_| unreadable)?)))
    }

    fn of(user_key: String, proof: Proof) -> Result<Self, CredentialsError> {
        if user_key.trim().is_empty() {
            return Err(CredentialsError::Empty);
        }
        Ok(Self { user_key, proof })
    }

    /// Adds the proof to a call: form fields, or the value of its `Authorization` header, which is returned.
    pub(super) fn prove(
        &self,
        url: &str,
        parameters: &mut Parameters,
        stamp: &Stamp,
    ) -> Option<Zeroizing<String>> {
        match &self.proof {
            Proof::Secret(secret) => {
                parameters.insert("userKey", self.user_key.clone());
                parameters.insert("secret", secret.expose().to_owned());
                None
            }
            Proof::Signed(key) => {
                parameters.insert("userKey", self.user_key.clone());
                parameters.insert("timestamp", stamp.at.as_second().to_string());
                parameters.insert("nonce", stamp.nonce.clone());
                let signature = sign(key, &base_string(url, parameters));
                parameters.insert("sig", signature);
                None
            }
            Proof::Bearer(key) => {
                let input = signing_input(&self.user_key, stamp);
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature)
                    .expect("an RSA key signs any message");
                let signature = URL_SAFE_NO_PAD.encode(signature);
                Some(Zeroizing::new(format!("Bearer {input}.{signature}")))
            }
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.proof {
            Proof::Secret(_) => "<credentials: secret>",
            Proof::Signed(_) => "<credentials: signed>",
            Proof::Bearer(_) => "<credentials: bearer>",
        })
    }
}

/// Percent-encodes as RFC 3986 says, upper-case hex, a space as `%20`.
pub(super) fn encode(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, ENCODED)
}

/// The parameters as the body of a form, which is also the query that is signed.
pub(super) fn form(parameters: &Parameters) -> String {
    let mut text = String::new();
    for (name, value) in parameters {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.extend(utf8_percent_encode(value, ENCODED));
    }
    text
}

/// What is signed. The address is one that [`Endpoint`](super::Endpoint) made: scheme and host are lower case, and a
/// port that its scheme implies is not written.
fn base_string(url: &str, parameters: &Parameters) -> String {
    format!("POST&{}&{}", encode(url), encode(&form(parameters)))
}

fn sign(key: &[u8], base_string: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(base_string.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn signing_input(user_key: &str, stamp: &Stamp) -> String {
    #[derive(Serialize)]
    struct Header<'a> {
        alg: &'a str,
        typ: &'a str,
        kid: &'a str,
    }
    #[derive(Serialize)]
    struct Claims<'a> {
        iat: i64,
        jti: &'a str,
    }
    let header = Header { alg: "RS256", typ: "JWT", kid: user_key };
    let claims = Claims { iat: stamp.at.as_second(), jti: &stamp.nonce };
    format!("{}.{}", segment(&header), segment(&claims))
}

fn segment(part: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).expect("texts and numbers are JSON"))
}

#[cfg(test)]
#[path = "sign_tests.rs"]
mod tests;
