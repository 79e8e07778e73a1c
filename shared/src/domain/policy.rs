//! What the customer decided: the mapping, the lists, and what leaving means.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::account::Path;
use super::condition::Condition;
use super::ids::ListId;
use super::mapping::Mapping;

/// Everything that a plan depends on beside the two sides and the agreement.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// How fields of one become fields of the other.
    pub mapping: Mapping,
    /// Which accounts belong on which lists.
    pub lists: Vec<ListRule>,
    /// What joining and leaving mean.
    pub consent: ConsentPolicy,
}

impl Policy {
    /// Everything of an account that a decision looks at: what is selected, and what is staged.
    pub fn paths(&self) -> BTreeSet<Path> {
        let conditions = self.lists.iter().filter_map(|list| list.when.as_ref());
        let mut paths = self.mapping.paths();
        paths.extend(conditions.flat_map(Condition::paths).cloned());
        paths.insert(self.consent.path.clone());
        paths
    }
}

/// One list and who belongs on it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListRule {
    /// The Constant Contact list.
    pub id: ListId,
    /// Who belongs on it; `None` is everyone.
    pub when: Option<Condition>,
}

/// `[consent]` of the settings.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsentPolicy {
    /// Where Gigya keeps the person's wish: a subscription, or a plain field.
    pub path: Path,
    /// Nobody is sent without an affirmative opt-in.
    pub required: bool,
    /// A subscription counts only once its double opt-in is confirmed.
    pub double_opt_in: bool,
    /// What a newer opt-in at Gigya does for somebody whom Constant Contact has unsubscribed.
    pub resubscribe: Resubscribe,
    /// What happens in Constant Contact when somebody withdraws at Gigya.
    pub on_opt_out: OnOptOut,
    /// What happens in Constant Contact when the account was deleted at Gigya.
    pub on_delete: OnDelete,
    /// What happens in Constant Contact when no list's condition fits any longer.
    pub on_no_match: OnNoMatch,
    /// What happens at Gigya when somebody left one list in Constant Contact.
    pub on_list_leave: OnListLeave,
    /// What happens at Gigya when the contact was deleted in Constant Contact.
    pub on_contact_deleted: OnContactDeleted,
}

/// See [`ConsentPolicy::resubscribe`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resubscribe {
    /// Nothing: who left stays out until they come back in Constant Contact itself.
    #[default]
    Never,
    /// Constant Contact mails them its own confirmation, once.
    Ask,
}

/// See [`ConsentPolicy::on_opt_out`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnOptOut {
    /// Unsubscribed, account-wide.
    #[default]
    Unsubscribe,
    /// Taken off the mailing lists.
    RemoveFromList,
}

/// See [`ConsentPolicy::on_delete`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDelete {
    /// The contact is deleted.
    #[default]
    Delete,
    /// The contact is unsubscribed.
    Unsubscribe,
    /// The contact stays as it is.
    Keep,
}

/// See [`ConsentPolicy::on_no_match`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnNoMatch {
    /// Taken off the lists that no longer fit.
    #[default]
    RemoveFromList,
    /// The contact stays as it is.
    Keep,
}

/// See [`ConsentPolicy::on_list_leave`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnListLeave {
    /// Gigya's subscription becomes false.
    #[default]
    OptOut,
    /// Remembered here only: they are not put back on that list.
    Tombstone,
}

/// See [`ConsentPolicy::on_contact_deleted`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnContactDeleted {
    /// Gigya's subscription becomes false.
    #[default]
    OptOut,
    /// Remembered here only: they are not put back.
    Tombstone,
}
