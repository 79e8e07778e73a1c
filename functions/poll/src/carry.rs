//! Inbound: what changed in Constant Contact is carried home to Gigya.

use std::collections::{BTreeMap, HashMap};

use futures_util::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use shared::constant_contact::ContactsQuery;
use shared::domain::agreed::Agreed;
use shared::domain::batch::Agreement;
use shared::domain::plan::{Plan, Seen, plan};
use shared::domain::report::Inbound;
use shared::domain::watermark::InboundState;
use shared::domain::{Account, Contact, ContactId, Dialect, Dispose as _, Disposition, Uid};
use shared::invocation::Invocation;
use shared::telemetry::chain;
use tracing::{info, warn};

use crate::departures::Departures;
use crate::erasure;
use crate::error::PollError;
use crate::home;
use crate::people::identify;
use crate::services::{Ready, Services};
use crate::settle::agree;

/// The window of an inbound read ends this long ago, and the next one begins this long before it: nobody says how soon
/// Constant Contact's own index shows a change.
const WINDOW_LAG: SignedDuration = SignedDuration::from_mins(2);
/// Contacts that are held at once.
const CONTACTS_AT_ONCE: usize = 5_000;
/// Accounts that are read and written at once (`DESIGN`: at most 10; each UID only once).
const ACCOUNTS_AT_ONCE: usize = 10;

/// What an inbound read came to.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    pub(crate) counts: Inbound,
    /// Up to where everything is carried; `None` when the invocation ended before.
    pub(crate) read_through: Option<Timestamp>,
    /// Whether everybody was read.
    pub(crate) was_sweep: bool,
    /// Whether everybody who is opted out was read.
    pub(crate) listed_opt_outs: bool,
}

/// How much an inbound read reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// Everybody, whatever their dates say.
    pub(crate) sweep: bool,
    /// In v2 everybody who is opted out; v3 tells them by date.
    pub(crate) opt_outs: bool,
}

/// Reads what changed since the last time and carries it home. The first time, everybody is read.
pub(crate) async fn carry(
    services: &Services,
    ready: &Ready,
    state: &InboundState,
    reach: Reach,
    invocation: &Invocation,
) -> Result<Carried, PollError> {
    let before = invocation.now() - WINDOW_LAG;
    let after = state.read_through.map(|through| through - WINDOW_LAG);
    let pulled = services.state.inbound_brake().await?;
    // What a released brake had stopped is only seen again by reading as much again.
    let resweeps =
        pulled.as_ref().is_some_and(|pulled| pulled.is_of_sweep && pulled.released_at.is_some());
    let was_sweep = reach.sweep || after.is_none() || resweeps;
    let changed = ContactsQuery::Changed { after, before };
    let passes = match ready.constant_contact.dialect() {
        _ if was_sweep => vec![ContactsQuery::All],
        Dialect::V3 => vec![changed, ContactsQuery::OptedOut { after, before }],
        Dialect::V2 if reach.opt_outs => {
            vec![changed, ContactsQuery::OptedOut { after: None, before }]
        }
        Dialect::V2 => vec![changed],
    };
    let mut carrier = Carrier {
        services,
        ready,
        invocation,
        contacts: BTreeMap::new(),
        departures: Departures::begin(ready, pulled, was_sweep),
        counts: Inbound::default(),
        due: Vec::new(),
    };
    let is_whole = carrier.read(&passes).await?;
    carrier.carry_held().await?;
    let is_whole = carrier.carry_departures(is_whole).await? && is_whole;
    // While the brake is pulled, nothing counts as read, and so nothing is submitted.
    let is_whole = is_whole && !carrier.departures.are_braked();
    let counts = carrier.counts;
    info!(
        inbound.seen = counts.seen,
        inbound.echo = counts.echo,
        inbound.carried = counts.carried,
        inbound.opted_out = counts.opted_out,
        "Read what changed in Constant Contact."
    );
    // A window that was paused is read again from its beginning; what is carried already is an echo then.
    let read_through = is_whole.then_some(before);
    let listed_opt_outs = is_whole && (was_sweep || reach.opt_outs);
    Ok(Carried { counts, read_through, was_sweep: was_sweep && is_whole, listed_opt_outs })
}

struct Carrier<'a> {
    services: &'a Services,
    ready: &'a Ready,
    invocation: &'a Invocation,
    contacts: BTreeMap<ContactId, Contact>,
    departures: Departures,
    counts: Inbound,
    due: Vec<Uid>,
}

/// What one contact came to.
enum Fate {
    Echo,
    Carried,
    OptedOut,
    Conflict,
    Ignored,
}

/// One contact that was dealt with.
struct CarriedOne {
    fate: Fate,
    agreement: Option<Agreement>,
    /// Who has to be read again by the next run.
    due: Option<Uid>,
}

