//! One batch: claim, plan, submit.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use shared::constant_contact::ConstantContactError;
use shared::domain::batch::{Agreement, BatchStage, Claim, Part, PartStage, Planned};
use shared::domain::message::BatchMessage;
use shared::domain::plan::{Row, Terms};
use shared::domain::report::{Calls, PartState};
use shared::domain::run::{Phase, Run};
use shared::domain::watermark::{InboundFresh, Stale};
use shared::domain::{Account, Dispose, Disposition, Fingerprint, ListId, Uid};
use shared::invocation::Invocation;
use shared::preflight;
use shared::settings::customer::CustomerSettings;
use shared::store::bucket::{ETag, Put};
use shared::store::runs::PartDocument;
use shared::store::state::Waiting;
use shared::store::{RunStore, keys};
use tracing::info;

use crate::claim::{AT_ONCE, Claimed, RUN_GIVEN_UP, claim};
use crate::decide::{Decisions, Others, addresses, decide};
use crate::earlier::{Earlier, write_in_halves};
use crate::error::UploadError;
use crate::given_up::GivenUp;
use crate::services::{Ready, Services};
use shared::payload::{Headings, Payload};

/// How long an import whose answer was lost may take to show up in Constant Contact's listing. Until then it is not sent
/// again.
const UNCLEAR_SETTLES: SignedDuration = SignedDuration::from_secs(60);
/// How long a message waits for the inbound read, which poll does at its next tick.
const WAIT_FOR_INBOUND: Duration = Duration::from_mins(1);
/// How long a dry run waits for it: it shows up within two ticks, unless poll is not scheduled or its brake is pulled. Then
/// the dry run plans with what is known, and says so.
const DRY_RUN_WAITS: SignedDuration = SignedDuration::from_mins(15);
/// What became of a message.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Its batch is submitted, now or before.
    Done,
    /// It goes back to the queue.
    Waits {
        /// For how long.
        wait: Duration,
        /// What for.
        reason: &'static str,
    },
    /// It goes to the dead letters: no later try can end otherwise.
    Buried {
        /// Why.
        reason: String,
    },
}

/// Submits the batch that a message announces. Delivered twice, it submits nothing twice.
pub(crate) async fn submit(
    services: &Services,
    settings: &Arc<CustomerSettings>,
    announced: &BatchMessage,
    invocation: &Invocation,
) -> Result<Ending, UploadError> {
    let store = services.run(&announced.run);
    let Some(run) = store.read().await? else {
        return Ok(buried("the run that it names is not in the bucket"));
    };
    let Some(ordinal) = keys::ordinal_of(&announced.key) else {
        return Ok(buried("the key that it names is no batch's"));
    };
    match run.phase {
        Phase::Reading | Phase::Announced => {}
        Phase::Settled => return Ok(Ending::Done),
        Phase::Failed => return Ok(buried(RUN_GIVEN_UP)),
    }
    let limits = settings.safety.fresh_limits();
    let (inbound, _) = services.state.inbound().await?;
    let dialect = settings.constant_contact.api;
    let fresh = InboundFresh::check(&inbound, dialect, invocation.now(), limits);
    let purpose = match fresh {
        _ if run.dry_run && (fresh.is_ok() || has_waited(&run, invocation)) => {
            Purpose::DryRun { is_fresh: fresh.is_ok() }
        }
        Ok(fresh) => Purpose::Submit(fresh),
        Err(Stale::Inbound) => return Ok(waits(WAIT_FOR_INBOUND, "the inbound read is not fresh")),
        Err(Stale::Sweep) => return Ok(waits(WAIT_FOR_INBOUND, "the sweep is not fresh")),
    };
    let etag = match claim(&store, ordinal, invocation).await? {
        Claimed::Ours(etag) => etag,
        Claimed::Done => return Ok(Ending::Done),
        // Whoever buried it may have been killed before the message was put away.
        Claimed::Buried(reason) => return Ok(buried(&reason)),
        Claimed::Others(wait) => return Ok(waits(wait, "another invocation has claimed it")),
    };
    let swept_at = inbound.swept_at;
    let batch = Batch { services, settings, store, run, ordinal, purpose, swept_at, invocation };
    let (ending, stage) = match batch.submit(&announced.key).await {
        Ok(outcome) => outcome,
        Err(error) => {
            // The claim dies with the work, not with the invocation.
            batch.write_claim(None, &etag).await?;
            return Err(error);
        }
    };
    batch.write_claim(stage, &etag).await?;
    Ok(ending)
}

