//! Heirs: other accounts with the address of one that was deleted. The contact is one person's as much as the other's, so
//! it is not deleted but goes over: to a registered one first, then the latest, then the smallest UID.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use shared::domain::erasure::may_inherit;
use shared::domain::{Account, Contact, EmailAddress, Uid};
use shared::gigya::Found;
use shared::settings::customer::Population;

use crate::error::PollError;
use crate::home::{self, reads};
use crate::services::{Ready, Services};

/// Accounts with one address that are looked at; more of them share a mailbox of an office, not a person's.
const CANDIDATES_MAX: usize = 20;

/// Who may take this contact over, the first first.
pub(super) async fn of(
    services: &Services,
    ready: &Ready,
    gone: &Uid,
    contact: &Contact,
) -> Result<Vec<Uid>, PollError> {
    let Some(address) = &contact.email else { return Ok(Vec::new()) };
    let candidates = holders(ready, address).await?;
    let candidates = candidates.into_iter().filter(|uid| uid != gone).take(CANDIDATES_MAX);
    let candidates: Vec<Uid> = candidates.collect();
    let known = services.ledger.look_up(candidates.iter().cloned(), []).await?.people;
    let policy = &ready.settings.policy;
    let mut heirs: Vec<Account> = Vec::new();
    for uid in &candidates {
        let Some(account) = home::account(ready, uid).await? else { continue };
        let has_it = policy.mapping.email(&account).is_ok_and(|own| own.key() == address.key());
        let own = known.get(uid);
        if has_it && may_inherit(&account, own, &policy.consent) {
            heirs.push(account);
        }
    }
    heirs.sort_by_key(|account| {
        (!account.is_registered(), Reverse(account.last_updated()), account.uid().clone())
    });
    Ok(heirs.iter().map(|account| account.uid().clone()).collect())
}

/// The accounts with this address, of the populations that the customer's settings name.
async fn holders(ready: &Ready, address: &EmailAddress) -> Result<Vec<Uid>, PollError> {
    let mut uids = Vec::new();
    if reads(ready, Population::Full) {
        uids.extend(holders_of(ready.gigya.account_by_address(address).await?));
    }
    if uids.is_empty() && reads(ready, Population::Lite) {
        let nothing = BTreeSet::new();
        uids.extend(holders_of(ready.gigya.lite_account_by_address(address, &nothing).await?));
    }
    Ok(uids)
}

fn holders_of(found: Found) -> Vec<Uid> {
    match found {
        Found::None => Vec::new(),
        Found::One(account) => vec![account.uid().clone()],
        Found::Several(uids) => uids,
    }
}
