//! Whoever had a lite account and registers is the same person: what was agreed about the one goes to the other.

use shared::domain::Uid;
use shared::domain::batch::Agreement;
use shared::domain::plan::address_fingerprint;
use tracing::info;

use crate::error::PollError;
use crate::home;
use crate::services::{Ready, Services};
use crate::settle::agree;

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
    let before = known.remove(uid).unwrap_or_default();
    let has_own = before.contact.is_some() && before.contact != former.contact;
    if former.moved_to.is_some() || has_own {
        return Ok(());
    }
    let mut after = before.clone().taking_over(&former);
    if let (None, Ok(address)) = (after.address, ready.settings.policy.mapping.email(&account)) {
        after.address = Some(address_fingerprint(&ready.key, &address));
    }
    agree(services, vec![Agreement { uid: uid.clone(), before, after }]).await?;
    let after = former.handed_to(uid);
    agree(services, vec![Agreement { uid: from.clone(), before: former, after }]).await?;
    info!(account.uid = %uid, "Handed over what was agreed about a lite account.");
    Ok(())
}
