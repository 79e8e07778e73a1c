//! The customer's `sync.toml`: what it means, with its defaults.

use std::collections::BTreeSet;

use serde::Deserialize;
use url::Url;

use super::SettingsError;
use super::sections;
use super::table::{Problems, Section};
use crate::domain::policy::Policy;
use crate::domain::watermark::FreshLimits;
use crate::domain::{Dialect, ListId};

/// Everything that a customer decided, read from `sync.toml` and judged whole.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerSettings {
    /// `[gigya]`.
    pub gigya: GigyaSettings,
    /// `[constant_contact]`.
    pub constant_contact: ConstantContactSettings,
    /// `[consent]`, `[[lists]]`, `[[fields]]` and `[charset]`: what a plan depends on.
    pub policy: Policy,
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
    /// A condition that is added to every query for full accounts, in Gigya's own query language.
    pub where_clause: Option<String>,
    /// The same for lite accounts: the customer's own, else that on full accounts where lite ones can meet it.
    pub where_lite: Option<String>,
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
    pub api: Dialect,
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

/// `[safety]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Safety {
    /// Nothing is submitted while the inbound read is older than this many minutes.
    pub inbound_fresh_minutes: u32,
    /// Nothing is submitted while the last sweep is older than this many hours.
    pub sweep_fresh_hours: u32,
    /// The brake stops a run that would remove more people than this, and an inbound read that would opt out or empty more.
    pub brake_people: u32,
    /// The same for more than this share of the known people (0 to 1).
    pub brake_share: f64,
}

impl Safety {
    /// How old the inbound read and the sweep may be when something is submitted.
    pub fn fresh_limits(&self) -> FreshLimits {
        FreshLimits {
            inbound_minutes: self.inbound_fresh_minutes,
            sweep_hours: self.sweep_fresh_hours,
        }
    }
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
