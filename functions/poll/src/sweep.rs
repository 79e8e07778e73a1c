//! The sweep: everybody in Constant Contact, whatever their dates say, against the ledger.
//!
//! It shows what carries no date (lists left behind, edits in bulk), and who is missing: whomever the ledger believes to be
//! there and no page showed is looked at singly, and only a contact that is gone then counts as deleted. What the pages
//! skipped, which may happen while contacts come and go, is found by the same look.
//!
//! One invocation is enough for hundreds of thousands of contacts. Where it is not, the sweep goes on at the next tick from
//! the last page that was carried; where Constant Contact has forgotten that page, it begins again, and gives up after a few
//! times. Whoever left is carried at the end, when the brake has counted them.

use shared::constant_contact::{ConstantContactError, ContactPage, ContactsQuery, Cursor, Meaning};
use shared::domain::Uid;
use shared::domain::agreed::Agreed;
use shared::domain::brake::Pulled;
use shared::domain::report::Inbound;
use shared::domain::sweep::{Sweep, SweepStage};
use shared::invocation::Invocation;
use shared::store::seen::SeenContacts;
use tracing::{error, info, warn};

use crate::carry::Carrier;
use crate::departures::{Departures, Leaver};
use crate::error::PollError;
use crate::refusals;
use crate::services::{Ready, Services};

/// What a sweep came to.
#[derive(Debug)]
pub(crate) struct Swept {
    pub(crate) counts: Inbound,
    pub(crate) end: End,
    /// Why it was interrupted, if it was by an error.
    pub(crate) failure: Option<PollError>,
}

/// How a sweep ends, for now.
#[derive(Debug)]
pub(crate) enum End {
    /// Everybody was compared.
    Whole(Sweep),
    /// It goes on at the next tick.
    Interrupted(Sweep),
    /// It came to nothing: the brake is pulled, or it began again too often.
    InVain,
}

/// Makes a sweep, or goes on with one. `is_quiet` says that nothing of ours is on its way to Constant Contact, so that
/// whoever was sent must be there.
pub(crate) async fn sweep(
    services: &Services,
    ready: &Ready,
    begun: Option<Sweep>,
    pulled: Option<Pulled>,
    is_quiet: bool,
    invocation: &Invocation,
) -> Result<Swept, PollError> {
    let is_resumed = begun.is_some();
    let (sweep, seen) = match begun {
        None => (Some(Sweep::begin(invocation.now())), SeenContacts::default()),
        Some(sweep) => match services.state.sweep_seen().await? {
            Some(seen) => (Some(sweep), seen),
            None => (sweep.begin_again(invocation.now()), SeenContacts::default()),
        },
    };
    let Some(sweep) = sweep else {
        give_up();
        return Ok(Swept { counts: Inbound::default(), end: End::InVain, failure: None });
    };
    let departures = Departures::resume(ready, pulled.clone(), &sweep);
    let carrier = Carrier::begin(services, ready, departures, invocation).await?;
    let mut sweeper = Sweeper { carrier, sweep, seen, pulled, is_quiet };
    let step = sweeper.work().await;
    let counts = sweeper.carrier.counts;
    let interrupted = match step {
        Ok(Step::Through) => {
            sweeper.finish(is_resumed).await?;
            return Ok(Swept { counts, end: End::Whole(sweeper.sweep), failure: None });
        }
        Ok(Step::InVain) => return Ok(Swept { counts, end: End::InVain, failure: None }),
        Ok(Step::Interrupted) => None,
        Err(failure) => Some(failure),
    };
    services.state.keep_sweep_seen(Some(&sweeper.seen)).await?;
    info!(inbound.seen = counts.seen, "The sweep is interrupted; it goes on at the next tick.");
    Ok(Swept { counts, end: End::Interrupted(sweeper.sweep), failure: interrupted })
}

fn give_up() {
    error!(
        "The sweep began again from the first page too often, since Constant Contact forgets where it was; it is tried anew in an hour, and nothing is submitted once the last one is stale."
    );
}

struct Sweeper<'a> {
    carrier: Carrier<'a>,
    sweep: Sweep,
    seen: SeenContacts,
    pulled: Option<Pulled>,
    is_quiet: bool,
}

/// How far the work has come.
enum Step {
    Through,
    Interrupted,
    InVain,
}

