//! The accounts, and the index that searches see some time later.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::query::{Condition, Field, Literal, Operator, Row, Source, iso};

/// All accounts.
#[derive(Debug, Default)]
pub(super) struct Store {
    primary: BTreeMap<Arc<str>, Row>,
    index: Index,
    /// Writes that searches do not see yet, oldest first; `None` is a deletion.
    pending: VecDeque<(Timestamp, Arc<str>, Option<Row>)>,
}

/// What searches see.
#[derive(Debug, Default)]
struct Index {
    rows: HashMap<Arc<str>, Arc<Row>>,
    by_time: BTreeSet<(i64, Arc<str>)>,
    by_address: HashMap<String, BTreeSet<Arc<str>>>,
}

/// Which times a write moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moves {
    Both,
    EmailAccountOnly,
}

impl Store {
    pub(super) fn row(&self, uid: &str) -> Option<&Row> {
        self.primary.get(uid)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.primary.values()
    }

    /// Puts an account in, new or not; its own times hold where it has them.
    pub(super) fn insert(&mut self, uid: &str, mut account: Value, now: Timestamp) -> Row {
        let own = account.get("lastUpdatedTimestamp").and_then(Value::as_i64);
        let updated = own.unwrap_or(now.as_millisecond());
        if let Some(fields) = account.as_object_mut() {
            stamp(fields, updated);
        }
        let uid: Arc<str> = uid.into();
        let row = Row {
            uid: Arc::clone(&uid),
            account: Arc::new(account),
            updated,
            email_updated: updated,
        };
        self.primary.insert(uid, row.clone());
        row
    }

    /// Changes an account in place; `None` when there is none.
    pub(super) fn change(
        &mut self,
        uid: &str,
        moves: Moves,
        now: Timestamp,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Option<Row> {
        let row = self.primary.get_mut(uid)?;
        let Value::Object(fields) = Arc::make_mut(&mut row.account) else { return None };
        change(fields);
        row.email_updated = now.as_millisecond();
        match moves {
            Moves::Both => {
                row.updated = now.as_millisecond();
                stamp(fields, row.updated);
            }
            Moves::EmailAccountOnly => {}
        }
        Some(row.clone())
    }

    pub(super) fn delete(&mut self, uid: &str) -> bool {
        self.primary.remove(uid).is_some()
    }

    /// Lets searches see this state of an account from then on.
    pub(super) fn publish(&mut self, uid: &str, row: Option<Row>, visible_at: Timestamp) {
        self.pending.push_back((visible_at, uid.into(), row));
    }

    pub(super) fn publish_at_once(&mut self, row: Row) {
        let uid = Arc::clone(&row.uid);
        self.index.put(&uid, Some(row));
    }

    /// Takes what has become visible into the index.
    pub(super) fn catch_up(&mut self, now: Timestamp) {
        while let Some((at, _, _)) = self.pending.front() {
            if *at > now {
                return;
            }
            if let Some((_, uid, row)) = self.pending.pop_front() {
                self.index.put(&uid, row);
            }
        }
    }

    /// The rows that meet the condition, by the time of their last change.
    pub(super) fn matching(&self, source: Source, condition: Option<&Condition>) -> Vec<Arc<Row>> {
        let index = &self.index;
        let is_shown = |row: &&Arc<Row>| {
            let is_there = match source {
                Source::Accounts => row.is_full(),
                Source::EmailAccounts => index.owns_its_address(row),
            };
            is_there && condition.is_none_or(|condition| row.meets(source, condition))
        };
        if let Some(uids) = condition.and_then(|condition| index.candidates(condition)) {
            let rows = uids.iter().filter_map(|uid| index.rows.get(uid));
            let mut rows: Vec<Arc<Row>> = rows.filter(is_shown).cloned().collect();
            rows.sort_by(|a, b| (a.updated, &a.uid).cmp(&(b.updated, &b.uid)));
            return rows;
        }
        let from = match source {
            Source::Accounts => condition.map_or(i64::MIN, earliest),
            Source::EmailAccounts => i64::MIN,
        };
        let times = index.by_time.range((from, Arc::from(""))..);
        times.filter_map(|(_, uid)| index.rows.get(uid)).filter(is_shown).cloned().collect()
    }
}

impl Index {
    fn put(&mut self, uid: &Arc<str>, row: Option<Row>) {
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

fn stamp(fields: &mut Map<String, Value>, millisecond: i64) {
    fields.insert("lastUpdatedTimestamp".to_owned(), millisecond.into());
    if let Ok(at) = Timestamp::from_millisecond(millisecond) {
        fields.insert("lastUpdated".to_owned(), iso(at).into());
    }
}
