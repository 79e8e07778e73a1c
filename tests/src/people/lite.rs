//! Who has left an address on the site and never registered.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::domain::Uid;

use super::address::{Address, address, is_shared};
use super::{People, Purpose};

/// How many of a thousand people have a lite account.
const LITE_OF_THOUSAND: u32 = 40;
/// How many of a thousand lite accounts are of the time before they had UIDs.
const WITHOUT_UID_OF_THOUSAND: u32 = 500;

/// What an email account does not have (SAP help, "Email Accounts Object").
const FULL_ONLY: [&str; 16] = [
    "isRegistered",
    "isActive",
    "isVerified",
    "oldestDataUpdated",
    "oldestDataUpdatedTimestamp",
    "registered",
    "registeredTimestamp",
    "verified",
    "verifiedTimestamp",
    "lastLogin",
    "lastLoginTimestamp",
    "iRank",
    "loginProvider",
    "socialProviders",
    "loginIDs",
    "emails",
];

/// The token of the email account with this address: 64 hexadecimal digits that do not tell it.
pub fn token_of(address: &str) -> String {
    let mut token = String::with_capacity(64);
    for byte in Sha256::digest(address.to_lowercase()) {
        for digit in [byte >> 4, byte & 0xf] {
            token.extend(char::from_digit(digit.into(), 16));
        }
    }
    token
}

/// Whether account `n` is a lite one. It has an address of its own: there is one email account for each.
pub(super) fn is_lite(people: People, n: u64) -> bool {
    people.dice(Purpose::Lite, n).of_thousand(LITE_OF_THOUSAND)
        && matches!(address(people, n), Address::Good(_))
        && !is_shared(people, n)
}

/// The key of account `n`, if it is a lite one without a UID.
pub(super) fn key(people: People, n: u64) -> Option<String> {
    let mut dice = people.dice(Purpose::Lite, n);
    let has_none = dice.of_thousand(LITE_OF_THOUSAND) && dice.of_thousand(WITHOUT_UID_OF_THOUSAND);
    match address(people, n) {
        Address::Good(address) if has_none && !is_shared(people, n) => {
            Some(Uid::of_lite(&token_of(&address)).to_string())
        }
        Address::Good(_) | Address::Broken(_) | Address::Missing => None,
    }
}

/// The account as it would be if its owner had never registered.
pub(super) fn without_registration(people: People, n: u64, mut account: Value) -> Value {
    let has_uid = key(people, n).is_none();
    if let Value::Object(fields) = &mut account {
        fields.retain(|name, _| !FULL_ONLY.contains(&name.as_str()));
        if !has_uid {
            fields.remove("UID");
        }
    }
    if let Some(address) = account["profile"]["email"].as_str() {
        account["token"] = json!(token_of(address));
    }
    account["hasFullAccount"] = json!(false);
    account["hasLiteAccount"] = json!(true);
    account
}
