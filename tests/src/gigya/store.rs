//! The accounts, and what searches will see of them some time later.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use shared::domain::Uid;

use super::index::Index;
use super::query::{Condition, Row, Source, iso};
use super::sections::merge;
use crate::people::token_of;

/// All accounts.
#[derive(Debug, Default)]
pub(super) struct Store {
    primary: BTreeMap<Arc<str>, Row>,
    by_address: HashMap<String, BTreeSet<Arc<str>>>,
    index: Index,
    /// Whose state changed and is not on its way to the index yet.
    touched: Vec<Arc<str>>,
    /// Writes that searches do not see yet, oldest first; `None` is a deletion.
    pending: VecDeque<(Timestamp, Arc<str>, Option<Row>)>,
}

/// Which times a write moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moves {
    Both,
    EmailAccountOnly,
}

/// What a lite account without a UID is kept under.
pub(super) fn lite_key(address: &str) -> String {
    Uid::of_lite(&token_of(address)).to_string()
}

impl Store {
    pub(super) fn row(&self, uid: &str) -> Option<&Row> {
        self.primary.get(uid)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.primary.values()
    }

    /// Everybody who has this account's address, themselves included.
    pub(super) fn sharers(&self, uid: &str) -> Vec<Arc<str>> {
        let address = self.primary.get(uid).and_then(Row::address).map(str::to_lowercase);
        let sharers = address.and_then(|address| self.by_address.get(&address));
        sharers.into_iter().flatten().cloned().collect()
    }

    /// Whose the email account with this address is: of several, that of the account which changed last.
    pub(super) fn holder(&self, address: &str) -> Option<&Row> {
        let sharers = self.by_address.get(&address.to_lowercase()).into_iter().flatten();
        let rows = sharers.filter_map(|uid| self.primary.get(uid));
        rows.max_by(|a, b| (a.updated, &a.uid).cmp(&(b.updated, &b.uid)))
    }

    /// Whose the email account with this token is.
    pub(super) fn holder_by_token(&self, token: &str) -> Option<&Row> {
        let address = self.by_address.keys().find(|address| token_of(address) == token)?;
        self.holder(address)
    }

    /// Puts an account in, new or not; its own times hold where it has them. A full account takes the lite one with
    /// its address in (SAP help, "Lite Registration": no data is lost when a user converts).
    pub(super) fn insert(&mut self, uid: &str, mut account: Value, now: Timestamp) {
        let own = account.get("lastUpdatedTimestamp").and_then(Value::as_i64);
        let updated = own.unwrap_or(now.as_millisecond());
        if let Some(fields) = account.as_object_mut() {
            stamp(fields, updated);
        }
        let uid: Arc<str> = uid.into();
        self.put(Row {
            uid: Arc::clone(&uid),
            account: Arc::new(account),
            lite: None,
            updated,
            email_updated: updated,
        });
        self.absorb(&uid);
    }

    /// Changes an account in place; `false` when there is none.
    pub(super) fn change(
        &mut self,
        uid: &Arc<str>,
        moves: Moves,
        now: Timestamp,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> bool {
        let Some(mut row) = self.remove(uid) else { return false };
        if let Value::Object(fields) = Arc::make_mut(&mut row.account) {
            change(fields);
            row.email_updated = now.as_millisecond();
            match moves {
                Moves::Both => {
                    row.updated = now.as_millisecond();
                    stamp(fields, row.updated);
                }
                Moves::EmailAccountOnly => {}
            }
        }
        self.put(row);
        self.absorb(uid);
        true
    }

    /// Gives the lite account beside a full one these values, which the full one does not see.
    pub(super) fn set_beside(&mut self, uid: &str, values: Value, now: Timestamp) {
        if let Some(row) = self.primary.get_mut(uid) {
            let mut lite = row.lite.as_deref().cloned().unwrap_or_else(|| json!({}));
            merge(&mut lite, values);
            row.lite = Some(Arc::new(lite));
            row.email_updated = now.as_millisecond();
            self.touched.push(Arc::clone(&row.uid));
        }
    }

    pub(super) fn delete(&mut self, uid: &str) -> Option<Row> {
        let removed = self.remove(uid)?;
        self.touched.push(Arc::clone(&removed.uid));
        Some(removed)
    }

    /// Lets searches see, from then on, all that was touched as it is now.
    pub(super) fn publish(&mut self, visible_at: Timestamp) {
        for uid in std::mem::take(&mut self.touched) {
            let row = self.primary.get(&uid).cloned();
            self.pending.push_back((visible_at, uid, row));
        }
    }

    /// Lets searches see all that was touched at once.
    pub(super) fn publish_at_once(&mut self) {
        for uid in std::mem::take(&mut self.touched) {
            self.index.put(&uid, self.primary.get(&uid).cloned());
        }
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
        self.index.matching(source, condition)
    }

    fn put(&mut self, row: Row) {
        if let Some(address) = row.address() {
            let uids = self.by_address.entry(address.to_lowercase()).or_default();
            uids.insert(Arc::clone(&row.uid));
        }
        self.touched.push(Arc::clone(&row.uid));
        self.primary.insert(Arc::clone(&row.uid), row);
    }

    fn remove(&mut self, uid: &str) -> Option<Row> {
        let row = self.primary.remove(uid)?;
        if let Some(address) = row.address().map(str::to_lowercase)
            && let Some(uids) = self.by_address.get_mut(&address)
        {
            uids.remove(uid);
            if uids.is_empty() {
                self.by_address.remove(&address);
            }
        }
        Some(row)
    }

    /// Where this is a full account and its address had a lite one: that one's values fill what it lacks, and that
    /// one is no more.
    fn absorb(&mut self, uid: &Arc<str>) {
        let Some(row) = self.primary.get(uid).filter(|row| row.is_full()) else { return };
        let Some(address) = row.address().map(str::to_lowercase) else { return };
        let mut sharers = self.by_address.get(&address).into_iter().flatten();
        let is_lite = |uid: &&Arc<str>| self.primary.get(*uid).is_some_and(|row| !row.is_full());
        let Some(lite) = sharers.find(is_lite).cloned() else { return };
        let Some(lite) = self.delete(&lite) else { return };
        let Some(row) = self.primary.get_mut(uid) else { return };
        let own = Arc::make_mut(&mut row.account);
        for section in ["profile", "data", "subscriptions"] {
            let Some(values) = lite.account.get(section) else { continue };
            let mut merged = values.clone();
            if own[section].is_object() {
                merge(&mut merged, own[section].clone());
            }
            own[section] = merged;
        }
        own["hasLiteAccount"] = true.into();
    }
}

fn stamp(fields: &mut Map<String, Value>, millisecond: i64) {
    fields.insert("lastUpdatedTimestamp".to_owned(), millisecond.into());
    if let Ok(at) = Timestamp::from_millisecond(millisecond) {
        fields.insert("lastUpdated".to_owned(), iso(at).into());
    }
}
