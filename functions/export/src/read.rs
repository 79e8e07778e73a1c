//! Reading: page by page from Gigya into staged batches.

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, RandomState};

use jiff::Timestamp;
use serde_json::Value;
use shared::domain::limits::{LOOKUP_UIDS_MAX, SEARCH_PAGE_MAX};
use shared::domain::message::BatchMessage;
use shared::domain::report::Scope;
use shared::domain::run::{Mark, Run};
use shared::domain::{Account, BatchId, Path, Uid};
use shared::gigya::{AccountsQuery, Gigya, GigyaError, Page};
use shared::invocation::Invocation;
use shared::settings::customer::CustomerSettings;
use shared::store::RunStore;
use shared::store::lines::LinesWriter;
use tracing::{info, warn};

use crate::error::ExportError;
use crate::services::Services;

/// How often a search is begun again because Gigya lost its cursor, in one invocation.
const CURSORS_LOST_MAX: u32 = 5;

/// Reads what the run is to read, stages and announces it. Answers whether that was all of it: if not, the invocation
/// ran out of time, and everything up to the run's mark is staged.
pub(crate) async fn read(
    services: &Services,
    settings: &CustomerSettings,
    gigya: &Gigya,
    store: &RunStore,
    run: &mut Run,
    invocation: &Invocation,
) -> Result<bool, ExportError> {
    let paths = settings.policy.paths();
    let mut reader = Reader {
        services,
        settings,
        gigya,
        store,
        run,
        invocation,
        paths,
        seen: Seen::default(),
        batch: Batch::new()?,
    };
    reader.announce_rest().await?;
    let is_whole = reader.read_window().await? && reader.read_due().await?;
    reader.stage().await?;
    Ok(is_whole)
}

struct Reader<'a> {
    services: &'a Services,
    settings: &'a CustomerSettings,
    gigya: &'a Gigya,
    store: &'a RunStore,
    run: &'a mut Run,
    invocation: &'a Invocation,
    paths: BTreeSet<Path>,
    seen: Seen,
    batch: Batch,
}

