//! Reads TOML tables key by key, noting every problem with its line, and goes on.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::SettingsError;
use super::check;

/// Where in the text something stands, in bytes from its start.
pub(super) type Position = usize;

/// The problems found so far.
pub(super) struct Problems<'t> {
    text: &'t str,
    found: RefCell<Vec<(Option<Position>, String)>>,
}

impl<'t> Problems<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, found: RefCell::default() }
    }

    pub(super) fn add(&self, at: Option<Position>, problem: impl Into<String>) {
        self.found.borrow_mut().push((at, problem.into()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// All problems in the order of the file; what is missing from it comes last.
    pub(super) fn into_error(self) -> SettingsError {
        let mut found = self.found.into_inner();
        found.sort_by_key(|(at, _)| at.unwrap_or(Position::MAX));
        let line =
            |at: Position| 1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        let problems = found.into_iter().map(|(at, problem)| match at {
            Some(at) => format!("sync.toml line {}: {problem}", line(at)),
            None => format!("sync.toml: {problem}"),
        });
        SettingsError::new(problems.collect())
    }
}

/// One table of the file, from which keys are taken; what is left at the end is unknown.
pub(super) struct Section<'t, 'p> {
    /// As it stands in messages: `[gigya]`.
    name: String,
    at: Option<Position>,
    table: DeTable<'t>,
    asked: Vec<&'static str>,
    problems: &'p Problems<'t>,
}

/// A value and where it stands.
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) at: Position,
}

impl<'t, 'p> Section<'t, 'p> {
    /// The whole file; `None` when it is no TOML, which is the only problem then.
    pub(super) fn root(text: &'t str, problems: &'p Problems<'t>) -> Option<Self> {
        match DeTable::parse(text) {
            Ok(table) => Some(Self::new(String::new(), None, table.into_inner(), problems)),
            Err(error) => {
                let at = error.span().map(|span| span.start);
                problems.add(at, format!("this is no TOML: {}", error.message()));
                None
            }
        }
    }

    fn new(
        name: String,
        at: Option<Position>,
        table: DeTable<'t>,
        problems: &'p Problems<'t>,
    ) -> Self {
        Self { name, at, table, asked: Vec::new(), problems }
    }

    /// A table of this one; empty when it is not there.
    pub(super) fn section(&mut self, key: &'static str) -> Self {
        let name = format!("[{key}] ");
        let (at, table) = match self.take(key).map(|value| (value.span().start, value.into_inner()))
        {
            Some((at, DeValue::Table(table))) => (Some(at), table),
            Some((at, other)) => {
                let kind = other.type_str();
                self.problems.add(Some(at), format!("{key} must be a table [{key}], not {kind}"));
                (Some(at), DeTable::new())
            }
            None => (None, DeTable::new()),
        };
        Self::new(name, at, table, self.problems)
    }

