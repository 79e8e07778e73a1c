//! What may happen to one person, and how it is done.

use serde_json::{Map, Value, json};
use shared::domain::{Account, Dialect, Uid};

use super::{Life, REGIONS, TIERS};
use crate::constant_contact::Person as Contact;
use crate::gigya::Gigya;
use crate::oracle::{Act, TYPO};

/// What may happen, and how often compared with the others.
pub(super) const DEEDS: [(Deed, u64); 24] = [
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
    (Deed::Home(Home::LeaveAddress), 2),
    (Deed::Home(Home::Delete), 1),
    (Deed::Home(Home::DeleteUntold), 1),
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
pub(super) enum Deed {
    Home(Home),
    There(There),
}

/// At Gigya.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
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
    /// Without registering: a lite account.
    LeaveAddress,
    /// The account, in the console.
    Delete,
    /// The account, by a program of the customer's.
    DeleteUntold,
}

/// In Constant Contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum There {
    Unsubscribe,
    LeaveList,
    Delete,
    FirstName,
    LastName,
    City,
    Note,
}

impl Life {
    /// Tries to do it; its name if it could be done.
    pub(super) fn try_out(&mut self, deed: Deed, uid: &str) -> Option<&'static str> {
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
                drop(profile.remove("lastName"));
            }),
            Home::City => {
                let city = format!("{} am Rhein", self.short_name());
                self.move_to(uid, &city)
            }
            Home::Nickname => {
                let name = self.name();
                self.edit(uid, "new nickname", |_, profile| put(profile, "nickname", &name))
            }
            Home::Address => {
                if self.lite.contains(uid) {
                    return None;
                }
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
            Home::LeaveAddress => {
                self.leave_address();
                Some("left an address")
            }
            Home::Delete => {
                self.erase(uid, Gigya::delete)?;
                Some("account deleted")
            }
            Home::DeleteUntold => {
                self.erase(uid, Gigya::delete_untold)?;
                Some("account deleted, and nobody told")
            }
        }
    }

    fn erase(&mut self, uid: &str, delete: impl Fn(&Gigya, &Uid) -> bool) -> Option<()> {
        // A site that shows nobody pulls the brake of erasures until a person has looked, and here nobody looks.
        if self.gigya.accounts().len() <= 1 {
            return None;
        }
        let key = Uid::from(uid);
        let account = self.gigya.account(&key)?;
        let profile = account.fields().get("profile");
        let address = profile.and_then(|profile| profile["email"].as_str()).map(ToOwned::to_owned);
        if self.lite.contains(uid) && self.is_to_be_told(uid, &account) {
            return None;
        }
        delete(&self.gigya, &key).then(|| self.tell(uid, Act::AccountDeleted))?;
        self.erased.push((uid.to_owned(), address?));
        Some(())
    }

    /// Whether Gigya is still to hear something of a contact. Search shows a lite account for up to half a minute after its
    /// deletion, and writing to one that is gone makes it anew.
    fn is_to_be_told(&self, uid: &str, account: &Account) -> bool {
        let Some(contact) = self.contacts().remove(uid) else { return false };
        let name =
            account.fields().get("profile").and_then(|profile| profile["firstName"].as_str());
        let is_mailed =
            !contact.is_unsubscribed() && contact.lists.contains(&self.lists.newsletter);
        contact.texts.get("first_name").map(String::as_str) != name || !is_mailed
    }

    pub(super) fn move_to(&mut self, uid: &str, city: &str) -> Option<&'static str> {
        self.edit(uid, "moved", |_, profile| put(profile, "city", city))
    }

    fn try_out_there(&mut self, deed: There, uid: &str) -> Option<&'static str> {
        let contact = self.contacts().remove(uid).filter(|it| it.deleted_at.is_none())?;
        let id = contact.id.as_str();
        if self.is_being_written(id) {
            return None;
        }
        let ours = [&self.lists.newsletter, &self.lists.emea];
        let mailed_by = ours.into_iter().find(|list| contact.lists.contains(*list)).cloned();
        let (name, act) = match deed {
            There::Unsubscribe => {
                if contact.is_unsubscribed() || !self.tenant.unsubscribe(id, true) {
                    return None;
                }
                ("unsubscribed", Some(Act::Unsubscribed))
            }
            There::LeaveList => {
                let list = mailed_by?;
                if contact.is_unsubscribed() || !self.tenant.leave_list(id, &list) {
                    return None;
                }
                // In v2 nothing tells who left their last list from who was deleted.
                let is_last = contact.lists.iter().all(|other| *other == list);
                let act = match self.lists.api {
                    Dialect::V2 if is_last => Act::ContactDeleted,
                    Dialect::V2 | Dialect::V3 => Act::LeftList(list),
                };
                ("left a list", Some(act))
            }
            There::Delete => {
                // In v2 a deleted contact looks like one that is on no list.
                mailed_by?;
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
                // Each another one, here and for the city: who mistypes a value in the same way again, before anybody saw it restored, cannot be told
                // from a tenant that cannot hold it, which is left alone.
                self.serial += 1;
                let typo = format!("{TYPO} {}", self.serial);
                let edit =
                    |it: &mut Contact| drop(it.texts.insert("last_name".into(), typo.clone()));
                self.tenant.edit(id, edit);
                ("last name mistyped over there", Some(Act::ContactMistyped))
            }
            There::City => {
                let typo = format!("Nowhere {}", self.clock.now().as_millisecond());
                let city = |street: &mut [String; 5]| street[1].clone_from(&typo);
                self.tenant.edit(id, |it| it.streets.values_mut().for_each(city));
                ("city mistyped over there", Some(Act::ContactMistyped))
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
        let account = self.gigya.account(&Uid::from(uid))?;
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
}

fn put(profile: &mut Map<String, Value>, name: &str, value: &str) {
    profile.insert(name.to_owned(), json!(value));
}
