//! What values lost on their way out, in counts; who lost what stands in `losses.ndjson`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::loss::LossKind;

/// Losses of a run, per field and per character.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Losses {
    /// Characters that did not fit, whatever became of them.
    pub characters: u64,
    /// Values that were too long and were cut.
    pub cut: u64,
    /// The same by Constant Contact's field.
    pub by_field: BTreeMap<String, FieldLosses>,
    /// How often which character did not fit.
    pub by_character: BTreeMap<char, u64>,
}

/// Losses of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FieldLosses {
    /// Characters that did not fit, whatever became of them.
    pub characters: u64,
    /// Those of them that were written with other letters (`Ł` as `L`).
    #[serde(default)]
    pub transliterated: u64,
    /// Those of them that kept the whole value, or the whole person, from being sent.
    #[serde(default)]
    pub withheld: u64,
    /// Values that were too long and were cut.
    pub cut: u64,
    /// Characters at the end of those values that were cut off.
    pub cut_characters: u64,
}

impl Losses {
    /// Counts one loss of a field.
    pub fn count(&mut self, field: &str, loss: LossKind) {
        match loss {
            LossKind::Cut { characters } => self.count_cut(field, characters),
            LossKind::Control { character } | LossKind::Replaced { character } => {
                self.count_character(field, character);
            }
            LossKind::Transliterated { character } => {
                self.count_character(field, character);
                self.field(field).transliterated += 1;
            }
            LossKind::Dropped { character } | LossKind::Held { character } => {
                self.count_character(field, character);
                self.field(field).withheld += 1;
            }
        }
    }

    /// Counts a value that was too long: one more cut, and how many characters it lost at its end.
    pub(crate) fn count_cut(&mut self, field: &str, characters: usize) {
        self.cut += 1;
        let field = self.field(field);
        field.cut += 1;
        field.cut_characters += u64::try_from(characters).unwrap_or(u64::MAX);
    }

    /// Counts a character that did not fit.
    pub(crate) fn count_character(&mut self, field: &str, character: char) {
        self.characters += 1;
        *self.by_character.entry(character).or_default() += 1;
        self.field(field).characters += 1;
    }

    /// Adds the losses of another part of the run.
    pub fn merge(&mut self, other: &Self) {
        self.characters += other.characters;
        self.cut += other.cut;
        for (name, theirs) in &other.by_field {
            let ours = self.field(name);
            ours.characters += theirs.characters;
            ours.transliterated += theirs.transliterated;
            ours.withheld += theirs.withheld;
            ours.cut += theirs.cut;
            ours.cut_characters += theirs.cut_characters;
        }
        for (character, count) in &other.by_character {
            *self.by_character.entry(*character).or_default() += count;
        }
    }

    /// Whether nothing was lost.
    pub fn is_empty(&self) -> bool {
        self.characters == 0 && self.cut == 0
    }

    /// The characters that failed to fit most often, most frequent first, ties by code point; at most `count`.
    pub fn most_frequent_characters(&self, count: usize) -> Vec<(char, u64)> {
        let mut characters: Vec<(char, u64)> =
            self.by_character.iter().map(|(character, count)| (*character, *count)).collect();
        characters.sort_by(|(_, left), (_, right)| right.cmp(left));
        characters.truncate(count);
        characters
    }

    fn field(&mut self, name: &str) -> &mut FieldLosses {
        self.by_field.entry(name.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_characters_come_first_and_ties_by_code_point() {
        let mut losses = Losses::default();
        for character in "žćććžłć".chars() {
            losses.count_character("last_name", character);
        }
        losses.count_character("city", 'đ');
        assert_eq!(losses.most_frequent_characters(3), [('ć', 4), ('ž', 2), ('đ', 1)]);
        assert_eq!(losses.characters, 8);
        assert_eq!(losses.by_field["last_name"].characters, 7);
    }

    #[test]
    fn parts_of_a_run_add_up() {
        let mut part = Losses::default();
        part.count_cut("company_name", 4);
        part.count_character("city", '\u{1}');
        let mut whole = part.clone();
        whole.merge(&part);
        assert_eq!((whole.characters, whole.cut), (2, 2));
        assert_eq!(whole.by_field["company_name"].cut_characters, 8);
        assert_eq!(whole.by_character[&'\u{1}'], 2);
        assert!(!whole.is_empty() && Losses::default().is_empty());
    }

    #[test]
    fn what_became_of_a_character_is_counted_by_field() {
        let mut losses = Losses::default();
        losses.count("first_name", LossKind::Transliterated { character: 'Ł' });
        losses.count("first_name", LossKind::Replaced { character: '李' });
        losses.count("city", LossKind::Dropped { character: '李' });
        losses.count("city", LossKind::Cut { characters: 3 });
        let field = |name: &str| {
            let field = losses.by_field[name];
            (field.characters, field.transliterated, field.withheld, field.cut)
        };
        assert_eq!((field("first_name"), field("city")), ((2, 1, 0, 0), (1, 0, 1, 1)));
        assert_eq!((losses.characters, losses.by_character[&'李']), (3, 2));
    }

    #[test]
    fn every_character_is_read_back_as_it_was_written() {
        let mut losses = Losses::default();
        for character in ['"', '\\', '\u{0}', '\u{301}', '👩', '\u{200d}'] {
            losses.count_character("first_name", character);
        }
        let json = serde_json::to_string(&losses).unwrap();
        assert_eq!(serde_json::from_str::<Losses>(&json).unwrap(), losses);
    }
}
