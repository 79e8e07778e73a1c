//! E-mail addresses, which print masked.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::limits::EMAIL_CHARACTERS_MAX;

/// An e-mail address, trimmed. Prints as `<address>`; call [`expose`](Self::expose) to send it.
///
/// The letters stay as the person wrote them, but two addresses that differ only in case are equal: Constant Contact
/// is assumed to match them so, and so does every mail provider in use.
#[derive(Clone, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct EmailAddress(String);

/// Why a text is not an e-mail address that can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailAddressError {
    /// Nothing there.
    #[error("the address is empty")]
    Empty,
    /// Longer than a contact may hold.
    #[error("the address is longer than {EMAIL_CHARACTERS_MAX} characters")]
    TooLong,
    /// Not of the form `name@host.domain` in ASCII.
    #[error("the address is malformed")]
    Malformed,
}

impl EmailAddress {
    /// The address itself, to be sent; never to be logged.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The form in which addresses are compared and fingerprinted: lower case.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// RFC 5322's `atext`, which is what a dot-atom is made of.
fn is_atom_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

fn is_local_part(text: &str) -> bool {
    text.len() <= 64
        && text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_character))
}

fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let top_level = text.rsplit('.').next().unwrap_or_default();
    text.contains('.')
        && text.split('.').all(is_label)
        && top_level.len() >= 2
        && !top_level.chars().all(|c| c.is_ascii_digit())
}

impl FromStr for EmailAddress {
    type Err = EmailAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(EmailAddressError::Empty);
        }
        if text.chars().count() > EMAIL_CHARACTERS_MAX {
            return Err(EmailAddressError::TooLong);
        }
        match text.rsplit_once('@') {
            Some((local, host)) if is_local_part(local) && is_host(host) => {
                Ok(Self(text.to_owned()))
            }
            Some(_) | None => Err(EmailAddressError::Malformed),
        }
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = EmailAddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for EmailAddress {}

impl Hash for EmailAddress {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<address>")
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<address>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_prints_masked_and_keeps_its_letters() {
        let address: EmailAddress = "  Zoe.Mueller+news@Example.com ".parse().unwrap();
        assert_eq!(format!("{address} {address:?}"), "<address> <address>");
        assert_eq!(address.expose(), "Zoe.Mueller+news@Example.com");
        assert_eq!(address, "zoe.mueller+NEWS@example.com".parse().unwrap());
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for text in [
            "a@b",
            "a b@example.com",
            "@example.com",
            "a@",
            "a@@b.com",
            "a.@b.com",
            "a@-b.com",
            "a@1.2.3.4",
        ] {
            assert_eq!(text.parse::<EmailAddress>(), Err(EmailAddressError::Malformed), "{text}");
        }
        assert_eq!(" ".parse::<EmailAddress>(), Err(EmailAddressError::Empty));
        let long = format!("{}@example.com", "a".repeat(80));
        assert_eq!(long.parse::<EmailAddress>(), Err(EmailAddressError::TooLong));
    }
}
