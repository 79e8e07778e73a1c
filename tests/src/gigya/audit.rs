//! The audit log: what is logged, when it shows, and audit.search.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{Refusal, Reply};
use super::auth::Call;
use super::query::{Condition, Key, Literal, Query, Select, Shown, Source, iso, key, meets};
use super::search::{Cursors, Items, answer};
use super::switches::Switches;

/// The console user who makes the calls that are made in the console.
const CALLER: &str = "_caller_of_the_console";

/// The log, in the order of time.
#[derive(Debug, Default)]
pub(super) struct AuditLog(Vec<Arc<Entry>>);

/// One entry.
#[derive(Debug)]
pub(super) struct Entry {
    at: Timestamp,
    number: usize,
    endpoint: &'static str,
    code: i64,
    uid: Arc<str>,
    parameters: Map<String, Value>,
}

impl AuditLog {
    /// Logs a call about somebody; with code 0 it worked.
    pub(super) fn record(
        &mut self,
        at: Timestamp,
        endpoint: &'static str,
        code: i64,
        uid: &str,
        parameters: &[(&str, &str)],
    ) {
        let parameters = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect();
        let number = self.0.len();
        self.0.push(Arc::new(Entry { at, number, endpoint, code, uid: uid.into(), parameters }));
    }

    fn visible(&self, switches: &Switches, now: Timestamp) -> impl Iterator<Item = &Arc<Entry>> {
        let (from, to) = (now - switches.audit_retention, now - switches.audit_lag);
        self.0.iter().filter(move |entry| (from..=to).contains(&entry.at))
    }
}

/// An entry as the log shows it.
pub(super) struct EntryView<'a> {
    pub(super) entry: &'a Entry,
    pub(super) names_caller: bool,
}

impl Shown for EntryView<'_> {
    fn top(&self, name: &str) -> Option<Cow<'_, Value>> {
        let entry = self.entry;
        let value = match name {
            "@timestamp" => Value::from(iso(entry.at)),
            "callID" => Value::from(format!("{:032x}", entry.number)),
            "errCode" => Value::from(entry.code.to_string()),
            "errMessage" => Value::from(if entry.code == 0 { "OK" } else { "Error" }),
            "endpoint" => Value::from(entry.endpoint),
            "sourceIP" => Value::from("203.0.113.7"),
            "params" => Value::Object(entry.parameters.clone()),
            "uid" if self.names_caller => Value::from(CALLER),
            "uid" => Value::from(&*entry.uid),
            "httpReq" => json!({ "SDK": "js_latest", "country": "DE" }),
            _ => return None,
        };
        Some(Cow::Owned(value))
    }

    fn names(&self) -> Vec<&str> {
        let names = ["@timestamp", "callID", "errCode", "errMessage", "endpoint", "sourceIP"];
        names.into_iter().chain(["params", "uid", "httpReq"]).collect()
    }
}

pub(super) fn search(
    call: &Call,
    log: &AuditLog,
    cursors: &mut Cursors,
    switches: &Switches,
    now: Timestamp,
) -> Reply {
    answer(call, cursors, switches, now, |query| {
        check(query)?;
        let names_caller = switches.audit_names_caller;
        let is_met = |entry: &&Arc<Entry>| {
            let view = EntryView { entry, names_caller };
            query.condition.as_ref().is_none_or(|condition| meets(&view, condition))
        };
        let mut found: Vec<Arc<Entry>> =
            log.visible(switches, now).filter(is_met).cloned().collect();
        if let Some(order) = &query.order {
            found.sort_by_cached_key(|entry| -> Key {
                key(&EntryView { entry, names_caller }, &order.field)
            });
            if order.descending {
                found.reverse();
            }
        }
        Ok(Items::Entries { entries: found, names_caller })
    })
}

/// `SELECT *` alone, `FROM auditLog` alone, and all values in quotes (SAP help, audit.search).
fn check(query: &Query) -> Result<(), Refusal> {
    let refused = |details: &str| Err(Refusal::new(400_006, details));
    if query.source != Source::AuditLog {
        return refused("Invalid query: the source must be auditLog");
    }
    if query.select != Select::All {
        return refused("Invalid query: only * can be selected");
    }
    if query.condition.as_ref().is_some_and(|condition| !is_quoted(condition)) {
        return refused("Invalid query: values must be in quotes");
    }
    Ok(())
}

fn is_quoted(condition: &Condition) -> bool {
    let is_text = |value: &Literal| match value {
        Literal::Text(_) => true,
        Literal::Number(_) | Literal::Flag(_) => false,
    };
    match condition {
        Condition::And(parts) | Condition::Or(parts) => parts.iter().all(is_quoted),
        Condition::Not(part) => is_quoted(part),
        Condition::Compare { value, .. } | Condition::Contains { value, .. } => is_text(value),
        Condition::In { values, .. } => values.iter().all(is_text),
        Condition::IsNull { .. } => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_everything_of_the_log_can_be_asked_for_and_values_stand_in_quotes() {
        let check = |text| Query::parse(text).map(|query| check(&query)).unwrap();
        for text in [
            "SELECT * FROM auditLog",
            "SELECT * FROM auditLog WHERE errCode IN ('0', \"400006\") AND NOT uid IS NULL",
            "SELECT * FROM auditLog WHERE @timestamp >= '2024-05-01' ORDER BY @timestamp LIMIT 3",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for text in [
            "SELECT uid FROM auditLog",
            "SELECT count(*) FROM auditLog",
            "SELECT * FROM accounts",
            "SELECT * FROM auditLog WHERE errCode = 0",
            "SELECT * FROM auditLog WHERE uid = 'a' OR NOT errCode IN ('0', 1)",
            "SELECT * FROM auditLog WHERE @timestamp >= 1700000000000",
        ] {
            assert_eq!(check(text).map_err(|refusal| refusal.code), Err(400_006), "{text}");
        }
    }
}
