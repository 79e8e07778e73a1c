//! The report as a page for people: `runs/<run>/report.html`, beside the `report.json` that it is made from.
//!
//! One file that needs nothing else: no script, no font, no image, no request to anywhere, and a policy in its head that
//! forbids them. It reads in the dark, on a telephone, on paper and aloud. All text goes through `html::Html`, which
//! escapes it. Like the report, the page knows UIDs and counts, but no name, address or value of anybody.

mod actions;
mod html;
mod sections;
mod strike_out;
mod time_line;

use jiff::Timestamp;

use crate::domain::report::{ListedPerson, Report, State};

use html::Html;

pub use strike_out::strike_out;

/// People listed of each list; the rest stands in the list itself.
pub const PEOPLE_SHOWN_MAX: usize = 50;

/// Characters listed of those that did not fit.
pub const CHARACTERS_SHOWN_MAX: usize = 20;

/// Batches listed; the rest stands in `report.json`. Two hundred are two million accounts.
pub const BATCHES_SHOWN_MAX: usize = 200;

const STYLE: &str = include_str!("style.css");

/// The lists beside the report, as far as the page shows them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportLists {
    /// Never sent, because they would be refused.
    pub invalid: Listed,
    /// Refused by Constant Contact.
    pub rejected: Listed,
    /// Kept back by a rule.
    pub held: Listed,
    /// Changed on both sides.
    pub conflicts: Listed,
}

/// One list: its beginning, and where the whole of it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listed {
    /// The first lines; [`PEOPLE_SHOWN_MAX`] are shown.
    pub people: Vec<ListedPerson>,
    /// Lines of the whole list.
    pub total: u64,
    /// The object's key in the customer's bucket, for example `runs/<run>/invalid.ndjson`.
    pub key: String,
}

/// The page of a run, as UTF-8 HTML.
pub fn page(report: &Report, lists: &ReportLists) -> String {
    let mut html = Html::default();
    html.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
    html.raw("style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n");
    html.raw("<meta name=\"referrer\" content=\"no-referrer\">\n");
    html.raw("<meta name=\"robots\" content=\"noindex\">\n");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    let title = format!("{} · {} · {}", state_word(report), report.customer, report.run);
    html.element("title", &[], &title);
    html.raw("\n<style>\n").raw(STYLE).raw("</style>\n</head>\n<body>\n");
    sections::header(&mut html, report);
    html.raw("<main>\n");
    sections::people(&mut html, report);
    actions::actions(&mut html, report);
    if let Some(outlook) = &report.outlook {
        actions::outlook(&mut html, outlook);
    }
    sections::inbound(&mut html, &report.inbound);
    sections::listed(&mut html, report, lists);
    sections::losses(&mut html, &report.losses);
    if !report.dry_run {
        time_line::time_line(&mut html, report);
    }
    sections::calls(&mut html, report.calls);
    html.raw("</main>\n");
    sections::footer(&mut html, report);
    html.raw("</body>\n</html>\n");
    html.finish()
}

fn state_word(report: &Report) -> &'static str {
    match report.state {
        State::Settled if report.dry_run => "Planned",
        State::Settled => "Settled",
        State::Braked => "Stopped",
        State::Failed => "Failed",
    }
}

/// `23 November 2026, 04:50:00 UTC`.
fn readable(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M:%S UTC").to_string()
}