impl Reader<'_> {
    /// Reads the run's window to its end, from the mark where it was paused.
    async fn read_window(&mut self) -> Result<bool, ExportError> {
        let mut lost = 0;
        loop {
            match self.read_pages().await {
                Err(ExportError::Gigya(GigyaError::CursorLost { .. }))
                    if lost < CURSORS_LOST_MAX =>
                {
                    lost += 1;
                    warn!(run.id = %self.run.run, "Gigya lost the cursor; the search begins again at the mark.");
                    self.stage().await?;
                }
                done @ (Ok(_) | Err(_)) => return done,
            }
        }
    }

    async fn read_pages(&mut self) -> Result<bool, ExportError> {
        let mut page = self.gigya.search(&self.query()?).await?;
        loop {
            let next = page.next.take();
            self.take_page(page).await?;
            if self.is_sampled() {
                return Ok(true);
            }
            let Some(cursor) = next else { return Ok(true) };
            if self.invocation.must_stop() {
                return Ok(false);
            }
            page = self.gigya.next(&cursor).await?;
        }
    }

    /// Reads those who are due whatever their time says: rows to be tried again, values to be restored.
    async fn read_due(&mut self) -> Result<bool, ExportError> {
        let wanted = match self.run.scope {
            Scope::Sample { .. } => return Ok(true),
            Scope::Delta | Scope::Full | Scope::Since { .. } => self.run.started_at,
        };
        let due = self.services.state.due().await?;
        let due: Vec<Uid> =
            due.into_iter().filter(|(_, from)| *from <= wanted).map(|(uid, _)| uid).collect();
        if due.is_empty() {
            return Ok(true);
        }
        for uids in due.chunks(LOOKUP_UIDS_MAX) {
            if self.invocation.must_stop() {
                return Ok(false);
            }
            let query = self.narrowed(AccountsQuery::of(uids, &self.paths)?)?;
            let mut page = self.gigya.search(&query).await?;
            loop {
                let next = page.next.take();
                self.take_page(page).await?;
                let Some(cursor) = next else { break };
                page = self.gigya.next(&cursor).await?;
            }
        }
        self.stage().await?;
        if !self.run.dry_run {
            self.services
                .state
                .change_due(|all| all.retain(|uid, from| *from > wanted || !due.contains(uid)))
                .await?;
        }
        Ok(true)
    }

    /// Stages the accounts of one page that are not staged yet.
    async fn take_page(&mut self, page: Page) -> Result<(), ExportError> {
        if page.without_uid > 0 {
            warn!(
                accounts.without_uid = page.without_uid,
                "Gigya returned accounts without a UID."
            );
        }
        let mark = self.run.mark.clone();
        let mut accounts = page.accounts;
        accounts.retain(|account| {
            !mark.as_ref().is_some_and(|mark| mark.has(account)) && self.seen.is_new(account.uid())
        });
        if let Some(left) = self.left_of_sample() {
            accounts.truncate(left);
        }
        if let Err(error) = self.add_subscriptions(&mut accounts).await {
            // They are not staged: the search may begin again, and is to find them.
            self.seen.forget(accounts.iter().map(Account::uid));
            return Err(error);
        }
        for account in accounts {
            self.batch.push(&account.project(&self.paths)).map_err(ExportError::Stage)?;
            if self.batch.accounts() >= u64::from(self.settings.run.batch_accounts) {
                self.stage().await?;
            }
        }
        Ok(())
    }

    /// A search `FROM accounts` leaves subscriptions out, so they are looked up where the settings name one.
    async fn add_subscriptions(&self, accounts: &mut [Account]) -> Result<(), ExportError> {
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

    /// Puts the batch at rest and announces it. The mark moves with it: what is staged is not read again.
    async fn stage(&mut self) -> Result<(), ExportError> {
        if self.batch.accounts() == 0 {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, Batch::new()?);
        let (accounts, times) = (batch.accounts(), batch.times);
        let ordinal = self.run.batches;
        let lines = batch.lines.finish().map_err(ExportError::Stage)?;
        let bytes = lines.len();
        self.store.stage(ordinal, lines).await?;

        self.run.read += accounts;
        self.run.batches += 1;
        self.run.sizes.push(u32::try_from(accounts).unwrap_or(u32::MAX));
        self.run.mark = Mark::after(self.run.mark.take(), &times);
        self.run.moved_at = self.invocation.now();
        self.store.write(self.run).await?;
        info!(
            run.id = %self.run.run, batch.ordinal = ordinal, batch.accounts = accounts,
            batch.bytes = bytes, "Staged a batch of {accounts} accounts."
        );
        self.announce_rest().await
    }

    /// Announces what is staged and not announced yet, after a kill between the two as well.
    async fn announce_rest(&mut self) -> Result<(), ExportError> {
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

    fn query(&self) -> Result<AccountsQuery, ExportError> {
        let mut query = AccountsQuery::everybody(&self.paths);
        let from = self.run.mark.as_ref().map(|mark| mark.at).max(self.run.window.from);
        if let Some(from) = from {
            query = query.updated_from(from);
        }
        query = query.updated_to(self.run.window.to);
        if let Some(left) = self.left_of_sample() {
            query = query.page_accounts(left.clamp(1, SEARCH_PAGE_MAX));
        }
        self.narrowed(query)
    }

    fn narrowed(&self, query: AccountsQuery) -> Result<AccountsQuery, ExportError> {
        Ok(match &self.settings.gigya.where_clause {
            Some(condition) => query.only_where(condition)?,
            None => query,
        })
    }

    /// How many accounts a sample still wants.
    fn left_of_sample(&self) -> Option<usize> {
        match self.run.scope {
            Scope::Sample { accounts } => {
                let taken = self.run.read + self.batch.accounts();
                Some(usize::try_from(accounts.saturating_sub(taken)).unwrap_or(usize::MAX))
            }
            Scope::Delta | Scope::Full | Scope::Since { .. } => None,
        }
    }

    fn is_sampled(&self) -> bool {
        self.left_of_sample() == Some(0)
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

/// Whom this invocation has staged, as hashes: 16 bytes a person, so that a million fit a small function.
#[derive(Default)]
struct Seen {
    hashes: HashSet<u128>,
    keys: [RandomState; 2],
}

impl Seen {
    fn is_new(&mut self, uid: &Uid) -> bool {
        let hash = self.hash(uid);
        self.hashes.insert(hash)
    }

    fn forget<'a>(&mut self, uids: impl Iterator<Item = &'a Uid>) {
        for uid in uids {
            let hash = self.hash(uid);
            self.hashes.remove(&hash);
        }
    }

    fn hash(&self, uid: &Uid) -> u128 {
        let [high, low] = &self.keys;
        (u128::from(high.hash_one(uid)) << 64) | u128::from(low.hash_one(uid))
    }
}

/// A batch while it grows. Only its compressed form is held.
struct Batch {
    lines: LinesWriter,
    times: Vec<(Timestamp, Uid)>,
}

impl Batch {
    fn new() -> Result<Self, ExportError> {
        Ok(Self { lines: LinesWriter::new().map_err(ExportError::Stage)?, times: Vec::new() })
    }

    fn push(&mut self, account: &Account) -> std::io::Result<()> {
        self.lines.push(account)?;
        if let Some(at) = account.last_updated() {
            self.times.push((at, account.uid().clone()));
        }
        Ok(())
    }

    fn accounts(&self) -> u64 {
        self.lines.lines()
    }
}
