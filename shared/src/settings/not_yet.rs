//! What the settings can say and this version cannot do: the one place that refuses it, so that each refusal is easy to
//! lift.

use crate::domain::policy::Resubscribe;

/// Constant Contact's own confirmation mail.
pub(super) fn resubscribe(resubscribe: Resubscribe) -> Option<&'static str> {
    match resubscribe {
        Resubscribe::Never => None,
        Resubscribe::Ask => {
            Some("this version cannot ask people to confirm yet; write \"never\" or leave it out")
        }
    }
}
