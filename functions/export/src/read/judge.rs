//! Whether what a clock showed is everybody.

use jiff::{SignedDuration, Timestamp};
use shared::defects::{self, Defect};
use shared::domain::limits::SEARCH_PAGE_MAX;
use shared::domain::report::Scope;
use shared::domain::run::{Reading, ReadingState};
use shared::domain::watermark::{GigyaClock, LeftOut};
use shared::gigya::{AccountsQuery, GigyaError};
use tracing::error;

use super::{CURSORS_LOST_MAX, Reader};
use crate::clocks;
use crate::error::ExportError;

/// How many pages are read of those who have changed since a clock's window. Where they are more, those on the others may still
/// make up for people who were left out.
const CHANGED_PAGES_MAX: usize = 10;

impl Reader<'_> {
    /// Whether a clock that was read to its end has shown everybody. Pages may leave somebody out, for instance because
    /// accounts change while they are read.
    pub(super) async fn judge(&mut self, clock: GigyaClock) -> Result<ReadingState, ExportError> {
        let is_sample = matches!(self.run.scope, Scope::Sample { .. });
        // The count also shows whom a search missed that began too late or ended too early: those defects are put back without it.
        let unseen = [Defect::LeftOutPassed, Defect::StrictlyAfter, Defect::CursorParked];
        let is_blind = unseen.into_iter().any(defects::is_back);
        if is_sample || is_blind {
            return Ok(ReadingState::Through);
        }
        // Where nobody was shown at all, one who has changed since the run began tells that the site is not empty.
        let to = match self.run.read + self.batch.accounts() {
            0 => self.invocation.now(),
            _ => clocks::known_to_search(self.settings, self.run.window.to),
        };
        let reading = self.reading(clock).clone();
        let whole = Reading { mark: None, ..reading };
        let query = clocks::query(self.settings, clock, &whole, to, &self.paths)?;
        let shown = whole.shown + self.batch.passed_until(clock, to);
        let Some(counted) = self.gigya.count(&query).await? else {
            return Ok(ReadingState::Through);
        };
        let counted = if counted > shown || shown == 0 {
            counted
        } else {
            // Who has changed since they were shown is counted no more, and would make up for somebody who was left out.
            counted + self.changed_since_shown(clock, &whole, to).await?
        };
        if counted <= shown {
            return Ok(ReadingState::Through);
        }
        let window = self.run.window.to;
        let is_lasting = LeftOut::again(whole.left_out, window).is_lasting(window);
        error!(
            run.id = %self.run.run, run.clock = ?clock, accounts.shown = shown, accounts.counted = counted,
            "Gigya's pages left accounts out; {}.",
            if is_lasting { "it has done so for days, and the run counts as whole" } else { "the next run reads as much again" }
        );
        Ok(if is_lasting { ReadingState::Through } else { ReadingState::LeftOut })
    }

    /// How many of those whom a clock showed, and showed to this invocation, have changed since: the count up to this instant
    /// knows of them no more.
    async fn changed_since_shown(
        &self,
        clock: GigyaClock,
        whole: &Reading,
        to: Timestamp,
    ) -> Result<u64, ExportError> {
        let since = to + SignedDuration::from_millis(1);
        let query = clocks::changed_since(self.settings, clock, whole, since)?;
        let query = query.page_accounts(SEARCH_PAGE_MAX);
        let mut lost = 0;
        loop {
            match self.count_shown(clock, &query).await {
                Err(GigyaError::CursorLost { .. }) if lost < CURSORS_LOST_MAX => lost += 1,
                counted => return Ok(counted?),
            }
        }
    }

    /// How many of those whom a search finds this clock has shown.
    async fn count_shown(
        &self,
        clock: GigyaClock,
        query: &AccountsQuery,
    ) -> Result<u64, GigyaError> {
        let mut page = self.gigya.search(query).await?;
        let (mut count, mut pages) = (0, 1);
        loop {
            let shown = page.accounts.iter().filter(|it| self.seen.was_counted_by(clock, it.uid()));
            count += shown.count() as u64;
            let goes_on = pages < CHANGED_PAGES_MAX && !self.invocation.must_stop();
            let Some(next) = page.next.filter(|_| goes_on) else { return Ok(count) };
            page = self.gigya.next(&next).await?;
            pages += 1;
        }
    }
}
