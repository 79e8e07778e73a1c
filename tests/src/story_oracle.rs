//! The oracle of the story: it hears of every day what people did about being mailed, watches that nobody is mailed against
//! their will, and at the end compares both worlds with what should hold.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use shared::domain::{Account, Uid};

use crate::constant_contact::Person as Contact;
use crate::oracle::{Act, Objection, Oracle, Rules, Sight};
use crate::people::GigyaEdit;
use crate::world::{BUCKET, World};

/// Objections that are named.
const EXAMPLES_MAX: usize = 5;

/// What the oracle found at the end of the story.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Judgement {
    /// People who had to be mailed, and by which lists.
    pub must_be_mailed: u64,
    /// People who might be: what they did crossed itself on one day, or their account can't be sent as it is.
    pub may_be_mailed: u64,
    /// People who had to be left alone.
    pub must_not_be_mailed: u64,
    /// People of whom something else is so.
    pub objections: u64,
    /// Some of them, by UID.
    pub examples: Vec<String>,
}

impl Judgement {
    /// Whether both worlds are as the oracle says.
    pub fn is_content(&self) -> bool {
        self.objections == 0
    }
}

/// The oracle, and whom it cannot hold to everything.
pub(crate) struct StoryOracle {
    oracle: Oracle,
    /// Whose account may not be sendable, or shares its address: whether they are mailed is the product's to say, as long
    /// as they have not left.
    odd: BTreeSet<String>,
    /// Who shares an address with somebody: Gigya keeps subscriptions by address, so what one says the other says too, and
    /// the oracle holds its tongue.
    sharing: BTreeSet<String>,
    addresses: BTreeMap<String, String>,
    objections: Vec<Objection>,
}

impl StoryOracle {
    /// An oracle of the sandbox's customer.
    pub(crate) fn of(world: &World) -> Self {
        let rules = Rules {
            tier: None,
            opt_out_unsubscribes: true,
            leaving_a_list_opts_out: true,
            deletion_opts_out: true,
            deleted_accounts_stay: false,
            clears: false,
            newsletter: world.lists.newsletter.clone(),
            emea: world.lists.emea.clone(),
        };
        Self {
            oracle: Oracle::new(rules, BTreeMap::new()),
            odd: BTreeSet::new(),
            sharing: BTreeSet::new(),
            addresses: BTreeMap::new(),
            objections: Vec::new(),
        }
    }

    /// Everybody who is at Gigya, as they are now.
    pub(crate) fn meet_everybody(&mut self, world: &World) {
        for account in world.gigya.accounts() {
            self.meet(&account, world.now());
        }
    }

