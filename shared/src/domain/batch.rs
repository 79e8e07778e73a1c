//! How far a batch and its parts have come.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::agreed::Agreed;
use super::fingerprint::Fingerprint;
use super::ids::{ActivityId, ListId, Uid};
use super::plan::Leave;
use super::report::{Actions, Calls, Leaving, Losses, PartState, People};

/// `runs/<run>/claims/<ordinal>.json`: who submits a batch, until when, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The invocation that claimed it.
    pub holder: String,
    /// When the claim dies: with its invocation.
    pub until: Timestamp,
    /// How far the batch has come.
    pub stage: BatchStage,
}

/// How far a batch has come, once somebody claimed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "there is one for each batch of thousands of people")]
pub enum BatchStage {
    /// Somebody plans and submits it.
    Claimed,
    /// Everybody in it is planned, and every part was accepted by Constant Contact.
    Submitted(Planned),
    /// A part came to nothing, so that its people have to be planned anew.
    Reopened {
        /// When export announced the batch again, once it has.
        announced_at: Option<Timestamp>,
        /// Accounts of the batch.
        accounts: u32,
    },
    /// Its run was given up before anybody submitted it: the next run reads its people.
    GivenUp {
        /// Accounts of the batch.
        accounts: u32,
    },
    /// Refused for good: on the dead letters, with the reason.
    Buried {
        /// Why.
        reason: String,
        /// Accounts of the batch.
        accounts: u32,
    },
}

/// What planning a batch came to. Those who are planned to be accepted are counted so until a part settles otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The balance of the batch.
    pub people: People,
    /// What happens in Constant Contact, by action.
    #[serde(default)]
    pub actions: Actions,
    /// Imports that its rows fill; in a dry run, would fill.
    #[serde(default)]
    pub imports: u64,
    /// Whether it was planned without a fresh inbound read, which only a dry run is.
    #[serde(default)]
    pub is_stale: bool,
    /// What values lost.
    pub losses: Losses,
    /// Who left or stays out, by reason.
    #[serde(default)]
    pub leaving: Leaving,
    /// Single writes and removals that poll carries out.
    pub errands: u64,
    /// When.
    pub at: Timestamp,
    /// What it cost.
    pub calls: Calls,
    /// Parts of the batch that were known to have come to nothing when it was planned: their people are in this plan. When
    /// there are more of them, the batch has to be planned anew.
    pub came_to_nothing: u64,
}

/// `runs/<run>/activities/<ordinal>.<part>.json`: one part of a batch, from the intent to the outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The file's name at Constant Contact, by which a lost answer is found again.
    pub file_name: String,
    /// The lists that the import names.
    pub lists: BTreeSet<ListId>,
    /// Rows sent; once it is settled, those of them that Constant Contact looked at.
    pub rows: u64,
    /// When it was about to be submitted.
    pub intended_at: Timestamp,
    /// How far it has come.
    #[serde(flatten)]
    pub stage: PartStage,
}

/// How far a part has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum PartStage {
    /// About to be submitted, or submitted without a clear answer.
    Intended,
    /// In flight.
    Submitted {
        /// Constant Contact's job.
        activity: ActivityId,
        /// When.
        at: Timestamp,
    },
    /// Over.
    Settled {
        /// Constant Contact's job.
        activity: Option<ActivityId>,
        /// When it was submitted.
        submitted_at: Timestamp,
        /// How it ended.
        outcome: Outcome,
        /// When we learnt it.
        at: Timestamp,
    },
}

/// How an activity ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// As what.
    pub state: PartState,
    /// People whom Constant Contact says it took in, where it says so.
    pub persons: Option<u64>,
    /// Rows that Constant Contact says it refused.
    pub errors: u64,
    /// Rows that it never looked at, without a word.
    pub dropped: u64,
}

impl Part {
    /// Whether it is over and somebody in it has to be planned anew.
    pub fn came_to_nothing(&self) -> bool {
        self.outcome()
            .is_some_and(|outcome| outcome.state != PartState::Completed || outcome.dropped > 0)
    }

    /// Whether it is over and nobody in it was taken in, as far as Constant Contact says.
    pub fn was_in_vain(&self) -> bool {
        self.outcome().is_some_and(|outcome| {
            outcome.state != PartState::Completed || (outcome.dropped > 0 && self.rows == 0)
        })
    }

    /// Whether it is over, and one bad row may be why nobody in it was taken in: its rows are sent again in halves, until the
    /// bad one is alone.
    pub fn failed_as_a_whole(&self) -> bool {
        self.outcome()
            .is_some_and(|outcome| matches!(outcome.state, PartState::Failed | PartState::TimedOut))
    }

    /// The same, of a part of one row.
    pub fn failed_alone(&self) -> bool {
        self.rows == 1 && self.failed_as_a_whole()
    }

    /// Whether nobody knows if it was carried out, or how much of it, or whether it will be. v2 has one word, `ERROR`, for
    /// whatever broke off.
    pub fn is_unclear(&self) -> bool {
        match &self.stage {
            PartStage::Intended | PartStage::Submitted { .. } => true,
            PartStage::Settled { outcome, .. } => match outcome.state {
                PartState::Lost
                | PartState::TimedOut
                | PartState::Failed
                | PartState::Cancelled => true,
                PartState::InFlight | PartState::Completed => false,
            },
        }
    }

    /// Whether it was known by then to be over. Of one that Constant Contact forgot nobody knows it.
    pub fn was_over_by(&self, then: Timestamp) -> bool {
        match &self.stage {
            PartStage::Settled { outcome, at, .. } => {
                outcome.state != PartState::Lost && *at <= then
            }
            PartStage::Intended | PartStage::Submitted { .. } => false,
        }
    }

    /// Whether somebody in it was taken in, as far as Constant Contact says.
    pub fn was_taken_in(&self) -> bool {
        self.outcome().is_some() && !self.was_in_vain()
    }

    fn outcome(&self) -> Option<&Outcome> {
        match &self.stage {
            PartStage::Settled { outcome, .. } => Some(outcome),
            PartStage::Intended | PartStage::Submitted { .. } => None,
        }
    }
}

/// One line of `runs/<run>/agreements/…`: what the ledger is to hold about a person once their part is settled. Poll
/// applies the difference of the two, since the ledger may have learnt of something else meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// The person.
    pub uid: Uid,
    /// What the plan started from.
    pub before: Agreed,
    /// What it ends in.
    pub after: Agreed,
}

/// One line of `runs/<run>/addresses/…`: an address that nobody had, and the account for which a row with it is sent. It
/// keeps two batches of one run from sending a row each for the same address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The address.
    pub address: Fingerprint,
    /// The person.
    pub uid: Uid,
}

/// One line of `runs/<run>/errands/…`: something for one person that no import can say. Poll looks at both sides
/// afresh and decides anew before it does anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// The person.
    pub uid: Uid,
    /// What was planned.
    pub kind: ErrandKind,
}

/// What an errand is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrandKind {
    /// A single write of the contact: a changed address, a cleared value, a list left behind; or a look at it, where a person
    /// chose its value.
    Amend,
    /// Constant Contact asks the person whether they want to be back.
    Ask,
    /// The person leaves.
    Leave(Leave),
    /// The person had a lite account, which holds the contact, and has registered since.
    HandOver {
        /// The key of the lite account.
        from: Uid,
    },
}