    /// The tables of an array of tables; none when it is not there.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Self> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let at = value.span().start;
        let DeValue::Array(items) = value.into_inner() else {
            self.problems.add(Some(at), format!("write {key} as tables [[{key}]]"));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let at = item.span().start;
            match item.get_ref() {
                DeValue::Table(table) => {
                    let name = format!("[[{key}]] {} ", index + 1);
                    sections.push(Self::new(name, Some(at), table.clone(), self.problems));
                }
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_)
                | DeValue::Array(_) => {
                    self.problems.add(Some(at), format!("write {key} as tables [[{key}]]"));
                }
            }
        }
        sections
    }

    /// Where the table begins.
    pub(super) fn at(&self) -> Option<Position> {
        self.at
    }

    /// Notes a problem of a key of this table.
    pub(super) fn problem(&self, at: Option<Position>, problem: impl std::fmt::Display) {
        self.problems.add(at.or(self.at), format!("{}{problem}", self.name));
    }

    /// Whether the key is there and was not taken yet.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    fn take(&mut self, key: &'static str) -> Option<Spanned<DeValue<'t>>> {
        self.asked.push(key);
        self.table.remove(key)
    }

    /// A value of any type that serde reads; `None` when it is not there or wrong.
    pub(super) fn value<T: DeserializeOwned>(&mut self, key: &'static str) -> Option<At<T>> {
        let value = self.take(key)?;
        self.read(key, value)
    }

    /// The same for a key that must be there.
    pub(super) fn required<T: DeserializeOwned>(&mut self, key: &'static str) -> Option<At<T>> {
        let Some(value) = self.take(key) else {
            self.problem(None, format!("{key} is missing"));
            return None;
        };
        self.read(key, value)
    }

    fn read<T: DeserializeOwned>(
        &self,
        key: &'static str,
        value: Spanned<DeValue<'t>>,
    ) -> Option<At<T>> {
        let at = value.span().start;
        if is_unquoted_text(value.get_ref()) {
            self.problem(Some(at), format!("{key} is no number; put a text in quotes"));
            return None;
        }
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(value) => Some(At { value, at }),
            Err(error) => {
                let within = error.span().map_or(at, |span| span.start);
                self.problem(Some(within), format!("{key}: {}", error.message()));
                None
            }
        }
    }

    /// Every item of an array, each read on its own, so that each has its own problem; none when the array is not there, and
    /// `None` when anything in it is wrong.
    pub(super) fn items<T: DeserializeOwned>(&mut self, key: &'static str) -> Option<Vec<At<T>>> {
        let Some(value) = self.take(key) else { return Some(Vec::new()) };
        let at = value.span().start;
        let DeValue::Array(items) = value.into_inner() else {
            self.problem(Some(at), format!("{key} must be an array: {key} = [ … ]"));
            return None;
        };
        let items: Vec<Spanned<DeValue<'t>>> = items.into_iter().collect();
        // All are read before the first failure counts.
        let read: Vec<Option<At<T>>> = items.into_iter().map(|item| self.read(key, item)).collect();
        read.into_iter().collect()
    }

    /// A value with a default; a wrong one is noted, and the default goes on in its place.
    pub(super) fn value_or<T: DeserializeOwned>(&mut self, key: &'static str, default: T) -> T {
        self.value(key).map_or(default, |found| found.value)
    }

    /// The same with the default of its type.
    pub(super) fn value_or_default<T: DeserializeOwned + Default>(
        &mut self,
        key: &'static str,
    ) -> T {
        self.value_or(key, T::default())
    }

    /// A whole number within bounds.
    pub(super) fn number<T>(
        &mut self,
        key: &'static str,
        default: T,
        bounds: &RangeInclusive<T>,
    ) -> T
    where
        T: TryFrom<i64> + PartialOrd + std::fmt::Display + Copy,
    {
        let Some(value) = self.take(key) else { return default };
        let whole = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            DeValue::String(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => None,
        };
        let number = whole.and_then(|whole| T::try_from(whole).ok());
        let number = number.filter(|number| bounds.contains(number));
        if number.is_none() {
            let (least, most) = (bounds.start(), bounds.end());
            let problem = format!("{key} must be a whole number from {least} to {most}");
            self.problem(Some(value.span().start), problem);
        }
        number.unwrap_or(default)
    }

    /// A text in which a check finds its meaning; the check's reason follows the key and the text in the message.
    pub(super) fn checked<T>(
        &self,
        key: &'static str,
        found: &At<String>,
        check: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<At<T>> {
        match check(&found.value) {
            Ok(value) => Some(At { value, at: found.at }),
            Err(reason) => {
                let text = check::shown(&found.value);
                self.problem(Some(found.at), format!("{key} \"{text}\" {reason}"));
                None
            }
        }
    }

    /// Ends the reading: every key that nobody asked for is a problem.
    pub(super) fn finish(self) {
        for (key, value) in &self.table {
            let known = self.asked.join(", ");
            let at = key.span().start;
            let what = match value.get_ref() {
                DeValue::Table(_) => format!("[{}]", key.get_ref()),
                DeValue::Array(_)
                | DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_) => format!("{}", key.get_ref()),
            };
            self.problem(Some(at), format!("{what} is no setting; known here: {known}"));
        }
    }
}

/// Whether it looks like a number and is none, such as `3_abc`: TOML's reader takes it for one until its value is asked for.
fn is_unquoted_text(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix()).is_err(),
        DeValue::Float(number) => number.as_str().parse::<f64>().is_err(),
        DeValue::String(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => false,
    }
}
