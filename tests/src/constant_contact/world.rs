//! Everything that is, in one place.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use shared::constant_contact::Operation;

use super::activities::Job;
use super::answer::Answer;
use super::arrivals::Arrival;
use super::catalogue::{CustomField, List};
use super::faults::Script;
use super::people::People;
use super::quota::Quota;
use super::switches::Switches;
use super::v2::{self, Gate};
use super::v3::{self, Tokens};

/// Everything that is.
#[derive(Debug)]
pub(super) struct World {
    pub(super) switches: Switches,
    pub(super) script: Script,
    pub(super) tokens: Tokens,
    pub(super) quota: Quota,
    /// The connection of v2, with its own key.
    pub(super) gate: Gate,
    pub(super) people: People,
    pub(super) lists: Vec<List>,
    /// Ids are never given twice.
    pub(super) lists_made: u64,
    pub(super) fields: Vec<CustomField>,
    pub(super) jobs: Vec<Job>,
    pub(super) jobs_made: u64,
    /// What came in, by activity.
    pub(super) arrivals: BTreeMap<String, Arrival>,
    pub(super) calls: BTreeMap<Operation, u64>,
    pub(super) writes: u64,
}

impl World {
    pub(super) fn new(switches: Switches) -> Self {
        Self {
            switches,
            script: Script::default(),
            tokens: Tokens::default(),
            quota: Quota::default(),
            gate: Gate::default(),
            people: People::default(),
            lists: Vec::new(),
            lists_made: 0,
            fields: Vec::new(),
            jobs: Vec::new(),
            jobs_made: 0,
            arrivals: BTreeMap::new(),
            calls: BTreeMap::new(),
            writes: 0,
        }
    }

    /// Answers one request.
    pub(super) fn route(
        &mut self,
        operation: Option<Operation>,
        request: &Request<Bytes>,
        now: Timestamp,
    ) -> Answer {
        self.settle(now);
        if is_v2(request) {
            return v2::route(self, request, now);
        }
        self.route_v3(operation, request, now)
    }

    pub(super) fn has_list(&self, id: &str) -> bool {
        self.lists.iter().any(|list| list.id == id)
    }
}

/// The operation, as the product's client names it; `None` is nothing that the product calls.
pub(super) fn operation(request: &Request<Bytes>) -> Option<Operation> {
    if is_v2(request) { v2::operation(request) } else { v3::operation(request) }
}

fn is_v2(request: &Request<Bytes>) -> bool {
    let rest = request.uri().path().strip_prefix(v2::BASE_PATH);
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a text has the form of a UUID.
pub(super) fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}
