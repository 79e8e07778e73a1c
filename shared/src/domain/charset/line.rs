//! One line of visible characters.

use std::borrow::Cow;

use crate::domain::loss::LossKind;

/// Puts a text on one line: white space that is not a plain one becomes a space (a CR LF one of them), other characters of
/// the kind that `is_removed` names are removed and counted.
pub(super) fn one_line<'t>(
    text: &'t str,
    is_removed: impl Fn(char) -> bool,
    on_loss: &mut dyn FnMut(LossKind),
) -> Cow<'t, str> {
    if !text.chars().any(|character| is_removed(character) || is_break(character)) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\r' && characters.peek() == Some(&'\n') {
            continue;
        }
        if is_break(character) {
            line.push(' ');
        } else if is_removed(character) {
            on_loss(LossKind::Control { character });
        } else {
            line.push(character);
        }
    }
    Cow::Owned(line)
}

/// A tab, or what Unicode lets end a line or paragraph (UAX 14, classes BK, CR, LF and NL).
pub(crate) fn is_break(character: char) -> bool {
    matches!(character, '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What shows nothing itself: Unicode's default ignorable characters and the marks of annotations, less U+00AD, which
/// ISO-8859-1 has.
pub(super) fn is_invisible(character: char) -> bool {
    is_joint(character)
        || matches!(
            character,
            '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
        )
}

/// Those of them that hold a grapheme cluster together: joiners, variation selectors, tags, fillers.
pub(super) fn is_joint(character: char) -> bool {
    matches!(
        character,
        '\u{34f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200c}'..='\u{200d}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}
