//! One person, as both sides and the ledger have them now.

use std::sync::Arc;

use shared::constant_contact::{ConstantContact, ConstantContactError};
use shared::domain::agreed::{Agreed, Tombstone};
use shared::domain::plan::{Plan, Seen, Terms, address_fingerprint, plan, with_address_mark};
use shared::domain::{Account, Contact, ContactField, FingerprintKey, Uid};
use shared::gigya::{Gigya, GigyaError};
use shared::secrets::SecretsError;
use shared::settings::customer::CustomerSettings;
use shared::settings::source::SourceError;
use shared::store::StoreError;
use shared::vendors::VendorError;

use crate::services::Services;

/// Why a person could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SourceError),
    /// The secret cannot be used.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// Settings and secret do not make a client.
    #[error(transparent)]
    Vendor(#[from] VendorError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Gigya refused.
    #[error("the account could not be read")]
    Gigya(#[from] GigyaError),
    /// Constant Contact refused.
    #[error("the contact could not be read")]
    ConstantContact(#[from] ConstantContactError),
}

/// What is needed to look at people: the settings and secret of now, and a client of each vendor.
pub(crate) struct Desk {
    settings: Arc<CustomerSettings>,
    key: FingerprintKey,
    gigya: Gigya,
    constant_contact: ConstantContact,
}

impl Services {
    /// The clients by the settings of now.
    pub(crate) async fn desk(&self) -> Result<Desk, LookError> {
        let settings = self.settings.read().await?;
        let secret = self.secrets.read().await?;
        let gigya = self.gigya(&settings, &secret)?;
        let constant_contact = self.constant_contact(&settings, &secret)?;
        Ok(Desk { settings, key: secret.fingerprint_key, gigya, constant_contact })
    }
}

impl Desk {
    /// Reads one person afresh at both vendors, and what is agreed about them. Nothing is written.
    pub(crate) async fn look(&self, services: &Services, uid: &Uid) -> Result<Person, LookError> {
        let policy = &self.settings.policy;
        let account = match uid.lite_token() {
            None => self.gigya.account(uid, &policy.paths()).await?,
            Some(_) => self.gigya.lite_account(uid, &policy.paths()).await?,
        };
        let address = account.as_ref().and_then(|account| policy.mapping.email(account).ok());
        let print = address.as_ref().map(|address| address_fingerprint(&self.key, address));
        let mut known = services.ledger().await?.look_up([uid.clone()], print).await?;
        let agreed = known.people.remove(uid);
        let id = agreed.as_ref().and_then(|agreed| agreed.contact.as_ref());
        let contact = match (id, &address) {
            (Some(id), _) => self.constant_contact.contact(id).await?,
            (None, Some(address)) => self.constant_contact.contact_by_address(address).await?,
            (None, None) => None,
        };
        // Somebody else's mark, who left with this address.
        let address_mark = print
            .and_then(|print| known.addresses.remove(&print))
            .filter(|entry| entry.holder.as_ref() != Some(uid))
            .and_then(|entry| entry.left);
        let (settings, key) = (Arc::clone(&self.settings), self.key.clone());
        Ok(Person { settings, key, account, contact, agreed, address_mark })
    }
}

/// One person.
pub(crate) struct Person {
    pub(crate) settings: Arc<CustomerSettings>,
    pub(crate) key: FingerprintKey,
    /// The account; `None` where Gigya does not know the UID.
    pub(crate) account: Option<Account>,
    /// The contact that the ledger names, else the one with the account's address.
    pub(crate) contact: Option<Contact>,
    pub(crate) agreed: Option<Agreed>,
    /// The mark that another account left on the address.
    pub(crate) address_mark: Option<Tombstone>,
}

impl Person {
    /// What is to be done for them now, and why.
    pub(crate) fn plan(&self, now: jiff::Timestamp) -> Plan {
        let terms = Terms { policy: &self.settings.policy, key: &self.key, read_at: None };
        // That Gigya does not know a UID proves nothing: nobody is removed for it.
        let gigya = self.account.as_ref().map_or(Seen::Unobserved, Seen::Present);
        let there = self.contact.as_ref().map_or(Seen::Absent, Seen::Present);
        let agreed = with_address_mark(self.agreed.as_ref(), self.address_mark);
        plan(gigya, there, agreed.as_ref(), terms, now)
    }

    /// Gigya's value for a field, as it would travel; `None` where there is no account or no such rule.
    pub(crate) fn value_at_gigya(&self, field: &ContactField) -> Option<String> {
        let rule = self.settings.policy.mapping.rule(field)?;
        Some(rule.source(self.account.as_ref()?))
    }
}
