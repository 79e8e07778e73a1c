//! `gigya-cc conflicts` and `gigya-cc resolve`: what both sides changed and a person is to decide.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;
use shared::domain::agreed::Side;
use shared::domain::{ContactField, Uid};
use shared::settings::Environment;
use shared::store::StateStore;
use shared::store::conflicts::Conflict;

use crate::person::{LookError, Person};
use crate::render::{self, Form};
use crate::services::Services;
use crate::table::Table;

/// Lists the conflicts that wait for a person, and those that were decided and are not carried out yet.
///
/// A conflict waits where both sides changed a field whose rule says conflict = "hold": neither is written until you choose
/// with `gigya-cc resolve`. Values are personal data, so none is shown unless you ask for it.
#[derive(Debug, Args)]
pub struct ListOptions {
    /// Asks both vendors for the two values and shows them, here and nowhere else.
    #[arg(long)]
    show: bool,
}

/// Decides a conflict for one side; the next run writes its value to the other.
///
/// Nothing else of the person is touched. Until the next run you can choose anew.
#[derive(Debug, Args)]
pub struct ResolveOptions {
    /// The person, as `gigya-cc conflicts` names them.
    #[arg(value_name = "UID")]
    uid: String,
    /// The field, as `gigya-cc conflicts` names it.
    #[arg(value_name = "FIELD")]
    field: String,
    /// Whose value holds from now on.
    #[arg(value_name = "SIDE")]
    side: Chosen,
}

/// A side, on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Chosen {
    /// Gigya's value goes to Constant Contact.
    #[value(name = "gigya")]
    Gigya,
    /// Constant Contact's value comes home to Gigya.
    #[value(name = "constant_contact")]
    ConstantContact,
}

impl From<Chosen> for Side {
    fn from(chosen: Chosen) -> Self {
        match chosen {
            Chosen::Gigya => Self::Gigya,
            Chosen::ConstantContact => Self::ConstantContact,
        }
    }
}

/// One conflict, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The person.
    pub uid: Uid,
    /// The field.
    pub field: ContactField,
    /// Since when it waits.
    pub since: Timestamp,
    /// Whose value was chosen, if it is decided.
    pub chosen: Option<Side>,
    /// The two values, if they were asked for.
    #[serde(flatten)]
    pub values: Option<Values>,
}

/// The two values of a conflict. For the terminal only.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Values {
    /// Gigya's value, as it would travel.
    pub gigya: Option<String>,
    /// Constant Contact's value.
    pub constant_contact: Option<String>,
}

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Values")
    }
}

/// What came of deciding a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// It is decided, and the next run carries it out.
    Decided,
    /// No conflict waits there.
    NoConflict,
}

/// Prints the conflicts; whether they could be read.
pub(crate) async fn list<L: Fn(&str) -> Option<String>>(
    options: &ListOptions,
    environment: &Environment<L>,
    form: Form,
) -> bool {
    let Some(services) = Services::open(environment).await else { return false };
    let listed = listed(&services, options.show).await;
    let waits = |listed: &Vec<Listed>| listed.iter().any(|conflict| conflict.chosen.is_none());
    if listed.as_ref().is_ok_and(waits) {
        render::say("Decide one with `gigya-cc resolve UID FIELD gigya|constant_contact`.");
    }
    render::outcome(listed, form, |listed| words(listed), |_| true)
}

/// The conflicts of the ledger, with their values if they are asked for.
///
/// # Errors
/// When the ledger, or with `show` a vendor, cannot be read.
pub async fn listed(services: &Services, show: bool) -> Result<Vec<Listed>, LookError> {
    let conflicts = services.ledger().await?.conflicts().await?;
    let mut people: BTreeMap<Uid, Person> = BTreeMap::new();
    if show {
        let desk = services.desk().await?;
        for Conflict { uid, .. } in &conflicts {
            if !people.contains_key(uid) {
                people.insert(uid.clone(), desk.look(services, uid).await?);
            }
        }
    }
    let listed = conflicts.into_iter().map(|Conflict { uid, field, hold }| {
        let values = people.get(&uid).map(|person| values(person, &field));
        Listed { uid, field, since: hold.since, chosen: hold.chosen, values }
    });
    Ok(listed.collect())
}

