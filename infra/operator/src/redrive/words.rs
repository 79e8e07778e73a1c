//! The dead letters as a table.

use shared::domain::report::grouped;
use shared::queue::IN_HAND_SECONDS;

use super::Redriven;
use super::letter::{Action, Fate, Letter};
use crate::table::Table;

/// What was found and what is to become of it, in words.
pub fn words(redriven: &Redriven) -> String {
    let Redriven { done, letters, others, behind } = redriven;
    let mut parts = Vec::new();
    if !letters.is_empty() {
        parts.push(table(letters, *done));
    } else if *others > 0 {
        parts.push("No dead letter is of this run.".to_owned());
    } else if *behind == 0 {
        parts.push("There are no dead letters.".to_owned());
    }
    if *others > 0 {
        parts.push(format!("{} are of other runs, or of none.", grouped(*others as u64)));
    }
    if *behind > 0 {
        let behind = grouped(*behind as u64);
        parts.push(if letters.len() + others > 0 {
            format!(
                "About {behind} more lie behind these: SQS shows ten of a group until they are gone."
            )
        } else {
            format!(
                "About {behind} are in somebody's hand just now; look again in {} minutes.",
                IN_HAND_SECONDS.div_ceil(60)
            )
        });
    }
    parts.join("\n\n")
}

fn table(letters: &[Letter], is_done: bool) -> String {
    let what = if is_done { "WHAT REDRIVE DID" } else { "WHAT REDRIVE WOULD DO" };
    let mut table = Table::new(&["SINCE", "RUN", "BATCH#", "PEOPLE#", "REASON", what]);
    for letter in letters {
        let Letter { message, since, run, ordinal, people, reason, action, fate, .. } = letter;
        let since =
            since.map_or_else(String::new, |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
        let run = run.as_ref().map_or_else(|| format!("(message {message})"), ToString::to_string);
        let batch = ordinal.map_or_else(String::new, |ordinal| ordinal.to_string());
        let people = people.map_or_else(String::new, |people| grouped(u64::from(people)));
        let what = format!("{}: {}", words_of_action(*action, is_done), words_of_fate(*fate));
        table.row([since, run, batch, people, one_line(reason), what]);
    }
    table.words()
}

fn words_of_action(action: Action, is_done: bool) -> &'static str {
    match (action, is_done) {
        (Action::PutBack, _) => "put back",
        (Action::Delete, false) => "delete",
        (Action::Delete, true) => "deleted",
        (Action::Keep, false) => "keep",
        (Action::Keep, true) => "kept",
    }
}

fn words_of_fate(fate: Fate) -> &'static str {
    match fate {
        Fate::RunWaits => "its run waits for it",
        Fate::Submitted => "it is submitted",
        Fate::RunFailed => "its run is over; the next run reads its people",
        Fate::DryRunFailed => "its dry run is over",
        Fate::RunSettled => "its run is over, and settled",
        Fate::Unreadable => "only --discard deletes it",
        Fate::NoRun => "its run is not in the bucket; only --discard deletes it",
        Fate::NoBatch => "its key is no batch's; only --discard deletes it",
        Fate::AnotherGoesBack => "another letter of its batch goes back; look again later",
        Fate::Changed => "its claim changed at this moment; run the same command again",
    }
}

/// Whoever put it there by hand may have written several.
fn one_line(reason: &str) -> String {
    reason.split(char::is_control).collect::<Vec<_>>().join(" ")
}
