//! Who was read and what became of each.

use serde::{Deserialize, Serialize};

use super::words::grouped;

/// What became of one person who was read. Everybody is in exactly one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Both sides agree already; nothing was sent.
    Unchanged,
    /// Sent, and taken in by Constant Contact.
    Accepted,
    /// Sent, and refused by Constant Contact.
    Rejected,
    /// Never sent, because it would be refused.
    Invalid,
    /// Kept back by a rule: a tombstone, a conflict to be decided, the brake.
    Held,
    /// Never ours, and fits no list.
    Filtered,
    /// Lost the address to another account.
    Duplicate,
    /// Was ours, and leaves.
    Removed,
}

impl Class {
    /// Every class, in the order of the report.
    pub const ALL: [Self; 8] = [
        Self::Unchanged,
        Self::Accepted,
        Self::Rejected,
        Self::Invalid,
        Self::Held,
        Self::Filtered,
        Self::Duplicate,
        Self::Removed,
    ];

    /// The name in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Invalid => "invalid",
            Self::Held => "held",
            Self::Filtered => "filtered",
            Self::Duplicate => "duplicate",
            Self::Removed => "removed",
        }
    }
}

/// People of a run, counted. `read` is counted where pages are read, the classes where fates are decided, so that
/// [`balance`](Self::balance) compares two counts of different origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct People {
    /// Different people read from Gigya.
    pub read: u64,
    /// [`Class::Unchanged`].
    pub unchanged: u64,
    /// [`Class::Accepted`].
    pub accepted: u64,
    /// [`Class::Rejected`].
    pub rejected: u64,
    /// [`Class::Invalid`].
    pub invalid: u64,
    /// [`Class::Held`].
    pub held: u64,
    /// [`Class::Filtered`].
    pub filtered: u64,
    /// [`Class::Duplicate`].
    pub duplicate: u64,
    /// [`Class::Removed`].
    pub removed: u64,
}

/// Somebody was read and is in no class, or is in two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} people were read, but {} are accounted for", grouped(*.read), grouped(*.accounted))]
pub struct Imbalance {
    /// People who were read.
    pub read: u64,
    /// People in all classes together.
    pub accounted: u64,
}

impl People {
    /// Counts one person into their class. `read` stays as it is.
    pub fn add(&mut self, class: Class) {
        self.add_many(class, 1);
    }

    /// Counts several people into one class. `read` stays as it is.
    pub fn add_many(&mut self, class: Class, people: u64) {
        *self.slot(class) += people;
    }

    /// Moves people from one class to another, once their fate turns out otherwise: an accepted row is refused.
    /// Moves no more than there are, and says how many it moved.
    pub fn reclassify(&mut self, from: Class, to: Class, people: u64) -> u64 {
        let moved = people.min(self.count(from));
        *self.slot(from) -= moved;
        *self.slot(to) += moved;
        moved
    }

    /// People in one class.
    pub fn count(&self, class: Class) -> u64 {
        match class {
            Class::Unchanged => self.unchanged,
            Class::Accepted => self.accepted,
            Class::Rejected => self.rejected,
            Class::Invalid => self.invalid,
            Class::Held => self.held,
            Class::Filtered => self.filtered,
            Class::Duplicate => self.duplicate,
            Class::Removed => self.removed,
        }
    }

    /// People in all classes together.
    pub fn accounted(&self) -> u64 {
        Class::ALL.into_iter().map(|class| self.count(class)).sum()
    }

    /// Adds the people of another part of the run, `read` included.
    pub fn merge(&mut self, other: &Self) {
        self.read += other.read;
        for class in Class::ALL {
            self.add_many(class, other.count(class));
        }
    }

    /// Conservation of people: everybody who was read is in exactly one class.
    ///
    /// # Errors
    /// When the two counts differ; such a run has failed, whatever else it did.
    pub fn balance(&self) -> Result<(), Imbalance> {
        let accounted = self.accounted();
        if self.read == accounted { Ok(()) } else { Err(Imbalance { read: self.read, accounted }) }
    }

    fn slot(&mut self, class: Class) -> &mut u64 {
        match class {
            Class::Unchanged => &mut self.unchanged,
            Class::Accepted => &mut self.accepted,
            Class::Rejected => &mut self.rejected,
            Class::Invalid => &mut self.invalid,
            Class::Held => &mut self.held,
            Class::Filtered => &mut self.filtered,
            Class::Duplicate => &mut self.duplicate,
            Class::Removed => &mut self.removed,
        }
    }
}

/// What came home from Constant Contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Inbound {
    /// Changed contacts that were read.
    pub seen: u64,
    /// Changes that we ourselves had caused.
    pub echo: u64,
    /// Contacts whose new values were written to Gigya.
    pub carried: u64,
    /// Contacts who left, and whose consent was withdrawn at Gigya.
    pub opted_out: u64,
    /// Contacts whom both sides had changed.
    pub conflicts: u64,
    /// Contacts without an account, and changes of fields that do not travel home.
    pub ignored: u64,
    /// People whom the ledger believed to be in Constant Contact, and who are not.
    #[serde(default)]
    pub missing: u64,
    /// Of the ignored, contacts who are nobody's at Gigya.
    #[serde(default)]
    pub strangers: u64,
}

impl Inbound {
    /// Adds what another read brought.
    pub fn merge(&mut self, other: &Self) {
        self.seen += other.seen;
        self.echo += other.echo;
        self.carried += other.carried;
        self.opted_out += other.opted_out;
        self.conflicts += other.conflicts;
        self.ignored += other.ignored;
        self.missing += other.missing;
        self.strangers += other.strangers;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_who_was_read_is_in_exactly_one_class() {
        let mut people = People { read: 8, ..People::default() };
        for (added, class) in (0..).zip(Class::ALL) {
            assert_eq!(people.balance(), Err(Imbalance { read: 8, accounted: added }));
            people.add(class);
            assert_eq!(people.count(class), 1);
        }
        assert_eq!(people.balance(), Ok(()));
        people.add(Class::Held);
        assert_eq!(
            people.balance().unwrap_err().to_string(),
            "8 people were read, but 9 are accounted for"
        );
    }

    #[test]
    fn parts_of_a_run_add_up() {
        let part = People { read: 3, accepted: 2, removed: 1, ..People::default() };
        let mut whole = part;
        whole.merge(&part);
        assert_eq!(whole, People { read: 6, accepted: 4, removed: 2, ..People::default() });
        assert_eq!(whole.balance(), Ok(()));
    }

    #[test]
    fn a_changed_fate_moves_people_and_never_makes_any() {
        let mut people = People { read: 3, accepted: 3, ..People::default() };
        assert_eq!(people.reclassify(Class::Accepted, Class::Rejected, 5), 3);
        assert_eq!(people, People { read: 3, rejected: 3, ..People::default() });
        assert_eq!(people.balance(), Ok(()));
    }

    #[test]
    fn a_class_is_called_the_same_everywhere() {
        let people = serde_json::to_value(People::default()).unwrap();
        for class in Class::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
            assert!(people.get(class.as_str()).is_some());
        }
    }
}
