//! Activities: they are queued, take their time, need not end in order, and are forgotten after ten days.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::domain::limits;

use super::answer::{self, Answer, moment};
use super::contacts::{page_of, parameter};
use super::faults::Fate;
use super::world::{World, is_uuid};

/// How long an activity is remembered (guide, `activity_status`).
const MEMORY: SignedDuration = SignedDuration::from_hours(24 * 10);

/// How much longer a slow activity takes than a quick one.
const SLOW: u32 = 4;

/// How long an activity may run before it times out.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

/// What is to be done.
#[derive(Debug)]
pub(super) enum Work {
    ImportCsv {
        file: Bytes,
        lists: Vec<String>,
    },
    ImportJson {
        rows: Vec<Value>,
        lists: Vec<String>,
    },
    Remove {
        contacts: Vec<String>,
        lists: Vec<String>,
    },
    Delete {
        contacts: Vec<String>,
    },
    /// Done, or never to be done.
    Nothing,
}

/// What an activity has counted.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    pub(super) items: u64,
    pub(super) persons: Option<u64>,
    pub(super) errors: u64,
    pub(super) correctable: u64,
    pub(super) cannot_add_to_list: u64,
}

/// An activity.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: String,
    work: Work,
    state: &'static str,
    fate: Fate,
    file_name: Option<String>,
    created_at: Timestamp,
    due_at: Timestamp,
    counts: Counts,
    list_count: usize,
    errors: Vec<&'static str>,
}

impl Job {
    fn is_open(&self) -> bool {
        matches!(self.state, "initialized" | "processing")
    }

    fn to_json(&self) -> Value {
        let is_over = !self.is_open();
        let mut json = json!({"activity_id": self.id, "state": self.state,
            "created_at": moment(self.created_at), "updated_at": moment(self.created_at),
            "percent_done": if is_over { 100 } else { 1 }, "activity_errors": self.errors,
            "_links": {"self": {"href": format!("/v3/activities/{}", self.id)}}});
        if let Some(name) = &self.file_name {
            json["source_file_name"] = json!(name);
        }
        if is_over {
            let counts = &self.counts;
            json["started_at"] = json!(moment(self.created_at));
            json["completed_at"] = json!(moment(self.due_at));
            json["status"] = match counts.persons {
                Some(persons) => json!({"items_total_count": counts.items, "person_count": persons,
                    "error_count": counts.errors, "correctable_count": counts.correctable,
                    "cannot_add_to_list_count": counts.cannot_add_to_list,
                    "list_count": self.list_count}),
                None => json!({"items_total_count": counts.items,
                    "items_completed_count": counts.items, "list_count": self.list_count}),
            };
        }
        json
    }
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
        let number = self.jobs_made;
        self.jobs_made += 1;
        self.writes += 1;
        let is_slow = self.switches.out_of_order && number.is_multiple_of(2);
        let delay = self.switches.activity_delay * if is_slow { SLOW } else { 1 };
        let job = Job {
            id: format!("{number:08x}-ac71-11ec-8ac7-{number:012x}"),
            work,
            state: "initialized",
            fate: fate.unwrap_or_else(|| self.script.next_fate()),
            file_name,
            created_at: now,
            due_at: now + delay,
            counts: Counts::default(),
            list_count,
            errors: Vec::new(),
        };
        let json = job.to_json();
        self.jobs.push(job);
        answer::json(StatusCode::CREATED, &json)
    }

    /// Carries out what is due, in the order in which it is due, and forgets what is old.
    pub(super) fn settle(&mut self, now: Timestamp) {
        loop {
            let due = self.jobs.iter().enumerate().filter(|(_, job)| job.is_open());
            let due = due.filter(|(_, job)| job.due_at <= now && job.fate != Fate::Hangs);
            let Some((place, _)) = due.min_by_key(|(place, job)| (job.due_at, *place)) else {
                break;
            };
            self.finish(place);
        }
        for job in &mut self.jobs {
            if job.is_open() && now > job.created_at {
                job.state = "processing";
            }
        }
        self.jobs.retain(|job| now.duration_since(job.created_at) < MEMORY);
    }

    fn finish(&mut self, place: usize) {
        let job = &mut self.jobs[place];
        let at = job.due_at;
        let fate = job.fate;
        let work = std::mem::replace(&mut job.work, Work::Nothing);
        let (state, errors, share): (_, Vec<&'static str>, _) = match fate {
            Fate::Completes => ("completed", Vec::new(), Some(1)),
            Fate::Fails => ("failed", vec!["The activity could not be completed."], None),
            Fate::IsCancelled => ("cancelled", Vec::new(), None),
            Fate::TimesOut => ("timed_out", vec!["The activity timed out."], Some(2)),
            Fate::Hangs => return,
        };
        let counts = match share {
            Some(share) => self.carry_out(work, share, at),
            None => Counts::default(),
        };
        let job = &mut self.jobs[place];
        (job.state, job.errors, job.counts) = (state, errors, counts);
        if fate == Fate::TimesOut {
            job.due_at = job.created_at + PATIENCE;
        }
    }

    /// Carries out one part in `share` of the work.
    fn carry_out(&mut self, work: Work, share: usize, at: Timestamp) -> Counts {
        let switches = self.switches;
        let part = |count: usize| count.div_ceil(share);
        match work {
            Work::ImportCsv { file, lists } => {
                let rows = super::imports::csv_rows(&file, &switches);
                let lines = super::imports::lines(&file);
                let counts = self.import(&rows[..part(rows.len())], &lists, at);
                Counts { items: lines, ..counts }
            }
            Work::ImportJson { rows, lists } => {
                let items = rows.len() as u64;
                let rows = super::imports::json_rows(rows, &switches);
                let counts = self.import(&rows[..part(rows.len())], &lists, at);
                Counts { items, ..counts }
            }
            Work::Remove { contacts, lists } => {
                for id in &contacts[..part(contacts.len())] {
                    let leave = |person: &mut super::Person| {
                        for list in &lists {
                            person.leave(list, at, &switches);
                        }
                    };
                    self.people.change(id, leave);
                }
                Counts { items: contacts.len() as u64, ..Counts::default() }
            }
            Work::Delete { contacts } => {
                for id in &contacts[..part(contacts.len())] {
                    self.people.change(id, |person| person.delete(at, &switches));
                }
                Counts { items: contacts.len() as u64, ..Counts::default() }
            }
            Work::Nothing => Counts::default(),
        }
    }

    pub(super) fn queued(&self) -> usize {
        self.jobs.iter().filter(|job| job.is_open() && job.fate != Fate::Hangs).count()
    }

    pub(super) fn activity(&self, id: &str) -> Answer {
        match self.jobs.iter().find(|job| job.id == id) {
            Some(job) => answer::ok(&job.to_json()),
            None => answer::not_found("The activity was not found."),
        }
    }

    pub(super) fn activities(&self, query: &[(String, String)]) -> Answer {
        let state = parameter(query, "state");
        let jobs = self.jobs.iter().filter(|job| state.is_none_or(|state| job.state == state));
        let max = limits::ACTIVITIES_PAGE_MAX;
        page_of("activities", "/v3/activities", jobs.map(Job::to_json), query, max)
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
