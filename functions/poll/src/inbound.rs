//! Inbound: what is read of Constant Contact at this tick, and how far it has come since.

use jiff::{SignedDuration, Timestamp};
use shared::defects::{self, Defect};
use shared::domain::report::Inbound;
use shared::domain::sweep;
use shared::domain::watermark::InboundState;
use shared::invocation::Invocation;

use crate::changes::{self, WINDOW_LAG};
use crate::error::PollError;
use crate::services::{Ready, Services};
use crate::sweep::{End, Swept};

/// The inbound read is due when it is this old: well before upload takes it for stale.
const INBOUND_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// As long as a run is open it is due at every tick: the fresher it is, the fewer are sent who have just left.
const INBOUND_EVERY_DURING_A_RUN: SignedDuration = SignedDuration::from_mins(4);

/// In v2 the opted-out are listed as a whole, which costs a call for every five hundred of them: while a run is open
/// well before upload takes the listing for stale, else once an hour.
const OPT_OUTS_EVERY: SignedDuration = SignedDuration::from_hours(1);
const OPT_OUTS_EVERY_DURING_A_RUN: SignedDuration = SignedDuration::from_mins(10);

/// What decides how much is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// Somebody asked for a sweep.
    pub(crate) sweep: bool,
    /// A run is open.
    pub(crate) during_a_run: bool,
    /// Nothing of ours is on its way to Constant Contact.
    pub(crate) is_quiet: bool,
}

/// Whether it is time to look.
pub(crate) fn is_due(state: &InboundState, during_a_run: bool, now: Timestamp) -> bool {
    if during_a_run && defects::is_back(Defect::ImportBeforeInbound) {
        return false;
    }
    let every = if during_a_run { INBOUND_EVERY_DURING_A_RUN } else { INBOUND_EVERY };
    state.sweep.is_some() || is_older(state.read_through, every, now)
}

fn is_older(at: Option<Timestamp>, than: SignedDuration, now: Timestamp) -> bool {
    at.is_none_or(|at| now.duration_since(at) >= than)
}

/// Reads what changed, and everybody when that is due, which the first time it is: a sweep that begins shows what changed
/// as well. Notes in the state how far it came, whatever fails afterwards.
pub(crate) async fn read(
    services: &Services,
    ready: &Ready,
    state: &mut InboundState,
    reach: Reach,
    invocation: &Invocation,
) -> Result<Inbound, PollError> {
    let now = invocation.now();
    let pulled = services.state.inbound_brake().await?;
    // What a released brake had stopped is only seen again by reading as much again.
    let is_released =
        pulled.as_ref().is_some_and(|pulled| pulled.is_of_sweep && pulled.released_at.is_some());
    let begun = state.sweep.clone();
    let hours = ready.settings.safety.sweep_fresh_hours;
    let sweeps = reach.sweep
        || is_released
        || begun.is_some()
        || sweep::is_due(state.swept_at, state.sweep_tried_at, hours, now);
    let mut counts = Inbound::default();
    if let Some(through) = state.read_through
        && (begun.is_some() || !sweeps)
    {
        let every = if reach.during_a_run { OPT_OUTS_EVERY_DURING_A_RUN } else { OPT_OUTS_EVERY };
        let with_opt_outs = is_older(state.opt_outs_at, every, now);
        let pulled = pulled.clone();
        let read = changes::read(services, ready, through, with_opt_outs, pulled, invocation);
        let read = Box::pin(read).await?;
        counts.merge(&read.counts);
        if read.read_through.is_some() {
            state.read_through = read.read_through;
            if with_opt_outs {
                state.opt_outs_at = Some(now);
            }
        }
    }
    if sweeps {
        let swept = crate::sweep::sweep(services, ready, begun, pulled, reach.is_quiet, invocation);
        let Swept { counts: swept, end, failure } = Box::pin(swept).await?;
        counts.merge(&swept);
        note(state, end, now);
        failure.map_or(Ok(()), Err)?;
    }
    Ok(counts)
}

/// Notes how a sweep ended.
fn note(state: &mut InboundState, end: End, now: Timestamp) {
    state.sweep = None;
    match end {
        End::Whole(sweep) => {
            let began_at = Some(sweep.began_at);
            state.swept_at = state.swept_at.max(began_at);
            state.opt_outs_at = state.opt_outs_at.max(began_at);
            state.read_through = state.read_through.max(Some(sweep.began_at - WINDOW_LAG));
            state.sweep_tried_at = None;
        }
        End::Interrupted(sweep) => state.sweep = Some(sweep),
        End::InVain => state.sweep_tried_at = Some(now),
    }
}
