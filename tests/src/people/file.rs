//! People from a file: one account a line, as `accounts.search` returns them.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, BufRead, Read};

use serde_json::Value;
use shared::domain::account::AccountError;
use shared::domain::{Account, Uid};

/// Bytes of one line: Gigya's own limit of an account is 512 KB (SAP help, "data", object size), and names grow in JSON.
pub(super) const LINE_BYTES_MAX: usize = 1_048_576;

/// Bad lines that are named before the reading is given up.
pub(super) const BAD_LINES_MAX: usize = 20;

/// Why a file is not a population.
#[derive(Debug, thiserror::Error)]
pub enum AccountsFileError {
    /// It can't be read.
    #[error("the accounts could not be read after line {after}")]
    Read {
        /// Lines that were read.
        after: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Some lines are no accounts.
    #[error("{}", BadLines(.0))]
    BadLines(Vec<BadLine>),
}

/// A line that is no account; never what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: BadLineReason,
}

/// See [`BadLine::reason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLineReason {
    /// Longer than a mebibyte.
    #[error("is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// Not UTF-8.
    #[error("is not UTF-8")]
    NotText,
    /// Not JSON, from that column on.
    #[error("is no JSON from column {column} on")]
    NotJson {
        /// Counted from 1.
        column: usize,
    },
    /// JSON, but no account.
    #[error("is no account: {0}")]
    NotAnAccount(AccountError),
    /// An account that no delta could find.
    #[error("has neither lastUpdatedTimestamp nor lastUpdated")]
    NoTime,
    /// An account that was there already.
    #[error("has the UID of an earlier line")]
    Twice,
}

struct BadLines<'a>(&'a [BadLine]);

impl fmt::Display for BadLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        match count {
            1 => write!(f, "1 line is no account:")?,
            BAD_LINES_MAX.. => write!(f, "{count} lines and perhaps more are no accounts:")?,
            _ => write!(f, "{count} lines are no accounts:")?,
        }
        for BadLine { line, reason } in self.0 {
            write!(f, "\n  - line {line} {reason}")?;
        }
        Ok(())
    }
}

/// Reads accounts, one a line; empty lines are passed over.
///
/// # Errors
/// When the reader fails, or when lines are no accounts: all of them are named, by number and reason, up to
/// twenty.
pub fn from_ndjson(mut reader: impl BufRead) -> Result<Vec<Value>, AccountsFileError> {
    let (mut accounts, mut bad, mut uids) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut bytes = Vec::new();
    let mut line = 0;
    while bad.len() < BAD_LINES_MAX {
        bytes.clear();
        let read = (&mut reader)
            .take(LINE_BYTES_MAX as u64 + 1)
            .read_until(b'\n', &mut bytes)
            .map_err(|source| AccountsFileError::Read { after: line, source })?;
        if read == 0 {
            break;
        }
        line += 1;
        if bytes.len() > LINE_BYTES_MAX && !bytes.ends_with(b"\n") {
            bad.push(BadLine { line, reason: BadLineReason::TooLong });
            reader
                .skip_until(b'\n')
                .map_err(|source| AccountsFileError::Read { after: line, source })?;
            continue;
        }
        match parse(&bytes) {
            Ok(None) => {}
            Ok(Some((uid, account))) if uids.insert(uid.clone()) => accounts.push(account),
            Ok(Some(_)) => bad.push(BadLine { line, reason: BadLineReason::Twice }),
            Err(reason) => bad.push(BadLine { line, reason }),
        }
    }
    if bad.is_empty() { Ok(accounts) } else { Err(AccountsFileError::BadLines(bad)) }
}

/// An account as it was written, and its UID or what stands for it.
fn parse(bytes: &[u8]) -> Result<Option<(Uid, Value)>, BadLineReason> {
    let text = std::str::from_utf8(bytes).map_err(|_| BadLineReason::NotText)?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Ok(None);
    }
    let value: Value = serde_json::from_str(text)
        .map_err(|error| BadLineReason::NotJson { column: error.column().max(1) })?;
    let account =
        Account::from_email_account(value.clone()).map_err(BadLineReason::NotAnAccount)?;
    if account.last_updated().is_none() {
        return Err(BadLineReason::NoTime);
    }
    Ok(Some((account.uid().clone(), value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_read_back_as_they_were_written() {
        let people = super::super::People::new(5);
        let accounts: Vec<Value> = (0..50).map(|n| people.account(n)).collect();
        let lines: Vec<String> = accounts.iter().map(Value::to_string).collect();
        let file = format!("\u{feff}{}\r\n\n", lines.join("\n"));
        assert_eq!(from_ndjson(file.as_bytes()).unwrap(), accounts);
    }

    #[test]
    fn every_bad_line_is_named_by_number_and_reason_and_never_quoted() {
        let mut file = b"{\"UID\":\"u1\",\"lastUpdatedTimestamp\":1700000000000}\n\n".to_vec();
        file.extend(
            b"{\"UID\":\"secret-1\",}\n[\"secret-2\"]\n{\"UID\":7}\n{\"UID\":\"secret-3\"}\n",
        );
        file.extend(b"{\"UID\":\"u1\",\"lastUpdated\":\"2026-01-01T00:00:00Z\"}\n\xff\xfe\n");
        file.extend(vec![b'x'; LINE_BYTES_MAX + 5]);
        file.extend(b"\nsecret-4");
        let error = from_ndjson(file.as_slice()).unwrap_err();
        insta::assert_snapshot!(error, @r"
        8 lines are no accounts:
          - line 3 is no JSON from column 19 on
          - line 4 is no account: an account is a JSON object
          - line 5 is no account: an account has a UID
          - line 6 has neither lastUpdatedTimestamp nor lastUpdated
          - line 7 has the UID of an earlier line
          - line 8 is not UTF-8
          - line 9 is longer than 1048576 bytes
          - line 10 is no JSON from column 1 on
        ");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }

    #[test]
    fn a_file_of_rubbish_is_given_up_early() {
        let error = from_ndjson("rubbish\n".repeat(1_000).as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with("20 lines and perhaps more are no accounts:"));
    }
}
