//! Carrying: what a contact shows is compared with the ledger, and what concerns Gigya is written there.

use std::collections::{BTreeMap, HashMap};

use futures_util::stream::{self, StreamExt as _};
use shared::domain::agreed::Agreed;
use shared::domain::batch::Agreement;
use shared::domain::plan::{Plan, Seen, plan};
use shared::domain::removal::OnTheirWay;
use shared::domain::report::Inbound;
use shared::domain::{Account, Contact, ContactId, Dispose as _, Disposition, Permission, Uid};
use shared::invocation::Invocation;
use shared::telemetry::chain;
use tracing::warn;

use crate::departures::{Departures, Leaver};
use crate::erasure;
use crate::error::PollError;
use crate::home;
use crate::people::{Identified, Identities};
use crate::removals;
use crate::said;
use crate::services::{Ready, Services};
use crate::settle::agree;
use crate::tenant;

/// Contacts that are held at once.
const CONTACTS_AT_ONCE: usize = 5_000;
/// Accounts that are read and written at once (`DESIGN`: at most 10; each UID only once).
const ACCOUNTS_AT_ONCE: usize = 10;

/// Carries contacts home as they are read, and puts off those who left.
pub(crate) struct Carrier<'a> {
    pub(crate) services: &'a Services,
    pub(crate) ready: &'a Ready,
    pub(crate) invocation: &'a Invocation,
    pub(crate) departures: Departures,
    pub(crate) identities: Identities,
    pub(crate) counts: Inbound,
    contacts: BTreeMap<ContactId, Contact>,
    /// Whom we are taking off lists just now: they count as off those, or being seen on one would be noted, and being seen
    /// off it later look like leaving it.
    on_their_way: OnTheirWay,
    due: Vec<Uid>,
}

/// What is known of the people whose contacts are carried.
pub(crate) struct Known {
    /// By the ledger.
    pub(crate) ledger: HashMap<Uid, Agreed>,
    /// By the ledger, and by what contacts show of imports on their way, where that is something else.
    pub(crate) believed: HashMap<Uid, Agreed>,
}

impl Known {
    fn of(ledger: HashMap<Uid, Agreed>) -> Self {
        Self { ledger, believed: HashMap::new() }
    }

    /// What the contact of this person is compared with.
    pub(crate) fn agreed(&self, uid: &Uid) -> Option<&Agreed> {
        self.believed.get(uid).or_else(|| self.ledger.get(uid))
    }
}

/// What one contact came to.
enum Fate {
    Echo,
    Carried,
    OptedOut,
    Conflict,
    Ignored,
}

/// One person who was dealt with.
struct CarriedOne {
    fate: Fate,
    agreement: Option<Agreement>,
    /// Who has to be read again by the next run.
    due: Option<Uid>,
}

impl CarriedOne {
    fn ignored() -> Self {
        Self { fate: Fate::Ignored, agreement: None, due: None }
    }
}

impl<'a> Carrier<'a> {
    /// Holds nobody yet.
    pub(crate) async fn begin(
        services: &'a Services,
        ready: &'a Ready,
        departures: Departures,
        invocation: &'a Invocation,
    ) -> Result<Self, PollError> {
        Ok(Self {
            services,
            ready,
            invocation,
            departures,
            identities: Identities::default(),
            counts: Inbound::default(),
            contacts: BTreeMap::new(),
            on_their_way: removals::on_their_way(services).await?,
            due: Vec::new(),
        })
    }

    /// Takes contacts to be carried.
    pub(crate) fn take(&mut self, contacts: impl IntoIterator<Item = Contact>) {
        for mut contact in contacts {
            if let Some(lists) = self.on_their_way.lists_of(&contact.id) {
                contact.lists.retain(|list| !lists.contains(list));
            }
            self.contacts.insert(contact.id.clone(), contact);
        }
    }

    /// Whether so many are held that it is time to carry them.
    pub(crate) fn is_full(&self) -> bool {
        self.contacts.len() >= CONTACTS_AT_ONCE
    }

