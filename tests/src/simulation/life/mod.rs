//! What people and the customer do on both sides, at any moment, and that the oracle hears of it.

mod deeds;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::domain::{Account, Dialect};
use shared::invocation::Clock;

use deeds::DEEDS;

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
/// A name that no field holds whole, in the same two ways: its fiftieth character is not its fiftieth byte, and that
/// byte is in the middle of a letter.
const LONG_NAME: (&str, &str) = (
    "Łukasz-Dvořák-Şahin-Ngũgĩ-Müller-Müller-Jürgen-Zoë-Åsa-Łoś",
    "Lukasz-Dvorák-Sahin-Ngugi-Müller-Müller-Jürgen-Zoë-Åsa-Los",
);
/// So many characters of it are (v3: `ContactPutRequest.first_name`, `maxLength`).
const NAME_CHARACTERS: usize = 50;
/// How long at most lies between the reading of a contact and its writing, with all retries.
const BETWEEN_READ_AND_WRITE: SignedDuration = SignedDuration::from_mins(2);
/// A word on which imports choke.
pub(super) const CHOKER: &str = "Chokington";
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
    /// Who never registered: with another address they would be somebody else.
    lite: BTreeSet<String>,
    /// Whose account is deleted, and the address that it had.
    erased: Vec<(String, String)>,
    /// When contacts were read one by one, by their ids.
    read: BTreeMap<String, Timestamp>,
    serial: u64,
    /// How much is still to happen today.
    due: u64,
    /// What happened, and how often.
    pub(super) happened: BTreeMap<&'static str, u64>,
}

impl Life {
    pub(super) fn begin(
        clock: Clock,
        (gigya, tenant, lists): (Arc<Gigya>, Simulator, Lists),
        oracle: Oracle,
        dice: Dice,
    ) -> Self {
        let own_list = tenant.add_list("Fair in spring");
        let (uids, lite, happened) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
        let (serial, due) = (0, 0);
        Self {
            clock,
            gigya,
            tenant,
            lists,
            own_list,
            dice,
            oracle,
            uids,
            lite,
            erased: Vec::new(),
            read: BTreeMap::new(),
            serial,
            due,
            happened,
        }
    }

    /// So many people who have been at Gigya for long.
    pub(super) fn settle_people(&mut self, count: u64) {
        let before = self.clock.now() - SignedDuration::from_hours(24);
        let accounts: Vec<Value> = (0..count).map(|_| self.newcomer(before)).collect();
        self.gigya.seed(accounts);
    }

    /// The product read this contact, perhaps to write it back.
    pub(super) fn was_read(&mut self, id: &str) {
        self.read.insert(id.to_owned(), self.clock.now());
    }

