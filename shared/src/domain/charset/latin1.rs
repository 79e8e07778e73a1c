//! Text in ISO-8859-1.
//!
//! Most values fit as they are, and one look at their bytes proves it. The others are written grapheme cluster by grapheme
//! cluster: an emoji of seven code points that does not fit is one character to its reader, hence one mark and one loss,
//! which names the first code point that has no place. What ISO-8859-1 has passes even inside such a cluster.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use super::fast::fits;
use super::line::{is_invisible, is_joint, one_line};
use super::transliterate::Transliteration;
use super::{Charset, Fit, Otherwise, Outcome, composed, composed_line};
use crate::domain::loss::LossKind;

/// Where a mark that does not fit is not to be put.
const USUAL_MARK: char = Charset::UTF_8.mark;

/// Makes one line of ISO-8859-1 of a text that is none yet; see [`Charset::convert`].
#[cold]
#[inline(never)]
pub(super) fn convert<'t>(
    charset: Charset,
    text: &'t str,
    on_loss: &mut dyn FnMut(LossKind),
) -> Outcome<'t> {
    let mut losses = Vec::new();
    let is_removed = |character: char| {
        character.is_control() || (is_invisible(character) && !is_joint(character))
    };
    let line = composed_line(one_line(text, is_removed, &mut |loss| losses.push(loss)));
    if fits(&line) {
        losses.into_iter().for_each(on_loss);
        return Outcome::Fits(line);
    }
    let mut writer = Writer {
        charset,
        line: &line,
        transliteration: Transliteration::of(&line),
        written: String::with_capacity(line.len()),
        losses,
        kept_back: Vec::new(),
    };
    writer.write();
    writer.finish(on_loss)
}

/// A printable character of ISO-8859-1. What windows-1252 has at 0x80 to 0x9F are control characters here.
pub(super) fn has(character: char) -> bool {
    matches!(character, ' '..='~' | '\u{a0}'..='\u{ff}')
}

/// Writes a line that does not fit.
struct Writer<'l> {
    charset: Charset,
    line: &'l str,
    transliteration: Transliteration<'l>,
    written: String,
    losses: Vec<LossKind>,
    /// Why the text is not sent; such a text has no other losses.
    kept_back: Vec<LossKind>,
}

impl Writer<'_> {
    fn write(&mut self) {
        let line = self.line;
        let mut start = 0;
        while let Some(rest) = line.get(start..)
            && let Some(first) = rest.chars().next()
        {
            let end = start + first.len_utf8();
            let second = line.get(end..).and_then(|rest| rest.chars().next());
            start = if is_alone(first) && second.is_none_or(is_alone) {
                self.character(first, start..end, &mut false);
                end
            } else {
                let cluster = rest.graphemes(true).next().unwrap_or(rest);
                self.cluster(cluster, start);
                start + cluster.len()
            };
        }
    }

    fn cluster(&mut self, cluster: &str, start: usize) {
        let range = start..start + cluster.len();
        let invisible = cluster.chars().filter(|character| is_invisible(*character));
        let visible: String =
            cluster.chars().filter(|character| !is_invisible(*character)).collect();
        let mut is_misfit = false;
        for character in composed(&visible).chars() {
            self.character(character, range.clone(), &mut is_misfit);
        }
        if !is_misfit {
            self.losses.extend(invisible.map(|character| LossKind::Control { character }));
        }
    }

    /// Writes a character of the cluster at `range`, which may have been found not to fit before.
    fn character(&mut self, character: char, range: std::ops::Range<usize>, is_misfit: &mut bool) {
        if has(character) {
            return self.written.push(character);
        }
        let fits = match self.charset.fit {
            // What is left of marks after composition belongs to a letter that has none in ISO-8859-1.
            Fit::Transliterate if is_combining_mark(character) => !*is_misfit,
            Fit::Transliterate => self.transliteration.append(character, range, &mut self.written),
            Fit::None => false,
        };
        if fits {
            self.losses.push(LossKind::Transliterated { character });
        } else if !*is_misfit {
            *is_misfit = true;
            self.misfit(character);
        }
    }

    fn misfit(&mut self, character: char) {
        match self.charset.otherwise {
            Otherwise::Replace => {
                let mark = self.charset.mark;
                self.written.push(if has(mark) { mark } else { USUAL_MARK });
                self.losses.push(LossKind::Replaced { character });
            }
            Otherwise::DropField => self.kept_back.push(LossKind::Dropped { character }),
            Otherwise::Hold => self.kept_back.push(LossKind::Held { character }),
        }
    }

    fn finish<'t>(self, on_loss: &mut dyn FnMut(LossKind)) -> Outcome<'t> {
        if self.kept_back.is_empty() {
            self.losses.into_iter().for_each(on_loss);
            return Outcome::Fits(Cow::Owned(self.written));
        }
        self.kept_back.into_iter().for_each(on_loss);
        match self.charset.otherwise {
            Otherwise::Replace => Outcome::Fits(Cow::Owned(self.written)),
            Otherwise::DropField => Outcome::Dropped,
            Otherwise::Hold => Outcome::Held,
        }
    }
}

/// Letters and ideographs of which two that follow each other are two grapheme clusters (UAX 29: both of class Other), so
/// that most text needs no segmentation.
fn is_alone(character: char) -> bool {
    matches!(
        character,
        ' '..='~'
            | '\u{a0}'..='\u{ac}'
            | '\u{ae}'..='\u{2ff}'
            | '\u{370}'..='\u{482}'
            | '\u{48a}'..='\u{590}'
            | '\u{1e00}'..='\u{1fff}'
            | '\u{4e00}'..='\u{9fff}'
    )
}
