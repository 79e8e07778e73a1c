//! Planning a batch: everybody in it against the ledger, and one row for each address.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use shared::domain::agreed::Agreed;
use shared::domain::batch::{Agreement, Errand, ErrandKind, Taken};
use shared::domain::mapping::LossKind;
use shared::domain::plan::{
    Leave, Outbound, Plan, Reason, Row, Seen, Terms, address_fingerprint, plan, with_address_mark,
};
use shared::domain::refused;
use shared::domain::report::{
    Action, Actions, Class, Leaving, ListedPerson, Losses, People, Sample,
};
use shared::domain::{Account, ContactField, Fingerprint, ListId, Uid};
use shared::store::ledger::Known;
use shared::store::state::{AllRefused, Waiting};

use crate::given_up::GivenUp;

/// Everything that a batch asks for.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    pub(crate) people: People,
    pub(crate) actions: Actions,
    pub(crate) losses: Losses,
    pub(crate) leaving: Leaving,
    /// Rows by the lists that their import names; `None` is the list that nobody mails.
    pub(crate) rows: BTreeMap<Option<BTreeSet<ListId>>, Vec<Row>>,
    /// What is agreed once a row is imported.
    pub(crate) agreements: HashMap<Uid, Agreement>,
    /// What is agreed about those to whom nothing is sent.
    pub(crate) quiet: Vec<Agreement>,
    pub(crate) errands: Vec<Errand>,
    /// Who has to be read again by the next run.
    pub(crate) due: Vec<Uid>,
    pub(crate) invalid: Vec<ListedPerson>,
    pub(crate) held: Vec<ListedPerson>,
    pub(crate) duplicate: Vec<ListedPerson>,
    pub(crate) rejected: Vec<ListedPerson>,
    /// Addresses that nobody had and that rows of this batch take.
    pub(crate) taken: Vec<Taken>,
    /// Whose address another account holds.
    pub(crate) waiting: Waiting,
    pub(crate) conflicts: Vec<ListedPerson>,
    pub(crate) lost: Vec<ListedPerson>,
}

/// What others did that concerns the batch.
#[derive(Debug, Default)]
pub(crate) struct Others {
    /// Who is in a part that Constant Contact accepted already.
    pub(crate) sent: HashSet<Uid>,
    /// For whom rows with these addresses were sent in this run, by other batches or by an earlier try of this one.
    pub(crate) taken: HashMap<Fingerprint, Uid>,
    /// What runs that were given up may have done.
    pub(crate) given_up: GivenUp,
    /// Whose row was refused.
    pub(crate) refused: AllRefused,
    /// When the run began.
    pub(crate) run_began: Timestamp,
}

impl Others {
    /// Who holds an address: whoever the ledger says and has not left, else whoever took it in this run.
    fn holder<'a>(&'a self, address: Fingerprint, known: &'a Known) -> Option<&'a Uid> {
        let entry = known.addresses.get(&address).filter(|entry| entry.left.is_none());
        entry.and_then(|entry| entry.holder.as_ref()).or_else(|| self.taken.get(&address))
    }
}

/// One person with their plan.
struct Planned {
    uid: Uid,
    address: Option<Fingerprint>,
    is_registered: bool,
    last_updated: Option<Timestamp>,
    before: Agreed,
    plan: Plan,
    /// What poll has to look into because of whoever holds the address.
    errand: Option<Errand>,
}

/// The fingerprint of each account's address, where it has one that can be sent.
pub(crate) fn addresses(accounts: &[Account], terms: Terms<'_>) -> Vec<Option<Fingerprint>> {
    let mapping = &terms.policy.mapping;
    accounts
        .iter()
        .map(|account| mapping.email(account).ok())
        .map(|email| email.map(|email| address_fingerprint(terms.key, &email)))
        .collect()
}

/// Decides for everybody in the batch who is not sent already.
pub(crate) fn decide(
    accounts: &[Account],
    addresses: &[Option<Fingerprint>],
    known: &Known,
    others: &Others,
    terms: Terms<'_>,
    now: Timestamp,
) -> Decisions {
    let mut decisions = Decisions::default();
    let mut planned = Vec::with_capacity(accounts.len());
    for (account, address) in accounts.iter().zip(addresses) {
        if others.sent.contains(account.uid()) {
            decisions.people.add(Class::Accepted);
            decisions.keep_taken(account.uid(), *address, others);
            continue;
        }
        planned.push(plan_one(account, *address, known, terms, now));
    }
    hold_back_refused(&mut planned, others, terms);
    hold_back_in_doubt(&mut planned, others);
    hold_back_leaving(&mut planned, others);
    leave_one_row_per_address(&mut planned, known, others);
    for person in planned {
        decisions.take(person, known, others);
    }
    decisions
}

