//! The oracle: a slow and obvious model of what should hold for every person. It knows nothing of the product: it is told
//! what people did, when and where, and it looks at both vendors' sides.
//!
//! Time is cut into *spells*. At the end of each, both sides are quiet and were given time to agree; the oracle then
//! judges everybody, and what it sees is where the next spell begins. Within one spell it does not claim to know which of two acts of
//! one person the product saw first: where that matters, both outcomes are right.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `person` | what one person did in this spell, and how they stood at its beginning |
//! | `verdict` | whether somebody must, may or must not be mailed, and what their values must be |
//! | `watch` | what may not happen even for a moment, while anything goes wrong |

mod person;
mod verdict;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

pub use person::{Act, Standing};
pub use verdict::{Expected, Mailing};

use person::Known;

use crate::constant_contact::Person as Contact;

/// What a last name begins with that a marketer mistyped.
pub const TYPO: &str = "Typo";

/// How the customer decided, as the oracle needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one decision of the customer's")]
pub struct Rules {
    /// Who withdraws at Gigya is unsubscribed account-wide; else they are taken off the lists.
    pub opt_out_unsubscribes: bool,
    /// Who leaves one list in Constant Contact is opted out at Gigya; else they stay off that list.
    pub leaving_a_list_opts_out: bool,
    /// Whose contact is deleted is opted out at Gigya; else they are not put back.
    pub deletion_opts_out: bool,
    /// Whose account is deleted at Gigya stays in Constant Contact as they are.
    pub deleted_accounts_stay: bool,
    /// A value that was emptied at Gigya is emptied in Constant Contact.
    pub clears: bool,
    /// Everybody's list.
    pub newsletter: String,
    /// The list of those whose region is `emea`.
    pub emea: String,
    /// The tenant's custom field for the tier, by its id; where nobody says, any may hold it.
    pub tier: Option<String>,
}

/// Both sides of one person, as they are now.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// The account at Gigya, if there is one.
    pub account: Option<&'a Value>,
    /// The contact that carries the UID, if there is one; a deleted one only if there is no other.
    pub contact: Option<&'a Contact>,
}

/// Something that should not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// Whom it is about.
    pub uid: String,
    /// What is wrong.
    pub what: String,
}

/// What the oracle says about everybody.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// How many must be mailed.
    pub must: u64,
    /// How many may be.
    pub may: u64,
    /// How many must not be.
    pub must_not: u64,
    /// What is not so.
    pub objections: Vec<Objection>,
}

/// The oracle.
#[derive(Debug, Clone)]
pub struct Oracle {
    rules: Rules,
    people: BTreeMap<String, Known>,
    /// How letters are written where only ISO-8859-1 goes.
    spelling: BTreeMap<String, String>,
    runs: Runs,
}

/// When runs were going on: from when, and until when at the latest.
#[derive(Debug, Clone, Default)]
struct Runs(Vec<(Timestamp, Option<Timestamp>)>);

/// How long before a run an edit in Constant Contact may be too young to be carried home before the run sends anything.
const TOO_YOUNG: SignedDuration = SignedDuration::from_mins(45);

impl Runs {
    /// Whether nothing of ours was on its way when somebody edited a contact at this instant, nor before it had to come home.
    fn were_far_from(&self, at: Timestamp) -> bool {
        !self.0.is_empty()
            && self.0.iter().all(|(began, ended)| {
                *began > at + TOO_YOUNG || ended.is_some_and(|ended| ended < at)
            })
    }
}

impl Oracle {
    /// An oracle that knows nobody yet. `spelling` tells, for every value that has one, how it is written in Constant
    /// Contact; other values are written as they are.
    pub fn new(rules: Rules, spelling: BTreeMap<String, String>) -> Self {
        Self { rules, people: BTreeMap::new(), spelling, runs: Runs::default() }
    }

    /// Tells what somebody did.
    pub fn hear(&mut self, uid: &str, at: Timestamp, act: Act) {
        self.people.entry(uid.to_owned()).or_default().hear(at, act, &self.rules);
    }

    /// Whether this person left a list since the last judgement.
    pub fn has_just_left_a_list(&self, uid: &str) -> bool {
        let is_it = |act: &Act| act.list_left().is_some();
        self.people.get(uid).is_some_and(|known| known.last(is_it).is_some())
    }

    /// Tells that the customer's settings name this list from now on, for the one that is gone.
    pub fn hear_of_list(&mut self, emea: String) {
        self.rules.emea = emea;
        self.hear_of_settings();
    }

