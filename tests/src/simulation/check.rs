//! The invariants: what must hold after every step, and what when everything is quiet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read as _;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;
use shared::domain::batch::{BatchStage, Claim};
use shared::domain::message::BatchMessage;
use shared::domain::report::{Report, State};
use shared::domain::run::Phase;
use shared::store::keys;

use super::life;
use crate::oracle::Objection;
use crate::world::{BUCKET, QUEUE, World};

/// The queue keeps a message for so long (`infra/template.yaml`).
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Something that must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Nobody who left is back without newer evidence, nobody is opted in, out or unsubscribed against their will.
    NobodyAgainstTheirWill,
    /// Nobody has two contacts, and no contact of ours is nobody's.
    OneContactEach,
    /// The people of every closed run balance.
    PeopleAreConserved,
    /// What arrived is what the reports of closed runs say, letter by letter.
    BytesAsReported,
    /// The mark never passes a batch that is not settled.
    MarkPassesNothing,
    /// A batch that is announced and not dealt with is in the queue.
    NothingForgotten,
    /// No refresh token is used twice.
    TokensOnce,
    /// Constant Contact never had to refuse a call because of how many there were.
    WithinLimits,
    /// Of somebody whose account is deleted nothing is kept that tells who it was.
    NothingOfTheErased,
    /// No name and no address in the log.
    SilentLogs,
    /// No name and no address in what is kept between runs.
    SilentState,
    /// Once the faults are over, nothing fails any longer.
    Recovers,
    /// Both sides agree within three cycles, as the oracle says they must.
    Converges,
    /// One more cycle writes nothing.
    Quiet,
    /// The same seed leaves the same trace.
    SameTrace,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::NobodyAgainstTheirWill,
        Self::OneContactEach,
        Self::PeopleAreConserved,
        Self::BytesAsReported,
        Self::MarkPassesNothing,
        Self::NothingForgotten,
        Self::TokensOnce,
        Self::WithinLimits,
        Self::NothingOfTheErased,
        Self::SilentLogs,
        Self::SilentState,
        Self::Recovers,
        Self::Converges,
        Self::Quiet,
        Self::SameTrace,
    ];
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NobodyAgainstTheirWill => {
                "nobody is mailed, opted in or opted out against their will"
            }
            Self::OneContactEach => "nobody has two contacts",
            Self::PeopleAreConserved => "the people of every run balance",
            Self::BytesAsReported => "what arrived is what the reports say, letter by letter",
            Self::MarkPassesNothing => "the mark passes nothing that is not settled",
            Self::NothingForgotten => "a batch that waits is in the queue",
            Self::TokensOnce => "no refresh token is used twice",
            Self::WithinLimits => "no call is beyond the limits of a second or a day",
            Self::NothingOfTheErased => "of the erased nothing is kept that tells who they were",
            Self::SilentLogs => "no name and no address in any log line",
            Self::SilentState => "no name and no address is kept between runs",
            Self::Recovers => "when faults stop, nothing fails any longer",
            Self::Converges => "within three cycles both sides are as the oracle says",
            Self::Quiet => "one more cycle writes nothing",
            Self::SameTrace => "the same seed leaves the same trace",
        })
    }
}

/// An invariant that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which.
    pub check: Check,
    /// When, in the world's own time.
    pub at: String,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not so: {}; {} at {}", self.check, self.what, self.at)
    }
}

/// How often each invariant was looked at, and what the last look saw.
#[derive(Debug, Default)]
pub(super) struct Checks {
    pub(super) looked: BTreeMap<Check, u64>,
    /// Runs whose reports were judged.
    judged: BTreeSet<String>,
    confirmed_through: Option<Timestamp>,
}

