//! What holds for every text in ISO-8859-1, whatever the text and the policy are.

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use unicode_segmentation::UnicodeSegmentation;

use super::*;

/// Texts of which everything is asked, each converted in [`WAYS`] ways.
const TEXTS: u32 = 160_000;
const WAYS: u32 = 6;
/// Texts of each test that asks for one thing.
const OTHER_TEXTS: u32 = 280_000;
const _: () = assert!(TEXTS + 3 * OTHER_TEXTS >= 1_000_000, "by the million");

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    }
}

/// Every fit with every policy, and marks of several kinds.
fn ways() -> [Charset; WAYS as usize] {
    let way = |fit, otherwise, mark| Charset { fit, otherwise, mark, ..Charset::LATIN_1 };
    [
        way(Fit::Transliterate, Otherwise::Replace, '?'),
        way(Fit::Transliterate, Otherwise::DropField, '?'),
        way(Fit::Transliterate, Otherwise::Hold, '?'),
        way(Fit::None, Otherwise::Replace, '李'),
        way(Fit::None, Otherwise::DropField, '?'),
        way(Fit::None, Otherwise::Hold, '?'),
    ]
}

/// From where characters are taken: each range as likely as any other.
const RANGES: [(char, char); 34] = [
    ('a', 'z'),
    ('A', 'Z'),
    (' ', '~'),
    ('\u{a0}', '\u{ff}'),
    ('\u{0}', '\u{1f}'),
    ('\u{7f}', '\u{9f}'),
    ('\u{100}', '\u{17f}'),
    ('\u{180}', '\u{2ff}'),
    ('\u{300}', '\u{36f}'),
    ('\u{370}', '\u{3ff}'),
    ('\u{3b1}', '\u{3c9}'),
    ('\u{400}', '\u{52f}'),
    ('\u{410}', '\u{44f}'),
    ('\u{530}', '\u{58f}'),
    ('\u{591}', '\u{5ea}'),
    ('\u{600}', '\u{6ff}'),
    ('\u{900}', '\u{97f}'),
    ('\u{e00}', '\u{e5b}'),
    ('\u{10a0}', '\u{11ff}'),
    ('\u{1780}', '\u{18af}'),
    ('\u{1e00}', '\u{1eff}'),
    ('\u{1f00}', '\u{1fff}'),
    ('\u{2000}', '\u{206f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2070}', '\u{218f}'),
    ('\u{3000}', '\u{30ff}'),
    ('\u{4e00}', '\u{9fff}'),
    ('\u{ac00}', '\u{d7a3}'),
    ('\u{fb00}', '\u{fb4f}'),
    ('\u{fe00}', '\u{ffff}'),
    ('\u{1d400}', '\u{1d7ff}'),
    ('\u{1f1e6}', '\u{1f1ff}'),
    ('\u{1f3fb}', '\u{1f64f}'),
    ('\0', char::MAX),
];

/// A text of these choices: four bytes a character, the first of which says how much it takes after the one before.
fn text_of(choices: &[u32]) -> String {
    let mut text = String::new();
    let mut range = RANGES[0];
    for choice in choices {
        let [kind, near, rest @ ..] = choice.to_be_bytes();
        // Runs of one script, as in names, with something else now and then.
        if near >= 160 || text.is_empty() {
            range = RANGES[usize::from(kind) % RANGES.len()];
        }
        if near < 12 {
            text.push('\u{200d}');
        }
        let (first, last) = (u32::from(range.0), u32::from(range.1));
        let spread = u32::from(u16::from_be_bytes(rest)) * if last > 0xffff { 17 } else { 1 };
        text.extend(char::from_u32(first + spread % (last - first + 1)));
    }
    text
}

fn texts() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<u32>(), 0..24).prop_map(|choices| text_of(&choices))
}

/// A text on one line and in NFC, in the plainest way.
fn line_of(text: &str) -> String {
    one_line_of(text).nfc().collect()
}

fn one_line_of(text: &str) -> String {
    text.replace("\r\n", " ").replace(is_break, " ")
}

fn is_latin1(text: &str) -> bool {
    text.chars().all(|character| matches!(u32::from(character), 0x20..=0x7e | 0xa0..=0xff))
}

fn is_policy(loss: LossKind) -> bool {
    match loss {
        LossKind::Cut { .. } | LossKind::Control { .. } | LossKind::Transliterated { .. } => false,
        LossKind::Replaced { .. } | LossKind::Dropped { .. } | LossKind::Held { .. } => true,
    }
}

