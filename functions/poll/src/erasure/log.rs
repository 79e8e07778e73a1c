//! Who was deleted, by Gigya's audit log: read every hour since its own mark.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shared::domain::Uid;
use shared::domain::agreed::Agreed;
use shared::domain::brake::{COUNTED_FROM, Pulled};
use shared::domain::report::Brake;
use shared::domain::watermark::Watermarks;
use shared::gigya::{AuditEntry, AuditEvent, AuditPage, AuditQuery, Whereabouts};
use tracing::{info, warn};

use super::{Eraser, Suspect, Suspects, is_released};
use crate::brake;
use crate::error::PollError;

/// How often the log is read. The deletion of a contact is not urgent by the minute, and a person who is gone at Gigya is
/// not staged by any later run.
const LOG_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How far behind the mark a read begins: entries appear "after a short delay" (SAP help, audit.search), and nobody says
/// how short. Whoever is erased already is passed over.
const LOG_OVERLAP: SignedDuration = SignedDuration::from_hours(1);
/// How long the mark waits for somebody whose deletion is not clear yet. Searches show the deleted for half a minute; who is
/// unclear for longer is left to the doubt that follows a sweep.
const UNCLEAR_WAITS: SignedDuration = SignedDuration::from_hours(1);

/// What a read of the log came to.
#[derive(Default)]
struct Reading {
    suspects: Suspects,
    /// How many of them would leave Constant Contact.
    leaving: u64,
    /// Who is asked about again, since when.
    unclear_since: Option<Timestamp>,
}

