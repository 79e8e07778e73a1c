//! What people and the customer do on both sides, at any moment, and that the oracle hears of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use shared::domain::{Dialect, Uid};
use shared::invocation::Clock;

use crate::constant_contact::{Person as Contact, Simulator};
use crate::gigya::Gigya;
use crate::oracle::{Act, Objection, Oracle, Sight};
use crate::people::Dice;
use crate::world::{Lists, uid_field};

/// What people are called: as they write it, and as ISO-8859-1 can.
const NAMES: [(&str, &str); 8] = [
    ("Zoë", "Zoë"),
    ("Łukasz", "Lukasz"),
    ("Dvořák", "Dvorák"),
    ("Müller", "Müller"),
    ("Şahin", "Sahin"),
    ("Ngũgĩ", "Ngugi"),
    ("Åsa", "Åsa"),
    ("Jürgen-Łoś", "Jürgen-Los"),
];
const TIERS: [&str; 3] = ["gold", "silver", "bronze"];
const REGIONS: [&str; 2] = ["emea", "apac"];

/// The lives of the people in one world.
pub(super) struct Life {
    clock: Clock,
    gigya: Arc<Gigya>,
    tenant: Simulator,
    lists: Lists,
    /// A list of the marketer's own, which the settings do not name.
    own_list: String,
    dice: Dice,
    pub(super) oracle: Oracle,
    uids: Vec<String>,
    /// Whose subscription stands how, as far as they did it themselves.
    serial: u64,
    /// How much is still to happen today.
    due: u64,
    /// What happened, and how often.
    pub(super) happened: BTreeMap<&'static str, u64>,
}

/// What may happen, and how often compared with the others.
const DEEDS: [(Deed, u64); 21] = [
    (Deed::Home(Home::LogIn), 5),
    (Deed::Home(Home::FirstName), 5),
    (Deed::Home(Home::LastName), 5),
    (Deed::Home(Home::City), 3),
    (Deed::Home(Home::Tier), 3),
    (Deed::Home(Home::Nickname), 2),
    (Deed::Home(Home::Address), 2),
    (Deed::Home(Home::Region), 3),
    (Deed::Home(Home::Withdraw), 3),
    (Deed::Home(Home::Grant), 4),
    (Deed::Home(Home::Deactivate), 1),
    (Deed::Home(Home::Activate), 2),
    (Deed::Home(Home::ClearLastName), 1),
    (Deed::Home(Home::Register), 3),
    (Deed::There(There::Unsubscribe), 2),
    (Deed::There(There::LeaveList), 2),
    (Deed::There(There::Delete), 1),
    (Deed::There(There::FirstName), 4),
    (Deed::There(There::LastName), 2),
    (Deed::There(There::City), 1),
    (Deed::There(There::Note), 3),
];

/// Something that somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Home(Home),
    There(There),
}

/// At Gigya.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    LogIn,
    FirstName,
    LastName,
    City,
    Tier,
    Nickname,
    Address,
    Region,
    Withdraw,
    Grant,
    Deactivate,
    Activate,
    ClearLastName,
    Register,
}

/// In Constant Contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum There {
    Unsubscribe,
    LeaveList,
    Delete,
    FirstName,
    LastName,
    City,
    Note,
}

impl Life {
    pub(super) fn begin(
        clock: Clock,
        (gigya, tenant, lists): (Arc<Gigya>, Simulator, Lists),
        oracle: Oracle,
        dice: Dice,
    ) -> Self {
        let own_list = tenant.add_list("Fair in spring");
        let (uids, happened) = (Vec::new(), BTreeMap::new());
        let (serial, due) = (0, 0);
        Self { clock, gigya, tenant, lists, own_list, dice, oracle, uids, serial, due, happened }
    }

    /// So many people who have been at Gigya for long.
    pub(super) fn settle_people(&mut self, count: u64) {
        let before = self.clock.now() - jiff::SignedDuration::from_hours(24);
        let accounts: Vec<Value> = (0..count).map(|_| self.newcomer(before)).collect();
        self.gigya.seed(accounts);
    }

    /// So much is to happen from now on.
    pub(super) fn expect(&mut self, deeds: u64) {
        self.due = deeds;
    }

