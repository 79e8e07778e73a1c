//! The parts of the page, from top to bottom.

use crate::domain::report::{
    BrakeReason, Calls, Class, FieldLosses, Inbound, Losses, People, Report, State, Trigger,
};
use crate::domain::report::{ListedPerson, grouped};

use super::html::Html;
use super::{CHARACTERS_SHOWN_MAX, Listed, PEOPLE_SHOWN_MAX, ReportLists, elapsed, state_word};

/// The order in which the bar and the table show what became of people: the good, the neutral, those to look at.
const SHOWN: [Class; 8] = [
    Class::Accepted,
    Class::Unchanged,
    Class::Filtered,
    Class::Duplicate,
    Class::Removed,
    Class::Held,
    Class::Invalid,
    Class::Rejected,
];

/// What a class is called on the page, and what it means.
fn class_words(class: Class) -> (&'static str, &'static str) {
    match class {
        Class::Accepted => ("Sent", "They are now up to date in Constant Contact."),
        Class::Unchanged => ("Nothing to do", "Both sides agreed already; nothing was sent."),
        Class::Filtered => ("On no list", "They fit none of your lists and were on none."),
        Class::Duplicate => {
            ("Shared address", "Another account has the same address and holds the contact.")
        }
        Class::Removed => (
            "Left",
            "They opted out, were deleted or fit no list any longer, and are no longer mailed.",
        ),
        Class::Held => (
            "Kept back",
            "A rule keeps them back: they left before, a conflict waits to be decided, or removals wait to be released.",
        ),
        Class::Invalid => ("Not sent", "Something about them is wrong, so they were not sent."),
        Class::Rejected => {
            ("Refused", "Constant Contact refused them. They are tried again by themselves.")
        }
    }
}

/// What a class means in a dry run, where that is something else.
fn meaning_when_dry(class: Class) -> Option<&'static str> {
    match class {
        Class::Accepted => Some("They would be brought up to date in Constant Contact."),
        Class::Removed => Some(
            "They opted out, were deleted or fit no list any longer, and would no longer be mailed.",
        ),
        Class::Invalid => Some("Something about them is wrong, so they would not be sent."),
        Class::Unchanged | Class::Filtered | Class::Duplicate | Class::Held | Class::Rejected => {
            None
        }
    }
}

pub(super) fn header(html: &mut Html, report: &Report) {
    let state = match report.state {
        State::Settled => "settled",
        State::Braked => "braked",
        State::Failed => "failed",
    };
    html.raw("<header>\n<p class=\"over\">");
    html.text(report.customer.as_str()).raw(" · Gigya ⇄ Constant Contact</p>\n");
    html.open("p", &[("class", &format!("state {state}"))]);
    html.text(state_word(report)).raw("</p>");
    if report.dry_run {
        html.raw(" <p class=\"state dry\">Dry run</p>");
    }
    html.raw("\n").element("h1", &[], &report.outcome_sentence()).raw("\n");
    html.element("p", &[("class", "summary")], &report.details()).raw("\n");
    if let Some(brake) = &report.brake {
        html.raw("<div class=\"brake\">\n<p><strong>");
        if report.dry_run {
            html.raw("The brake would stop this.</strong> ").text(&brake.dry_run_words());
        } else {
            html.raw("What to do.</strong> ").raw(match brake.reason {
                BrakeReason::TooManyRemovals => {
                    "Nobody has been removed. Look at some of them, and if they really are to go: "
                }
                BrakeReason::NobodyFound => {
                    "Nobody has been removed. Find out why nobody was found; if it is really so: "
                }
            });
            html.element("code", &[], &format!("gigya-cc run --release-brake {}", report.run));
        }
        html.raw("</p>\n");
        if !brake.examples.is_empty() {
            html.raw("<p>For example: ");
            for (place, uid) in brake.examples.iter().enumerate() {
                html.raw(if place > 0 { ", " } else { "" }).element("code", &[], uid.as_str());
            }
            html.raw("</p>\n");
        }
        html.raw("</div>\n");
    }
    facts(html, report);
    html.raw("</header>\n");
}

