//! The safety brake: how many may leave, or lose a value, because of us without a person having looked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::Uid;
use super::report::{BRAKE_EXAMPLES_MAX, Brake, BrakeReason};

/// `runs/<run>/brake.json`: a brake that was pulled, and whether a person has looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulled {
    /// The brake.
    pub brake: Brake,
    /// Whether the report that says so is written.
    pub is_reported: bool,
    /// When a person released it.
    pub released_at: Option<Timestamp>,
    /// Whether a sweep pulled it: no lesser read can tell that all is well again.
    #[serde(default)]
    pub is_of_sweep: bool,
}

/// Fewer removals than this pass whatever share of the known people they are: of thirty people, four are a normal day.
pub const COUNTED_FROM: u64 = 20;

/// `[safety]` of the settings, as far as it concerns the brake.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrakeLimits {
    /// More removals than this are never made without asking.
    pub people: u32,
    /// Nor more than this share of the known people (0 to 1), from [`COUNTED_FROM`] removals up.
    pub share: f64,
}

impl BrakeLimits {
    /// How many removals pass without asking when so many people are known.
    pub fn allowed(self, known: u64) -> u64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of people needs no more precision than a person, and is never negative"
        )]
        let share = (known as f64 * self.share).floor() as u64;
        u64::from(self.people).min(share.max(COUNTED_FROM - 1))
    }

    /// The brake, if so many removals pull it.
    pub fn judge(
        self,
        removals: u64,
        known: u64,
        examples: impl IntoIterator<Item = Uid>,
    ) -> Option<Brake> {
        let allowed = self.allowed(known);
        (removals > allowed).then(|| Brake {
            reason: BrakeReason::TooManyRemovals,
            removals,
            known,
            allowed,
            examples: examples.into_iter().take(BRAKE_EXAMPLES_MAX).collect(),
        })
    }

    /// The brake, if somebody is known and a read of everybody found nobody: an empty answer is never taken as "everyone
    /// left".
    pub fn judge_empty(self, found: u64, known: u64) -> Option<Brake> {
        (found == 0 && known > 0).then(|| Brake {
            reason: BrakeReason::NobodyFound,
            removals: known,
            known,
            allowed: self.allowed(known),
            examples: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: BrakeLimits = BrakeLimits { people: 500, share: 0.10 };

    #[test]
    fn a_tenth_passes_and_one_more_does_not() {
        assert_eq!(USUAL.judge(100, 1_000, []), None);
        let brake = USUAL.judge(101, 1_000, (0..20).map(|n| format!("u{n}").into())).unwrap();
        assert_eq!((brake.removals, brake.allowed, brake.examples.len()), (101, 100, 10));
    }

    #[test]
    fn a_few_of_few_pass_and_five_hundred_of_many_are_the_most() {
        assert_eq!(USUAL.judge(19, 30, []), None);
        assert!(USUAL.judge(20, 30, []).is_some());
        assert_eq!(USUAL.judge(500, 1_000_000, []), None);
        assert!(USUAL.judge(501, 1_000_000, []).is_some());
        let strict = BrakeLimits { people: 3, ..USUAL };
        assert!(strict.judge(4, 1_000_000, []).is_some());
    }

    #[test]
    fn nobody_found_is_strange_only_where_somebody_is_known() {
        assert_eq!(USUAL.judge_empty(0, 0), None);
        assert_eq!(USUAL.judge_empty(1, 7), None);
        assert_eq!(USUAL.judge_empty(0, 7).unwrap().reason, BrakeReason::NobodyFound);
    }
}
