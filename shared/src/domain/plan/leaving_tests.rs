//! Each way of leaving for good, and what brings anybody back, in a sentence.

use serde_json::json;

use super::states::{State, at};
use super::tests::{OPT_OUT, edit, in_step, poll, unsubscribe, upload};
use super::{Leave, Outbound, Plan, Reason, Seen, with_address_mark};
use crate::domain::agreed::{Agreed, Departure, Tombstone};
use crate::domain::dialect::Dialect;
use crate::domain::mapping::Destination;
use crate::domain::policy::OnDelete;
use crate::domain::report::Class;

const NOW: i64 = 30;

fn gone(zoe: &State) -> Plan {
    zoe.plan(Seen::Absent, Seen::Unobserved)
}

fn only_the_mark(kind: Departure, contact: Option<&str>) -> Agreed {
    Agreed {
        contact: contact.map(Into::into),
        left: Some(Tombstone { kind, at: at(NOW) }),
        erased_at: Some(at(NOW)),
        ..Agreed::default()
    }
}

#[test]
fn who_is_deleted_at_gigya_leaves_nothing_but_the_mark() {
    for (on_delete, leave, left) in [
        (OnDelete::Delete, Some(Leave::Delete), only_the_mark(Departure::Erased, None)),
        (
            OnDelete::Unsubscribe,
            Some(Leave::Unsubscribe),
            only_the_mark(Departure::Unsubscribed, Some("c1")),
        ),
        (OnDelete::Keep, None, only_the_mark(Departure::Erased, Some("c1"))),
    ] {
        let mut zoe = in_step();
        zoe.policy.consent.on_delete = on_delete;
        let plan = gone(&zoe);
        assert_eq!(plan.outbound, leave.clone().map(Outbound::Leave));
        assert_eq!(plan.reason, Reason::DeletedAtGigya);
        assert_eq!(plan.class, if leave.is_some() { Class::Removed } else { Class::Unchanged });
        assert_eq!(plan.agreed, Some(left));
    }
}

#[test]
fn who_is_deleted_at_gigya_is_unsubscribed_where_nothing_can_be_deleted() {
    let mut zoe = in_step();
    let destination = Destination { dialect: Dialect::V2, ..Destination::default() };
    zoe.policy.mapping = zoe.policy.mapping.bound_for(destination);
    let plan = gone(&zoe);
    assert_eq!(plan.outbound, Some(Outbound::Leave(Leave::Delete)));
    assert_eq!(plan.agreed, Some(only_the_mark(Departure::Unsubscribed, Some("c1"))));
    let mut after = zoe.after(&plan);
    unsubscribe(&mut after);
    after.contact.deleted_at = None;
    let again = after.plan(Seen::Absent, Seen::Present(&after.contact));
    assert_eq!((again.outbound, poll(&after).look), (None, false));
}

#[test]
fn a_contact_is_found_again_until_it_is_deleted() {
    let mut zoe = in_step();
    zoe.agreed = gone(&zoe).noted;
    assert!(zoe.known().contact.is_some() && !zoe.known().is_erased());
    assert_eq!(gone(&zoe).outbound, Some(Outbound::Leave(Leave::Delete)));
}

#[test]
fn whom_nobody_knows_is_not_taken_for_deleted() {
    let zoe = in_step();
    let plan = zoe.plan(Seen::Unobserved, Seen::Present(&zoe.contact));
    assert_eq!((plan.outbound, plan.agreed), (None, None));
}

#[test]
fn an_account_that_was_read_before_it_was_deleted_brings_nobody_back() {
    let zoe = in_step();
    let mut after = zoe.after(&gone(&zoe));
    let plan = upload(&after);
    assert_eq!((plan.outbound, plan.agreed, plan.reason), (None, None, Reason::DeletedAtGigya));
    assert!(!plan.due);
    // A contact that an import in flight brought back is looked after.
    after.contact.deleted_at = None;
    let plan = poll(&after);
    assert!(plan.look && !plan.departs);
    assert_eq!(plan.noted.unwrap().contact, Some("c1".into()));
}

#[test]
fn an_erased_address_is_free_for_a_newer_act_alone() {
    let mut twin = in_step();
    let mark = Some(Tombstone { kind: Departure::Erased, at: at(20) });
    twin.agreed = with_address_mark(None, mark);
    let plan = upload(&twin);
    assert_eq!((plan.class, plan.reason), (Class::Held, Reason::DeletedAtGigya));
    edit(&mut twin, OPT_OUT, json!(true));
    assert!(matches!(upload(&twin).outbound, Some(Outbound::Join { .. })), "granted at {NOW}");
}

#[test]
fn who_unsubscribed_before_they_were_deleted_stays_unsubscribed() {
    let mut zoe = in_step();
    unsubscribe(&mut zoe);
    zoe.agreed = poll(&zoe).noted;
    let left = zoe.known().left;
    let plan = gone(&zoe);
    assert_eq!(plan.outbound, Some(Outbound::Leave(Leave::Delete)));
    let agreed = plan.agreed.unwrap();
    assert_eq!(
        (agreed.left.map(|mark| mark.kind), agreed.contact),
        (left.map(|mark| mark.kind), None)
    );
}
