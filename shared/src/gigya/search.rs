//! Searches, page by page.

use std::collections::HashMap;
use std::fmt;

use serde_json::Value;

use super::error::GigyaError;
use super::query::{AccountsQuery, QueryError};
use super::wire::{Method, SearchAnswer};
use super::{Gigya, Parameters};
use crate::domain::limits::{LOOKUP_UIDS_MAX, SEARCH_PAGE_MAX};
use crate::domain::{Account, Path, Uid};
use crate::http::SCHEDULE;
use crate::http::call::with_retries;

/// How long one search may work: the longest that Gigya allows (SAP help, accounts.search, `timeout`).
const SEARCH_MILLISECONDS_MAX: u32 = 60_000;

/// Pages after which a look-up is given up on: a vendor that never ends must not keep us for ever.
const LOOKUP_PAGES_MAX: usize = 1_000;

/// How often a look-up is made that leaves somebody out.
const LOOKUPS_MAX: usize = 3;

/// Gigya's bookmark in a search of accounts. It dies after [`CURSOR_SECONDS_MAX`](crate::domain::limits::CURSOR_SECONDS_MAX)
/// without use, so it is never kept across invocations. Prints masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub(super) Bookmark);

/// Where any search goes on, and by which method. Prints masked.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Bookmark {
    method: Method,
    id: String,
}

impl fmt::Debug for Bookmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<cursor>")
    }
}

/// One answer of a search. A page may be short or even empty and is still not the last one while `next` is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The accounts, in the order of the search; somebody may come twice in a search, on different pages too.
    pub accounts: Vec<Account>,
    /// Where the search goes on; `None` at its end.
    pub next: Option<Cursor>,
    /// How many accounts match in all, by Gigya's count.
    pub total: Option<u64>,
    /// Items of the page that are no account, because they have no UID, and no token either.
    pub without_uid: usize,
}

/// A page before its items are read.
pub(super) struct RawPage {
    pub(super) items: Vec<Value>,
    pub(super) next: Option<Bookmark>,
    pub(super) total: Option<u64>,
}

impl Gigya {
    /// Begins a search and reads its first page.
    ///
    /// # Errors
    /// When Gigya does not answer, or refuses.
    pub async fn search(&self, query: &AccountsQuery) -> Result<Page, GigyaError> {
        self.open(Method::Search, query.text()).await.map(RawPage::into_page)
    }

    /// Reads the next page. A failed attempt is made again with the same cursor, which gives the same page.
    ///
    /// # Errors
    /// [`GigyaError::CursorLost`] when the cursor is no longer known; else as [`search`](Self::search).
    pub async fn next(&self, cursor: &Cursor) -> Result<Page, GigyaError> {
        self.go_on(&cursor.0).await.map(RawPage::into_page)
    }

    /// The `subscriptions` section, with the subtree at the path, of each of these people who has one; read
    /// `FROM emailAccounts`, because a search `FROM accounts` leaves it out (SAP help, accounts.search). Takes any
    /// number of people and asks for [`LOOKUP_UIDS_MAX`] at a time. Where a person has several email accounts, the
    /// one that changed last counts.
    ///
    /// # Errors
    /// When Gigya does not answer, or refuses, or a UID cannot be put into a query.
    pub async fn subscriptions_of(
        &self,
        uids: &[Uid],
        path: &Path,
    ) -> Result<HashMap<Uid, Value>, GigyaError> {
        let paths = [path.clone()].into();
        let mut found: HashMap<Uid, (Option<jiff::Timestamp>, Value)> = HashMap::new();
        for slice in uids.chunks(LOOKUP_UIDS_MAX) {
            let query = AccountsQuery::email_accounts_of(slice, &paths).map_err(unaskable)?;
            for account in self.read_all(query.page_accounts(SEARCH_PAGE_MAX).text()).await? {
                let Some(section) = account.fields().get("subscriptions") else { continue };
                let at = account.last_updated();
                let is_older = found.get(account.uid()).is_some_and(|(newest, _)| *newest > at);
                if !is_older {
                    found.insert(account.uid().clone(), (at, section.clone()));
                }
            }
        }
        Ok(found.into_iter().map(|(uid, (_, section))| (uid, section)).collect())
    }

    /// Reads a search for few people to its end. It is made again when its pages hold fewer than Gigya counts: whoever is left
    /// out would look like somebody who is not there.
    ///
    /// # Errors
    /// When Gigya does not answer, refuses, or leaves somebody out each time.
    pub async fn look_up(&self, query: &AccountsQuery) -> Result<Vec<Account>, GigyaError> {
        self.read_all(query.text()).await
    }

