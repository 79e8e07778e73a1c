//! The text of a search, which can hold nothing that would change its meaning.

mod condition;
mod terms;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::defects::{self, Defect};
use crate::domain::limits::{LOOKUP_UIDS_MAX, SEARCH_PAGE_MAX};
use crate::domain::{Account, EmailAddress, Path, Uid};
use terms::{Clock, Whom, check_uids, leads_into, literal, subscription_channel};
pub(super) use terms::{iso, subscription_id};

/// What is always read of an account, beside what the query asks for.
pub const ALWAYS_SELECTED: [&str; 5] =
    ["UID", "lastUpdatedTimestamp", "lastUpdated", "isRegistered", "isActive"];

/// What is always read of an email account: it tells full from lite, has a key even where it has no UID, and has the
/// address (SAP help, "Email Accounts Object": `profile.email` is unique for each).
const ALWAYS_SELECTED_OF_EMAIL_ACCOUNTS: [&str; 7] = [
    "UID",
    "token",
    "hasFullAccount",
    "hasLiteAccount",
    "lastUpdatedTimestamp",
    "lastUpdated",
    "profile.email",
];

/// Where a person's addresses are (SAP help, accounts.search, "Account object"): the one that is mailed comes first.
pub(super) const ADDRESS_FIELDS: [&str; 3] =
    ["profile.email", "loginIDs.emails", "emails.verified"];

/// Accounts of a page, unless a query says otherwise: half of what is allowed, because pages time out when large.
const PAGE_ACCOUNTS: usize = 500;

const _: () = assert!(PAGE_ACCOUNTS <= SEARCH_PAGE_MAX, "a page is within what Gigya allows");

/// Why a query cannot be asked. Never repeats the value that is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A value that cannot be quoted: how to escape is not documented.
    #[error(
        "a value holds a quote, a backslash or a control character, which a query cannot carry"
    )]
    Value,
    /// More people than one look-up may name.
    #[error("{count} UIDs are more than the {LOOKUP_UIDS_MAX} that one look-up may name")]
    TooManyUids {
        /// How many there are.
        count: usize,
    },
    /// Nobody to look up.
    #[error("a look-up names nobody")]
    Nobody,
    /// A subscription was to be named.
    #[error("{path} leads into no subscription; write it as subscriptions.newsletter.email")]
    NoSubscription {
        /// The path that was given.
        path: Path,
    },
    /// The customer's condition is more than a condition.
    #[error("the condition {problem}")]
    Condition {
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// Where a search looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Full accounts, without their subscriptions.
    Accounts,
    /// One entry for each address, lite or full, with its subscriptions.
    EmailAccounts,
}

/// A search for accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountsQuery {
    source: Source,
    clock: Clock,
    select: BTreeSet<Path>,
    whom: Whom,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    only_where: Option<String>,
    page_accounts: usize,
}

impl AccountsQuery {
    fn new(source: Source, whom: Whom, paths: &BTreeSet<Path>) -> Self {
        let is_shown = |path: &&Path| match source {
            Source::Accounts => path.section() != "subscriptions",
            Source::EmailAccounts => true,
        };
        Self {
            source,
            clock: Clock::LastUpdated,
            select: paths.iter().filter(is_shown).cloned().collect(),
            whom,
            from: None,
            to: None,
            only_where: None,
            page_accounts: PAGE_ACCOUNTS,
        }
    }

    /// Everybody with a full account, with the values at these paths. Paths into `subscriptions` are left out, because
    /// Gigya does not return them `FROM accounts` (SAP help, accounts.search): read them with
    /// [`subscriptions_of`](super::Gigya::subscriptions_of).
    pub fn everybody(paths: &BTreeSet<Path>) -> Self {
        Self::new(Source::Accounts, Whom::Everybody, paths)
    }

    /// These people alone, at most [`LOOKUP_UIDS_MAX`], of those with a full account.
    ///
    /// # Errors
    /// When there are none or too many, or a UID holds a quote or a backslash.
    pub fn of(uids: &[Uid], paths: &BTreeSet<Path>) -> Result<Self, QueryError> {
        check_uids(uids)?;
        Ok(Self::new(Source::Accounts, Whom::Keys(uids.to_vec()), paths))
    }

    /// Everybody with a lite account and no full one, subscriptions included. Their time moves with any change, a
    /// subscription's too (SAP help, "Email Accounts Object", `lastUpdated`). Lytics, a client in production, asks in
    /// the same words. The address is always read, because it is how a lite account is written.
    pub fn lite(paths: &BTreeSet<Path>) -> Self {
        Self::new(Source::EmailAccounts, Whom::Lite, paths)
    }

    /// Every address, lite or full, by the time of its email account: it moves when the full account with its UID is
    /// changed and when a subscription is, a confirmed double opt-in included (SAP help, "Email Accounts Object"). So
    /// it misses nothing that [`subscribers`](Self::subscribers) finds, and finds everybody who edits a profile too.
    ///
    /// One address is one entry with one UID, even where several full accounts share it.
    pub fn email_accounts(paths: &BTreeSet<Path>) -> Self {
        Self::new(Source::EmailAccounts, Whom::Everybody, paths)
    }

