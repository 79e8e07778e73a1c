//! The nearest characters that ISO-8859-1 has, for the scripts in which they make a name that its owner would know.
//!
//! Those are Latin in all its forms, Greek, Cyrillic, Armenian and Georgian, digits of every script, punctuation, currency
//! and the like. Not Han, Kana, Hangul, Arabic, Hebrew, the scripts of India and emoji: letter by letter they make wrong
//! names (田中 is not "Tian Zhong", and محمد is not "mHmd"), so they are left to the customer's policy.
//!
//! Passport standards come first, since they are what people find in their own documents; `deunicode` comes last.

mod caucasus;
mod cyrillic;
mod digits;
mod greek;
mod signs;

use std::ops::Range;

use unicode_normalization::char::{decompose_canonical, decompose_compatible, is_combining_mark};

use self::cyrillic::Language;
use super::latin1;
use super::line::is_invisible;

/// Stands between numerator and denominator in what `⅓` is made of.
const FRACTION_SLASH: char = '\u{2044}';

/// The characters of one line, each in its surroundings.
pub(super) struct Transliteration<'l> {
    line: &'l str,
    language: Option<Language>,
}

impl<'l> Transliteration<'l> {
    /// Of a line in NFC.
    pub(super) fn of(line: &'l str) -> Self {
        Self { line, language: None }
    }

    /// Appends what stands for a character, which may be nothing; `false` when nothing can stand for it.
    pub(super) fn append(
        &mut self,
        character: char,
        at: Range<usize>,
        written: &mut String,
    ) -> bool {
        let place = Place {
            character,
            before: self.line.get(..at.start).unwrap_or_default(),
            after: self.line.get(at.end..).unwrap_or_default(),
        };
        self.append_at(&place, written)
    }

    fn append_at(&mut self, place: &Place<'_>, written: &mut String) -> bool {
        let character = place.character;
        let line = self.line;
        let cyrillic = |language: &mut Option<Language>| {
            cyrillic::latin(place, *language.get_or_insert_with(|| Language::of(line)))
        };
        let latin = match character {
            '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => greek::latin(place),
            '\u{400}'..='\u{52f}' => cyrillic(&mut self.language),
            '\u{531}'..='\u{587}' => caucasus::armenian(place),
            '\u{10a0}'..='\u{10ff}' | '\u{1c90}'..='\u{1cbf}' | '\u{2d00}'..='\u{2d2d}' => {
                caucasus::georgian(character)
            }
            _ => None,
        };
        if let Some(latin) = latin.or_else(|| signs::latin(character)) {
            push_cased(latin, place, written);
            return true;
        }
        if let Some(digit) = digits::ascii(character) {
            written.push(digit);
            return true;
        }
        if character.is_whitespace() {
            written.push(' ');
            return true;
        }
        is_covered(character)
            && (append_base(character, written)
                || self.append_parts(place, written)
                || append_nearest(place, written))
    }

    /// What a character is made of (NFKD) less the marks, if all of it can be written: `Ś`, `ﬁ`, `Ⅳ`, `𝓐`, `℃`.
    fn append_parts(&mut self, place: &Place<'_>, written: &mut String) -> bool {
        let mut parts = Vec::new();
        decompose_compatible(place.character, |part| parts.push(part));
        parts.retain(|part| !is_combining_mark(*part));
        // A space with a mark is an accent that stands by itself.
        if parts.is_empty() || parts == [place.character] || parts.contains(&' ') {
            return false;
        }
        let start = written.len();
        if parts.contains(&FRACTION_SLASH) && written.ends_with(|c: char| c.is_ascii_digit()) {
            written.push(' ');
        }
        let all = parts.into_iter().all(|part| {
            if latin1::has(part) && !is_markup(part) {
                written.push(part);
                return true;
            }
            self.append_at(&Place { character: part, ..*place }, written)
        });
        if !all {
            written.truncate(start);
        }
        all
    }
}

/// The letter without its marks, which is all that most letters of Europe need.
fn append_base(character: char, written: &mut String) -> bool {
    if !matches!(character, '\u{100}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}') {
        return false;
    }
    let mut base = None;
    decompose_canonical(character, |part| {
        base.get_or_insert(part);
    });
    let base = base.filter(char::is_ascii_alphabetic);
    written.extend(base);
    base.is_some()
}