    /// Somebody new.
    pub(crate) fn meet(&mut self, account: &Account, at: Timestamp) {
        let uid = account.uid().to_string();
        let address = address_of(account);
        let is_shared = self.live_at(&uid, &address);
        // One `@`, plain letters, a dot in the domain: whatever else there may be is not the oracle's to judge.
        let is_plain = address.is_ascii()
            && address.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty()
                    && !local.contains("..")
                    && !domain.contains('@')
                    && domain.contains('.')
            })
            && !address.contains([' ', ',']);
        if is_shared || !is_plain || !account.is_registered() {
            self.odd.insert(uid.clone());
        }
        self.oracle.hear(&uid, at, Act::Registered { account: wish_of(account) });
    }

    /// Somebody has this address from now on. Answers whether somebody else has had it.
    fn live_at(&mut self, uid: &str, address: &str) -> bool {
        let before = self.addresses.insert(address.to_owned(), uid.to_owned());
        let Some(other) = before.filter(|other| other != uid) else { return false };
        if !address.is_empty() {
            self.sharing.extend([other, uid.to_owned()]);
        }
        true
    }

    /// Somebody did something about being mailed.
    pub(crate) fn hear(&mut self, uid: &Uid, at: Timestamp, act: Act) {
        self.oracle.hear(uid.as_str(), at, act);
    }

    /// Somebody's account was changed: as far as that is about being mailed.
    pub(crate) fn hear_edit(&mut self, world: &World, uid: &Uid, edit: &GigyaEdit) {
        let act = match edit {
            GigyaEdit::Unsubscribed => Some(Act::Withdrew),
            GigyaEdit::Resubscribed => Some(Act::Granted),
            GigyaEdit::Deleted => Some(Act::AccountDeleted),
            GigyaEdit::Deactivated | GigyaEdit::Reactivated | GigyaEdit::RegionChanged { .. } => {
                let account = world.gigya.account(uid);
                account.map(|account| Act::Edited { account: wish_of(&account) })
            }
            GigyaEdit::AddressChanged { email } => {
                self.live_at(uid.as_str(), &email.to_lowercase());
                None
            }
            GigyaEdit::Arrived
            | GigyaEdit::Renamed { .. }
            | GigyaEdit::Moved { .. }
            | GigyaEdit::TierChanged { .. }
            | GigyaEdit::LoggedIn => None,
        };
        if let Some(act) = act {
            self.hear(uid, world.now(), act);
        }
    }

    /// Looks at everybody at the end of a day.
    pub(crate) fn watch(&mut self, world: &World) {
        let (accounts, contacts) = both_sides(world);
        let now = world.now();
        let objections = self.oracle.watch(&sights(&accounts, &contacts), now, Some(now));
        self.objections.extend(objections);
    }

    /// Judges everybody at the end of the story.
    pub(crate) fn judge(&mut self, world: &World) -> Judgement {
        let (accounts, contacts) = both_sides(world);
        let mut odd = self.odd.clone();
        odd.extend(listed(world));
        let tally =
            self.oracle.judge_mailing(&sights(&accounts, &contacts), |uid| odd.contains(uid));
        let objections = self.objections.iter().chain(&tally.objections);
        let objections: Vec<&Objection> =
            objections.filter(|objection| !self.sharing.contains(&objection.uid)).collect();
        let examples = objections.iter().take(EXAMPLES_MAX);
        Judgement {
            must_be_mailed: tally.must,
            may_be_mailed: tally.may,
            must_not_be_mailed: tally.must_not,
            objections: objections.len() as u64,
            examples: examples.map(|it| format!("{} {}", it.uid, it.what)).collect(),
        }
    }
}

/// Whom a report lists with the reason why they are not sent, so that somebody can do something about it.
fn listed(world: &World) -> BTreeSet<String> {
    let objects = world.aws.objects();
    let is_list = |key: &String| {
        ["/invalid.ndjson", "/duplicate.ndjson"].iter().any(|name| key.ends_with(name))
    };
    let lists = objects.keys(BUCKET, "runs/").into_iter().filter(is_list);
    let mut uids = BTreeSet::new();
    for key in lists {
        let bytes = objects.get(BUCKET, &key).unwrap_or_default();
        for line in String::from_utf8_lossy(&bytes).lines() {
            let person: Value = serde_json::from_str(line).unwrap_or_default();
            uids.extend(person["uid"].as_str().map(ToOwned::to_owned));
        }
    }
    uids
}

type Sides = (BTreeMap<String, Value>, BTreeMap<String, Contact>);

fn both_sides(world: &World) -> Sides {
    let accounts = world.gigya.accounts();
    let accounts = accounts.iter().map(|account| (account.uid().to_string(), wish_of(account)));
    let contacts = world.contacts_by_uid();
    let contacts = contacts
        .into_iter()
        .filter_map(|(uid, id)| Some((uid.to_string(), world.constant_contact.contact(&id)?)));
    (accounts.collect(), contacts.collect())
}

fn sights<'a>(
    accounts: &'a BTreeMap<String, Value>,
    contacts: &'a BTreeMap<String, Contact>,
) -> BTreeMap<String, Sight<'a>> {
    let uids = accounts.keys().chain(contacts.keys());
    let sight = |uid: &String| Sight { account: accounts.get(uid), contact: contacts.get(uid) };
    uids.map(|uid| (uid.clone(), sight(uid))).collect()
}

/// What of an account says whether and by which lists they are mailed.
fn wish_of(account: &Account) -> Value {
    let fields = account.fields();
    json!({
        "isActive": fields.get("isActive"),
        "data": {"region": fields.get("data").map(|data| &data["region"])},
        "subscriptions": fields.get("subscriptions"),
    })
}

/// The address of an account, in small letters.
fn address_of(account: &Account) -> String {
    let profile = account.fields().get("profile");
    profile.and_then(|profile| profile["email"].as_str()).unwrap_or_default().to_lowercase()
}