    /// These people alone, at most [`LOOKUP_UIDS_MAX`], by UID or by the key of a lite account.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn email_accounts_of(uids: &[Uid], paths: &BTreeSet<Path>) -> Result<Self, QueryError> {
        check_uids(uids)?;
        Ok(Self::new(Source::EmailAccounts, Whom::Keys(uids.to_vec()), paths))
    }

    /// Every address, lite or full, by the time at which this subscription last changed its state. The path may end in
    /// the channel (`subscriptions.newsletter.email`) or before it.
    ///
    /// That `lastUpdatedSubscriptionState` can be searched is not documented, but Lytics does in production; what is
    /// documented is that times which are text are compared as quoted ISO texts (SAP help, accounts.search). It moves
    /// with `isSubscribed` alone (SAP help, "Subscriptions Object"), so a double opt-in that is confirmed later does
    /// not show; and whoever was never asked has no such time and never comes. Where a site refuses the query with
    /// 400006, or confirmations count, [`email_accounts`](Self::email_accounts) is the documented way.
    ///
    /// # Errors
    /// When the path leads into no subscription.
    pub fn subscribers(subscription: &Path, paths: &BTreeSet<Path>) -> Result<Self, QueryError> {
        let channel = subscription_channel(subscription)?;
        let mut query = Self::new(Source::EmailAccounts, Whom::Everybody, paths);
        query.select.retain(|path| !leads_into(&channel, path));
        query.select.insert(channel.clone());
        Ok(Self { clock: Clock::Subscription { path: channel }, ..query })
    }

    /// The email accounts with this address.
    pub(super) fn with_address(
        address: &EmailAddress,
        paths: &BTreeSet<Path>,
    ) -> Result<Self, QueryError> {
        literal(address.expose())?;
        Ok(Self::new(Source::EmailAccounts, Whom::Address(address.clone()), paths))
    }

    /// Only accounts that changed at this instant or later, by the query's clock. It is `>=`, because an import gives
    /// thousands of accounts the same millisecond.
    #[must_use]
    pub fn updated_from(self, from: Timestamp) -> Self {
        Self { from: Some(from), ..self }
    }

    /// Only accounts that changed at this instant or before, by the query's clock.
    #[must_use]
    pub fn updated_to(self, to: Timestamp) -> Self {
        Self { to: Some(to), ..self }
    }

    /// Only accounts that fulfil the customer's own condition, in Gigya's query language: `data.member = true`.
    ///
    /// # Errors
    /// When the text is no condition on its own: quotes or parentheses that are not closed, or another clause. When
    /// email accounts are searched and it names a field that only full accounts have, such as `isRegistered`.
    pub fn only_where(self, condition: &str) -> Result<Self, QueryError> {
        condition::check(condition, self.source)?;
        Ok(Self { only_where: Some(condition.trim().to_owned()), ..self })
    }

    /// Accounts of a page, within 1 and [`SEARCH_PAGE_MAX`].
    #[must_use]
    pub fn page_accounts(self, accounts: usize) -> Self {
        Self { page_accounts: accounts.clamp(1, SEARCH_PAGE_MAX), ..self }
    }

    /// The time of an account that this query found, by the query's clock: what a watermark is made of.
    pub fn time_of(&self, account: &Account) -> Option<Timestamp> {
        match &self.clock {
            Clock::LastUpdated => account.last_updated(),
            Clock::Subscription { path } => account.subscription(path)?.changed_at,
        }
    }

    /// The query as Gigya takes it. The most selective condition comes first, because Gigya evaluates from left to
    /// right; times are compared as milliseconds where there are any, which is documented to be much cheaper than as
    /// text.
    pub fn text(&self) -> String {
        let (source, always): (_, &[&str]) = match self.source {
            Source::Accounts => ("accounts", &ALWAYS_SELECTED),
            Source::EmailAccounts => ("emailAccounts", &ALWAYS_SELECTED_OF_EMAIL_ACCOUNTS),
        };
        let selected: BTreeSet<&str> =
            self.select.iter().map(Path::as_str).filter(|path| !always.contains(path)).collect();
        let fields: Vec<&str> = always.iter().copied().chain(selected).collect();
        let clock = self.clock.field();
        let at_or_after = if defects::is_back(Defect::StrictlyAfter) { ">" } else { ">=" };
        let conditions: Vec<String> = [
            self.whom.condition(),
            self.from.map(|at| format!("{clock} {at_or_after} {}", self.clock.literal(at))),
            self.to.map(|at| format!("{clock} <= {}", self.clock.literal(at))),
            self.only_where.as_deref().map(|condition| format!("({condition})")),
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut text = format!("SELECT {} FROM {source}", fields.join(", "));
        if !conditions.is_empty() {
            text.push_str(" WHERE ");
            text.push_str(&conditions.join(" AND "));
        }
        for part in [" ORDER BY ", &clock, " LIMIT ", &self.page_accounts.to_string()] {
            text.push_str(part);
        }
        text
    }
}

/// Who has one of these addresses. `CONTAINS` compares encrypted fields without regard to case, `=` the whole value of the
/// others (SAP help, accounts.search, "Encrypted fields"); what `CONTAINS` finds beside them is sorted out by whoever
/// reads the answer.
pub(super) fn holders_of(addresses: &[EmailAddress]) -> Result<String, QueryError> {
    if addresses.is_empty() {
        return Err(QueryError::Nobody);
    }
    let mut conditions = Vec::new();
    for address in addresses {
        let address = literal(address.expose())?;
        conditions.extend(ADDRESS_FIELDS.iter().flat_map(|field| {
            [format!("{field} = {address}"), format!("{field} CONTAINS {address}")]
        }));
    }
    Ok(format!(
        "SELECT {}, {} FROM accounts WHERE {} LIMIT {PAGE_ACCOUNTS}",
        ALWAYS_SELECTED.join(", "),
        ADDRESS_FIELDS.join(", "),
        conditions.join(" OR "),
    ))
}

/// Whether a query can carry this address.
pub(super) fn can_carry(address: &EmailAddress) -> bool {
    literal(address.expose()).is_ok()
}

#[cfg(test)]
mod tests;
