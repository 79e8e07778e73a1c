//! Who a contact is: the UID that it carries, else what the ledger knows, else the account with its address.

use std::collections::HashMap;

use shared::domain::{Contact, ContactId, Uid};
use shared::store::Ledger;

use crate::error::PollError;
use crate::home;
use crate::services::Ready;

/// Finds out whose contacts these are. Whoever is nobody's is left out: we make no accounts.
pub(crate) async fn identify(
    contacts: Vec<Contact>,
    ledger: &Ledger,
    ready: &Ready,
) -> Result<Vec<(Uid, Contact)>, PollError> {
    let unnamed: Vec<ContactId> = contacts
        .iter()
        .filter(|contact| contact.uid.is_none())
        .map(|contact| contact.id.clone())
        .collect();
    let by_contact = ledger.find_contacts(&unnamed).await?;
    // A contact keeps the key of a lite account until its next update, also where its owner has registered since.
    let lite = contacts.iter().filter_map(|contact| contact.uid.clone());
    let lite = lite.filter(|uid| uid.lite_token().is_some());
    let known = ledger.look_up(lite, []).await?.people;
    let now_of = |uid: &Uid| known.get(uid).and_then(|agreed| agreed.moved_to.clone());
    let mut found: HashMap<Uid, Contact> = HashMap::new();
    for contact in contacts {
        let uid = match contact.uid.clone().or_else(|| by_contact.get(&contact.id).cloned()) {
            Some(uid) => now_of(&uid).unwrap_or(uid),
            None => match look_up(&contact, ready).await? {
                Some(uid) => uid,
                None => continue,
            },
        };
        let is_better = found.get(&uid).is_none_or(|other| is_likelier(&contact, other));
        if is_better {
            found.insert(uid, contact);
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found)
}

/// The account with the contact's address, when there is exactly one. A deleted contact is not worth a look.
async fn look_up(contact: &Contact, ready: &Ready) -> Result<Option<Uid>, PollError> {
    let Some(address) = contact.email.as_ref().filter(|_| contact.deleted_at.is_none()) else {
        return Ok(None);
    };
    home::holder(ready, address).await
}

/// Of two contacts that carry one UID: the one that is not deleted, then the one that changed last.
fn is_likelier(contact: &Contact, other: &Contact) -> bool {
    let rank = |contact: &Contact| (contact.deleted_at.is_none(), contact.updated_at);
    rank(contact) > rank(other)
}
