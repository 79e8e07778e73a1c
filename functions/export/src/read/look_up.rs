//! People who are looked up by their keys, out of turn, and what a search leaves out.

use serde_json::Value;
use shared::domain::limits::LOOKUP_UIDS_MAX;
use shared::domain::{Account, Path, Uid};
use shared::gigya::AccountsQuery;
use shared::settings::customer::Population;

use super::Reader;
use crate::clocks;
use crate::error::ExportError;

impl Reader<'_> {
    /// The full accounts among these people, with their subscriptions.
    pub(super) async fn full(&self, uids: &[Uid]) -> Result<Vec<Account>, ExportError> {
        let uids: Vec<Uid> =
            uids.iter().filter(|uid| uid.lite_token().is_none()).cloned().collect();
        if !self.reads(Population::Full) {
            return Ok(Vec::new());
        }
        let mut accounts = Vec::new();
        for uids in uids.chunks(LOOKUP_UIDS_MAX) {
            let query = clocks::full(self.settings, AccountsQuery::of(uids, &self.paths)?)?;
            accounts.append(&mut self.gigya.look_up(&query).await?);
        }
        self.add_subscriptions(&mut accounts).await?;
        Ok(accounts)
    }

    /// The lite accounts among these people.
    pub(super) async fn lite(&self, uids: &[Uid]) -> Result<Vec<Account>, ExportError> {
        if !self.reads(Population::Lite) || uids.is_empty() {
            return Ok(Vec::new());
        }
        let query = AccountsQuery::email_accounts_of(uids, &self.paths)?;
        let mut accounts = self.gigya.look_up(&clocks::lite(self.settings, query)?).await?;
        accounts.retain(Account::is_lite);
        Ok(accounts)
    }

    /// A search `FROM accounts` leaves subscriptions out, so they are looked up where the settings name one.
    pub(super) async fn add_subscriptions(
        &self,
        accounts: &mut [Account],
    ) -> Result<(), ExportError> {
        let wanted: Vec<&Path> =
            self.paths.iter().filter(|path| path.section() == "subscriptions").collect();
        let uids: Vec<Uid> = accounts.iter().map(|account| account.uid().clone()).collect();
        for path in wanted {
            let found = self.gigya.subscriptions_of(&uids, path).await?;
            for account in accounts.iter_mut() {
                if let Some(section) = found.get(account.uid()) {
                    add_section(account, section);
                }
            }
        }
        Ok(())
    }

    fn reads(&self, population: Population) -> bool {
        self.settings.gigya.populations.contains(&population)
    }
}

/// Merges one path's subtree into the account's `subscriptions`, beside those of other paths.
fn add_section(account: &mut Account, section: &Value) {
    let mut merged = account.fields().get("subscriptions").cloned().unwrap_or_default();
    match (&mut merged, section) {
        (Value::Object(there), Value::Object(more)) => {
            there.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        (slot, section) => *slot = section.clone(),
    }
    account.put_section("subscriptions", merged);
}
