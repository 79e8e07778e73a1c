//! What must hold for one person once everything is quiet.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::person::{Act, Known, Noted, as_written};
use super::{Rules, Runs, Sight, is_subscribed, mailed_lists, text};
use crate::constant_contact::Person as Contact;
use crate::oracle::TYPO;

/// Whether somebody is to be mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mailing {
    /// On every list that fits.
    Must,
    /// On some of those that fit, or on none: they came and left within one spell.
    May,
    /// On none.
    MustNot,
}

/// What must hold for one person.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Whether they are mailed.
    pub mailing: Mailing,
    /// By which lists, if they are.
    pub lists: BTreeSet<String>,
    /// What the account says about being mailed; `None` when both would be right.
    pub is_subscribed: Option<bool>,
    /// Whether Constant Contact may have them as unsubscribed.
    pub may_be_unsubscribed: bool,
    /// First names that may stand at Gigya.
    first_names: BTreeSet<String>,
    /// The account as people wrote it.
    account: Option<Value>,
    /// What the marketer keeps in the contact.
    noted: Option<Noted>,
}

impl Known {
    /// What must hold at the end of this spell.
    pub(super) fn expected(&self, rules: &Rules, runs: &Runs) -> Expected {
        let did = |is_it: &dyn Fn(&Act) -> bool| self.last(is_it).map(|(place, _)| place);
        let unsubscribed = did(&|act| *act == Act::Unsubscribed);
        let left_list = did(&|act| matches!(act, Act::LeftList(_)));
        let contact_deleted = did(&|act| *act == Act::ContactDeleted);
        let withdrew = did(&|act| *act == Act::Withdrew);
        let granted = did(&|act| matches!(act, Act::Granted | Act::Registered { .. }));
        // Leaving as the customer's rules carry it home.
        let opting_out = [
            unsubscribed,
            left_list.filter(|_| rules.leaving_a_list_opts_out),
            contact_deleted.filter(|_| rules.deletion_opts_out),
        ];
        let opted_out = opting_out.into_iter().flatten().max();
        // What keeps them from all lists; who only left one is still on the others.
        let gone = opted_out.max(withdrew).max(contact_deleted);

        let is_granted = match (granted, withdrew) {
            (Some(granted), Some(withdrew)) => granted > withdrew,
            (Some(_), None) => {
                self.stood.is_subscribed || self.last(|act| *act == Act::Granted).is_some()
            }
            (None, Some(_)) => false,
            (None, None) => self.stood.is_subscribed,
        };
        // An import that was on its way revives a deleted contact on none of its lists, which looks like leaving them.
        let is_unclear = self.was_deleted_young
            || (contact_deleted.is_some()
                && rules.deletion_opts_out != rules.leaving_a_list_opts_out);
        let is_subscribed = match (opted_out, granted.filter(|_| is_granted)) {
            _ if is_unclear => None,
            (None, _) => Some(is_granted),
            (Some(_), Some(_)) => None,
            (Some(_), None) => Some(false),
        };
        let is_revivable = self.was_deleted_young
            || self.is_sent_anew
            || did(&|act| matches!(act, Act::Edited { .. })).is_some();
        let mailing = if self.stood.is_unsubscribed || unsubscribed.is_some() || !is_granted {
            Mailing::MustNot
        } else {
            match (gone, granted) {
                (None, None) if self.stood.has_left => Mailing::MustNot,
                (None, None) if self.stood.may_have_left => Mailing::May,
                (None, _) => Mailing::Must,
                // Which of the two the product saw first, or how far it was in between, nobody can say.
                (Some(gone), Some(granted)) if granted > gone => Mailing::May,
                // Joining another list revives a contact that was deleted a moment before, and nothing tells it apart from one
                // that was never deleted.
                (Some(gone), _) if is_revivable && contact_deleted == Some(gone) => Mailing::May,
                (Some(_), _) => Mailing::MustNot,
            }
        };
        let mut lists = fitting(self.account.as_ref(), rules);
        let mut mailing = mailing;
        let mut left_lists: BTreeSet<&String> =
            self.acts.iter().filter_map(|(_, act)| act.list_left()).collect();
        if granted.is_none() {
            left_lists.extend(&self.stood.left_lists);
        } else if !left_lists.is_empty() && mailing == Mailing::Must {
            mailing = Mailing::May;
        }
        if mailing != Mailing::May {
            lists.retain(|list| !left_lists.contains(list));
        }
        let may_be_unsubscribed = self.stood.is_unsubscribed
            || unsubscribed.is_some()
            || (rules.opt_out_unsubscribes
                && (withdrew.is_some()
                    || opted_out.is_some()
                    || is_unclear
                    || !self.stood.is_subscribed));
        let mut first_names = self.stood.first_names.clone();
        let told = self.first_names_told();
        // An import that was on its way says the older name once more; then the marketer's is lost, as any edit is that meets
        // another one on the way. After other settings everybody is imported, though nothing of theirs has changed.
        let is_undisturbed =
            (self.acts.len() == 1 && !self.is_sent_anew) || self.is_name_far_from(runs);
        let is_of_gigya = self.acts.iter().any(|(_, act)| matches!(act, Act::FirstName(_)));
        if self.stood.was_mailed && !told.is_empty() && (is_undisturbed || is_of_gigya) {
            first_names.clear();
        }
        for is_at_gigya in [true, false] {
            let mut given = self.acts.iter().rev().filter_map(|(_, act)| act.first_name());
            let last = given.find(|(at_gigya, _)| *at_gigya == is_at_gigya).map(|(_, name)| name);
            first_names.extend(last.cloned());
        }
        // The older name may itself be one of the marketer's.
        if !self.stood.was_mailed || !(is_undisturbed || is_of_gigya) {
            first_names.extend(told);
        }
        Expected {
            mailing,
            lists,
            is_subscribed,
            may_be_unsubscribed,
            first_names,
            account: self.account.clone(),
            noted: self.noted.clone(),
        }
    }
}

