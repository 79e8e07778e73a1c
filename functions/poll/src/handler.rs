//! One tick: settle, carry, do errands, close.

use serde::Serialize;
use serde_json::Value;
use shared::domain::RunId;
use shared::domain::report::{Calls, Inbound};
use shared::domain::run::{OpenRun, Phase, Run, RunLease};
use shared::domain::watermark::InboundState;
use shared::invocation::Invocation;
use shared::store::RunStore;
use shared::store::bucket::{ETag, Put};
use tracing::{error, warn};

use crate::close;
use crate::erasure;
use crate::errands;
use crate::error::PollError;
use crate::event::Ask;
use crate::inbound::{self, Reach};
use crate::removals;
use crate::services::{Ready, Services};
use crate::settle;

/// What poll answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// There was nothing to do, or somebody else is doing it.
    Idle {
        /// Always true.
        idle: bool,
    },
    /// The day's calls to Constant Contact are spent; what is left is done when there are more.
    Spent {
        /// How long until it is worth asking again, in seconds.
        spent_seconds: u64,
    },
    /// What was done.
    Done {
        /// Parts that were settled.
        settled: u64,
        /// What came home, if it was time to look.
        inbound: Option<Inbound>,
        /// Single writes and removals that were carried out.
        errands: u64,
        /// People who were erased, because their accounts were deleted at Gigya.
        erased: u64,
        /// The run that was closed.
        closed: Option<RunId>,
    },
}

/// Settles what is in flight, carries home what changed in Constant Contact, does what no import can say, and closes the
/// run when everything of it is done.
///
/// # Errors
/// When the event, the settings or the secret cannot be used, and when a vendor or AWS refuses. What is done by then is
/// kept, and the next tick goes on.
pub async fn handle(
    services: &Services,
    event: Value,
    invocation: &Invocation,
) -> Result<Answer, PollError> {
    let ask = Ask::read(event)?;
    let (lease, _) = services.state.run_lease().await?;
    let (inbound, etag) = services.state.inbound().await?;
    let is_due = ask.sweep || inbound::is_due(&inbound, lease.open.is_some(), invocation.now());
    if lease.open.is_none() && !is_due {
        return Ok(Answer::Idle { idle: true });
    }
    let Some((inbound, etag)) = hold(services, inbound, etag, invocation).await? else {
        return Ok(Answer::Idle { idle: true });
    };
    let mut tick = Tick { services, invocation, inbound, etag };
    // Boxed, as are its steps: the futures of the clients lie deep in one another.
    let done = Box::pin(tick.work(ask, &lease, is_due)).await;
    let given_back = tick.give_back().await;
    let answer = match done {
        Ok(answer) => answer,
        Err(error) => without_calls(services, lease.open, error, invocation).await?,
    };
    given_back?;
    Ok(answer)
}

/// A spent day is no failure: nothing is lost, and the next tick asks again. Nor does the open run stand still meanwhile.
async fn without_calls(
    services: &Services,
    open: Option<OpenRun>,
    error: PollError,
    invocation: &Invocation,
) -> Result<Answer, PollError> {
    let Some(wait) = error.spent_for() else { return Err(error) };
    if let Some(open) = open {
        let store = services.run(&open.run);
        if let Some(run) = store.read().await?.filter(|run| run.phase == Phase::Announced) {
            store.write(&Run { moved_at: invocation.now(), ..run }).await?;
        }
    }
    warn!(wait.seconds = wait.as_secs(), "The day's calls to Constant Contact are spent.");
    Ok(Answer::Spent { spent_seconds: wait.as_secs() })
}

