//! `gigya-cc check`: is everything there that a run needs? Nothing is written, unless the operator asks for the UID's field.

mod clocks;
mod constant_contact;
mod gigya;
mod settings;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use shared::aws;
use shared::domain::ListId;
use shared::secrets::SecretsError;
use shared::settings::customer::CustomerSettings;
use shared::settings::source::SourceError;
use shared::settings::{Environment, SettingsError};
use shared::telemetry::chain;

use crate::render::{self, Form};
use crate::services::Services;

/// Checks settings, secret, Gigya and Constant Contact before a run does.
///
/// Reads the customer's sync.toml and secret, judges each whole, and then asks both vendors: does the key work, are the
/// mapped fields, the subscription, the lists and the custom fields there? Prints one line for each thing that was
/// checked: ✓ is well, ! deserves a thought, ✗ must be mended, with the next step. Also prints the tenant's lists with
/// their ids.
///
/// Nothing is changed by it. Only an access token that has run out is renewed and kept in the secret, as every run does.
#[derive(Debug, Args)]
pub struct Options {
    /// Judges this file alone; needs neither AWS nor any variable.
    #[arg(long, value_name = "FILE", conflicts_with = "create_uid_field")]
    settings: Option<PathBuf>,
    /// Makes the custom field that carries the Gigya UID, if it is missing. Without it, the first upload does.
    #[arg(long)]
    create_uid_field: bool,
}

/// What may be done about the field that carries the UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UidField {
    /// It is made where it is missing.
    Create,
    /// It is only looked for.
    LookFor,
}

/// Everything that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Checked {
    /// One finding for each thing, in the order in which they were looked at.
    pub checks: Vec<Finding>,
    /// The tenant's lists, those that the settings name first.
    pub lists: Vec<ListShown>,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub subject: Subject,
    /// How it is.
    pub verdict: Verdict,
    /// The finding, in words.
    pub finding: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The names of bucket, customer and secret.
    Environment,
    /// `sync.toml`.
    Settings,
    /// The customer's secret.
    Secret,
    /// Gigya.
    Gigya,
    /// Constant Contact.
    ConstantContact,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, and deserves a thought.
    Doubtful,
    /// It must be mended before a run.
    Wrong,
}

/// A list of the tenant's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListShown {
    /// Its id, as the settings name it.
    pub id: ListId,
    /// Its name.
    pub name: String,
    /// What the settings use it for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named_as: Option<NamedAs>,
}

/// What the settings use a list for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedAs {
    /// In `[[lists]]`: it is mailed.
    Mailing,
    /// As `update_list`: nobody mails it.
    Update,
}

impl Checked {
    /// Whether a run may start: nothing is wrong, though something may be doubtful.
    pub fn is_good(&self) -> bool {
        self.count(Verdict::Wrong) == 0
    }

    /// How many findings have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|finding| finding.verdict == verdict).count()
    }

    pub(crate) fn good(&mut self, subject: Subject, finding: impl Into<String>) {
        self.add(subject, Verdict::Good, finding, None);
    }

    pub(crate) fn doubtful(&mut self, subject: Subject, finding: impl Into<String>, next: &str) {
        self.add(subject, Verdict::Doubtful, finding, Some(next));
    }

    pub(crate) fn wrong(&mut self, subject: Subject, finding: impl Into<String>, next: &str) {
        self.add(subject, Verdict::Wrong, finding, Some(next));
    }

    /// A finding whose words hold the next step already.
    pub(crate) fn wrong_as_told(&mut self, subject: Subject, finding: impl Into<String>) {
        self.add(subject, Verdict::Wrong, finding, None);
    }

    fn add(
        &mut self,
        subject: Subject,
        verdict: Verdict,
        finding: impl Into<String>,
        next: Option<&str>,
    ) {
        let next_step = next.map(ToOwned::to_owned);
        self.checks.push(Finding { subject, verdict, finding: finding.into(), next_step });
    }
}

