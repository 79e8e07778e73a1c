//! Errands: what no import can say, person by person. Both sides are looked at afresh, and it is decided anew.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::constant_contact::{
    Amended, Amendment, ConstantContactError, Leaver, Meaning, Unsubscribe,
};
use shared::domain::agreed::Agreed;
use shared::domain::batch::{Agreement, BatchStage, Claim, ErrandKind};
use shared::domain::plan::{Leave, Outbound, Row, Seen, plan};
use shared::domain::removal::OnTheirWay;
use shared::domain::report::ListedPerson;
use shared::domain::run::{Phase, Run};
use shared::domain::{Account, Contact, Dispose as _, Disposition, ListId, Uid};
use shared::invocation::Invocation;
use shared::preflight;
use shared::store::document::Document;
use shared::store::runs::PartDocument;
use shared::store::{RunStore, StoreError};
use shared::telemetry::chain;
use tracing::{info, warn};

use crate::brake;
use crate::error::PollError;
use crate::hand_over::hand_over;
use crate::home;
use crate::removals::{self, ToRemove};
use crate::rest::{self, Rest};
use crate::services::{Ready, Services};
use crate::settle::{agree, is_settled_as_planned};
use crate::tenant;

/// Where a run keeps which batches' errands are done.
const NOTE: &str = "errands.json";
/// Why a contact was unsubscribed, as Constant Contact shows it to the marketer.
const OPT_OUT_REASON: &str = "Withdrew consent in the customer account";

/// How far a run's errands have come.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Batches whose errands are done, and when these were planned: a batch that is planned anew has new ones.
    done: BTreeMap<u32, Timestamp>,
    /// Batches of which only the removals are left, since the brake is pulled.
    #[serde(default)]
    amended: BTreeMap<u32, Timestamp>,
    /// Whom Constant Contact refused.
    pub(crate) rejected: Vec<ListedPerson>,
}

/// Carries out the errands of a run whose every batch is planned. Answers how many.
pub(crate) async fn carry_out(
    services: &Services,
    ready: &Ready,
    store: &RunStore,
    run: &Run,
    invocation: &Invocation,
) -> Result<u64, PollError> {
    if run.dry_run || run.phase != Phase::Announced {
        return Ok(0);
    }
    let standing = Standing::read(store).await?;
    let Some(planned) = planned_batches(run, &standing) else { return Ok(0) };
    let mut progress: Progress = store.note(NOTE).await?.unwrap_or_default();
    if planned.iter().all(|batch| progress.is_done(batch)) && run.read > 0 {
        return Ok(0);
    }
    let ordinals: Vec<u32> = planned.iter().map(|batch| batch.ordinal).collect();
    let is_braked = brake::judge(services, ready, store, run, &ordinals).await?;
    let on_their_way = removals::on_their_way(services).await?;
    let mut count = 0;
    for batch in planned {
        if progress.is_done(&batch) || (is_braked && progress.is_amended(&batch)) {
            continue;
        }
        let ordinal = batch.ordinal;
        let mut runner = Runner {
            services,
            ready,
            is_braked,
            on_their_way: &on_their_way,
            to_remove: ToRemove::new(),
            rest: Vec::new(),
            rejected: Vec::new(),
        };
        let mut waits = false;
        for errand in store.errands(ordinal).await? {
            if is_braked && matches!(errand.kind, ErrandKind::Leave(_)) {
                waits = true;
                continue;
            }
            if invocation.must_stop() {
                // Done again from the first: whoever is done asks for nothing more.
                removals::submit(ready, store, runner.to_remove, invocation.now()).await?;
                rest::submit(ready, store, ordinal, runner.rest, invocation.now()).await?;
                return Ok(count);
            }
            if let ErrandKind::HandOver { from } = &errand.kind {
                hand_over(services, ready, from, &errand.uid).await?;
            }
            runner.run(&errand.uid, invocation).await?;
            count += 1;
        }
        removals::submit(ready, store, runner.to_remove, invocation.now()).await?;
        rest::submit(ready, store, ordinal, runner.rest, invocation.now()).await?;
        progress.rejected.append(&mut runner.rejected);
        let slot = if waits { &mut progress.amended } else { &mut progress.done };
        slot.insert(ordinal, batch.at);
        store.write_note(NOTE, &progress).await?;
    }
    Ok(count)
}