/// `2 h 3 min`, `12 min 11 s`, `9 s`: the two largest units. Nothing is shorter than nothing.
fn elapsed(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).as_secs().max(0);
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::report::tests::example;
    use crate::domain::report::{Brake, BrakeReason, Inbound, Losses, PartState, People};

    use super::*;

    fn listed(reason: &str, total: u64) -> Listed {
        let people = (0..total.min(60))
            .map(|person| ListedPerson {
                uid: format!("_guid_{person:05}=").into(),
                field: (person % 2 == 0).then(|| "birthday".to_owned()),
                reason: reason.to_owned(),
            })
            .collect();
        Listed { people, total, key: "runs/20261123T045000Z-delta/invalid.ndjson".to_owned() }
    }

    fn lists() -> ReportLists {
        ReportLists {
            invalid: listed("The day of birth has no month.", 31),
            rejected: Listed { total: 4, ..Listed::default() },
            held: listed("They left before.", 120),
            conflicts: Listed::default(),
        }
    }

    /// Every opened element is closed in order.
    fn assert_well_formed(page: &str) {
        let body = page.split_once("<body>").unwrap().1.split_once("</body>").unwrap().0;
        let mut open: Vec<&str> = Vec::new();
        for tag in body.split('<').skip(1) {
            let tag = tag.split_once('>').unwrap().0;
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "in {tag}"),
                None => open.push(tag.split(' ').next().unwrap()),
            }
        }
        assert_eq!(open, [""; 0]);
    }

    #[test]
    fn the_page_is_whole_and_asks_for_nothing_from_anywhere() {
        let page = page(&example(), &lists());
        assert_well_formed(&page);
        for asking in ["http://", "https://", "src=", "url(", "@import", "<script", "<link"] {
            assert!(!page.contains(asking), "{asking}");
        }
        assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
    }

    #[test]
    fn the_page_says_what_happened_in_plain_words() {
        let page = page(&example(), &lists());
        for words in [
            "10,000 people were read",
            "8,990",
            "23 November 2026, 04:50:00 UTC",
            "12 min 11 s",
            "The day of birth has no month.",
            "U+20AC",
            "Everybody is accounted for",
        ] {
            assert!(page.contains(words), "{words}");
        }
    }

    #[test]
    fn a_long_list_shows_its_beginning_and_says_where_the_rest_is() {
        let page = page(&example(), &lists());
        assert!(page.contains("_guid_00049="));
        assert!(!page.contains("_guid_00050="));
        assert!(page.contains("70 more"));
        assert!(page.contains("runs/20261123T045000Z-delta/invalid.ndjson"));
        assert!(page.contains("tells how many, not who"), "those without a name are spoken of");
    }

    #[test]
    fn what_comes_from_outside_is_escaped() {
        let mut report = example();
        report.customer = "<b onclick=\"x\">&</b>".into();
        report.losses.count_character("<i>", '<');
        report.brake = Some(Brake {
            reason: BrakeReason::NobodyFound,
            removals: 0,
            known: 9,
            allowed: 1,
            examples: vec!["\"><script>".into()],
        });
        report.state = State::Braked;
        let mut lists = lists();
        lists.held.people[0].reason = "<script>alert(1)</script>".to_owned();
        lists.held.key = "\"><img>".to_owned();
        let page = page(&report, &lists);
        assert_well_formed(&page);
        assert!(!page.contains("<script") && !page.contains("<b ") && !page.contains("<img"));
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    }

    /// A dry run of the same.
    fn dry_example() -> Report {
        let mut report = example();
        report.dry_run = true;
        report.people.rejected = 0;
        report.people.accepted += 4;
        let calls = crate::domain::report::Calls { gigya: 113, constant_contact: 48 };
        report.outlook =
            Some(crate::domain::report::Outlook { calls, minutes: 15, is_fresh: false });
        report.brake = Some(Brake {
            reason: BrakeReason::TooManyRemovals,
            removals: 1_200,
            known: 10_000,
            allowed: 500,
            examples: vec!["_guid_a=".into()],
        });
        report
    }

    #[test]
    fn a_dry_run_speaks_of_what_would_be_and_of_nothing_as_done() {
        let page = page(&dry_example(), &lists());
        assert_well_formed(&page);
        for words in [
            "8,994 would be brought up to date",
            "What would be done in Constant Contact",
            "_guid_u=</code></td><td>city, zip</td>",
            "The brake would stop this",
            "113 calls to Gigya and 48 to Constant Contact",
            "had not been read when this was planned",
        ] {
            assert!(page.contains(words), "{words}");
        }
        for done in
            ["--release-brake", "are now up to date", "no longer mailed,", "Batches and activities"]
        {
            assert!(!page.contains(done), "{done}");
        }
    }

    #[test]
    fn a_run_that_read_nothing_has_a_page_too() {
        let mut report = example();
        report.people = People::default();
        report.inbound = Inbound::default();
        report.losses = Losses::default();
        report.batches.clear();
        let page = page(&report, &ReportLists::default());
        assert_well_formed(&page);
        assert!(page.contains("Nobody had changed in Gigya."));
        assert!(!page.contains("NaN"));
    }

    #[test]
    fn a_run_of_a_thousand_batches_has_a_page_that_opens() {
        let mut report = example();
        let mut batch = report.batches[0].clone();
        batch.parts[0].state = PartState::InFlight;
        batch.parts[0].settled_at = None;
        report.batches = vec![batch; 1_000];
        let page = page(&report, &lists());
        assert_well_formed(&page);
        assert!(page.contains("800 more batches"));
        assert!(page.len() < 500_000, "{}", page.len());
    }

    #[test]
    fn times_are_told_in_the_two_largest_units() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let told: Vec<String> =
            [-5, 9, 731, 7_380].into_iter().map(|to| elapsed(at(0), at(to))).collect();
        assert_eq!(told, ["0 s", "9 s", "12 min 11 s", "2 h 3 min"]);
    }
}