impl Eraser<'_> {
    /// Reads the log if it is time, and erases whom it names, if the brake lets them go.
    pub(super) async fn read_log(&mut self, pulled: Option<&Pulled>) -> Result<(), PollError> {
        let now = self.invocation.now();
        let is_free = is_released(pulled);
        let is_due = self.state.log_read_at.is_none_or(|at| now.duration_since(at) >= LOG_EVERY);
        let was_stopped = pulled.is_some_and(|pulled| !pulled.is_of_sweep);
        let goes_on = is_free && was_stopped;
        if !is_due && !goes_on {
            return Ok(());
        }
        let mark = self.services.state.watermarks().await?.deletions.confirmed_through;
        let Some(mark) = mark else {
            // Whoever went before is missed by the first doubt.
            return self.end_log(now).await;
        };
        let query = AuditQuery::since(mark - LOG_OVERLAP);
        if !query.is_within_retention(now) {
            warn!(
                erasure.mark = %mark,
                "The audit log no longer reaches back to where it was last read; whoever is missing is found after the next sweep."
            );
        }
        let Some(page) = self.open_log(&query, now).await? else { return Ok(()) };
        let Some(reading) = self.read_pages(page, is_free).await? else { return Ok(()) };
        if !is_free && let Some(brake) = self.judge_log(&reading).await? {
            self.state.log_read_at = Some(now);
            return self.pull(brake, false).await;
        }
        if !self.part_with(&reading.suspects).await? {
            return Ok(());
        }
        self.forget_brake(pulled, false).await?;
        self.end_log(reading.unclear_since.map_or(now, |at| at.min(now))).await
    }

    /// The first page; nothing when the log is closed to us, which is said once.
    async fn open_log(
        &mut self,
        query: &AuditQuery,
        now: Timestamp,
    ) -> Result<Option<AuditPage>, PollError> {
        match self.ready.gigya.audit_search(query).await {
            Ok(page) => {
                if self.state.log_is_closed {
                    info!("Gigya's audit log can be read again.");
                    self.state.log_is_closed = false;
                }
                Ok(Some(page))
            }
            Err(error) if error.is_forbidden() => {
                if !self.state.log_is_closed {
                    warn!(
                        "Gigya's audit log cannot be read with this key, or the site has none; deleted accounts are found after each sweep instead."
                    );
                }
                (self.state.log_is_closed, self.state.log_read_at) = (true, Some(now));
                self.save().await?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the log to its end. Where everybody may go, each page is dealt with before the next is read. Nothing when the
    /// invocation ends before.
    async fn read_pages(
        &mut self,
        mut page: AuditPage,
        is_free: bool,
    ) -> Result<Option<Reading>, PollError> {
        let mut reading = Reading::default();
        loop {
            if page.unread > 0 {
                warn!(
                    audit.entries = page.unread,
                    "Entries of the audit log say neither who nor when; whoever they are about is missed after the next sweep."
                );
            }
            self.take_page(page.entries, is_free, &mut reading).await?;
            if is_free && !self.part_with(&std::mem::take(&mut reading.suspects)).await? {
                return Ok(None);
            }
            let Some(cursor) = page.next else { return Ok(Some(reading)) };
            if self.invocation.must_stop() {
                return Ok(None);
            }
            page = self.ready.gigya.audit_next(&cursor).await?;
        }
    }

    /// Of those whom entries name, the ones whom we know and who are not there any longer.
    async fn take_page(
        &mut self,
        entries: Vec<AuditEntry>,
        is_free: bool,
        reading: &mut Reading,
    ) -> Result<(), PollError> {
        let mut named: BTreeMap<Uid, Suspect> = BTreeMap::new();
        for AuditEntry { uids, at, event } in entries {
            let renamed_to = match event {
                AuditEvent::Renamed { to } => to,
                AuditEvent::Deleted | AuditEvent::LiteDeleted => None,
            };
            // The last entry about somebody says how they went.
            named.extend(uids.into_iter().map(|uid| {
                let renamed_to = renamed_to.clone();
                (uid, Suspect { at, renamed_to })
            }));
        }
        let known = self.services.ledger.look_up(named.keys().cloned(), []).await?.people;
        let people: BTreeSet<&Uid> =
            known.iter().filter(|(_, agreed)| !agreed.is_erased()).map(|(uid, _)| uid).collect();
        let people: Vec<Uid> = people.into_iter().cloned().collect();
        let limit = self.ready.settings.safety.brake_people as usize;
        for (uid, whereabouts) in self.ready.gigya.whereabouts(&people).await? {
            let Some(suspect) = named.remove(&uid) else { continue };
            match whereabouts {
                Whereabouts::Full | Whereabouts::Lite => {}
                Whereabouts::Unclear => {
                    let is_young = self.invocation.now().duration_since(suspect.at) < UNCLEAR_WAITS;
                    if is_young {
                        let since =
                            reading.unclear_since.map_or(suspect.at, |at| at.min(suspect.at));
                        reading.unclear_since = Some(since);
                    }
                }
                Whereabouts::Gone | Whereabouts::Upgraded { .. } => {
                    let leaves = suspect.renamed_to.is_none()
                        && whereabouts == Whereabouts::Gone
                        && known.get(&uid).is_some_and(Agreed::is_there);
                    reading.leaving += u64::from(leaves);
                    // Whoever is beyond what the brake lets go only counts.
                    if is_free || reading.suspects.len() <= limit {
                        reading.suspects.insert(uid, suspect);
                    }
                }
            }
        }
        Ok(())
    }

    async fn judge_log(&self, reading: &Reading) -> Result<Option<Brake>, PollError> {
        let limits = brake::limits(&self.ready.settings.safety);
        if reading.leaving < COUNTED_FROM && reading.leaving <= u64::from(limits.people) {
            return Ok(None);
        }
        let known = self.services.ledger.count().await?;
        Ok(limits.judge(reading.leaving, known, reading.suspects.keys().cloned()))
    }

    /// Everything up to here is done.
    async fn end_log(&mut self, through: Timestamp) -> Result<(), PollError> {
        let confirm = |marks: &mut Watermarks| {
            marks.deletions = marks.deletions.confirmed(through);
        };
        self.services.state.change_watermarks(confirm).await?;
        self.state.log_read_at = Some(self.invocation.now());
        self.save().await
    }
}
