//! The inbound read: what changed in Constant Contact since the last time.

use jiff::{SignedDuration, Timestamp};
use shared::constant_contact::ContactsQuery;
use shared::domain::Dialect;
use shared::domain::brake::Pulled;
use shared::domain::limits::CONTACTS_LAG_MINUTES;
use shared::domain::report::Inbound;
use shared::invocation::Invocation;
use tracing::info;

use crate::carry::Carrier;
use crate::departures::Departures;
use crate::error::PollError;
use crate::services::{Ready, Services};

/// The window of an inbound read ends this long ago, and the next one begins this long before it: nobody says how soon
/// Constant Contact's own index shows a change.
pub(crate) const WINDOW_LAG: SignedDuration = SignedDuration::from_mins(CONTACTS_LAG_MINUTES);

/// What an inbound read came to.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) counts: Inbound,
    /// Up to where everything is carried; `None` when the invocation ended before.
    pub(crate) read_through: Option<Timestamp>,
}

/// Reads what changed since the window's beginning and carries it home; `with_opt_outs` asks v2, which does not tell them
/// by date, for everybody who is opted out.
pub(crate) async fn read(
    services: &Services,
    ready: &Ready,
    through: Timestamp,
    with_opt_outs: bool,
    pulled: Option<Pulled>,
    invocation: &Invocation,
) -> Result<Changes, PollError> {
    let before = invocation.now() - WINDOW_LAG;
    let after = Some(through - WINDOW_LAG);
    let changed = ContactsQuery::Changed { after, before };
    let passes = match ready.constant_contact.dialect() {
        Dialect::V3 => vec![changed, ContactsQuery::OptedOut { after, before }],
        Dialect::V2 if with_opt_outs => {
            vec![changed, ContactsQuery::OptedOut { after: None, before }]
        }
        Dialect::V2 => vec![changed],
    };
    let departures = Departures::begin(ready, pulled, false);
    let mut carrier = Carrier::begin(services, ready, departures, invocation).await?;
    let is_whole = read_passes(&mut carrier, &passes).await?;
    carrier.carry_held().await?;
    let is_whole = carrier.carry_departures(is_whole).await? && is_whole;
    carrier.identities.keep(services, false).await?;
    // While the brake is pulled, nothing counts as read, and so nothing is submitted.
    let is_whole = is_whole && !carrier.departures.are_braked();
    let counts = carrier.counts;
    info!(
        inbound.seen = counts.seen,
        inbound.echo = counts.echo,
        inbound.carried = counts.carried,
        inbound.opted_out = counts.opted_out,
        "Read what changed in Constant Contact."
    );
    // A window that was paused is read again from its beginning; what is carried already is an echo then.
    Ok(Changes { counts, read_through: is_whole.then_some(before) })
}

/// Reads the passes page by page. Answers whether that was all.
async fn read_passes(
    carrier: &mut Carrier<'_>,
    passes: &[ContactsQuery],
) -> Result<bool, PollError> {
    let client = &carrier.ready.constant_contact;
    for pass in passes {
        let mut page = client.contacts(pass).await?;
        loop {
            carrier.take(page.contacts);
            if carrier.is_full() {
                carrier.carry_held().await?;
            }
            let Some(cursor) = page.next else { break };
            if carrier.invocation.must_stop() {
                return Ok(false);
            }
            page = client.next(&cursor).await?;
        }
    }
    Ok(true)
}