/// Whether a dry run has waited long enough for a fresh inbound read, and plans with what is known.
fn has_waited(run: &Run, invocation: &Invocation) -> bool {
    invocation.now().duration_since(run.started_at) >= DRY_RUN_WAITS
}

fn buried(reason: &str) -> Ending {
    Ending::Buried { reason: reason.to_owned() }
}

fn waits(wait: Duration, reason: &'static str) -> Ending {
    Ending::Waits { wait, reason }
}

/// What a batch is planned for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    /// To be submitted, with the proof that whoever left is in the ledger by now: there is no submitting without it.
    Submit(InboundFresh),
    /// To be told about.
    DryRun {
        /// Whether whoever left is in the ledger by now.
        is_fresh: bool,
    },
}

/// A claimed batch.
struct Batch<'a> {
    services: &'a Services,
    settings: &'a Arc<CustomerSettings>,
    store: RunStore,
    run: Run,
    ordinal: u32,
    purpose: Purpose,
    /// When the last sweep began that was brought to its end.
    swept_at: Option<Timestamp>,
    invocation: &'a Invocation,
}

type Outcome = (Ending, Option<BatchStage>);

/// One part, before it is submitted.
struct PartToSubmit<'a> {
    lists: &'a BTreeSet<ListId>,
    payload: Payload,
    number: u32,
}