    /// Carries the contacts that are held, and notes in the ledger what they showed.
    pub(crate) async fn carry_held(&mut self) -> Result<(), PollError> {
        let contacts: Vec<Contact> = std::mem::take(&mut self.contacts).into_values().collect();
        if contacts.is_empty() {
            return Ok(());
        }
        self.counts.seen += contacts.len() as u64;
        let identified = self
            .identities
            .identify(contacts, self.services, self.ready, self.invocation.now())
            .await?;
        let Identified { people, twins, strangers } = identified;
        self.counts.ignored += strangers;
        self.counts.strangers += strangers;
        self.carry_shown(people).await?;
        // After those whom the ledger knows by now, since nobody is written twice at once.
        for twins in twins {
            self.carry_shown(twins).await?;
        }
        Ok(())
    }

    /// Carries what may come home at once, and puts off those who left or were emptied.
    async fn carry_shown(&mut self, people: Vec<(Uid, Contact)>) -> Result<(), PollError> {
        if people.is_empty() {
            return Ok(());
        }
        let shown: Vec<_> = people.iter().map(|(uid, contact)| (uid, Some(contact))).collect();
        let known = self.known(&shown).await?;
        let mut stay = Vec::with_capacity(people.len());
        let mut strays = Vec::new();
        for (uid, contact) in people {
            if self.is_stray(&contact, known.agreed(&uid)) {
                self.counts.ignored += 1;
                strays.push(contact);
            } else if self.departures.are_free() || !self.takes_away(&contact, known.agreed(&uid)) {
                stay.push((uid, Some(contact)));
            } else {
                let leaver = Leaver::Shown(Box::new(contact));
                self.departures.put_off(uid, leaver, &self.services.ledger).await?;
            }
        }
        erasure::note_strays(self.services, &strays).await?;
        self.carry_people(stay, &known).await
    }

    /// What these people's contacts are compared with.
    async fn known(&mut self, people: &[(&Uid, Option<&Contact>)]) -> Result<Known, PollError> {
        let uids = people.iter().map(|(uid, _)| (*uid).clone());
        let mut known = Known::of(self.services.ledger.look_up(uids, []).await?.people);
        let undone = said::believe(self.services, self.ready, people, &mut known).await?;
        self.due.extend(undone);
        let pairs = people.iter().map(|(uid, contact)| (known.agreed(uid), *contact));
        let shown = pairs.filter_map(|(agreed, contact)| Some((agreed, contact?)));
        tenant::is_whole(self.ready, shown).await?;
        Ok(known)
    }

    /// Carries those who left or were emptied, if the brake lets them. Answers whether it did.
    pub(crate) async fn carry_departures(&mut self, is_through: bool) -> Result<bool, PollError> {
        let leaving = self.departures.judge(self.services, is_through).await?;
        let Some(leaving) = leaving else { return Ok(false) };
        let mut leaving = leaving.into_iter().peekable();
        while leaving.peek().is_some() {
            let mut people = Vec::new();
            for (uid, leaver) in leaving.by_ref().take(CONTACTS_AT_ONCE) {
                let contact = match leaver {
                    Leaver::Shown(contact) => Some(*contact),
                    Leaver::Unseen(id) => self.ready.constant_contact.contact(&id).await?,
                };
                people.push((uid, contact));
            }
            let shown: Vec<_> =
                people.iter().map(|(uid, contact)| (uid, contact.as_ref())).collect();
            let known = self.known(&shown).await?;
            self.carry_people(people, &known).await?;
        }
        Ok(true)
    }

    /// Whether this contact is there although the account of the person whose UID it carries was deleted.
    fn is_stray(&self, contact: &Contact, agreed: Option<&Agreed>) -> bool {
        let Some(agreed) = agreed.filter(|agreed| agreed.is_erased()) else { return false };
        let (terms, now) = (self.ready.terms(), self.invocation.now());
        plan(Seen::Unobserved, Seen::Present(contact), Some(agreed), terms, now).look
    }

