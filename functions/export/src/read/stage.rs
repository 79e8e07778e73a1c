//! Staging: accounts become batches at rest, which are announced.

use shared::domain::message::BatchMessage;
use shared::domain::run::Mark;
use shared::domain::{Account, BatchId};
use tracing::info;

use super::Reader;
use crate::batch::{Batch, Turn};
use crate::clocks;
use crate::error::ExportError;

impl Reader<'_> {
    pub(super) async fn put(
        &mut self,
        account: &Account,
        turn: Option<Turn>,
    ) -> Result<(), ExportError> {
        self.batch.push(&account.project(&self.paths), turn)?;
        if self.batch.accounts() >= u64::from(self.settings.run.batch_accounts) {
            self.stage().await?;
        }
        Ok(())
    }

    /// Puts the batch at rest and announces it. The marks move with it: what is staged is not read again.
    pub(super) async fn stage(&mut self) -> Result<(), ExportError> {
        let mut batch = std::mem::replace(&mut self.batch, Batch::new()?);
        let accounts = batch.accounts();
        let known = clocks::known_to_search(self.settings, self.run.window.to);
        for clock in batch.passed.keys() {
            self.reading(*clock).shown += batch.passed_until(*clock, known);
        }
        let passed = std::mem::take(&mut batch.passed);
        let ordinal = self.run.batches;
        let lines = batch.finish()?;
        let bytes = lines.len();
        if accounts > 0 {
            self.store.stage(ordinal, lines).await?;
        }
        for (clock, passed) in passed {
            let reading = self.reading(clock);
            reading.mark = Mark::after(reading.mark.take(), &passed);
        }
        if accounts == 0 {
            return Ok(());
        }
        self.run.read += accounts;
        self.run.batches += 1;
        self.run.sizes.push(u32::try_from(accounts).unwrap_or(u32::MAX));
        self.run.moved_at = self.invocation.now();
        self.store.write(self.run).await?;
        info!(
            run.id = %self.run.run, batch.ordinal = ordinal, batch.accounts = accounts,
            batch.bytes = bytes, "Staged a batch of {accounts} accounts."
        );
        self.announce_rest().await
    }

    /// Announces what is staged and not announced yet, after a kill between the two as well.
    pub(super) async fn announce_rest(&mut self) -> Result<(), ExportError> {
        while self.run.announced < self.run.batches {
            let ordinal = self.run.announced;
            let batch = BatchId::derive(&self.services.customer, &self.run.run, ordinal);
            let message = BatchMessage {
                run: self.run.run.clone(),
                batch: batch.clone(),
                key: shared::store::keys::batch(&self.run.run, ordinal),
                accounts: self.run.size_of(ordinal),
            };
            self.services.queue.announce(&message, batch.as_str(), &self.services.customer).await?;
            self.run.announced += 1;
            self.store.write(self.run).await?;
        }
        Ok(())
    }
}
