//! Those who are gone: asked about once more, decided one by one, and carried out together.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shared::constant_contact::{Amended, Amendment, Unsubscribe};
use shared::domain::agreed::Agreed;
use shared::domain::batch::Agreement;
use shared::domain::erasure::{inherit, tombstone};
use shared::domain::limits::BULK_CONTACT_IDS_MAX;
use shared::domain::plan::{Leave, Outbound, Seen, plan};
use shared::domain::removal::{Removal, RemovedFrom};
use shared::domain::{Contact, ContactId, Uid};
use shared::gigya::Whereabouts;
use tracing::info;

use super::{Eraser, Suspect, Suspects};
use crate::error::PollError;
use crate::removals;
use crate::settle::agree;

/// Why a contact was unsubscribed, as Constant Contact shows it to the marketer.
const GONE_REASON: &str = "The customer account was deleted";

/// Those who leave together, once it is kept that they do.
#[derive(Default)]
pub(super) struct Leaving {
    delete: Vec<ContactId>,
    unsubscribe: Vec<ContactId>,
    agreements: Vec<Agreement>,
}

impl Eraser<'_> {
    /// Erases those of these people who are gone, and lets those who are only known by another key keep what is agreed
    /// with them. Answers whether all are done; doing it again passes over those who are.
    pub(super) async fn part_with(&mut self, suspects: &Suspects) -> Result<bool, PollError> {
        let suspects: Vec<(&Uid, &Suspect)> = suspects.iter().collect();
        for some in suspects.chunks(BULK_CONTACT_IDS_MAX) {
            let uids = some.iter().map(|(uid, _)| (*uid).clone());
            let mut known = self.services.ledger.look_up(uids, []).await?.people;
            known.retain(|_, agreed| !agreed.is_erased());
            let known: BTreeMap<Uid, Agreed> = known.into_iter().collect();
            let uids: Vec<Uid> = known.keys().cloned().collect();
            let whereabouts = self.ready.gigya.whereabouts(&uids).await?;
            let mut leaving = Leaving::default();
            let mut is_cut_short = false;
            for (uid, suspect) in some {
                if self.invocation.must_stop() {
                    is_cut_short = true;
                    break;
                }
                let Some(agreed) = known.get(*uid) else { continue };
                match whereabouts.get(*uid) {
                    None | Some(Whereabouts::Full | Whereabouts::Lite | Whereabouts::Unclear) => {}
                    // A run has handed the contact over already.
                    Some(Whereabouts::Upgraded { .. }) if agreed.moved_to.is_some() => {}
                    Some(Whereabouts::Upgraded { to }) => {
                        self.rename(uid, to, agreed, suspect.at, &mut leaving).await?;
                    }
                    Some(Whereabouts::Gone) => {
                        self.decide(uid, agreed, suspect, &mut leaving).await?;
                    }
                }
            }
            self.carry_out(leaving).await?;
            if is_cut_short {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Decides about somebody who is gone.
    async fn decide(
        &mut self,
        uid: &Uid,
        agreed: &Agreed,
        suspect: &Suspect,
        leaving: &mut Leaving,
    ) -> Result<(), PollError> {
        if let Some(to) = &suspect.renamed_to {
            return self.rename(uid, to, agreed, suspect.at, leaving).await;
        }
        let contact = self.contact(agreed).await?;
        if let Some(contact) = contact.as_ref().filter(|contact| contact.deleted_at.is_none())
            && self.hand_to_heir(uid, agreed, contact, suspect.at).await?
        {
            return Ok(());
        }
        self.decide_leaving(uid, agreed, seen(agreed, contact.as_ref()), suspect.at, leaving);
        Ok(())
    }

    /// The person has another UID now, by which they keep everything that is agreed with them. Who is not there under that
    /// one either is gone.
    async fn rename(
        &mut self,
        uid: &Uid,
        to: &Uid,
        agreed: &Agreed,
        at: Timestamp,
        leaving: &mut Leaving,
    ) -> Result<(), PollError> {
        let contact = self.contact(agreed).await?;
        let whereabouts = self.ready.gigya.whereabouts(std::slice::from_ref(to)).await?;
        match whereabouts.get(to) {
            Some(Whereabouts::Full | Whereabouts::Lite)
                if self.hand_over(uid, to, agreed, contact.as_ref(), at).await? =>
            {
                info!(account.uid = %uid, account.now = %to, "An account has another UID now.");
            }
            // Under the other UID they have a contact of their own: this one is left over.
            Some(Whereabouts::Full | Whereabouts::Lite | Whereabouts::Gone) | None => {
                self.decide_leaving(uid, agreed, seen(agreed, contact.as_ref()), at, leaving);
            }
            Some(Whereabouts::Unclear | Whereabouts::Upgraded { .. }) => {}
        }
        Ok(())
    }

    async fn contact(&self, agreed: &Agreed) -> Result<Option<Contact>, PollError> {
        match &agreed.contact {
            Some(id) => Ok(self.ready.constant_contact.contact(id).await?),
            None => Ok(None),
        }
    }

    /// Lets another account with the contact's address take it over, if there is one that may. Answers whether it did.
    pub(super) async fn hand_to_heir(
        &mut self,
        uid: &Uid,
        agreed: &Agreed,
        contact: &Contact,
        at: Timestamp,
    ) -> Result<bool, PollError> {
        let heirs = super::heirs::of(self.services, self.ready, uid, contact).await?;
        if !heirs.is_empty() {
            // Before the ledger forgets them: what runs kept of the one who went goes all the same.
            self.state.purge.waiting.insert(uid.clone());
            self.save().await?;
        }
        for heir in heirs {
            if self.hand_over(uid, &heir, agreed, Some(contact), at).await? {
                info!(contact.id = %contact.id, account.uid = %heir, "Another account takes a contact over.");
                self.erased += 1;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives contact, address and agreement to another UID, unless that has a contact of its own. The contact is told
    /// first: if we are killed in between, it shows whose it is.
    async fn hand_over(
        &mut self,
        from: &Uid,
        to: &Uid,
        agreed: &Agreed,
        contact: Option<&Contact>,
        at: Timestamp,
    ) -> Result<bool, PollError> {
        let mut known = self.services.ledger.look_up([to.clone()], []).await?.people;
        let own = known.remove(to).filter(|own| !own.is_erased());
        let has_own =
            own.as_ref().is_some_and(|own| own.contact.is_some() && own.contact != agreed.contact);
        if has_own {
            return Ok(false);
        }
        if let Some(contact) = contact {
            let uid_field = self.ready.settings.policy.mapping.uid_contact_field();
            let fields = [(uid_field, to.to_string())].into();
            let amendment = Amendment { fields, ..Amendment::default() };
            match self.ready.constant_contact.amend(&contact.id, &amendment).await? {
                // Nothing can be written to whoever opted out in v2, and nobody mails them.
                Amended::Written | Amended::Unchanged | Amended::Gone | Amended::Held => {}
            }
        }
        let mut heir = inherit(agreed, own.as_ref());
        if let Some(contact) = contact {
            let (terms, now) = (self.ready.terms(), self.invocation.now());
            let shown = plan(Seen::Unobserved, Seen::Present(contact), Some(&heir), terms, now);
            heir = shown.noted.unwrap_or(heir);
        }
        let now = self.invocation.now();
        self.services.state.change_due(|due| _ = due.insert(to.clone(), now)).await?;
        self.services.ledger.hand_over(from, to, &heir, &tombstone(at)).await?;
        Ok(true)
    }

    /// Decides by the customer's policy what becomes of the contact of somebody who is gone and has no heir.
    pub(super) fn decide_leaving(
        &self,
        uid: &Uid,
        agreed: &Agreed,
        contact: Seen<&Contact>,
        at: Timestamp,
        leaving: &mut Leaving,
    ) {
        let id = match contact {
            Seen::Present(contact) => Some(contact.id.clone()),
            Seen::Absent | Seen::Unobserved => None,
        };
        let plan = plan(Seen::Absent, contact, Some(agreed), self.ready.terms(), at);
        match (plan.outbound, id) {
            (Some(Outbound::Leave(Leave::Delete)), Some(id)) => leaving.delete.push(id),
            (Some(Outbound::Leave(Leave::Unsubscribe)), Some(id)) => leaving.unsubscribe.push(id),
            // Without a contact there is nothing to do yet: should one turn up, it is a stray. And nobody whose account is
            // gone joins, stays, is asked or is taken off single lists.
            (
                Some(
                    Outbound::Leave(Leave::Delete | Leave::Unsubscribe | Leave::RemoveFromLists(_))
                    | Outbound::Join { .. }
                    | Outbound::Update { .. }
                    | Outbound::Amend { .. }
                    | Outbound::Ask { .. },
                )
                | None,
                _,
            ) => {}
        }
        let after = plan.agreed.unwrap_or_else(|| agreed.clone());
        leaving.agreements.push(Agreement { uid: uid.clone(), before: agreed.clone(), after });
    }

    /// Keeps who leaves before the first of them does, then lets them leave, and only then forgets them.
    pub(super) async fn carry_out(&mut self, leaving: Leaving) -> Result<(), PollError> {
        let Leaving { delete, unsubscribe, agreements } = leaving;
        let people: BTreeSet<Uid> =
            agreements.iter().map(|agreement| agreement.uid.clone()).collect();
        let newly = agreements.iter().filter(|agreement| !agreement.before.is_erased());
        let newly = newly.count() as u64;
        let delete: Vec<ContactId> =
            delete.into_iter().filter(|contact| !self.is_leaving(contact)).collect();
        let first = self.state.removals.len();
        for contacts in delete.chunks(BULK_CONTACT_IDS_MAX) {
            let removal = Removal::of(contacts.to_vec(), RemovedFrom::ConstantContact);
            self.state.removals.push(removal);
        }
        self.state.purge.waiting.extend(people.iter().cloned());
        self.save().await?;
        let now = self.invocation.now();
        for removal in self.state.removals.iter_mut().skip(first) {
            removals::look_after(self.ready, removal, now).await?;
        }
        self.state.removals.retain(|removal| !removal.is_over);
        self.save().await?;
        for contact in &unsubscribe {
            let reason = Some(GONE_REASON.to_owned());
            let unsubscribe = Some(Unsubscribe { by_person: true, reason });
            let amendment = Amendment { unsubscribe, ..Amendment::default() };
            self.ready.constant_contact.amend(contact, &amendment).await?;
        }
        agree(self.services, agreements).await?;
        self.erased += newly;
        Ok(())
    }
}

/// The contact as we looked at it: one that we know of and Constant Contact does not is not there.
fn seen<'a>(agreed: &Agreed, contact: Option<&'a Contact>) -> Seen<&'a Contact> {
    match contact {
        Some(contact) => Seen::Present(contact),
        None if agreed.contact.is_some() => Seen::Absent,
        None => Seen::Unobserved,
    }
}