/// What `deunicode` says, as far as it is a letter for a letter, and no markup in a mail.
fn append_nearest(place: &Place<'_>, written: &mut String) -> bool {
    let Some(nearest) = deunicode::deunicode_char(place.character) else { return false };
    let is_letter = place.character.is_alphabetic();
    // It notes palatal and glottal sounds with these.
    let nearest = if is_letter { nearest.trim_end_matches(['\'', '`']) } else { nearest };
    let fits = |byte: u8| {
        if is_letter {
            byte.is_ascii_alphabetic()
        } else {
            (byte == b' ' || byte.is_ascii_graphic()) && !is_markup(char::from(byte))
        }
    };
    if nearest.is_empty() || !nearest.bytes().all(fits) {
        return false;
    }
    if place.character.is_lowercase() {
        written.extend(nearest.chars().map(|letter| letter.to_ascii_lowercase()));
    } else {
        push_cased(nearest, place, written);
    }
    true
}

/// What would be markup in a mail, and so never stands for anything else.
fn is_markup(character: char) -> bool {
    matches!(character, '<' | '>')
}

/// A character and what stands around it.
#[derive(Clone, Copy)]
struct Place<'l> {
    character: char,
    before: &'l str,
    after: &'l str,
}

impl Place<'_> {
    /// The characters before it, nearest first, without marks.
    fn preceding(&self) -> impl Iterator<Item = char> {
        self.before.chars().rev().filter(|character| is_visible(*character))
    }

    /// The characters after it, without marks.
    fn following(&self) -> impl Iterator<Item = char> {
        self.after.chars().filter(|character| is_visible(*character))
    }

    /// Whether a word begins with it. The letter after an apostrophe is inside a word.
    fn is_initial(&self) -> bool {
        let is_inside = |character: char| {
            character.is_alphabetic() || matches!(character, '\'' | '\u{2019}' | '\u{2bc}')
        };
        !self.preceding().next().is_some_and(is_inside)
    }

    /// Whether a word ends with it.
    fn is_final(&self) -> bool {
        !self.following().next().is_some_and(char::is_alphabetic)
    }
}

fn is_visible(character: char) -> bool {
    !is_combining_mark(character) && !is_invisible(character)
}

/// A letter that becomes several is a capital as its word is: `Жуков` is Zhukov, `ЖУКОВ` is ZHUKOV, `Ж.` is Zh.
fn push_cased(latin: &str, place: &Place<'_>, written: &mut String) {
    let mut letters = latin.chars();
    let Some(first) = letters.next().filter(|_| place.character.is_uppercase()) else {
        return written.push_str(latin);
    };
    written.push(first.to_ascii_uppercase());
    let before = place.preceding().next();
    let after = place.following().next();
    if after.is_some_and(char::is_lowercase) {
        written.extend(letters.map(|letter| letter.to_ascii_lowercase()));
    } else if after.is_some_and(char::is_uppercase) || before.is_some_and(char::is_uppercase) {
        written.extend(letters.map(|letter| letter.to_ascii_uppercase()));
    } else {
        written.extend(letters);
    }
}

/// The blocks whose characters are taken apart, or looked up last of all.
fn is_covered(character: char) -> bool {
    matches!(
        character,
        // Latin and what modifies it; not the accents that stand by themselves
        '\u{100}'..='\u{2c1}' | '\u{2e0}'..='\u{2e4}' | '\u{1d00}'..='\u{1dbf}'
            | '\u{1e00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a722}'..='\u{a788}'
            | '\u{a78b}'..='\u{a7ff}' | '\u{ab30}'..='\u{ab69}' | '\u{10780}'..='\u{107bf}'
            | '\u{1df00}'..='\u{1dfff}'
            // Greek, Cyrillic, Armenian
            | '\u{370}'..='\u{58f}' | '\u{1c80}'..='\u{1c8f}' | '\u{1f00}'..='\u{1fff}'
            | '\u{a640}'..='\u{a69f}'
            // punctuation, superscripts, currency, letterlike symbols, number forms
            | '\u{2000}'..='\u{218f}' | '\u{2e00}'..='\u{2e7f}'
            // letters and digits in circles and brackets
            | '\u{2460}'..='\u{24ff}'
            // ligatures, fullwidth, mathematical letters
            | '\u{fb00}'..='\u{fb17}' | '\u{ff01}'..='\u{ff5e}' | '\u{ffe0}'..='\u{ffe6}'
            | '\u{1d400}'..='\u{1d7ff}'
    )
}
