//! The names of objects, in one place.

use crate::domain::{RunId, Uid};

/// The customer's settings.
pub const SETTINGS: &str = "config/sync.toml";
/// The run in progress.
pub const RUN_LEASE: &str = "state/run.json";
/// Up to where each direction is done.
pub const WATERMARKS: &str = "state/watermarks.json";
/// How fresh the inbound read is.
pub const INBOUND: &str = "state/inbound.json";
/// The brake that an inbound read pulled.
pub const INBOUND_BRAKE: &str = "state/inbound-brake.json";
/// People whom the next run reads whatever their time says.
pub const DUE: &str = "state/due.json";
/// How far erasing people whose accounts were deleted has come.
pub const ERASURE: &str = "state/erasure.json";
/// The brake that an erasure pulled.
pub const ERASURE_BRAKE: &str = "state/erasure-brake.json";
/// The day's calls to Constant Contact.
pub const QUOTA: &str = "state/quota.json";
/// Who refreshes the token.
pub const TOKEN_LEASE: &str = "state/token-lease.json";

/// What a run tells, beside it.
pub const REPORT: &str = "report.json";

/// One shard of the ledger.
pub fn shard(shard: u8) -> String {
    format!("state/ledger/{shard:02}")
}

/// Why an operator let somebody come back. A UID may hold anything, so its bytes are written in hexadecimal.
pub fn testimony(uid: &Uid) -> String {
    let name: Vec<String> = uid.as_str().bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("state/testimony/{}.json", name.concat())
}

/// Where the runs are.
pub const RUNS: &str = "runs/";

/// Everything of one run.
pub fn run(run: &RunId, name: &str) -> String {
    format!("runs/{run}/{name}")
}

/// A staged batch.
pub fn batch(run: &RunId, ordinal: u32) -> String {
    format!("runs/{run}/batches/{ordinal:05}.ndjson.zst")
}

/// The claim on a batch.
pub fn claim(run: &RunId, ordinal: u32) -> String {
    format!("runs/{run}/claims/{ordinal:05}.json")
}

/// Where a run's claims are.
pub fn claims(run: &RunId) -> String {
    format!("runs/{run}/claims/")
}

/// One part of a batch.
pub fn part(run: &RunId, ordinal: u32, part: u32) -> String {
    format!("runs/{run}/activities/{ordinal:05}.{part:03}.json")
}

/// Where the parts of one batch are.
pub fn parts(run: &RunId, ordinal: u32) -> String {
    format!("runs/{run}/activities/{ordinal:05}.")
}

/// Where a run's parts are.
pub fn all_parts(run: &RunId) -> String {
    format!("runs/{run}/activities/")
}

/// The ordinal and the part that a part's key names.
pub fn part_of(key: &str) -> Option<(u32, u32)> {
    let name = key.rsplit('/').next()?.strip_suffix(".json")?;
    let (ordinal, part) = name.split_once('.')?;
    Some((ordinal.parse().ok()?, part.parse().ok()?))
}

/// The ordinal that a batch's key names.
pub fn ordinal_of(key: &str) -> Option<u32> {
    key.rsplit('/').next()?.split('.').next()?.parse().ok()
}

/// The file name under which a part is imported; Constant Contact gives it back in its listing.
pub fn file_name(run: &RunId, ordinal: u32, part: u32) -> String {
    format!("{run}.{ordinal:05}.{part:03}.csv")
}

/// What the ledger is to hold once a part is settled.
pub fn agreements(run: &RunId, ordinal: u32, part: u32) -> String {
    format!("runs/{run}/agreements/{ordinal:05}.{part:03}.zst")
}

/// What the ledger is to hold of those of a batch to whom nothing was sent.
pub fn quiet_agreements(run: &RunId, ordinal: u32) -> String {
    format!("runs/{run}/agreements/{ordinal:05}.quiet.zst")
}

/// Single writes and removals of a batch.
pub fn errands(run: &RunId, ordinal: u32) -> String {
    format!("runs/{run}/errands/{ordinal:05}.zst")
}

/// One batch's share of a list of people.
pub fn list_share(run: &RunId, list: &str, ordinal: u32) -> String {
    format!("runs/{run}/lists/{list}/{ordinal:05}.ndjson")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_its_batch_and_part() {
        let run = RunId::from("20261123T045000Z-delta");
        assert_eq!(part_of(&part(&run, 12, 3)), Some((12, 3)));
        assert_eq!(ordinal_of(&batch(&run, 7)), Some(7));
        assert_eq!(ordinal_of(&claim(&run, 7)), Some(7));
        assert_eq!(part_of("runs/x/run.json"), None);
        assert_eq!(testimony(&"a/é".into()), "state/testimony/612fc3a9.json");
    }
}
