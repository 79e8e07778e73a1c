//! What is done in Constant Contact, by action; and of a dry run, what doing it would cost.

use crate::domain::report::{Action, Outlook, Report, Sample, grouped};

use super::html::Html;

/// What an action is called on the page, and what it means.
fn words(action: Action) -> (&'static str, &'static str) {
    match action {
        Action::Join => ("Join a list", "They are sent with the lists that they join."),
        Action::Update => (
            "Updated",
            "They are there already; their values go by way of a list that nobody mails.",
        ),
        Action::Amend => (
            "Amended one by one",
            "Something about them no import can say: an address, an emptied value, a list.",
        ),
        Action::Ask => (
            "Asked to confirm",
            "They had unsubscribed and opted in anew; Constant Contact asks them once.",
        ),
        Action::Unsubscribe => ("Unsubscribed", "They took their consent back at Gigya."),
        Action::RemoveFromLists => {
            ("Taken off lists", "They left the lists, or no list fits them any longer.")
        }
        Action::Delete => ("Deleted", "Their account was deleted at Gigya."),
    }
}

pub(super) fn actions(html: &mut Html, report: &Report) {
    html.raw("<section aria-labelledby=\"actions\">\n<h2 id=\"actions\">");
    html.raw(if report.dry_run {
        "What would be done in Constant Contact"
    } else {
        "What was to be done in Constant Contact"
    });
    html.raw("</h2>\n");
    if report.actions.is_empty() {
        html.raw("<p>Nothing.</p>\n</section>\n");
        return;
    }
    html.raw("<div class=\"wide\"><table class=\"classes cards\">\n");
    html.headings(&["", "People#", "What it means"]).raw("<tbody>\n");
    for action in Action::ALL {
        let (name, meaning) = words(action);
        let people = report.actions.people(action);
        html.open("tr", if people == 0 { &[("class", "none")] } else { &[] });
        html.element("th", &[("scope", "row")], name).number(&grouped(people));
        html.element("td", &[], meaning).raw("</tr>\n");
    }
    html.raw("</tbody>\n</table></div>\n");
    for action in Action::ALL {
        let samples = report.actions.samples(action);
        if !samples.is_empty() {
            examples(html, words(action).0, report.actions.people(action), samples);
        }
    }
    html.raw("</section>\n");
}

fn examples(html: &mut Html, name: &'static str, people: u64, samples: &[Sample]) {
    html.raw("<details><summary>").text(name).raw(": ");
    let shown = samples.len() as u64;
    html.text(&match (people == shown, shown) {
        (true, 1) => "the one".to_owned(),
        (true, shown) => format!("all {}", grouped(shown)),
        (false, shown) => format!("{} of {}", grouped(shown), grouped(people)),
    });
    html.raw("</summary>\n<div class=\"wide\"><table class=\"listed cards\">\n");
    html.headings(&["UID", "Fields", "Why"]).raw("<tbody>\n");
    for Sample { uid, reason, fields } in samples {
        html.raw("<tr><td>").element("code", &[], uid.as_str()).raw("</td>");
        html.element("td", &[], &fields.join(", ")).element("td", &[], reason).raw("</tr>\n");
    }
    html.raw("</tbody>\n</table></div>\n</details>\n");
}

pub(super) fn outlook(html: &mut Html, outlook: &Outlook) {
    html.raw("<section aria-labelledby=\"outlook\">\n<h2 id=\"outlook\">What doing it would cost</h2>\n<p>");
    html.text(&outlook.words()).raw("</p>\n");
    if !outlook.is_fresh {
        html.raw("<p class=\"brake\">").text(Outlook::STALE).raw("</p>\n");
    }
    html.raw("</section>\n");
}
