//! What was read before our own last write, and what only looks like it.

use jiff::SignedDuration;
use serde_json::json;

use super::states::at;
use super::tests::{OPT_OUT, both, edit, in_step, unsubscribe, upload};
use super::{Outbound, Reason, Seen, Terms, plan};
use crate::domain::agreed::SHOWN_AFTER;
use crate::domain::consent::AgreedWish;

#[test]
fn what_was_read_long_after_our_write_shows_it_however_it_is_dated() {
    // The answer to our write may be dated later than the write, and a subscription's write may not date the account.
    let mut zoe = in_step();
    zoe.agreed.as_mut().unwrap().written_at = Some(at(29));
    edit(&mut zoe, "data.city", json!("Bonn"));
    let read_at = |read_at| Terms { read_at: Some(read_at), ..zoe.terms() };
    let shown = at(29) + SHOWN_AFTER;
    let upload = |terms| {
        plan(Seen::Present(&zoe.account), Seen::Unobserved, zoe.agreed.as_ref(), terms, at(900))
    };
    let early = upload(read_at(shown - SignedDuration::from_secs(1)));
    assert_eq!((early.outbound, early.reason, early.due), (None, Reason::StaleRead, true));
    let later = upload(read_at(shown));
    assert!(later.outbound.is_some() && !later.due);
}

#[test]
fn a_read_that_shows_what_we_wrote_is_not_stale_however_it_is_dated() {
    // They left a list, and we opted them out at Gigya.
    let mut zoe = in_step();
    edit(&mut zoe, OPT_OUT, json!(false));
    zoe.agreed.as_mut().unwrap().wish = AgreedWish::Withdrawn;
    zoe.agreed.as_mut().unwrap().written_at = Some(at(29));
    assert!(zoe.account.last_updated() < Some(at(29)));
    let plan = upload(&zoe);
    assert!(matches!(plan.outbound, Some(Outbound::Leave(_))), "{plan:?}");
}

#[test]
fn a_stale_read_sends_nothing_and_forgets_no_departure() {
    // The departure had been noted, and the opt-out that it asks for was never written.
    let mut zoe = in_step();
    zoe.agreed.as_mut().unwrap().written_at = Some(at(29));
    edit(&mut zoe, "data.city", json!("Bonn"));
    let plan = upload(&zoe);
    assert_eq!((plan.outbound, plan.reason), (None, Reason::StaleRead));
    unsubscribe(&mut zoe);
    let plan = both(&zoe);
    assert!(plan.look && plan.due && plan.noted.is_none() && plan.inbound.is_none());
}
