//! What became of accounts that are missing: gone for good, or only out of sight.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::Gigya;
use super::error::GigyaError;
use super::query::AccountsQuery;
use super::search::unaskable;
use crate::domain::limits::{LOOKUP_UIDS_MAX, SEARCH_PAGE_MAX};
use crate::domain::{Account, Path, Uid};

/// What became of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whereabouts {
    /// It is there, with a registration.
    Full,
    /// It is there, as a lite account.
    Lite,
    /// The address of this lite account has a full account now, with this UID.
    Upgraded {
        /// The key by which the person is known now.
        to: Uid,
    },
    /// Neither the primary store nor a search knows this key. The person may still be there under another: accounts
    /// are merged and given other UIDs, and a lite account can become a full one with another UID. So whoever goes on
    /// to delete asks first whether another account has the address.
    Gone,
    /// A search shows it, but it cannot be read: it was deleted half a minute ago and the index lags, or the
    /// application may not read it. To be asked again later, and never to be taken for deleted.
    Unclear,
}

impl Gigya {
    /// What became of these people. "Unauthorized user" alone (403005) is no proof that an account is deleted: it is
    /// also what a key of another site hears about everybody. So a UID is gone only when accounts.getAccountInfo does
    /// not know it *and* searches that were answered do not show it, among full accounts or lite ones.
    ///
    /// One read for each person, and two searches for every [`LOOKUP_UIDS_MAX`] of those who could not be read.
    ///
    /// # Errors
    /// When Gigya does not answer, or refuses, or a UID cannot be put into a query.
    pub async fn whereabouts(
        &self,
        uids: &[Uid],
    ) -> Result<BTreeMap<Uid, Whereabouts>, GigyaError> {
        let nothing = BTreeSet::<Path>::new();
        let mut known = BTreeMap::new();
        let mut missing = BTreeSet::new();
        for uid in uids {
            if uid.lite_token().is_none() && self.account(uid, &nothing).await?.is_some() {
                known.insert(uid.clone(), Whereabouts::Full);
            } else {
                missing.insert(uid.clone());
            }
        }
        let missing: Vec<Uid> = missing.into_iter().collect();
        for slice in missing.chunks(LOOKUP_UIDS_MAX) {
            known.extend(self.look_around(slice).await?);
        }
        Ok(known)
    }

    /// Those of these people whom no search shows under the key that we know: the doubt, and no proof. Whoever acts on
    /// it asks [`whereabouts`](Self::whereabouts) first.
    ///
    /// A search for every [`LOOKUP_UIDS_MAX`] people, and another one for those of them who have no full account.
    ///
    /// # Errors
    /// When Gigya does not answer, or refuses, or a UID cannot be put into a query.
    pub async fn unseen(&self, uids: &[Uid]) -> Result<BTreeSet<Uid>, GigyaError> {
        let mut unseen = BTreeSet::new();
        for slice in uids.chunks(LOOKUP_UIDS_MAX) {
            let found = self.look_around(slice).await?.into_iter();
            unseen.extend(found.filter_map(|(uid, whereabouts)| match whereabouts {
                Whereabouts::Gone | Whereabouts::Upgraded { .. } => Some(uid),
                Whereabouts::Full | Whereabouts::Lite | Whereabouts::Unclear => None,
            }));
        }
        Ok(unseen)
    }

    /// What searches tell of these people, at most [`LOOKUP_UIDS_MAX`], whom nobody has read.
    async fn look_around(&self, uids: &[Uid]) -> Result<Vec<(Uid, Whereabouts)>, GigyaError> {
        let nothing = BTreeSet::<Path>::new();
        let full = AccountsQuery::of(uids, &nothing).map_err(unaskable)?;
        let full = self.read_all(full.page_accounts(SEARCH_PAGE_MAX).text()).await?;
        let full: HashSet<&Uid> = full.iter().map(Account::uid).collect();
        let others: Vec<Uid> = uids.iter().filter(|uid| !full.contains(uid)).cloned().collect();
        let found = if others.is_empty() {
            Vec::new()
        } else {
            let query = AccountsQuery::email_accounts_of(&others, &nothing).map_err(unaskable)?;
            self.read_all(query.page_accounts(SEARCH_PAGE_MAX).text()).await?
        };
        let by_key: HashMap<Uid, &Account> =
            found.iter().flat_map(|account| keys(account).map(move |key| (key, account))).collect();
        let judged = |uid: &Uid| {
            let whereabouts = judge(uid, full.contains(uid), by_key.get(uid).copied());
            (uid.clone(), whereabouts)
        };
        Ok(uids.iter().map(judged).collect())
    }
}

/// Every key by which an email account may be known: its UID and its token.
fn keys(account: &Account) -> impl Iterator<Item = Uid> {
    let token = account.fields().get("token").and_then(|token| token.as_str()).map(Uid::of_lite);
    std::iter::once(account.uid().clone()).chain(token)
}

/// What became of somebody who could not be read, by what searches show.
fn judge(uid: &Uid, is_in_accounts: bool, email_account: Option<&Account>) -> Whereabouts {
    match email_account {
        _ if is_in_accounts => Whereabouts::Unclear,
        None => Whereabouts::Gone,
        Some(account) if account.is_lite() => Whereabouts::Lite,
        Some(account) if uid.lite_token().is_some() && account.uid() != uid => {
            Whereabouts::Upgraded { to: account.uid().clone() }
        }
        Some(_) => Whereabouts::Unclear,
    }
}
