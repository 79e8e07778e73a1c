//! Cyrillic by ICAO Doc 9303, part 3, section 6, as in passports, which asks for the language.
//!
//! The language is read from the text's own letters. A Serbian name that has no letter of Serbian alone (`Душан`) is
//! written like a Russian one; nothing in it tells.

use super::Place;

/// As far as the standard tells languages apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Belarusian,
    Bulgarian,
    Macedonian,
    Serbian,
    Ukrainian,
    /// Russian, and whatever has no rules of its own.
    Other,
}

impl Language {
    /// The language of a text, by the letters that only it has.
    pub(super) fn of(text: &str) -> Self {
        let (mut strongest, mut has_i, mut has_y) = (Clue::None, false, false);
        let mut letters = text.chars().map(lower).peekable();
        while let Some(letter) = letters.next() {
            strongest = strongest.max(Clue::of(letter, letters.peek().copied()));
            has_i |= letter == 'і';
            has_y |= matches!(letter, 'ы' | 'э' | 'ё');
        }
        match strongest {
            Clue::None | Clue::Bulgarian | Clue::Ukrainian if has_i && has_y => Self::Belarusian,
            Clue::None | Clue::Steppe => Self::Other,
            Clue::Bulgarian => Self::Bulgarian,
            Clue::Ukrainian => Self::Ukrainian,
            Clue::Macedonian => Self::Macedonian,
            Clue::SerbianOrMacedonian | Clue::Serbian => Self::Serbian,
            Clue::Belarusian => Self::Belarusian,
        }
    }
}

/// What a letter tells about the language of its text; the greater tells more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Clue {
    None,
    /// ъ as a vowel, before a consonant; Russian's stands before vowels.
    Bulgarian,
    Ukrainian,
    /// Kazakh and its like, which have the Ukrainian і among letters that Ukrainian has not.
    Steppe,
    SerbianOrMacedonian,
    Macedonian,
    Serbian,
    Belarusian,
}

impl Clue {
    fn of(letter: char, after: Option<char>) -> Self {
        let is_consonant = |after| matches!(after, 'а'..='я') && !"аеиоуъыьэюя".contains(after);
        match letter {
            'ў' => Self::Belarusian,
            'ђ' | 'ћ' => Self::Serbian,
            'ѓ' | 'ќ' | 'ѕ' => Self::Macedonian,
            'ј' | 'љ' | 'њ' | 'џ' => Self::SerbianOrMacedonian,
            'ә' | 'ғ' | 'қ' | 'ң' | 'ө' | 'ұ' | 'ү' | 'һ' => Self::Steppe,
            'і' | 'ї' | 'є' | 'ґ' => Self::Ukrainian,
            'ъ' if after.is_some_and(is_consonant) => Self::Bulgarian,
            _ => Self::None,
        }
    }
}

fn lower(letter: char) -> char {
    // Nothing before Cyrillic tells anything, and most of the rest of a text is that.
    if letter < '\u{400}' {
        return letter;
    }
    letter.to_lowercase().next().unwrap_or(letter)
}

/// What stands for a Cyrillic letter, in lower case; nothing for the soft sign.
pub(super) fn latin(place: &Place<'_>, language: Language) -> Option<&'static str> {
    let letter = lower(place.character);
    let own = match language {
        Language::Belarusian => belarusian(letter),
        Language::Bulgarian => bulgarian(letter),
        Language::Macedonian => macedonian(letter),
        Language::Serbian => serbian(letter),
        Language::Ukrainian => ukrainian(letter, place),
        Language::Other => None,
    };
    own.or_else(|| common(letter))
}

fn belarusian(letter: char) -> Option<&'static str> {
    match letter {
        'г' => Some("h"),
        'ё' => Some("io"),
        _ => None,
    }
}

/// The standard gives Bulgarian щ only; ъ is as in Bulgaria's own passports, where it is no "ie".
fn bulgarian(letter: char) -> Option<&'static str> {
    match letter {
        'щ' => Some("sht"),
        'ъ' => Some("a"),
        _ => None,
    }
}

fn macedonian(letter: char) -> Option<&'static str> {
    match letter {
        'ѓ' => Some("gj"),
        'ќ' => Some("kj"),
        'х' => Some("h"),
        'ц' => Some("c"),
        'џ' => Some("dj"),
        _ => None,
    }
}

/// As Serbian's own Latin letters without their marks. The standard's H for Г is left out: no Serb writes it.
fn serbian(letter: char) -> Option<&'static str> {
    match letter {
        'ж' => Some("z"),
        'х' => Some("h"),
        'ц' | 'ч' => Some("c"),
        'ш' => Some("s"),
        _ => None,
    }
}

/// Some letters are written otherwise at the beginning of a word.
fn ukrainian(letter: char, place: &Place<'_>) -> Option<&'static str> {
    match letter {
        'г' => Some("h"),
        'и' => Some("y"),
        'є' if place.is_initial() => Some("ye"),
        'ї' if place.is_initial() => Some("yi"),
        'й' if place.is_initial() => Some("y"),
        'ю' if place.is_initial() => Some("yu"),
        'я' if place.is_initial() => Some("ya"),
        _ => None,
    }
}

/// What holds for every language that does not say otherwise. Of the letters that the standard does not know, those of
/// Kazakh, Tatar, Mongolian and their like are written as the letter that they look like, as those passports do.
fn common(letter: char) -> Option<&'static str> {
    let latin = match letter {
        'а' | 'ә' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' | 'ѓ' | 'ғ' => "g",
        'д' => "d",
        // The standard says D; Serbs without đ on their keyboards write dj.
        'ђ' => "dj",
        'е' | 'ѐ' | 'ё' | 'э' | 'ѣ' => "e",
        'є' | 'ъ' => "ie",
        'ж' => "zh",
        'з' => "z",
        'ѕ' | 'џ' => "dz",
        'и' | 'ѝ' | 'і' | 'ї' | 'й' => "i",
        'ј' => "j",
        'к' | 'ќ' | 'қ' => "k",
        'л' => "l",
        'љ' => "lj",
        'м' => "m",
        'н' | 'ң' => "n",
        'њ' => "nj",
        'о' | 'ө' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'ћ' => "c",
        'у' | 'ў' | 'ү' | 'ұ' | 'ѫ' => "u",
        'ф' | 'ѳ' => "f",
        'х' => "kh",
        'һ' => "h",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ы' | 'ѵ' => "y",
        // Soft sign and palochka stand for no sound of their own.
        'ь' | 'ӏ' => "",
        'ю' => "iu",
        'я' => "ia",
        _ => return None,
    };
    Some(latin)
}
