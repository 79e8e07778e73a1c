//! The proof, by its bytes alone, that a text is ISO-8859-1: most values are, and should cost little more than a copy.
//!
//! In UTF-8 a text is printable ISO-8859-1 if it has no byte from 0xC4, no control character, and after 0xC2 nothing below
//! 0xA0 (U+0080 to U+009F, which are control characters too). It is one line and NFC then, since nothing below U+0300 ever
//! composes.
//!
//! Long texts are judged in strides that the compiler makes vector instructions of, names in words of eight bytes.

const STRIDE: usize = 64;
const SHORT: usize = 32;
const WORD: usize = size_of::<u64>();

/// A word of one byte throughout.
const fn all(byte: u8) -> u64 {
    u64::from_le_bytes([byte; WORD])
}

/// The highest bit of each byte.
const HIGH: u64 = all(0x80);

/// Whether a text is printable ISO-8859-1, one line and NFC as it is.
pub(super) fn fits(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < SHORT {
        // The few words of a name are judged once, for what is harder to say.
        return every_word(bytes, is_latin1_word);
    }
    is_ascii(bytes) || is_latin1(bytes)
}

fn is_ascii(bytes: &[u8]) -> bool {
    let (strides, rest) = bytes.as_chunks::<STRIDE>();
    let fits = |all, byte: &u8| all & (byte.wrapping_sub(b' ') < 0x5f);
    strides.iter().all(|stride| stride.iter().fold(true, fits)) && every_word(rest, is_ascii_word)
}

fn is_latin1(bytes: &[u8]) -> bool {
    let next = bytes.get(1..).unwrap_or_default();
    // Each byte with the one after it.
    let (strides_next, rest) = next.as_chunks::<STRIDE>();
    let (strides, _) = bytes.as_chunks::<STRIDE>();
    let judged = bytes.len() - bytes.len().min(rest.len() + 1);
    strides.iter().zip(strides_next).all(|(here, next)| {
        here.iter().zip(next).fold(true, |all, (here, next)| all & byte_fits(*here, *next))
    }) && every_word(bytes.get(judged..).unwrap_or_default(), is_latin1_word)
}

#[expect(clippy::needless_bitwise_bool, reason = "branches would keep it from being vectorised")]
fn byte_fits(here: u8, next: u8) -> bool {
    (here >= b' ') & (here != 0x7f) & (here < 0xc4) & !((here == 0xc2) & (next < 0xa0))
}

/// Whether every word fits that two neighbours are in. Words overlap, so that any two neighbours are in one; what is
/// shorter is filled up with spaces.
fn every_word(bytes: &[u8], fits: impl Fn(u64) -> bool) -> bool {
    let Some(last) = bytes.last_chunk::<WORD>() else {
        let word = bytes.iter().rev().fold(all(b' '), |word, byte| word << 8 | u64::from(*byte));
        return fits(word);
    };
    let mut rest = bytes;
    while let Some(word) = rest.first_chunk::<WORD>() {
        if !fits(u64::from_le_bytes(*word)) {
            return false;
        }
        rest = rest.get(WORD - 1..).unwrap_or_default();
    }
    fits(u64::from_le_bytes(*last))
}

/// Nothing is from 0x80, nor 0x7F, nor below 0x20. What is carried from byte to byte comes from one that does not fit.
fn is_ascii_word(word: u64) -> bool {
    (word | word.wrapping_add(all(1)) | word.wrapping_sub(all(b' '))) & HIGH == 0
}

/// As [`byte_fits`], for eight at once.
fn is_latin1_word(word: u64) -> bool {
    let low = word & !HIGH;
    let control = word.wrapping_sub(all(b' ')) & !word;
    let delete = (word ^ all(0x7f)).wrapping_sub(all(1)) & (word ^ !all(0x7f));
    let too_high = (low + all(0x80 - 0x44)) & word;
    // Exactly the bytes that are 0xC2, then the bytes after them; 0xA0 has the bit 0x20, which 0x80 and 0x90 have not.
    let is_c2 = word ^ all(0xc2);
    let is_c2 = !(((is_c2 & !HIGH) + !HIGH) | is_c2 | !HIGH);
    let c1 = is_c2 << 8 & !(word << 2);
    (control | delete | too_high | c1) & HIGH == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the module says it, byte by byte.
    fn fits_plainly(text: &str) -> bool {
        text.chars().all(|character| matches!(u32::from(character), 0x20..=0x7e | 0xa0..=0xff))
    }

    fn characters() -> impl Iterator<Item = char> + Clone {
        ('\0'..='\u{17f}').chain(['\u{300}', '中', '👩'])
    }

    #[test]
    fn every_character_is_judged_rightly_at_every_place() {
        for character in characters() {
            let afters = [0, 1, 6, 7, 8, 9, 15, 23, 31, 40, 70];
            for (before, after) in (0..72).flat_map(|before| afters.map(|after| (before, after))) {
                let text = format!("{}{character}{}", "a".repeat(before), "b".repeat(after));
                assert_eq!(fits(&text), fits_plainly(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn every_pair_of_characters_is_judged_rightly() {
        for (first, second) in characters().flat_map(|first| characters().map(move |s| (first, s)))
        {
            for before in ["", "é", "abcdef", "abcdefg", "a name of twenty-nine letters"] {
                let text = format!("{before}{first}{second}");
                assert_eq!(fits(&text), fits_plainly(&text), "{text:?}");
            }
        }
    }
}
