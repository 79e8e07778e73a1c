//! Keyed hashes, so that the ledger holds no personal data.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of a customer's fingerprint key.
pub const KEY_BYTES: usize = 32;

/// The key of the customer's fingerprints: 32 bytes, in base64 in the secret. Prints masked.
#[derive(Clone)]
pub struct FingerprintKey(Zeroizing<[u8; KEY_BYTES]>);

/// Why a text is no fingerprint key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the fingerprint key must be {KEY_BYTES} bytes in base64; make one with `openssl rand -base64 32`"
)]
pub struct FingerprintKeyError;

impl FingerprintKey {
    /// Takes the bytes as they are.
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads the key as the secret holds it.
    ///
    /// # Errors
    /// When the text is not 32 bytes in base64.
    pub fn from_base64(text: &str) -> Result<Self, FingerprintKeyError> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| FingerprintKeyError)?);
        bytes.as_slice().try_into().map(Self::new).map_err(|_| FingerprintKeyError)
    }

    /// The fingerprint of one value of one kind: the same text in another field has another fingerprint.
    ///
    /// # Panics
    /// Never: HMAC takes a key of any length.
    pub fn fingerprint(&self, kind: &str, value: &str) -> Fingerprint {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice()).expect("any length of key");
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(value.as_bytes());
        let digest = mac.finalize().into_bytes();
        let mut bytes = [0; Fingerprint::BYTES];
        bytes.copy_from_slice(&digest[..Fingerprint::BYTES]);
        Fingerprint(bytes)
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<fingerprint key>")
    }
}

/// The keyed hash of one value: the first 12 bytes of HMAC-SHA-256, so that two values of one person agree by chance
/// once in 2^96 and two of ten million addresses once in 2^50.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; Self::BYTES]);

impl Fingerprint {
    const BYTES: usize = 12;

    /// The first byte, by which shards are chosen.
    pub fn first_byte(&self) -> u8 {
        self.0[0]
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        URL_SAFE_NO_PAD
            .decode(&text)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("not a fingerprint"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_depends_on_key_kind_and_value() {
        let (one, two) = (FingerprintKey::new([1; 32]), FingerprintKey::new([2; 32]));
        let print = one.fingerprint("city", "Köln");
        assert_eq!(print, one.fingerprint("city", "Köln"));
        assert_ne!(print, two.fingerprint("city", "Köln"));
        assert_ne!(print, one.fingerprint("state", "Köln"));
        assert_ne!(one.fingerprint("ab", "c"), one.fingerprint("a", "bc"));
        let json = serde_json::to_string(&print).unwrap();
        assert_eq!(serde_json::from_str::<Fingerprint>(&json).unwrap(), print);
        assert_eq!(format!("{one:?}"), "<fingerprint key>");
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        assert_eq!(FingerprintKey::from_base64("c2hvcnQ=").err(), Some(FingerprintKeyError));
    }
}
