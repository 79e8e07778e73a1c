//! States for the properties: one byte is one choice, so that states are cheap to make and shrink to the plainest.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Leave, Outbound, Plan, Seen, Terms, plan};
use crate::domain::account::{Account, Path};
use crate::domain::agreed::{Agreed, Departure, Hold, Pair, Side, Tombstone};
use crate::domain::condition::{Condition, Operand, Operator};
use crate::domain::consent::AgreedWish;
use crate::domain::contact::{Contact, OptOut, OptOutSource, Permission};
use crate::domain::contact_field::ContactField;
use crate::domain::email::EmailAddress;
use crate::domain::evidence::{Evidence, Source};
use crate::domain::fingerprint::FingerprintKey;
use crate::domain::ids::ListId;
use crate::domain::mapping::{FieldRule, Mapping, OnConflict, Owner};
use crate::domain::policy::{
    ConsentPolicy, ListRule, OnContactDeleted, OnDelete, OnListLeave, OnNoMatch, OnOptOut, Policy,
    Resubscribe,
};
use crate::domain::transform::Transform;

/// Choices of one state; what is asked beyond them is the plainest.
pub(super) const CHOICES: usize = 96;

/// The instant of every plan, in seconds; what happened before it did so at 10 or 20, or between.
const NOW: i64 = 30;
const TIMES: [i64; 5] = [5, 10, 15, 20, 25];

/// Two that lose the same when cut to 50 characters, and what is left of them.
const LONG: [&str; 2] = [
    "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee-one",
    "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee-two",
];
const CUT: &str = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee";
const AT_GIGYA: [&str; 6] = ["", "a", "b", "A", LONG[0], LONG[1]];
const IN_CONSTANT_CONTACT: [&str; 5] = ["", "a", "b", "A", CUT];
const LISTS: [&str; 4] = ["l1", "l2", "l3", "not-ours"];
const ADDRESSES: [&str; 2] = ["p@example.com", "q@example.com"];

/// The fields that a mapping may have, and where their values stand at Gigya.
const FIELDS: [(&str, &[&str]); 6] = [
    ("first_name", &["profile.firstName"]),
    ("last_name", &["profile.lastName"]),
    ("city", &["data.city"]),
    ("birthday", &["profile.birthDay", "profile.birthMonth"]),
    ("street", &["profile.address"]),
    ("street2", &["data.floor"]),
];

/// One person, everything that was decided about them, and what is between both.
pub(super) struct State {
    pub(super) policy: Policy,
    pub(super) account: Account,
    pub(super) contact: Contact,
    pub(super) agreed: Option<Agreed>,
    pub(super) key: FingerprintKey,
    pub(super) now: Timestamp,
}

pub(super) struct Choices<'a>(std::slice::Iter<'a, u8>);

impl<'a> Choices<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes.iter())
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::from(self.0.next().copied().unwrap_or(0)) % from.len()]
    }

    fn yes(&mut self) -> bool {
        self.pick(&[false, true])
    }

    fn seldom(&mut self) -> bool {
        self.pick(&[false, false, false, false, false, true])
    }

    fn time(&mut self) -> Timestamp {
        at(self.pick(&TIMES))
    }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

impl State {
    pub(super) fn of(choices: &[u8]) -> Self {
        let mut choices = Choices::of(choices);
        let policy = policy(&mut choices);
        let account = account(&mut choices);
        let contact = contact(&mut choices);
        let key = FingerprintKey::new([7; 32]);
        let now = at(NOW);
        let mut state = Self { policy, account, contact, agreed: None, key, now };
        state.agreed = match choices.pick(&[0, 1, 1, 2, 2, 2]) {
            0 => None,
            1 => state.history(&mut choices),
            _ => Some(agreed(&mut choices, &state.key)),
        };
        state
    }

