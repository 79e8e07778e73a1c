//! What imports say of which nobody knows yet whether they were carried out, or never will. What a contact shows may tell: it is
//! there, or it shows a value as its row says it.

use std::collections::{HashMap, HashSet};

use shared::domain::agreed::Agreed;
use shared::domain::batch::Agreement;
use shared::domain::{Contact, Uid};

use crate::carry::Known;
use crate::error::PollError;
use crate::services::{Ready, Services};

/// Believes of these people what such imports say, as far as their contacts show it: a value that a row says is our own and not
/// somebody's edit, and who is there by a row was on its lists, so that not being on one is having left it.
///
/// Answers of whom a row undid what was agreed since it was planned: the next run compares them anew, which is not before those
/// imports are settled.
pub(crate) async fn believe(
    services: &Services,
    ready: &Ready,
    people: &[(&Uid, Option<&Contact>)],
    known: &mut Known,
) -> Result<Vec<Uid>, PollError> {
    let uids: HashSet<&Uid> = people.iter().map(|(uid, _)| *uid).collect();
    let rows = rows_of(services, &uids).await?;
    let mut undone = Vec::new();
    for (uid, contact) in people.iter().copied() {
        let Some(contact) = contact.filter(|it| it.deleted_at.is_none()) else { continue };
        for row in rows.get(uid).into_iter().flatten() {
            let agreed = known.agreed(uid).cloned().unwrap_or_default();
            let (believed, is_undone) = with_row(agreed, row, contact, ready);
            known.believed.insert(uid.clone(), believed);
            if is_undone {
                undone.push(uid.clone());
            }
        }
    }
    Ok(undone)
}

/// What is believed once a contact shows what a row says; and whether the row undid something that was agreed meanwhile.
fn with_row(
    mut agreed: Agreed,
    row: &Agreement,
    contact: &Contact,
    ready: &Ready,
) -> (Agreed, bool) {
    let mut is_undone = false;
    for (field, said) in &row.after.fields {
        let shown = ready.key.fingerprint(field.as_str(), contact.value(field));
        let now = agreed.fields.get(field).copied().unwrap_or_default();
        if said.contact != Some(shown) || now.contact == said.contact || now.held.is_some() {
            continue;
        }
        is_undone |= row.before.fields.get(field).copied().unwrap_or_default() != now;
        agreed.fields.insert(field.clone(), *said);
    }
    if !row.before.is_there() && !agreed.is_there() {
        agreed.lists.extend(row.after.lists.iter().cloned());
    }
    (agreed, is_undone)
}

/// The rows of these people in parts of which nobody knows whether they were carried out: of the open run, and of those that
/// were given up.
async fn rows_of(
    services: &Services,
    uids: &HashSet<&Uid>,
) -> Result<HashMap<Uid, Vec<Agreement>>, PollError> {
    let mut rows: HashMap<Uid, Vec<Agreement>> = HashMap::new();
    let (lease, _) = services.state.run_lease().await?;
    for run in lease.unclear() {
        for row in services.run(run).unclear_rows(uids, None).await? {
            rows.entry(row.uid.clone()).or_default().push(row);
        }
    }
    Ok(rows)
}
