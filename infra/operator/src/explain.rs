//! `gigya-cc explain`: what would be done for one person now, and why. In fingerprints and words; never a value.

use std::collections::BTreeSet;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use shared::domain::agreed::{Agreed, Departure, Hold, Pair, Side, Tombstone};
use shared::domain::consent::Wish;
use shared::domain::mapping::Owner;
use shared::domain::plan::{Leave, Outbound, Plan};
use shared::domain::report::Class;
use shared::domain::{ContactField, ContactId, ListId, Uid};
use shared::settings::Environment;
use shared::telemetry::chain;

use crate::person::{LookError, Person};
use crate::render::{self, Form};
use crate::services::{self, Services};
use crate::table::Table;

/// Says what would be done for one person now, and why.
///
/// Reads the account and the contact afresh, compares both with what was agreed, and prints the plan. Values are compared
/// by their fingerprints and never shown. Nothing is written.
#[derive(Debug, Args)]
pub struct Options {
    /// The person.
    #[arg(value_name = "UID")]
    uid: String,
}

/// One person's plan, with everything that it follows from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The person.
    pub uid: Uid,
    /// How the account is, in words; each a fact.
    pub gigya: Vec<String>,
    /// How the contact is, in words.
    pub constant_contact: Vec<String>,
    /// What was agreed, and the marks, in words.
    pub agreed: Vec<String>,
    /// The fields, one by one.
    pub fields: Vec<FieldCompared>,
    /// What would be done, in words.
    pub plan: Vec<String>,
    /// How the person counts in a run's balance.
    pub class: Class,
    /// Why.
    pub reason: String,
}

/// One field, compared with what was agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldCompared {
    /// By Constant Contact's name.
    pub field: ContactField,
    /// Whose the field is.
    pub owner: &'static str,
    /// Whether Gigya's value is the one that was agreed.
    pub gigya: Compared,
    /// Whether Constant Contact's value is.
    pub constant_contact: Compared,
    /// Whether it waits for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<Hold>,
}

/// A value against the agreed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// The same.
    Same,
    /// Another.
    Differs,
    /// Nothing was agreed yet.
    New,
    /// The side is not there, or does not show this field.
    Unseen,
}

impl Compared {
    fn words(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Differs => "differs",
            Self::New => "new",
            Self::Unseen => "–",
        }
    }
}

/// Explains one person and prints it; whether they could be looked at.
pub(crate) async fn start<L: Fn(&str) -> Option<String>>(
    options: &Options,
    environment: &Environment<L>,
    form: Form,
) -> bool {
    let Some(services) = Services::open(environment).await else { return false };
    match explain(&services, &Uid::from(options.uid.as_str())).await {
        Ok(explanation) => {
            render::tell(&words(&explanation), &explanation, form);
            true
        }
        Err(error) => {
            render::failed(&chain(&error), services::CHECK_ALL);
            false
        }
    }
}

/// Looks at one person afresh and says what would be done, and why.
///
/// # Errors
/// When the ledger or a vendor cannot be read.
pub async fn explain(services: &Services, uid: &Uid) -> Result<Explanation, LookError> {
    let person = services.desk().await?.look(services, uid).await?;
    let now = services.clock.now();
    let plan = person.plan(now);
    Ok(Explanation {
        uid: uid.clone(),
        gigya: gigya(&person),
        constant_contact: constant_contact(&person, now),
        agreed: agreed(&person),
        fields: fields(&person),
        plan: steps(&plan),
        class: plan.class,
        reason: plan.reason.to_string(),
    })
}

