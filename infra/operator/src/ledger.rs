//! `gigya-cc ledger rebuild`: forgets the agreed values, and nobody who left.

use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;
use shared::domain::report::grouped;
use shared::domain::watermark::InboundState;
use shared::settings::Environment;
use shared::store::StateStore;
use shared::store::bucket::Put;
use shared::telemetry::chain;

use crate::person::LookError;
use crate::render::{self, Form};
use crate::services::{self, Services};

/// How long the ledger is kept from poll: longer than forgetting takes, and no longer than an invocation.
const HOLD: Duration = Duration::from_mins(15);
/// The name under which poll is kept from it.
const HOLDER: &str = "operator-ledger-rebuild";

/// Looks after the ledger: what both sides last agreed on about each person.
#[derive(Debug, Subcommand)]
pub enum Options {
    /// Forgets the agreed values, and lets the next sweep and full run agree anew.
    ///
    /// For a ledger that cannot be trusted: after a restored bucket, a new fingerprint key, or values written past this program.
    /// Where both sides hold the same, they agree; where they differ, the field's owner wins. Who was on which list, and who
    /// left, stays known, so nobody comes back by it. What was there is in the bucket's history.
    Rebuild(Rebuild),
}

/// `gigya-cc ledger rebuild`.
#[derive(Debug, Args)]
pub struct Rebuild {
    /// Yes, the agreements are to be forgotten.
    #[arg(long)]
    yes: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rebuilt {
    /// The values are forgotten.
    Forgotten {
        /// People whose values are compared anew.
        people: u64,
        /// Those of them who left, whole or single lists.
        marked: u64,
    },
    /// A run is going on; it would agree on what is forgotten.
    RunIsOpen {
        /// Which.
        run: String,
    },
    /// Poll is at work.
    PollIsAtWork {
        /// Until when at most.
        until: Timestamp,
    },
}

/// Does what the options say and prints what came of it; whether it was done.
pub(crate) async fn start<L: Fn(&str) -> Option<String>>(
    options: &Options,
    environment: &Environment<L>,
    form: Form,
) -> bool {
    let Options::Rebuild(Rebuild { yes }) = options;
    if !yes {
        let next = "say so: `gigya-cc ledger rebuild --yes`; then run `gigya-cc run --full`";
        render::failed("the next sweep and full run would compare everybody anew", next);
        return false;
    }
    let Some(services) = Services::open(environment).await else { return false };
    match rebuild(&services).await {
        Ok(rebuilt) => {
            render::tell(&words(&rebuilt), &rebuilt, form);
            matches!(rebuilt, Rebuilt::Forgotten { .. })
        }
        Err(error) => {
            render::failed(&chain(&error), services::CHECK_ALL);
            false
        }
    }
}

/// Forgets the agreed values, and lets the next sweep read everybody. Nothing is submitted until that is done.
///
/// # Errors
/// When the bucket refuses, or a shard is broken: the version before it is in the bucket's history.
pub async fn rebuild(services: &Services) -> Result<Rebuilt, LookError> {
    let (ledger, now) = (services.ledger().await?, services.clock.now());
    let state = StateStore::new(services.bucket.clone());
    if let Some(open) = state.run_lease().await?.0.open {
        return Ok(Rebuilt::RunIsOpen { run: open.run.to_string() });
    }
    let (inbound, etag) = state.inbound().await?;
    let is_other = inbound.holder.as_deref().is_some_and(|holder| holder != HOLDER);
    if let Some(until) = inbound.until.filter(|until| is_other && *until > now) {
        return Ok(Rebuilt::PollIsAtWork { until });
    }
    // Nothing counts as read any longer, so that upload waits and poll reads everybody.
    let until = now + HOLD;
    let held = InboundState {
        holder: Some(HOLDER.to_owned()),
        until: Some(until),
        ..InboundState::default()
    };
    let etag = match state.write_inbound(&held, etag.as_ref()).await? {
        Put::Done(etag) => etag,
        Put::Taken => return Ok(Rebuilt::PollIsAtWork { until }),
    };
    let forgotten = ledger.forget_values().await?;
    // If somebody took over meanwhile, nothing of theirs is lost: they read everybody.
    let (Put::Done(_) | Put::Taken) =
        state.write_inbound(&InboundState::default(), Some(&etag)).await?;
    Ok(Rebuilt::Forgotten { people: forgotten.people, marked: forgotten.marked })
}

/// What came of it, in words.
pub fn words(rebuilt: &Rebuilt) -> String {
    match rebuilt {
        Rebuilt::Forgotten { people, marked } => format!(
            "Forgot the agreed values of {} people; that {} of them left is kept.\n\
             The ledger of before is in the bucket's history.\n  → poll reads everybody in Constant Contact at its next tick; then run `gigya-cc run --full`",
            grouped(*people),
            grouped(*marked)
        ),
        Rebuilt::RunIsOpen { run } => format!(
            "Nothing was done: run {run} is going on, and would agree on what is forgotten.\n  → wait until it is settled (`gigya-cc status`)"
        ),
        Rebuilt::PollIsAtWork { until } => format!(
            "Nothing was done: poll is at work, until {until} at the latest.\n  → try again in some minutes"
        ),
    }
}