impl Checks {
    /// Counts a look, and is a violation unless it holds.
    pub(super) fn hold(
        &mut self,
        check: Check,
        now: Timestamp,
        wrong: impl IntoIterator<Item = String>,
    ) -> Result<(), Violation> {
        *self.looked.entry(check).or_default() += 1;
        let wrong: Vec<String> = wrong.into_iter().collect();
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Violation { check, at: now.to_string(), what: wrong.join("; ") })
    }

    /// What the token endpoint shows, as long as nothing happened that loses tokens.
    pub(super) fn tokens(&mut self, world: &World) -> Result<(), Violation> {
        let reused = world.constant_contact.reused_refresh_tokens();
        let reused = (reused > 0).then(|| format!("{reused} came again"));
        self.hold(Check::TokensOnce, world.now(), reused)
    }

    /// What the bucket shows.
    pub(super) fn bucket(&mut self, world: &World) -> Result<(), Violation> {
        self.reports(world)?;
        self.queue(world)?;
        self.mark(world)
    }

    /// Batches of the open run are submitted, given up, about to be announced, or their message is there.
    fn queue(&mut self, world: &World) -> Result<(), Violation> {
        let Some(run) = world.open_run().and_then(|run| world.progress(&run.into())) else {
            return Ok(());
        };
        // One that was given up keeps the lease until its report is out; its messages are dead letters by then.
        let is_over = run.phase == Phase::Failed;
        if is_over || world.now().duration_since(run.started_at) >= KEPT_FOR {
            return Ok(());
        }
        let messages = world.aws.queues().messages(QUEUE);
        let announced: BTreeSet<String> = messages
            .iter()
            .filter_map(|message| Some(BatchMessage::parse(&message.body).ok()?.key))
            .collect();
        let waits = |ordinal: &u32| {
            let claim = world.aws.objects().get(BUCKET, &keys::claim(&run.run, *ordinal));
            let claim = claim.and_then(|bytes| serde_json::from_slice::<Claim>(&bytes).ok());
            match claim.map(|claim| claim.stage) {
                None | Some(BatchStage::Claimed) => true,
                Some(BatchStage::Reopened { announced_at, .. }) => announced_at.is_some(),
                Some(
                    BatchStage::Submitted(_)
                    | BatchStage::Buried { .. }
                    | BatchStage::GivenUp { .. },
                ) => false,
            }
        };
        let forgotten = (0..run.announced)
            .filter(waits)
            .map(|ordinal| keys::batch(&run.run, ordinal))
            .filter(|key| !announced.contains(key));
        let wrong: Vec<String> = forgotten.map(|key| format!("{key} is not")).collect();
        self.hold(Check::NothingForgotten, world.now(), wrong)
    }

    /// Every closed run is judged once.
    fn reports(&mut self, world: &World) -> Result<(), Violation> {
        let keys = world.aws.objects().keys(BUCKET, "runs/");
        let closed = keys.iter().filter_map(|key| {
            key.strip_prefix("runs/")?.strip_suffix("/report.json").map(ToOwned::to_owned)
        });
        for run in closed {
            if self.judged.contains(&run) || world.open_run().as_ref() == Some(&run) {
                continue;
            }
            let Some(report) = world.report(&run) else { continue };
            let imbalance = report.people.balance().err();
            // A run that was given up says so; its people are read again by the next one.
            let wrong = imbalance.filter(|_| report.state != State::Failed);
            let wrong = wrong.map(|it| format!("{run}: {it:?}"));
            self.judged.insert(run);
            self.hold(Check::PeopleAreConserved, world.now(), wrong)?;
            self.hold(Check::BytesAsReported, world.now(), misreported(world, &report))?;
        }
        Ok(())
    }

    /// When the mark moves, every run that began before it is closed, and the one that moved it is settled.
    fn mark(&mut self, world: &World) -> Result<(), Violation> {
        let Some(marks) = json(world, keys::WATERMARKS) else { return Ok(()) };
        let mark = marks["accounts"]["confirmed_through"].as_str().and_then(|at| at.parse().ok());
        if mark == self.confirmed_through {
            return Ok(());
        }
        let mut wrong = Vec::new();
        if mark < self.confirmed_through {
            wrong.push(format!("it moved back from {:?} to {mark:?}", self.confirmed_through));
        }
        self.confirmed_through = mark;
        let runs = world.aws.objects().keys(BUCKET, "runs/");
        let documents = runs.iter().filter(|key| key.ends_with("/run.json"));
        let up_to_the_mark = documents.filter_map(|key| json(world, key)).filter(|run| {
            mark.is_some() && run["window"]["to"].as_str().and_then(|at| at.parse().ok()) == mark
        });
        // Of two that were asked for at one instant, one may have been refused.
        let phases: Vec<Option<Phase>> =
            up_to_the_mark.map(|run| serde_json::from_value(run["phase"].clone()).ok()).collect();
        if mark.is_some() && !phases.contains(&Some(Phase::Settled)) {
            wrong.push(format!("it is {mark:?}, and the runs up to there are {phases:?}"));
        }
        self.hold(Check::MarkPassesNothing, world.now(), wrong)
    }

    /// What is kept between runs holds nothing personal.
    pub(super) fn state(&mut self, world: &World, personal: &[&str]) -> Result<(), Violation> {
        let objects = world.aws.objects();
        let mut wrong = Vec::new();
        for key in objects.keys(BUCKET, "state/") {
            let Some(bytes) = objects.get(BUCKET, &key) else { continue };
            let text = text_of(&bytes);
            wrong.extend(
                personal.iter().filter(|piece| text.contains(**piece)).map(|_| key.clone()),
            );
        }
        self.hold(Check::SilentState, world.now(), wrong)
    }
}

