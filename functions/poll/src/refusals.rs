//! Rows that Constant Contact refused: pinned to people once everybody was read, listed, and tried again later.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use shared::domain::Uid;
use shared::domain::batch::Agreement;
use shared::domain::refused::{self, Refused, RowFate, Suspect};
use shared::domain::report::ListedPerson;
use shared::domain::sweep::Sweep;
use shared::store::RunStore;
use shared::store::runs::PartDocument;
use shared::store::state::{AllRefused, Due};
use tracing::{info, warn};

use crate::changes::WINDOW_LAG;
use crate::close;
use crate::error::PollError;
use crate::services::{Ready, Services};
use crate::settle::agree;

/// The list of a run that they are on.
pub(crate) const LIST: &str = "rejected";

/// Somebody of this part was refused, and nobody says who: nothing is agreed until the next sweep tells.
pub(crate) async fn suspect(services: &Services, suspect: Suspect) -> Result<(), PollError> {
    let is_same = |other: &Suspect| {
        (&other.run, other.ordinal, other.part) == (&suspect.run, suspect.ordinal, suspect.part)
    };
    services
        .state
        .change_suspects(|all| {
            if !all.iter().any(is_same) {
                all.push(suspect.clone());
            }
        })
        .await?;
    Ok(())
}

/// These people's rows were taken in, so that nothing of theirs is refused any longer.
pub(crate) async fn forget(services: &Services, taken_in: &[Agreement]) -> Result<(), PollError> {
    let uids: HashSet<&Uid> = taken_in.iter().map(|agreement| &agreement.uid).collect();
    if !uids.is_empty() {
        services.state.change_refused(|all| all.retain(|uid, _| !uids.contains(uid))).await?;
    }
    Ok(())
}

/// Names those who were refused, after a sweep: whoever of a suspect part is there as sent is in step, and the others are
/// listed and tried again. Answers how many they are.
pub(crate) async fn pin(
    services: &Services,
    ready: &Ready,
    sweep: &Sweep,
) -> Result<u64, PollError> {
    let is_told = |suspect: &Suspect| suspect.settled_at + WINDOW_LAG <= sweep.began_at;
    let mut named = 0;
    for suspect in services.state.suspects().await?.into_iter().filter(is_told) {
        named += pin_part(services, ready, &suspect).await?;
        services.state.change_suspects(|all| all.retain(|other| *other != suspect)).await?;
    }
    Ok(named)
}

async fn pin_part(services: &Services, ready: &Ready, suspect: &Suspect) -> Result<u64, PollError> {
    let store = services.run(&suspect.run);
    let rows = store.agreements(suspect.ordinal, Some(suspect.part)).await?;
    if rows.is_empty() {
        warn!(
            run.id = %suspect.run, batch.ordinal = suspect.ordinal, part.number = suspect.part,
            "What was sent in a part in which rows were refused is gone; the next full run finds them."
        );
    }
    let uids = rows.iter().map(|row| row.uid.clone());
    let known = services.ledger.look_up(uids, []).await?.people;
    let (mut taken_in, mut rejected) = (Vec::new(), Vec::new());
    for row in rows {
        match refused::fate(&row, known.get(&row.uid)) {
            RowFate::TakenIn => taken_in.push(row),
            RowFate::Left => {}
            RowFate::Refused => rejected.push(row),
        }
    }
    forget(services, &taken_in).await?;
    agree(services, taken_in).await?;
    let again = try_again(services, ready, suspect.settled_at, &rejected).await?;
    list(services, suspect, &again).await?;
    info!(
        run.id = %suspect.run, batch.ordinal = suspect.ordinal, part.number = suspect.part,
        people.rejected = again.len(), "Told who was refused in a part."
    );
    Ok(again.len() as u64)
}

/// A part of one row failed as a whole. Once may be chance; when the row failed alone before, in this run, it is the bad one
/// for which its batch was halved, and it is refused. Unless others have failed since then and nobody was taken in: then it
/// is not the row that is bad.
pub(crate) async fn refuse_alone(
    services: &Services,
    ready: &Ready,
    store: &RunStore,
    failed: &PartDocument,
    now: Timestamp,
) -> Result<(), PollError> {
    let rows = store.agreements(failed.ordinal, Some(failed.number)).await?;
    let Some(uid) = rows.first().map(|row| &row.uid) else { return Ok(()) };
    let (mut is_second, mut have_others_failed, mut is_anybody_in) = (false, false, false);
    // By their numbers, which is in the order in which they were sent.
    for other in store.parts(Some(failed.ordinal)).await? {
        is_anybody_in |= other.part.was_taken_in();
        if other.number != failed.number && other.part.failed_as_a_whole() {
            let rows = store.agreements(other.ordinal, Some(other.number)).await?;
            if other.part.failed_alone() && rows.iter().any(|row| row.uid == *uid) {
                (is_second, have_others_failed) = (true, false);
            } else {
                have_others_failed = true;
            }
        }
    }
    if is_second && (is_anybody_in || !have_others_failed) {
        warn!(
            run.id = %store.run(), batch.ordinal = failed.ordinal, part.number = failed.number,
            "A row fails every part that it is in; it is refused, and tried again later."
        );
        try_again(services, ready, now, &rows).await?;
    }
    Ok(())
}

/// Remembers what was refused and when it is tried again.
async fn try_again(
    services: &Services,
    ready: &Ready,
    refused_at: Timestamp,
    rejected: &[Agreement],
) -> Result<BTreeMap<Uid, Refused>, PollError> {
    if rejected.is_empty() {
        return Ok(BTreeMap::new());
    }
    let before = services.state.refused().await?;
    let again: BTreeMap<Uid, Refused> = rejected
        .iter()
        .map(|row| {
            let sent = refused::sent(&ready.key, &row.after);
            (row.uid.clone(), Refused::again(before.get(&row.uid), sent, refused_at))
        })
        .collect();
    let remember = |all: &mut AllRefused| all.extend(again.clone());
    services.state.change_refused(remember).await?;
    let due = |due: &mut Due| {
        due.extend(again.iter().map(|(uid, refused)| (uid.clone(), refused.again_at)));
    };
    services.state.change_due(due).await?;
    Ok(again)
}

/// Puts them on the list of the run that sent them.
async fn list(
    services: &Services,
    suspect: &Suspect,
    again: &BTreeMap<Uid, Refused>,
) -> Result<(), PollError> {
    if again.is_empty() {
        return Ok(());
    }
    let store = services.run(&suspect.run);
    let mut people: Vec<ListedPerson> = store.list_share(LIST, suspect.ordinal).await?;
    people.retain(|person| !again.contains_key(&person.uid));
    people.extend(again.iter().map(|(uid, refused)| ListedPerson {
        uid: uid.clone(),
        field: None,
        reason: format!(
            "Constant Contact refused the row; it is tried again on {:.10}, or when the account or the mapping changes",
            refused.again_at.to_string()
        ),
    }));
    store.write_list_share(LIST, suspect.ordinal, &people).await?;
    if let Some(run) = store.read().await? {
        close::publish_rejected(&store, &run).await?;
    }
    Ok(())
}