/// Checks what the options say and prints it; whether all is well.
pub(crate) async fn start<L: Fn(&str) -> Option<String>>(
    options: &Options,
    environment: &Environment<L>,
    form: Form,
) -> bool {
    let uid_field = if options.create_uid_field { UidField::Create } else { UidField::LookFor };
    let checked = match &options.settings {
        Some(path) => file(path),
        None => match environment.for_poll() {
            Ok(environment) => match Services::connect(&environment, &aws::connect().await) {
                Ok(services) => deployment(&services, uid_field).await,
                Err(error) => {
                    let mut checked = Checked::default();
                    let next = "install the machine's root certificates (ca-certificates)";
                    checked.wrong(Subject::Environment, chain(&error), next);
                    checked
                }
            },
            Err(error) => unknown_deployment(&error),
        },
    };
    render::checked(&checked, form);
    checked.is_good()
}

/// Judges a file alone.
pub fn file(path: &Path) -> Checked {
    let mut checked = Checked::default();
    match fs::read_to_string(path) {
        Ok(text) => match CustomerSettings::parse(&text) {
            Ok(settings) => settings::judge(&settings, &mut checked),
            Err(error) => settings_are_wrong(&error, &mut checked),
        },
        Err(error) => {
            let finding = format!("{} cannot be read: {error}", path.display());
            checked.wrong(Subject::Settings, finding, "give the path of the customer's sync.toml");
        }
    }
    checked
}

/// Checks everything that a run of this deployment needs.
pub async fn deployment(services: &Services, uid_field: UidField) -> Checked {
    let mut checked = Checked::default();
    let settings = match services.settings.read().await {
        Ok(settings) => {
            settings::judge(&settings, &mut checked);
            Some(settings)
        }
        Err(error) => {
            no_settings(&error, &mut checked);
            None
        }
    };
    let secret = match services.secrets.read().await {
        Ok(secret) => {
            checked.good(Subject::Secret, "the secret has everything that is needed");
            Some(secret)
        }
        Err(error) => {
            no_secret(&error, &mut checked);
            None
        }
    };
    if let (Some(settings), Some(secret)) = (settings, secret) {
        match services.gigya(&settings, &secret) {
            Ok(client) => gigya::ask(&client, &settings, &mut checked).await,
            Err(error) => checked.wrong(Subject::Gigya, chain(&error), MEND_BOTH),
        }
        match services.constant_contact(&settings, &secret) {
            Ok(client) => {
                constant_contact::ask(&client, &settings, uid_field, &mut checked).await;
            }
            Err(error) => checked.wrong(Subject::ConstantContact, chain(&error), MEND_BOTH),
        }
    } else {
        for subject in [Subject::Gigya, Subject::ConstantContact] {
            checked.doubtful(subject, "not asked yet", "mend settings and secret first");
        }
    }
    checked
}

const MEND_BOTH: &str = "correct sync.toml or the secret, so that they fit each other";

fn unknown_deployment(error: &SettingsError) -> Checked {
    let mut checked = Checked::default();
    for problem in error.problems() {
        let next = "set the variable or give the option of the same name (`gigya-cc check --help`); a file alone is judged with --settings FILE";
        checked.wrong(Subject::Environment, problem, next);
    }
    checked
}

fn no_settings(error: &SourceError, checked: &mut Checked) {
    match error {
        SourceError::Settings(error) => settings_are_wrong(error, checked),
        SourceError::Missing | SourceError::NoText => {
            checked.wrong_as_told(Subject::Settings, error.to_string());
        }
        SourceError::Bucket(_) => {
            let next = "check BUCKET, and region and credentials of AWS";
            checked.wrong(Subject::Settings, chain(error), next);
        }
    }
}

fn settings_are_wrong(error: &SettingsError, checked: &mut Checked) {
    for problem in error.problems() {
        checked.wrong_as_told(Subject::Settings, problem);
    }
}

fn no_secret(error: &SecretsError, checked: &mut Checked) {
    match error {
        SecretsError::Document { source, .. } => {
            for problem in source.list() {
                checked.wrong_as_told(Subject::Secret, problem);
            }
        }
        SecretsError::Read { .. } | SecretsError::Store { .. } => {
            let next = "check SECRET_ID, and region and credentials of AWS";
            checked.wrong(Subject::Secret, chain(error), next);
        }
    }
}