    /// Tells which of the tenant's custom fields the settings mean for the tier.
    pub fn hear_of_tier(&mut self, field: Option<String>) {
        self.rules.tier = field;
    }

    /// Tells that the customer's settings name another list or field from now on: everybody is sent anew.
    pub fn hear_of_settings(&mut self) {
        self.people.values_mut().for_each(|known| known.is_sent_anew = true);
    }

    /// Tells which run is open now, by when it began.
    pub fn hear_of_run(&mut self, now: Timestamp, began: Option<Timestamp>) {
        if let Some((_, ended)) =
            self.runs.0.last_mut().filter(|(last, ended)| ended.is_none() && began != Some(*last))
        {
            *ended = Some(now);
        }
        if let Some(began) = began
            && self.runs.0.last().is_none_or(|(last, _)| *last != began)
        {
            self.runs.0.push((began, None));
        }
    }

    /// Everybody who was ever heard of.
    pub fn uids(&self) -> impl Iterator<Item = &str> {
        self.people.keys().map(String::as_str)
    }

    /// Judges everybody at the end of a spell, and begins the next one where they stand. Both sides must be quiet.
    pub fn judge(&mut self, sights: &BTreeMap<String, Sight<'_>>) -> Vec<Objection> {
        let nothing = Sight { account: None, contact: None };
        let mut objections = Vec::new();
        let (rules, spelling) = (&self.rules, &self.spelling);
        for (uid, known) in &mut self.people {
            let sight = sights.get(uid).copied().unwrap_or(nothing);
            let expected = known.expected(rules, &self.runs);
            let wrong = expected.differences(sight, rules, spelling);
            objections.extend(wrong.into_iter().map(|what| Objection { uid: uid.clone(), what }));
            known.begin_spell(sight, rules);
        }
        objections
    }

    /// Judges only who is mailed, by which lists, and what their accounts say about it. Who is `odd` need not be mailed.
    pub fn judge_mailing(
        &self,
        sights: &BTreeMap<String, Sight<'_>>,
        is_odd: impl Fn(&str) -> bool,
    ) -> Tally {
        let nothing = Sight { account: None, contact: None };
        let mut tally = Tally::default();
        for (uid, known) in &self.people {
            let sight = sights.get(uid).copied().unwrap_or(nothing);
            let mut expected = known.expected(&self.rules, &self.runs);
            if expected.mailing == Mailing::Must && is_odd(uid) {
                expected.mailing = Mailing::May;
            }
            match expected.mailing {
                Mailing::Must => tally.must += 1,
                Mailing::May => tally.may += 1,
                Mailing::MustNot => tally.must_not += 1,
            }
            let wrong = expected.differences_of_mailing(sight, &self.rules).into_iter();
            tally.objections.extend(wrong.map(|what| Objection { uid: uid.clone(), what }));
        }
        tally
    }

    /// Looks at everybody while the world is going on. `run_began` is when the run began that writes now.
    pub fn watch(
        &mut self,
        sights: &BTreeMap<String, Sight<'_>>,
        now: Timestamp,
        run_began: Option<Timestamp>,
    ) -> Vec<Objection> {
        let nothing = Sight { account: None, contact: None };
        let mut objections = Vec::new();
        let rules = &self.rules;
        for (uid, known) in &mut self.people {
            let sight = sights.get(uid).copied().unwrap_or(nothing);
            let wrong = known.watch(rules, sight, now, run_began);
            objections.extend(wrong.into_iter().map(|what| Objection { uid: uid.clone(), what }));
        }
        objections
    }
}

/// The mailing lists that a contact is on and can be mailed by.
fn mailed_lists(contact: Option<&Contact>, rules: &Rules) -> BTreeSet<String> {
    let reachable = contact.filter(|it| !it.is_unsubscribed() && it.deleted_at.is_none());
    let ours = |list: &&String| **list == rules.newsletter || **list == rules.emea;
    reachable.map(|it| it.lists.iter().filter(ours).cloned().collect()).unwrap_or_default()
}

/// The text at a path of an account: `profile.firstName`.
fn text(account: &Value, path: &str) -> String {
    let leaf = path.split('.').fold(account, |value, step| &value[step]);
    leaf.as_str().unwrap_or_default().to_owned()
}

/// Whether the account says that the person wants to be mailed.
fn is_subscribed(account: &Value) -> bool {
    account["subscriptions"]["newsletter"]["email"]["isSubscribed"] == true
}
