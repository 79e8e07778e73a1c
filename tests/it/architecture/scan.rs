//! Reads Rust as far as this suite needs it: which paths a file names, resolved from the top of its crate.
//!
//! It knows comments, literals, `use` trees, inline modules, and `crate`, `self` and `super`. It does not expand macros.

use std::iter::Peekable;
use std::slice::Iter;

/// A path that a file names, `use` trees taken apart: `shared::domain::Uid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mention {
    /// The path from the top of its crate; whatever starts with another name is as it stands.
    pub(crate) path: Vec<String>,
    /// Where, from 1.
    pub(crate) line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    text: String,
    line: usize,
}

impl Token {
    fn is_name(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// The words of a file without comments, literals and lifetimes, each with its line.
fn tokens(source: &str) -> Vec<Token> {
    let text: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    let peek = |at: usize| text.get(at).copied().unwrap_or('\0');
    while at < text.len() {
        let start = at;
        match (text[at], peek(at + 1)) {
            ('/', '/') => at = end_of_line(&text, at),
            ('/', '*') => at = end_of_comment(&text, at),
            ('"', _) => at = end_of_quoted(&text, at + 1, '"'),
            // 'a' and '\n' are characters, 'a is a lifetime.
            ('\'', '\\') => at = end_of_quoted(&text, at + 1, '\''),
            ('\'', _) if peek(at + 2) == '\'' => at += 3,
            (':', ':') => {
                tokens.push(Token { text: "::".to_owned(), line });
                at += 2;
            }
            (letter, _) if letter.is_alphabetic() || letter == '_' => {
                while peek(at).is_alphanumeric() || peek(at) == '_' {
                    at += 1;
                }
                let name: String = text[start..at].iter().collect();
                let hashes = text[at..].iter().take_while(|c| **c == '#').count();
                let is_raw = matches!(name.as_str(), "r" | "br" | "cr");
                if is_raw && peek(at + hashes) == '"' {
                    at = end_of_raw(&text, at + hashes + 1, hashes);
                } else {
                    tokens.push(Token { text: name, line });
                }
            }
            (digit, _) if digit.is_ascii_digit() => {
                while peek(at).is_alphanumeric() || peek(at) == '_' {
                    at += 1;
                }
            }
            (other, _) => {
                if !other.is_whitespace() {
                    tokens.push(Token { text: other.to_string(), line });
                }
                at += 1;
            }
        }
        line += text[start..at.min(text.len())].iter().filter(|c| **c == '\n').count();
    }
    tokens
}

fn end_of_line(text: &[char], from: usize) -> usize {
    text[from..].iter().position(|c| *c == '\n').map_or(text.len(), |length| from + length)
}

/// Block comments nest.
fn end_of_comment(text: &[char], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at + 1 < text.len() {
        match (text[at], text[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn end_of_quoted(text: &[char], from: usize, quote: char) -> usize {
    let mut at = from;
    while at < text.len() {
        match text[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

fn end_of_raw(text: &[char], from: usize, hashes: usize) -> usize {
    let closes = |at: &usize| {
        text[*at] == '"'
            && text[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
    };
    (from..text.len()).find(closes).map_or(text.len(), |at| at + 1 + hashes)
}

/// The words of a file, for rules about keywords.
pub(crate) fn words(source: &str) -> Vec<(String, usize)> {
    tokens(source).into_iter().map(|token| (token.text, token.line)).collect()
}

/// Every path that the file names, when `module` is the path of its module, crate first.
pub(crate) fn mentions(source: &str, module: &[String]) -> Vec<Mention> {
    let tokens = tokens(source);
    let mut tokens = tokens.iter().peekable();
    let mut found = Vec::new();
    let mut here = module.to_vec();
    // The depth of braces, and at which depths the inline modules began.
    let (mut depth, mut modules) = (0_usize, Vec::new());
    while let Some(token) = tokens.next() {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                if modules.last() == Some(&depth) {
                    modules.pop();
                    here.pop();
                }
            }
            "mod" => {
                let name = tokens.next_if(|next| next.is_name());
                if let (Some(name), Some("{")) = (name, tokens.peek().map(|next| &*next.text)) {
                    here.push(name.text.clone());
                    modules.push(depth);
                }
            }
            // `use<'a>` says what a type captures; it imports nothing.
            "use" if tokens.peek().is_some_and(|next| next.text != "<") => {
                use_tree(&mut tokens, &[], &here, &mut found);
            }
            _ if token.is_name() => {
                let mut path = vec![token.text.clone()];
                while tokens.next_if(|next| next.text == "::").is_some() {
                    match tokens.next_if(|next| next.is_name()) {
                        Some(next) => path.push(next.text.clone()),
                        None => break,
                    }
                }
                if path.len() > 1 {
                    found.push(Mention { path: resolved(&path, &here), line: token.line });
                }
            }
            _ => {}
        }
    }
    found
}

/// One branch of a `use`: a path, and at its end a name, a star, or braces with branches.
fn use_tree(
    tokens: &mut Peekable<Iter<'_, Token>>,
    stem: &[String],
    here: &[String],
    found: &mut Vec<Mention>,
) {
    let mut path = stem.to_vec();
    let mut line = 0;
    while let Some(token) = tokens.next_if(|next| !matches!(&*next.text, ";" | "," | "}")) {
        line = token.line;
        match token.text.as_str() {
            "{" => {
                while tokens.peek().is_some_and(|next| next.text != "}") {
                    use_tree(tokens, &path, here, found);
                    tokens.next_if(|next| next.text == ",");
                }
                tokens.next();
                return;
            }
            "as" => {
                tokens.next();
            }
            _ if token.is_name() && (token.text != "self" || stem.is_empty()) => {
                path.push(token.text.clone());
            }
            _ => {}
        }
    }
    found.push(Mention { path: resolved(&path, here), line });
}

/// The path with `crate`, `self` and `super` written out.
fn resolved(path: &[String], here: &[String]) -> Vec<String> {
    let mut whole: Vec<String> = Vec::new();
    for (at, name) in path.iter().enumerate() {
        match (name.as_str(), at) {
            ("crate", 0) => whole.push(here[0].clone()),
            ("self", 0) => whole = here.to_vec(),
            ("super", 0) => whole = here[..here.len().saturating_sub(1)].to_vec(),
            ("super", _) => drop(whole.pop()),
            _ => whole.push(name.clone()),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(source: &str, module: &str) -> Vec<String> {
        let module: Vec<_> = module.split("::").map(ToOwned::to_owned).collect();
        mentions(source, &module).into_iter().map(|mention| mention.path.join("::")).collect()
    }

    #[test]
    fn a_tree_of_imports_is_taken_apart() {
        assert_eq!(
            named(
                "pub(crate) use crate::{http::{self, call::*}, gigya as far, domain::Uid};",
                "shared::store"
            ),
            ["shared::http", "shared::http::call", "shared::gigya", "shared::domain::Uid"]
        );
    }

    #[test]
    fn a_path_is_followed_up_from_where_it_stands() {
        assert_eq!(named("use super::super::http;", "shared::gigya::wire"), ["shared::http"]);
        assert_eq!(
            named("let a = super::Pace::per_second(4);", "shared::http::call"),
            ["shared::http::Pace::per_second"]
        );
        assert_eq!(
            named(
                "mod tests { use super::*; fn f() { self::g::h() } } fn i() { self::j() }",
                "shared::queue"
            ),
            ["shared::queue", "shared::queue::tests::g::h", "shared::queue::j"]
        );
        assert_eq!(
            named("let a = $crate::gigya::sign::<Key>(b);", "shared::domain"),
            ["shared::gigya::sign"]
        );
    }

    #[test]
    fn what_is_only_written_about_is_not_named() {
        let source = r##"
            //! See crate::gigya::a.
            /* crate::b::c /* crate::d::e */ crate::f::g */
            fn h<'a>(x: &'a str) -> char { let _ = ("crate::i::j", r#"crate::"k"::l"#, b"\"crate::m::n"); '\'' }
            fn o() -> char { 'x' }
            fn p() { q::r() }
        "##;
        assert_eq!(named(source, "shared"), ["q::r"]);
        let line = mentions(source, &["shared".to_owned()])[0].line;
        assert_eq!(line, 6);
    }
}