    /// Whether this contact was read to be written a moment ago. Neither dialect has a conditional write: what is changed between
    /// the reading and the writing is lost, and nobody can close that.
    fn is_being_written(&self, id: &str) -> bool {
        let now = self.clock.now();
        self.read.get(id).is_some_and(|at| now.duration_since(*at) < BETWEEN_READ_AND_WRITE)
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

    /// The owner deletes the list of those in Europe, the Middle East and Africa.
    pub(super) fn delete_list(&mut self) {
        if self.lists.api == Dialect::V2 {
            // Whoever had just left the other one is on none now, which there looks like a deletion of the contact.
            let only = BTreeSet::from([self.lists.emea.clone()]);
            let on_it_alone = self.contacts().into_iter().filter(|(_, it)| it.lists == only);
            let uids: Vec<String> = on_it_alone.map(|(uid, _)| uid).collect();
            for uid in uids {
                if self.oracle.has_just_left_a_list(&uid) {
                    self.tell(&uid, Act::ContactDeleted);
                }
            }
        }
        self.tenant.delete_list(&self.lists.emea);
    }

    /// From now on this is the list of those in Europe, the Middle East and Africa.
    pub(super) fn name_list(&mut self, emea: String) {
        self.lists.emea.clone_from(&emea);
        self.oracle.hear_of_list(emea);
    }

    /// Somebody moves to where no import has ever been.
    pub(super) fn write_what_chokes(&mut self) {
        let uid = self.dice.one(&self.uids);
        self.move_to(&uid, CHOKER);
    }

    /// Whoever lives there moves away.
    pub(super) fn write_anew(&mut self) {
        let accounts = self.gigya.accounts();
        let chokes = |account: &&Account| {
            account.fields().get("profile").is_some_and(|it| it["city"] == CHOKER)
        };
        for account in accounts.iter().filter(chokes) {
            let city = format!("{} am Rhein", self.short_name());
            self.move_to(account.uid().as_str(), &city);
        }
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

    /// Whose account is deleted and who had a contact, and the address of the account. Of whom nothing was ever agreed the
    /// product knows nothing but what its runs hold until they expire.
    pub(super) fn erased_contacts(&self) -> Vec<(String, String)> {
        let contacts = self.contacts();
        self.erased.iter().filter(|(uid, _)| contacts.contains_key(uid)).cloned().collect()
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
        if self.dice.of_thousand(900) {
            return self.short_name();
        }
        self.serial += 1;
        format!("{} {}", LONG_NAME.0, self.serial)
    }

    fn short_name(&mut self) -> String {
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

    /// Somebody leaves an address without registering, and asks for the newsletter or does not.
    fn leave_address(&mut self) {
        let (first, last, number) = (self.name(), self.name(), self.uids.len());
        let address = format!("person-{number}@example.com");
        let sections = json!({
            "profile": {"email": address, "firstName": first, "lastName": last, "city": "Bonn"},
            "data": {"region": self.dice.one(&REGIONS), "loyalty": {"tier": self.dice.one(&TIERS)}},
            "subscriptions": {"newsletter": {"email": {"isSubscribed": !self.dice.of_thousand(200)}}},
        });
        let Value::Object(fields) = sections.clone() else { return };
        let uid = self.gigya.insert_lite(&address, fields).to_string();
        self.uids.push(uid.clone());
        self.lite.insert(uid.clone());
        self.tell(&uid, Act::Registered { account: sections });
    }

    fn tell(&mut self, uid: &str, act: Act) {
        self.oracle.hear(uid, self.clock.now(), act);
    }
}

/// How names of a world are written in Constant Contact, where they are not as at Gigya: short ones where only
/// ISO-8859-1 goes, and long ones everywhere.
pub(super) fn spelling(api: Dialect) -> BTreeMap<String, String> {
    const SERIALS: u64 = 2_000;
    let (native, latin) = LONG_NAME;
    let held = if api == Dialect::V3 { native } else { latin };
    let held: String = held.chars().take(NAME_CHARACTERS).collect();
    let mut spelling: BTreeMap<String, String> =
        (0..SERIALS).map(|n| (format!("{native} {n}"), held.clone())).collect();
    if api == Dialect::V2 {
        for (native, latin) in NAMES.iter().filter(|(native, latin)| native != latin) {
            spelling.extend((0..SERIALS).flat_map(|n| {
                [
                    (format!("{native} {n}"), format!("{latin} {n}")),
                    (format!("{native} {n} am Rhein"), format!("{latin} {n} am Rhein")),
                ]
            }));
        }
    }
    spelling
}

/// The letters beyond ASCII that imports may hold in a world: of names, and of the city where everybody begins.
pub(super) fn letters(api: Dialect) -> BTreeSet<char> {
    let names = NAMES.iter().chain([&LONG_NAME]);
    let written = names.map(|(native, latin)| if api == Dialect::V3 { *native } else { *latin });
    written.chain(["Köln"]).flat_map(str::chars).filter(|letter| !letter.is_ascii()).collect()
}

/// What no log line may hold: pieces of names and addresses.
pub(super) fn personal() -> impl Iterator<Item = &'static str> {
    NAMES.iter().flat_map(|(native, latin)| [*native, *latin]).chain(["@example.com", "Marketer"])
}

fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