/// Whom Constant Contact refused, and whether everything is done: every batch's errands, and every removal, also of runs that
/// were given up.
pub(crate) async fn progress(
    services: &Services,
    ready: &Ready,
    store: &RunStore,
    run: &Run,
    standing: &Standing,
    now: Timestamp,
) -> Result<Option<Progress>, PollError> {
    let Some(planned) = planned_batches(run, standing) else { return Ok(None) };
    let progress: Progress = store.note(NOTE).await?.unwrap_or_default();
    let is_braked = brake::held(store).await?.is_some();
    let all_done =
        run.dry_run || (!is_braked && planned.iter().all(|batch| progress.is_done(batch)));
    let is_over = all_done
        && removals::settle(services, ready, now).await?
        && rest::settle(services, ready, store).await?;
    Ok(is_over.then_some(progress))
}

/// Whom Constant Contact refused in a single write so far.
pub(crate) async fn rejected(store: &RunStore) -> Result<Vec<ListedPerson>, PollError> {
    let progress: Option<Progress> = store.note(NOTE).await?;
    Ok(progress.unwrap_or_default().rejected)
}

/// How the batches of a run stand.
pub(crate) struct Standing {
    /// The claims.
    pub(crate) claims: Vec<(u32, Document<Claim>)>,
    /// The parts.
    pub(crate) parts: Vec<PartDocument>,
}

impl Standing {
    /// The claims are read once and before the parts: whoever is submitted by then has every part among them, and a batch
    /// that is put back meanwhile counts as given up throughout.
    pub(crate) async fn read(store: &RunStore) -> Result<Self, StoreError> {
        let claims = store.claims().await?;
        Ok(Self { claims, parts: store.parts(None).await? })
    }
}

/// The batches with their errands, once every one of them is planned, and planned with everybody in it.
fn planned_batches(run: &Run, standing: &Standing) -> Option<Vec<PlannedBatch>> {
    let mut planned = Vec::new();
    for (ordinal, document) in &standing.claims {
        let ordinal = *ordinal;
        match &document.value.stage {
            BatchStage::Submitted(of) if is_settled_as_planned(of, ordinal, &standing.parts) => {
                planned.push(PlannedBatch { ordinal, errands: of.errands, at: of.at });
            }
            BatchStage::Buried { .. } => {
                planned.push(PlannedBatch { ordinal, errands: 0, at: Timestamp::UNIX_EPOCH });
            }
            BatchStage::Claimed
            | BatchStage::Submitted(_)
            | BatchStage::Reopened { .. }
            | BatchStage::GivenUp { .. } => {
                return None;
            }
        }
    }
    let is_whole = u32::try_from(planned.len()).is_ok_and(|count| count == run.batches);
    is_whole.then_some(planned)
}

struct Runner<'a> {
    services: &'a Services,
    ready: &'a Ready,
    is_braked: bool,
    on_their_way: &'a OnTheirWay,
    to_remove: ToRemove,
    rest: Vec<Rest>,
    rejected: Vec<ListedPerson>,
}

impl Progress {
    fn is_done(&self, batch: &PlannedBatch) -> bool {
        batch.errands == 0 || self.done.get(&batch.ordinal) == Some(&batch.at)
    }

    fn is_amended(&self, batch: &PlannedBatch) -> bool {
        self.amended.get(&batch.ordinal) == Some(&batch.at)
    }
}

/// A batch that is planned.
struct PlannedBatch {
    ordinal: u32,
    errands: u64,
    at: Timestamp,
}

