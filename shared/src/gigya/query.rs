//! The text of a search, which can hold nothing that would change its meaning.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::limits::{LOOKUP_UIDS_MAX, SEARCH_PAGE_MAX};
use crate::domain::{EmailAddress, Path, Uid};

/// What is always read of an account, beside what the query asks for.
pub const ALWAYS_SELECTED: [&str; 5] =
    ["UID", "lastUpdatedTimestamp", "lastUpdated", "isRegistered", "isActive"];

/// Where a person's addresses are (SAP help, accounts.search, "Account object"): the one that is mailed comes first.
pub(super) const ADDRESS_FIELDS: [&str; 3] =
    ["profile.email", "loginIDs.emails", "emails.verified"];

/// Accounts of a page, unless a query says otherwise: half of what is allowed, because pages time out when large.
const PAGE_ACCOUNTS: usize = 500;

const _: () = assert!(PAGE_ACCOUNTS <= SEARCH_PAGE_MAX, "a page is within what Gigya allows");

/// Words that begin another clause, which a condition cannot hold outside of quotes.
const CLAUSES: [&str; 9] =
    ["SELECT", "FROM", "WHERE", "FILTER", "GROUP", "ORDER", "START", "LIMIT", "WITH"];

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
    /// The customer's condition is more than a condition.
    #[error("the condition {problem}")]
    Condition {
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// A search `FROM accounts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountsQuery {
    select: BTreeSet<Path>,
    uids: Option<Vec<Uid>>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    only_where: Option<String>,
    page_accounts: usize,
}

impl AccountsQuery {
    /// Everybody, with the values at these paths. Paths into `subscriptions` are left out, because Gigya does not
    /// return them `FROM accounts` (SAP help, accounts.search): read them with
    /// [`subscriptions_of`](super::Gigya::subscriptions_of).
    pub fn everybody(paths: &BTreeSet<Path>) -> Self {
        let select =
            paths.iter().filter(|path| path.section() != "subscriptions").cloned().collect();
        Self {
            select,
            uids: None,
            from: None,
            to: None,
            only_where: None,
            page_accounts: PAGE_ACCOUNTS,
        }
    }

    /// These people alone, at most [`LOOKUP_UIDS_MAX`].
    ///
    /// # Errors
    /// When there are none or too many, or a UID holds a quote or a backslash.
    pub fn of(uids: &[Uid], paths: &BTreeSet<Path>) -> Result<Self, QueryError> {
        check_uids(uids)?;
        Ok(Self { uids: Some(uids.to_vec()), ..Self::everybody(paths) })
    }

    /// Only accounts that changed at this instant or later. It is `>=`, because an import gives thousands of accounts
    /// the same millisecond.
    #[must_use]
    pub fn updated_from(self, from: Timestamp) -> Self {
        Self { from: Some(from), ..self }
    }

    /// Only accounts that changed at this instant or before.
    #[must_use]
    pub fn updated_to(self, to: Timestamp) -> Self {
        Self { to: Some(to), ..self }
    }

    /// Only accounts that fulfil the customer's own condition, in Gigya's query language: `data.member = true`.
    ///
    /// # Errors
    /// When the text is no condition on its own: quotes or parentheses that are not closed, or another clause.
    pub fn only_where(self, condition: &str) -> Result<Self, QueryError> {
        check_condition(condition)?;
        Ok(Self { only_where: Some(condition.trim().to_owned()), ..self })
    }

    /// Accounts of a page, within 1 and [`SEARCH_PAGE_MAX`].
    #[must_use]
    pub fn page_accounts(self, accounts: usize) -> Self {
        Self { page_accounts: accounts.clamp(1, SEARCH_PAGE_MAX), ..self }
    }

