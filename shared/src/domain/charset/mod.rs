//! Which characters Constant Contact takes, and what becomes of those that it does not.
//!
//! In this order: tabs and line breaks become spaces, control characters are removed, the text is composed (NFC), and what
//! is not in the encoding is transliterated or treated as the customer's policy says. Every character that is lost is
//! reported, and nothing is reported that is not lost.
//!
//! HTML entities are not decoded here. Gigya's are decoded once, at the door (`text::canonical`): decoding them twice would
//! make `<` of a person's `&amp;lt;`.
//!
#![doc = include_str!("../../../docs/characters.md")]

mod fast;
mod latin1;
mod line;
#[cfg(test)]
mod page;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
mod transliterate;

use std::borrow::Cow;

use encoding_rs::mem;
use serde::Deserialize;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::loss::LossKind;

#[cfg(test)]
pub(super) use line::is_break;

/// What happens to characters that Constant Contact does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset {
    /// Which characters fit.
    pub encoding: Encoding,
    /// What is tried first with one that does not.
    pub fit: Fit,
    /// What happens to what still does not fit.
    pub otherwise: Otherwise,
    /// What `replace` puts there; a question mark stands in for one that does not fit itself.
    pub mark: char,
}

/// Which characters fit, and as which bytes they are imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum Encoding {
    /// Every character of Unicode.
    #[serde(rename = "utf-8")]
    Utf8,
    /// U+0000 to U+00FF less the control characters, one byte each. It is not windows-1252.
    #[serde(rename = "iso-8859-1")]
    Latin1,
}

/// What is tried first with a character that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// The nearest characters that fit.
    Transliterate,
    /// Straight to `otherwise`.
    None,
}

/// What happens to a character that still does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// The mark stands in its place.
    Replace,
    /// The field is not sent; the old value stays.
    DropField,
    /// The person waits.
    Hold,
}

/// What a value becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<'t> {
    /// It fits, as it was or after what was reported as lost.
    Fits(Cow<'t, str>),
    /// It does not fit, and its field is not sent.
    Dropped,
    /// It does not fit, and its person waits.
    Held,
}

impl Charset {
    /// Everything fits.
    pub const UTF_8: Self = Self {
        encoding: Encoding::Utf8,
        fit: Fit::Transliterate,
        otherwise: Otherwise::Replace,
        mark: '?',
    };

    /// ISO-8859-1 with the usual treatment of what does not fit.
    pub const LATIN_1: Self = Self { encoding: Encoding::Latin1, ..Self::UTF_8 };

    /// Makes one line of characters that fit, composed (NFC), without control characters, and tells what it lost.
    ///
    /// Tabs and line breaks become one space each, which is no loss; other control characters are removed. In UTF-8
    /// everything else fits. In ISO-8859-1 invisible format characters are removed too (in UTF-8 they belong to emoji and to
    /// the scripts of India), every character that ISO-8859-1 has passes as it is, and any other is written with characters
    /// that fit, or else is a case for [`Charset::otherwise`], once for each grapheme cluster.
    ///
    /// A text that is not sent has lost nothing but the characters that it is not sent for.
    #[inline]
    pub fn convert<'t>(&self, text: &'t str, on_loss: &mut dyn FnMut(LossKind)) -> Outcome<'t> {
        match self.encoding {
            Encoding::Utf8 => utf8(text, on_loss),
            Encoding::Latin1 if fast::fits(text) => Outcome::Fits(Cow::Borrowed(text)),
            Encoding::Latin1 => latin1::convert(*self, text, on_loss),
        }
    }
}

/// Whether a character is one of ISO-8859-1 and no control character.
pub fn is_latin1(character: char) -> bool {
    matches!(character, ' '..='~' | '\u{a0}'..='\u{ff}')
}

/// Everything but a line break and what controls a terminal fits.
fn utf8<'t>(text: &'t str, on_loss: &mut dyn FnMut(LossKind)) -> Outcome<'t> {
    Outcome::Fits(composed_line(line::one_line(text, char::is_control, on_loss)))
}

/// UTF-8 as ISO-8859-1, one byte a character; `None` when it holds a character beyond U+00FF, or is no UTF-8.
///
/// `encoding_rs` means windows-1252 by the label "iso-8859-1", so its `mem` functions are used, which mean the true one.
pub fn to_latin1(utf8: &[u8]) -> Option<Vec<u8>> {
    if !mem::is_utf8_latin1(utf8) {
        return None;
    }
    let mut bytes = vec![0; utf8.len()];
    let written = mem::convert_utf8_to_latin1_lossy(utf8, &mut bytes);
    bytes.truncate(written);
    Some(bytes)
}

/// The text in NFC.
pub fn composed(text: &str) -> Cow<'_, str> {
    // Nothing below U+0300, which begins with this byte, ever composes.
    if text.bytes().all(|byte| byte < 0xcc) {
        return Cow::Borrowed(text);
    }
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfc().collect()),
    }
}

/// A text on one line, in NFC.
fn composed_line(line: Cow<'_, str>) -> Cow<'_, str> {
    match line {
        Cow::Borrowed(line) => composed(line),
        Cow::Owned(line) => Cow::Owned(composed(&line).into_owned()),
    }
}
