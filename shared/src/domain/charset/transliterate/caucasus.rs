//! Armenian by BGN/PCGN 1981 and Georgian by the national system of 2002, both without apostrophes, as in passports.

use super::Place;

/// Georgian letters in the order of Unicode, from U+10D0.
const GEORGIAN: [&str; 38] = [
    "a", "b", "g", "d", "e", "v", "z", "t", "i", "k", "l", "m", "n", "o", "p", "zh", "r", "s", "t",
    "u", "p", "k", "gh", "q", "sh", "ch", "ts", "dz", "ts", "ch", "kh", "j", "h", "e", "y", "w",
    "q", "o",
];

/// What stands for an Armenian letter, in lower case; nothing for the second letter of `ու`.
pub(super) fn armenian(place: &Place<'_>) -> Option<&'static str> {
    let lower = |character: char| character.to_lowercase().next().unwrap_or(character);
    let latin = match lower(place.character) {
        'ա' => "a",
        'բ' => "b",
        'գ' => "g",
        'դ' => "d",
        'ե' if place.is_initial() => "ye",
        'ե' | 'է' => "e",
        'զ' => "z",
        'ը' | 'յ' => "y",
        'թ' | 'տ' => "t",
        'ժ' => "zh",
        'ի' => "i",
        'լ' => "l",
        'խ' => "kh",
        'ծ' | 'ց' => "ts",
        'կ' | 'ք' => "k",
        'հ' => "h",
        'ձ' => "dz",
        'ղ' => "gh",
        'ճ' | 'չ' => "ch",
        'մ' => "m",
        'ն' => "n",
        'շ' => "sh",
        'ո' if place.following().next().map(lower) == Some('ւ') => "u",
        'ո' if place.is_initial() => "vo",
        'ո' | 'օ' => "o",
        'պ' | 'փ' => "p",
        'ջ' => "j",
        'ռ' | 'ր' => "r",
        'ս' => "s",
        'ւ' if place.preceding().next().map(lower) == Some('ո') => "",
        'վ' | 'ւ' => "v",
        'ֆ' => "f",
        'և' if place.is_initial() => "yev",
        'և' => "ev",
        _ => return None,
    };
    Some(latin)
}

/// What stands for a Georgian letter of any of its three alphabets, in lower case.
pub(super) fn georgian(character: char) -> Option<&'static str> {
    let first = match character {
        '\u{10d0}'..='\u{10f5}' => '\u{10d0}',
        '\u{10a0}'..='\u{10c5}' => '\u{10a0}',
        '\u{1c90}'..='\u{1cb5}' => '\u{1c90}',
        '\u{2d00}'..='\u{2d25}' => '\u{2d00}',
        _ => return None,
    };
    let at = usize::try_from(u32::from(character) - u32::from(first)).ok()?;
    GEORGIAN.get(at).copied()
}