fn keeps_every_promise(charset: Charset, text: &str) {
    let mut losses = Vec::new();
    let converted = match charset.convert(text, &mut |loss| losses.push(loss)) {
        Outcome::Fits(converted) => converted,
        kept_back @ (Outcome::Dropped | Outcome::Held) => {
            let is_held = kept_back == Outcome::Held;
            assert_eq!(is_held, charset.otherwise == Otherwise::Hold);
            assert!(!losses.is_empty(), "kept back for nothing");
            for loss in losses {
                let (LossKind::Dropped { character } | LossKind::Held { character }) = loss else {
                    panic!("{loss:?} of a text that is not sent")
                };
                assert_eq!(matches!(loss, LossKind::Held { .. }), is_held);
                assert!(!is_latin1(&character.to_string()), "{character:?} fits");
            }
            return;
        }
    };
    assert!(is_latin1(&converted), "{converted:?}");
    let line = line_of(text);
    assert_eq!(converted != line, !losses.is_empty(), "a loss is told if and only if there is one");
    assert!(losses.len() <= text.nfd().count(), "more losses than characters");
    let replaced = losses.iter().filter(|loss| is_policy(**loss)).count();
    assert!(replaced <= line.graphemes(true).count(), "more marks than clusters");
    assert!(charset.otherwise == Otherwise::Replace || replaced == 0);
    assert_eq!(is_latin1(&line), losses.is_empty(), "what fits loses nothing, what does not does");
    if is_latin1(text) {
        assert!(matches!(converted, Cow::Borrowed(same) if same == text), "not as it was");
    }

    let again = charset.convert(&converted, &mut |loss| panic!("converting twice lost {loss:?}"));
    assert_eq!(again, Outcome::Fits(Cow::Borrowed(&converted)));

    let bytes = to_latin1(converted.as_bytes()).unwrap();
    let decoded: String = bytes.into_iter().map(char::from).collect();
    assert_eq!(decoded, converted, "the bytes say something else");
}

/// What ISO-8859-1 has of a text, in order.
fn kept(text: &str) -> String {
    text.chars().filter(|character| is_latin1(character.encode_utf8(&mut [0; 4]))).collect()
}

proptest! {
    #![proptest_config(config(TEXTS))]

    #[test]
    fn every_text_keeps_every_promise_in_every_way(text in texts()) {
        for charset in ways() {
            keeps_every_promise(charset, &text);
        }
    }
}

proptest! {
    #![proptest_config(config(OTHER_TEXTS))]

    #[test]
    fn text_that_fits_passes_byte_for_byte(choices in prop::collection::vec(any::<u8>(), 0..100)) {
        let text: String =
            choices.into_iter().map(char::from).filter(|c| !c.is_control()).collect();
        for charset in ways() {
            let outcome = charset.convert(&text, &mut |loss| panic!("{loss:?}"));
            let is_same = matches!(outcome, Outcome::Fits(Cow::Borrowed(same)) if same == text);
            prop_assert!(is_same);
        }
    }

    #[test]
    fn what_fits_is_kept_beside_what_does_not(text in texts()) {
        let straight = Charset { fit: Fit::None, mark: '\u{7f}', ..Charset::LATIN_1 };
        let text: String = text.chars().filter(|c| *c != '?' && !line::is_invisible(*c)).collect();
        let Outcome::Fits(converted) = straight.convert(&text, &mut |_| ()) else { panic!() };
        let visible: String = one_line_of(&text).chars().filter(|c| !c.is_control()).collect();
        prop_assert_eq!(converted.replace('?', ""), kept(&line_of(&visible)));
    }

    #[test]
    fn no_text_breaks_utf_8(text in texts()) {
        let mut losses = 0;
        let outcome = Charset::UTF_8.convert(&text, &mut |_| losses += 1);
        let Outcome::Fits(converted) = outcome else { panic!("in UTF-8 everything fits") };
        prop_assert_eq!(losses == 0, converted == line_of(&text));
    }
}

#[test]
fn every_character_alone_keeps_every_promise() {
    for character in '\0'..=char::MAX {
        for charset in ways() {
            keeps_every_promise(charset, character.encode_utf8(&mut [0; 4]));
        }
    }
}
