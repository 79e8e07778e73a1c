//! `gigya-cc redrive`: batches that were given up on get another try, once what was wrong is mended.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`letter`] | one dead letter, and what is to become of it |
//! | `words` | the table |
//!
//! A batch is put back in three steps: its claim is opened, its message is sent, its dead letter is deleted. Whoever is
//! killed in between has lost nothing, and the same command goes on: a batch that was sent twice is submitted once.

pub mod letter;
mod words;

use std::collections::BTreeSet;

use clap::Args;
use serde::Serialize;
use shared::aws::{self, SdkConfig};
use shared::domain::batch::{BatchStage, Claim};
use shared::domain::{BatchId, RunId};
use shared::invocation::Clock;
use shared::queue::{DeadLetter, DeadLetters, Queue, QueueError};
use shared::settings::Environment;
use shared::settings::env::UploadEnvironment;
use shared::store::bucket::Put;
use shared::store::{Bucket, StoreError};
use shared::telemetry::chain;
use tracing::{info, warn};

use crate::render::{self, Form};
use letter::{Action, Fate, Judged, Letter, Reopening};

pub use words::words;

/// Most dead letters that one command deals with: ten times the batches of a run of a million people.
const LETTERS_MAX: usize = 1_000;
/// Most of them in hand at a time, so that each is dealt with before its time in hand runs out.
const IN_HAND_MAX: usize = 100;

const _: () = assert!(IN_HAND_MAX >= shared::queue::RECEIVED_MAX, "one receive has its place");

/// What to do when AWS refuses.
const GO_ON: &str = "check BUCKET, QUEUE_URL, DEAD_LETTER_QUEUE_URL, and region and credentials of AWS; nothing is lost, and the same command goes on";
/// What to do when the environment is not whole.
const NAME_THE_QUEUES: &str = "set the variables or give the options of the same names (`gigya-cc redrive --help`); the stack's outputs QueueUrl and DeadLetterQueueUrl are the two queues";

/// Lists the batches that were given up on, and puts them back once you say so.
///
/// Without options it changes nothing: it shows each dead letter with its reason, and what redrive would do. Mend the reason
/// first, or the batch is given up on again. A batch whose run is open goes back to the queue; one whose run is over is of no
/// use, since the next run reads its people. Ctrl-C is safe: nothing is lost, and nothing is submitted twice.
#[derive(Debug, Default, Args)]
pub struct Options {
    /// Only the batches of this run.
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// Yes, do what the list says.
    #[arg(long)]
    pub yes: bool,
    /// Deletes also what no redrive can help: messages that cannot be read, or that name no batch of a run in the bucket.
    #[arg(long, requires = "yes")]
    pub discard: bool,
}

/// What redrive may touch: the runs and both queues.
pub struct Services {
    bucket: Bucket,
    queue: Queue,
    dead_letters: DeadLetters,
    clock: Clock,
}

/// What was found, and what is to become of it or has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redriven {
    /// Whether it is done, rather than only listed.
    pub done: bool,
    /// The dead letters.
    pub letters: Vec<Letter>,
    /// Those that were not asked for, because another run is theirs or none.
    pub others: usize,
    /// About how many more lie behind these: of one group, SQS gives ten at a time.
    pub behind: usize,
}

/// Why nothing more could be done. What was done by then stays.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// A run or a claim cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A queue refuses.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Does what the options say and prints what came of it; whether nothing was left undone.
pub(crate) async fn start<L: Fn(&str) -> Option<String>>(
    options: &Options,
    environment: &Environment<L>,
    form: Form,
) -> bool {
    let environment = match environment.for_upload() {
        Ok(environment) => environment,
        Err(error) => {
            render::failed(&error.to_string(), NAME_THE_QUEUES);
            return false;
        }
    };
    let services = Services::connect(&environment, &aws::connect().await, Clock::System);
    match redrive(&services, options).await {
        Ok(redriven) => {
            render::tell(&words(&redriven), &redriven, form);
            if redriven.waits_for_a_yes() {
                render::say("Mend what is wrong, then do it with `gigya-cc redrive --yes`.");
            }
            !redriven.letters.iter().any(|letter| letter.fate == Fate::Changed)
        }
        Err(error) => {
            render::failed(&chain(&error), GO_ON);
            false
        }
    }
}

impl Services {
    /// Connects to AWS. Nothing is called yet.
    pub fn connect(environment: &UploadEnvironment, sdk: &SdkConfig, clock: Clock) -> Self {
        Self {
            bucket: Bucket::connect(sdk, &environment.bucket),
            queue: Queue::connect(sdk, environment.queue_url.as_str()),
            dead_letters: DeadLetters::connect(sdk, environment.dead_letter_queue_url.as_str()),
            clock,
        }
    }
}

impl Redriven {
    fn waits_for_a_yes(&self) -> bool {
        !self.done && self.letters.iter().any(|letter| letter.action != Action::Keep)
    }
}

