//! Who a contact is: the UID that it carries, else what the ledger knows, else the one account with its address.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use shared::domain::{Contact, ContactId, EmailAddress, Fingerprint, FingerprintKey, Uid};
use shared::store::state::Strangers;

use crate::error::PollError;
use crate::home;
use crate::services::{Ready, Services};

/// Addresses that one read looks up at Gigya. A tenant may have many contacts of its own; those who are left over are
/// looked up by the next sweep.
const ADDRESSES_PER_READ_MAX: usize = 2_000;
/// Days after which somebody who was nobody's is looked up once more: each on another day.
const ASKED_AGAIN_AFTER_DAYS: i64 = 30;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Whose contacts these are, within one read.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    /// Contacts who were nobody's when they were last looked up; read when the first contact without a UID comes.
    strangers: Option<Strangers>,
    /// Those of them whom this read showed.
    shown: Strangers,
    looked_up: usize,
    has_news: bool,
}

/// Contacts and whose they are.
#[derive(Debug, Default)]
pub(crate) struct Identified {
    /// One contact for each person.
    pub(crate) people: Vec<(Uid, Contact)>,
    /// Further contacts of the same people, at most one for each in a group.
    pub(crate) twins: Vec<Vec<(Uid, Contact)>>,
    /// How many are nobody's. We make no accounts.
    pub(crate) strangers: u64,
}

impl Identities {
    /// Finds out whose contacts these are.
    pub(crate) async fn identify(
        &mut self,
        contacts: Vec<Contact>,
        services: &Services,
        ready: &Ready,
        now: Timestamp,
    ) -> Result<Identified, PollError> {
        let unnamed: Vec<ContactId> = contacts
            .iter()
            .filter(|contact| contact.uid.is_none())
            .map(|contact| contact.id.clone())
            .collect();
        let mut by_contact = services.ledger.find_contacts(&unnamed).await?;
        let unknown = contacts
            .iter()
            .filter(|contact| contact.uid.is_none() && !by_contact.contains_key(&contact.id));
        let linked = self.look_up(unknown, services, ready, now).await?;
        by_contact.extend(linked);
        // A contact keeps the key of a lite account until its next update, also where its owner has registered since.
        let lite = contacts.iter().filter_map(|contact| contact.uid.clone());
        let lite = lite.filter(|uid| uid.lite_token().is_some());
        let known = services.ledger.look_up(lite, []).await?.people;
        let now_of = |uid: &Uid| known.get(uid).and_then(|agreed| agreed.moved_to.clone());
        let mut strangers = 0;
        let mut of: BTreeMap<Uid, Vec<Contact>> = BTreeMap::new();
        for contact in contacts {
            let own = contact.uid.clone();
            match own.or_else(|| by_contact.get(&contact.id).cloned()) {
                Some(uid) => of.entry(now_of(&uid).unwrap_or(uid)).or_default().push(contact),
                None => strangers += 1,
            }
        }
        Ok(Identified { strangers, ..one_for_each(of) })
    }

    /// The accounts with the contacts' addresses, where there is exactly one. A deleted contact is not worth a look.
    async fn look_up(
        &mut self,
        contacts: impl Iterator<Item = &Contact>,
        services: &Services,
        ready: &Ready,
        now: Timestamp,
    ) -> Result<HashMap<ContactId, Uid>, PollError> {
        let mut asked: Vec<(&ContactId, Fingerprint, EmailAddress)> = Vec::new();
        for contact in contacts.filter(|contact| contact.deleted_at.is_none()) {
            let Some(address) = &contact.email else { continue };
            let known = match &mut self.strangers {
                Some(strangers) => strangers,
                none @ None => none.insert(services.state.strangers().await?),
            };
            let print = print(&ready.key, &contact.id, address, now);
            if known.contains(&print) {
                self.shown.insert(print);
            } else if self.looked_up < ADDRESSES_PER_READ_MAX {
                self.looked_up += 1;
                asked.push((&contact.id, print, address.clone()));
            }
        }
        if asked.is_empty() {
            return Ok(HashMap::new());
        }
        let addresses: Vec<EmailAddress> =
            asked.iter().map(|(_, _, address)| address.clone()).collect();
        let holders = home::holders(ready, &addresses).await?;
        let mut linked = HashMap::new();
        for ((contact, print, _), holder) in asked.into_iter().zip(holders) {
            if let Some(uid) = holder {
                linked.insert(contact.clone(), uid);
            } else {
                self.has_news = true;
                self.shown.insert(print);
            }
        }
        Ok(linked)
    }

    /// Remembers who is nobody's. A read of everybody forgets those whom it did not show.
    pub(crate) async fn keep(
        &mut self,
        services: &Services,
        is_everybody: bool,
    ) -> Result<(), PollError> {
        let Some(known) = self.strangers.take() else { return Ok(()) };
        let forgets = is_everybody && known.iter().any(|print| !self.shown.contains(print));
        if !self.has_news && !forgets {
            return Ok(());
        }
        let mut strangers = std::mem::take(&mut self.shown);
        if !is_everybody {
            strangers.extend(known);
        }
        Ok(services.state.keep_strangers(&strangers).await?)
    }
}

/// The mark of a contact who is nobody's: of its id, its address, and the month in which it was looked up.
fn print(
    key: &FingerprintKey,
    id: &ContactId,
    address: &EmailAddress,
    now: Timestamp,
) -> Fingerprint {
    let own = key.fingerprint("stranger", &format!("{id} {}", address.key()));
    let day = now.as_second() / DAY_SECONDS + i64::from(own.first_byte());
    key.fingerprint("stranger", &format!("{own} {}", day / ASKED_AGAIN_AFTER_DAYS))
}

/// One contact for each person: of several the likeliest, and the others as twins.
fn one_for_each(of: BTreeMap<Uid, Vec<Contact>>) -> Identified {
    let mut identified = Identified::default();
    for (uid, mut contacts) in of {
        contacts.sort_by_key(|contact| std::cmp::Reverse(likelihood(contact)));
        for (place, contact) in contacts.into_iter().enumerate() {
            let group = match place.checked_sub(1) {
                None => &mut identified.people,
                Some(place) => {
                    if identified.twins.len() == place {
                        identified.twins.push(Vec::new());
                    }
                    &mut identified.twins[place]
                }
            };
            group.push((uid.clone(), contact));
        }
    }
    identified
}

/// Of two contacts that carry one UID: the one that is not deleted, then the one that was made first. Which one changes
/// last says nothing, or they would take turns.
fn likelihood(contact: &Contact) -> (bool, std::cmp::Reverse<Option<Timestamp>>) {
    (contact.deleted_at.is_none(), std::cmp::Reverse(contact.created_at))
}
