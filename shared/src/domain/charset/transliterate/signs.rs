//! What a name needs otherwise than by taking a character apart, or than `deunicode` says.

/// What stands for a character. Angle quotes never become `<` or `>`, which would be markup in a mail.
pub(super) fn latin(character: char) -> Option<&'static str> {
    letter(character).or_else(|| punctuation(character)).or_else(|| currency(character))
}

/// Letters that are no base letter with a mark. Those of ICAO Doc 9303, part 3, section 6, are as there, in one letter.
fn letter(character: char) -> Option<&'static str> {
    let latin = match character {
        'Đ' => "D",
        'đ' => "d",
        'Ħ' => "H",
        'ħ' => "h",
        'ı' => "i",
        'ĸ' => "q",
        'Ł' => "L",
        'ł' => "l",
        'Ŋ' => "N",
        'ŋ' => "n",
        'Œ' => "OE",
        'œ' => "oe",
        'ẞ' => "SS",
        'Ŧ' => "T",
        'ŧ' => "t",
        'Ə' | 'Ǝ' => "E",
        'ə' | 'ǝ' => "e",
        _ => return None,
    };
    Some(latin)
}

fn punctuation(character: char) -> Option<&'static str> {
    let latin = match character {
        '‘' | '’' | '‚' | '‛' | '′' | '‵' | '‹' | '›' | 'ʹ' | 'ʻ' | 'ʼ' | 'ʽ' | 'ʾ' | 'ʿ' | 'ˈ'
        | 'ꞌ' | 'Ꞌ' | '՚' => "'",
        '“' | '”' | '„' | '‟' | '″' | '‶' | 'ʺ' | 'ˮ' | '⹂' => "\"",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '֊' => "-",
        '•' | '‣' | '‧' => "·",
        'ˆ' => "^",
        '˜' => "~",
        '˚' => "°",
        '‰' => "0/00",
        '№' => "No.",
        '™' => "(TM)",
        '℠' => "(SM)",
        _ => return None,
    };
    Some(latin)
}

/// Currencies by their codes (ISO 4217).
fn currency(character: char) -> Option<&'static str> {
    let latin = match character {
        '€' => "EUR",
        '₡' => "CRC",
        '₦' => "NGN",
        '₹' => "INR",
        '₩' | '￦' => "KRW",
        '₪' => "ILS",
        '₫' => "VND",
        '₭' => "LAK",
        '₮' => "MNT",
        '₱' => "PHP",
        '₲' => "PYG",
        '₴' => "UAH",
        '₵' => "GHS",
        '₸' => "KZT",
        '₺' => "TRY",
        '₼' => "AZN",
        '₽' => "RUB",
        '₾' => "GEL",
        '֏' => "AMD",
        '฿' => "THB",
        _ => return None,
    };
    Some(latin)
}