    /// Now is as good a moment as any other for something to happen. Answers what did.
    pub(super) fn moment(&mut self) -> Option<String> {
        if self.due > 0 && self.dice.of_thousand(20) { self.happen() } else { None }
    }

    /// Something happens, if something is still to happen. Answers what did.
    pub(super) fn happen(&mut self) -> Option<String> {
        const TRIES: u32 = 8;
        if self.due == 0 {
            return None;
        }
        self.due -= 1;
        let all: u64 = DEEDS.iter().map(|(_, weight)| weight).sum();
        for _ in 0..TRIES {
            let mut throw = self.dice.below(all);
            let deed = DEEDS.iter().find(|(_, weight)| {
                let is_it = throw < *weight;
                throw = throw.saturating_sub(*weight);
                is_it
            });
            let uid = self.dice.one(&self.uids);
            if let Some((deed, _)) = deed
                && let Some(name) = self.try_out(*deed, &uid)
            {
                *self.happened.entry(name).or_default() += 1;
                return Some(format!("** {uid} {name}"));
            }
        }
        None
    }

    /// Both sides of everybody, as they are now.
    pub(super) fn look<T>(
        &mut self,
        at: impl FnOnce(&mut Oracle, &BTreeMap<String, Sight<'_>>) -> T,
    ) -> T {
        let accounts: BTreeMap<String, Value> = self
            .gigya
            .accounts()
            .iter()
            .map(|account| (account.uid().to_string(), Value::Object(account.fields().clone())))
            .collect();
        let contacts = self.contacts();
        let mut sights: BTreeMap<String, Sight<'_>> = BTreeMap::new();
        for uid in accounts.keys().chain(contacts.keys()) {
            let sight = Sight { account: accounts.get(uid), contact: contacts.get(uid) };
            sights.insert(uid.clone(), sight);
        }
        at(&mut self.oracle, &sights)
    }

    /// Whether somebody has several contacts, or a contact is nobody's.
    pub(super) fn doubles(&self) -> Vec<Objection> {
        let Some(field) = uid_field(&self.tenant, self.lists.api) else { return Vec::new() };
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        let mut objections = Vec::new();
        for contact in self.tenant.contacts().iter().filter(|it| it.deleted_at.is_none()) {
            match contact.custom.get(&field) {
                Some(uid) => *seen.entry(uid.clone()).or_default() += 1,
                None => objections.push(Objection {
                    uid: contact.id.clone(),
                    what: "a contact carries no UID".to_owned(),
                }),
            }
        }
        let several = seen.into_iter().filter(|(_, count)| *count > 1);
        objections.extend(
            several.map(|(uid, count)| Objection { uid, what: format!("has {count} contacts") }),
        );
        objections
    }

    fn contacts(&self) -> BTreeMap<String, Contact> {
        let Some(field) = uid_field(&self.tenant, self.lists.api) else { return BTreeMap::new() };
        let mut found: BTreeMap<String, Contact> = BTreeMap::new();
        for contact in self.tenant.contacts() {
            let Some(uid) = contact.custom.get(&field).cloned() else { continue };
            let is_better = |other: &Contact| {
                (contact.deleted_at.is_none(), contact.updated_at)
                    > (other.deleted_at.is_none(), other.updated_at)
            };
            if found.get(&uid).is_none_or(is_better) {
                found.insert(uid, contact);
            }
        }
        found
    }

    fn name(&mut self) -> String {
        self.serial += 1;
        format!("{} {}", self.dice.one(&NAMES).0, self.serial)
    }

    fn newcomer(&mut self, at: Timestamp) -> Value {
        let (first, last, number) = (self.name(), self.name(), self.uids.len());
        let uid = format!("uid-{number}");
        let mut account = json!({
            "UID": uid, "isRegistered": true, "isActive": true, "created": iso(at),
            "lastUpdated": iso(at), "lastUpdatedTimestamp": at.as_millisecond(),
            "profile": {
                "email": format!("person-{number}@example.com"), "firstName": first, "lastName": last,
                "city": "Köln", "zip": "50667", "country": "DE", "nickname": "Nick",
            },
            "data": {
                "region": self.dice.one(&REGIONS), "loyalty": {"tier": self.dice.one(&TIERS)},
                "secret": number,
            },
        });
        // One in five has never been asked.
        if !self.dice.of_thousand(200) {
            account["subscriptions"] = json!({"newsletter": {"email": {
                "isSubscribed": true, "lastUpdatedSubscriptionState": iso(at),
            }}});
        }
        self.uids.push(uid.clone());
        self.oracle.hear(&uid, at, Act::Registered { account: account.clone() });
        account
    }

    /// Tries to do it; its name if it could be done.
    fn try_out(&mut self, deed: Deed, uid: &str) -> Option<&'static str> {
        match deed {
            Deed::Home(deed) => self.try_out_at_home(deed, uid),
            Deed::There(deed) => self.try_out_there(deed, uid),
        }
    }