    pub(super) fn terms(&self) -> Terms<'_> {
        Terms { policy: &self.policy, key: &self.key, read_at: None }
    }

    pub(super) fn known(&self) -> Agreed {
        self.agreed.clone().unwrap_or_default()
    }

    pub(super) fn plan(&self, gigya: Seen<&Account>, contact: Seen<&Contact>) -> Plan {
        plan(gigya, contact, self.agreed.as_ref(), self.terms(), self.now)
    }

    /// What was agreed when both sides had other values.
    fn history(&self, choices: &mut Choices<'_>) -> Option<Agreed> {
        let (account, contact) = (account(choices), contact(choices));
        plan(Seen::Present(&account), Seen::Present(&contact), None, self.terms(), at(1)).agreed
    }

    /// Both sides and the ledger once everything that the plan says was done.
    pub(super) fn after(&self, plan: &Plan) -> Self {
        let mut agreed = plan.agreed.clone().or_else(|| self.agreed.clone());
        let mut account = Map::from(self.account.clone());
        if let Some(inbound) = &plan.inbound {
            for (path, value) in &inbound.leaves {
                write(&mut account, path, value, self.now);
            }
            account.insert("lastUpdatedTimestamp".into(), self.now.as_millisecond().into());
            agreed.get_or_insert_default().written_at = Some(self.now);
        }
        let mut contact = self.contact.clone();
        if let Some(outbound) = &plan.outbound {
            self.carry_out(outbound, &mut contact);
        }
        Self {
            policy: self.policy.clone(),
            account: Account::try_from(account).unwrap(),
            contact,
            agreed,
            key: self.key.clone(),
            now: self.now,
        }
    }

    /// What Constant Contact does: an import adds lists and overwrites with what is not empty, a single write replaces.
    fn carry_out(&self, outbound: &Outbound, contact: &mut Contact) {
        match outbound {
            Outbound::Join { row, lists } => {
                contact.deleted_at = None;
                contact.email = Some(row.email.clone());
                contact.fields.extend(row.fields.clone());
                contact.lists.extend(lists.iter().cloned());
            }
            Outbound::Update { row } => contact.fields.extend(row.fields.clone()),
            Outbound::Amend { row, lists, rest } => {
                contact.email = Some(row.email.clone());
                contact.fields.extend(row.fields.clone());
                contact.fields.extend(rest.clone());
                contact.lists.retain(|list| !self.policy.lists.iter().any(|of| of.id == *list));
                contact.lists.extend(lists.iter().cloned());
            }
            Outbound::Ask { lists } => {
                contact.permission = Permission::PendingConfirmation;
                contact.opt_out = None;
                contact.lists.extend(lists.iter().cloned());
            }
            Outbound::Leave(Leave::Unsubscribe) => {
                contact.permission = Permission::Unsubscribed;
                contact.opt_out = Some(OptOut { at: Some(self.now), by: OptOutSource::Contact });
                contact.lists.clear();
            }
            Outbound::Leave(Leave::RemoveFromLists(lists)) => {
                contact.lists.retain(|list| !lists.contains(list));
            }
            Outbound::Leave(Leave::Delete) => {
                contact.lists.clear();
                contact.deleted_at = Some(self.now);
            }
        }
        contact.fields.retain(|_, value| !value.is_empty());
    }
}

/// What Gigya does: the leaf is replaced, and a subscription's time is now.
pub(super) fn write(account: &mut Map<String, Value>, path: &Path, value: &Value, now: Timestamp) {
    let steps: Vec<&str> = path.steps().collect();
    let (last, above) = steps.split_last().unwrap();
    let mut there = account;
    for step in above {
        let inner = there.entry(*step).or_insert_with(|| json!({}));
        there = inner.as_object_mut().unwrap();
    }
    there.insert((*last).to_owned(), value.clone());
    if *last == "isSubscribed" {
        there.insert("lastUpdatedSubscriptionState".into(), now.as_millisecond().into());
    }
}