impl Runner<'_> {
    /// Looks at one person afresh and does what the plan says now.
    async fn run(&mut self, uid: &Uid, invocation: &Invocation) -> Result<(), PollError> {
        let ready = self.ready;
        let known = self.services.ledger.look_up([uid.clone()], []).await?.people;
        let agreed = known.get(uid);
        let account = home::account(ready, uid).await?;
        let contact = self.contact(agreed, account.as_ref()).await?;
        if let Some(contact) = &contact
            && self.is_anothers(uid, contact).await?
        {
            return self.part(uid, agreed, invocation).await;
        }
        tenant::is_whole(ready, contact.iter().map(|contact| (agreed, contact))).await?;
        // Whom Gigya does not know by this UID need not be deleted there: nothing is decided without more.
        let gigya = account.as_ref().map_or(Seen::Unobserved, Seen::Present);
        let there = contact.as_ref().map_or(Seen::Absent, Seen::Present);
        let plan = plan(gigya, there, agreed, ready.terms(), invocation.now());

        let mut noted = plan.noted.clone();
        if let (Some(inbound), Some(account)) = (&plan.inbound, &account) {
            let written_at = match home::write(ready, account, &inbound.leaves).await {
                Ok(written_at) => written_at,
                Err(error) if error.disposition() == Disposition::Reject => {
                    let reason = "Gigya refused a value that came home from Constant Contact";
                    warn!(account.uid = %uid, error = %chain(&error), "{reason}; the others go on.");
                    self.reject(uid, reason);
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            let own = noted.get_or_insert_with(|| agreed.cloned().unwrap_or_default());
            own.written_at = written_at.or(own.written_at);
        }
        let written_at = noted.as_ref().and_then(|noted| noted.written_at);
        let dated = |after: Option<Agreed>| after.map(|agreed| Agreed { written_at, ..agreed });
        let mut after = dated(plan.agreed.clone());
        let is_done = match (plan.outbound, contact) {
            // Being seen off it later would look like their own leaving.
            (Some(Outbound::Amend { lists, .. }), Some(contact))
                if self.on_their_way.leaves(&contact.id, &lists) =>
            {
                self.remember(uid, invocation).await?;
                false
            }
            (Some(Outbound::Amend { row, lists, rest }), Some(contact)) => {
                self.agree_on_leaving(uid, agreed, &lists).await?;
                let rest = Row { fields: rest, ..row.clone() };
                let leaves_rest = !rest.fields.is_empty();
                if leaves_rest {
                    self.remember(uid, invocation).await?;
                }
                let is_done = self.amend(uid, &contact, row, &lists).await?;
                if is_done && leaves_rest {
                    let amended = dated(plan.amended);
                    let whole = std::mem::replace(&mut after, amended.clone());
                    if let (Some(before), Some(after)) = (amended, whole) {
                        let agreement = Agreement { uid: uid.clone(), before, after };
                        self.rest.push(Rest { row: rest, agreement });
                    }
                }
                is_done
            }
            (Some(Outbound::Ask { lists }), Some(contact)) => {
                self.ask(uid, &contact, &lists).await?
            }
            // It was an amendment when it was planned; as a removal it was not counted.
            (Some(Outbound::Leave(_)), Some(_)) if self.is_braked => {
                self.remember(uid, invocation).await?;
                false
            }
            (Some(Outbound::Leave(Leave::Unsubscribe)), Some(contact)) => {
                let reason = Some(OPT_OUT_REASON.to_owned());
                let unsubscribe = Some(Unsubscribe { by_person: true, reason });
                let amendment = Amendment { unsubscribe, ..Amendment::default() };
                ready.constant_contact.amend(&contact.id, &amendment).await?;
                true
            }
            (Some(Outbound::Leave(Leave::RemoveFromLists(lists))), Some(contact)) => {
                // Agreed before it is done: a contact that is seen off its list afterwards has not left by itself.
                self.to_remove.entry(lists).or_default().push(Leaver::from(&contact));
                true
            }
            // A deletion has to be confirmed first, which is not done here.
            (Some(Outbound::Join { .. } | Outbound::Update { .. }), _)
            | (Some(Outbound::Leave(Leave::Delete)), Some(_)) => {
                self.remember(uid, invocation).await?;
                false
            }
            (Some(Outbound::Amend { .. } | Outbound::Ask { .. } | Outbound::Leave(_)), None) => {
                warn!(account.uid = %uid, "An errand found no contact; the next run plans it anew.");
                self.remember(uid, invocation).await?;
                false
            }
            (None, _) => {
                if account.is_none() {
                    self.remember(uid, invocation).await?;
                }
                false
            }
        };
        let after = if is_done { after } else { noted };
        let Some(after) = after else { return Ok(()) };
        let before = agreed.cloned().unwrap_or_default();
        agree(self.services, vec![Agreement { uid: uid.clone(), before, after }]).await
    }

    /// Whether another account has taken this contact over: it carries that one's UID, and the ledger knows of it.
    async fn is_anothers(&self, uid: &Uid, contact: &Contact) -> Result<bool, PollError> {
        let Some(other) = contact.uid.as_ref().filter(|other| *other != uid) else {
            return Ok(false);
        };
        let known = self.services.ledger.look_up([other.clone()], []).await?.people;
        Ok(known.get(other).is_some_and(|other| other.contact.as_ref() == Some(&contact.id)))
    }

    /// Forgets a contact that is another's by now. What the person left stays left; the next run plans them anew.
    async fn part(
        &self,
        uid: &Uid,
        agreed: Option<&Agreed>,
        invocation: &Invocation,
    ) -> Result<(), PollError> {
        self.remember(uid, invocation).await?;
        let before = agreed.cloned().unwrap_or_default();
        let nothing = Agreed::default();
        let Agreed { contact, address, fields, lists, .. } = nothing;
        let after = Agreed { contact, address, fields, lists, ..before.clone() };
        agree(self.services, vec![Agreement { uid: uid.clone(), before, after }]).await
    }

    /// The next run reads this person, whatever their time says.
    async fn remember(&self, uid: &Uid, invocation: &Invocation) -> Result<(), PollError> {
        let now = invocation.now();
        self.services.state.change_due(|due| _ = due.insert(uid.clone(), now)).await?;
        Ok(())
    }

    /// Agrees before it is done that the person is no longer on the lists that they are about to be taken off: were we
    /// killed in between, the next inbound read would take it for the person's own leaving, and opt them out.
    async fn agree_on_leaving(
        &self,
        uid: &Uid,
        agreed: Option<&Agreed>,
        lists: &BTreeSet<ListId>,
    ) -> Result<(), PollError> {
        let Some(before) = agreed.filter(|agreed| !agreed.lists.is_subset(lists)) else {
            return Ok(());
        };
        let mut after = before.clone();
        after.lists.retain(|list| lists.contains(list));
        let agreement = Agreement { uid: uid.clone(), before: before.clone(), after };
        agree(self.services, vec![agreement]).await
    }

    fn reject(&mut self, uid: &Uid, reason: &str) {
        let (uid, reason) = (uid.clone(), reason.to_owned());
        self.rejected.push(ListedPerson { uid, field: None, reason });
    }

    /// Has Constant Contact ask whether they want to be back. Answers whether that is done. It asks once, so that a repeat is
    /// refused, and as good as done.
    async fn ask(
        &self,
        uid: &Uid,
        contact: &Contact,
        lists: &BTreeSet<ListId>,
    ) -> Result<bool, PollError> {
        match self.ready.constant_contact.ask_to_return(&contact.id, lists).await {
            Ok(is_asked) => Ok(is_asked),
            Err(error) if refusal(&error).is_some() => {
                warn!(account.uid = %uid, error = %chain(&error), "Constant Contact does not ask this contact again.");
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The contact that the ledger names, else the one with the account's address.
    async fn contact(
        &self,
        agreed: Option<&Agreed>,
        account: Option<&Account>,
    ) -> Result<Option<Contact>, PollError> {
        let client = &self.ready.constant_contact;
        if let Some(id) = agreed.and_then(|agreed| agreed.contact.as_ref()) {
            return Ok(client.contact(id).await?);
        }
        let mapping = &self.ready.settings.policy.mapping;
        match account.and_then(|account| mapping.email(account).ok()) {
            Some(address) => Ok(client.contact_by_address(&address).await?),
            None => Ok(None),
        }
    }

    /// Writes one contact. Answers whether it is so now; a refusal is listed.
    async fn amend(
        &mut self,
        uid: &Uid,
        contact: &Contact,
        row: Row,
        lists: &BTreeSet<ListId>,
    ) -> Result<bool, PollError> {
        let ours: BTreeSet<ListId> =
            self.ready.settings.policy.lists.iter().map(|list| list.id.clone()).collect();
        let others = contact.lists.difference(&ours);
        let mut fields = row.fields;
        let uid_field = self.ready.settings.policy.mapping.uid_contact_field();
        fields.insert(uid_field, uid.to_string());
        let amendment = Amendment {
            address: Some(row.email),
            fields,
            lists: Some(others.chain(lists).cloned().collect()),
            unsubscribe: None,
        };
        match self.ready.constant_contact.amend(&contact.id, &amendment).await {
            Ok(Amended::Written | Amended::Unchanged) => {
                info!(account.uid = %uid, contact.id = %contact.id, "Amended a contact.");
                Ok(true)
            }
            Ok(Amended::Gone | Amended::Held) => Ok(false),
            Err(error) => {
                let Some(reason) = refusal(&error) else { return Err(error.into()) };
                // Before a value is suspected, the settings are.
                let Ready { constant_contact, settings, .. } = self.ready;
                preflight::lists(constant_contact, settings).await?;
                preflight::fields(constant_contact, settings).await?;
                self.reject(uid, reason);
                Ok(false)
            }
        }
    }
}

/// Why Constant Contact refused this one contact, if that is what the error says.
fn refusal(error: &ConstantContactError) -> Option<&'static str> {
    if let ConstantContactError::Field { what, .. } = error {
        return Some(what);
    }
    match error.meaning()? {
        Meaning::Conflict => Some("another contact has this address already"),
        Meaning::Invalid => Some("Constant Contact refused a value of this contact"),
        Meaning::TokenRefused
        | Meaning::ConnectionDead
        | Meaning::ClientRefused
        | Meaning::Forbidden
        | Meaning::NotFound
        | Meaning::WrongType
        | Meaning::Throttled
        | Meaning::QuotaSpent
        | Meaning::QueueFull
        | Meaning::Retired
        | Meaning::Unavailable
        | Meaning::Undocumented => None,
    }
}
