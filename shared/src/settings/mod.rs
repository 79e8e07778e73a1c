//! Settings, read once and judged whole: every problem in one message.
//!
//! | module | what it reads |
//! | --- | --- |
//! | [`mod@env`] | the environment of a function; nothing else in the workspace reads the environment |
//! | [`customer`] | the customer's `sync.toml` |
//! | [`source`] | where that comes from, and how it is kept |
//!
//! `table` reads TOML with positions, `sections` and `fields` read the sections, and `check` knows what a good value
//! looks like.

mod check;
pub mod customer;
pub mod env;
mod fields;
mod sections;
pub mod source;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;

pub use customer::{
    Authentication, ConstantContactSettings, CustomerSettings, GigyaEndpoint, GigyaSettings,
    Population, RunSettings, Safety,
};
pub use env::{Environment, ExportEnvironment, PollEnvironment, UploadEnvironment};

/// Everything that is wrong with the settings. Its text is what the operator reads: one line a problem, and each says what
/// to do. `Debug` is the same text, because it is what a `main` that ends with this error prints.
#[derive(Clone, PartialEq, Eq)]
pub struct SettingsError {
    problems: Vec<String>,
}

impl SettingsError {
    fn new(problems: Vec<String>) -> Self {
        Self { problems }
    }

    /// The problems, each a sentence that says where it is.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => f.write_str("1 setting is wrong:")?,
            count => write!(f, "{count} settings are wrong:")?,
        }
        self.problems.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

impl fmt::Debug for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for SettingsError {}
