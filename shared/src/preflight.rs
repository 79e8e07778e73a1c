//! Asks Constant Contact whether it knows everything that the settings name, before anything is submitted.

use std::collections::BTreeSet;
use std::fmt;

use crate::constant_contact::{ConstantContact, ConstantContactError, CustomFields, List};
use crate::domain::{Dispose, Disposition, ListId};
use crate::settings::customer::CustomerSettings;

/// Why the settings cannot work with this tenant.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// Constant Contact refused or did not answer.
    #[error("Constant Contact could not be asked for its lists and custom fields")]
    ConstantContact(#[from] ConstantContactError),
    /// The settings name what is not there: all of it.
    #[error("{0}")]
    Unknown(Unknown),
}

impl Dispose for PreflightError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::ConstantContact(error) => error.disposition(),
            Self::Unknown(_) => Disposition::Halt,
        }
    }
}

/// What the settings name and Constant Contact does not have, one sentence each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown(Vec<String>);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings name what Constant Contact does not have:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

/// Checks lists and custom fields, and creates the field that carries the UID where it is missing.
///
/// # Errors
/// When a list or a custom field is missing: all of them in one message, each with the next step.
pub async fn constant_contact(
    client: &ConstantContact,
    settings: &CustomerSettings,
) -> Result<(), PreflightError> {
    let lists = client.lists().await?;
    client.ensure_custom_field(&settings.constant_contact.uid_field).await?;
    let fields = client.custom_fields().await?;
    none(unknown(settings, &lists, &fields))
}

/// Checks the lists alone. On a list that was deleted there is nobody, so that everybody seems to have left it.
///
/// # Errors
/// When a list is missing: all of them in one message, each with the next step.
pub async fn lists(
    client: &ConstantContact,
    settings: &CustomerSettings,
) -> Result<(), PreflightError> {
    none(unknown_lists(settings, &client.lists().await?))
}

/// Checks the custom fields alone, as they are now. In one that is called otherwise nobody has a value, and imports into it are
/// ignored.
///
/// # Errors
/// When a custom field is missing: all of them in one message, each with the next step.
pub async fn fields(
    client: &ConstantContact,
    settings: &CustomerSettings,
) -> Result<(), PreflightError> {
    let fields = client.custom_fields_now().await?;
    none(unknown_fields(settings, &fields).collect())
}

fn none(problems: Vec<String>) -> Result<(), PreflightError> {
    if problems.is_empty() { Ok(()) } else { Err(PreflightError::Unknown(Unknown(problems))) }
}

/// What the settings name and the tenant does not have, one sentence each with the next step. The field that carries the
/// UID is not among it, since it is made where it is missing.
pub fn unknown(settings: &CustomerSettings, lists: &[List], fields: &CustomFields) -> Vec<String> {
    let mut problems = unknown_lists(settings, lists);
    problems.extend(unknown_fields(settings, fields));
    problems
}

fn unknown_fields(
    settings: &CustomerSettings,
    fields: &CustomFields,
) -> impl Iterator<Item = String> {
    let named = settings.policy.mapping.rules().iter().map(|rule| &rule.field);
    named.filter_map(|field| {
        let name = field.custom_name().filter(|name| fields.named(name).is_none())?;
        Some(format!(
            "[[fields]] constant_contact = \"{field}\": no custom field is named \"{name}\"; name it as Constant Contact does (Contacts, Custom fields), or create it there as text"
        ))
    })
}

fn unknown_lists(settings: &CustomerSettings, lists: &[List]) -> Vec<String> {
    let known: BTreeSet<&ListId> = lists.iter().map(|list| &list.id).collect();
    let named = settings.policy.lists.iter().map(|list| ("[[lists]] id", &list.id));
    let update = settings.constant_contact.update_list.iter();
    named
        .chain(update.map(|id| ("update_list", id)))
        .filter(|(_, id)| !known.contains(id))
        .map(|(place, id)| {
            format!("{place} = \"{id}\": no such list; copy the id of one of the lists that `gigya-cc check` shows")
        })
        .collect()
}
