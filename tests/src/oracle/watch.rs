//! What may not happen even for a moment.

use jiff::{SignedDuration, Timestamp};

use super::person::{Known, Leaving};
use super::{Rules, Sight, is_subscribed, mailed_lists};
use crate::constant_contact::Person as Contact;

/// So long ago somebody may have left in Constant Contact without the product knowing when it submits: an inbound read may be thirty
/// minutes old, reads up to two minutes before it begins, and an activity takes its time.
pub(super) const UNKNOWN_FOR: SignedDuration = SignedDuration::from_mins(45);
/// What carries no date is only found by a sweep, once a day and at most so often.
const UNSWEPT_FOR: SignedDuration = SignedDuration::from_hours(27);
/// So long before a run began somebody may have changed their account without the run seeing it: Gigya's search lags.
const SEARCH_LAGS: SignedDuration = SignedDuration::from_mins(2);

impl Known {
    pub(super) fn watch(
        &mut self,
        rules: &Rules,
        sight: Sight<'_>,
        now: Timestamp,
        run_began: Option<Timestamp>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let mailed = mailed_lists(sight.contact, rules);
        for list in mailed.difference(&self.mailed_by) {
            if let Some((at, leaving)) = self.left_for(list)
                && self.granted_at.is_none_or(|granted| granted < at)
                && !may_be_unknown(leaving, at, now, run_began)
            {
                wrong.push(format!("is back on {list}, after {leaving:?} at {at}"));
            }
        }
        if mailed.is_empty() {
            self.mailed_since = None;
        } else {
            self.mailed_since.get_or_insert(now);
        }
        self.mailed_by = mailed;

        let is_unsubscribed = sight.contact.is_some_and(Contact::is_unsubscribed);
        if self.was_unsubscribed && !is_unsubscribed && sight.contact.is_some() {
            wrong.push("is no longer unsubscribed".to_owned());
        }
        if !self.was_unsubscribed && is_unsubscribed && self.leavings.is_empty() {
            wrong.push("was unsubscribed, and never left".to_owned());
        }
        self.was_unsubscribed = is_unsubscribed;

        if let Some(account) = sight.account {
            let says = is_subscribed(account);
            let left_there = self.leavings.iter().any(|(_, leaving)| *leaving != Leaving::AtGigya);
            if self.was_subscribed && !says && !left_there {
                wrong.push("was opted out at Gigya, and never left".to_owned());
            }
            if !self.was_subscribed && says {
                wrong.push("was opted in at Gigya, and never asked for it".to_owned());
            }
            self.was_subscribed = says;
        }
        wrong
    }

    /// When and how they last left, as far as it concerns this list.
    fn left_for(&self, list: &str) -> Option<(Timestamp, &Leaving)> {
        let concerns = |leaving: &Leaving| match leaving {
            Leaving::AtGigya | Leaving::Unsubscribed | Leaving::Account => true,
            Leaving::Deleted => false,
            Leaving::List(left) => left == list,
        };
        let latest = self.leavings.iter().rev().find(|(_, leaving)| concerns(leaving));
        latest.map(|(at, leaving)| (*at, leaving))
    }
}

/// Whether the product could not know yet that they had left.
fn may_be_unknown(
    leaving: &Leaving,
    at: Timestamp,
    now: Timestamp,
    run_began: Option<Timestamp>,
) -> bool {
    match leaving {
        Leaving::AtGigya => run_began.is_none_or(|began| at > began - SEARCH_LAGS),
        Leaving::Unsubscribed => now.duration_since(at) < UNKNOWN_FOR,
        Leaving::List(_) => now.duration_since(at) < UNSWEPT_FOR,
        // An import may be on its way; whoever it brings back is found afterwards, and judged at the end.
        Leaving::Account | Leaving::Deleted => true,
    }
}
