//! Those who left in Constant Contact, or whose values were emptied there: put off until the inbound read is through, so that
//! the brake can count them before the first of them is opted out or emptied at Gigya. A field that an owner deletes and
//! makes anew looks emptied by everybody, as a list does that everybody has left.

use std::collections::BTreeMap;

use shared::domain::brake::{BrakeLimits, COUNTED_FROM, Pulled};
use shared::domain::report::{BRAKE_EXAMPLES_MAX, Brake};
use shared::domain::sweep::Sweep;
use shared::domain::{Contact, ContactId, Uid};
use shared::store::Ledger;
use tracing::error;

use crate::brake;
use crate::error::PollError;
use crate::services::{Ready, Services};

/// Somebody who left or was emptied.
#[derive(Debug, Clone)]
pub(crate) enum Leaver {
    /// Their contact shows it.
    Shown(Box<Contact>),
    /// This contact is gone, or showed it to an earlier invocation: it is looked at once more before they are carried.
    Unseen(ContactId),
}

/// Who left or was emptied, as far as the inbound read has come.
pub(crate) struct Departures {
    limits: BrakeLimits,
    /// The brake as it was when the read began.
    pulled: Option<Pulled>,
    /// Whether everybody is read.
    is_sweep: bool,
    count: u64,
    examples: Vec<Uid>,
    /// At most so many as the brake allows; nobody more is needed to pull it.
    held: BTreeMap<Uid, Leaver>,
    /// How many people the ledger knows, and how many may leave; asked for when it matters.
    known: Option<Known>,
}

#[derive(Clone, Copy)]
struct Known {
    people: u64,
    allowed: u64,
}

impl Departures {
    /// Nobody yet.
    pub(crate) fn begin(ready: &Ready, pulled: Option<Pulled>, is_sweep: bool) -> Self {
        Self {
            limits: brake::limits(&ready.settings.safety),
            pulled,
            is_sweep,
            count: 0,
            examples: Vec::new(),
            held: BTreeMap::new(),
            known: None,
        }
    }

    /// Those whom an interrupted sweep has put off so far.
    pub(crate) fn resume(ready: &Ready, pulled: Option<Pulled>, sweep: &Sweep) -> Self {
        let held: BTreeMap<Uid, Leaver> = sweep
            .departed
            .iter()
            .map(|(uid, contact)| (uid.clone(), Leaver::Unseen(contact.clone())))
            .collect();
        Self {
            count: sweep.departures,
            examples: held.keys().take(BRAKE_EXAMPLES_MAX).cloned().collect(),
            held,
            ..Self::begin(ready, pulled, true)
        }
    }

    /// Notes them in the sweep, in case that it is interrupted.
    pub(crate) fn park(&self, sweep: &mut Sweep) {
        let contact_of = |leaver: &Leaver| match leaver {
            Leaver::Shown(contact) => contact.id.clone(),
            Leaver::Unseen(contact) => contact.clone(),
        };
        let departed = self.held.iter().map(|(uid, leaver)| (uid.clone(), contact_of(leaver)));
        sweep.departed = departed.collect();
        sweep.departures = self.count;
    }

    /// Whether there are so many that the brake will be pulled.
    pub(crate) async fn are_too_many(&mut self, ledger: &Ledger) -> Result<bool, PollError> {
        Ok(!self.are_free() && self.count > 0 && self.count > self.known(ledger).await?.allowed)
    }

    /// Whether nobody has to be put off: a person has looked and released the brake.
    pub(crate) fn are_free(&self) -> bool {
        self.pulled.as_ref().is_some_and(|pulled| pulled.released_at.is_some())
    }

    /// Whether this read shows as much as the one that pulled the brake.
    fn shows_as_much(&self) -> bool {
        self.is_sweep || self.pulled.as_ref().is_none_or(|pulled| !pulled.is_of_sweep)
    }

    /// Puts somebody off who left or was emptied.
    pub(crate) async fn put_off(
        &mut self,
        uid: Uid,
        leaver: Leaver,
        ledger: &Ledger,
    ) -> Result<(), PollError> {
        // The two passes of a read may both show somebody.
        if let Some(held) = self.held.get_mut(&uid) {
            *held = leaver;
            return Ok(());
        }
        self.count += 1;
        if self.examples.len() < BRAKE_EXAMPLES_MAX {
            self.examples.push(uid.clone());
        }
        let is_small = self.count < COUNTED_FROM && self.count <= u64::from(self.limits.people);
        if is_small || self.count <= self.known(ledger).await?.allowed {
            self.held.insert(uid, leaver);
        }
        Ok(())
    }

    /// Lets them go, or pulls the brake: `None`. A brake is forgotten once a read that shows as much is through.
    pub(crate) async fn judge(
        &mut self,
        services: &Services,
        is_through: bool,
    ) -> Result<Option<Vec<(Uid, Leaver)>>, PollError> {
        let held: Vec<(Uid, Leaver)> = std::mem::take(&mut self.held).into_iter().collect();
        if self.are_free() || held.len() as u64 == self.count {
            if is_through && self.pulled.is_some() && self.shows_as_much() {
                services.state.change_inbound_brake(|pulled| *pulled = None).await?;
                self.pulled = None;
            }
            return Ok(Some(held));
        }
        let known = self.known(&services.ledger).await?.people;
        let examples = self.examples.iter().cloned();
        let Some(brake) = self.limits.judge(self.count, known, examples) else {
            return Ok(Some(held));
        };
        self.pull(services, brake).await?;
        Ok(None)
    }

    /// Pulls the brake if a read of everybody showed nobody, though somebody is known. Answers whether it did.
    pub(crate) async fn pull_if_nobody(&mut self, services: &Services) -> Result<bool, PollError> {
        if self.are_free() {
            return Ok(false);
        }
        let known = self.known(&services.ledger).await?.people;
        let Some(brake) = self.limits.judge_empty(0, known) else { return Ok(false) };
        self.pull(services, brake).await?;
        Ok(true)
    }

    async fn pull(&self, services: &Services, brake: Brake) -> Result<(), PollError> {
        error!(
            brake.removals = brake.removals,
            brake.known = brake.known,
            brake.allowed = brake.allowed,
            "The brake is pulled: too many people left in Constant Contact, or lost a value there, at once. Nobody is opted out or emptied at Gigya, and nothing is submitted, until `gigya-cc run --release-brake inbound`."
        );
        let is_of_sweep = self.is_sweep || !self.shows_as_much();
        let pulled = Pulled { brake, is_reported: true, released_at: None, is_of_sweep };
        services
            .state
            .change_inbound_brake(|there| {
                // Released in this moment: the next read goes by that.
                if there.as_ref().is_none_or(|there| there.released_at.is_none()) {
                    *there = Some(pulled.clone());
                }
            })
            .await?;
        Ok(())
    }

    /// Whether a brake is still pulled, so that nothing counts as read.
    pub(crate) fn are_braked(&self) -> bool {
        self.pulled.as_ref().is_some_and(|pulled| pulled.released_at.is_none())
    }

    async fn known(&mut self, ledger: &Ledger) -> Result<Known, PollError> {
        if let Some(known) = self.known {
            return Ok(known);
        }
        let people = ledger.count().await?;
        let known = Known { people, allowed: self.limits.allowed(people) };
        self.known = Some(known);
        Ok(known)
    }
}