fn facts(html: &mut Html, report: &Report) {
    html.raw("<dl>\n<div><dt>Started</dt><dd>").time(report.started_at);
    html.text(match report.trigger {
        Trigger::Schedule => ", by the schedule",
        Trigger::Request => ", because somebody asked",
    });
    html.raw("</dd></div>\n<div><dt>Settled</dt><dd>");
    match report.settled_at {
        Some(at) => {
            html.time(at).text(&format!(", after {}", elapsed(report.started_at, at)));
        }
        None => {
            html.raw("not yet");
        }
    }
    html.raw("</dd></div>\n<div><dt>Changes read</dt><dd>");
    match report.window.from {
        Some(from) => html.raw("from ").time(from).raw(" to ").time(report.window.to),
        None => html.raw("from the beginning to ").time(report.window.to),
    };
    html.raw("</dd></div>\n</dl>\n");
}

pub(super) fn people(html: &mut Html, report: &Report) {
    let people = &report.people;
    html.raw("<section aria-labelledby=\"people\">\n<h2 id=\"people\">");
    html.raw(if report.dry_run {
        "What would become of everybody"
    } else {
        "What became of everybody"
    });
    html.raw("</h2>\n");
    if people.read > 0 {
        bar(html, people);
    }
    html.raw("<div class=\"wide\"><table class=\"classes cards\">\n");
    html.headings(&["Fate", "People#", "Share#", "What it means"]).raw("<tbody>\n");
    for class in SHOWN {
        let (name, meaning) = class_words(class);
        let meaning = meaning_when_dry(class).filter(|_| report.dry_run).unwrap_or(meaning);
        let count = people.count(class);
        html.open("tr", if count == 0 { &[("class", "none")] } else { &[] });
        html.raw("<th scope=\"row\">");
        html.element("span", &[("class", &format!("key {}", class.as_str()))], "");
        html.text(name).raw("</th>").number(&grouped(count)).number(&share(count, people.read));
        html.element("td", &[], meaning).raw("</tr>\n");
    }
    html.raw("</tbody>\n<tfoot><tr><th scope=\"row\">Read from Gigya</th>");
    html.number(&grouped(people.read)).number("");
    match people.balance() {
        Ok(()) => html.raw("<td class=\"balanced\">✓ Everybody is accounted for.</td>"),
        Err(imbalance) => html.element("td", &[("class", "lost")], &format!("✗ {imbalance}.")),
    };
    html.raw("</tr></tfoot>\n</table></div>\n</section>\n");
}

fn bar(html: &mut Html, people: &People) {
    let shares: Vec<String> = SHOWN
        .into_iter()
        .filter(|class| people.count(*class) > 0)
        .map(|class| format!("{} {}", class_words(class).0, grouped(people.count(class))))
        .collect();
    html.open("div", &[("class", "bar"), ("role", "img"), ("aria-label", &shares.join(", "))]);
    for class in SHOWN {
        let count = people.count(class);
        if count > 0 {
            let (name, style) = (class_words(class).0, format!("flex-grow:{count}"));
            let tip = format!("{name}: {}", grouped(count));
            html.open("span", &[("class", class.as_str()), ("style", &style), ("title", &tip)]);
            html.close("span");
        }
    }
    html.raw("</div>\n");
}

