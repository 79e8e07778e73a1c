//! What single writes leave over: values that only an import can carry. They go to the list that nobody mails, so that
//! nobody can join anything by it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::domain::activity::ActivityState;
use shared::domain::batch::Agreement;
use shared::domain::plan::Row;
use shared::domain::{ActivityId, Uid};
use shared::payload::Headings;
use shared::store::RunStore;
use tracing::warn;

use crate::error::PollError;
use crate::services::{Ready, Services};
use crate::settle::agree;

/// Where a run keeps these imports.
const NOTE: &str = "rest.json";

/// What is left over of one person's amendment.
pub(crate) struct Rest {
    /// The values.
    pub(crate) row: Row,
    /// What is agreed once they are imported.
    pub(crate) agreement: Agreement,
}

/// One import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Imported {
    activity: ActivityId,
    agreements: Vec<Agreement>,
    /// When: whoever became due later is due for another reason.
    #[serde(default)]
    at: Timestamp,
    is_over: bool,
}

/// Submits what is left over of a batch's amendments. Whoever is in it is due until it is settled, so that nothing is lost
/// if we are killed in between.
pub(crate) async fn submit(
    ready: &Ready,
    store: &RunStore,
    ordinal: u32,
    rest: Vec<Rest>,
    now: Timestamp,
) -> Result<(), PollError> {
    let Some(update_list) = &ready.settings.constant_contact.update_list else { return Ok(()) };
    if rest.is_empty() {
        return Ok(());
    }
    let lists = BTreeSet::from([update_list.clone()]);
    let mut imports: Vec<Imported> = store.note(NOTE).await?.unwrap_or_default();
    let headings = Headings::of(&ready.settings.policy.mapping);
    for payload in headings.write_exactly(rest.iter().map(|rest| &rest.row))? {
        let name = format!("{}.{ordinal}.rest-{}.csv", store.run(), imports.len());
        let activity = ready.constant_contact.import(&name, payload.import, &lists).await?;
        let of = |uid: &Uid| rest.iter().find(|rest| rest.row.uid == *uid);
        let agreements =
            payload.uids.iter().filter_map(of).map(|rest| rest.agreement.clone()).collect();
        imports.push(Imported { activity, agreements, at: now, is_over: false });
        store.write_note(NOTE, &imports).await?;
    }
    Ok(())
}

/// Asks after these imports and agrees on those that were taken in. Answers whether all are over.
pub(crate) async fn settle(
    services: &Services,
    ready: &Ready,
    store: &RunStore,
) -> Result<bool, PollError> {
    let mut imports: Vec<Imported> = store.note(NOTE).await?.unwrap_or_default();
    let before = imports.clone();
    for import in imports.iter_mut().filter(|import| !import.is_over) {
        let activity = ready.constant_contact.activity(&import.activity).await?;
        if activity.as_ref().is_some_and(|activity| !activity.is_over()) {
            continue;
        }
        let is_taken_in = activity.is_some_and(|activity| {
            let refused = [
                activity.counts.errors,
                activity.counts.correctable,
                activity.counts.cannot_add_to_list,
            ];
            activity.state == ActivityState::Completed
                && refused.into_iter().flatten().sum::<u64>() == 0
        });
        if is_taken_in {
            let people: Vec<Uid> =
                import.agreements.iter().map(|agreement| agreement.uid.clone()).collect();
            agree(services, import.agreements.clone()).await?;
            let is_still_due =
                |uid: &Uid, from: Timestamp| from > import.at || !people.contains(uid);
            services
                .state
                .change_due(|due| due.retain(|uid, from| is_still_due(uid, *from)))
                .await?;
        } else {
            warn!(activity.id = %import.activity, "What single writes left over was not taken in; the next run reads these people.");
        }
        import.is_over = true;
    }
    if imports != before {
        store.write_note(NOTE, &imports).await?;
    }
    Ok(imports.iter().all(|import| import.is_over))
}
