//! Who left or stays out, by reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::people::Class;
use crate::domain::plan::Reason;

/// People of a run who left, or who stay out because they left, counted by reason: they are among the removed and the held.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Leaving(BTreeMap<Reason, u64>);

impl Leaving {
    /// Counts one person, if their plan is about leaving.
    pub fn count(&mut self, class: Class, reason: Reason) {
        let is_out = matches!(class, Class::Removed | Class::Held);
        if is_out && reason.is_leaving() {
            *self.0.entry(reason).or_default() += 1;
        }
    }

    /// Adds those of another batch.
    pub fn merge(&mut self, other: &Self) {
        for (reason, people) in &other.0 {
            *self.0.entry(*reason).or_default() += people;
        }
    }

    /// The reasons with how many people each, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, u64)> {
        self.0.iter().map(|(reason, people)| (*reason, *people))
    }

    /// How many people left or stay out for this reason.
    pub fn of(&self, reason: Reason) -> u64 {
        self.0.get(&reason).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_left_or_stays_out_is_counted_by_reason_and_nobody_else() {
        let mut leaving = Leaving::default();
        for (class, reason) in [
            (Class::Removed, Reason::Deactivated),
            (Class::Held, Reason::Unsubscribed),
            (Class::Held, Reason::Unsubscribed),
            (Class::Held, Reason::Conflict),
            (Class::Unchanged, Reason::Unsubscribed),
        ] {
            leaving.count(class, reason);
        }
        let mut twice = leaving.clone();
        twice.merge(&leaving);
        assert_eq!((twice.of(Reason::Deactivated), twice.of(Reason::Unsubscribed)), (2, 4));
        assert_eq!(twice.iter().count(), 2);
        assert_eq!(
            serde_json::to_string(&leaving).unwrap(),
            r#"{"deactivated":1,"unsubscribed":2}"#
        );
    }
}
