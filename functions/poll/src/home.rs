//! Home: one account at Gigya, full or lite, read fresh and written in the way its kind needs.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use shared::domain::patch::Patch;
use shared::domain::{Account, Dispose as _, Disposition, EmailAddress, Path, Uid};
use shared::gigya::{EmailAccountKey, Found, Whereabouts, Written};
use shared::settings::customer::Population;

use crate::error::PollError;
use crate::services::Ready;

/// Where a lite account has its address, which is its name at Gigya (SAP help, accounts.importLiteAccount, `email`).
const ADDRESS: &str = "profile.email";

/// The account that a person has now: full, or lite where the customer's populations say so. Whoever was known by the
/// key of a lite account and has registered since is read as the full account, which then has another UID than was
/// asked for: what is agreed about them stays under the old key until it is handed over.
///
/// A full account is read from the primary store. A lite one is read from the search index, which may not show for half
/// a minute what was just written (see [`Gigya::lite_account`](shared::gigya::Gigya::lite_account)).
///
/// `None` is no proof that the account was deleted: a key that may not read it hears the same.
///
/// # Errors
/// When Gigya refuses or does not answer.
pub(crate) async fn account(ready: &Ready, uid: &Uid) -> Result<Option<Account>, PollError> {
    let (gigya, paths) = (&ready.gigya, ready.settings.policy.paths());
    if uid.lite_token().is_none()
        && let Some(account) = gigya.account(uid, &paths).await?
    {
        return Ok(Some(account));
    }
    if !reads(ready, Population::Lite) {
        return Ok(None);
    }
    if let Some(account) = gigya.lite_account(uid, &paths).await? {
        return Ok(Some(account));
    }
    if uid.lite_token().is_none() {
        return Ok(None);
    }
    match gigya.whereabouts(std::slice::from_ref(uid)).await?.remove(uid) {
        Some(Whereabouts::Upgraded { to }) => Ok(gigya.account(&to, &paths).await?),
        Some(Whereabouts::Full | Whereabouts::Lite | Whereabouts::Gone | Whereabouts::Unclear)
        | None => Ok(None),
    }
}

/// Whose each of these addresses is, when exactly one person has it: those with a full account before those with a lite
/// one, which are looked up one by one.
///
/// # Errors
/// When Gigya refuses or does not answer.
pub(crate) async fn holders(
    ready: &Ready,
    addresses: &[EmailAddress],
) -> Result<Vec<Option<Uid>>, PollError> {
    let full = if reads(ready, Population::Full) {
        ready.gigya.accounts_by_addresses(addresses).await?
    } else {
        vec![Found::None; addresses.len()]
    };
    let mut holders = Vec::with_capacity(addresses.len());
    for (address, found) in addresses.iter().zip(full) {
        let found = match found {
            Found::None if reads(ready, Population::Lite) => {
                ready.gigya.lite_account_by_address(address, &BTreeSet::new()).await?
            }
            found @ (Found::None | Found::One(_) | Found::Several(_)) => found,
        };
        holders.push(match found {
            Found::One(account) => Some(account.uid().clone()),
            Found::None | Found::Several(_) => None,
        });
    }
    Ok(holders)
}

/// Writes leaves to one account that was just read. Answers Gigya's time of the write. Where Gigya refuses a value, an
/// opt-out that was to travel with it is written all the same: it must not fail with a name that is too long.
///
/// Of a lite account the consent to a subscription is taken back by accounts.unsubscribe, which makes nobody; other
/// values go by accounts.importLiteAccount, which would make an account that is not there. So whoever calls has read it
/// just before; one that was deleted within the half minute that searches lag can come back by it.
///
/// # Errors
/// When Gigya refuses or does not answer, and when the mapping names what cannot be written.
pub(crate) async fn write(
    ready: &Ready,
    account: &Account,
    leaves: &[(Path, Value)],
) -> Result<Option<Timestamp>, PollError> {
    let consent = &ready.settings.policy.consent;
    let opt_out = consent.opt_out_leaf();
    let mut leaves = leaves.to_vec();
    let mut withdrawn_at = None;
    let is_subscription = consent.path.section() == "subscriptions";
    if account.is_lite() && is_subscription && leaves.contains(&opt_out) {
        withdrawn_at = unsubscribe(ready, account, &consent.path).await?.at;
        leaves.retain(|leaf| *leaf != opt_out);
        if leaves.is_empty() {
            return Ok(withdrawn_at);
        }
    }
    let error = match put(ready, account, &Patch::from_leaves(leaves.iter().cloned())?).await {
        Ok(written) => return Ok(written.at.max(withdrawn_at)),
        Err(error) => error,
    };
    if error.disposition() == Disposition::Reject && leaves.len() > 1 && leaves.contains(&opt_out) {
        put(ready, account, &Patch::from_leaves([opt_out])?).await?;
    }
    Err(error)
}

async fn put(ready: &Ready, account: &Account, patch: &Patch) -> Result<Written, PollError> {
    Ok(if account.is_lite() {
        ready.gigya.set_lite_account(&address_of(account)?, patch).await?
    } else {
        ready.gigya.set_account(account.uid(), patch).await?
    })
}

/// By its token where it shows one, so that no address travels.
async fn unsubscribe(
    ready: &Ready,
    account: &Account,
    subscription: &Path,
) -> Result<Written, PollError> {
    let token = account.fields().get("token").and_then(Value::as_str);
    if let Some(token) = token {
        return Ok(ready.gigya.unsubscribe(EmailAccountKey::Token(token), subscription).await?);
    }
    let address = address_of(account)?;
    Ok(ready.gigya.unsubscribe(EmailAccountKey::Address(&address), subscription).await?)
}

fn address_of(account: &Account) -> Result<EmailAddress, PollError> {
    let path: Option<Path> = ADDRESS.parse().ok();
    let text = path.as_ref().and_then(|path| account.text(path));
    text.and_then(|text| text.parse().ok()).ok_or(PollError::NoAddress)
}

/// Whether the customer's settings name this population.
pub(crate) fn reads(ready: &Ready, population: Population) -> bool {
    ready.settings.gigya.populations.contains(&population)
}