fn gigya(person: &Person) -> Vec<String> {
    let Some(account) = &person.account else {
        return vec!["Gigya does not know this UID, which by itself proves no deletion".to_owned()];
    };
    let policy = &person.settings.policy;
    let agreed = person.agreed.as_ref().map(|agreed| agreed.wish).unwrap_or_default();
    let yes = |is_so: bool, so: &str, not: &str| if is_so { so.to_owned() } else { not.to_owned() };
    let mut facts = vec![
        yes(account.is_registered(), "registered", "not registered"),
        yes(account.is_active(), "active", "deactivated"),
        match policy.consent.wish(account, agreed) {
            Wish::Granted { evidence: Some(evidence) } => format!("wants to be mailed: {evidence}"),
            Wish::Granted { evidence: None } => "wants to be mailed, without a time".to_owned(),
            Wish::Withdrawn => "took the consent back".to_owned(),
            Wish::Silent => "was never asked, or has not confirmed".to_owned(),
        },
    ];
    facts.extend(account.last_updated().map(|at| format!("last changed {at}")));
    let fitting = policy
        .lists
        .iter()
        .filter(|list| list.when.as_ref().is_none_or(|when| when.holds(account)));
    facts.push(format!("fits {}", lists(fitting.map(|list| &list.id))));
    if let Err(reason) = policy.mapping.email(account) {
        facts.push(format!("the address cannot be sent: {reason}"));
    }
    facts
}

fn constant_contact(person: &Person, now: Timestamp) -> Vec<String> {
    let Some(contact) = &person.contact else { return vec!["there is no contact".to_owned()] };
    let mut facts = vec![format!("contact {}", contact.id)];
    facts.extend(contact.unsubscribed_at(now).map(|at| format!("unsubscribed {at}")));
    facts.extend(contact.deleted_at.map(|at| format!("deleted {at}")));
    let ours = person.settings.policy.lists.iter().map(|list| &list.id);
    facts.push(format!("on {}", lists(ours.filter(|list| contact.lists.contains(*list)))));
    facts.extend(contact.updated_at.map(|at| format!("last changed {at}")));
    facts
}

fn agreed(person: &Person) -> Vec<String> {
    let mut facts = Vec::new();
    match &person.agreed {
        None => facts.push("nothing yet".to_owned()),
        Some(agreed) => facts.extend(facts_of(agreed)),
    }
    if let Some(mark) = person.address_mark {
        facts.push(format!("another account with this address {}", words_of_mark(mark)));
    }
    facts
}

fn facts_of(agreed: &Agreed) -> Vec<String> {
    let wish = serde_json::to_value(agreed.wish).unwrap_or_default();
    let mut facts = vec![
        agreed.contact.as_ref().map_or_else(|| "no contact".to_owned(), ContactId::to_string),
        format!("on {}", lists(&agreed.lists)),
        format!("wish {}", wish.as_str().unwrap_or_default()),
    ];
    facts.extend(agreed.left.map(|mark| format!("mark: {}", words_of_mark(mark))));
    facts.extend(agreed.left_lists.iter().map(|(list, at)| format!("mark: left list {list} {at}")));
    facts.extend(agreed.evidence.map(|evidence| format!("evidence: {evidence}")));
    facts.extend(agreed.written_at.map(|at| format!("we last wrote to the account {at}")));
    facts
}

fn words_of_mark(mark: Tombstone) -> String {
    let how = match mark.kind {
        Departure::Unsubscribed => "unsubscribed",
        Departure::Deleted => "was deleted in Constant Contact",
        Departure::Withdrawn => "was taken off the lists after withdrawing",
        Departure::Erased => "was deleted at Gigya",
    };
    format!("{how} {}", mark.at)
}

fn lists<'a>(ids: impl IntoIterator<Item = &'a ListId>) -> String {
    let ids: BTreeSet<String> = ids.into_iter().map(ToString::to_string).collect();
    if ids.is_empty() {
        return "no list of ours".to_owned();
    }
    ids.into_iter().collect::<Vec<_>>().join(", ")
}