/// Lists the dead letters, and with a yes puts back or deletes them. What stays is given back to its queue as it was.
///
/// # Errors
/// When AWS refuses. Nothing is lost then, and doing it again is harmless.
pub async fn redrive(services: &Services, options: &Options) -> Result<Redriven, RedriveError> {
    let there = services.dead_letters.count().await?;
    let mut round = Round { services, options, known: BTreeSet::new(), batches: BTreeSet::new() };
    let mut letters = Vec::new();
    while round.known.len() < LETTERS_MAX {
        let known = round.known.len();
        letters.extend(round.go().await?);
        // What is only listed stays where it is, and keeps those behind it from being seen.
        if !options.yes || round.known.len() == known {
            break;
        }
    }
    let behind = there.saturating_sub(round.known.len());
    let others = round.known.len() - letters.len();
    Ok(Redriven { done: options.yes, letters, others, behind })
}

/// As many dead letters as can be had at a time.
struct Round<'a> {
    services: &'a Services,
    options: &'a Options,
    /// The messages that were seen.
    known: BTreeSet<String>,
    /// The batches that go back.
    batches: BTreeSet<BatchId>,
}

impl Round<'_> {
    /// Takes dead letters in hand, deals with those that are new, and gives back what stays. Answers the new ones that were
    /// asked for.
    async fn go(&mut self) -> Result<Vec<Letter>, RedriveError> {
        let (mut in_hand, mut staying) = (Vec::new(), Vec::new());
        let done = match self.take(&mut in_hand).await {
            Ok(()) => self.deal_with(&mut in_hand, &mut staying).await,
            Err(error) => Err(error.into()),
        };
        staying.append(&mut in_hand);
        for letter in &staying {
            // Whether or not: it shows itself when its time runs out.
            if let Err(error) = self.services.dead_letters.give_back(letter).await {
                warn!(message.id = letter.id, error = %chain(&error), "A dead letter shows itself only in some minutes.");
            }
        }
        done
    }

    /// Takes what can be had. A message that comes a second time was in hand for too long: then it is enough.
    async fn take(&self, in_hand: &mut Vec<DeadLetter>) -> Result<(), QueueError> {
        while in_hand.len() < IN_HAND_MAX {
            let received = self.services.dead_letters.receive().await?;
            let before = in_hand.len();
            in_hand.retain(|held| received.iter().all(|letter| letter.id != held.id));
            let is_over = received.is_empty() || in_hand.len() < before;
            in_hand.extend(received);
            if is_over {
                break;
            }
        }
        Ok(())
    }

    async fn deal_with(
        &mut self,
        in_hand: &mut Vec<DeadLetter>,
        staying: &mut Vec<DeadLetter>,
    ) -> Result<Vec<Letter>, RedriveError> {
        let mut letters = Vec::new();
        in_hand.reverse();
        while let Some(dead) = in_hand.last() {
            let mut is_gone = false;
            if self.known.insert(dead.id.clone()) {
                let mut judged = self.judge(dead).await?;
                if self.is_asked_for(&judged.letter) {
                    if self.options.yes {
                        is_gone = self.deal(&mut judged, dead).await?;
                    }
                    letters.push(judged.letter);
                }
            }
            let dead = in_hand.pop();
            staying.extend(dead.filter(|_| !is_gone));
        }
        Ok(letters)
    }

    fn is_asked_for(&self, letter: &Letter) -> bool {
        let asked = self.options.run.as_deref().map(RunId::from);
        asked.is_none() || asked == letter.run
    }

    /// Says what is to become of a letter. Of several letters of a batch one goes back: the others may be what came of it.
    async fn judge(&mut self, dead: &DeadLetter) -> Result<Judged, StoreError> {
        let mut judged = letter::judge(&self.services.bucket, dead, self.options.discard).await?;
        if let (Action::PutBack, Some(batch)) = (judged.letter.action, &judged.letter.batch)
            && !self.batches.insert(batch.clone())
        {
            judged.becomes(Fate::AnotherGoesBack);
        }
        Ok(judged)
    }

    /// Does what is to be done: claim, message, dead letter, in this order. Answers whether the letter is gone.
    async fn deal(&self, judged: &mut Judged, dead: &DeadLetter) -> Result<bool, RedriveError> {
        match judged.letter.action {
            Action::Keep => return Ok(false),
            Action::Delete => {}
            Action::PutBack => {
                if let Some(reopening) = &judged.reopening
                    && !self.reopen(reopening).await?
                {
                    judged.becomes(Fate::Changed);
                    return Ok(false);
                }
                self.send(&judged.letter, dead).await?;
            }
        }
        self.services.dead_letters.delete(dead).await?;
        info!(message.id = dead.id, action = ?judged.letter.action, "Dealt with a dead letter.");
        Ok(true)
    }

    /// Opens the claim for planning; not if somebody changed it meanwhile. It counts as announced, so that export leaves it
    /// to the message.
    async fn reopen(&self, reopening: &Reopening) -> Result<bool, StoreError> {
        let Reopening { store, ordinal, accounts, etag } = reopening;
        let now = self.services.clock.now();
        let stage = BatchStage::Reopened { announced_at: Some(now), accounts: *accounts };
        let claim = Claim { holder: String::new(), until: now, stage };
        Ok(match store.write_claim(*ordinal, &claim, Some(etag)).await? {
            Put::Done(_) => true,
            Put::Taken => false,
        })
    }

    async fn send(&self, letter: &Letter, dead: &DeadLetter) -> Result<(), QueueError> {
        let batch = letter.batch.as_ref().map_or(dead.id.as_str(), BatchId::as_str);
        let deduplication_id = format!("{batch}.{}", self.services.clock.now().as_second());
        self.services.queue.send(&dead.body, &deduplication_id, &dead.group).await
    }
}
