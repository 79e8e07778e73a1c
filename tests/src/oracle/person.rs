//! One person: how they stood when the spell began, and what they did since.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::verdict::fitting;
use super::watch::UNKNOWN_FOR;
use super::{Rules, Sight, is_subscribed, mailed_lists, text};
use crate::constant_contact::Person as Contact;

/// Something that a person or the customer did, outside the product.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// They registered at Gigya with these values; what stands in `subscriptions` is their wish.
    Registered {
        /// The account.
        account: Value,
    },
    /// They asked at Gigya to be mailed.
    Granted,
    /// They took it back at Gigya.
    Withdrew,
    /// The account was changed in other ways; this is what it says now, as far as people wrote it.
    Edited {
        /// The sections `profile` and `data`, and `isActive`.
        account: Value,
    },
    /// They, or the customer, changed the first name at Gigya.
    FirstName(String),
    /// The account was deleted at Gigya.
    AccountDeleted,
    /// They unsubscribed in Constant Contact.
    Unsubscribed,
    /// They left this list in Constant Contact.
    LeftList(String),
    /// The contact was deleted in Constant Contact.
    ContactDeleted,
    /// The marketer changed the first name in Constant Contact.
    ContactFirstName(String),
    /// The marketer changed a value in Constant Contact that is Gigya's; an import restores it.
    ContactMistyped,
    /// The marketer changed something of the contact that is none of ours: this is the contact now.
    ContactNoted(Box<Contact>),
}

impl Act {
    /// The list that was left, if this was that.
    pub(super) fn list_left(&self) -> Option<&String> {
        if let Self::LeftList(list) = self { Some(list) } else { None }
    }

    /// The first name that was given, and whether at Gigya, if this was that.
    pub(super) fn first_name(&self) -> Option<(bool, &String)> {
        if let Self::FirstName(name) = self {
            return Some((true, name));
        }
        if let Self::ContactFirstName(name) = self { Some((false, name)) } else { None }
    }
}

/// How a person stands when everything is quiet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that was seen")]
pub struct Standing {
    /// Constant Contact may not mail them at all.
    pub is_unsubscribed: bool,
    /// The account says that they want to be mailed.
    pub is_subscribed: bool,
    /// They once left in a way that only a newer wish of theirs undoes.
    pub has_left: bool,
    /// Lists that they left.
    pub left_lists: BTreeSet<String>,
    /// The first name at Gigya and in Constant Contact.
    pub first_names: BTreeSet<String>,
    /// Whether the contact held the account's values.
    pub was_mailed: bool,
    /// Whether there is anybody at Gigya.
    pub has_account: bool,
    /// Whether they left, asked for it anew, and are not mailed for another reason: both may be so.
    pub(super) may_have_left: bool,
    /// Whether there was a contact, deleted or not.
    pub had_contact: bool,
}

/// What the oracle knows of one person.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that was seen or heard")]
pub(super) struct Known {
    pub(super) stood: Standing,
    pub(super) acts: Vec<(Timestamp, Act)>,
    /// The account as people wrote it, the first name aside.
    pub(super) account: Option<Value>,
    /// What the marketer keeps in the contact beside what is ours.
    pub(super) noted: Option<Noted>,
    /// The lists by which they could be mailed when somebody last looked.
    pub(super) mailed_by: BTreeSet<String>,
    /// Whether the contact was unsubscribed when somebody last looked.
    pub(super) was_unsubscribed: bool,
    /// Whether the account was subscribed when somebody last looked.
    pub(super) was_subscribed: bool,
    /// Since when they were seen to be mailed without a break.
    pub(super) mailed_since: Option<Timestamp>,
    /// Whether the contact was deleted before anybody can have seen it for sure: what became of the import that brought it may not
    /// be known yet, and that one is made again.
    pub(super) was_deleted_young: bool,
    /// The lists on which the contact was, or was to be, when it was deleted.
    pub(super) deleted_from: BTreeSet<String>,
    /// Whether the customer's settings name another list or field since the beginning of this spell, so that everybody is sent
    /// anew, though nothing of theirs has changed.
    pub(super) is_sent_anew: bool,
    /// All that they ever did about being mailed, over all spells.
    pub(super) leavings: Vec<(Timestamp, Leaving)>,
    pub(super) granted_at: Option<Timestamp>,
}

/// A way of leaving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leaving {
    AtGigya,
    Unsubscribed,
    List(String),
    /// As a contact, which says nothing of lists that are joined later.
    Deleted,
    /// The account is deleted at Gigya.
    Account,
}

/// What in a contact is none of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Noted {
    pub(super) notes: Vec<String>,
    pub(super) taggings: Vec<String>,
    pub(super) job_title: Option<String>,
    pub(super) lists: BTreeSet<String>,
}

impl Noted {
    pub(super) fn of(contact: &Contact, rules: &Rules) -> Self {
        let is_ours = |list: &&String| **list == rules.newsletter || **list == rules.emea;
        Self {
            notes: contact.notes.clone(),
            taggings: contact.taggings.clone(),
            job_title: contact.texts.get("job_title").cloned(),
            lists: contact.lists.iter().filter(|list| !is_ours(list)).cloned().collect(),
        }
    }
}

