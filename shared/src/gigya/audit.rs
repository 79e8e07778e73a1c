//! The audit log: which accounts went, as far as it tells.
//!
//! Searches never show who was deleted, so the log is asked (SAP help, audit.search; "Using the Audit Log"). It does
//! not tell everything: calls with *application keys* are not logged "except where otherwise noted", so whoever was
//! deleted by a program of the customer's is missing; entries are kept for twelve months, unless the console says
//! otherwise; and they appear a little later than they happen. Nor is an entry proof: in older documents its `uid` is
//! who made the call. So whoever acts on one asks [`whereabouts`](Gigya::whereabouts) first, and whoever must find
//! everybody compares what is known with what Gigya still holds.
//!
//! A deactivated account (accounts.setAccountInfo with `isActive`) did not go: it stays in searches and says so itself.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Gigya;
use super::error::GigyaError;
use super::query::iso;
use super::search::{Bookmark, RawPage};
use super::wire::Method;
use crate::domain::limits::{AUDIT_RETENTION_DAYS, SEARCH_PAGE_MAX};
use crate::domain::{Uid, account};

/// Calls by which an account goes (SAP help, "Account Audit Log", audited actions; accounts.deleteLiteAccount is
/// logged if it is among "all other audited APIs").
const CALLS: [(&str, Call); 4] = [
    ("accounts.deleteAccount", Call::Delete),
    ("accounts.deleteLiteAccount", Call::DeleteLite),
    ("socialize.deleteAccount", Call::Delete),
    ("socialize.setUID", Call::Rename),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Delete,
    DeleteLite,
    Rename,
}

/// A search of the audit log for accounts that went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditQuery {
    from: Timestamp,
    page_entries: usize,
}

/// Gigya's bookmark in a search of the audit log; it dies as a [`Cursor`](super::Cursor) does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCursor(Bookmark);

/// One answer of the audit log. A page may be short or even empty and is still not the last one while `next` is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// What happened, in the order of time; the same person may come more than once.
    pub entries: Vec<AuditEntry>,
    /// Where the search goes on; `None` at its end.
    pub next: Option<AuditCursor>,
    /// How many entries match in all, by Gigya's count.
    pub total: Option<u64>,
    /// Entries that say neither who nor when in a way that is understood.
    pub unread: usize,
}

/// That an account went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Whom it may be about, the likeliest first: `params.UID`, the entry's own `uid`, the token of a lite account.
    /// Never empty. Each of them is to be confirmed.
    pub uids: Vec<Uid>,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: AuditEvent,
}

/// How an account went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditEvent {
    /// It was deleted.
    Deleted,
    /// A lite account was deleted; the same person may still have a full one.
    LiteDeleted,
    /// The person has another UID now (socialize.setUID): not deleted, only known under another name.
    Renamed {
        /// The new UID, where the entry tells it.
        to: Option<Uid>,
    },
}

impl AuditQuery {
    /// Everybody who went at this instant or later. It is `>=`, because a program deletes many within a millisecond.
    pub fn since(from: Timestamp) -> Self {
        Self { from, page_entries: SEARCH_PAGE_MAX }
    }

    /// Entries of a page, within 1 and [`SEARCH_PAGE_MAX`].
    #[must_use]
    pub fn page_entries(self, entries: usize) -> Self {
        Self { page_entries: entries.clamp(1, SEARCH_PAGE_MAX), ..self }
    }

    /// Whether the log, as it is kept by default, still reaches back to where the query begins. If not, its answer
    /// is not everybody.
    pub fn is_within_retention(&self, now: Timestamp) -> bool {
        now.duration_since(self.from) <= SignedDuration::from_hours(AUDIT_RETENTION_DAYS * 24)
    }

    /// The query as Gigya takes it: `SELECT *` alone is allowed, and every value is quoted (SAP help, audit.search).
    /// `=` and `IN` compare case, and SAP's own example writes `accounts.sociallogin`, so each call is named in both
    /// spellings.
    pub fn text(&self) -> String {
        let calls: Vec<String> = CALLS
            .iter()
            .map(|(call, _)| format!("\"{call}\", \"{}\"", call.to_ascii_lowercase()))
            .collect();
        format!(
            "SELECT * FROM auditLog WHERE endpoint IN ({}) AND errCode = \"0\" \
             AND @timestamp >= \"{}\" ORDER BY @timestamp LIMIT {}",
            calls.join(", "),
            iso(self.from),
            self.page_entries
        )
    }
}

impl Gigya {
    /// Begins a search of the audit log and reads its first page.
    ///
    /// # Errors
    /// When Gigya does not answer, or refuses; [`GigyaError::is_forbidden`] tells that the application may not read
    /// the log, or that the site's package has none.
    pub async fn audit_search(&self, query: &AuditQuery) -> Result<AuditPage, GigyaError> {
        self.open(Method::AuditSearch, query.text()).await.map(audit_page)
    }

    /// Reads the next page. A failed attempt is made again with the same cursor, which gives the same page.
    ///
    /// # Errors
    /// [`GigyaError::CursorLost`] when the cursor is no longer known; else as [`audit_search`](Self::audit_search).
    pub async fn audit_next(&self, cursor: &AuditCursor) -> Result<AuditPage, GigyaError> {
        self.go_on(&cursor.0).await.map(audit_page)
    }
}

