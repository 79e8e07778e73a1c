//! The names of objects, in one place.

use crate::domain::{Fingerprint, RunId};

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
/// Accounts whose address another account holds.
pub const WAITING: &str = "state/waiting.json";
/// Parts in which somebody was refused.
pub const SUSPECTS: &str = "state/suspects.json";
/// People whose row was refused.
pub const REFUSED: &str = "state/refused.json";
/// Contacts who are nobody's.
pub const STRANGERS: &str = "state/strangers";
/// Whom an interrupted sweep has been shown.
pub const SWEEP_SEEN: &str = "state/sweep-seen";
/// Who refreshes the token.
pub const TOKEN_LEASE: &str = "state/token-lease.json";

/// What a run tells, beside it.
pub const REPORT: &str = "report.json";

/// Where the shards of the ledger lie.
pub const LEDGER: &str = "state/ledger/";

/// One shard of the ledger.
pub fn shard(shard: u8) -> String {
    format!("{LEDGER}{shard:02}")
}

/// The number of the shard with this key.
pub fn shard_of(key: &str) -> Option<u8> {
    key.strip_prefix(LEDGER)?.parse().ok()
}

/// Why an operator let somebody come back, by the fingerprint of their UID: the name stays when they are erased.
pub fn testimony(person: Fingerprint) -> String {
    format!("state/testimony/{person}.json")
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

/// Addresses that a batch takes.
pub fn addresses(run: &RunId, ordinal: u32) -> String {
    format!("runs/{run}/addresses/{ordinal:05}.zst")
}

/// Where a run's taken addresses are.
pub fn all_addresses(run: &RunId) -> String {
    format!("runs/{run}/addresses/")
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
    }
}
