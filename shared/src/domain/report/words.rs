//! The run in plain words.

use super::{Brake, BrakeReason, Class, Report, Scope, State};

/// A number with its thousands apart: `10,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn people(count: u64) -> String {
    match count {
        0 => "nobody".to_owned(),
        1 => "1 person".to_owned(),
        many => format!("{} people", grouped(many)),
    }
}

fn were(count: u64) -> &'static str {
    if count <= 1 { "was" } else { "were" }
}

fn is_or_are(count: u64) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// `a`, `a and b`, `a, b and c`.
fn enumerated(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

impl Report {
    /// The run in one paragraph of plain words, without names: for notices, the command line and the top of the page.
    pub fn summary(&self) -> String {
        format!("{} {}", self.outcome_sentence(), self.details())
    }

    /// What became of people on both sides: the summary without its first sentence.
    pub fn details(&self) -> String {
        let mut sentences = vec![self.balance_sentence()];
        sentences.extend(self.care_sentence());
        sentences.extend(self.inbound_sentence());
        if self.dry_run {
            sentences.push("Nothing of this was done.".to_owned());
        }
        sentences.join(" ")
    }

    /// How the run ended, in one sentence.
    pub fn outcome_sentence(&self) -> String {
        let what = match (self.scope, self.window.from) {
            (Scope::Delta | Scope::Full, _) if self.dry_run && self.window.from.is_none() => {
                "The dry run over everybody"
            }
            (Scope::Delta | Scope::Full, _) if self.dry_run => "The dry run over what changed",
            (Scope::Since { .. }, _) if self.dry_run => "The dry run over a chosen time",
            (Scope::Sample { .. }, _) if self.dry_run => "The dry run over a few accounts",
            (Scope::Delta, None) => "The first run, over everybody,",
            (Scope::Delta, Some(_)) => "The run over what changed",
            (Scope::Full, _) => "The full run, over everybody,",
            (Scope::Since { .. }, _) => "The run over a chosen time",
            (Scope::Sample { .. }, _) => "The trial run over a few accounts",
        };
        match (self.state, &self.brake, self.people.balance()) {
            (State::Failed, _, Err(imbalance)) => {
                format!("{what} failed, because people are missing from the count: {imbalance}.")
            }
            (State::Failed, _, Ok(())) => format!("{what} failed before it came to its end."),
            (State::Braked, Some(brake), _) => match brake.reason {
                BrakeReason::TooManyRemovals => format!(
                    "{what} was stopped before it removed {}: no more than {} may leave at once, \
                     unless somebody releases them.",
                    people(brake.removals),
                    grouped(brake.allowed)
                ),
                BrakeReason::NobodyFound => format!(
                    "{what} was stopped, because it found nobody at all, though {} {} known.",
                    people(brake.known),
                    is_or_are(brake.known)
                ),
            },
            (State::Braked, None, _) => {
                format!("{what} was stopped and waits to be released.")
            }
            (State::Settled, _, _) if self.dry_run => {
                format!("{what} is planned, and nothing was written.")
            }
            (State::Settled, _, _) => format!("{what} went through."),
        }
    }

    /// How many were read, and what became of most of them.
    fn balance_sentence(&self) -> String {
        let counts = &self.people;
        if counts.read == 0 {
            return "Nobody had changed in Gigya.".to_owned();
        }
        let mut fates = Vec::new();
        for (class, fate, if_dry) in [
            (
                Class::Accepted,
                "now up to date in Constant Contact",
                Some("would be brought up to date in Constant Contact"),
            ),
            (Class::Unchanged, "there already as they should be", None),
            (Class::Filtered, "on no list", None),
            (Class::Removed, "no longer mailed", Some("would no longer be mailed")),
            (Class::Duplicate, "there under another account with the same address", None),
        ] {
            let count = counts.count(class);
            if count > 0 {
                fates.push(match if_dry.filter(|_| self.dry_run) {
                    Some(fate) => format!("{} {fate}", grouped(count)),
                    None => format!("{} {} {fate}", grouped(count), is_or_are(count)),
                });
            }
        }
        let read = capitalised(&format!("{} {} read", people(counts.read), were(counts.read)));
        if fates.is_empty() {
            format!("{read}.")
        } else {
            format!("{read}: {}.", enumerated(&fates))
        }
    }

    /// Those whom somebody should look at.
    fn care_sentence(&self) -> Option<String> {
        let mut cares = Vec::new();
        for (class, what) in [
            (Class::Invalid, "not sent, because something about them is wrong"),
            (Class::Rejected, "refused by Constant Contact"),
            (Class::Held, "kept back"),
        ] {
            let count = self.people.count(class);
            if count > 0 {
                let who = if cares.is_empty() { people(count) } else { grouped(count) };
                let verb = if self.dry_run { "would be" } else { were(count) };
                cares.push(format!("{who} {verb} {what}"));
            }
        }
        (!cares.is_empty()).then(|| format!("{}.", capitalised(&enumerated(&cares))))
    }

    /// What came home.
    fn inbound_sentence(&self) -> Option<String> {
        let (left, carried) = (self.inbound.opted_out, self.inbound.carried);
        match (left, carried) {
            (0, 0) => None,
            (0, _) => Some(format!(
                "News of {} came home to Gigya from Constant Contact.",
                people(carried)
            )),
            (_, 0) => Some(format!(
                "{} left in Constant Contact and {} opted out in Gigya.",
                capitalised(&people(left)),
                were(left)
            )),
            (_, _) => Some(format!(
                "{} left in Constant Contact and {} opted out in Gigya, and news of {} came home.",
                capitalised(&people(left)),
                were(left),
                people(carried)
            )),
        }
    }
}

impl Brake {
    /// What the brake would say to what a dry run planned.
    pub fn dry_run_words(&self) -> String {
        match self.reason {
            BrakeReason::TooManyRemovals => format!(
                "{} would be removed, of {} known; no more than {} may leave at once without a person having looked.",
                capitalised(&people(self.removals)),
                grouped(self.known),
                grouped(self.allowed)
            ),
            BrakeReason::NobodyFound => format!(
                "Nobody was found at all, though {} {} known.",
                people(self.known),
                is_or_are(self.known)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::report::tests::example;
    use crate::domain::report::{Brake, Inbound, People};

    use super::*;

    #[test]
    fn numbers_have_their_thousands_apart() {
        let grouped: Vec<String> =
            [0, 7, 999, 1_000, 10_000, 123_456, 1_234_567].into_iter().map(grouped).collect();
        assert_eq!(grouped, ["0", "7", "999", "1,000", "10,000", "123,456", "1,234,567"]);
    }

    #[test]
    fn the_summary_reads_like_a_letter() {
        insta::assert_snapshot!(example().summary(), @"The run over what changed went through. 10,000 people were read: 8,990 are now up to date in Constant Contact, 870 are there already as they should be, 60 are on no list, 13 are no longer mailed and 20 are there under another account with the same address. 31 people were not sent, because something about them is wrong, 4 were refused by Constant Contact and 12 were kept back. 22 people left in Constant Contact and were opted out in Gigya, and news of 31 people came home.");
    }

    #[test]
    fn a_quiet_run_says_that_nobody_had_changed() {
        let mut report = example();
        report.people = People::default();
        report.inbound = Inbound::default();
        report.dry_run = true;
        insta::assert_snapshot!(report.summary(), @"The dry run over what changed is planned, and nothing was written. Nobody had changed in Gigya. Nothing of this was done.");
    }

    #[test]
    fn one_person_is_spoken_of_as_one() {
        let mut report = example();
        report.people = People { read: 1, rejected: 1, ..People::default() };
        report.inbound = Inbound { opted_out: 1, ..Inbound::default() };
        insta::assert_snapshot!(report.summary(), @"The run over what changed went through. 1 person was read. 1 person was refused by Constant Contact. 1 person left in Constant Contact and was opted out in Gigya.");
    }

    #[test]
    fn a_pulled_brake_and_a_missing_person_are_said_first() {
        let mut report = example();
        report.state = State::Braked;
        report.brake = Some(Brake {
            reason: BrakeReason::TooManyRemovals,
            removals: 1_200,
            known: 10_000,
            allowed: 500,
            examples: Vec::new(),
        });
        insta::assert_snapshot!(report.outcome_sentence(), @"The run over what changed was stopped before it removed 1,200 people: no more than 500 may leave at once, unless somebody releases them.");
        report.state = State::Failed;
        report.people.read += 1;
        insta::assert_snapshot!(report.outcome_sentence(), @"The run over what changed failed, because people are missing from the count: 10,001 people were read, but 10,000 are accounted for.");
    }
}
