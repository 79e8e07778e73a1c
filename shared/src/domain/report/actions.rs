//! What a run does in Constant Contact, by action: how many people, and some of them to look at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::ids::Uid;

/// People whom each action names as samples.
pub const SAMPLES_MAX: usize = 10;

/// Something that is done to one person in Constant Contact. A person is in at most one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Imported with the mailing lists that they join.
    Join,
    /// Imported with the list that nobody mails.
    Update,
    /// Written by themselves, because an import cannot say it.
    Amend,
    /// Asked by Constant Contact whether they want to be back.
    Ask,
    /// Unsubscribed, account-wide.
    Unsubscribe,
    /// Taken off lists.
    RemoveFromLists,
    /// Deleted.
    Delete,
}

impl Action {
    /// Every action, in the order of the report.
    pub const ALL: [Self; 7] = [
        Self::Join,
        Self::Update,
        Self::Amend,
        Self::Ask,
        Self::Unsubscribe,
        Self::RemoveFromLists,
        Self::Delete,
    ];

    /// What it is called, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Join => "Join a list",
            Self::Update => "Are updated",
            Self::Amend => "Are amended singly",
            Self::Ask => "Are asked to confirm",
            Self::Unsubscribe => "Are unsubscribed",
            Self::RemoveFromLists => "Are taken off lists",
            Self::Delete => "Are deleted",
        }
    }
}

/// One person as an example of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The person.
    pub uid: Uid,
    /// Why, in plain words.
    pub reason: String,
    /// The fields that change, by Constant Contact's names; never their values. Empty for those who join and those who leave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// How many people an action concerns, and some of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Concerned {
    /// How many.
    pub people: u64,
    /// The first of them, at most [`SAMPLES_MAX`].
    pub samples: Vec<Sample>,
}

/// What a run does, as it was planned, by action. An action that concerns nobody is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actions(BTreeMap<Action, Concerned>);

impl Actions {
    /// Counts one person. The sample is only made while one more is wanted.
    pub fn add(&mut self, action: Action, sample: impl FnOnce() -> Sample) {
        let concerned = self.0.entry(action).or_default();
        concerned.people += 1;
        if concerned.samples.len() < SAMPLES_MAX {
            concerned.samples.push(sample());
        }
    }

    /// How many people an action concerns.
    pub fn people(&self, action: Action) -> u64 {
        self.0.get(&action).map_or(0, |concerned| concerned.people)
    }

    /// Some of the people whom an action concerns.
    pub fn samples(&self, action: Action) -> &[Sample] {
        self.0.get(&action).map_or(&[], |concerned| &concerned.samples)
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those who leave, whichever way.
    pub fn removals(&self) -> u64 {
        let leaving = [Action::Unsubscribe, Action::RemoveFromLists, Action::Delete];
        leaving.into_iter().map(|action| self.people(action)).sum()
    }

    /// Adds the actions of another part of the run; its samples follow, as far as more are wanted.
    pub fn merge(&mut self, other: &Self) {
        for (action, theirs) in &other.0 {
            let ours = self.0.entry(*action).or_default();
            ours.people += theirs.people;
            let wanted = SAMPLES_MAX.saturating_sub(ours.samples.len());
            ours.samples.extend(theirs.samples.iter().take(wanted).cloned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(n: u32) -> Sample {
        Sample { uid: format!("u{n}").into(), reason: "because".to_owned(), fields: Vec::new() }
    }

    fn actions(numbers: std::ops::Range<u32>) -> Actions {
        let mut actions = Actions::default();
        numbers.for_each(|n| actions.add(Action::Delete, || sample(n)));
        actions
    }

    #[test]
    fn everybody_is_counted_and_ten_are_named() {
        let actions = actions(0..25);
        assert_eq!((actions.people(Action::Delete), actions.removals()), (25, 25));
        assert_eq!(actions.samples(Action::Delete).len(), SAMPLES_MAX);
        assert_eq!((actions.people(Action::Join), actions.samples(Action::Join)), (0, &[][..]));
    }

    #[test]
    fn parts_of_a_run_add_up_and_name_no_more_than_ten() {
        let mut whole = actions(0..6);
        whole.merge(&actions(6..12));
        assert_eq!(whole.people(Action::Delete), 12);
        let uids: Vec<&str> =
            whole.samples(Action::Delete).iter().map(|sample| sample.uid.as_str()).collect();
        assert_eq!(uids, ["u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9"]);
    }

    #[test]
    fn actions_are_named_in_the_report_and_those_of_nobody_are_left_out() {
        let mut actions = Actions::default();
        actions.add(Action::RemoveFromLists, || Sample {
            fields: vec!["city".to_owned()],
            ..sample(1)
        });
        let json = serde_json::to_string(&actions).unwrap();
        insta::assert_snapshot!(json, @r#"{"remove_from_lists":{"people":1,"samples":[{"uid":"u1","reason":"because","fields":["city"]}]}}"#);
        assert_eq!(serde_json::from_str::<Actions>(&json).unwrap(), actions);
    }
}
