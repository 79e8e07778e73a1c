//! Strays: contacts that are there although the person whose UID they carry is erased, because an import was under way or
//! a deletion came to nothing. Carrying what changed home comes upon them.

use std::collections::BTreeMap;

use shared::domain::agreed::Agreed;
use shared::domain::erasure::Erasure;
use shared::domain::limits::BULK_CONTACT_IDS_MAX;
use shared::domain::plan::{Seen, address_fingerprint};
use shared::domain::removal::REMOVAL_TRIES_MAX;
use shared::domain::{Contact, ContactId};
use tracing::warn;

use super::Eraser;
use super::farewell::Leaving;
use crate::error::PollError;
use crate::services::Services;

/// Remembers contacts that carry the UID of somebody who was erased and are there all the same, so that they are looked
/// at: an import was under way, or a deletion came to nothing.
pub(crate) async fn note_strays(
    services: &Services,
    contacts: &[Contact],
) -> Result<(), PollError> {
    if contacts.is_empty() {
        return Ok(());
    }
    let note = |erasure: &mut Erasure| {
        for contact in contacts {
            erasure.strays.entry(contact.id.clone()).or_insert(0);
        }
    };
    services.state.change_erasure(note).await?;
    Ok(())
}

impl Eraser<'_> {
    /// Looks at contacts that are there although the person whose UID they carry is erased.
    pub(super) async fn look_at_strays(&mut self) -> Result<(), PollError> {
        let strays = self.state.strays.clone();
        let mut leaving = Leaving::default();
        let mut tries = BTreeMap::new();
        for (id, tried) in strays.iter().take(BULK_CONTACT_IDS_MAX) {
            if self.invocation.must_stop() {
                break;
            }
            if *tried >= REMOVAL_TRIES_MAX {
                warn!(contact.id = %id, "A contact could not be deleted for good; the next sweep finds it again.");
            } else {
                self.decide_stray(id, &mut leaving).await?;
            }
            tries.insert(id.clone(), *tried);
        }
        for id in tries.keys() {
            self.state.strays.remove(id);
        }
        let before = self.state.removals.len();
        self.carry_out(leaving).await?;
        for removal in self.state.removals.iter_mut().skip(before) {
            let earlier = removal.contacts.iter().filter_map(|contact| tries.get(contact));
            removal.tries += earlier.copied().max().unwrap_or(0);
        }
        self.save().await
    }

    async fn decide_stray(
        &mut self,
        id: &ContactId,
        leaving: &mut Leaving,
    ) -> Result<(), PollError> {
        let contact = self.ready.constant_contact.contact(id).await?;
        let Some(contact) = contact.filter(|contact| contact.deleted_at.is_none()) else {
            return Ok(());
        };
        let Some(uid) = contact.uid.clone() else { return Ok(()) };
        let mut known = self.services.ledger.look_up([uid.clone()], []).await?.people;
        let Some(agreed) = known.remove(&uid) else { return Ok(()) };
        let Some(at) = agreed.erased_at else { return Ok(()) };
        let lists = &self.ready.settings.policy.lists;
        let is_ours = |list: &&shared::domain::ListId| lists.iter().any(|rule| rule.id == **list);
        let shown = Agreed {
            contact: Some(id.clone()),
            address: contact.email.as_ref().map(|it| address_fingerprint(&self.ready.key, it)),
            lists: contact.lists.iter().filter(is_ours).cloned().collect(),
            ..Agreed::default()
        };
        if !self.hand_to_heir(&uid, &shown, &contact, at).await? {
            self.decide_leaving(&uid, &agreed, Seen::Present(&contact), at, leaving);
        }
        Ok(())
    }
}