fn policy(choices: &mut Choices<'_>) -> Policy {
    let mut rules = Vec::new();
    for (field, sources) in FIELDS {
        let is_street = field.starts_with("street");
        let (absent, owner) = (choices.pick(&[is_street, false, true]), owner(choices));
        let conflict =
            choices.pick(&[OnConflict::Gigya, OnConflict::ConstantContact, OnConflict::Hold]);
        let upper = field != "birthday" && choices.seldom();
        if !absent {
            rules.push(FieldRule {
                sources: sources.iter().map(|source| source.parse().unwrap()).collect(),
                field: field.parse().unwrap(),
                owner: if is_street { Owner::Gigya } else { owner },
                conflict,
                transforms: if upper { vec![Transform::Upper] } else { Vec::new() },
            });
        }
    }
    let count = choices.pick(&[1, 2, 3]);
    let lists = LISTS.iter().take(count).map(|list| ListRule {
        id: ListId::from(*list),
        when: choices.pick(&[None, Some("x"), Some("y")]).map(|region| Condition::Test {
            path: "data.region".parse().unwrap(),
            operator: Operator::Equals(Operand::Text(region.to_owned())),
        }),
    });
    let lists = lists.collect();
    let path = choices.pick(&["subscriptions.news.email", "data.optin"]);
    let consent = ConsentPolicy {
        path: path.parse().unwrap(),
        required: choices.yes(),
        double_opt_in: choices.seldom(),
        resubscribe: choices.pick(&[Resubscribe::Never, Resubscribe::Ask]),
        on_opt_out: choices.pick(&[OnOptOut::Unsubscribe, OnOptOut::RemoveFromList]),
        on_delete: choices.pick(&[OnDelete::Delete, OnDelete::Unsubscribe, OnDelete::Keep]),
        on_no_match: choices.pick(&[OnNoMatch::RemoveFromList, OnNoMatch::Keep]),
        on_list_leave: choices.pick(&[OnListLeave::OptOut, OnListLeave::Tombstone]),
        on_contact_deleted: choices.pick(&[OnContactDeleted::OptOut, OnContactDeleted::Tombstone]),
    };
    Policy { mapping: Mapping::new(rules, "gigya_uid"), lists, consent }
}

fn owner(choices: &mut Choices<'_>) -> Owner {
    choices.pick(&[Owner::Gigya, Owner::Both, Owner::Both, Owner::ConstantContact])
}

fn account(choices: &mut Choices<'_>) -> Account {
    let mut account = json!({
        "UID": "u", "isActive": !choices.seldom(), "isRegistered": !choices.seldom(),
        "lastUpdatedTimestamp": choices.pick(&[20_000, 25_000]),
        "profile": {
            "firstName": choices.pick(&AT_GIGYA), "lastName": choices.pick(&AT_GIGYA),
            "address": choices.pick(&["", "s", "t"]), "birthDay": choices.pick(&[None, Some(1), Some(2)]),
        },
        "data": {
            "city": choices.pick(&AT_GIGYA), "floor": choices.pick(&["", "1"]),
            "region": choices.pick(&["x", "y", "z"]), "optin": choices.pick(&[Some(true), Some(false), None]),
        },
    });
    // A day without a month is half a birthday, and invalid.
    if !account["profile"]["birthDay"].is_null() && !choices.seldom() {
        account["profile"]["birthMonth"] = json!(3);
    }
    if !choices.seldom() {
        account["profile"]["email"] = choices.pick(&ADDRESSES).into();
    }
    if !choices.seldom() {
        let mut email = json!({"isSubscribed": choices.pick(&[true, true, false]),
            "doubleOptIn": {"status": choices.pick(&["Confirmed", "Pending"])}});
        if !choices.seldom() {
            email["lastUpdatedSubscriptionState"] = choices.time().as_millisecond().into();
        }
        account["subscriptions"] = json!({"news": {"email": email}});
    }
    Account::from_json(account).unwrap()
}

