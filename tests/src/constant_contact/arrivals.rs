//! What came in by an import, whatever became of it: read on arrival, and remembered longer than the activity.

use std::collections::BTreeSet;

use serde_json::Value;

use super::activities::Work;
use super::simulator::Simulator;

/// What came in by one import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrival {
    /// Rows, without the headings.
    pub rows: u64,
    /// Letters beyond ASCII. What is no UTF-8 where UTF-8 is expected is U+FFFD.
    pub letters: BTreeSet<char>,
}

impl Arrival {
    /// What came in, if the work is an import.
    pub(super) fn of(work: &Work) -> Option<Self> {
        match work {
            Work::ImportCsv { file, .. } => {
                let rows = csv::ReaderBuilder::new().from_reader(&file[..]).byte_records().count();
                let mut arrival = Self { rows: rows as u64, ..Self::default() };
                arrival.read(&String::from_utf8_lossy(file));
                Some(arrival)
            }
            Work::ImportJson { rows, .. } => {
                let mut arrival = Self { rows: rows.len() as u64, ..Self::default() };
                rows.iter().map(Value::to_string).for_each(|row| arrival.read(&row));
                Some(arrival)
            }
            Work::V2(bulk) => {
                let mut arrival = Self::default();
                for values in bulk.imported()? {
                    arrival.rows += 1;
                    values.for_each(|value| arrival.read(value));
                }
                Some(arrival)
            }
            Work::Remove { .. } | Work::Delete { .. } | Work::Nothing => None,
        }
    }

    fn read(&mut self, text: &str) {
        self.letters.extend(text.chars().filter(|letter| !letter.is_ascii()));
    }
}

impl Simulator {
    /// What came in by this activity, if it is an import.
    pub fn arrival(&self, activity: &str) -> Option<Arrival> {
        self.world().arrivals.get(activity).cloned()
    }
}