impl Sweeper<'_> {
    /// Goes from stage to stage. Each leaves in `sweep` what a later invocation needs to go on.
    async fn work(&mut self) -> Result<Step, PollError> {
        loop {
            let step = match self.sweep.stage.clone() {
                SweepStage::Pages { next } => self.read_pages(next.map(Cursor::parked)).await?,
                SweepStage::Missing { shard } => self.look_for_missing(shard).await?,
                SweepStage::Departures => {
                    let is_through = self.carrier.carry_departures(true).await?;
                    return Ok(if is_through && !self.carrier.departures.are_braked() {
                        Step::Through
                    } else {
                        Step::InVain
                    });
                }
            };
            match step {
                Step::Through => {}
                Step::Interrupted | Step::InVain => return Ok(step),
            }
        }
    }

    /// Reads everybody, page by page.
    async fn read_pages(&mut self, mut cursor: Option<Cursor>) -> Result<Step, PollError> {
        loop {
            let page = match self.page(cursor.as_ref()).await {
                Ok(page) => page,
                Err(error) if cursor.is_some() && is_lost(&error) => {
                    warn!("Constant Contact has forgotten where the sweep was; it begins again.");
                    return self.begin_again().await;
                }
                Err(error) => {
                    self.note_page(cursor).await?;
                    return Err(error.into());
                }
            };
            for contact in &page.contacts {
                self.seen.note(&contact.id);
            }
            self.carrier.take(page.contacts);
            let Some(next) = page.next else {
                self.carrier.carry_held().await?;
                self.go_on(SweepStage::Missing { shard: 0 });
                return Ok(Step::Through);
            };
            let must_stop = self.carrier.invocation.must_stop();
            if must_stop || self.carrier.is_full() {
                self.note_page(Some(next.clone())).await?;
            }
            if must_stop {
                return Ok(Step::Interrupted);
            }
            cursor = Some(next);
        }
    }

    async fn page(&self, cursor: Option<&Cursor>) -> Result<ContactPage, ConstantContactError> {
        let client = &self.carrier.ready.constant_contact;
        match cursor {
            None => client.contacts(&ContactsQuery::All).await,
            Some(cursor) => client.next(cursor).await,
        }
    }

    /// Carries what was read, and only then notes where it goes on.
    async fn note_page(&mut self, next: Option<Cursor>) -> Result<(), PollError> {
        self.carrier.carry_held().await?;
        self.go_on(SweepStage::Pages { next: next.map(|next| next.park()) });
        Ok(())
    }

    fn go_on(&mut self, stage: SweepStage) {
        self.sweep.stage = stage;
        self.carrier.departures.park(&mut self.sweep);
    }

    async fn begin_again(&mut self) -> Result<Step, PollError> {
        self.carrier.carry_held().await?;
        let Some(sweep) = self.sweep.clone().begin_again(self.carrier.invocation.now()) else {
            give_up();
            return Ok(Step::InVain);
        };
        self.sweep = sweep;
        self.seen = SeenContacts::default();
        self.carrier.departures =
            Departures::resume(self.carrier.ready, self.pulled.clone(), &self.sweep);
        Ok(Step::Through)
    }

    /// Looks at those whom no page showed, one shard of the ledger after the other.
    async fn look_for_missing(&mut self, from: u8) -> Result<Step, PollError> {
        let services = self.carrier.services;
        if self.seen.is_empty() && self.carrier.departures.pull_if_nobody(services).await? {
            return Ok(Step::InVain);
        }
        let shards = services.ledger.shards().await?;
        for shard in shards.into_iter().filter(|shard| *shard >= from) {
            for (uid, agreed) in services.ledger.missing(shard, &self.seen).await? {
                if self.carrier.invocation.must_stop() {
                    self.carrier.carry_held().await?;
                    self.go_on(SweepStage::Missing { shard });
                    return Ok(Step::Interrupted);
                }
                self.look_for(uid, &agreed).await?;
                if self.carrier.departures.are_too_many(&services.ledger).await? {
                    self.carrier.carry_held().await?;
                    self.go_on(SweepStage::Departures);
                    return Ok(Step::Through);
                }
            }
            self.carrier.carry_held().await?;
            self.go_on(SweepStage::Missing { shard: shard + 1 });
        }
        self.go_on(SweepStage::Departures);
        Ok(Step::Through)
    }

    async fn look_for(&mut self, uid: Uid, agreed: &Agreed) -> Result<(), PollError> {
        let Some(id) = &agreed.contact else {
            return if self.is_quiet {
                self.carrier.look_for_lost(uid, agreed).await
            } else {
                Ok(())
            };
        };
        if let Some(contact) = self.carrier.ready.constant_contact.contact(id).await? {
            self.seen.note(id);
            self.carrier.take([contact]);
            return Ok(());
        }
        self.carrier.counts.missing += 1;
        let leaver = Leaver::Unseen(id.clone());
        self.carrier.departures.put_off(uid, leaver, &self.carrier.services.ledger).await
    }

    /// What follows once everybody was compared.
    async fn finish(&mut self, is_resumed: bool) -> Result<(), PollError> {
        let (services, ready) = (self.carrier.services, self.carrier.ready);
        self.carrier.identities.keep(services, !is_resumed).await?;
        if is_resumed {
            services.state.keep_sweep_seen(None).await?;
        }
        let named = refusals::pin(services, ready, &self.sweep).await?;
        let counts = self.carrier.counts;
        info!(
            inbound.contacts = self.seen.count(),
            inbound.missing = counts.missing,
            inbound.strangers = counts.strangers,
            inbound.carried = counts.carried,
            inbound.opted_out = counts.opted_out,
            inbound.rejected = named,
            "Swept everybody in Constant Contact."
        );
        Ok(())
    }
}

/// Whether the vendor no longer knows the bookmark. No document says what it answers then; the simulated tenant, as
/// anybody would expect, says that it is invalid.
fn is_lost(error: &ConstantContactError) -> bool {
    matches!(error.meaning(), Some(Meaning::Invalid | Meaning::NotFound))
}
