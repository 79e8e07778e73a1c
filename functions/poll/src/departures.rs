//! Those who left in Constant Contact: put off until the inbound read is through, so that the brake can count them before
//! the first of them is opted out at Gigya.

use std::collections::BTreeMap;

use shared::domain::brake::{BrakeLimits, COUNTED_FROM, Pulled};
use shared::domain::report::BRAKE_EXAMPLES_MAX;
use shared::domain::{Contact, Uid};
use shared::store::Ledger;
use tracing::error;

use crate::brake;
use crate::error::PollError;
use crate::services::{Ready, Services};

/// Who left, as far as the inbound read has come.
pub(crate) struct Departures {
    limits: BrakeLimits,
    /// The brake as it was when the read began.
    pulled: Option<Pulled>,
    /// Whether everybody is read.
    is_sweep: bool,
    count: u64,
    examples: Vec<Uid>,
    /// At most so many as the brake allows; nobody more is needed to pull it.
    held: BTreeMap<Uid, Contact>,
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

    /// Whether nobody has to be put off: a person has looked and released the brake.
    pub(crate) fn are_free(&self) -> bool {
        self.pulled.as_ref().is_some_and(|pulled| pulled.released_at.is_some())
    }

    /// Whether this read shows as much as the one that pulled the brake.
    fn shows_as_much(&self) -> bool {
        self.is_sweep || self.pulled.as_ref().is_none_or(|pulled| !pulled.is_of_sweep)
    }

    /// Puts somebody off who left.
    pub(crate) async fn put_off(
        &mut self,
        uid: Uid,
        contact: Contact,
        ledger: &Ledger,
    ) -> Result<(), PollError> {
        // The two passes of a read may both show somebody.
        if let Some(held) = self.held.get_mut(&uid) {
            *held = contact;
            return Ok(());
        }
        self.count += 1;
        if self.examples.len() < BRAKE_EXAMPLES_MAX {
            self.examples.push(uid.clone());
        }
        let is_small = self.count < COUNTED_FROM && self.count <= u64::from(self.limits.people);
        if is_small || self.count <= self.known(ledger).await?.allowed {
            self.held.insert(uid, contact);
        }
        Ok(())
    }

    /// Lets them go, or pulls the brake: `None`. A brake is forgotten once a read that shows as much is through.
    pub(crate) async fn judge(
        &mut self,
        services: &Services,
        is_through: bool,
    ) -> Result<Option<Vec<(Uid, Contact)>>, PollError> {
        let held: Vec<(Uid, Contact)> = std::mem::take(&mut self.held).into_iter().collect();
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
        error!(
            brake.removals = brake.removals,
            brake.known = brake.known,
            brake.allowed = brake.allowed,
            "The brake is pulled: too many people left in Constant Contact at once. Nobody is opted out and nothing is submitted until `gigya-cc run --release-brake inbound`."
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
        Ok(None)
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
