//! Greek by ELOT 743 (ISO 843, type 2), as in Greek passports: it follows the sound, so letters depend on their neighbours.

use unicode_normalization::char::decompose_compatible;

use super::Place;

const DIAERESIS: char = '\u{308}';

/// The accents that show where a word is stressed: grave, acute, tonos and perispomeni.
const ACCENTS: [char; 3] = ['\u{300}', '\u{301}', '\u{342}'];

/// A letter without its marks, and what they say.
#[derive(Clone, Copy)]
struct Letter {
    base: char,
    is_accented: bool,
    has_diaeresis: bool,
}

impl Letter {
    fn of(character: char) -> Self {
        let mut letter = Self { base: '\0', is_accented: false, has_diaeresis: false };
        if matches!(character, 'α'..='ω') {
            return Self { base: character, ..letter };
        }
        decompose_compatible(character, |part| match part {
            DIAERESIS => letter.has_diaeresis = true,
            mark if ACCENTS.contains(&mark) => letter.is_accented = true,
            base if letter.base == '\0' => letter.base = base.to_lowercase().next().unwrap_or(base),
            _ => {}
        });
        letter
    }
}

/// What stands for a Greek letter, in lower case; nothing for the second letter of a pair that is one sound.
pub(super) fn latin(place: &Place<'_>) -> Option<&'static str> {
    let letter = Letter::of(place.character);
    let base = |character: Option<char>| character.map(|character| Letter::of(character).base);
    let next = || base(place.following().next());
    let latin = match letter.base {
        'α' => "a",
        'β' => "v",
        'γ' if matches!(next(), Some('γ' | 'ξ' | 'χ')) => "n",
        'γ' => "g",
        'δ' => "d",
        'ε' => "e",
        'ζ' => "z",
        'η' | 'ι' => "i",
        'θ' => "th",
        'κ' => "k",
        'λ' => "l",
        'μ' if is_b(place) => "b",
        'μ' => "m",
        'ν' => "n",
        'ξ' => "x",
        'ο' | 'ω' => "o",
        'π' if is_rest_of_b(place) => "",
        'π' => "p",
        'ρ' => "r",
        'σ' | 'ς' => "s",
        'τ' => "t",
        'υ' if letter.has_diaeresis => "y",
        'υ' => upsilon(place),
        'φ' => "f",
        'χ' => "ch",
        'ψ' => "ps",
        _ => return None,
    };
    Some(latin)
}

/// `αυ`, `ευ` and `ηυ` end in v or f, `ου` is ou; with an accent on its first letter a pair is none (`άυλος`).
fn upsilon(place: &Place<'_>) -> &'static str {
    let Some(before) = place.preceding().next().map(Letter::of).filter(|b| !b.is_accented) else {
        return "y";
    };
    match before.base {
        'ο' => "u",
        'α' | 'ε' | 'η' => {
            let after = place.following().next().map(|after| Letter::of(after).base);
            let is_voiced = |after| "αεηιουωβγδζλμνρ".contains(after);
            if after.is_some_and(is_voiced) { "v" } else { "f" }
        }
        _ => "y",
    }
}

/// `μπ` is b where a word begins or ends.
fn is_b(place: &Place<'_>) -> bool {
    let mut following = place.following();
    following.next().is_some_and(|next| Letter::of(next).base == 'π')
        && (place.is_initial() || !following.next().is_some_and(char::is_alphabetic))
}

fn is_rest_of_b(place: &Place<'_>) -> bool {
    let mut preceding = place.preceding();
    preceding.next().is_some_and(|before| Letter::of(before).base == 'μ')
        && (place.is_final() || !preceding.next().is_some_and(char::is_alphabetic))
}
