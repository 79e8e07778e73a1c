//! The contacts, with indices by id and by address.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::switches::Switches;

/// Street, city, state, postal code and country.
pub type Street = [String; 5];

/// An unsubscribe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOut {
    /// When.
    pub at: Timestamp,
    /// By the person; else by the tenant.
    pub by_person: bool,
    /// Why.
    pub reason: String,
}

/// A contact, as Constant Contact holds it. What is empty is not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// `contact_id`; given by the simulator.
    pub id: String,
    /// The address, if there is one.
    pub address: Option<String>,
    /// `permission_to_send`.
    pub permission: String,
    /// The unsubscribe, if the address is.
    pub opt_out: Option<OptOut>,
    /// How often Constant Contact has mailed its own confirmation to the address.
    pub asked: u32,
    /// `email_address.updated_at`.
    pub address_updated_at: Timestamp,
    /// `first_name`, `last_name`, `job_title`, `company_name` and `anniversary`; and three that v2 alone shows.
    pub texts: BTreeMap<String, String>,
    /// Month and day.
    pub birthday: Option<(u8, u8)>,
    /// By kind: `home`, `work`, `mobile`, `other`; and `fax`, which v2 alone shows.
    pub phones: BTreeMap<String, String>,
    /// By kind: `home`, `work`, `other`.
    pub streets: BTreeMap<String, Street>,
    /// By the custom field's id.
    pub custom: BTreeMap<String, String>,
    /// The lists.
    pub lists: BTreeSet<String>,
    /// Tags, which nobody but the tenant touches.
    pub taggings: Vec<String>,
    /// Notes, which nobody but the tenant touches.
    pub notes: Vec<String>,
    /// `Account` or `Contact`.
    pub update_source: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was deleted, if it is.
    pub deleted_at: Option<Timestamp>,
    /// No trace of it is left, as if it had never been.
    pub has_vanished: bool,
}

impl Person {
    /// A contact that was just imported.
    pub fn new(address: &str, now: Timestamp) -> Self {
        Self {
            id: String::new(),
            address: Some(address.to_owned()),
            permission: "implicit".to_owned(),
            opt_out: None,
            asked: 0,
            address_updated_at: now,
            texts: BTreeMap::new(),
            birthday: None,
            phones: BTreeMap::new(),
            streets: BTreeMap::new(),
            custom: BTreeMap::new(),
            lists: BTreeSet::new(),
            taggings: Vec::new(),
            notes: Vec::new(),
            update_source: "Account".to_owned(),
            created_at: now,
            updated_at: now,
            deleted_at: None,
            has_vanished: false,
        }
    }

    /// Whether the person left, account-wide.
    pub fn is_unsubscribed(&self) -> bool {
        self.permission == "unsubscribed"
    }

    /// Constant Contact's own confirmation is on its way, and on these lists they are once it is answered.
    pub(super) fn ask(&mut self, lists: impl IntoIterator<Item = String>, now: Timestamp) {
        "pending_confirmation".clone_into(&mut self.permission);
        self.opt_out = None;
        self.asked += 1;
        self.lists.extend(lists);
        self.address_updated_at = now;
        self.updated_at = now;
    }

    pub(super) fn unsubscribe(&mut self, by_person: bool, reason: &str, now: Timestamp) {
        "unsubscribed".clone_into(&mut self.permission);
        self.opt_out = Some(OptOut { at: now, by_person, reason: reason.to_owned() });
        self.address_updated_at = now;
    }

    pub(super) fn delete(&mut self, now: Timestamp, switches: &Switches) {
        self.lists.clear();
        self.deleted_at = Some(now);
        if switches.delete_moves_updated_at {
            self.updated_at = now;
        }
    }

    pub(super) fn leave(&mut self, list: &str, now: Timestamp, switches: &Switches) {
        if self.lists.remove(list) && switches.list_change_moves_updated_at {
            self.updated_at = now;
        }
    }

    /// Who was deleted is back, as an import or a write brings them back.
    pub(super) fn revive(&mut self, now: Timestamp, switches: &Switches) {
        if self.deleted_at.take().is_some() && switches.delete_moves_updated_at {
            self.updated_at = now;
        }
    }

    /// Whether the other is the same contact with other values; lists are no values.
    pub(super) fn holds_other_values(&self, other: &Self) -> bool {
        self.texts != other.texts
            || self.birthday != other.birthday
            || self.phones != other.phones
            || self.streets != other.streets
            || self.custom != other.custom
    }

    /// Which of v3's words for a `status` fits.
    pub(super) fn status(&self) -> &str {
        match self.permission.as_str() {
            _ if self.deleted_at.is_some() => "deleted",
            "explicit" | "implicit" => "active",
            other => other,
        }
    }
}

/// All contacts, in the order in which they were made; that order is what cursors count in.
#[derive(Debug, Default)]
pub(super) struct People {
    all: Vec<Person>,
    by_id: HashMap<String, usize>,
    by_address: HashMap<String, usize>,
}

impl People {
    pub(super) fn all(&self) -> &[Person] {
        &self.all
    }

    pub(super) fn get(&self, id: &str) -> Option<&Person> {
        self.by_id.get(id).map(|place| &self.all[*place]).filter(|person| !person.has_vanished)
    }

    pub(super) fn with_address(&self, address: &str) -> Option<&Person> {
        self.by_address.get(&address.to_ascii_lowercase()).map(|place| &self.all[*place])
    }

    pub(super) fn add(&mut self, mut person: Person) -> String {
        let place = self.all.len();
        person.id = format!("{place:08x}-c0c0-4c0c-8c0c-{place:012x}");
        let id = person.id.clone();
        self.by_id.insert(id.clone(), place);
        if let Some(address) = &person.address {
            self.by_address.insert(address.to_ascii_lowercase(), place);
        }
        self.all.push(person);
        id
    }

    /// Changes everybody; nobody's address.
    pub(super) fn change_all(&mut self, change: impl FnMut(&mut Person)) {
        self.all.iter_mut().for_each(change);
    }

    /// Changes a contact and keeps the indices right. The address must be free, which the caller has checked.
    pub(super) fn change<T>(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut Person) -> T,
    ) -> Option<T> {
        let place = *self.by_id.get(id)?;
        let person = &mut self.all[place];
        let before = person.address.clone();
        let outcome = change(person);
        if before != person.address {
            if let Some(address) = before {
                self.by_address.remove(&address.to_ascii_lowercase());
            }
            if let Some(address) = &person.address {
                self.by_address.insert(address.to_ascii_lowercase(), place);
            }
        }
        Some(outcome)
    }
}
