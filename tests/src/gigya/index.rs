//! What searches see, and what they need not look at.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::query::{Condition, Field, Literal, Operator, Row, Source, meets};

/// What searches see.
#[derive(Debug, Default)]
pub(super) struct Index {
    rows: HashMap<Arc<str>, Arc<Row>>,
    by_time: BTreeSet<(i64, Arc<str>)>,
    by_address: HashMap<String, BTreeSet<Arc<str>>>,
}

impl Index {
    /// Takes the present state of an account in; `None` is a deletion.
    pub(super) fn put(&mut self, uid: &Arc<str>, row: Option<Row>) {
        if let Some(old) = self.rows.remove(uid) {
            self.by_time.remove(&(old.updated, Arc::clone(uid)));
            for address in addresses(&old) {
                if let Some(uids) = self.by_address.get_mut(&address) {
                    uids.remove(uid);
                }
            }
        }
        if let Some(row) = row {
            self.by_time.insert((row.updated, Arc::clone(uid)));
            for address in addresses(&row) {
                self.by_address.entry(address).or_default().insert(Arc::clone(uid));
            }
            self.rows.insert(Arc::clone(uid), Arc::new(row));
        }
    }

    /// The rows that meet the condition, by the time of their last change.
    pub(super) fn matching(&self, source: Source, condition: Option<&Condition>) -> Vec<Arc<Row>> {
        let is_shown = |row: &&Arc<Row>| {
            let is_met = |condition| meets(&row.seen_from(source), condition);
            condition.is_none_or(is_met)
                && match source {
                    Source::Accounts => row.is_full(),
                    Source::EmailAccounts => self.owns_its_address(row),
                    Source::AuditLog => false,
                }
        };
        if let Some(uids) = condition.and_then(|condition| self.candidates(condition)) {
            let rows = uids.iter().filter_map(|uid| self.rows.get(uid));
            let mut rows: Vec<Arc<Row>> = rows.filter(is_shown).cloned().collect();
            rows.sort_by(|a, b| (a.updated, &a.uid).cmp(&(b.updated, &b.uid)));
            return rows;
        }
        let from = match source {
            Source::Accounts => condition.map_or(i64::MIN, earliest),
            Source::EmailAccounts | Source::AuditLog => i64::MIN,
        };
        let times = self.by_time.range((from, Arc::from(""))..);
        times.filter_map(|(_, uid)| self.rows.get(uid)).filter(is_shown).cloned().collect()
    }

    /// There is one email account for each address: that of the account which changed last.
    fn owns_its_address(&self, row: &Row) -> bool {
        let Some(address) = row.address().map(str::to_lowercase) else { return false };
        let sharers = self.by_address.get(&address).into_iter().flatten();
        let mailed = sharers
            .filter_map(|uid| self.rows.get(uid))
            .filter(|other| other.address().is_some_and(|theirs| theirs.to_lowercase() == address));
        let last = mailed.max_by(|a, b| (a.updated, &a.uid).cmp(&(b.updated, &b.uid)));
        last.is_some_and(|last| last.uid == row.uid)
    }

    /// The only accounts that can meet the condition, where it names UIDs or addresses.
    fn candidates(&self, condition: &Condition) -> Option<BTreeSet<Arc<str>>> {
        match condition {
            Condition::And(parts) => {
                parts.iter().filter_map(|part| self.candidates(part)).min_by_key(BTreeSet::len)
            }
            Condition::Or(parts) => {
                let sets: Option<Vec<_>> = parts.iter().map(|part| self.candidates(part)).collect();
                Some(sets?.into_iter().flatten().collect())
            }
            Condition::Compare { field, operator: Operator::Equal, value }
            | Condition::Contains { field, value } => {
                self.named(field, std::slice::from_ref(value))
            }
            Condition::In { field, values } => self.named(field, values),
            Condition::Not(_) | Condition::Compare { .. } | Condition::IsNull { .. } => None,
        }
    }

    fn named(&self, field: &Field, values: &[Literal]) -> Option<BTreeSet<Arc<str>>> {
        let texts = values.iter().map(|value| match value {
            Literal::Text(text) => Some(text.as_str()),
            Literal::Number(_) | Literal::Flag(_) => None,
        });
        let texts: Vec<&str> = texts.collect::<Option<_>>()?;
        if field.is("UID") {
            let known = texts.iter().filter_map(|text| self.rows.get_key_value(*text));
            Some(known.map(|(uid, _)| Arc::clone(uid)).collect())
        } else if ADDRESS_FIELDS.iter().any(|name| field.is(name)) {
            let known = texts.iter().filter_map(|text| self.by_address.get(&text.to_lowercase()));
            Some(known.flatten().cloned().collect())
        } else {
            None
        }
    }
}

/// Where addresses are; all of them are encrypted, so that only whole values are found.
const ADDRESS_FIELDS: [&str; 4] =
    ["profile.email", "loginIDs.emails", "emails.verified", "emails.unverified"];

fn addresses(row: &Row) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for name in ADDRESS_FIELDS {
        let pointer = format!("/{}", name.replace('.', "/"));
        match row.account.pointer(&pointer) {
            Some(Value::String(text)) => {
                found.insert(text.to_lowercase());
            }
            Some(Value::Array(items)) => {
                found.extend(items.iter().filter_map(Value::as_str).map(str::to_lowercase));
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {}
        }
    }
    found
}

/// The earliest change that can meet the condition, in milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds are whole numbers below 2^53")]
fn earliest(condition: &Condition) -> i64 {
    match condition {
        Condition::And(parts) => parts.iter().map(earliest).max().unwrap_or(i64::MIN),
        Condition::Compare {
            field,
            operator: Operator::Greater | Operator::GreaterOrEqual | Operator::Equal,
            value: Literal::Number(at),
        } if field.is("lastUpdatedTimestamp") => at.floor() as i64,
        Condition::Or(_)
        | Condition::Not(_)
        | Condition::Compare { .. }
        | Condition::In { .. }
        | Condition::Contains { .. }
        | Condition::IsNull { .. } => i64::MIN,
    }
}
