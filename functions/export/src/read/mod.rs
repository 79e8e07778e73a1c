//! Reading: clock by clock and page by page from Gigya into staged batches.

mod judge;
mod look_up;
mod stage;

use std::collections::{BTreeSet, HashMap};

use shared::defects::{self, Defect};
use shared::domain::limits::{LOOKUP_UIDS_MAX, SEARCH_PAGE_MAX};
use shared::domain::report::Scope;
use shared::domain::run::{Reading, ReadingState, Run};
use shared::domain::watermark::GigyaClock;
use shared::domain::{Account, Dispose as _, Disposition, Path, Uid};
use shared::gigya::{AccountsQuery, Gigya, GigyaError, Page};
use shared::invocation::Invocation;
use shared::settings::customer::CustomerSettings;
use shared::store::RunStore;
use shared::store::state::Due;
use shared::telemetry::chain;
use tracing::{error, warn};

use crate::batch::{Batch, Seen};
use crate::clocks;
use crate::error::ExportError;
use crate::services::Services;

/// How often a search by one clock is begun again because Gigya lost its cursor, in one invocation.
const CURSORS_LOST_MAX: u32 = 5;

/// Reads what the run is to read, stages and announces it. Answers whether that was all of it: if not, the invocation
/// ran out of time, and everything up to the run's marks is staged.
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
    let is_whole = reader.read_clocks().await? && reader.read_due().await?;
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
    /// Reads by one clock after the other. Where Gigya refuses one for good, the others go on without it, except for the
    /// first: a run that reads nobody must fail.
    async fn read_clocks(&mut self) -> Result<bool, ExportError> {
        let mut open: Vec<GigyaClock> = self
            .run
            .clocks
            .iter()
            .filter(|(_, reading)| reading.state == ReadingState::Open)
            .map(|(clock, _)| *clock)
            .collect();
        let first = self.run.clocks.keys().next().copied();
        if matches!(self.run.scope, Scope::Sample { .. }) {
            // The rarer kind first, so that full accounts fill what it leaves.
            open.reverse();
        }
        for clock in open {
            let state = match self.read_clock(clock).await {
                Ok(false) => return Ok(false),
                Ok(true) => self.judge(clock).await?,
                Err(ExportError::Gigya(refused))
                    if first != Some(clock) && refused.disposition() == Disposition::Halt =>
                {
                    error!(
                        run.id = %self.run.run, run.clock = ?clock, error = %chain(&refused),
                        "Gigya refuses to be read by one clock; the others go on, and its mark stays."
                    );
                    ReadingState::Refused
                }
                Err(error) => return Err(error),
            };
            self.came_to(clock, state);
        }
        Ok(true)
    }

    /// Notes what reading by a clock came to. The subscriptions that are read with the accounts are as whole as these are:
    /// whoever was left out was left out with theirs.
    fn came_to(&mut self, clock: GigyaClock, state: ReadingState) {
        let reading = self.reading(clock);
        reading.state = state;
        if clock == GigyaClock::Accounts
            && reading.from.is_none()
            && let Some(with_them) = self.run.clocks.get_mut(&GigyaClock::Subscriptions)
        {
            with_them.state = state;
        }
    }

    /// Reads by one clock to the end of the run's window, from the mark where it was paused.
    async fn read_clock(&mut self, clock: GigyaClock) -> Result<bool, ExportError> {
        let mut lost = 0;
        loop {
            match self.read_pages(clock).await {
                Err(ExportError::Gigya(GigyaError::CursorLost { .. }))
                    if defects::is_back(Defect::CursorParked) =>
                {
                    return Ok(true);
                }
                Err(ExportError::Gigya(GigyaError::CursorLost { .. }))
                    if lost < CURSORS_LOST_MAX =>
                {
                    lost += 1;
                    warn!(run.id = %self.run.run, "Gigya lost the cursor; the search begins again at the mark.");
                    self.stage().await?;
                }
                Err(ExportError::Gigya(refused))
                    if clock == GigyaClock::Subscriptions
                        && refused.is_unanswerable_query()
                        && !self.reading(clock).by_email_account =>
                {
                    warn!(
                        run.id = %self.run.run, error = %chain(&refused),
                        "The site cannot be asked for subscriptions by their time; its email accounts are read instead."
                    );
                    let reading = self.reading(clock);
                    (reading.by_email_account, reading.mark, reading.shown) = (true, None, 0);
                }
                done @ (Ok(_) | Err(_)) => return done,
            }
        }
    }

    async fn read_pages(&mut self, clock: GigyaClock) -> Result<bool, ExportError> {
        let to = self.run.window.to;
        let reading = self.reading(clock).clone();
        let mut query = clocks::query(self.settings, clock, &reading, to, &self.paths)?;
        if let Some(left) = self.left_of_sample(clock) {
            query = query.page_accounts(left.clamp(1, SEARCH_PAGE_MAX));
        }
        let mut page = self.gigya.search(&query).await?;
        let mut last = None;
        loop {
            let next = page.next.take();
            // A page may begin with the entry that the one before it ended with.
            if last.is_some() && page.accounts.first() == last.as_ref() {
                page.accounts.remove(0);
            }
            last = page.accounts.last().cloned().or(last);
            self.take_page(clock, &query, page).await?;
            if self.left_of_sample(clock) == Some(0) {
                return Ok(true);
            }
            let Some(cursor) = next else { return Ok(true) };
            if self.invocation.must_stop() {
                return Ok(false);
            }
            page = self.gigya.next(&cursor).await?;
        }
    }

    /// Stages the accounts of one page that are not staged yet.
    async fn take_page(
        &mut self,
        clock: GigyaClock,
        query: &AccountsQuery,
        page: Page,
    ) -> Result<(), ExportError> {
        if page.without_uid > 0 {
            // Nobody can deal with them.
            self.reading(clock).shown += page.without_uid as u64;
            warn!(
                accounts.without_uid = page.without_uid,
                "Gigya returned accounts without a UID."
            );
        }
        let mark = self.reading(clock).mark.clone();
        let turn = |account: &Account| Some((clock, query.time_of(account)?));
        let known = clocks::known_to_search(self.settings, self.run.window.to);
        let counts = |account: &Account| query.time_of(account).is_some_and(|at| at <= known);
        let mut accounts = page.accounts;
        accounts.retain(|account| {
            !mark.as_ref().is_some_and(|mark| mark.has(query.time_of(account), account.uid()))
        });
        match clock {
            GigyaClock::Accounts | GigyaClock::Lite => {
                accounts.retain(|account| {
                    self.seen.is_new(account.uid(), counts(account).then_some(clock))
                });
                if let Some(left) = self.left_of_sample(clock) {
                    accounts.truncate(left);
                }
                if clock == GigyaClock::Accounts
                    && let Err(error) = self.add_subscriptions(&mut accounts).await
                {
                    // They are not staged: the search may begin again, and is to find them.
                    self.seen.forget(accounts.iter().map(Account::uid));
                    return Err(error);
                }
                for account in accounts {
                    let turn = turn(&account);
                    self.put(&account, turn).await?;
                }
            }
            GigyaClock::Subscriptions => {
                // Lite accounts have a clock of their own, which their subscriptions move as well.
                let is_wanted =
                    |account: &&Account| !account.is_lite() && !self.seen.has(account.uid());
                let wanted: Vec<Uid> =
                    accounts.iter().filter(is_wanted).map(|one| one.uid().clone()).collect();
                let mut whole: HashMap<Uid, Account> =
                    self.full(&wanted).await?.into_iter().map(|a| (a.uid().clone(), a)).collect();
                for found in accounts {
                    let turn = turn(&found);
                    match whole.remove(found.uid()) {
                        Some(account) if self.is_out_of_turn(&account) => {
                            self.put(&account, turn).await?;
                        }
                        Some(_) | None => self.batch.pass(found.uid(), turn),
                    }
                    if counts(&found) {
                        self.seen.tell(found.uid());
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads those who are due whatever their time says: rows to be tried again, values to be restored.
    async fn read_due(&mut self) -> Result<bool, ExportError> {
        let wanted = match self.run.scope {
            Scope::Sample { .. } => return Ok(true),
            Scope::Delta | Scope::Full | Scope::Since { .. } => self.run.started_at,
        };
        let all = self.services.state.due().await?;
        let taken: Due = all.into_iter().filter(|(_, from)| *from <= wanted).collect();
        if taken.is_empty() {
            return Ok(true);
        }
        let due: Vec<Uid> = taken.keys().cloned().collect();
        for uids in due.chunks(LOOKUP_UIDS_MAX) {
            if self.invocation.must_stop() {
                return Ok(false);
            }
            let mut accounts = self.full(uids).await?;
            let found: BTreeSet<&Uid> = accounts.iter().map(Account::uid).collect();
            let rest: Vec<Uid> = uids.iter().filter(|uid| !found.contains(uid)).cloned().collect();
            accounts.append(&mut self.lite(&rest).await?);
            for account in accounts {
                if self.is_out_of_turn(&account) {
                    self.put(&account, None).await?;
                }
            }
        }
        self.stage().await?;
        if !self.run.dry_run {
            // Should the run fail, poll gives them back: no clock would show them to the next one.
            self.store.take_due(taken).await?;
            self.services
                .state
                .change_due(|all| all.retain(|uid, from| *from > wanted || !due.contains(uid)))
                .await?;
        }
        Ok(true)
    }

    /// Whether this account is to be read though its own clock does not show it, and is not staged yet.
    fn is_out_of_turn(&mut self, account: &Account) -> bool {
        !clocks::have_shown(&self.run.clocks, account) && self.seen.is_new(account.uid(), None)
    }

    fn reading(&mut self, clock: GigyaClock) -> &mut Reading {
        self.run.clocks.entry(clock).or_default()
    }

    /// How many accounts a sample still wants of those whom this clock shows: half of it may be lite accounts, and full ones
    /// are the rest.
    fn left_of_sample(&self, clock: GigyaClock) -> Option<usize> {
        let wanted = match self.run.scope {
            Scope::Sample { accounts } => accounts,
            Scope::Delta | Scope::Full | Scope::Since { .. } => return None,
        };
        let is_last = self.run.clocks.keys().next() == Some(&clock);
        let share = if is_last { wanted } else { wanted / 2 };
        let taken = self.run.read + self.batch.accounts();
        Some(usize::try_from(share.saturating_sub(taken)).unwrap_or(usize::MAX))
    }
}
