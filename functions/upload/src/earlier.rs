//! What earlier tries of a batch left behind, and rows in halves: a part that failed as a whole is halved until its bad row is
//! alone.

use std::collections::{BTreeMap, HashMap, HashSet};

use shared::domain::Uid;
use shared::domain::plan::Row;
use shared::payload::{Headings, Payload, PayloadError};

/// What earlier tries left behind.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    /// Who is in a part that Constant Contact accepted.
    pub(crate) sent: HashSet<Uid>,
    /// The number of the next part.
    pub(crate) next_part: u32,
    /// Parts that came to nothing, so that their people are in this plan.
    pub(crate) came_to_nothing: u64,
    /// Half of the rows of the smallest part that failed as a whole with somebody in it.
    pub(crate) halves: HashMap<Uid, usize>,
}

impl Earlier {
    /// A part with these people failed as a whole: they are sent again in parts of half its rows.
    pub(crate) fn halve(&mut self, uids: impl Iterator<Item = Uid>, rows: u64) {
        let half = usize::try_from(rows / 2).unwrap_or(usize::MAX).max(1);
        for uid in uids {
            self.halves
                .entry(uid)
                .and_modify(|smallest| *smallest = half.min(*smallest))
                .or_insert(half);
        }
    }
}

/// Writes rows into payloads. Those whose part failed as a whole go in parts of half its rows, and by themselves.
pub(crate) fn write_in_halves(
    headings: &Headings,
    rows: Vec<&Row>,
    halves: &HashMap<Uid, usize>,
) -> Result<Vec<Payload>, PayloadError> {
    if halves.is_empty() {
        return headings.write(rows);
    }
    let mut by_size: BTreeMap<usize, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let rows_max = halves.get(&row.uid).copied().unwrap_or(usize::MAX);
        by_size.entry(rows_max).or_default().push(row);
    }
    let mut payloads = Vec::new();
    for (rows_max, rows) in by_size {
        payloads.extend(headings.clone().at_most(rows_max).write(rows)?);
    }
    Ok(payloads)
}
