//! A bulk removal: contacts that leave lists, or Constant Contact altogether, as one activity.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::activity::ActivityState;
use super::ids::{ActivityId, ContactId, ListId};

/// How often a removal that came to nothing is submitted again.
pub const REMOVAL_TRIES_MAX: u32 = 5;

/// How long a removal may be on its way. They take minutes (guide, "bulk activities"); what hangs for longer is submitted
/// again, so that whoever is to go does.
pub const REMOVAL_HOURS_MAX: i64 = 6;

/// One bulk removal. It is kept before it is submitted, so that a lost answer or a kill only submits it once more, which
/// is harmless: who has left is not there to leave again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// Who leaves.
    pub contacts: Vec<ContactId>,
    /// What they leave.
    pub from: RemovedFrom,
    /// Constant Contact's job; `None` until it is submitted.
    pub activity: Option<ActivityId>,
    /// How often it was submitted.
    pub tries: u32,
    /// When it last was.
    #[serde(default)]
    pub submitted_at: Option<Timestamp>,
    /// Whether nothing more will come of it.
    pub is_over: bool,
}

/// What contacts leave.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovedFrom {
    /// These lists.
    Lists(BTreeSet<ListId>),
    /// Constant Contact: they are deleted; in v2, which deletes nobody, opted out.
    ConstantContact,
}

/// What is to be done about a removal, by how far its activity has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing yet: it is on its way.
    Wait,
    /// Nothing: it is done.
    Done,
    /// It has to be submitted, or submitted again.
    Submit,
    /// It came to nothing as often as it may.
    GiveUp,
}

impl Removal {
    /// A removal that is about to be submitted.
    pub fn of(contacts: Vec<ContactId>, from: RemovedFrom) -> Self {
        Self { contacts, from, activity: None, tries: 0, submitted_at: None, is_over: false }
    }

    /// What is to be done, given the state of its activity; `None` where Constant Contact knows of none.
    pub fn next(&self, state: Option<&ActivityState>, now: Timestamp) -> Next {
        if self.is_over || self.contacts.is_empty() {
            return Next::Done;
        }
        match state {
            Some(
                ActivityState::Initialized | ActivityState::Processing | ActivityState::Other(_),
            ) if !self.hangs(now) => Next::Wait,
            Some(ActivityState::Completed) => Next::Done,
            Some(
                ActivityState::Initialized
                | ActivityState::Processing
                | ActivityState::Other(_)
                | ActivityState::Cancelled
                | ActivityState::Failed
                | ActivityState::TimedOut,
            )
            | None => {
                if self.tries < REMOVAL_TRIES_MAX {
                    Next::Submit
                } else {
                    Next::GiveUp
                }
            }
        }
    }

    fn hangs(&self, now: Timestamp) -> bool {
        let patience = SignedDuration::from_hours(REMOVAL_HOURS_MAX);
        self.submitted_at.is_some_and(|at| now.duration_since(at) > patience)
    }

    /// Notes that it was submitted; without an activity it was done at once.
    pub fn submitted(&mut self, activity: Option<ActivityId>, now: Timestamp) {
        self.tries += 1;
        self.submitted_at = Some(now);
        self.is_over = activity.is_none();
        self.activity = activity;
    }
}

/// Who is being taken off which lists, as far as nobody knows that it is done.
#[derive(Debug, Clone, Default)]
pub struct OnTheirWay(HashMap<ContactId, BTreeSet<ListId>>);

impl OnTheirWay {
    /// With those of these removals that are not over.
    pub fn take(&mut self, removals: Vec<Removal>) {
        for removal in removals.into_iter().filter(|removal| !removal.is_over) {
            if let RemovedFrom::Lists(lists) = removal.from {
                for contact in removal.contacts {
                    self.0.entry(contact).or_default().extend(lists.iter().cloned());
                }
            }
        }
    }

    /// The lists that a contact is being taken off.
    pub fn lists_of(&self, contact: &ContactId) -> Option<&BTreeSet<ListId>> {
        self.0.get(contact)
    }

    /// Whether a contact is being taken off one of these lists.
    pub fn leaves(&self, contact: &ContactId, lists: &BTreeSet<ListId>) -> bool {
        self.lists_of(contact).is_some_and(|leaving| !leaving.is_disjoint(lists))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removal_is_submitted_until_it_is_done_and_not_for_ever() {
        let now = Timestamp::UNIX_EPOCH;
        let mut removal = Removal::of(vec!["1".into()], RemovedFrom::ConstantContact);
        assert_eq!(removal.next(None, now), Next::Submit);
        for _ in 0..REMOVAL_TRIES_MAX {
            assert_eq!(removal.next(Some(&ActivityState::Failed), now), Next::Submit);
            removal.submitted(Some("a".into()), now);
            assert_eq!(removal.next(Some(&ActivityState::Processing), now), Next::Wait);
        }
        assert_eq!(removal.next(Some(&ActivityState::TimedOut), now), Next::GiveUp);
        assert_eq!(removal.next(Some(&ActivityState::Completed), now), Next::Done);
        removal.submitted(None, now);
        assert_eq!(removal.next(None, now), Next::Done, "it was done without an activity");
        let nobody = Removal::of(Vec::new(), RemovedFrom::ConstantContact);
        assert_eq!(nobody.next(None, now), Next::Done);
    }

    #[test]
    fn a_removal_that_hangs_is_submitted_again() {
        let now = Timestamp::UNIX_EPOCH;
        let mut removal = Removal::of(vec!["1".into()], RemovedFrom::ConstantContact);
        removal.submitted(Some("a".into()), now);
        let after = |hours| now + SignedDuration::from_hours(hours);
        let processing = Some(&ActivityState::Processing);
        assert_eq!(removal.next(processing, after(REMOVAL_HOURS_MAX)), Next::Wait);
        assert_eq!(removal.next(processing, after(REMOVAL_HOURS_MAX + 1)), Next::Submit);
    }
}
