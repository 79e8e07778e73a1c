//! What can be made different from a good day, by name.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::SignedDuration;

/// How the simulated Gigya behaves. The default is a good day.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches, each on its own")]
pub struct Switches {
    /// How long a write takes to become visible to searches (SAP help: one second on average, up to thirty).
    pub search_lag: SignedDuration,
    /// How long every answer takes.
    pub answer_after: Duration,
    /// How much later than what it did an answer is dated: `time` is the answer's, and nobody says that it is also the
    /// time of the write.
    pub answers_dated_after: SignedDuration,
    /// Pages under a cursor hold half of what they could.
    pub short_pages: bool,
    /// Every other page under a cursor is empty, and the last one always.
    pub empty_pages: bool,
    /// A page begins with the last account of the page before it.
    pub repeats_across_pages: bool,
    /// A changed subscription moves `lastUpdatedTimestamp` of the account too, as the documents say it does.
    pub subscription_moves_account: bool,
    /// Searches whose query holds this text are refused every time, with this code: 400006 where a field cannot be
    /// searched, 403007 where the application may not read it.
    pub refused_queries: BTreeMap<String, i64>,
    /// Texts of the profile are stored with `&amp;` for `&`, and without tags.
    pub sanitises_profile: bool,
    /// Lite accounts have a UID, as on newer sites. It holds for those that are made from then on.
    pub lite_accounts_have_uids: bool,
    /// How long an entry of the audit log takes to become visible (SAP help, audit.search: "a short delay").
    pub audit_lag: SignedDuration,
    /// How long the audit log keeps its entries (SAP help, "Using the Audit Log": twelve months).
    pub audit_retention: SignedDuration,
    /// Calls with application keys are logged too, which they are not "except where otherwise noted".
    pub audits_applications: bool,
    /// An entry's `uid` is who made the call, as in older documents, and not whom it is about.
    pub audit_names_caller: bool,
    /// Methods that are refused every time, with their code: 403007 where the application lacks the permission,
    /// 403036 where the site's package lacks the feature.
    pub refuses: BTreeMap<String, i64>,
    /// What goes wrong next, by method (`accounts.search`): one fault is used up by each call.
    pub faults: BTreeMap<String, VecDeque<Fault>>,
}

/// One call that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Refused with this `errorCode`, inside an HTTP 200, and not acted upon.
    Code(i64),
    /// A proxy's page in HTML with status 502, and not acted upon.
    Html,
    /// Acted upon, but the answer is cut in the middle.
    Cut,
    /// The request never arrives.
    Lost,
    /// Acted upon, but no answer comes back.
    AnswerLost,
    /// Of what a search finds, its page leaves out the entry at this place, counted around, though the total counts it.
    LeavesOut(usize),
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            search_lag: SignedDuration::from_secs(1),
            answer_after: Duration::ZERO,
            answers_dated_after: SignedDuration::ZERO,
            short_pages: false,
            empty_pages: false,
            repeats_across_pages: false,
            subscription_moves_account: true,
            refused_queries: BTreeMap::new(),
            sanitises_profile: true,
            lite_accounts_have_uids: true,
            audit_lag: SignedDuration::from_secs(5),
            audit_retention: SignedDuration::from_hours(365 * 24),
            audits_applications: false,
            audit_names_caller: false,
            refuses: BTreeMap::new(),
            faults: BTreeMap::new(),
        }
    }
}

impl Switches {
    /// Lets the next calls of a method go wrong, one after the other.
    pub fn fail(&mut self, method: &str, faults: impl IntoIterator<Item = Fault>) {
        self.faults.entry(method.to_owned()).or_default().extend(faults);
    }

    /// Refuses a method every time from now on.
    pub fn refuse(&mut self, method: &str, code: i64) {
        self.refuses.insert(method.to_owned(), code);
    }

    /// Refuses searches whose query holds this text from now on.
    pub fn refuse_queries(&mut self, text: &str, code: i64) {
        self.refused_queries.insert(text.to_owned(), code);
    }

    pub(super) fn next_fault(&mut self, method: &str) -> Option<Fault> {
        self.faults.get_mut(method)?.pop_front()
    }
}