fn fields(person: &Person) -> Vec<FieldCompared> {
    let mapping = &person.settings.policy.mapping;
    let compare = |field: &ContactField| {
        let rule = mapping.rule(field)?;
        let pair = person.agreed.as_ref().and_then(|agreed| agreed.fields.get(field));
        let pair = pair.copied().unwrap_or_default();
        let Pair { gigya, contact, .. } = pair;
        let against = |agreed, value: Option<&str>| match (agreed, value) {
            (_, None) => Compared::Unseen,
            (None, Some(_)) => Compared::New,
            (Some(agreed), Some(value)) => {
                if person.key.fingerprint(field.as_str(), value) == agreed {
                    Compared::Same
                } else {
                    Compared::Differs
                }
            }
        };
        let there = person.contact.as_ref().filter(|_| mapping.observable(field));
        Some(FieldCompared {
            field: field.clone(),
            owner: match rule.owner {
                Owner::Gigya => "gigya",
                Owner::ConstantContact => "constant_contact",
                Owner::Both => "both",
            },
            gigya: against(gigya, person.value_at_gigya(field).as_deref()),
            constant_contact: against(contact, there.map(|contact| contact.value(field))),
            held: pair.held,
        })
    };
    let email = ContactField::email();
    let fields = mapping.rules().iter().map(|rule| &rule.field).filter(|field| **field != email);
    fields.filter_map(compare).collect()
}

/// What the plan does, step by step.
fn steps(plan: &Plan) -> Vec<String> {
    let mut steps = Vec::new();
    steps.extend(plan.outbound.as_ref().map(words_of_outbound));
    if let Some(inbound) = &plan.inbound {
        let paths: Vec<&str> = inbound.leaves.iter().map(|(path, _)| path.as_str()).collect();
        let what = if inbound.opts_out { "opt the person out and write" } else { "write" };
        steps.push(format!("at Gigya: {what} {}", paths.join(", ")));
    }
    let named = |fields: &[ContactField]| {
        fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    if !plan.conflicts.is_empty() {
        steps.push(format!("waits for a person: {}", named(&plan.conflicts)));
    }
    if !plan.uncleared.is_empty() {
        steps.push(format!("stays filled in Constant Contact: {}", named(&plan.uncleared)));
    }
    for invalid in &plan.invalid {
        steps.push(format!("cannot be sent: {} {}", invalid.field, invalid.reason));
    }
    if steps.is_empty() {
        steps.push("nothing".to_owned());
    }
    steps
}

fn words_of_outbound(outbound: &Outbound) -> String {
    let fields = |row: &shared::domain::plan::Row| {
        row.fields.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    match outbound {
        Outbound::Join { row, lists: joins } => {
            format!("in Constant Contact: import with {}, joining {}", fields(row), lists(joins))
        }
        Outbound::Update { row } => format!("in Constant Contact: update with {}", fields(row)),
        Outbound::Amend { row, lists: on, rest: _ } => format!(
            "in Constant Contact: amend singly with {}, to be on {}",
            fields(row),
            lists(on)
        ),
        Outbound::Ask { lists: back } => {
            format!("in Constant Contact: ask whether they want to be back, on {}", lists(back))
        }
        Outbound::Leave(Leave::Unsubscribe) => "in Constant Contact: unsubscribe".to_owned(),
        Outbound::Leave(Leave::Delete) => "in Constant Contact: delete".to_owned(),
        Outbound::Leave(Leave::RemoveFromLists(off)) => {
            format!("in Constant Contact: take off {}", lists(off))
        }
    }
}

/// The explanation in words.
pub fn words(explanation: &Explanation) -> String {
    let Explanation { uid, gigya, constant_contact, agreed, fields, plan, class, reason } =
        explanation;
    let mut lines = vec![format!("{uid}: {reason} ({})", class.as_str()), String::new()];
    for (name, facts) in [
        ("Gigya", gigya),
        ("Constant Contact", constant_contact),
        ("agreed", agreed),
        ("plan", plan),
    ] {
        lines.push(format!("{name:<17} {}", facts.join("; ")));
    }
    let mut table = Table::new(&["FIELD", "OWNER", "GIGYA", "CONSTANT CONTACT", "HELD"]);
    for FieldCompared { field, owner, gigya, constant_contact, held } in fields {
        let held = match held.map(|hold| hold.chosen) {
            None => "",
            Some(None) => "waits for a person",
            Some(Some(Side::Gigya)) => "decided for gigya",
            Some(Some(Side::ConstantContact)) => "decided for constant_contact",
        };
        table.row([
            field.to_string(),
            (*owner).to_owned(),
            gigya.words().to_owned(),
            constant_contact.words().to_owned(),
            held.to_owned(),
        ]);
    }
    lines.push(String::new());
    lines.push(table.words());
    lines.join("\n")
}