fn plan_one(
    account: &Account,
    address: Option<Fingerprint>,
    known: &Known,
    terms: Terms<'_>,
    now: Timestamp,
) -> Planned {
    let own = known.people.get(account.uid());
    let mark = address
        .and_then(|address| known.addresses.get(&address))
        .filter(|entry| entry.holder.as_ref() != Some(account.uid()))
        .and_then(|entry| entry.left);
    let marked = with_address_mark(own, mark);
    let plan = plan(Seen::Present(account), Seen::Unobserved, marked.as_ref(), terms, now);
    Planned {
        uid: account.uid().clone(),
        address,
        is_registered: account.is_registered(),
        last_updated: account.last_updated(),
        before: own.cloned().unwrap_or_default(),
        errand: errand_about_address(account, address, known, terms),
        plan,
    }
}

/// An address that somebody else holds: a lite account hands it over to the full one that its owner has registered;
/// and since Gigya keeps a subscription for an address, a withdrawal is one of whoever holds it, too, though a search
/// by subscriptions shows one account for each address.
fn errand_about_address(
    account: &Account,
    address: Option<Fingerprint>,
    known: &Known,
    terms: Terms<'_>,
) -> Option<Errand> {
    let holder = known.addresses.get(&address?)?.holder.as_ref()?;
    if holder == account.uid() || account.is_lite() {
        return None;
    }
    let is_there = known.people.get(account.uid()).is_some_and(Agreed::is_there);
    if holder.lite_token().is_some() && !is_there {
        let (uid, from) = (account.uid().clone(), holder.clone());
        return Some(Errand { uid, kind: ErrandKind::HandOver { from } });
    }
    let consent = &terms.policy.consent;
    let is_shared = consent.path.section() == "subscriptions" && consent.says_no(account);
    is_shared.then(|| Errand { uid: holder.clone(), kind: ErrandKind::Amend })
}

/// Keeps back rows that were refused as they are, until it is time to try again.
fn hold_back_refused(planned: &mut [Planned], others: &Others, terms: Terms<'_>) {
    for person in planned {
        let is_sent =
            matches!(person.plan.outbound, Some(Outbound::Join { .. } | Outbound::Update { .. }));
        let waits = others.refused.get(&person.uid).zip(person.plan.agreed.as_ref()).is_some_and(
            |(refused, after)| refused.waits(refused::sent(terms.key, after), others.run_began),
        );
        if is_sent && waits {
            person.send_nothing(Class::Rejected, Reason::RefusedBefore);
        }
    }
}

/// Keeps back whoever would get a second contact, because they may have one already under an older address. Whoever is to get
/// none may have one, too: the next run reads them again, and takes them off its lists.
fn hold_back_in_doubt(planned: &mut [Planned], others: &Others) {
    for person in planned.iter_mut().filter(|person| !person.before.is_there()) {
        let Some(address) = others.given_up.in_doubt.get(&person.uid) else { continue };
        match &person.plan.outbound {
            None => person.plan.due = true,
            Some(Outbound::Join { .. }) if Some(*address) != person.address => {
                person.send_nothing(Class::Held, Reason::AwaitsContact);
                person.plan.due = true;
            }
            Some(_) => {}
        }
    }
}

/// Keeps back whoever would join a list that they are still being taken off: being seen off it later would look like their own
/// leaving.
fn hold_back_leaving(planned: &mut [Planned], others: &Others) {
    for person in planned {
        let Some(contact) = &person.before.contact else { continue };
        let lists = match &person.plan.outbound {
            Some(Outbound::Join { lists, .. } | Outbound::Amend { lists, .. }) => lists,
            Some(Outbound::Update { .. } | Outbound::Ask { .. } | Outbound::Leave(_)) | None => {
                continue;
            }
        };
        if others.given_up.on_their_way.leaves(contact, lists) {
            person.send_nothing(Class::Held, Reason::AwaitsRemoval);
            person.plan.due = true;
        }
    }
}