impl Checks {
    /// Whether rows that failed alone, be it by chance, wait for their day.
    pub(super) fn rows_wait(world: &World) -> bool {
        let refused = json(world, keys::REFUSED);
        refused.is_some_and(|refused| refused.as_object().is_some_and(|all| !all.is_empty()))
    }

    /// Of these people, by UID and address, no object of any kind says either.
    pub(super) fn erasure(
        &mut self,
        world: &World,
        erased: &[(String, String)],
    ) -> Result<(), Violation> {
        let mut wrong = Vec::new();
        let objects = world.aws.objects();
        if !erased.is_empty() {
            for key in objects.keys(BUCKET, "") {
                let Some(bytes) = objects.get(BUCKET, &key) else { continue };
                let text = text_of(&bytes);
                for (uid, address) in erased {
                    if text.contains(&format!("\"{uid}\"")) || text.contains(address) {
                        wrong.push(format!("{key} names {uid}"));
                    }
                }
            }
        }
        self.hold(Check::NothingOfTheErased, world.now(), wrong)
    }
}

/// The imports of a report that arrived with other rows, or with letters that nobody's name has.
fn misreported(world: &World, report: &Report) -> Vec<String> {
    let letters = life::letters(world.lists.api);
    let mut wrong = Vec::new();
    for part in report.batches.iter().flat_map(|batch| &batch.parts) {
        let Some(activity) = &part.activity else { continue };
        match world.constant_contact.arrival(activity.as_str()) {
            Some(arrival) if arrival.rows != part.rows => {
                wrong.push(format!("{activity}: {} rows, and {} arrived", part.rows, arrival.rows));
            }
            Some(arrival) => {
                let garbled = arrival.letters.difference(&letters);
                wrong.extend(garbled.map(|letter| format!("{activity}: {letter:?} arrived")));
            }
            None => wrong.push(format!("{activity} never arrived")),
        }
    }
    wrong
}

/// Words for what the oracle objects to.
pub(super) fn words(objections: Vec<Objection>) -> Vec<String> {
    objections.into_iter().map(|it| format!("{} {}", it.uid, it.what)).collect()
}

fn json(world: &World, key: &str) -> Option<Value> {
    serde_json::from_slice(&world.aws.objects().get(BUCKET, key)?).ok()
}

/// An object as text, whatever it was compressed with.
fn text_of(bytes: &[u8]) -> String {
    let mut plain = Vec::new();
    let is_read = zstd::stream::read::Decoder::new(bytes)
        .and_then(|mut decoder| decoder.read_to_end(&mut plain))
        .is_ok();
    String::from_utf8_lossy(if is_read { &plain } else { bytes }).into_owned()
}