    /// The query as Gigya takes it. The most selective condition comes first, because Gigya evaluates from left to
    /// right; times are compared as milliseconds, which is documented to be much cheaper than as text.
    pub fn text(&self) -> String {
        let selected: BTreeSet<&str> = self
            .select
            .iter()
            .map(Path::as_str)
            .filter(|path| !ALWAYS_SELECTED.contains(path))
            .collect();
        let fields: Vec<&str> = ALWAYS_SELECTED.into_iter().chain(selected).collect();
        let conditions: Vec<String> = [
            self.uids.as_deref().map(is_one_of),
            self.from.map(|at| format!("lastUpdatedTimestamp >= {}", at.as_millisecond())),
            self.to.map(|at| format!("lastUpdatedTimestamp <= {}", at.as_millisecond())),
            self.only_where.as_deref().map(|condition| format!("({condition})")),
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut text = format!("SELECT {} FROM accounts", fields.join(", "));
        if !conditions.is_empty() {
            text.push_str(" WHERE ");
            text.push_str(&conditions.join(" AND "));
        }
        text.push_str(" ORDER BY lastUpdatedTimestamp LIMIT ");
        text.push_str(&self.page_accounts.to_string());
        text
    }
}

/// Who has this address. `CONTAINS` compares encrypted fields without regard to case, `=` the whole value of the
/// others (SAP help, accounts.search, "Encrypted fields"); what `CONTAINS` finds beside them is sorted out by whoever
/// reads the answer.
pub(super) fn holders_of(address: &EmailAddress) -> Result<String, QueryError> {
    let address = literal(address.expose())?;
    let conditions: Vec<String> = ADDRESS_FIELDS
        .iter()
        .flat_map(|field| [format!("{field} = {address}"), format!("{field} CONTAINS {address}")])
        .collect();
    Ok(format!(
        "SELECT {}, {} FROM accounts WHERE {} LIMIT {PAGE_ACCOUNTS}",
        ALWAYS_SELECTED.join(", "),
        ADDRESS_FIELDS.join(", "),
        conditions.join(" OR "),
    ))
}

/// The subscription at the path, of these people.
pub(super) fn subscriptions_of(uids: &[Uid], path: &Path) -> Result<String, QueryError> {
    check_uids(uids)?;
    Ok(format!(
        "SELECT UID, lastUpdatedTimestamp, {path} FROM emailAccounts WHERE {} LIMIT {SEARCH_PAGE_MAX}",
        is_one_of(uids)
    ))
}

fn check_uids(uids: &[Uid]) -> Result<(), QueryError> {
    if uids.is_empty() {
        return Err(QueryError::Nobody);
    }
    if uids.len() > LOOKUP_UIDS_MAX {
        return Err(QueryError::TooManyUids { count: uids.len() });
    }
    uids.iter().try_for_each(|uid| literal(uid.as_str()).map(drop))
}

fn is_one_of(uids: &[Uid]) -> String {
    let values: Vec<String> = uids.iter().map(|uid| format!("\"{uid}\"")).collect();
    format!("UID IN ({})", values.join(", "))
}

/// The value in double quotes, if it can be put there as it is.
fn literal(value: &str) -> Result<String, QueryError> {
    if value.is_empty() || value.chars().any(|c| c == '"' || c == '\\' || c.is_control()) {
        Err(QueryError::Value)
    } else {
        Ok(format!("\"{value}\""))
    }
}

fn check_condition(condition: &str) -> Result<(), QueryError> {
    let refused = |problem| Err(QueryError::Condition { problem });
    let mut quote = None;
    let mut depth = 0_usize;
    let mut bare = String::new();
    for c in condition.chars() {
        match (quote, c) {
            (_, '\\') => return refused("holds a backslash"),
            (_, c) if c.is_control() => return refused("holds a control character"),
            (Some(open), c) => {
                if open == c {
                    quote = None;
                }
            }
            (None, '"' | '\'') => {
                quote = Some(c);
                bare.push(' ');
            }
            (None, ';') => return refused("holds a semicolon"),
            (None, '(') => {
                depth += 1;
                bare.push(' ');
            }
            (None, ')') => {
                let Some(outer) = depth.checked_sub(1) else {
                    return refused("closes a parenthesis that is not open");
                };
                depth = outer;
                bare.push(' ');
            }
            (None, c) => bare.push(c),
        }
    }
    if quote.is_some() {
        return refused("has a quote that is not closed");
    }
    if depth > 0 {
        return refused("has a parenthesis that is not closed");
    }
    if condition.trim().is_empty() {
        return refused("is empty");
    }
    let is_clause = |word: &str| CLAUSES.iter().any(|clause| word.eq_ignore_ascii_case(clause));
    if bare.split_whitespace().any(is_clause) {
        return refused("holds another clause of a query");
    }
    Ok(())
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