/// Takes the right to poll: one at a time, because a contact that was read before a part was agreed on would look as if
/// it had left its lists.
async fn hold(
    services: &Services,
    inbound: InboundState,
    etag: Option<ETag>,
    invocation: &Invocation,
) -> Result<Option<(InboundState, ETag)>, PollError> {
    let is_held = inbound.until.is_some_and(|until| until > invocation.now())
        && inbound.holder.as_deref() != Some(invocation.id());
    if is_held {
        return Ok(None);
    }
    let held = InboundState {
        holder: Some(invocation.id().to_owned()),
        until: Some(invocation.ends_at()),
        ..inbound
    };
    match services.state.write_inbound(&held, etag.as_ref()).await? {
        Put::Done(etag) => Ok(Some((held, etag))),
        Put::Taken => match services.state.inbound().await? {
            (there, Some(etag)) if there.holder.as_deref() == Some(invocation.id()) => {
                Ok(Some((there, etag)))
            }
            _ => Ok(None),
        },
    }
}

struct Tick<'a> {
    services: &'a Services,
    invocation: &'a Invocation,
    inbound: InboundState,
    etag: ETag,
}

impl Tick<'_> {
    async fn work(
        &mut self,
        ask: Ask,
        lease: &RunLease,
        is_due: bool,
    ) -> Result<Answer, PollError> {
        let services = self.services;
        let ready = services.ready().await?;
        let calls_before = ready.calls();
        let mut open = match &lease.open {
            Some(open) => {
                let store = services.run(&open.run);
                let run = store.read().await?;
                if run.is_none() {
                    error!(run.id = %open.run, "The record of the open run is gone; another run may start.");
                    close::release(services, &open.run).await?;
                }
                run.map(|run| (store, run))
            }
            None => None,
        };
        let settled = match &open {
            Some((store, run)) => {
                settle::settle(services, &ready, store, run, self.invocation).await?
            }
            None if !lease.given_up.is_empty() => {
                removals::settle(services, &ready, self.invocation.now()).await?;
                0
            }
            None => 0,
        };
        let inbound = if is_due {
            let during_a_run = open.is_some();
            let is_quiet = !during_a_run && settled == 0;
            let reach = Reach { sweep: ask.sweep, during_a_run, is_quiet };
            let state = &mut self.inbound;
            let read = inbound::read(services, &ready, state, reach, self.invocation);
            Some(Box::pin(read).await?)
        } else {
            None
        };
        let mut answer = Answer::Done { settled, inbound, errands: 0, erased: 0, closed: None };
        if let Some((store, run)) = &mut open {
            let done =
                Box::pin(self.finish(&ready, store, run, settled, inbound, calls_before)).await?;
            if let Answer::Done { errands, closed, .. } = &mut answer {
                (*errands, *closed) = done;
            }
        }
        // Last, so that no trouble with it keeps a run from going on.
        if let Answer::Done { erased, .. } = &mut answer {
            let swept_at = self.inbound.swept_at;
            *erased = Box::pin(erasure::erase(services, &ready, swept_at, self.invocation)).await?;
        }
        Ok(answer)
    }

    async fn finish(
        &self,
        ready: &Ready,
        store: &RunStore,
        run: &mut Run,
        settled: u64,
        inbound: Option<Inbound>,
        calls_before: Calls,
    ) -> Result<(u64, Option<RunId>), PollError> {
        let errands = errands::carry_out(self.services, ready, store, run, self.invocation).await?;
        // From the announcement on, only poll writes the run; before it, only export does.
        if settled + errands > 0 && run.phase == Phase::Announced {
            run.moved_at = self.invocation.now();
            store.write(run).await?;
        }
        let calls = ready.calls();
        let cost = Calls {
            gigya: calls.gigya - calls_before.gigya,
            constant_contact: calls.constant_contact - calls_before.constant_contact,
        };
        close::note(store, inbound, cost).await?;
        let closed = close::close(self.services, ready, store, run, self.invocation).await?;
        Ok((errands, closed.then(|| run.run.clone())))
    }

    /// Gives the right back and keeps how far the inbound read has come.
    async fn give_back(&mut self) -> Result<(), PollError> {
        self.inbound.holder = None;
        self.inbound.until = None;
        // If somebody took over after our time was up, theirs is the newer word.
        let (Put::Done(_) | Put::Taken) =
            self.services.state.write_inbound(&self.inbound, Some(&self.etag)).await?;
        Ok(())
    }
}
