//! Activities as v3 asks for them and answers them.

use std::collections::BTreeSet;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::domain::limits;

use super::answer::{self, Answer, moment};
use super::contacts::{page_of, parameter};
use crate::constant_contact::activities::{Asked, Job, Order, State, Work};
use crate::constant_contact::faults::Fate;
use crate::constant_contact::world::{World, is_uuid};

/// How long an activity is remembered (guide, `activity_status`).
pub(in crate::constant_contact) const ACTIVITY_MEMORY: SignedDuration =
    SignedDuration::from_hours(24 * 10);

fn word(state: State) -> &'static str {
    match state {
        State::Initialized => "initialized",
        State::Processing => "processing",
        State::Completed => "completed",
        State::Cancelled => "cancelled",
        State::Failed => "failed",
        State::TimedOut => "timed_out",
    }
}

fn to_json(job: &Job) -> Value {
    let is_over = !job.is_open();
    let mut json = json!({"activity_id": job.id, "state": word(job.state),
        "created_at": moment(job.created_at), "updated_at": moment(job.created_at),
        "percent_done": if is_over { 100 } else { 1 }, "activity_errors": job.errors,
        "_links": {"self": {"href": format!("/v3/activities/{}", job.id)}}});
    if let Some(name) = &job.file_name {
        json["source_file_name"] = json!(name);
    }
    if is_over {
        let counts = &job.counts;
        json["started_at"] = json!(moment(job.created_at));
        json["completed_at"] = json!(moment(job.due_at));
        json["status"] = match counts.persons {
            Some(persons) => json!({"items_total_count": counts.items, "person_count": persons,
                "error_count": counts.errors, "correctable_count": counts.correctable,
                "cannot_add_to_list_count": counts.cannot_add_to_list,
                "list_count": job.list_count}),
            None => json!({"items_total_count": counts.items,
                "items_completed_count": counts.items, "list_count": job.list_count}),
        };
    }
    json
}

impl World {
    /// Queues work, or says that the queue is full.
    pub(super) fn submit(
        &mut self,
        work: Work,
        file_name: Option<String>,
        list_count: usize,
        fate: Option<Fate>,
        now: Timestamp,
    ) -> Answer {
        if self.queued() >= self.switches.queue_max {
            let message = "You exceeded 1,000 queued activities for this user account.";
            let status = StatusCode::TOO_MANY_REQUESTS;
            return answer::refused(status, "activities.queue.full", message);
        }
        let order = Order { asked: Asked::OfV3, work, file_name, list_count, fate };
        answer::json(StatusCode::CREATED, &to_json(self.queue(order, now)))
    }

    fn v3_jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(|job| job.asked == Asked::OfV3 && !job.is_forgotten())
    }

    pub(super) fn activity(&self, id: &str) -> Answer {
        match self.v3_jobs().find(|job| job.id == id) {
            Some(job) => answer::ok(&to_json(job)),
            None => answer::not_found("The activity was not found."),
        }
    }

    pub(super) fn activities(&self, query: &[(String, String)]) -> Answer {
        let state = parameter(query, "state");
        let jobs = self.v3_jobs().filter(|job| state.is_none_or(|state| word(job.state) == state));
        let max = limits::ACTIVITIES_PAGE_MAX;
        page_of("activities", "/v3/activities", jobs.map(to_json), query, max)
    }

    pub(super) fn submit_removal(&mut self, body: &Value, now: Timestamp) -> Answer {
        let contacts = ids(&body["source"]["contact_ids"], limits::BULK_CONTACT_IDS_MAX);
        let lists = ids(&body["list_ids"], limits::IMPORT_LISTS_MAX);
        let Some((contacts, lists)) = contacts.zip(lists) else {
            return answer::invalid("source.contact_ids and list_ids are needed, as UUIDs");
        };
        let count = lists.len();
        self.submit(Work::Remove { contacts, lists }, None, count, None, now)
    }

    pub(super) fn submit_deletion(&mut self, body: &Value, now: Timestamp) -> Answer {
        let Some(contacts) = ids(&body["contact_ids"], limits::BULK_CONTACT_IDS_MAX) else {
            return answer::invalid("contact_ids are needed, as UUIDs, and not more than 500");
        };
        self.submit(Work::Delete { contacts }, None, 0, None, now)
    }
}

/// Between one and `max` different UUIDs.
pub(super) fn ids(value: &Value, max: usize) -> Option<Vec<String>> {
    let ids: Option<Vec<String>> =
        value.as_array()?.iter().map(|id| Some(id.as_str()?.to_owned())).collect();
    checked_ids(ids?, max)
}

pub(super) fn checked_ids(ids: Vec<String>, max: usize) -> Option<Vec<String>> {
    let unique: BTreeSet<&String> = ids.iter().collect();
    let fits = !ids.is_empty() && ids.len() <= max && unique.len() == ids.len();
    (fits && ids.iter().all(|id| is_uuid(id))).then_some(ids)
}
