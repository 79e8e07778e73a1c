//! What the settings can say and this version cannot do: the one place that refuses it, so that each refusal is easy to
//! lift.

use super::customer::Population;

/// Lite accounts.
pub(super) fn population(population: Population) -> Option<&'static str> {
    match population {
        Population::Full => None,
        Population::Lite => Some("this version does not read lite accounts yet; write [\"full\"]"),
    }
}