impl Batch<'_> {
    async fn submit(&self, key: &str) -> Result<Outcome, UploadError> {
        let ready = self.services.ready(self.settings).await?;
        let Earlier { sent, next_part, came_to_nothing, halves } =
            match self.look_after_parts(&ready).await? {
                Ok(earlier) => earlier,
                Err(ending) => return Ok((ending, None)),
            };
        if !halves.is_empty() {
            // Before a row is suspected, the settings are: an import into a list that was deleted fails as a whole, too.
            self.look_at_tenant(&ready).await?;
        }
        let Some(staged) = self.store.staged(key).await? else {
            return Ok(self.bury("the staged accounts are gone"));
        };
        let mut accounts: Vec<Account> = Vec::new();
        for account in staged {
            match account {
                Ok(account) => accounts.push(account),
                Err(problem) => {
                    return Ok(self.bury(&format!("the staged accounts are broken: {problem}")));
                }
            }
        }
        let now = self.invocation.now();
        let (policy, read_at) = (&self.settings.policy, Some(self.run.started_at));
        let terms = Terms { policy, key: &ready.key, read_at };
        let prints = addresses(&accounts, terms);
        let uids = accounts.iter().map(|account| account.uid().clone());
        let others = self.others(sent, &accounts, &prints).await?;
        // After what other batches took: whoever of them is agreed on meanwhile is in one or the other.
        let known = self.services.ledger.look_up(uids, prints.iter().copied().flatten()).await?;
        let decisions = decide(&accounts, &prints, &known, &others, terms, now);
        drop((accounts, known, others));

        self.keep(&decisions, now).await?;
        let imports = match self.submit_rows(&ready, &decisions, &halves, next_part).await? {
            Ok(imports) => imports,
            Err(Ending::Buried { reason }) => return Ok(self.bury(&reason)),
            Err(ending @ (Ending::Done | Ending::Waits { .. })) => return Ok((ending, None)),
        };
        info!(
            run.id = %self.run.run, batch.ordinal = self.ordinal,
            people.accepted = decisions.people.accepted, people.unchanged = decisions.people.unchanged,
            "Submitted batch {}.", self.ordinal
        );
        let calls = Calls { gigya: 0, constant_contact: ready.charge_calls() };
        let planned = Planned {
            people: decisions.people,
            actions: decisions.actions,
            imports,
            is_stale: matches!(self.purpose, Purpose::DryRun { is_fresh: false }),
            losses: decisions.losses,
            leaving: decisions.leaving,
            errands: decisions.errands.len() as u64,
            at: now,
            calls,
            came_to_nothing,
        };
        Ok((Ending::Done, Some(BatchStage::Submitted(planned))))
    }

    /// What others did that concerns these addresses and people.
    async fn others(
        &self,
        sent: HashSet<Uid>,
        accounts: &[Account],
        addresses: &[Option<Fingerprint>],
    ) -> Result<Others, UploadError> {
        let uids = accounts.iter().map(Account::uid).collect();
        let given_up = GivenUp::read(self.services, &uids, self.swept_at).await?;
        let addresses: HashSet<Fingerprint> = addresses.iter().copied().flatten().collect();
        let taken = self.store.addresses(&addresses).await?;
        let taken: HashMap<Fingerprint, Uid> = taken
            .into_iter()
            .filter(|(ordinal, taken)| *ordinal != self.ordinal || sent.contains(&taken.uid))
            .map(|(_, taken)| (taken.address, taken.uid))
            .collect();
        let refused = self.services.state.refused().await?;
        Ok(Others { sent, taken, given_up, refused, run_began: self.run.started_at })
    }

    /// Finds out about the parts that an earlier try left behind. Answers may have been lost, so the listing is read before
    /// anything is sent again.
    async fn look_after_parts(
        &self,
        ready: &Ready,
    ) -> Result<Result<Earlier, Ending>, UploadError> {
        let mut earlier = Earlier::default();
        for mut document in self.store.parts(Some(self.ordinal)).await? {
            earlier.next_part = earlier.next_part.max(document.number + 1);
            earlier.came_to_nothing += u64::from(document.part.came_to_nothing());
            let is_in = match &document.part.stage {
                PartStage::Submitted { .. } => true,
                PartStage::Settled { outcome, .. } => outcome.state == PartState::Completed,
                PartStage::Intended => {
                    let name = &document.part.file_name;
                    match ready.constant_contact.find_activity(name).await? {
                        Some(activity) => {
                            let at = activity.created_at.unwrap_or(document.part.intended_at);
                            document.part.stage =
                                PartStage::Submitted { activity: activity.id, at };
                            self.store.write_part(&document).await?;
                            true
                        }
                        None if self.may_still_show(document.part.intended_at) => {
                            let wait = UNCLEAR_SETTLES.unsigned_abs();
                            return Ok(Err(waits(wait, "an import's answer was lost")));
                        }
                        None => {
                            self.store.withdraw_part(self.ordinal, document.number).await?;
                            false
                        }
                    }
                }
            };
            let has_failed = document.part.failed_as_a_whole();
            if !is_in && !has_failed {
                continue;
            }
            let agreements = self.store.agreements(self.ordinal, Some(document.number)).await?;
            let uids = agreements.into_iter().map(|agreement| agreement.uid);
            if is_in {
                earlier.sent.extend(uids);
            } else {
                earlier.halve(uids, document.part.rows);
            }
        }
        Ok(Ok(earlier))
    }

    /// Whether Constant Contact still has what the settings name.
    async fn look_at_tenant(&self, ready: &Ready) -> Result<(), UploadError> {
        Ok(preflight::constant_contact(&ready.constant_contact, self.settings).await?)
    }

    fn may_still_show(&self, intended_at: Timestamp) -> bool {
        self.invocation.now().duration_since(intended_at) < UNCLEAR_SETTLES
    }

    /// Keeps everything about the batch that poll and the report need.
    async fn keep(&self, decisions: &Decisions, now: Timestamp) -> Result<(), UploadError> {
        let (store, ordinal) = (&self.store, self.ordinal);
        for (list, people) in [
            ("invalid", &decisions.invalid),
            ("held", &decisions.held),
            ("duplicate", &decisions.duplicate),
            ("rejected", &decisions.rejected),
            ("conflicts", &decisions.conflicts),
            ("losses", &decisions.lost),
        ] {
            store.write_list_share(list, ordinal, people).await?;
        }
        store.write_errands(ordinal, &decisions.errands).await?;
        // Before anything is sent: the next batch must not take the same addresses.
        store.write_addresses(ordinal, &decisions.taken).await?;
        if self.run.dry_run {
            return Ok(());
        }
        if !decisions.waiting.is_empty() {
            let remember = |waiting: &mut Waiting| {
                for (address, uids) in &decisions.waiting {
                    waiting.entry(*address).or_default().extend(uids.iter().cloned());
                }
            };
            self.services.state.change_waiting(remember).await?;
        }
        if !decisions.quiet.is_empty() {
            store.write_agreements(ordinal, None, &decisions.quiet).await?;
        }
        if !decisions.due.is_empty() {
            self.services
                .state
                .change_due(|due| {
                    for uid in &decisions.due {
                        due.entry(uid.clone()).or_insert(now);
                    }
                })
                .await?;
        }
        Ok(())
    }

    /// Submits the rows, part by part, from this number on; a dry run only counts them. Answers how many there are.
    async fn submit_rows(
        &self,
        ready: &Ready,
        decisions: &Decisions,
        halves: &HashMap<Uid, usize>,
        first: u32,
    ) -> Result<Result<u64, Ending>, UploadError> {
        let headings = Headings::of(&self.settings.policy.mapping);
        let mut number = first;
        for (lists, rows) in &decisions.rows {
            for (lists, rows) in self.imports_of(lists.as_ref(), rows, decisions) {
                for payload in write_in_halves(&headings, rows, halves)? {
                    if self.invocation.must_stop() {
                        return Ok(Err(waits(AT_ONCE, "the invocation ends; the rest follows")));
                    }
                    if let Purpose::Submit(fresh) = self.purpose {
                        let part = PartToSubmit { lists: &lists, payload, number };
                        if let Err(ending) = self.submit_part(ready, decisions, part, fresh).await?
                        {
                            return Ok(Err(ending));
                        }
                    }
                    number += 1;
                }
            }
        }
        Ok(Ok(u64::from(number - first)))
    }

    /// The lists that an import names, and its rows. People who are there already go to the list that nobody mails, so
    /// that an update can put nobody back. Without such a list they go, as in the original product, to the lists that
    /// they are on.
    fn imports_of<'r>(
        &self,
        joining: Option<&BTreeSet<ListId>>,
        rows: &'r [Row],
        decisions: &Decisions,
    ) -> Vec<(BTreeSet<ListId>, Vec<&'r Row>)> {
        if let Some(lists) = joining {
            return vec![(lists.clone(), rows.iter().collect())];
        }
        if let Some(list) = &self.settings.constant_contact.update_list {
            return vec![([list.clone()].into(), rows.iter().collect())];
        }
        let mut by_lists: BTreeMap<BTreeSet<ListId>, Vec<_>> = BTreeMap::new();
        for row in rows {
            let agreement = decisions.agreements.get(&row.uid);
            let lists = agreement.map(|agreement| agreement.after.lists.clone());
            by_lists.entry(lists.unwrap_or_default()).or_default().push(row);
        }
        by_lists.into_iter().filter(|(lists, _)| !lists.is_empty()).collect()
    }

    /// Submits one part: the intent is kept before the call, the activity after it.
    async fn submit_part(
        &self,
        ready: &Ready,
        decisions: &Decisions,
        part: PartToSubmit<'_>,
        fresh: InboundFresh,
    ) -> Result<Result<(), Ending>, UploadError> {
        let PartToSubmit { lists, payload, number } = part;
        let file_name = keys::file_name(&self.run.run, self.ordinal, number);
        let agreements: Vec<Agreement> =
            payload.uids.iter().filter_map(|uid| decisions.agreements.get(uid).cloned()).collect();
        let mut document = PartDocument {
            ordinal: self.ordinal,
            number,
            part: Part {
                file_name: file_name.clone(),
                lists: lists.clone(),
                rows: payload.uids.len() as u64,
                intended_at: self.invocation.now(),
                stage: PartStage::Intended,
            },
        };
        self.store.write_agreements(self.ordinal, Some(number), &agreements).await?;
        self.store.write_part(&document).await?;
        let answer = self.import(ready, &file_name, payload, lists, fresh).await;
        match answer {
            Ok(activity) => {
                document.part.stage = PartStage::Submitted { activity, at: self.invocation.now() };
                self.store.write_part(&document).await?;
                Ok(Ok(()))
            }
            // The intent stays: the next try looks for the activity first.
            Err(error @ ConstantContactError::Unclear { .. }) => Err(error.into()),
            Err(error) => {
                self.store.withdraw_part(self.ordinal, number).await?;
                match error.disposition() {
                    Disposition::Reject => {
                        self.look_at_tenant(ready).await?;
                        Ok(Err(Ending::Buried { reason: shared::telemetry::chain(&error) }))
                    }
                    Disposition::Retry { .. } | Disposition::Halt => Err(error.into()),
                }
            }
        }
    }

    async fn import(
        &self,
        ready: &Ready,
        file_name: &str,
        payload: Payload,
        lists: &BTreeSet<ListId>,
        _fresh: InboundFresh,
    ) -> Result<shared::domain::ActivityId, ConstantContactError> {
        ready.constant_contact.import(file_name, payload.import, lists).await
    }

    fn bury(&self, reason: &str) -> Outcome {
        let accounts = self.run.size_of(self.ordinal);
        let stage = BatchStage::Buried { reason: reason.to_owned(), accounts };
        (buried(reason), Some(stage))
    }

    /// Writes how far the batch has come; without a stage the claim is given back.
    async fn write_claim(&self, stage: Option<BatchStage>, etag: &ETag) -> Result<(), UploadError> {
        let claim = Claim {
            holder: self.invocation.id().to_owned(),
            until: self.invocation.now(),
            stage: stage.unwrap_or(BatchStage::Claimed),
        };
        // If somebody took the claim over, its word is the newer one.
        let (Put::Done(_) | Put::Taken) =
            self.store.write_claim(self.ordinal, &claim, Some(etag)).await?;
        Ok(())
    }
}
