//! Reading contacts.

use super::{Client, wire};
use crate::constant_contact::calls::{Request, found};
use crate::constant_contact::error::{ConstantContactError, Operation};
use crate::constant_contact::values::{segment, written};
use crate::constant_contact::{ContactPage, ContactsQuery, Cursor};
use crate::domain::limits::CONTACTS_PAGE_MAX;
use crate::domain::{Contact, ContactId, EmailAddress, Permission};

impl Client {
    /// Reads the first page of contacts (v2 documents, "Contacts Collection").
    ///
    /// A window has a beginning only, `modified_since`; those who changed after its end are read as well, and again by the
    /// next read. Nobody says whether a date shows an unsubscribe, so the unsubscribed are always read whole, by status.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn contacts(
        &self,
        query: &ContactsQuery,
    ) -> Result<ContactPage, ConstantContactError> {
        let limit = CONTACTS_PAGE_MAX.to_string();
        let (status, since) = match query {
            ContactsQuery::Changed { after, before: _ } => ("ALL", after.map(written)),
            ContactsQuery::OptedOut { .. } => (wire::OPTED_OUT, None),
            ContactsQuery::All => ("ALL", None),
        };
        let mut query = vec![("status", status), ("limit", &limit)];
        query.extend(since.as_ref().map(|since| ("modified_since", since.as_str())));
        self.page(self.get(Operation::ReadContacts, "/contacts", &query)).await
    }

    /// Reads the page that a cursor points at. Its link is a path that replaces all parameters but the key; one that leads
    /// to another host is not followed, since key and token would go with it.
    ///
    /// # Errors
    /// When the call fails, also because the cursor has died.
    pub async fn next(&self, cursor: &Cursor) -> Result<ContactPage, ConstantContactError> {
        self.page(self.follow(Operation::ReadContacts, &cursor.0)?).await
    }

    /// Reads one contact; `None` when there is none of this id.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn contact(&self, id: &ContactId) -> Result<Option<Contact>, ConstantContactError> {
        let contact: Option<wire::Contact> = self.raw_contact(id).await?;
        Ok(contact.and_then(|contact| contact.into_domain(&self.uid_field)))
    }

    /// Reads the contact that has this address. There may be two records, of which the one whose id is 0 is none
    /// (`janrain-constant-contact`, on the advice of Constant Contact's staff).
    ///
    /// # Errors
    /// When the call fails.
    pub async fn contact_by_address(
        &self,
        address: &EmailAddress,
    ) -> Result<Option<Contact>, ConstantContactError> {
        let query = [("email", address.expose()), ("status", "ALL")];
        let page = self.page(self.get(Operation::ReadContacts, "/contacts", &query)).await?;
        let has_it = |contact: &Contact| contact.email.as_ref() == Some(address);
        // Should there be two all the same, the one who left counts.
        Ok(page
            .contacts
            .into_iter()
            .filter(has_it)
            .min_by_key(|contact| contact.permission != Permission::Unsubscribed))
    }

    /// One contact as it is on the wire; the id 0 is nobody's.
    pub(super) async fn raw_contact<T: serde::de::DeserializeOwned>(
        &self,
        id: &ContactId,
    ) -> Result<Option<T>, ConstantContactError> {
        if wire::is_nobody(id) {
            return Ok(None);
        }
        let path = format!("/contacts/{}", segment(id.as_str()));
        found(self.call(&self.get(Operation::ReadContact, &path, &[])).await)
    }

    /// Where a link leads, if it stays with the endpoint.
    pub(super) fn follow(
        &self,
        operation: Operation,
        link: &str,
    ) -> Result<Request, ConstantContactError> {
        let url = self.connection.endpoint().follow(link).ok_or_else(|| {
            let what = "its link leads elsewhere".to_owned();
            ConstantContactError::Unreadable { operation, what }
        })?;
        Ok(Request::plain(operation, http::Method::GET, url))
    }

    async fn page(&self, request: Request) -> Result<ContactPage, ConstantContactError> {
        let page: wire::Contacts = self.call(&request).await?;
        let next = page.meta.next();
        let contacts = page.results.into_iter();
        let contacts = contacts.filter_map(|contact| contact.into_domain(&self.uid_field));
        Ok(ContactPage { contacts: contacts.collect(), next })
    }
}