    pub(super) async fn read_all(&self, query: String) -> Result<Vec<Account>, GigyaError> {
        let mut again = 1..LOOKUPS_MAX;
        loop {
            match self.read_pages(query.clone()).await {
                Err(GigyaError::LeftOut { .. }) if again.next().is_some() => {}
                done => return done,
            }
        }
    }

    async fn read_pages(&self, query: String) -> Result<Vec<Account>, GigyaError> {
        let mut page = self.open(Method::Search, query).await?;
        let total = page.total;
        let mut items = std::mem::take(&mut page.items);
        for _ in 1..LOOKUP_PAGES_MAX {
            let Some(bookmark) = &page.next else { break };
            page = self.go_on(bookmark).await?;
            // A page may begin with what the one before it ended with.
            let repeated = usize::from(!items.is_empty() && page.items.first() == items.last());
            items.extend(page.items.drain(..).skip(repeated));
        }
        let method = Method::Search.name();
        if page.next.is_some() {
            let what = "more pages than a look-up can have";
            return Err(GigyaError::Unreadable { method, status: 200, what });
        }
        match total {
            Some(total) if (items.len() as u64) < total => {
                Err(GigyaError::LeftOut { method, shown: items.len(), total })
            }
            Some(_) | None => Ok(accounts(items)),
        }
    }

    /// How many entries Gigya counts for a search, where it says so.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub async fn count(&self, query: &AccountsQuery) -> Result<Option<u64>, GigyaError> {
        let query = query.clone().page_accounts(1).text();
        let timeout = SEARCH_MILLISECONDS_MAX.to_string();
        let parameters = Parameters::from([("query", query), ("timeout", timeout)]);
        let attempts =
            with_retries(&SCHEDULE, async || self.page(Method::Search, &parameters).await);
        Ok(attempts.await?.total)
    }

    /// Begins a search by the method.
    pub(super) async fn open(&self, method: Method, query: String) -> Result<RawPage, GigyaError> {
        let mut parameters =
            Parameters::from([("query", query), ("openCursor", "true".to_owned())]);
        if method == Method::Search {
            parameters.insert("timeout", SEARCH_MILLISECONDS_MAX.to_string());
        }
        with_retries(&SCHEDULE, async || self.page(method, &parameters).await).await
    }

    /// Goes on with a search; a cursor that is refused is tried once more, and is then lost.
    pub(super) async fn go_on(&self, bookmark: &Bookmark) -> Result<RawPage, GigyaError> {
        let Bookmark { method, id } = bookmark;
        let method = *method;
        let parameters = Parameters::from([("cursorId", id.clone())]);
        let attempts = with_retries(&SCHEDULE, async || self.page(method, &parameters).await).await;
        match attempts {
            Err(GigyaError::Refused(refusal)) if refusal.may_mean_lost_cursor() => {
                self.page(method, &parameters).await.map_err(|error| match error {
                    GigyaError::Refused(refusal) if refusal.may_mean_lost_cursor() => {
                        GigyaError::CursorLost { method: method.name(), refusal }
                    }
                    other => other,
                })
            }
            answer => answer,
        }
    }

    async fn page(&self, method: Method, parameters: &Parameters) -> Result<RawPage, GigyaError> {
        let answer: SearchAnswer = self.call(method, parameters).await?.parse()?;
        let id = answer.next_cursor_id.filter(|id| !id.is_empty());
        Ok(RawPage {
            items: answer.results.unwrap_or_default(),
            next: id.map(|id| Bookmark { method, id }),
            total: answer.total_count.and_then(|count| count.try_into().ok()),
        })
    }
}

impl RawPage {
    fn into_page(self) -> Page {
        let items = self.items.len();
        let accounts = accounts(self.items);
        let without_uid = items - accounts.len();
        Page { accounts, next: self.next.map(Cursor), total: self.total, without_uid }
    }
}

/// The items that are accounts; one of `FROM accounts` has no token, so both kinds are read in one way.
fn accounts(items: Vec<Value>) -> Vec<Account> {
    items.into_iter().filter_map(|item| Account::from_email_account(item).ok()).collect()
}

pub(super) fn unaskable(source: QueryError) -> GigyaError {
    GigyaError::Query { method: Method::Search.name(), source }
}
