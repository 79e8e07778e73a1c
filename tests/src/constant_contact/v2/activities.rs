//! Activities as v2 asks for them and answers them.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answer::{self, Answer, moment};
use super::bulk::Work;
use super::call::{Call, Refused, refusal};
use super::router::BASE_PATH;
use super::switches::RowErrors;
use crate::constant_contact::activities::{self, Asked, Job, Order, RowError, State};
use crate::constant_contact::faults::Fate;
use crate::constant_contact::world::World;

/// How long an activity is remembered (v2 documents, "Bulk Activity Status Report").
pub(in crate::constant_contact) const ACTIVITY_MEMORY: SignedDuration =
    SignedDuration::from_hours(24 * 14);

/// How many activities are listed at most (v2 documents, "Bulk Activities Summary Report").
const LISTED_MAX: usize = 50;

const STATUSES: [&str; 7] =
    ["UNCONFIRMED", "PENDING", "QUEUED", "RUNNING", "COMPLETE", "ERROR", "CANCELLED"];

/// What an activity is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::constant_contact) enum Purpose {
    AddContacts,
    RemoveFromLists,
    ClearLists,
    ExportContacts,
}

impl Purpose {
    const ALL: [Self; 4] =
        [Self::AddContacts, Self::RemoveFromLists, Self::ClearLists, Self::ExportContacts];

    fn word(self) -> &'static str {
        match self {
            Self::AddContacts => "ADD_CONTACTS",
            Self::RemoveFromLists => "REMOVE_CONTACTS_FROM_LISTS",
            Self::ClearLists => "CLEAR_CONTACTS_FROM_LISTS",
            Self::ExportContacts => "EXPORT_CONTACTS",
        }
    }
}

/// Queues work. The answer has no `status`.
pub(super) fn submit(
    world: &mut World,
    call: &Call<'_>,
    purpose: Purpose,
    work: Work,
    file_name: Option<String>,
    count: usize,
    fate: Option<Fate>,
) -> Answer {
    let order = Order {
        asked: Asked::OfV2(purpose),
        work: activities::Work::V2(work),
        file_name,
        list_count: 0,
        fate,
    };
    let job = world.queue(order, call.now);
    let body = json!({"id": job.id, "type": purpose.word(), "error_count": 0,
        "contact_count": count});
    answer::created(&call.location(&format!("{BASE_PATH}/activities/{}", job.id)), &body)
}

fn status(job: &Job, now: Timestamp) -> &'static str {
    match job.state {
        State::Initialized => "PENDING",
        State::Processing => {
            let middle = job.created_at + job.due_at.duration_since(job.created_at) / 2;
            if now < middle { "QUEUED" } else { "RUNNING" }
        }
        State::Completed => "COMPLETE",
        State::Cancelled => "CANCELLED",
        State::Failed | State::TimedOut => "ERROR",
    }
}

/// The jobs that v2 was asked for and remembers, with what for.
fn jobs(world: &World) -> impl DoubleEndedIterator<Item = (&Job, Purpose)> {
    world.jobs.iter().filter(|job| !job.is_forgotten()).filter_map(|job| match job.asked {
        Asked::OfV2(purpose) => Some((job, purpose)),
        Asked::OfV3 => None,
    })
}

fn to_json(world: &World, call: &Call<'_>, job: &Job, purpose: Purpose) -> Value {
    let mut json = json!({"id": job.id, "type": purpose.word(), "status": status(job, call.now),
        "created_date": moment(job.created_at), "error_count": 0, "contact_count": 0,
        "errors": [], "warnings": []});
    if let Some(name) = &job.file_name {
        json["file_name"] = json!(name);
    }
    if job.is_open() {
        return json;
    }
    json["start_date"] = json!(moment(job.created_at));
    json["finish_date"] = json!(moment(job.due_at));
    json["error_count"] = json!(job.counts.errors);
    json["contact_count"] = json!(job.counts.persons.unwrap_or_default());
    let shape = world.switches.v2.row_errors;
    let of_job = job.errors.iter().map(|text| RowError {
        line: None,
        address: String::new(),
        message: (*text).to_owned(),
    });
    json["errors"] =
        of_job.chain(job.row_errors.iter().cloned()).filter_map(|e| error(&e, shape)).collect();
    if job.file.is_some() {
        let path = format!("{BASE_PATH}/activities/{}/export.csv", job.id);
        json["file_name"] = json!(call.location(&path));
    }
    json
}

fn error(error: &RowError, shape: RowErrors) -> Option<Value> {
    match (shape, error.line) {
        (RowErrors::Nothing, _) => None,
        (RowErrors::Objects, line) => Some(json!({"message": error.message,
            "line_number": line.unwrap_or_default(), "email_address": error.address})),
        (RowErrors::Texts, Some(line)) => Some(json!(format!("Line {line}: {}", error.message))),
        (RowErrors::Texts, None) => Some(json!(error.message)),
    }
}

pub(super) fn one(world: &World, call: &Call<'_>, id: &str) -> Answer {
    match jobs(world).find(|(job, _)| job.id == id) {
        Some((job, purpose)) => answer::ok(&to_json(world, call, job, purpose)),
        None => answer::not_found("The activity was not found."),
    }
}

pub(super) fn list(world: &World, call: &Call<'_>) -> Refused<Answer> {
    call.knows(&["status", "type"])?;
    let wanted = call.parameter("status").filter(|status| *status != "ALL");
    if wanted.is_some_and(|wanted| !STATUSES.contains(&wanted)) {
        return Err(refusal("status does not have a valid value."));
    }
    let kind = call.parameter("type");
    if kind.is_some_and(|kind| !Purpose::ALL.iter().any(|purpose| purpose.word() == kind)) {
        return Err(refusal("type does not have a valid value."));
    }
    let last = jobs(world).rev().take(LISTED_MAX);
    let found = last.filter(|(job, purpose)| {
        wanted.is_none_or(|wanted| status(job, call.now) == wanted)
            && kind.is_none_or(|kind| purpose.word() == kind)
    });
    let listed: Value = found.map(|(job, purpose)| to_json(world, call, job, purpose)).collect();
    Ok(answer::json(StatusCode::OK, &listed))
}

/// What an export has written.
pub(super) fn file(world: &World, id: &str) -> Answer {
    let job = jobs(world).find(|(job, _)| job.id == id).map(|(job, _)| job);
    match job.and_then(|job| job.file.clone()) {
        Some(file) => answer::csv(file),
        None => answer::not_found("The file was not found."),
    }
}
