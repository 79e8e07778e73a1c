//! Reading contacts.

use std::collections::BTreeSet;

use super::{Client, wire};
use crate::constant_contact::calls::found;
use crate::constant_contact::error::{ConstantContactError, Operation};
use crate::constant_contact::values::{segment, written};
use crate::constant_contact::{ContactPage, ContactsQuery, Cursor};
use crate::domain::limits::CONTACTS_PAGE_MAX;
use crate::domain::{Contact, ContactId, EmailAddress};

/// What belongs to a contact and is left out unless it is asked for (OAS, `GET /contacts`, `include`).
const INCLUDE: &str = "custom_fields,list_memberships,phone_numbers,street_addresses";

/// Everything that can be asked for, which is what a full replacement must give back.
pub(super) const INCLUDE_ALL: &str =
    "custom_fields,list_memberships,taggings,notes,phone_numbers,street_addresses";

impl Client {
    /// Reads the first page of contacts.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn contacts(
        &self,
        query: &ContactsQuery,
    ) -> Result<ContactPage, ConstantContactError> {
        let limit = CONTACTS_PAGE_MAX.to_string();
        let mut window = Vec::new();
        let mut status = "all";
        match query {
            ContactsQuery::Changed { after, before } => {
                window.extend(after.map(|after| ("updated_after", written(after))));
                window.push(("updated_before", written(*before)));
            }
            ContactsQuery::OptedOut { after: Some(after), before } => {
                window.push(("optout_after", written(*after)));
                window.push(("optout_before", written(*before)));
            }
            ContactsQuery::OptedOut { after: None, before } => {
                status = "unsubscribed";
                window.push(("optout_before", written(*before)));
            }
            ContactsQuery::All => {}
        }
        let mut query = vec![("status", status), ("include", INCLUDE), ("limit", &limit)];
        query.extend(window.iter().map(|(name, value)| (*name, value.as_str())));
        self.page(self.get(Operation::ReadContacts, "/contacts", &query)).await
    }

    /// Reads the page that a cursor points at.
    ///
    /// # Errors
    /// When the call fails, also because the cursor has died.
    pub async fn next(&self, cursor: &Cursor) -> Result<ContactPage, ConstantContactError> {
        self.page(self.follow(Operation::ReadContacts, cursor)?).await
    }

    /// Reads one contact; `None` when there is none of this id. A deleted one has its `deleted_at`.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn contact(&self, id: &ContactId) -> Result<Option<Contact>, ConstantContactError> {
        match self.raw_contact(id, INCLUDE).await? {
            Some(contact) => Ok(self.understand(vec![contact]).await?.pop()),
            None => Ok(None),
        }
    }

    /// Reads the contact that has this address, deleted ones only where no other has it.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn contact_by_address(
        &self,
        address: &EmailAddress,
    ) -> Result<Option<Contact>, ConstantContactError> {
        let query = [("email", address.expose()), ("status", "all"), ("include", INCLUDE)];
        let page = self.page(self.get(Operation::ReadContacts, "/contacts", &query)).await?;
        let has_it = |contact: &Contact| contact.email.as_ref() == Some(address);
        Ok(page.contacts.into_iter().filter(has_it).min_by_key(|contact| contact.deleted_at))
    }

    /// One contact as it is on the wire.
    pub(super) async fn raw_contact(
        &self,
        id: &ContactId,
        include: &str,
    ) -> Result<Option<wire::Contact>, ConstantContactError> {
        let path = format!("/contacts/{}", segment(id.as_str()));
        found(self.call(&self.get(Operation::ReadContact, &path, &[("include", include)])).await)
    }

    async fn page(&self, request: super::Request) -> Result<ContactPage, ConstantContactError> {
        let page: wire::Contacts = self.call(&request).await?;
        let next = page.links.next();
        Ok(ContactPage { contacts: self.understand(page.contacts).await?, next })
    }

    async fn understand(
        &self,
        contacts: Vec<wire::Contact>,
    ) -> Result<Vec<Contact>, ConstantContactError> {
        let ids: BTreeSet<_> = contacts.iter().flat_map(wire::Contact::custom_field_ids).collect();
        let fields = if ids.is_empty() { None } else { Some(self.catalogue_for(&ids).await?) };
        let fields = fields.unwrap_or_default();
        Ok(contacts
            .into_iter()
            .map(|contact| contact.into_domain(&fields, &self.uid_field))
            .collect())
    }
}
