//! Text on its way out: entities decoded, in characters that Constant Contact takes, never longer than its field.
//!
//! Everything here works on any Unicode text and never fails; what a text loses is reported, never what it held.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use super::charset::{Charset, Outcome};
use super::loss::LossKind;
use crate::defects::{self, Defect};

pub use super::charset::composed;

/// Stands between the values of several sources in a rule's canonical text (U+001F, "unit separator").
pub const SEPARATOR: char = '\u{1f}';

/// A value of Gigya in the form in which two are compared: HTML entities decoded once, NFC.
///
/// Gigya stores `&` as `&amp;` in names, cities and more (SAP help, accounts.setAccountInfo, "Profile JS"), so that
/// `Söhne &amp; Co` and `Söhne & Co` are one value.
pub fn canonical(text: &str) -> Cow<'_, str> {
    match html_escape::decode_html_entities(text) {
        Cow::Borrowed(text) => composed(text),
        Cow::Owned(text) => Cow::Owned(composed(&text).into_owned()),
    }
}

/// Fits a text into a field of `characters_max` characters (Unicode scalar values, as JSON Schema counts `maxLength`),
/// and says what it lost.
///
/// In this order: what the charset does not take is converted, white space around the text goes (no loss: a contact is
/// not trusted to keep it), and what is too long is cut between grapheme clusters (one loss). Fitting a fitted text
/// changes nothing and loses nothing.
pub fn fit(
    text: &str,
    characters_max: usize,
    charset: &Charset,
) -> (Outcome<'static>, Vec<LossKind>) {
    let mut losses = Vec::new();
    let line = match charset.convert(text, &mut |loss| losses.push(loss)) {
        Outcome::Fits(line) => line,
        Outcome::Dropped => return (Outcome::Dropped, losses),
        Outcome::Held => return (Outcome::Held, losses),
    };
    let (kept, cut) = cut(trim(&line), characters_max);
    losses.extend(cut);
    (Outcome::Fits(Cow::Owned(kept.into_owned())), losses)
}

/// Cuts a text between grapheme clusters where it is longer than `characters_max`.
fn cut(line: &str, characters_max: usize) -> (Cow<'_, str>, Option<LossKind>) {
    // No text has more characters than bytes, so most need no count.
    if line.len() <= characters_max {
        return (line.into(), None);
    }
    let characters = line.chars().count();
    if characters <= characters_max {
        return (line.into(), None);
    }
    if defects::is_back(Defect::CutByBytes) {
        let bytes = line.as_bytes().get(..characters_max).unwrap_or_default();
        return (String::from_utf8_lossy(bytes), None);
    }
    let mut end = 0;
    let mut room = characters_max;
    for cluster in line.graphemes(true) {
        let Some(left) = room.checked_sub(cluster.chars().count()) else { break };
        room = left;
        end += cluster.len();
    }
    let kept = trim(line.get(..end).unwrap_or_default());
    (kept.into(), Some(LossKind::Cut { characters: characters - kept.chars().count() }))
}

