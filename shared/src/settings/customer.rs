//! The customer's `sync.toml`: what it means, with its defaults.

use std::collections::BTreeSet;

use serde::Deserialize;
use url::Url;

use super::SettingsError;
use super::sections;
use super::table::{Problems, Section};
use crate::domain::ListId;
use crate::domain::policy::Policy;

/// Everything that a customer decided, read from `sync.toml` and judged whole.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerSettings {
    /// `[gigya]`.
    pub gigya: GigyaSettings,
    /// `[constant_contact]`.
    pub constant_contact: ConstantContactSettings,
    /// `[consent]`, `[[lists]]` and `[[fields]]`: what a plan depends on.
    pub policy: Policy,
    /// `[charset]`.
    pub charset: Charset,
    /// `[safety]`.
    pub safety: Safety,
    /// `[run]`.
    pub run: RunSettings,
}

/// `[gigya]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GigyaSettings {
    /// Where Gigya is.
    pub endpoint: GigyaEndpoint,
    /// The site (`3_…`); no secret.
    pub api_key: String,
    /// How requests prove who sends them; absent, the client takes what the secret has keys for.
    pub authentication: Option<Authentication>,
    /// A condition that is added to every query, in Gigya's own query language.
    pub where_clause: Option<String>,
    /// Which accounts are read.
    pub populations: BTreeSet<Population>,
}

/// Where Gigya is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GigyaEndpoint {
    /// A data centre, `eu1.gigya.com`: each namespace has its own host in front of it.
    DataCenter(String),
    /// The base of every namespace, without a slash at its end: `http://127.0.0.1:9100`.
    Base(Url),
}

/// How requests to Gigya prove who sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// The secret travels with the request.
    Secret,
    /// Each request is signed with HMAC-SHA1.
    Signature,
    /// Each request carries a token signed with an RSA key.
    Bearer,
}

/// A kind of accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Population {
    /// Accounts that can log in.
    Full,
    /// Addresses without a login.
    Lite,
}

/// `[constant_contact]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConstantContactSettings {
    /// The dialect.
    pub api: Api,
    /// The base of every call, with the version and without a slash at its end.
    pub endpoint: Url,
    /// Where tokens come from; the whole URL.
    pub token_endpoint: Url,
    /// The custom field that carries the UID, without `cf:`.
    pub uid_field: String,
    /// The list nobody mails, with which everybody who is already there is imported. `None` (written `""`): all rows name the
    /// mailing lists, as the original product did.
    pub update_list: Option<ListId>,
    /// Our own limit on calls a second.
    pub calls_per_second: u32,
    /// Our own limit on calls a day (UTC).
    pub calls_per_day: u32,
}

/// A dialect of Constant Contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// OAuth 2, UTF-8, lists are UUIDs.
    V3,
    /// API key and access token, ISO-8859-1, lists are numbers.
    V2,
}

/// `[charset]`: what happens to characters that Constant Contact does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset {
    /// What is tried first.
    pub fit: Fit,
    /// What happens to what still does not fit.
    pub otherwise: Otherwise,
    /// What `replace` puts there.
    pub mark: char,
}

/// See [`Charset::fit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// The nearest characters that fit.
    Transliterate,
    /// Straight to `otherwise`.
    None,
}

/// See [`Charset::otherwise`].
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

impl Default for Charset {
    fn default() -> Self {
        Self { fit: Fit::Transliterate, otherwise: Otherwise::Replace, mark: '?' }
    }
}

/// `[safety]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Safety {
    /// Nothing is submitted while the inbound read is older than this many minutes.
    pub inbound_fresh_minutes: u32,
    /// Nothing is submitted while the last sweep is older than this many hours.
    pub sweep_fresh_hours: u32,
    /// The brake stops a run that would remove more people than this.
    pub brake_people: u32,
    /// The brake stops a run that would remove more than this share of the known people (0 to 1).
    pub brake_share: f64,
}

impl Default for Safety {
    fn default() -> Self {
        Self {
            inbound_fresh_minutes: 30,
            sweep_fresh_hours: 26,
            brake_people: 500,
            brake_share: 0.10,
        }
    }
}

/// `[run]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunSettings {
    /// How many seconds behind its watermark a delta starts.
    pub overlap_seconds: u32,
    /// Accounts of one staged batch.
    pub batch_accounts: u32,
    /// Days after which what a run kept expires.
    pub retention_days: u32,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self { overlap_seconds: 120, batch_accounts: 10_000, retention_days: 14 }
    }
}

impl CustomerSettings {
    /// Reads `sync.toml`.
    ///
    /// # Errors
    /// When it is no TOML; else when anything in it is missing, unknown or wrong, with all of it in one error.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let problems = Problems::new(text);
        let settings = Section::root(text, &problems).and_then(sections::read);
        match settings {
            Some(settings) if problems.is_empty() => Ok(settings),
            Some(_) | None => Err(problems.into_error()),
        }
    }
}
