//! The batches and their activities over time.

use jiff::Timestamp;

use crate::domain::report::{BatchReport, PartReport, PartState, Report, grouped};

use super::html::Html;
use super::{BATCHES_SHOWN_MAX, elapsed};

fn state_words(state: PartState) -> (&'static str, &'static str) {
    match state {
        PartState::InFlight => ("in flight", "waiting"),
        PartState::Completed => ("completed", "good"),
        PartState::Cancelled => ("cancelled in Constant Contact", "bad"),
        PartState::Failed => ("failed in Constant Contact", "bad"),
        PartState::TimedOut => ("given up by Constant Contact", "bad"),
        PartState::Lost => ("answer lost, never found", "bad"),
    }
}

/// Where an instant stands between two others, in thousandths.
fn place(at: Timestamp, from: Timestamp, to: Timestamp) -> i64 {
    let whole = i64::try_from(to.duration_since(from).as_millis()).unwrap_or(i64::MAX).max(1);
    let part = i64::try_from(at.duration_since(from).as_millis()).unwrap_or(i64::MAX);
    (part.clamp(0, whole).saturating_mul(1_000) / whole).clamp(0, 1_000)
}

fn percent(thousandths: i64) -> String {
    format!("{}.{}%", thousandths / 10, thousandths % 10)
}

/// When the last thing happened that the report knows of.
fn end(report: &Report) -> Timestamp {
    let parts = report.batches.iter().flat_map(|batch| &batch.parts);
    parts
        .flat_map(|part| [Some(part.submitted_at), part.settled_at])
        .chain([report.settled_at, Some(report.started_at)])
        .flatten()
        .max()
        .unwrap_or(report.started_at)
}

pub(super) fn time_line(html: &mut Html, report: &Report) {
    html.raw("<section aria-labelledby=\"time\">\n<h2 id=\"time\">Batches and activities</h2>\n");
    if report.batches.is_empty() {
        html.raw("<p>Nothing had to be sent.</p>\n</section>\n");
        return;
    }
    let end = end(report);
    html.raw(
        "<p>People travel in batches; Constant Contact imports each in one or more activities. ",
    );
    html.text(&format!(
        "The bars show when, over the {} that the run took.",
        elapsed(report.started_at, end)
    ));
    html.raw("</p>\n<div class=\"wide\"><table class=\"times cards\">\n");
    html.headings(&["Batch", "Rows#", "Taken in#", "Refused#", "Activity", "When"]);
    html.raw("<tbody>\n");
    for (ordinal, batch) in report.batches.iter().take(BATCHES_SHOWN_MAX).enumerate() {
        one_batch(html, ordinal + 1, batch, report.started_at, end);
    }
    html.raw("</tbody>\n</table></div>\n");
    let more = report.batches.len().saturating_sub(BATCHES_SHOWN_MAX);
    if more > 0 {
        let note = format!("{} more batches, in report.json.", grouped(more as u64));
        html.element("p", &[("class", "note")], &note);
    }
    html.raw("</section>\n");
}

fn one_batch(
    html: &mut Html,
    ordinal: usize,
    batch: &BatchReport,
    start: Timestamp,
    end: Timestamp,
) {
    let name = format!("{ordinal}");
    let accounts = format!("{} accounts", grouped(batch.accounts));
    if batch.parts.is_empty() {
        html.raw("<tr>").open("th", &[("scope", "row"), ("title", batch.batch.as_str())]);
        html.text(&name).raw(" ").element("small", &[], &accounts).raw("</th>");
        html.raw("<td colspan=\"5\">nobody in it had to be sent</td></tr>\n");
    }
    for (place, part) in batch.parts.iter().enumerate() {
        html.raw("<tr>");
        if place == 0 {
            let parts = batch.parts.len().to_string();
            let title = batch.batch.as_str();
            html.open("th", &[("scope", "rowgroup"), ("rowspan", &parts), ("title", title)]);
            html.text(&name).raw(" ").element("small", &[], &accounts).raw("</th>");
        }
        one_part(html, part, start, end);
        html.raw("</tr>\n");
    }
}

fn one_part(html: &mut Html, part: &PartReport, start: Timestamp, end: Timestamp) {
    let (words, class) = state_words(part.state);
    for (label, count) in
        [("rows", Some(part.rows)), ("taken in", part.persons), ("refused", Some(part.errors))]
    {
        let count = count.map_or_else(|| "–".to_owned(), grouped);
        html.element("td", &[("class", "number"), ("data-label", label)], &count);
    }
    html.open("td", &[("class", class)]).text(words);
    if let Some(activity) = &part.activity {
        html.raw(" ").element("code", &[], activity.as_str());
    }
    html.raw("</td><td class=\"when\">");
    let left = place(part.submitted_at, start, end);
    let right = place(part.settled_at.unwrap_or(end), start, end);
    html.raw("<span class=\"track\" aria-hidden=\"true\">");
    let style = format!("left:{};width:{}", percent(left), percent((right - left).max(0)));
    html.open("span", &[("class", class), ("style", &style)]).raw("</span></span>");
    let clock = part.submitted_at.strftime("%H:%M:%S").to_string();
    html.open("time", &[("datetime", &part.submitted_at.to_string())]).text(&clock).raw("</time>");
    if let Some(settled) = part.settled_at {
        html.raw(" <small>").text(&elapsed(part.submitted_at, settled)).raw("</small>");
    }
    html.raw("</td>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_stands_inside_its_line_whatever_the_clocks_say() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(place(at(5), at(0), at(10)), 500);
        assert_eq!(place(at(-5), at(0), at(10)), 0);
        assert_eq!(place(at(50), at(0), at(10)), 1_000);
        assert_eq!(place(at(0), at(0), at(0)), 0);
        assert_eq!(percent(123), "12.3%");
    }
}
