//! Each way of leaving for good, and what brings anybody back, in a sentence.

use serde_json::json;

use super::states::{State, at};
use super::tests::{
    OPT_OUT, both, edit, in_step, newcomer, poll, set, unsubscribe, upload, values,
};
use super::{Leave, Outbound, Plan, Reason, Seen, with_address_mark};
use crate::domain::agreed::{Agreed, Departure, Tombstone};
use crate::domain::consent::AgreedWish;
use crate::domain::contact::Permission;
use crate::domain::dialect::Dialect;
use crate::domain::evidence::{DoubleOptIn, Evidence, Source};
use crate::domain::ids::ListId;
use crate::domain::mapping::Destination;
use crate::domain::policy::{OnDelete, Resubscribe};
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
    assert!(plan.look && !plan.takes_away);
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

/// Zoe, who unsubscribed and opted in anew.
fn opted_in_anew() -> State {
    let mut zoe = in_step();
    zoe.policy.consent.resubscribe = Resubscribe::Ask;
    unsubscribe(&mut zoe);
    zoe = zoe.after(&both(&zoe));
    edit(&mut zoe, OPT_OUT, json!(true));
    zoe
}

#[test]
fn who_unsubscribed_and_opts_in_anew_is_asked_once_for_each_opt_in() {
    let zoe = opted_in_anew();
    for plan in [upload(&zoe), both(&zoe)] {
        let lists = [ListId::from("news")].into();
        assert_eq!(plan.outbound, Some(Outbound::Ask { lists }));
        assert_eq!((plan.class, plan.reason), (Class::Held, Reason::Asks));
        assert_eq!(plan.noted.unwrap_or_else(|| zoe.known()).asked, None, "not before it is done");
        let after = plan.agreed.unwrap();
        assert_eq!((after.asked, after.wish), (Some(at(NOW)), AgreedWish::Granted));
    }
    let asked = zoe.after(&both(&zoe));
    for plan in [upload(&asked), both(&asked)] {
        assert_eq!((plan.outbound, plan.class), (None, Class::Held));
    }
    assert_eq!(upload(&asked).reason, Reason::Asked);
}

#[test]
fn nobody_is_asked_without_an_opt_in_that_is_newer_than_the_unsubscribe() {
    let mut zoe = opted_in_anew();
    zoe.agreed.as_mut().unwrap().left =
        Some(Tombstone { kind: Departure::Unsubscribed, at: at(NOW) });
    assert_eq!((upload(&zoe).outbound, upload(&zoe).reason), (None, Reason::Unsubscribed));
}

#[test]
fn nobody_is_asked_at_an_address_that_is_not_the_one_they_opted_in_with() {
    let mut zoe = opted_in_anew();
    edit(&mut zoe, "profile.email", json!("zora@example.com"));
    assert_eq!(upload(&zoe).outbound, None);
}

#[test]
fn who_confirms_is_back_and_planned_anew_with_the_evidence_kept() {
    let zoe = opted_in_anew();
    let mut asked = zoe.after(&both(&zoe));
    asked.contact.permission = Permission::Explicit;
    asked.contact.updated_at = Some(at(NOW));
    let seen = poll(&asked);
    assert!(seen.due && !seen.takes_away);
    let noted = seen.noted.unwrap();
    let evidence = Evidence { at: at(NOW), source: Source::ConstantContact };
    assert_eq!((noted.left, noted.evidence), (None, Some(evidence)));
    asked.agreed = Some(noted);
    assert_eq!(upload(&asked).class, Class::Unchanged);
}

#[test]
fn who_comes_back_brings_the_evidence_and_it_is_kept() {
    let mut zoe = in_step();
    let known = zoe.agreed.as_mut().unwrap();
    known.lists.clear();
    known.left = Some(Tombstone { kind: Departure::Withdrawn, at: at(20) });
    edit(&mut zoe, OPT_OUT, json!(true));
    edit(&mut zoe, "subscriptions.news.email.doubleOptIn", json!({"status": "Confirmed"}));
    let plan = upload(&zoe);
    assert!(matches!(plan.outbound, Some(Outbound::Join { .. })), "{plan:?}");
    let double_opt_in = DoubleOptIn::Confirmed;
    let evidence = Evidence { at: at(NOW), source: Source::Subscription { double_opt_in } };
    assert_eq!((plan.reason, plan.evidence), (Reason::CameBack, Some(evidence)));
    assert_eq!(plan.agreed.unwrap().evidence, Some(evidence));
}

#[test]
fn a_value_that_came_back_with_a_deleted_contact_is_emptied_where_gigya_has_none() {
    // World 5965: what the deleted contact held was never agreed on, so that it was left alone once it was back.
    let mut zoe = newcomer();
    set(&mut zoe, "first_name", "Zoe");
    zoe.contact.deleted_at = Some(at(20));
    zoe.agreed = poll(&zoe).noted;
    edit(&mut zoe, "profile.firstName", "");
    zoe.agreed = upload(&zoe).agreed.or(zoe.agreed);
    edit(&mut zoe, OPT_OUT, json!(true));
    zoe = zoe.after(&upload(&zoe));
    assert!(zoe.contact.deleted_at.is_none() && zoe.contact.lists.contains(&ListId::from("news")));
    let seen = poll(&zoe);
    assert!(seen.due);
    zoe.agreed = seen.noted;
    let Some(Outbound::Amend { row, .. }) = upload(&zoe).outbound else { panic!("not emptied") };
    assert!(values(&row).contains(&("first_name", "")));
}

#[test]
fn the_operators_word_brings_back_whom_a_plain_field_cannot() {
    let mut zoe = in_step();
    zoe.policy.consent.path = "data.optin".parse().unwrap();
    edit(&mut zoe, "data.optin", json!(true));
    let known = zoe.agreed.as_mut().unwrap();
    known.lists.clear();
    known.left = Some(Tombstone { kind: Departure::Withdrawn, at: at(20) });
    assert_eq!(upload(&zoe).reason, Reason::WithdrewBefore);
    let evidence = Evidence { at: at(25), source: Source::Operator };
    zoe.agreed = zoe.known().rejoined(evidence);
    assert!(matches!(upload(&zoe).outbound, Some(Outbound::Join { .. })));
    // The mark that the address bears is outdated by it, too.
    let mark = Some(Tombstone { kind: Departure::Withdrawn, at: at(20) });
    zoe.agreed = with_address_mark(zoe.agreed.as_ref(), mark);
    let plan = upload(&zoe);
    assert_eq!((plan.reason, plan.evidence), (Reason::CameBack, Some(evidence)));
}

#[test]
fn who_is_deactivated_is_told_from_whom_no_list_fits() {
    for (path, value, reason) in [
        ("isActive", json!(false), Reason::Deactivated),
        ("data.region", json!("moon"), Reason::NoListFits),
    ] {
        let mut zoe = in_step();
        edit(&mut zoe, path, value);
        assert_eq!((upload(&zoe).class, upload(&zoe).reason), (Class::Removed, reason));
    }
}

#[test]
fn the_brake_counts_who_leaves_or_is_emptied_and_nobody_else() {
    let takes_away = |change: fn(&mut State)| {
        let mut zoe = in_step();
        change(&mut zoe);
        poll(&zoe).takes_away
    };
    assert!(takes_away(unsubscribe));
    assert!(takes_away(|zoe| set(zoe, "city", "")));
    assert!(!takes_away(|zoe| set(zoe, "first_name", "")), "Gigya's, which fills it again");
    assert!(!takes_away(|zoe| set(zoe, "city", "Bonn")));
    assert!(!takes_away(|_| ()));
}
