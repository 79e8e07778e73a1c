//! Striking people out of pages that were written before they were erased.

use std::collections::BTreeSet;

use super::html::Html;
use crate::domain::Uid;

/// What stands in the place of a UID.
const ERASED: &str = "<code>(erased)</code>";

/// Strikes these people's UIDs out of a page; `None` when it names none of them. A UID stands in an element of its own,
/// so that no number or word that looks like one is struck.
pub fn strike_out(page: &str, people: &BTreeSet<Uid>) -> Option<String> {
    let mut struck: Option<String> = None;
    for uid in people {
        let mut shown = Html::default();
        shown.element("code", &[], uid.as_str());
        let shown = shown.finish();
        let text = struck.as_deref().unwrap_or(page);
        if text.contains(&shown) {
            struck = Some(text.replace(&shown, ERASED));
        }
    }
    struck
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_struck_out_where_it_stands_by_itself_and_nowhere_else() {
        let mut page = Html::default();
        for uid in ["12", "a<b", "u2"] {
            page.element("code", &[], uid);
        }
        let page = page.number("12").raw("<p>12 people</p>");
        let page = std::mem::take(page).finish();
        let struck = strike_out(&page, &["12".into(), "a<b".into()].into()).unwrap();
        assert_eq!(
            struck,
            format!("{ERASED}{ERASED}<code>u2</code><td class=\"number\">12</td><p>12 people</p>")
        );
        assert_eq!(strike_out(&struck, &["12".into()].into()), None);
    }
}