impl Carrier<'_> {
    /// Reads the passes page by page. Answers whether that was all.
    async fn read(&mut self, passes: &[ContactsQuery]) -> Result<bool, PollError> {
        for pass in passes {
            let mut page = self.ready.constant_contact.contacts(pass).await?;
            loop {
                let contacts = page.contacts.into_iter();
                self.contacts.extend(contacts.map(|contact| (contact.id.clone(), contact)));
                if self.contacts.len() >= CONTACTS_AT_ONCE {
                    self.carry_held().await?;
                }
                let Some(cursor) = page.next else { break };
                if self.invocation.must_stop() {
                    return Ok(false);
                }
                page = self.ready.constant_contact.next(&cursor).await?;
            }
        }
        Ok(true)
    }

    /// Carries the contacts that are held, and notes in the ledger what they showed.
    async fn carry_held(&mut self) -> Result<(), PollError> {
        let contacts: Vec<Contact> = std::mem::take(&mut self.contacts).into_values().collect();
        if contacts.is_empty() {
            return Ok(());
        }
        self.counts.seen += contacts.len() as u64;
        let read = contacts.len();
        let people = identify(contacts, &self.services.ledger, self.ready).await?;
        self.counts.ignored += (read - people.len()) as u64;
        let uids = people.iter().map(|(uid, _)| uid.clone());
        let known = self.services.ledger.look_up(uids, []).await?.people;
        let mut stay = Vec::with_capacity(people.len());
        let mut strays = Vec::new();
        for (uid, contact) in people {
            if self.is_stray(&uid, &contact, &known) {
                self.counts.ignored += 1;
                strays.push(contact);
            } else if self.departures.are_free() || !self.departs(&uid, &contact, &known) {
                stay.push((uid, contact));
            } else {
                self.departures.put_off(uid, contact, &self.services.ledger).await?;
            }
        }
        erasure::note_strays(self.services, &strays).await?;
        self.carry_people(stay, &known).await
    }

    /// Carries those who left, if the brake lets them. Answers whether it did.
    async fn carry_departures(&mut self, is_through: bool) -> Result<bool, PollError> {
        let leaving = self.departures.judge(self.services, is_through).await?;
        let Some(leaving) = leaving else { return Ok(false) };
        for leaving in leaving.chunks(CONTACTS_AT_ONCE) {
            let uids = leaving.iter().map(|(uid, _)| uid.clone());
            let known = self.services.ledger.look_up(uids, []).await?.people;
            self.carry_people(leaving.to_vec(), &known).await?;
        }
        Ok(true)
    }

    /// Whether this contact is there although the account of the person whose UID it carries was deleted.
    fn is_stray(&self, uid: &Uid, contact: &Contact, known: &HashMap<Uid, Agreed>) -> bool {
        let Some(agreed) = known.get(uid).filter(|agreed| agreed.is_erased()) else { return false };
        let (terms, now) = (self.ready.terms(), self.invocation.now());
        plan(Seen::Unobserved, Seen::Present(contact), Some(agreed), terms, now).look
    }

    /// Whether this contact shows that the person left, and Gigya is to be told.
    fn departs(&self, uid: &Uid, contact: &Contact, known: &HashMap<Uid, Agreed>) -> bool {
        let (terms, now) = (self.ready.terms(), self.invocation.now());
        plan(Seen::Unobserved, Seen::Present(contact), known.get(uid), terms, now).departs
    }

    async fn carry_people(
        &mut self,
        people: Vec<(Uid, Contact)>,
        known: &HashMap<Uid, Agreed>,
    ) -> Result<(), PollError> {
        let this = &*self;
        let fates: Vec<Result<CarriedOne, PollError>> = stream::iter(people)
            .map(async |(uid, contact)| this.carry_one(uid, &contact, known).await)
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
        contact: &Contact,
        known: &HashMap<Uid, Agreed>,
    ) -> Result<CarriedOne, PollError> {
        let agreed = known.get(&uid);
        let is_other = agreed
            .and_then(|agreed| agreed.contact.as_ref())
            .is_some_and(|id| *id != contact.id && contact.deleted_at.is_some());
        if is_other {
            // A deleted twin of the contact that we know.
            return Ok(CarriedOne { fate: Fate::Ignored, agreement: None, due: None });
        }
        let (terms, now) = (self.ready.terms(), self.invocation.now());
        let first = plan(Seen::Unobserved, Seen::Present(contact), agreed, terms, now);
        if !first.look {
            let fate = if first.due { Fate::Ignored } else { Fate::Echo };
            let due = first.due.then(|| uid.clone());
            return Ok(CarriedOne { fate, agreement: noted(uid, agreed, first.noted), due });
        }
        let Some(account) = home::account(self.ready, &uid).await? else {
            let agreement = noted(uid, agreed, first.noted);
            return Ok(CarriedOne { fate: Fate::Ignored, agreement, due: None });
        };
        let second = plan(Seen::Present(&account), Seen::Present(contact), agreed, terms, now);
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
                let agreement = noted(uid, agreed, first.noted);
                return Ok(CarriedOne { fate: Fate::Conflict, agreement, due: None });
            }
            Err(error) => return Err(error),
        };
        let due = is_due.then(|| uid.clone());
        Ok(CarriedOne { fate, agreement: noted(uid, agreed, agreement), due })
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

    async fn remember_due(&mut self) -> Result<(), PollError> {
        if self.due.is_empty() {
            return Ok(());
        }
        let now = self.invocation.now();
        let remember = |due: &mut shared::store::state::Due| {
            for uid in &self.due {
                due.entry(uid.clone()).or_insert(now);
            }
        };
        self.services.state.change_due(remember).await?;
        self.due.clear();
        Ok(())
    }
}

fn noted(uid: Uid, before: Option<&Agreed>, after: Option<Agreed>) -> Option<Agreement> {
    after.map(|after| Agreement { uid, before: before.cloned().unwrap_or_default(), after })
}
