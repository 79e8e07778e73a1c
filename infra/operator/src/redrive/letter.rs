//! One dead letter, and what is to become of it.

use jiff::Timestamp;
use serde::Serialize;
use shared::domain::batch::BatchStage;
use shared::domain::message::BatchMessage;
use shared::domain::run::{Phase, Run};
use shared::domain::{BatchId, RunId};
use shared::queue::DeadLetter;
use shared::store::bucket::ETag;
use shared::store::document::Document;
use shared::store::{Bucket, RunStore, StoreError, keys};

/// Why SQS moves a message by itself.
const RECEIVED_TOO_OFTEN: &str = "it was received too often, and never done with";

/// A dead letter, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// SQS's id of the message.
    pub message: String,
    /// Since when it is a dead letter.
    pub since: Option<Timestamp>,
    /// The run, where the message can be read.
    pub run: Option<RunId>,
    /// The batch.
    pub batch: Option<BatchId>,
    /// Its place in the run.
    pub ordinal: Option<u32>,
    /// People in it.
    pub people: Option<u32>,
    /// Why it was given up on.
    pub reason: String,
    /// What redrive does with it.
    pub action: Action,
    /// Why that.
    pub fate: Fate,
}

/// What redrive does with a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It goes back to the queue.
    PutBack,
    /// It is deleted.
    Delete,
    /// It stays where it is.
    Keep,
}

/// Where a dead letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Its run is open, and waits for its batch.
    RunWaits,
    /// Its run is open, and its batch is submitted.
    Submitted,
    /// Its run was closed without it.
    RunFailed,
    /// Its dry run was closed without it.
    DryRunFailed,
    /// Its run is settled.
    RunSettled,
    /// Its body is no message of ours.
    Unreadable,
    /// The run that it names is not in the bucket.
    NoRun,
    /// The key that it names is no batch's.
    NoBatch,
    /// Another letter of its batch goes back.
    AnotherGoesBack,
    /// Somebody changed its claim at this moment.
    Changed,
}

impl Fate {
    fn action(self, discards: bool) -> Action {
        match self {
            Self::RunWaits => Action::PutBack,
            Self::Submitted | Self::RunFailed | Self::DryRunFailed | Self::RunSettled => {
                Action::Delete
            }
            Self::Unreadable | Self::NoRun | Self::NoBatch if discards => Action::Delete,
            Self::Unreadable
            | Self::NoRun
            | Self::NoBatch
            | Self::AnotherGoesBack
            | Self::Changed => Action::Keep,
        }
    }
}

/// A letter with what is needed to deal with it.
pub(super) struct Judged {
    pub(super) letter: Letter,
    /// The claim that has to be opened first.
    pub(super) reopening: Option<Reopening>,
}

/// A claim that keeps its batch from being planned.
pub(super) struct Reopening {
    pub(super) store: RunStore,
    pub(super) ordinal: u32,
    pub(super) accounts: u32,
    pub(super) etag: ETag,
}

impl Judged {
    /// The letter stays after all.
    pub(super) fn becomes(&mut self, fate: Fate) {
        self.letter.fate = fate;
        self.letter.action = fate.action(false);
    }
}

/// Reads a letter, and where its run and its batch stand.
pub(super) async fn judge(
    bucket: &Bucket,
    dead: &DeadLetter,
    discards: bool,
) -> Result<Judged, StoreError> {
    let mut letter = Letter {
        message: dead.id.clone(),
        since: dead.since,
        run: None,
        batch: None,
        ordinal: None,
        people: None,
        reason: dead.reason.clone().unwrap_or_else(|| RECEIVED_TOO_OFTEN.to_owned()),
        action: Action::Keep,
        fate: Fate::Unreadable,
    };
    let mut reopening = None;
    match BatchMessage::parse(&dead.body) {
        Ok(message) => {
            letter.ordinal = keys::ordinal_of(&message.key);
            (letter.fate, reopening) = fate_of(bucket, &message, letter.ordinal).await?;
            letter.people = Some(message.accounts);
            (letter.run, letter.batch) = (Some(message.run), Some(message.batch));
        }
        Err(problem) => letter.reason = problem.to_string(),
    }
    letter.action = letter.fate.action(discards);
    Ok(Judged { letter, reopening })
}

async fn fate_of(
    bucket: &Bucket,
    message: &BatchMessage,
    ordinal: Option<u32>,
) -> Result<(Fate, Option<Reopening>), StoreError> {
    let store = RunStore::new(bucket.clone(), message.run.clone());
    let Some(run) = store.read().await? else { return Ok((Fate::NoRun, None)) };
    if let Some(fate) = fate_of_closed(&run) {
        return Ok((fate, None));
    }
    let Some(ordinal) = ordinal else { return Ok((Fate::NoBatch, None)) };
    let Some(Document { value: claim, etag }) = store.claim(ordinal).await? else {
        return Ok((Fate::RunWaits, None));
    };
    Ok(match claim.stage {
        BatchStage::Submitted(_) => (Fate::Submitted, None),
        BatchStage::Claimed | BatchStage::Reopened { .. } | BatchStage::GivenUp { .. } => {
            (Fate::RunWaits, None)
        }
        BatchStage::Buried { accounts, .. } => {
            (Fate::RunWaits, Some(Reopening { store, ordinal, accounts, etag }))
        }
    })
}

fn fate_of_closed(run: &Run) -> Option<Fate> {
    match run.phase {
        Phase::Reading | Phase::Announced => None,
        Phase::Settled => Some(Fate::RunSettled),
        Phase::Failed if run.dry_run => Some(Fate::DryRunFailed),
        Phase::Failed => Some(Fate::RunFailed),
    }
}