/// The text without the white space around it; a mark that stands on a space stays with it.
pub fn trim(text: &str) -> &str {
    let is_blank = |cluster: &&str| cluster.chars().all(char::is_whitespace);
    let blank = |clusters: &mut dyn Iterator<Item = &str>| -> usize {
        clusters.take_while(is_blank).map(str::len).sum()
    };
    let start = blank(&mut text.graphemes(true));
    let text = text.get(start..).unwrap_or_default();
    let end = text.len() - blank(&mut text.graphemes(true).rev());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::charset::is_break;

    fn fit(text: &str, characters_max: usize) -> (String, Vec<LossKind>) {
        match super::fit(text, characters_max, &Charset::UTF_8) {
            (Outcome::Fits(fitted), losses) => (fitted.into_owned(), losses),
            (Outcome::Dropped | Outcome::Held, _) => panic!("in UTF-8 everything fits"),
        }
    }

    #[test]
    fn entities_and_decomposed_accents_are_the_same_value_as_the_plain_letters() {
        assert_eq!(canonical("So\u{308}hne &amp; Co"), canonical("Söhne & Co"));
        assert_eq!(canonical("Fran&ccedil;ois &#38; fils"), "François & fils");
        assert_eq!(canonical("AT&T; R&D"), "AT&T; R&D");
    }

    #[test]
    fn a_cut_falls_between_grapheme_clusters() {
        let family = "👩‍👩‍👧‍👦";
        assert_eq!(
            fit(&format!("ab{family}"), 4),
            ("ab".into(), vec![LossKind::Cut { characters: 7 }])
        );
        assert_eq!(fit("ne\u{323}\u{332}t", 3).0, "nẹ\u{332}");
        assert_eq!(fit("नमस्ते", 4).0, "नम");
        assert_eq!(fit("one two", 4), ("one".into(), vec![LossKind::Cut { characters: 4 }]));
    }

    #[test]
    fn a_text_becomes_one_line_without_control_characters() {
        let (text, losses) = fit(" 12 Main St\r\nFlat\t4\u{2028}\u{7}b\u{9f}\n", 50);
        assert_eq!(text, "12 Main St Flat 4 b");
        let control = |character| LossKind::Control { character };
        assert_eq!(losses, [control('\u{7}'), control('\u{9f}')]);
    }

    #[test]
    fn what_is_measured_and_cut_is_the_text_that_is_sent() {
        let (outcome, losses) = super::fit("\u{a0}Щука ", 5, &Charset::LATIN_1);
        assert_eq!(outcome, Outcome::Fits("Shchu".into()));
        let cut = losses.iter().filter(|loss| matches!(loss, LossKind::Cut { characters: 2 }));
        assert_eq!((losses.len(), cut.count()), (5, 1));
    }

    /// Text of the kinds that go wrong: any Unicode, and a lot of marks, joiners, flags, breaks and controls.
    fn awkward() -> impl Strategy<Value = String> {
        let pieces = prop_oneof![
            any::<char>().prop_map(String::from),
            "[a-z ]{1,6}",
            "[\u{300}-\u{36f}\u{200d}\u{fe0f}\u{1f1e6}-\u{1f1ff}\u{1f468}-\u{1f469}]{1,4}",
            "[\u{0}-\u{20}\u{7f}-\u{a0}\u{2028}\u{3000}\u{1100}-\u{11ff}\u{915}-\u{94d}]{1,4}",
            Just("&amp;".to_owned()),
        ];
        proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_fitted_text_keeps_every_promise(text in awkward(), max in 0_usize..20) {
            let (fitted, losses) = fit(&text, max);
            prop_assert!(fitted.chars().count() <= max);
            prop_assert!(!fitted.chars().any(|c| c.is_control() || is_break(c)));
            prop_assert_eq!(&*composed(&fitted), &*fitted);

            let (again, none) = fit(&fitted, max);
            prop_assert_eq!(&again, &fitted, "fitting twice is fitting once");
            prop_assert_eq!(none, []);

            let (whole, removed) = fit(&text, usize::MAX);
            prop_assert!(whole.starts_with(&fitted));
            let ends: Vec<usize> =
                whole.grapheme_indices(true).map(|(start, cluster)| start + cluster.len()).collect();
            prop_assert!(fitted.is_empty() || ends.contains(&fitted.len()), "inside a cluster");

            let lost = whole.chars().count() - fitted.chars().count();
            let cut: Vec<_> = losses.iter().skip(removed.len()).copied().collect();
            let expected: &[_] = if lost == 0 { &[] } else { &[LossKind::Cut { characters: lost }] };
            prop_assert_eq!(cut, expected, "a loss is reported if and only if there was one");
            let controls = text.chars().filter(|c| c.is_control() && !is_break(*c)).count();
            prop_assert_eq!(removed.len(), controls);
        }

        #[test]
        fn a_canonical_text_is_composed_whatever_came(text in awkward()) {
            let text = canonical(&text);
            prop_assert_eq!(&*composed(&text), &*text);
        }
    }
}
