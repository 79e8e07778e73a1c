//! The customer's own condition, which goes into a query as it is.

use super::{QueryError, Source};
use crate::domain::lite::full_only_field;

/// Words that begin another clause, which a condition cannot hold outside of quotes.
const CLAUSES: [&str; 9] =
    ["SELECT", "FROM", "WHERE", "FILTER", "GROUP", "ORDER", "START", "LIMIT", "WITH"];

/// Whether the text is a condition on its own, which cannot end the query's and begin another.
pub(super) fn check(condition: &str, source: Source) -> Result<(), QueryError> {
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
    match source {
        Source::Accounts => Ok(()),
        Source::EmailAccounts => {
            if full_only_field(condition).is_some() {
                refused("names a field of full accounts, which email accounts do not have")
            } else {
                Ok(())
            }
        }
    }
}