impl Known {
    /// Whether the last first name that the marketer gave had the time to come home before anything was sent, and the person did
    /// nothing else that would have kept it.
    fn is_name_far_from(&self, runs: &Runs) -> bool {
        let harmless = |(_, act): &(_, Act)| {
            matches!(
                act,
                Act::Edited { .. }
                    | Act::ContactFirstName(_)
                    | Act::ContactMistyped
                    | Act::ContactNoted(_)
            )
        };
        let named = self.acts.iter().filter(|(_, act)| matches!(act, Act::ContactFirstName(_)));
        self.acts.iter().all(harmless)
            && named.clone().count() > 0
            && named.clone().all(|(at, _)| runs.were_far_from(*at))
    }
}

/// The lists whose conditions the account meets.
pub(super) fn fitting(account: Option<&Value>, rules: &Rules) -> BTreeSet<String> {
    let mut lists = BTreeSet::new();
    let Some(account) = account.filter(|account| account["isActive"] != false) else {
        return lists;
    };
    lists.insert(rules.newsletter.clone());
    if account["data"]["region"] == "emea" {
        lists.insert(rules.emea.clone());
    }
    lists
}

impl Expected {
    /// In what the two sides differ from it.
    pub(super) fn differences(
        &self,
        sight: Sight<'_>,
        rules: &Rules,
        spelling: &BTreeMap<String, String>,
    ) -> Vec<String> {
        let mut wrong = self.differences_of_mailing(sight, rules);
        let Some(account) = sight.account else { return wrong };
        let first_name = text(account, "profile.firstName");
        if !self.first_names.contains(&first_name) {
            wrong.push(format!("is {first_name:?} at Gigya, not one of {:?}", self.first_names));
        }
        if let Some(expected) = &self.account {
            let written = as_written(account);
            if written != *expected {
                wrong.push(format!("{written} at Gigya; people wrote {expected}"));
            }
        }
        if !mailed_lists(sight.contact, rules).is_empty() {
            wrong.extend(self.differing_values(account, sight, rules, spelling));
        }
        wrong
    }

    /// The same about being mailed alone.
    pub(super) fn differences_of_mailing(&self, sight: Sight<'_>, rules: &Rules) -> Vec<String> {
        let mut wrong = Vec::new();
        let mailed = mailed_lists(sight.contact, rules);
        let Some(account) = sight.account else {
            // Whose account is deleted is mailed no longer, unless the customer wants to keep them.
            if !mailed.is_empty() && !rules.deleted_accounts_stay {
                wrong.push("is mailed although the account is deleted".to_owned());
            }
            return wrong;
        };
        match self.mailing {
            Mailing::Must if mailed != self.lists => {
                wrong.push(format!("must be mailed by {:?} and is by {mailed:?}", self.lists));
            }
            Mailing::May if !mailed.is_subset(&self.lists) => {
                wrong.push(format!("may be mailed by {:?} and is by {mailed:?}", self.lists));
            }
            Mailing::MustNot if !mailed.is_empty() => {
                wrong.push(format!("must not be mailed, and is by {mailed:?}"));
            }
            Mailing::Must | Mailing::May | Mailing::MustNot => {}
        }
        let says = is_subscribed(account);
        if self.is_subscribed.is_some_and(|expected| expected != says) {
            wrong.push(format!("the account says {says} about being mailed"));
        }
        let is_out = sight.contact.is_some_and(Contact::is_unsubscribed);
        if is_out && !self.may_be_unsubscribed {
            wrong.push("is unsubscribed, and never asked for it".to_owned());
        }
        wrong
    }

    /// Values in which somebody who is mailed is not in step.
    fn differing_values(
        &self,
        account: &Value,
        sight: Sight<'_>,
        rules: &Rules,
        spelling: &BTreeMap<String, String>,
    ) -> Vec<String> {
        let Some(contact) = sight.contact else { return Vec::new() };
        let mut wrong = Vec::new();
        let city = contact.streets.get("home").map(|street| street[1].clone()).unwrap_or_default();
        let held = |name: &str| contact.texts.get(name).cloned().unwrap_or_default();
        let is_tier = |field: &String| rules.tier.as_ref().is_none_or(|tier| tier == field);
        let custom = contact.custom.iter().filter(|(field, _)| is_tier(field));
        let tiers: Vec<&String> = custom.map(|(_, value)| value).collect();
        for (path, held) in [
            ("profile.firstName", held("first_name")),
            ("profile.lastName", held("last_name")),
            ("profile.city", city),
            ("profile.email", contact.address.clone().unwrap_or_default()),
        ] {
            let source = text(account, path);
            let spelt = spelling.get(&source).unwrap_or(&source);
            // An empty value that was never agreed on wins over none.
            let is_left = source.is_empty() && (!rules.clears || held.starts_with(TYPO));
            if held != *spelt && !is_left {
                wrong.push(format!("{path} is {source:?} at Gigya and {held:?} over there"));
            }
        }
        let tier = text(account, "data.loyalty.tier");
        if !tier.is_empty() && !tiers.contains(&&tier) {
            wrong.push(format!("the tier is {tier:?} at Gigya and one of {tiers:?} over there"));
        }
        if let Some(noted) = &self.noted {
            let now = Noted::of(contact, rules);
            if now.notes != noted.notes
                || now.taggings != noted.taggings
                || now.job_title != noted.job_title
                || !noted.lists.is_subset(&now.lists)
            {
                wrong.push(format!("the contact lost what is none of ours: {noted:?}, {now:?}"));
            }
        }
        wrong
    }
}
