//! Looking at the world from outside: reports, and counts of what was written where.

use shared::domain::report::Report;

use super::{BUCKET, World};

/// What was written at the vendors so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Writes {
    /// Accounts written at Gigya.
    pub gigya: u64,
    /// Calls that wrote in Constant Contact: imports, single writes, removals.
    pub constant_contact: u64,
}

impl World {
    /// The report of a run.
    pub fn report(&self, run: &str) -> Option<Report> {
        let bytes = self.aws.objects().get(BUCKET, &format!("runs/{run}/report.json"))?;
        serde_json::from_slice(&bytes).ok()
    }

    /// What was written at the vendors so far.
    pub fn writes(&self) -> Writes {
        Writes { gigya: self.gigya.writes(), constant_contact: self.constant_contact.writes() }
    }
}
