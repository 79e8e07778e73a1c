//! Removals in bulk, from lists or from Constant Contact altogether: up to 500 contacts a call, each an activity of its
//! own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shared::constant_contact::Leaver;
use shared::domain::limits::BULK_CONTACT_IDS_MAX;
use shared::domain::removal::{Next, OnTheirWay, Removal, RemovedFrom};
use shared::domain::{ActivityId, ContactId, Dialect, Dispose as _, Disposition, ListId};
use shared::preflight;
use shared::store::RunStore;
use tracing::warn;

use crate::error::PollError;
use crate::services::{Ready, Services};

/// Who is to be taken off which lists, by those lists.
pub(crate) type ToRemove = BTreeMap<BTreeSet<ListId>, Vec<Leaver>>;

/// Whom an import has put on which lists although they were deleted.
pub(crate) type Revived = BTreeMap<ContactId, BTreeSet<ListId>>;

/// Submits a run's removals from lists, and remembers their activities.
pub(crate) async fn submit(
    ready: &Ready,
    store: &RunStore,
    to_remove: ToRemove,
    now: Timestamp,
) -> Result<(), PollError> {
    if to_remove.is_empty() {
        return Ok(());
    }
    let mut removals = store.removals().await?;
    for (lists, leavers) in to_remove {
        for leavers in leavers.chunks(BULK_CONTACT_IDS_MAX) {
            let activity = remove_from_lists(ready, leavers, &lists).await?;
            if activity.is_none() {
                continue;
            }
            let contacts = leavers.iter().map(|leaver| leaver.id.clone()).collect();
            let mut removal = Removal::of(contacts, RemovedFrom::Lists(lists.clone()));
            removal.submitted(activity, now);
            removals.push(removal);
            store.write_removals(&removals).await?;
        }
    }
    Ok(())
}

/// Takes contacts off lists on which an import has put them although they were deleted. Done again after a kill, which changes
/// nothing.
pub(crate) async fn take_off(
    ready: &Ready,
    store: &RunStore,
    revived: Revived,
    now: Timestamp,
) -> Result<(), PollError> {
    let mut by_lists: BTreeMap<BTreeSet<ListId>, Vec<ContactId>> = BTreeMap::new();
    for (contact, lists) in revived {
        by_lists.entry(lists).or_default().push(contact);
    }
    let mut to_remove = ToRemove::new();
    for (lists, contacts) in by_lists {
        warn!(
            removal.contacts = contacts.len(),
            "An import put back who had been deleted; they are taken off again."
        );
        to_remove.insert(lists, leavers(ready, &contacts).await?);
    }
    submit(ready, store, to_remove, now).await
}

/// Asks after every removal that is not over, also of runs that were given up, and submits again what came to nothing: whoever
/// is to go does. Answers whether all are over.
pub(crate) async fn settle(
    services: &Services,
    ready: &Ready,
    now: Timestamp,
) -> Result<bool, PollError> {
    let (lease, _) = services.state.run_lease().await?;
    let mut all_over = true;
    for run in lease.unclear() {
        all_over &= settle_run(ready, &services.run(run), now).await?;
    }
    Ok(all_over)
}

async fn settle_run(ready: &Ready, store: &RunStore, now: Timestamp) -> Result<bool, PollError> {
    let mut removals = store.removals().await?;
    let before = removals.clone();
    for removal in removals.iter_mut().filter(|removal| !removal.is_over) {
        look_after(ready, removal, now).await?;
    }
    if removals != before {
        store.write_removals(&removals).await?;
    }
    Ok(removals.iter().all(|removal| removal.is_over))
}

/// Whom the open run is taking off which lists just now, or one that was given up may still be.
pub(crate) async fn on_their_way(services: &Services) -> Result<OnTheirWay, PollError> {
    let mut on_their_way = OnTheirWay::default();
    let (lease, _) = services.state.run_lease().await?;
    for run in lease.unclear() {
        on_their_way.take(services.run(run).removals().await?);
    }
    Ok(on_their_way)
}

/// Asks after one removal, and submits it if it was not yet, or came to nothing.
pub(crate) async fn look_after(
    ready: &Ready,
    removal: &mut Removal,
    now: Timestamp,
) -> Result<(), PollError> {
    let activity = match &removal.activity {
        Some(activity) => ready.constant_contact.activity(activity).await?,
        None => None,
    };
    match removal.next(activity.as_ref().map(|activity| &activity.state), now) {
        Next::Wait => {}
        Next::Done => removal.is_over = true,
        Next::Submit => {
            let activity = submit_again(ready, removal).await?;
            removal.submitted(activity, now);
        }
        Next::GiveUp => {
            let activity = removal.activity.as_ref().map(ToString::to_string).unwrap_or_default();
            warn!(
                activity.id = activity,
                removal.contacts = removal.contacts.len(),
                "A removal came to nothing for good."
            );
            removal.is_over = true;
        }
    }
    Ok(())
}

async fn submit_again(ready: &Ready, removal: &Removal) -> Result<Option<ActivityId>, PollError> {
    let client = &ready.constant_contact;
    match &removal.from {
        RemovedFrom::ConstantContact => Ok(client.delete_contacts(&removal.contacts).await?),
        RemovedFrom::Lists(lists) => {
            let leavers = leavers(ready, &removal.contacts).await?;
            if leavers.is_empty() {
                return Ok(None);
            }
            remove_from_lists(ready, &leavers, lists).await
        }
    }
}

/// Takes contacts off lists. Who was on a list that the settings no longer name, and that is gone, is off it.
async fn remove_from_lists(
    ready: &Ready,
    leavers: &[Leaver],
    lists: &BTreeSet<ListId>,
) -> Result<Option<ActivityId>, PollError> {
    let client = &ready.constant_contact;
    let error = match client.remove_from_lists(leavers, lists).await {
        Err(error) if error.disposition() == Disposition::Reject => error,
        done => return Ok(done?),
    };
    preflight::lists(client, &ready.settings).await?;
    let is_named = |list: &&ListId| ready.settings.policy.lists.iter().any(|of| of.id == **list);
    let named: BTreeSet<ListId> = lists.iter().filter(is_named).cloned().collect();
    if named == *lists {
        return Err(error.into());
    }
    Ok(if named.is_empty() { None } else { client.remove_from_lists(leavers, &named).await? })
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
