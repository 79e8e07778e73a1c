//! Whoever had a lite account and registers is the same person: what was agreed about the one goes to the other.

use shared::domain::Uid;
use shared::domain::erasure::inherit;
use shared::domain::plan::address_fingerprint;
use tracing::info;

use crate::error::PollError;
use crate::home;
use crate::services::{Ready, Services};

/// Hands over what was agreed about a lite account to the full one that has its address now. Whoever has a contact of
/// their own already keeps it. Killed in between and done again it comes to the same: the new key is agreed on before
/// the old one is given up.
///
/// # Errors
/// When Gigya or the bucket refuses.
pub(crate) async fn hand_over(
    services: &Services,
    ready: &Ready,
    from: &Uid,
    uid: &Uid,
) -> Result<(), PollError> {
    let Some(account) = home::account(ready, uid).await?.filter(|account| !account.is_lite())
    else {
        return Ok(());
    };
    let mut known = services.ledger.look_up([from.clone(), uid.clone()], []).await?.people;
    let former = known.remove(from).unwrap_or_default();
    let own = known.remove(uid).filter(|own| !own.is_erased());
    let has_own =
        own.as_ref().is_some_and(|own| own.contact.is_some() && own.contact != former.contact);
    if former.moved_to.is_some() || former.is_erased() || has_own {
        return Ok(());
    }
    let mut heir = inherit(&former, own.as_ref());
    if let (None, Ok(address)) = (heir.address, ready.settings.policy.mapping.email(&account)) {
        heir.address = Some(address_fingerprint(&ready.key, &address));
    }
    services.ledger.hand_over(from, uid, &heir, &former.handed_to(uid)).await?;
    info!(account.uid = %uid, "Handed over what was agreed about a lite account.");
    Ok(())
}
