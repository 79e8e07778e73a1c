//! What the settings can say and this version cannot do: the one place that refuses it, so that each refusal is easy to
//! lift.

use super::customer::Population;
use crate::domain::policy::Resubscribe;
use crate::domain::{Charset, Dialect};

/// Constant Contact's v2.
pub(super) fn api(api: Dialect) -> Option<&'static str> {
    match api {
        Dialect::V3 => None,
        Dialect::V2 => Some("this version does not speak v2 yet; write \"v3\""),
    }
}

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

/// Another character set's treatment than the default, which only v2 needs.
pub(super) fn charset(charset: Charset) -> Option<&'static str> {
    (charset != Charset::UTF_8)
        .then_some("this version sends UTF-8 only, which needs no substitutes; leave [charset] out")
}