/// `12.3 %`; a few of many are `< 0.1 %`, and only all of them are `100 %`.
fn share(count: u64, of: u64) -> String {
    if count == 0 || of == 0 {
        return "–".to_owned();
    }
    if count == of {
        return "100 %".to_owned();
    }
    // Tenths of a percent; u128 holds a thousand times any u64.
    match u128::from(count) * 1_000 / u128::from(of) {
        0 => "< 0.1 %".to_owned(),
        tenths => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

pub(super) fn inbound(html: &mut Html, inbound: &Inbound) {
    html.raw("<section aria-labelledby=\"home\">\n<h2 id=\"home\">What came home from Constant Contact</h2>\n");
    if inbound.seen == 0 {
        html.raw("<p>Nothing had changed in Constant Contact.</p>\n</section>\n");
        return;
    }
    html.raw("<div class=\"wide\"><table class=\"classes cards\">\n").headings(&[
        "",
        "Contacts#",
        "What it means",
    ]);
    html.raw("<tbody>\n");
    for (name, count, meaning) in [
        (
            "Left",
            inbound.opted_out,
            "They unsubscribed; Gigya knows, and we won’t mail them again.",
        ),
        ("Brought home", inbound.carried, "Their new values are in Gigya."),
        ("Conflicts", inbound.conflicts, "Both sides had changed; your settings say who wins."),
        ("Our own", inbound.echo, "Changes that we had made ourselves."),
        (
            "Passed over",
            inbound.ignored,
            "Contacts without an account, or nothing that travels home.",
        ),
    ] {
        html.open("tr", if count == 0 { &[("class", "none")] } else { &[] });
        html.element("th", &[("scope", "row")], name).number(&grouped(count));
        html.element("td", &[], meaning).raw("</tr>\n");
    }
    html.raw("</tbody>\n<tfoot><tr><th scope=\"row\">Changed contacts read</th>");
    html.number(&grouped(inbound.seen)).raw("<td></td></tr></tfoot>\n</table></div>\n</section>\n");
}

pub(super) fn listed(html: &mut Html, report: &Report, lists: &ReportLists) {
    const NAMELESS: &str = "The list of them is missing.";
    let parts = [
        ("Not sent", NAMELESS, report.people.invalid, &lists.invalid),
        (
            "Refused by Constant Contact",
            "Constant Contact tells how many, not who; the next daily sweep finds out.",
            report.people.rejected,
            &lists.rejected,
        ),
        ("Kept back", NAMELESS, report.people.held, &lists.held),
        ("Changed on both sides", NAMELESS, report.inbound.conflicts, &lists.conflicts),
    ];
    html.raw("<section aria-labelledby=\"look\">\n<h2 id=\"look\">Who to look at</h2>\n");
    if parts.iter().all(|(_, _, count, list)| *count == 0 && list.total == 0) {
        html.raw("<p>Nobody.</p>\n</section>\n");
        return;
    }
    html.raw("<p>People are named by their UID, under which Gigya’s console finds them.</p>\n");
    for (title, nameless, count, list) in parts {
        if count > 0 || list.total > 0 {
            one_list(html, title, nameless, count.max(list.total), list);
        }
    }
    html.raw("</section>\n");
}

fn one_list(html: &mut Html, title: &'static str, nameless: &str, count: u64, list: &Listed) {
    html.raw("<h3>").text(title).raw(" ");
    html.element("span", &[("class", "count")], &grouped(count)).raw("</h3>\n");
    if list.people.is_empty() {
        html.element("p", &[], nameless).raw("\n");
        return;
    }
    html.raw("<div class=\"wide\"><table class=\"listed cards\">\n")
        .headings(&["UID", "Field", "Why"]);
    html.raw("<tbody>\n");
    let shown = list.people.iter().take(PEOPLE_SHOWN_MAX);
    let more = count.saturating_sub(shown.len() as u64);
    for ListedPerson { uid, field, reason } in shown {
        html.raw("<tr><td>").element("code", &[], uid.as_str()).raw("</td><td>");
        html.text(field.as_deref().unwrap_or_default()).raw("</td>");
        html.element("td", &[], reason).raw("</tr>\n");
    }
    html.raw("</tbody>\n</table></div>\n<p class=\"note\">");
    if more > 0 {
        html.text(&format!("{} more. ", grouped(more)));
    }
    html.raw("The whole list: ").element("code", &[], &list.key).raw("</p>\n");
}

pub(super) fn losses(html: &mut Html, losses: &Losses) {
    html.raw(
        "<section aria-labelledby=\"losses\">\n<h2 id=\"losses\">What was lost on the way</h2>\n",
    );
    if losses.is_empty() {
        html.raw("<p>Nothing. Every value arrived as it stands in Gigya.</p>\n</section>\n");
        return;
    }
    html.raw(
        "<p>Gigya keeps the full values; only the copies in Constant Contact are poorer.</p>\n",
    );
    html.raw("<div class=\"wide\"><table>\n");
    html.headings(&[
        "Field",
        "Characters that did not fit#",
        "Written with other letters#",
        "Kept back#",
        "Values cut#",
        "Characters cut off#",
    ]);
    html.raw("<tbody>\n");
    for (field, lost) in &losses.by_field {
        html.raw("<tr>").element("th", &[("scope", "row")], field);
        let FieldLosses { characters, transliterated, withheld, cut, cut_characters } = *lost;
        for count in [characters, transliterated, withheld, cut, cut_characters] {
            html.number(&grouped(count));
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n</table></div>\n");
    let characters = losses.most_frequent_characters(CHARACTERS_SHOWN_MAX);
    if !characters.is_empty() {
        html.raw("<h3>Characters that did not fit</h3>\n<ul class=\"characters\">\n");
        for (character, count) in &characters {
            html.raw("<li>").element("bdi", &[], &visible(*character)).raw(" <small>");
            html.text(&format!("U+{:04X}", u32::from(*character))).raw("</small> ");
            html.element("b", &[], &format!("{}×", grouped(*count))).raw("</li>\n");
        }
        html.raw("</ul>\n");
        let others = losses.by_character.len() - characters.len();
        if others > 0 {
            html.element(
                "p",
                &[("class", "note")],
                &format!("And {others} others, in report.json."),
            );
        }
    }
    html.raw("</section>\n");
}

/// A character that can be seen: a mark on a circle, and nothing of what is invisible or turns the line about.
fn visible(character: char) -> String {
    use unicode_normalization::char::is_combining_mark;

    let is_invisible = matches!(character,
        '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}');
    if is_invisible || character.is_control() || character.is_whitespace() {
        "·".to_owned()
    } else if is_combining_mark(character) {
        format!("◌{character}")
    } else {
        character.to_string()
    }
}

pub(super) fn calls(html: &mut Html, calls: Calls) {
    html.raw("<section aria-labelledby=\"calls\">\n<h2 id=\"calls\">What it cost</h2>\n<p>");
    html.text(&format!(
        "{} calls to Gigya and {} to Constant Contact, whose key allows a limited number a day.",
        grouped(calls.gigya),
        grouped(calls.constant_contact)
    ));
    html.raw("</p>\n</section>\n");
}

pub(super) fn footer(html: &mut Html, report: &Report) {
    html.raw("<footer><p>Run ").element("code", &[], report.run.as_str());
    html.raw(
        ". All times are UTC. The same for programs: <code>report.json</code>.</p></footer>\n",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_of_many_are_not_none_and_nearly_all_are_not_all() {
        let shares: Vec<String> =
            [(0, 10), (1, 100_000), (1, 3), (99_999, 100_000), (5, 5), (0, 0)]
                .into_iter()
                .map(|(count, of)| share(count, of))
                .collect();
        assert_eq!(shares, ["–", "< 0.1 %", "33.3 %", "99.9 %", "100 %", "–"]);
    }

    #[test]
    fn an_invisible_character_is_shown_and_turns_nothing_about() {
        assert_eq!(visible('\u{202e}'), "·");
        assert_eq!(visible('\u{7}'), "·");
        assert_eq!(visible('\u{301}'), "◌\u{301}");
        assert_eq!(visible('Ł'), "Ł");
    }
}