    fn try_out_at_home(&mut self, deed: Home, uid: &str) -> Option<&'static str> {
        match deed {
            Home::LogIn => self.edit(uid, "only logged in", |_, _| ()),
            Home::FirstName => {
                let name = self.name();
                self.edit(uid, "new first name", |_, profile| put(profile, "firstName", &name))?;
                self.tell(uid, Act::FirstName(name));
                Some("new first name")
            }
            Home::LastName => {
                let name = self.name();
                self.edit(uid, "new last name", |_, profile| put(profile, "lastName", &name))
            }
            Home::ClearLastName => self.edit(uid, "took the last name back", |_, profile| {
                drop(profile.remove("lastName"))
            }),
            Home::City => {
                let city = format!("{} am Rhein", self.name());
                self.edit(uid, "moved", |_, profile| put(profile, "city", &city))
            }
            Home::Nickname => {
                let name = self.name();
                self.edit(uid, "new nickname", |_, profile| put(profile, "nickname", &name))
            }
            Home::Address => {
                self.serial += 1;
                let address = format!("moved-{}@example.com", self.serial);
                self.edit(uid, "new address", |_, profile| put(profile, "email", &address))
            }
            Home::Tier => {
                let tier = self.dice.one(&TIERS);
                self.edit(uid, "new tier", |data, _| data["loyalty"]["tier"] = json!(tier))
            }
            Home::Region => {
                let region = self.dice.one(&REGIONS);
                self.edit(uid, "new region", |data, _| data["region"] = json!(region))
            }
            Home::Deactivate => self.activate(uid, false),
            Home::Activate => self.activate(uid, true),
            Home::Withdraw => self.wish(uid, false),
            Home::Grant => self.wish(uid, true),
            Home::Register => {
                let account = self.newcomer(self.clock.now());
                self.gigya.insert(account);
                Some("registered")
            }
        }
    }

    fn try_out_there(&mut self, deed: There, uid: &str) -> Option<&'static str> {
        let contact = self.contacts().remove(uid).filter(|it| it.deleted_at.is_none())?;
        let id = contact.id.as_str();
        let (name, act) = match deed {
            There::Unsubscribe => {
                if contact.is_unsubscribed() || !self.tenant.unsubscribe(id, true) {
                    return None;
                }
                ("unsubscribed", Some(Act::Unsubscribed))
            }
            There::LeaveList => {
                let ours = [&self.lists.newsletter, &self.lists.emea];
                let list = ours.into_iter().find(|list| contact.lists.contains(*list))?.clone();
                if contact.is_unsubscribed() || !self.tenant.leave_list(id, &list) {
                    return None;
                }
                ("left a list", Some(Act::LeftList(list)))
            }
            There::Delete => {
                self.tenant.delete(id);
                ("contact deleted", Some(Act::ContactDeleted))
            }
            There::FirstName => {
                self.serial += 1;
                let name = format!("Marketer {}", self.serial);
                self.tenant.edit(id, |it| drop(it.texts.insert("first_name".into(), name.clone())));
                ("new first name over there", Some(Act::ContactFirstName(name)))
            }
            There::LastName => {
                let edit =
                    |it: &mut Contact| drop(it.texts.insert("last_name".into(), "Typo".into()));
                self.tenant.edit(id, edit);
                ("last name mistyped over there", None)
            }
            There::City => {
                let city = |street: &mut [String; 5]| "Nowhere".clone_into(&mut street[1]);
                self.tenant.edit(id, |it| it.streets.values_mut().for_each(city));
                ("city mistyped over there", None)
            }
            There::Note => {
                let note = format!("Note {}", self.serial);
                let own_list = self.own_list.clone();
                self.tenant.edit(id, |it| {
                    it.notes.push(note);
                    it.lists.insert(own_list);
                });
                let noted = Box::new(self.tenant.contact(id)?);
                ("noted over there", Some(Act::ContactNoted(noted)))
            }
        };
        if let Some(act) = act {
            self.tell(uid, act);
        }
        Some(name)
    }

    /// Changes `data` and `profile` of an account, and tells the oracle what stands there.
    fn edit(
        &mut self,
        uid: &str,
        name: &'static str,
        change: impl FnOnce(&mut Value, &mut Map<String, Value>),
    ) -> Option<&'static str> {
        let mut written = None;
        let is_there = self.gigya.edit(&Uid::from(uid), |fields| {
            let mut data = fields.remove("data").unwrap_or_default();
            let mut profile = fields.remove("profile").unwrap_or_default();
            if let Value::Object(profile) = &mut profile {
                change(&mut data, profile);
            }
            fields.insert("data".to_owned(), data);
            fields.insert("profile".to_owned(), profile);
            written = Some(Value::Object(fields.clone()));
        });
        if let Some(account) = written.filter(|_| is_there) {
            self.tell(uid, Act::Edited { account });
            return Some(name);
        }
        None
    }

    fn activate(&mut self, uid: &str, is_active: bool) -> Option<&'static str> {
        let mut written = None;
        self.gigya.edit(&Uid::from(uid), |fields| {
            if fields.get("isActive") == Some(&json!(!is_active)) {
                fields.insert("isActive".to_owned(), json!(is_active));
                written = Some(Value::Object(fields.clone()));
            }
        });
        self.tell(uid, Act::Edited { account: written? });
        Some(if is_active { "may log in again" } else { "may not log in any longer" })
    }

    /// The person says at Gigya whether they want to be mailed.
    fn wish(&mut self, uid: &str, is_wanted: bool) -> Option<&'static str> {
        let path = "subscriptions.newsletter.email".parse().ok()?;
        let accounts = self.gigya.accounts();
        let account = accounts.iter().find(|account| account.uid().as_str() == uid)?;
        let stands = account.subscription(&path).is_some_and(|it| it.is_subscribed);
        // Asking for what is so is no act: Gigya dates changes only.
        if stands == is_wanted {
            return None;
        }
        if !self.gigya.subscribe(&Uid::from(uid), &path, is_wanted) {
            return None;
        }
        self.tell(uid, if is_wanted { Act::Granted } else { Act::Withdrew });
        Some(if is_wanted { "opted in" } else { "opted out" })
    }

    fn tell(&mut self, uid: &str, act: Act) {
        self.oracle.hear(uid, self.clock.now(), act);
    }
}

/// How every name of a world is written where only ISO-8859-1 goes.
pub(super) fn spelling(api: Dialect) -> BTreeMap<String, String> {
    const SERIALS: u64 = 2_000;
    if api == Dialect::V3 {
        return BTreeMap::new();
    }
    let names = NAMES.iter().filter(|(native, latin)| native != latin);
    let all = names.flat_map(|(native, latin)| {
        (0..SERIALS).flat_map(move |n| {
            [
                (format!("{native} {n}"), format!("{latin} {n}")),
                (format!("{native} {n} am Rhein"), format!("{latin} {n} am Rhein")),
            ]
        })
    });
    all.collect()
}

/// What no log line may hold: pieces of names and addresses.
pub(super) fn personal() -> impl Iterator<Item = &'static str> {
    NAMES.iter().flat_map(|(native, latin)| [*native, *latin]).chain(["@example.com", "Marketer"])
}

fn put(profile: &mut Map<String, Value>, name: &str, value: &str) {
    profile.insert(name.to_owned(), json!(value));
}

fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
