//! Removals from lists, in bulk: up to 500 contacts a call, each an activity of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use shared::constant_contact::Leaver;
use shared::domain::activity::ActivityState;
use shared::domain::limits::BULK_CONTACT_IDS_MAX;
use shared::domain::{ActivityId, ContactId, Dialect, ListId};
use shared::store::RunStore;
use tracing::warn;

use crate::error::PollError;
use crate::services::Ready;

/// Where a run keeps its removals.
const NOTE: &str = "removals.json";
/// How often a removal that came to nothing is submitted again.
const TRIES_MAX: u32 = 5;

/// One bulk removal of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Removal {
    activity: ActivityId,
    contacts: Vec<ContactId>,
    lists: BTreeSet<ListId>,
    tries: u32,
    is_over: bool,
}

/// Who is to be taken off which lists, by those lists.
pub(crate) type ToRemove = BTreeMap<BTreeSet<ListId>, Vec<Leaver>>;

/// Submits removals, and remembers their activities.
pub(crate) async fn submit(
    ready: &Ready,
    store: &RunStore,
    to_remove: ToRemove,
) -> Result<(), PollError> {
    if to_remove.is_empty() {
        return Ok(());
    }
    let mut removals: Vec<Removal> = store.note(NOTE).await?.unwrap_or_default();
    for (lists, leavers) in to_remove {
        for leavers in leavers.chunks(BULK_CONTACT_IDS_MAX) {
            let submitted = ready.constant_contact.remove_from_lists(leavers, &lists).await?;
            let Some(activity) = submitted else { continue };
            let contacts = leavers.iter().map(|leaver| leaver.id.clone()).collect();
            let lists = lists.clone();
            removals.push(Removal { activity, contacts, lists, tries: 1, is_over: false });
            store.write_note(NOTE, &removals).await?;
        }
    }
    Ok(())
}

/// The contacts of a removal that is submitted again. Addresses are not kept, so v2, which wants them, is asked for them.
async fn leavers(ready: &Ready, contacts: &[ContactId]) -> Result<Vec<Leaver>, PollError> {
    let client = &ready.constant_contact;
    match client.dialect() {
        Dialect::V3 => {
            Ok(contacts.iter().map(|id| Leaver { id: id.clone(), address: None }).collect())
        }
        Dialect::V2 => {
            let mut leavers = Vec::new();
            for id in contacts {
                leavers.extend(client.contact(id).await?.as_ref().map(Leaver::from));
            }
            Ok(leavers)
        }
    }
}

/// Asks after the removals that are not over, and submits again what came to nothing. Answers whether all are over.
pub(crate) async fn settle(ready: &Ready, store: &RunStore) -> Result<bool, PollError> {
    let mut removals: Vec<Removal> = store.note(NOTE).await?.unwrap_or_default();
    let before = removals.clone();
    for removal in removals.iter_mut().filter(|removal| !removal.is_over) {
        let state = ready.constant_contact.activity(&removal.activity).await?;
        match state.map(|activity| activity.state) {
            Some(
                ActivityState::Initialized | ActivityState::Processing | ActivityState::Other(_),
            ) => {}
            Some(ActivityState::Completed) => removal.is_over = true,
            Some(ActivityState::Cancelled | ActivityState::Failed | ActivityState::TimedOut)
            | None => {
                if removal.tries >= TRIES_MAX {
                    warn!(activity.id = %removal.activity, "A removal from lists came to nothing for good.");
                    removal.is_over = true;
                    continue;
                }
                let leavers = leavers(ready, &removal.contacts).await?;
                if leavers.is_empty() {
                    removal.is_over = true;
                    continue;
                }
                let client = &ready.constant_contact;
                match client.remove_from_lists(&leavers, &removal.lists).await? {
                    Some(activity) => removal.activity = activity,
                    None => removal.is_over = true,
                }
                removal.tries += 1;
            }
        }
    }
    if removals != before {
        store.write_note(NOTE, &removals).await?;
    }
    Ok(removals.iter().all(|removal| removal.is_over))
}
