//! The doubt: after every sweep everybody in the ledger is looked for at Gigya, shard by shard. It finds whom the audit log
//! does not tell of, such as those whom a program of the customer's deleted.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use shared::domain::Uid;
use shared::domain::brake::Pulled;
use shared::domain::erasure::Doubt;
use shared::domain::limits::SEARCH_LAG_SECONDS_MAX;
use shared::gigya::Whereabouts;

use super::{Eraser, Suspect, Suspects, is_released};
use crate::brake;
use crate::error::PollError;

/// Whoever registered later than so long ago may not show in a search yet: who is missed, is missed since then.
const MISSED_SINCE: SignedDuration = SignedDuration::from_secs(SEARCH_LAG_SECONDS_MAX);

impl Eraser<'_> {
    /// Goes on looking for everybody, and erases who is gone, if the brake lets them go.
    pub(super) async fn doubt(
        &mut self,
        swept_at: Option<Timestamp>,
        pulled: Option<&Pulled>,
    ) -> Result<(), PollError> {
        let is_free = is_released(pulled);
        let is_let_go = is_free && pulled.is_some_and(|pulled| pulled.is_of_sweep);
        let Some(mut doubt) = self.state.doubt.take().or_else(|| {
            let is_news = swept_at > self.state.doubted;
            swept_at.filter(|_| is_news || is_let_go).map(Doubt::after)
        }) else {
            return Ok(());
        };
        let shards = self.services.ledger.shards().await?;
        let from = doubt.shard;
        for shard in shards.into_iter().filter(|shard| *shard >= from) {
            doubt.shard = shard;
            if self.invocation.must_stop() {
                self.state.doubt = Some(doubt);
                return self.save().await;
            }
            let has_people = self.look_for(&mut doubt, is_free).await?;
            if is_free && !self.part_with_missing(&mut doubt).await? {
                self.state.doubt = Some(doubt);
                return self.save().await;
            }
            doubt.shard += 1;
            if has_people {
                self.state.doubt = Some(doubt.clone());
                self.save().await?;
            }
        }
        let limits = brake::limits(&self.ready.settings.safety);
        let examples = doubt.missing.keys().cloned();
        // A site that shows nobody is not one that everybody left.
        let brake = limits
            .judge(doubt.gone, doubt.known, examples)
            .or_else(|| limits.judge_empty(doubt.seen, doubt.gone));
        if let Some(brake) = brake.filter(|_| !is_free) {
            (self.state.doubt, self.state.doubted) = (None, Some(doubt.sweep));
            return self.pull(brake, true).await;
        }
        if !self.part_with_missing(&mut doubt).await? {
            self.state.doubt = Some(doubt);
            return self.save().await;
        }
        self.forget_brake(pulled, true).await?;
        (self.state.doubt, self.state.doubted) = (None, Some(doubt.sweep));
        self.save().await
    }

    /// Looks for everybody in one shard. Answers whether there is anybody.
    async fn look_for(&mut self, doubt: &mut Doubt, is_free: bool) -> Result<bool, PollError> {
        let entries = self.services.ledger.entries(doubt.shard).await?;
        let is_there: BTreeMap<Uid, bool> =
            entries.into_iter().map(|entry| (entry.uid, entry.is_there)).collect();
        let uids: Vec<Uid> = is_there.keys().cloned().collect();
        let since = self.invocation.now() - MISSED_SINCE;
        let unseen: Vec<Uid> = self.ready.gigya.unseen(&uids).await?.into_iter().collect();
        let mut missing = 0;
        for (uid, whereabouts) in self.ready.gigya.whereabouts(&unseen).await? {
            match whereabouts {
                Whereabouts::Full | Whereabouts::Lite | Whereabouts::Unclear => continue,
                Whereabouts::Upgraded { .. } => {}
                Whereabouts::Gone => {
                    missing += 1;
                    doubt.gone += u64::from(is_there.get(&uid) == Some(&true));
                }
            }
            // Whoever is beyond what the brake lets go only counts.
            let limit = self.ready.settings.safety.brake_people as usize;
            if is_free || doubt.missing.len() <= limit {
                doubt.missing.insert(uid, since);
            }
        }
        doubt.seen += is_there.len() as u64 - missing;
        doubt.known += is_there.values().filter(|is_there| **is_there).count() as u64;
        Ok(!is_there.is_empty())
    }

    /// Erases those who were found missing. Answers whether all are done.
    async fn part_with_missing(&mut self, doubt: &mut Doubt) -> Result<bool, PollError> {
        let suspects: Suspects = doubt
            .missing
            .iter()
            .map(|(uid, at)| (uid.clone(), Suspect { at: *at, renamed_to: None }))
            .collect();
        let is_done = self.part_with(&suspects).await?;
        if is_done {
            doubt.missing.clear();
        }
        Ok(is_done)
    }
}