/// Several accounts with one address: the account that already holds the contact keeps it; else the registered, then
/// the latest, then the smallest UID. The others are listed.
fn leave_one_row_per_address(planned: &mut [Planned], known: &Known, others: &Others) {
    let mut by_address: HashMap<Fingerprint, Vec<usize>> = HashMap::new();
    for (index, person) in planned.iter().enumerate() {
        if person.takes_over() {
            continue;
        }
        let wants_it = matches!(
            person.plan.outbound,
            Some(Outbound::Join { .. } | Outbound::Update { .. } | Outbound::Amend { .. })
        );
        let has_it = person.plan.class == Class::Unchanged && person.before.is_there();
        if let Some(address) = person.address.filter(|_| wants_it || has_it) {
            by_address.entry(address).or_default().push(index);
        }
    }
    for (address, candidates) in by_address {
        let holder = others.holder(address, known);
        let winner = candidates.iter().copied().min_by_key(|index| {
            let person = &planned[*index];
            (
                holder != Some(&person.uid),
                !person.is_registered,
                std::cmp::Reverse(person.last_updated),
                person.uid.clone(),
            )
        });
        for index in candidates {
            let person = &mut planned[index];
            let is_held_elsewhere = holder.is_some_and(|holder| *holder != person.uid);
            if Some(index) != winner || is_held_elsewhere {
                person.send_nothing(Class::Duplicate, Reason::SharedAddress);
            }
        }
    }
}

/// The fields of which something else is agreed afterwards, by Constant Contact's names.
fn changed_fields(before: &Agreed, after: &Agreed) -> Vec<String> {
    let address = (before.address != after.address).then(|| ContactField::email().to_string());
    let fields = after.fields.iter().filter(|(field, pair)| before.fields.get(field) != Some(pair));
    address.into_iter().chain(fields.map(|(field, _)| field.to_string())).collect()
}

impl Planned {
    /// Whether poll hands the contact of their lite account over to them, and decides about them after that.
    fn takes_over(&self) -> bool {
        let kind = self.errand.as_ref().map(|errand| &errand.kind);
        matches!(kind, Some(ErrandKind::HandOver { .. }))
    }

    fn send_nothing(&mut self, class: Class, reason: Reason) {
        self.plan.class = class;
        self.plan.reason = reason;
        self.plan.outbound = None;
        self.plan.agreed = None;
        self.plan.losses.clear();
    }
}

/// A way of losing characters, as it is listed for a person: how many, and never which, since the characters of a name
/// one after the other are the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Cut,
    Removed,
    Transliterated,
    Replaced,
    Dropped,
    Held,
}

impl Way {
    fn of(loss: LossKind) -> (Self, usize) {
        match loss {
            LossKind::Cut { characters } => (Self::Cut, characters),
            LossKind::Control { .. } => (Self::Removed, 1),
            LossKind::Transliterated { .. } => (Self::Transliterated, 1),
            LossKind::Replaced { .. } => (Self::Replaced, 1),
            LossKind::Dropped { .. } => (Self::Dropped, 1),
            LossKind::Held { .. } => (Self::Held, 1),
        }
    }

    fn words(self, characters: usize) -> String {
        let characters = match characters {
            1 => "1 character".to_owned(),
            several => format!("{several} characters"),
        };
        match self {
            Self::Cut => format!("cut by {characters}, to the length that the field holds"),
            Self::Removed => format!("{characters} removed, which cannot be seen"),
            Self::Transliterated => format!("{characters} written with other letters"),
            Self::Replaced => format!("{characters} replaced by the mark"),
            Self::Dropped => format!("not sent, because {characters} cannot be written there"),
            Self::Held => format!("the person waits, because {characters} cannot be written there"),
        }
    }
}