    /// Whether this contact shows something that takes away at Gigya: the brake counts it.
    fn takes_away(&self, contact: &Contact, agreed: Option<&Agreed>) -> bool {
        if other_than(agreed, contact).is_some() && contact.permission != Permission::Unsubscribed {
            return false;
        }
        let (terms, now) = (self.ready.terms(), self.invocation.now());
        plan(Seen::Unobserved, Seen::Present(contact), agreed, terms, now).takes_away
    }

    /// Carries people with the contact that shows them; without one, theirs is known to be gone.
    async fn carry_people(
        &mut self,
        people: Vec<(Uid, Option<Contact>)>,
        known: &Known,
    ) -> Result<(), PollError> {
        let this = &*self;
        let fates: Vec<Result<CarriedOne, PollError>> = stream::iter(people)
            .map(async |(uid, contact)| this.carry_one(uid, contact.as_ref(), known).await)
            .buffered(ACCOUNTS_AT_ONCE)
            .collect()
            .await;
        let mut agreements = Vec::new();
        let mut failure = None;
        for fate in fates {
            match fate {
                Ok(one) => {
                    self.count(&one.fate);
                    agreements.extend(one.agreement);
                    self.due.extend(one.due);
                }
                Err(error) => failure = Some(error),
            }
        }
        // Once the ledger knows what they showed, nothing else would tell the next run to read them.
        self.remember_due().await?;
        // What was written is agreed on even if another one failed.
        agree(self.services, agreements).await?;
        failure.map_or(Ok(()), Err)
    }

    fn count(&mut self, fate: &Fate) {
        let slot = match fate {
            Fate::Echo => &mut self.counts.echo,
            Fate::Carried => &mut self.counts.carried,
            Fate::OptedOut => &mut self.counts.opted_out,
            Fate::Conflict => &mut self.counts.conflicts,
            Fate::Ignored => &mut self.counts.ignored,
        };
        *slot += 1;
    }

    async fn carry_one(
        &self,
        uid: Uid,
        contact: Option<&Contact>,
        known: &Known,
    ) -> Result<CarriedOne, PollError> {
        let agreed = known.agreed(&uid);
        let noted = |uid: Uid, after: Option<Agreed>| {
            let before = known.ledger.get(&uid).cloned().unwrap_or_default();
            // What is believed is kept, or it would be news once the run is closed.
            let after = after.or_else(|| known.believed.get(&uid).cloned())?;
            (after != before).then_some(Agreement { uid, before, after })
        };
        if let Some(contact) = contact
            && let Some(id) = other_than(agreed, contact)
        {
            if contact.deleted_at.is_some() {
                // A deleted twin of the contact that we know.
                return Ok(CarriedOne::ignored());
            }
            let first = self.ready.constant_contact.contact(id).await?;
            if first.is_some_and(|first| is_theirs(&first, &uid)) {
                return self.carry_twin(uid, contact, id).await;
            }
        }
        let shown = contact.map_or(Seen::Absent, Seen::Present);
        let (terms, now) = (self.ready.terms(), self.invocation.now());
        let first = plan(Seen::Unobserved, shown, agreed, terms, now);
        if !first.look {
            let fate = if first.due { Fate::Ignored } else { Fate::Echo };
            let due = first.due.then(|| uid.clone());
            return Ok(CarriedOne { fate, agreement: noted(uid, first.noted), due });
        }
        let Some(account) = home::account(self.ready, &uid).await? else {
            let agreement = noted(uid, first.noted);
            return Ok(CarriedOne { fate: Fate::Ignored, agreement, due: None });
        };
        let second = plan(Seen::Present(&account), shown, agreed, terms, now);
        let is_due = second.outbound.is_some() || second.due;
        let mut agreement = second.noted.clone();
        let fate = match self.write_home(&account, &second, &mut agreement, agreed).await {
            Ok(fate) => fate,
            Err(error) if error.disposition() == Disposition::Reject => {
                warn!(
                    account.uid = %uid, error = %chain(&error),
                    "Gigya refuses what came home for one account; the others go on."
                );
                // That they left is remembered all the same.
                let agreement = noted(uid, first.noted);
                return Ok(CarriedOne { fate: Fate::Conflict, agreement, due: None });
            }
            Err(error) => return Err(error),
        };
        let due = is_due.then(|| uid.clone());
        Ok(CarriedOne { fate, agreement: noted(uid, agreement), due })
    }