fn audit_page(page: RawPage) -> AuditPage {
    let items = page.items.len();
    let entries: Vec<AuditEntry> = page.items.iter().filter_map(entry).collect();
    let unread = items - entries.len();
    AuditPage { entries, next: page.next.map(AuditCursor), total: page.total, unread }
}

/// Reads an entry (SAP help, audit.search, "Response"). Its parameters are those of the call, as it was made.
fn entry(item: &Value) -> Option<AuditEntry> {
    let endpoint = text(item, "endpoint")?;
    let (_, call) = CALLS.iter().find(|(name, _)| name.eq_ignore_ascii_case(endpoint))?;
    let has_worked = match item.get("errCode")? {
        Value::String(code) => code.trim() == "0",
        Value::Number(code) => code.as_i64() == Some(0),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    };
    if !has_worked {
        return None;
    }
    let at = item.get("@timestamp").and_then(account::instant)?;
    let parameters = item.get("params").unwrap_or(&Value::Null);
    let uid = |of: &Value, name| text(of, name).map(Uid::from);
    let event = match call {
        Call::Delete => AuditEvent::Deleted,
        Call::DeleteLite => AuditEvent::LiteDeleted,
        Call::Rename => AuditEvent::Renamed { to: uid(parameters, "siteUID") },
    };
    let token = text(parameters, "emailAccountToken").map(Uid::of_lite);
    let mut uids: Vec<Uid> = Vec::new();
    for uid in [uid(parameters, "UID"), uid(item, "uid"), token].into_iter().flatten() {
        if !uids.contains(&uid) {
            uids.push(uid);
        }
    }
    (!uids.is_empty()).then_some(AuditEntry { uids, at, event })
}

/// The text of a field, whose name Gigya compares without regard to case on its way in.
fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    let fields = object.as_object()?;
    let found = fields.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
    found.and_then(|(_, value)| value.as_str()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_query_asks_for_every_way_to_go_and_quotes_all_it_compares() {
        let from = Timestamp::from_millisecond(1_700_000_000_007).unwrap();
        assert_eq!(
            AuditQuery::since(from).page_entries(5_000).text(),
            "SELECT * FROM auditLog WHERE endpoint IN (\
             \"accounts.deleteAccount\", \"accounts.deleteaccount\", \
             \"accounts.deleteLiteAccount\", \"accounts.deleteliteaccount\", \
             \"socialize.deleteAccount\", \"socialize.deleteaccount\", \
             \"socialize.setUID\", \"socialize.setuid\") AND errCode = \"0\" \
             AND @timestamp >= \"2023-11-14T22:13:20.007Z\" ORDER BY @timestamp LIMIT 1000"
        );
    }

    #[test]
    fn a_mark_older_than_the_log_is_told() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let days_ago = |days: i64| AuditQuery::since(now - SignedDuration::from_hours(24 * days));
        assert!(days_ago(364).is_within_retention(now));
        assert!(!days_ago(366).is_within_retention(now));
    }

    #[test]
    fn an_entry_tells_whom_it_may_be_about_when_and_how() {
        let at = "2024-05-01T00:00:00.000Z";
        let deleted = entry(&json!({"@timestamp": at, "errCode": "0",
            "endpoint": "accounts.deleteaccount", "uid": "admin", "params": {"uid": "u1"}}));
        let deleted = deleted.unwrap();
        assert_eq!(
            (deleted.uids, deleted.at),
            (vec!["u1".into(), "admin".into()], at.parse().unwrap())
        );
        let lite = entry(&json!({"@timestamp": at, "errCode": 0, "uid": "",
            "endpoint": "accounts.deleteLiteAccount", "params": {"emailAccountToken": "7f3a"}}));
        let lite = lite.unwrap();
        assert_eq!((lite.uids, lite.event), (vec!["lite:7f3a".into()], AuditEvent::LiteDeleted));
        let renamed = entry(&json!({"@timestamp": at, "errCode": "0", "uid": "u1",
            "endpoint": "socialize.setUID", "params": {"UID": "u1", "siteUID": "s1"}}));
        let renamed = renamed.unwrap();
        assert_eq!(renamed.uids, ["u1".into()]);
        assert_eq!(renamed.event, AuditEvent::Renamed { to: Some("s1".into()) });
    }

    #[test]
    fn an_entry_that_failed_or_says_too_little_is_no_deletion() {
        let whole = json!({"@timestamp": "2024-05-01T00:00:00.000Z", "errCode": "0",
            "endpoint": "accounts.deleteAccount", "uid": "u1"});
        assert!(entry(&whole).is_some());
        for (name, value) in [
            ("errCode", json!("403007")),
            ("errCode", Value::Null),
            ("@timestamp", json!("yesterday")),
            ("endpoint", json!("accounts.login")),
            ("uid", json!("")),
        ] {
            let mut item = whole.clone();
            item[name] = value;
            assert_eq!(entry(&item), None, "{name}");
        }
    }
}
