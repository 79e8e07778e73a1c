//! A text with values of the account in it: `{profile.firstName} {profile.lastName}`.

use serde::Deserialize;

use super::account::{Account, Path, PathError};
use super::text;

/// A text with paths in braces; `{{` and `}}` are braces.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Path),
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace too few or too many.
    #[error(
        "the braces of the template do not match; write {{{{ and }}}} where the text has a brace"
    )]
    Braces,
    /// What is in braces is no path.
    #[error("{0}")]
    Path(#[from] PathError),
    /// No braces at all.
    #[error("the template names no path; use constant for a text that never changes")]
    NoPath,
}

impl Template {
    /// The paths in braces.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Value(path) => Some(path),
        })
    }

    /// The text with the account's values; nothing when none of them is there.
    pub(super) fn fill(&self, account: &Account) -> String {
        let mut filled = String::new();
        let mut has_value = false;
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Value(path) => {
                    let value = account.text(path).unwrap_or_default();
                    let value = text::canonical(&value);
                    has_value |= !value.trim().is_empty();
                    filled.push_str(text::trim(&value));
                }
            }
        }
        if has_value { filled } else { String::new() }
    }
}

impl TryFrom<String> for Template {
    type Error = TemplateError;

    fn try_from(template: String) -> Result<Self, Self::Error> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut characters = template.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '{' | '}' if characters.peek() == Some(&character) => {
                    characters.next();
                    plain.push(character);
                }
                '{' => {
                    let mut path = String::new();
                    loop {
                        match characters.next() {
                            Some('}') => break,
                            Some('{') | None => return Err(TemplateError::Braces),
                            Some(character) => path.push(character),
                        }
                    }
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    pieces.push(Piece::Value(path.trim().parse()?));
                }
                '}' => return Err(TemplateError::Braces),
                character => plain.push(character),
            }
        }
        pieces.push(Piece::Text(plain));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        let template = Self(pieces);
        if template.paths().next().is_none() { Err(TemplateError::NoPath) } else { Ok(template) }
    }
}
