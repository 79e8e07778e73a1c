//! The conflicts in the ledger: listed, and decided by a person.

use super::ledger::broken;
use super::{Ledger, StoreError};
use crate::domain::agreed::{Hold, Side};
use crate::domain::{ContactField, Uid};

/// A conflict that waits for a person, or that they decided and nobody has carried out yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The person.
    pub uid: Uid,
    /// The field.
    pub field: ContactField,
    /// Since when, and what was chosen.
    pub hold: Hold,
}

impl Ledger {
    /// Every conflict, the oldest first. Reads every shard.
    ///
    /// # Errors
    /// When a shard cannot be read.
    pub async fn conflicts(&self) -> Result<Vec<Conflict>, StoreError> {
        let mut conflicts = Vec::new();
        for number in self.shards().await? {
            let Some((shard, _)) = self.read(number).await? else { continue };
            for uid in shard.people() {
                let agreed = shard.agreed(uid, None).map_err(|problem| broken(number, problem))?;
                let Some(agreed) = agreed else { continue };
                conflicts.extend(agreed.fields.into_iter().filter_map(|(field, pair)| {
                    Some(Conflict { uid: uid.clone(), field, hold: pair.held? })
                }));
            }
        }
        conflicts.sort_by(|a, b| (a.hold.since, &a.uid).cmp(&(b.hold.since, &b.uid)));
        Ok(conflicts)
    }

    /// Marks a conflict as decided for one side. Answers whether it is decided so now.
    ///
    /// # Errors
    /// When the shard cannot be read or written.
    pub async fn resolve(
        &self,
        uid: &Uid,
        field: &ContactField,
        side: Side,
    ) -> Result<bool, StoreError> {
        self.change([(uid.clone(), ())], |now, ()| {
            let mut agreed = now.cloned().unwrap_or_default();
            if let Some(resolved) = agreed.fields.get(field).and_then(|pair| pair.resolved(side)) {
                agreed.fields.insert(field.clone(), resolved);
            }
            agreed
        })
        .await?;
        let known = self.look_up([uid.clone()], []).await?.people;
        let pair = known.get(uid).and_then(|agreed| agreed.fields.get(field));
        Ok(pair.and_then(|pair| pair.chosen()) == Some(side))
    }
}