impl Known {
    pub(super) fn hear(&mut self, at: Timestamp, act: Act, rules: &Rules) {
        match &act {
            Act::Registered { account } => {
                // Gigya keeps subscriptions by address: whoever had a lite account keeps theirs.
                let was_subscribed = self.stood.has_account && self.stood.is_subscribed;
                self.was_subscribed = is_subscribed(account) || was_subscribed;
                self.stood.is_subscribed = self.was_subscribed;
                self.stood.has_account = true;
                self.stood.first_names = [text(account, "profile.firstName")].into();
                if self.was_subscribed {
                    self.granted_at = Some(at);
                }
                self.account = Some(as_written(account));
            }
            Act::Edited { account } => self.account = Some(as_written(account)),
            Act::Granted => {
                self.granted_at = Some(at);
                self.was_subscribed = true;
            }
            Act::Withdrew => {
                self.leavings.push((at, Leaving::AtGigya));
                self.was_subscribed = false;
            }
            Act::Unsubscribed => {
                self.leavings.push((at, Leaving::Unsubscribed));
                self.was_unsubscribed = true;
                self.mailed_by.clear();
            }
            Act::LeftList(list) => {
                self.leavings.push((at, Leaving::List(list.clone())));
                self.mailed_by.remove(list);
            }
            Act::ContactDeleted => {
                // An import that is on its way revives the contact, which then has left its lists as far as anybody can tell.
                let lists = std::mem::take(&mut self.mailed_by);
                self.deleted_from.extend(fitting(self.account.as_ref(), rules));
                self.deleted_from.extend(lists.iter().cloned());
                let is_young = |since: Timestamp| at.duration_since(since) < UNKNOWN_FOR;
                self.was_deleted_young |= self.mailed_since.is_none_or(is_young);
                self.leavings.push((at, Leaving::Deleted));
                self.leavings.extend(lists.into_iter().map(|list| (at, Leaving::List(list))));
                // A deleted contact's notes are gone with it.
                self.noted = None;
            }
            Act::AccountDeleted => {
                self.leavings.push((at, Leaving::Account));
                self.account = None;
            }
            Act::ContactNoted(contact) => self.noted = Some(Noted::of(contact, rules)),
            Act::FirstName(_) | Act::ContactFirstName(_) | Act::ContactMistyped => {}
        }
        self.acts.push((at, act));
    }

    /// What they did last of these, in this spell.
    pub(super) fn last(&self, is_it: impl Fn(&Act) -> bool) -> Option<(usize, &Act)> {
        let place = self.acts.iter().rposition(|(_, act)| is_it(act))?;
        Some((place, &self.acts[place].1))
    }

    /// Where they stand now is where the next spell begins.
    pub(super) fn begin_spell(&mut self, sight: Sight<'_>, rules: &Rules) {
        let mut left_lists = self.stood.left_lists.clone();
        left_lists.extend(self.acts.iter().filter_map(|(_, act)| act.list_left().cloned()));
        let mailed = mailed_lists(sight.contact, rules);
        // Whoever is back on one of them is not back on the others.
        left_lists.append(&mut self.deleted_from);
        left_lists.retain(|list| !mailed.contains(list));
        let leaves = |(_, act): &(Timestamp, Act)| {
            matches!(act, Act::Unsubscribed | Act::ContactDeleted | Act::Withdrew)
                || (matches!(act, Act::LeftList(_)) && rules.leaving_a_list_opts_out)
        };
        let left = self.acts.iter().rposition(leaves);
        let grants = |(_, act): &(Timestamp, Act)| matches!(act, Act::Granted);
        let granted = self.acts.iter().rposition(grants);
        let may_have_left = self.stood.has_left || self.stood.may_have_left || left.is_some();
        // An import that was on its way has revived the contact on the list that nobody mails: now it looks as if it had left its
        // lists, and not as if it had been deleted.
        let is_revived = left.is_some_and(|left| self.acts[left].1 == Act::ContactDeleted)
            && sight.contact.is_some_and(|it| it.deleted_at.is_none() && !it.lists.is_empty());
        // Whoever asked for it anew afterwards, and is not mailed for another reason, may have left or not.
        let is_undone = granted.is_some_and(|granted| left.is_none_or(|left| granted > left))
            || (granted.is_none() && left.is_none() && !self.stood.has_left)
            || is_revived;
        let has_left = mailed.is_empty() && may_have_left && !is_undone;
        let may_have_left = mailed.is_empty() && may_have_left && is_undone;
        let mut first_names: BTreeSet<String> = BTreeSet::new();
        if let Some(account) = sight.account {
            first_names.insert(text(account, "profile.firstName"));
        }
        if mailed.is_empty() {
            // Not in step: what either side ever said since may still come through.
            first_names.extend(self.stood.first_names.iter().cloned());
            first_names.extend(self.first_names_told());
        }
        self.stood = Standing {
            is_unsubscribed: sight.contact.is_some_and(Contact::is_unsubscribed),
            is_subscribed: sight.account.is_some_and(is_subscribed),
            has_left,
            may_have_left,
            left_lists,
            first_names,
            was_mailed: !mailed.is_empty(),
            has_account: sight.account.is_some(),
            had_contact: sight.contact.is_some(),
        };
        self.was_subscribed = self.stood.is_subscribed;
        self.was_unsubscribed = self.stood.is_unsubscribed;
        self.mailed_by = mailed;
        self.noted = sight
            .contact
            .filter(|contact| contact.deleted_at.is_none())
            .map(|contact| Noted::of(contact, rules));
        self.acts.clear();
        self.was_deleted_young = false;
        self.is_sent_anew = false;
    }

    /// The first names that either side was given in this spell.
    pub(super) fn first_names_told(&self) -> Vec<String> {
        self.acts.iter().filter_map(|(_, act)| Some(act.first_name()?.1.clone())).collect()
    }
}

/// What people alone write in an account: `profile` without the first name, and `data`.
pub(super) fn as_written(account: &Value) -> Value {
    let mut profile: Map<String, Value> =
        account["profile"].as_object().cloned().unwrap_or_default();
    profile.remove("firstName");
    serde_json::json!({
        "profile": profile, "data": account["data"], "isActive": account["isActive"],
    })
}
