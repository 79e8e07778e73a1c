//! What values lost on their way out, in counts; who lost what stands in `losses.ndjson`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Losses of a run, per field and per character.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Losses {
    /// Characters that did not fit and were replaced or removed.
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
    /// Characters that did not fit and were replaced or removed.
    pub characters: u64,
    /// Values that were too long and were cut.
    pub cut: u64,
    /// Characters at the end of those values that were cut off.
    pub cut_characters: u64,
}

impl Losses {
    /// Counts a value that was too long: one more cut, and how many characters it lost at its end.
    pub fn count_cut(&mut self, field: &str, characters: usize) {
        self.cut += 1;
        let field = self.field(field);
        field.cut += 1;
        field.cut_characters += u64::try_from(characters).unwrap_or(u64::MAX);
    }

    /// Counts a character that did not fit.
    pub fn count_character(&mut self, field: &str, character: char) {
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
    fn every_character_is_read_back_as_it_was_written() {
        let mut losses = Losses::default();
        for character in ['"', '\\', '\u{0}', '\u{301}', '👩', '\u{200d}'] {
            losses.count_character("first_name", character);
        }
        let json = serde_json::to_string(&losses).unwrap();
        assert_eq!(serde_json::from_str::<Losses>(&json).unwrap(), losses);
    }
}
