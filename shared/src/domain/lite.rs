//! Lite accounts: by which key they are known, and what they lack.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::ids::Uid;

/// What the key of a lite account without a UID begins with; after it comes the token of its email account.
const LITE: &str = "lite:";
/// The same where the token is packed.
const PACKED_LITE: &str = "lite~";
/// Digits of a token, as Gigya writes them.
const TOKEN_DIGITS: usize = 64;

impl Uid {
    /// The key of a lite account that has no UID of its own: the token of its email account, which is no address and
    /// stays the same while the address does (SAP help, "Email Accounts Object", `token`). A token of sixty-four
    /// hexadecimal digits is packed into forty-three letters: a custom field of v2 holds fifty.
    pub fn of_lite(token: &str) -> Self {
        match packed(token) {
            Some(packed) => Self::new(format!("{PACKED_LITE}{packed}")),
            None => Self::new(format!("{LITE}{token}")),
        }
    }

    /// The token, where this is the key of a lite account without a UID; Gigya itself does not know such a key.
    pub fn lite_token(&self) -> Option<Cow<'_, str>> {
        let packed = self.as_str().strip_prefix(PACKED_LITE).and_then(unpacked).map(Cow::Owned);
        packed.or_else(|| self.as_str().strip_prefix(LITE).map(Cow::Borrowed))
    }
}

fn packed(token: &str) -> Option<String> {
    let is_digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if token.len() != TOKEN_DIGITS || !token.bytes().all(is_digit) {
        return None;
    }
    let digits = token.bytes().filter_map(|c| char::from(c).to_digit(16));
    let digits: Vec<u8> = digits.filter_map(|digit| u8::try_from(digit).ok()).collect();
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| (pair[0] << 4) | pair[1]).collect();
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

fn unpacked(text: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// What full accounts have and email accounts do not (SAP help, accounts.search, "Account object"; "Email Accounts
/// Object").
const FULL_ONLY: [&str; 21] = [
    "isRegistered",
    "registered",
    "registeredTimestamp",
    "isActive",
    "isVerified",
    "verified",
    "verifiedTimestamp",
    "isLockedOut",
    "lastLogin",
    "lastLoginTimestamp",
    "oldestDataUpdated",
    "oldestDataUpdatedTimestamp",
    "loginIDs",
    "loginProvider",
    "emails",
    "identities",
    "socialProviders",
    "regSource",
    "phoneNumber",
    "customIdentifiers",
    "iRank",
];

/// The first field of full accounts alone that a condition in Gigya's query language names outside of its quotes.
pub fn full_only_field(condition: &str) -> Option<&'static str> {
    let mut quote = None;
    let bare: String = condition
        .chars()
        .map(|c| match quote {
            Some(open) => {
                if c == open {
                    quote = None;
                }
                ' '
            }
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                ' '
            }
            None => c,
        })
        .collect();
    let is_part_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let mut fields = bare.split(|c| !is_part_of_name(c)).filter_map(|name| name.split('.').next());
    fields.find_map(|field| FULL_ONLY.into_iter().find(|full_only| *full_only == field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_fits_a_custom_field_of_v2_and_gives_its_token_back() {
        let token = "00ff7f3a".repeat(8);
        let key = Uid::of_lite(&token);
        assert_eq!(key.as_str(), "lite~AP9_OgD_fzoA_386AP9_OgD_fzoA_386AP9_OgD_fzo");
        assert!(key.as_str().len() <= crate::domain::limits::V2_CUSTOM_FIELD_CHARACTERS_MAX);
        assert_eq!(key.lite_token().as_deref(), Some(token.as_str()));
        for odd in ["7f3a", "", "00FF7F3A00FF7F3A00FF7F3A00FF7F3A00FF7F3A00FF7F3A00FF7F3A00FF7F3A"]
        {
            assert_eq!(Uid::of_lite(odd).lite_token().as_deref(), Some(odd));
        }
        assert_eq!(Uid::new("_guid_lite:").lite_token(), None);
    }

    #[test]
    fn a_field_of_full_accounts_is_found_outside_of_quotes_alone() {
        assert_eq!(full_only_field("data.x = 1 AND isRegistered = true"), Some("isRegistered"));
        assert_eq!(full_only_field("(loginIDs.emails = \"a\")"), Some("loginIDs"));
        assert_eq!(full_only_field("data.isRegistered = true AND data.note = 'isActive'"), None);
        assert_eq!(full_only_field("profile.country = \"DE\""), None);
    }
}