fn contact(choices: &mut Choices<'_>) -> Contact {
    let permission =
        choices.pick(&["explicit", "implicit", "explicit", "unsubscribed", "temp_hold", "new"]);
    let opted_out_at = choices.yes().then(|| choices.time());
    let deleted_at = choices.seldom().then(|| choices.time());
    let mut fields = BTreeMap::new();
    for (field, _) in FIELDS {
        let value = choices.pick(&IN_CONSTANT_CONTACT);
        let value = match (field, value) {
            ("birthday", "a") => "03-01",
            ("birthday", "b") => "03-02",
            ("birthday", "A") => "not-a-day",
            ("birthday", _) => "",
            (_, value) => value,
        };
        if !value.is_empty() {
            fields.insert(field.parse::<ContactField>().unwrap(), value.to_owned());
        }
    }
    let permission = Permission::from(permission.to_owned());
    let opt_out = (permission == Permission::Unsubscribed)
        .then_some(OptOut { at: opted_out_at, by: OptOutSource::Contact });
    Contact {
        id: choices.pick(&["c1", "c1", "c2"]).into(),
        uid: Some("u".into()),
        email: if choices.seldom() { None } else { choices.pick(&ADDRESSES).parse().ok() },
        permission,
        opt_out,
        fields,
        lists: lists(choices),
        created_at: None,
        updated_at: choices.yes().then(|| choices.time()),
        deleted_at,
    }
}

fn lists(choices: &mut Choices<'_>) -> BTreeSet<ListId> {
    LISTS.iter().filter(|_| choices.yes()).map(|list| ListId::from(*list)).collect()
}

/// Anything that a ledger could hold, however it came to.
pub(super) fn agreed(choices: &mut Choices<'_>, key: &FingerprintKey) -> Agreed {
    let mut fields = BTreeMap::new();
    for (field, _) in FIELDS {
        let (gigya, contact) = (choices.pick(&AT_GIGYA), choices.pick(&IN_CONSTANT_CONTACT));
        let print = |value: &str| key.fingerprint(field, value);
        let pair = Pair {
            gigya: (!choices.seldom()).then(|| print(gigya)),
            contact: (!choices.seldom()).then(|| print(contact)),
            insisted: choices.seldom().then(|| print(choices.pick(&IN_CONSTANT_CONTACT))),
            was: choices.seldom().then(|| print(choices.pick(&IN_CONSTANT_CONTACT))),
            held: choices.seldom().then(|| hold(choices)),
        };
        fields.insert(field.parse().unwrap(), pair);
    }
    let kind = choices.pick(&[
        None,
        None,
        Some(Departure::Withdrawn),
        Some(Departure::Deleted),
        Some(Departure::Unsubscribed),
        Some(Departure::Erased),
    ]);
    let left = kind.map(|kind| Tombstone { kind, at: choices.time() });
    let erased_at = left.filter(|_| choices.seldom()).map(|left| left.at);
    let agreed = Agreed {
        contact: choices.pick(&[None, Some("c1"), Some("c1")]).map(Into::into),
        address: choices
            .pick(&[None, Some(ADDRESSES[0]), Some(ADDRESSES[1])])
            .map(|address| super::address_fingerprint(key, &address.parse().unwrap())),
        fields,
        wish: choices.pick(&[AgreedWish::Silent, AgreedWish::Granted, AgreedWish::Withdrawn]),
        lists: lists(choices),
        left,
        left_lists: lists(choices).into_iter().map(|list| (list, choices.time())).collect(),
        evidence: choices.seldom().then(|| Evidence {
            at: choices.time(),
            source: choices.pick(&[Source::Operator, Source::ConstantContact]),
        }),
        asked: choices.seldom().then(|| choices.time()),
        written_at: choices.seldom().then(|| at(22)),
        moved_to: None,
        erased_at,
    };
    if agreed.is_erased() { agreed.forgotten() } else { agreed }
}

fn hold(choices: &mut Choices<'_>) -> Hold {
    let chosen = choices.pick(&[None, Some(Side::Gigya), Some(Side::ConstantContact)]);
    Hold { since: choices.time(), chosen }
}

/// Everything of it: these people do not exist.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "policy: {:#?}", self.policy)?;
        writeln!(f, "account: {:#}", Value::Object(self.account.fields().clone()))?;
        let Contact { id, email, permission, opt_out, fields, lists, deleted_at, .. } =
            &self.contact;
        let email = email.as_ref().map(EmailAddress::expose);
        writeln!(f, "contact: {id:?} {email:?} {permission:?} {opt_out:?} deleted {deleted_at:?}")?;
        writeln!(f, "{fields:#?} {lists:?}")?;
        write!(f, "agreed: {:#?}", self.agreed)
    }
}