impl Decisions {
    fn take(&mut self, person: Planned, known: &Known, others: &Others) {
        let takes_over = person.takes_over();
        let Planned { uid, address, before, plan, errand, .. } = person;
        self.people.add(plan.class);
        self.leaving.count(plan.class, plan.reason);
        self.list(&uid, &plan);
        if plan.due {
            self.due.push(uid.clone());
        }
        self.errands.extend(errand);
        if takes_over {
            return;
        }
        if let Some(address) = address {
            let is_sent = matches!(
                plan.outbound,
                Some(Outbound::Join { .. } | Outbound::Update { .. } | Outbound::Amend { .. })
            );
            if is_sent && others.holder(address, known) != Some(&uid) {
                self.taken.push(Taken { address, uid: uid.clone() });
            }
            if plan.class == Class::Duplicate {
                self.waiting.entry(address).or_default().insert(uid.clone());
            }
        }
        let after = plan.agreed.unwrap_or_else(|| before.clone());
        if let Some(outbound) = &plan.outbound {
            let (action, fields) = match outbound {
                Outbound::Join { .. } => (Action::Join, Vec::new()),
                Outbound::Update { .. } => (Action::Update, changed_fields(&before, &after)),
                Outbound::Amend { .. } => (Action::Amend, changed_fields(&before, &after)),
                Outbound::Ask { .. } => (Action::Ask, Vec::new()),
                Outbound::Leave(Leave::Unsubscribe) => (Action::Unsubscribe, Vec::new()),
                Outbound::Leave(Leave::RemoveFromLists(_)) => (Action::RemoveFromLists, Vec::new()),
                Outbound::Leave(Leave::Delete) => (Action::Delete, Vec::new()),
            };
            let reason = plan.reason.to_string();
            self.actions.add(action, || Sample { uid: uid.clone(), reason, fields });
        }
        let agreement = Agreement { uid: uid.clone(), before, after };
        match plan.outbound {
            Some(Outbound::Join { row, lists }) => self.send(Some(lists), row, agreement),
            Some(Outbound::Update { row }) => self.send(None, row, agreement),
            Some(Outbound::Amend { .. }) => {
                self.errands.push(Errand { uid, kind: ErrandKind::Amend });
            }
            Some(Outbound::Ask { .. }) => {
                self.errands.push(Errand { uid, kind: ErrandKind::Ask });
            }
            Some(Outbound::Leave(leave)) => {
                self.errands.push(Errand { uid, kind: ErrandKind::Leave(leave) });
            }
            // A person chose Constant Contact's value, so poll has to look at it.
            None if plan.look => self.errands.push(Errand { uid, kind: ErrandKind::Amend }),
            None if agreement.before != agreement.after => self.quiet.push(agreement),
            None => {}
        }
    }

    /// An address that an earlier try of the batch took stays taken.
    fn keep_taken(&mut self, uid: &Uid, address: Option<Fingerprint>, others: &Others) {
        if let Some(address) = address.filter(|address| others.taken.get(address) == Some(uid)) {
            self.taken.push(Taken { address, uid: uid.clone() });
        }
    }

    fn send(&mut self, lists: Option<BTreeSet<ListId>>, row: Row, agreement: Agreement) {
        self.agreements.insert(agreement.uid.clone(), agreement);
        self.rows.entry(lists).or_default().push(row);
    }

    fn list(&mut self, uid: &Uid, plan: &Plan) {
        let listed = |field: Option<String>, reason: String| ListedPerson {
            uid: uid.clone(),
            field,
            reason,
        };
        for invalid in &plan.invalid {
            let field = Some(invalid.field.to_string());
            self.invalid.push(listed(field, invalid.reason.to_string()));
        }
        for field in &plan.conflicts {
            let reason = "both sides changed it since they last agreed".to_owned();
            self.conflicts.push(listed(Some(field.to_string()), reason));
        }
        for field in &plan.uncleared {
            let reason = "emptied at Gigya; this dialect cannot empty it in Constant Contact (v2 can with blanks_enabled)";
            self.conflicts.push(listed(Some(field.to_string()), reason.to_owned()));
        }
        let mut lost: BTreeMap<(&ContactField, Way), usize> = BTreeMap::new();
        for loss in &plan.losses {
            self.losses.count(loss.field.as_str(), loss.kind);
            let (way, characters) = Way::of(loss.kind);
            *lost.entry((&loss.field, way)).or_default() += characters;
        }
        for ((field, way), characters) in lost {
            self.lost.push(listed(Some(field.to_string()), way.words(characters)));
        }
        match plan.class {
            Class::Held => self.held.push(listed(None, plan.reason.to_string())),
            Class::Duplicate => self.duplicate.push(listed(None, plan.reason.to_string())),
            Class::Rejected => self.rejected.push(listed(None, plan.reason.to_string())),
            Class::Unchanged
            | Class::Accepted
            | Class::Invalid
            | Class::Filtered
            | Class::Removed => {}
        }
    }
}