    /// Of two contacts with one UID the one that we know is the person's, as long as it is there, and the other is listed.
    /// But whoever unsubscribes under either has left: Gigya is told, and the next run takes that to the contact we know.
    async fn carry_twin(
        &self,
        uid: Uid,
        twin: &Contact,
        first: &ContactId,
    ) -> Result<CarriedOne, PollError> {
        warn!(
            account.uid = %uid, contact.id = %first, contact.twin = %twin.id,
            "Two contacts carry the UID of one account; the first one is kept in step."
        );
        if twin.permission != Permission::Unsubscribed {
            return Ok(CarriedOne::ignored());
        }
        let consent = &self.ready.settings.policy.consent;
        let account = home::account(self.ready, &uid).await?;
        let Some(account) = account.filter(|account| !consent.says_no(account)) else {
            return Ok(CarriedOne::ignored());
        };
        home::write(self.ready, &account, &[consent.opt_out_leaf()]).await?;
        Ok(CarriedOne { fate: Fate::OptedOut, agreement: None, due: Some(uid) })
    }

    /// Writes what the plan says to Gigya, and only then lets the ledger know.
    async fn write_home(
        &self,
        account: &Account,
        plan: &Plan,
        agreement: &mut Option<Agreed>,
        agreed: Option<&Agreed>,
    ) -> Result<Fate, PollError> {
        let Some(inbound) = &plan.inbound else {
            let fate = if plan.conflicts.is_empty() { Fate::Echo } else { Fate::Conflict };
            return Ok(fate);
        };
        let written_at = home::write(self.ready, account, &inbound.leaves).await?;
        let own = agreement.get_or_insert_with(|| agreed.cloned().unwrap_or_default());
        own.written_at = written_at.or(own.written_at);
        Ok(if inbound.opts_out { Fate::OptedOut } else { Fate::Carried })
    }

    /// Looks for somebody who was imported and whom Constant Contact never showed. Whoever is not there by their address
    /// either was lost on the way: the next run plans them anew.
    pub(crate) async fn look_for_lost(
        &mut self,
        uid: Uid,
        agreed: &Agreed,
    ) -> Result<(), PollError> {
        let policy = &self.ready.settings.policy;
        let account = home::account(self.ready, &uid).await?;
        let Some(address) = account.and_then(|account| policy.mapping.email(&account).ok()) else {
            return Ok(());
        };
        let found = self.ready.constant_contact.contact_by_address(&address).await?;
        let known = Known::of(HashMap::from([(uid.clone(), agreed.clone())]));
        match found {
            Some(contact) if contact.uid.as_ref().is_none_or(|own| *own == uid) => {
                tenant::is_whole(self.ready, [(known.agreed(&uid), &contact)]).await?;
                self.carry_people(vec![(uid, Some(contact))], &known).await
            }
            Some(_) | None => {
                self.counts.missing += 1;
                self.due.push(uid.clone());
                self.carry_people(vec![(uid, None)], &known).await
            }
        }
    }

    async fn remember_due(&mut self) -> Result<(), PollError> {
        if self.due.is_empty() {
            return Ok(());
        }
        let now = self.invocation.now();
        let remember = |due: &mut shared::store::state::Due| {
            for uid in &self.due {
                due.insert(uid.clone(), now);
            }
        };
        self.services.state.change_due(remember).await?;
        self.due.clear();
        Ok(())
    }
}

/// The contact that we know of the person, if this is another one.
fn other_than<'k>(agreed: Option<&'k Agreed>, contact: &Contact) -> Option<&'k ContactId> {
    agreed.and_then(|agreed| agreed.contact.as_ref()).filter(|id| **id != contact.id)
}

/// Whether the contact that we know is there, and nobody else's by now.
fn is_theirs(contact: &Contact, uid: &Uid) -> bool {
    contact.deleted_at.is_none() && contact.uid.as_ref().is_none_or(|own| own == uid)
}
