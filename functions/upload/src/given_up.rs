//! What runs that were given up may have done, or may still do.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use shared::domain::limits::CONTACTS_LAG_MINUTES;
use shared::domain::removal::OnTheirWay;
use shared::domain::{Fingerprint, Uid};

use crate::error::UploadError;
use crate::services::Services;

/// What is unclear of the people of a batch.
#[derive(Debug, Default)]
pub(crate) struct GivenUp {
    /// Under which addresses they may have contacts of which nobody knows yet.
    pub(crate) in_doubt: HashMap<Uid, Fingerprint>,
    /// Whose contacts are being taken off which lists.
    pub(crate) on_their_way: OnTheirWay,
}

impl GivenUp {
    /// Reads it for these people. Whom a part brought that was over before the last sweep began, the sweep has seen.
    pub(crate) async fn read(
        services: &Services,
        uids: &HashSet<&Uid>,
        swept_at: Option<Timestamp>,
    ) -> Result<Self, UploadError> {
        let shown = swept_at.map(|at| at - SignedDuration::from_mins(CONTACTS_LAG_MINUTES));
        let mut this = Self::default();
        let (lease, _) = services.state.run_lease().await?;
        for given_up in lease.given_up {
            let store = services.run(&given_up.run);
            this.on_their_way.take(store.removals().await?);
            let rows = store.unclear_rows(uids, shown).await?;
            for row in rows.into_iter().filter(|row| !row.before.is_there()) {
                this.in_doubt.extend(row.after.address.map(|address| (row.uid, address)));
            }
        }
        Ok(this)
    }
}
