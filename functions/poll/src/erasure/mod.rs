//! Erasure: whoever's account was deleted at Gigya leaves Constant Contact too, and nothing is kept of them but a
//! tombstone.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `log` | who was deleted, by Gigya's audit log |
//! | `doubt` | who is missing, by looking for everybody after a sweep: the log does not tell of everybody |
//! | `farewell` | one who is gone: confirmed, decided, carried out |
//! | `heirs` | another account with the same address, which takes the contact over |
//! | `strays` | contacts that are there although the person is erased |
//! | `purge` | the objects of past runs that name the person |
//!
//! What is found is only ever a suspicion: nobody is erased whom Gigya still knows in any way
//! ([`Whereabouts`](shared::gigya::Whereabouts)), and more people at once than the brake lets go are not erased without
//! asking. How far everything has come is in `state/erasure.json`, and each step may be done again after a kill.

mod doubt;
mod farewell;
mod heirs;
mod log;
mod purge;
mod strays;

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared::domain::brake::Pulled;
use shared::domain::erasure::Erasure;
use shared::domain::removal::Next;
use shared::domain::report::Brake;
use shared::domain::{ContactId, Uid};
use shared::invocation::Invocation;
use shared::store::StoreError;
use shared::store::bucket::{ETag, Put};
use shared::store::keys;
use tracing::{error, info, warn};

use crate::error::PollError;
use crate::removals;
use crate::services::{Ready, Services};

pub(crate) use strays::note_strays;

/// Somebody who may have been deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Suspect {
    /// When they went, or since when they are missed.
    at: Timestamp,
    /// The UID that Gigya says they have now.
    renamed_to: Option<Uid>,
}

/// Suspects by the UID under which the ledger knows them.
type Suspects = BTreeMap<Uid, Suspect>;

/// Looks for deleted accounts when it is time, and does what is left to do about those that were found; `swept_at` is when
/// everybody in Constant Contact was last read. Answers how many people were erased.
pub(crate) async fn erase(
    services: &Services,
    ready: &Ready,
    swept_at: Option<Timestamp>,
    invocation: &Invocation,
) -> Result<u64, PollError> {
    let (state, etag) = services.state.erasure().await?;
    let saved = state.clone();
    let mut eraser = Eraser { services, ready, invocation, state, saved, etag, erased: 0 };
    eraser.settle().await?;
    eraser.look_at_strays().await?;
    let pulled = if eraser.state.is_braked { services.state.erasure_brake().await? } else { None };
    eraser.state.is_braked = pulled.is_some();
    eraser.read_log(pulled.as_ref()).await?;
    eraser.doubt(swept_at, pulled.as_ref()).await?;
    eraser.purge().await?;
    if eraser.erased > 0 {
        info!(
            erasure.people = eraser.erased,
            "Erased people whose accounts were deleted at Gigya."
        );
    }
    Ok(eraser.erased)
}

struct Eraser<'a> {
    services: &'a Services,
    ready: &'a Ready,
    invocation: &'a Invocation,
    state: Erasure,
    /// What is in the bucket.
    saved: Erasure,
    etag: Option<ETag>,
    erased: u64,
}

impl Eraser<'_> {
    /// Keeps how far everything has come.
    async fn save(&mut self) -> Result<(), PollError> {
        if self.state == self.saved {
            return Ok(());
        }
        match self.services.state.write_erasure(&self.state, self.etag.as_ref()).await? {
            Put::Done(etag) => {
                (self.etag, self.saved) = (Some(etag), self.state.clone());
                Ok(())
            }
            // Somebody took over after our time was up: theirs is the newer word.
            Put::Taken => {
                Err(StoreError::Contended { key: keys::ERASURE.to_owned(), tries: 1 }.into())
            }
        }
    }

    /// Asks after the deletions that are under way. What came to nothing is not simply submitted again: by now the contact
    /// may be somebody else's.
    async fn settle(&mut self) -> Result<(), PollError> {
        let now = self.invocation.now();
        let mut removals = std::mem::take(&mut self.state.removals);
        for removal in &mut removals {
            let is_submitted = removal.activity.is_some();
            let state = match &removal.activity {
                Some(activity) => self.ready.constant_contact.activity(activity).await?,
                None => None,
            };
            match removal.next(state.as_ref().map(|activity| &activity.state), now) {
                Next::Wait => {}
                Next::Done => removal.is_over = true,
                Next::Submit if !is_submitted => {
                    removals::look_after(self.ready, removal, now).await?;
                }
                Next::Submit | Next::GiveUp => {
                    warn!("A deletion came to nothing; its contacts are looked at again.");
                    for contact in std::mem::take(&mut removal.contacts) {
                        self.state.strays.insert(contact, removal.tries);
                    }
                    removal.is_over = true;
                }
            }
        }
        removals.retain(|removal| !removal.is_over);
        self.state.removals = removals;
        self.save().await
    }

    /// Whether this contact is about to be deleted.
    fn is_leaving(&self, contact: &ContactId) -> bool {
        self.state.removals.iter().any(|removal| removal.contacts.contains(contact))
    }

    /// Pulls the brake: nothing of what was found is done.
    async fn pull(&mut self, brake: Brake, is_of_sweep: bool) -> Result<(), PollError> {
        error!(
            brake.removals = brake.removals,
            brake.known = brake.known,
            brake.allowed = brake.allowed,
            "The brake is pulled: too many accounts are gone at Gigya at once. Nobody is erased until `gigya-cc run --release-brake erasure`."
        );
        let pulled = Pulled { brake, is_reported: true, released_at: None, is_of_sweep };
        let pull = |there: &mut Option<Pulled>| {
            // Released in this moment: the next look goes by that.
            let is_released = there.as_ref().is_some_and(|there| there.released_at.is_some());
            if !is_released {
                *there = Some(pulled.clone());
            }
        };
        self.services.state.change_erasure_brake(pull).await?;
        self.state.is_braked = true;
        self.save().await
    }

    /// Forgets the brake, once a look that shows as much as the one that pulled it is through.
    async fn forget_brake(
        &mut self,
        pulled: Option<&Pulled>,
        is_of_sweep: bool,
    ) -> Result<(), PollError> {
        if pulled.is_some_and(|pulled| pulled.is_of_sweep == is_of_sweep) {
            self.services.state.change_erasure_brake(|pulled| *pulled = None).await?;
            self.state.is_braked = false;
        }
        Ok(())
    }
}

/// Whether a person has looked and let everybody go.
fn is_released(pulled: Option<&Pulled>) -> bool {
    pulled.is_some_and(|pulled| pulled.released_at.is_some())
}
