//! Activities: they are queued, take their time, need not end in order, and are forgotten after some days.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::arrivals::Arrival;
use super::faults::Fate;
use super::people::Person;
use super::v2;
use super::v3;
use super::world::World;

/// How much longer a slow activity takes than a quick one.
const SLOW: u32 = 4;

/// How long an activity may run before it times out.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

/// What is to be done.
#[derive(Debug)]
pub(super) enum Work {
    /// An import as v3 reads CSV.
    ImportCsv { file: Bytes, lists: Vec<String> },
    /// An import as v3 reads JSON.
    ImportJson { rows: Vec<Value>, lists: Vec<String> },
    /// These contacts leave these lists.
    Remove { contacts: Vec<String>, lists: Vec<String> },
    /// These contacts are deleted.
    Delete { contacts: Vec<String> },
    /// Anything that v2 does.
    V2(v2::Work),
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

/// What an activity has come to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) counts: Counts,
    /// Which rows came to nothing; v3 does not say.
    pub(super) errors: Vec<RowError>,
    /// What an export has written.
    pub(super) file: Option<Bytes>,
}

impl From<Counts> for Outcome {
    fn from(counts: Counts) -> Self {
        Self { counts, ..Self::default() }
    }
}

/// Why one row came to nothing.
#[derive(Debug, Clone)]
pub(super) struct RowError {
    pub(super) line: Option<u64>,
    pub(super) address: String,
    pub(super) message: String,
}

/// How far an activity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Initialized,
    Processing,
    Completed,
    Cancelled,
    Failed,
    TimedOut,
}

/// By whose interface an activity was asked for; that one answers for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    OfV3,
    OfV2(v2::Purpose),
}

/// An activity.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) asked: Asked,
    work: Work,
    pub(super) state: State,
    fate: Fate,
    pub(super) file_name: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) due_at: Timestamp,
    pub(super) counts: Counts,
    pub(super) list_count: usize,
    pub(super) errors: Vec<&'static str>,
    pub(super) row_errors: Vec<RowError>,
    pub(super) file: Option<Bytes>,
}

/// What is asked for when an activity is submitted.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) asked: Asked,
    pub(super) work: Work,
    pub(super) file_name: Option<String>,
    pub(super) list_count: usize,
    /// What becomes of it in any case; else the script says.
    pub(super) fate: Option<Fate>,
}

impl Work {
    /// Whether it is an import in which this word stands.
    fn says(&self, word: &str) -> bool {
        match self {
            Self::ImportCsv { file, .. } => {
                file.windows(word.len()).any(|piece| piece == word.as_bytes())
            }
            Self::ImportJson { rows, .. } => rows.iter().any(|row| row.to_string().contains(word)),
            Self::V2(bulk) => bulk.says(word),
            Self::Remove { .. } | Self::Delete { .. } | Self::Nothing => false,
        }
    }
}

impl Job {
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Initialized | State::Processing)
    }

    /// Whether it is denied although it is young.
    pub(super) fn is_forgotten(&self) -> bool {
        self.fate == Fate::IsForgotten
    }

    /// How long it is remembered.
    fn memory(&self) -> SignedDuration {
        match self.asked {
            Asked::OfV3 => v3::ACTIVITY_MEMORY,
            Asked::OfV2(_) => v2::ACTIVITY_MEMORY,
        }
    }
}

impl World {
    /// Queues work.
    pub(super) fn queue(&mut self, order: Order, now: Timestamp) -> &Job {
        let number = self.jobs_made;
        self.jobs_made += 1;
        self.writes += u64::from(order.asked != Asked::OfV2(v2::Purpose::ExportContacts));
        let is_slow = self.switches.out_of_order && number.is_multiple_of(2);
        let delay = self.switches.activity_delay * if is_slow { SLOW } else { 1 };
        let chokes = self.script.choker().is_some_and(|word| order.work.says(word));
        let fate = order.fate.unwrap_or_else(|| self.script.next_fate());
        let late = match fate {
            Fate::IsLate(hours) => SignedDuration::from_hours(i64::from(hours)),
            _ => SignedDuration::ZERO,
        };
        let id = format!("{number:08x}-ac71-11ec-8ac7-{number:012x}");
        if let Some(arrival) = Arrival::of(&order.work) {
            self.arrivals.insert(id.clone(), arrival);
        }
        let job = Job {
            id,
            asked: order.asked,
            work: order.work,
            state: State::Initialized,
            fate: if chokes { Fate::Fails } else { fate },
            file_name: order.file_name,
            created_at: now,
            due_at: now + delay + late,
            counts: Counts::default(),
            list_count: order.list_count,
            errors: Vec::new(),
            row_errors: Vec::new(),
            file: None,
        };
        let place = self.jobs.len();
        self.jobs.push(job);
        &self.jobs[place]
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
                job.state = State::Processing;
            }
        }
        self.jobs.retain(|job| now.duration_since(job.created_at) < job.memory());
    }

    fn finish(&mut self, place: usize) {
        let job = &mut self.jobs[place];
        let at = job.due_at;
        let fate = job.fate;
        let work = std::mem::replace(&mut job.work, Work::Nothing);
        let (state, errors, share): (_, Vec<&'static str>, _) = match fate {
            Fate::Completes | Fate::IsLate(_) | Fate::IsForgotten => {
                (State::Completed, Vec::new(), Some(1))
            }
            Fate::DropsRows => (State::Completed, Vec::new(), Some(2)),
            Fate::Fails => (State::Failed, vec!["The activity could not be completed."], None),
            Fate::IsCancelled => (State::Cancelled, Vec::new(), None),
            Fate::TimesOut => (State::TimedOut, vec!["The activity timed out."], Some(2)),
            Fate::Hangs => return,
        };
        let outcome = match share {
            Some(share) => self.carry_out(work, share, at),
            None => Outcome::default(),
        };
        let job = &mut self.jobs[place];
        (job.state, job.errors, job.counts) = (state, errors, outcome.counts);
        (job.row_errors, job.file) = (outcome.errors, outcome.file);
        if fate == Fate::TimesOut {
            job.due_at = job.created_at + PATIENCE;
        }
    }

    /// Carries out one part in `share` of the work.
    fn carry_out(&mut self, work: Work, share: usize, at: Timestamp) -> Outcome {
        let switches = self.switches;
        let part = |count: usize| count.div_ceil(share);
        let counts = match work {
            Work::V2(work) => return v2::carry_out(self, work, share, at),
            Work::ImportCsv { file, lists } => {
                let rows = v3::rows::csv_rows(&file, &switches);
                let lines = v3::rows::lines(&file);
                let counts = self.import(&rows[..part(rows.len())], &lists, at);
                Counts { items: lines, ..counts }
            }
            Work::ImportJson { rows, lists } => {
                let items = rows.len() as u64;
                let rows = v3::rows::json_rows(rows, &switches);
                let counts = self.import(&rows[..part(rows.len())], &lists, at);
                Counts { items, ..counts }
            }
            Work::Remove { contacts, lists } => {
                for id in &contacts[..part(contacts.len())] {
                    let leave = |person: &mut Person| {
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
        };
        counts.into()
    }

    pub(super) fn queued(&self) -> usize {
        self.jobs.iter().filter(|job| job.is_open() && job.fate != Fate::Hangs).count()
    }
}
