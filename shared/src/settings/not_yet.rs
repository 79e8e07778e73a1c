//! What the settings can say and this version cannot do: the one place that refuses it, so that each refusal is easy to
//! lift.

use super::customer::Population;
use crate::domain::policy::Resubscribe;

/// Lite accounts.
pub(super) fn population(population: Population) -> Option<&'static str> {
    match population {
        Population::Full => None,
        Population::Lite => Some("this version does not read lite accounts yet; write [\"full\"]"),
    }
}

/// Constant Contact's own confirmation mail.
pub(super) fn resubscribe(resubscribe: Resubscribe) -> Option<&'static str> {
    match resubscribe {
        Resubscribe::Never => None,
        Resubscribe::Ask => {
            Some("this version cannot ask people to confirm yet; write \"never\" or leave it out")
        }
    }
}
