//! The purge: past runs keep what they staged and whom they listed for some days; whoever was erased is taken out of it,
//! object by object, while no run is open.

use tracing::info;

use super::Eraser;
use crate::error::PollError;

impl Eraser<'_> {
    /// Takes those who were erased out of the objects of past runs. Goes on with the next tick where the invocation ends.
    pub(super) async fn purge(&mut self) -> Result<(), PollError> {
        if !self.state.purge.begin() {
            return Ok(());
        }
        let (lease, version) = self.services.state.run_lease().await?;
        if lease.open.is_some() {
            return Ok(());
        }
        let purge = self.services.purge();
        let people = self.state.purge.people.clone();
        let mut changed = purge.state(&people).await?;
        for uid in &people {
            self.services.state.forget_testimonies(&self.ready.key, uid).await?;
        }
        for key in purge.objects(self.state.purge.after.as_deref()).await? {
            if self.invocation.must_stop() {
                return self.save().await;
            }
            changed += u64::from(purge.object(&key, &people).await?);
            self.state.purge.after = Some(key);
        }
        // A run that began meanwhile may have read who is due before they were taken out of it, and may yet write it down.
        let (_, version_now) = self.services.state.run_lease().await?;
        if version_now != version {
            self.state.purge.after = None;
            return self.save().await;
        }
        info!(
            erasure.people = people.len(),
            erasure.objects = changed,
            "Took people who were erased out of past runs."
        );
        self.state.purge.end();
        self.save().await
    }
}