fn values(person: &Person, field: &ContactField) -> Values {
    Values {
        gigya: person.value_at_gigya(field),
        constant_contact: person.contact.as_ref().map(|contact| contact.value(field).to_owned()),
    }
}

/// The conflicts as a table.
pub fn words(listed: &[Listed]) -> String {
    if listed.is_empty() {
        return "No conflict waits for a person.".to_owned();
    }
    let shows = listed.iter().any(|conflict| conflict.values.is_some());
    let mut table = if shows {
        Table::new(&["UID", "FIELD", "SINCE", "CHOSEN", "GIGYA", "CONSTANT CONTACT"])
    } else {
        Table::new(&["UID", "FIELD", "SINCE", "CHOSEN"])
    };
    for Listed { uid, field, since, chosen, values } in listed {
        let since = since.strftime("%Y-%m-%d %H:%M UTC").to_string();
        let chosen = match chosen {
            None => "nobody yet",
            Some(Side::Gigya) => "gigya",
            Some(Side::ConstantContact) => "constant_contact",
        };
        let (uid, field, chosen) = (uid.to_string(), field.to_string(), chosen.to_owned());
        let quoted = |value: Option<&String>| {
            value.map_or_else(|| "(gone)".to_owned(), |value| format!("{value:?}"))
        };
        match values {
            Some(values) => {
                let (gigya, there) =
                    (quoted(values.gigya.as_ref()), quoted(values.constant_contact.as_ref()));
                table.row([uid, field, since, chosen, gigya, there]);
            }
            None if shows => table.row([uid, field, since, chosen, String::new(), String::new()]),
            None => table.row([uid, field, since, chosen]),
        }
    }
    table.words()
}

/// Decides a conflict and prints what came of it; whether it is decided.
pub(crate) async fn resolve_one<L: Fn(&str) -> Option<String>>(
    options: &ResolveOptions,
    environment: &Environment<L>,
    form: Form,
) -> bool {
    let Some(services) = Services::open(environment).await else { return false };
    let (uid, side) = (Uid::from(options.uid.as_str()), Side::from(options.side));
    let Ok(field) = options.field.parse::<ContactField>() else {
        let next = "copy the field's name from `gigya-cc conflicts`";
        render::failed(&format!("{:?} is no field of a contact", options.field), next);
        return false;
    };
    let came = resolve(&services, &uid, &field, side).await;
    let is_good = |resolution: &Resolution| *resolution == Resolution::Decided;
    render::outcome(came, form, |came| words_of_resolution(*came, &uid, &field), is_good)
}

/// Decides a conflict: marks it in the ledger, and lets the next run read the person whatever their time says.
///
/// # Errors
/// When the bucket refuses, or others keep changing the ledger.
pub async fn resolve(
    services: &Services,
    uid: &Uid,
    field: &ContactField,
    side: Side,
) -> Result<Resolution, LookError> {
    let ledger = services.ledger().await?;
    let now = services.clock.now();
    let known = ledger.look_up([uid.clone()], []).await?.people;
    let waits = known.get(uid).and_then(|agreed| agreed.fields.get(field)?.held).is_some();
    if !waits {
        return Ok(Resolution::NoConflict);
    }
    // Due first: a person who is read once for nothing is better than a decision that waits for the next full run.
    let state = StateStore::new(services.bucket.clone());
    state.change_due(|due| _ = due.insert(uid.clone(), now)).await?;
    let is_decided = ledger.resolve(uid, field, side).await?;
    Ok(if is_decided { Resolution::Decided } else { Resolution::NoConflict })
}

/// What came of deciding a conflict, in words.
pub fn words_of_resolution(resolution: Resolution, uid: &Uid, field: &ContactField) -> String {
    match resolution {
        Resolution::Decided => {
            format!(
                "Decided {field} of {uid}: the next run writes it, and nothing else of the person."
            )
        }
        Resolution::NoConflict => format!(
            "No conflict waits in {field} of {uid}.\n  → `gigya-cc conflicts` lists those that do"
        ),
    }
}
