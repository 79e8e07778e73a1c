//! One lite account: an address without registration, looked up, written, unsubscribed.
//!
//! Lite accounts are in no search `FROM accounts` and are not written by accounts.setAccountInfo, which wants a UID or
//! a token of the person's own (SAP help, "Lite Registration"). They are read from the search index, so what was just
//! written may not show for half a minute.

use std::collections::BTreeSet;
use std::fmt;

use super::accounts::sections;
use super::error::GigyaError;
use super::query::{self, AccountsQuery};
use super::search::unaskable;
use super::wire::Method;
use super::{Found, Gigya, Parameters, Written};
use crate::domain::{Account, EmailAddress, Patch, Path, Uid};

/// The one field of a lite account that is its name and cannot be written.
const ADDRESS: &str = "profile.email";

/// How an email account is named in a call that is about a subscription. Prints masked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum EmailAccountKey<'a> {
    /// By its address.
    Address(&'a EmailAddress),
    /// By its token, so that no address travels (see [`Uid::lite_token`]).
    Token(&'a str),
}

impl fmt::Debug for EmailAccountKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address(_) => "<address>",
            Self::Token(_) => "<token>",
        })
    }
}

impl Gigya {
    /// The lite account with this key, subscriptions included, as searches know it. `None` when there is none, or
    /// when a full account shares its address.
    ///
    /// # Errors
    /// When Gigya does not answer, or refuses, or the key cannot be put into a query.
    pub async fn lite_account(
        &self,
        uid: &Uid,
        paths: &BTreeSet<Path>,
    ) -> Result<Option<Account>, GigyaError> {
        let query = AccountsQuery::email_accounts_of(std::slice::from_ref(uid), paths);
        let accounts = self.read_all(query.map_err(unaskable)?.text()).await?;
        Ok(accounts.into_iter().find(Account::is_lite))
    }

    /// The lite account with this address, case apart; one that a full account shares is none. There can be several
    /// only where addresses differ in case.
    ///
    /// # Errors
    /// As [`lite_account`](Self::lite_account).
    pub async fn lite_account_by_address(
        &self,
        address: &EmailAddress,
        paths: &BTreeSet<Path>,
    ) -> Result<Found, GigyaError> {
        let query = AccountsQuery::with_address(address, paths).map_err(unaskable)?;
        let mut accounts = self.read_all(query.text()).await?;
        accounts.retain(|account| account.is_lite() && has_address(account, address));
        accounts.sort_by(|a, b| a.uid().cmp(b.uid()));
        accounts.dedup_by(|a, b| a.uid() == b.uid());
        Ok(match accounts.len() {
            0 | 1 => accounts.pop().map_or(Found::None, Found::One),
            _ => Found::Several(accounts.iter().map(|account| account.uid().clone()).collect()),
        })
    }

    /// Writes these fields of the lite account with this address (SAP help, accounts.importLiteAccount). No double
    /// opt-in mail is sent, and none is counted as a registration.
    ///
    /// **It makes the account where there is none**, so whoever calls reads it just before, and never brings back
    /// whom somebody deleted. Where a full account has the address, profile and data do not reach it, subscriptions
    /// do ("Email Accounts Object": data flows from accounts into email accounts and not back). To take back a
    /// consent use [`unsubscribe`](Self::unsubscribe), which makes nobody.
    ///
    /// # Errors
    /// [`GigyaError::Unwritable`] when the patch gives the account another address; else when Gigya does not answer,
    /// or refuses.
    pub async fn set_lite_account(
        &self,
        address: &EmailAddress,
        patch: &Patch,
    ) -> Result<Written, GigyaError> {
        let method = Method::ImportLiteAccount;
        let changed = patch.leaves().find(|(path, value)| {
            path.as_str() == ADDRESS && value.as_str() != Some(address.expose())
        });
        if let Some((path, _)) = changed {
            return Err(GigyaError::Unwritable { method: method.name(), path: path.clone() });
        }
        let mut parameters = Parameters::from([("email", address.expose().to_owned())]);
        sections(patch, &mut parameters);
        self.write(method, parameters).await
    }

    /// Takes back the consent to one subscription, of a lite account or a full one (SAP help, accounts.unsubscribe).
    /// The path may end in the channel or before it. Its tags stay as they are, because none are sent. Doing it again
    /// is harmless.
    ///
    /// # Errors
    /// When the path leads into no subscription, when Gigya does not answer, or refuses;
    /// [`GigyaError::is_unknown_person`] tells that nobody has the address or the token.
    pub async fn unsubscribe(
        &self,
        whom: EmailAccountKey<'_>,
        subscription: &Path,
    ) -> Result<Written, GigyaError> {
        let method = Method::Unsubscribe;
        let id = query::subscription_id(subscription)
            .map_err(|source| GigyaError::Query { method: method.name(), source })?;
        let (name, value) = match whom {
            EmailAccountKey::Address(address) => ("email", address.expose()),
            EmailAccountKey::Token(token) => ("channelToken", token),
        };
        let parameters = Parameters::from([("subscriptionID", id), (name, value.to_owned())]);
        self.write(method, parameters).await
    }
}

fn has_address(account: &Account, address: &EmailAddress) -> bool {
    let path: Option<Path> = ADDRESS.parse().ok();
    let text = path.as_ref().and_then(|path| account.text(path));
    text.is_some_and(|text| text.trim().eq_ignore_ascii_case(address.expose()))
}
