//! What the far side does not take, in a sentence each: characters, values that an import or a write cannot empty, and those of
//! somebody who is unsubscribed.

use serde_json::json;

use super::tests::{
    OPT_OUT, both, edit, in_step, leaves, newcomer, poll, set, unsubscribe, upload, values,
};
use super::{Outbound, Reason};
use crate::domain::agreed::Agreed;
use crate::domain::charset::{Charset, Otherwise};
use crate::domain::contact::Permission;
use crate::domain::contact_field::ContactField;
use crate::domain::dialect::Dialect;
use crate::domain::loss::LossKind;
use crate::domain::mapping::{Destination, FieldRule, Mapping};
use crate::domain::plan::states::State;
use crate::domain::report::Class;

/// Zoe's world, with a far side of ISO-8859-1.
fn in_latin1(otherwise: Otherwise, zoe: &mut State) {
    let charset = Charset { otherwise, ..Charset::LATIN_1 };
    bind(zoe, Destination { charset, ..Destination::default() });
}

fn bind(zoe: &mut State, destination: Destination) {
    zoe.policy.mapping = zoe.policy.mapping.clone().bound_for(destination);
}

/// A mapping of v2 with a birthday, which v2's contacts do not show.
fn in_v2(blanks_clear: bool, zoe: &mut State) {
    let mut rules = zoe.policy.mapping.rules().to_vec();
    rules.retain(|rule| rule.field.is_in(Dialect::V2));
    rules.push(FieldRule::outbound("data.born".parse().unwrap(), "birthday".parse().unwrap()));
    zoe.policy.mapping = Mapping::new(rules, "custom_field_1");
    let charset = Charset::LATIN_1;
    bind(zoe, Destination { dialect: Dialect::V2, charset, blanks_clear });
}

#[test]
fn a_poorer_copy_goes_out_and_never_comes_home() {
    let mut zoe = in_step();
    in_latin1(Otherwise::Replace, &mut zoe);
    edit(&mut zoe, "data.city", "Łódź");
    let plan = upload(&zoe);
    let Some(Outbound::Update { row }) = &plan.outbound else { panic!("{plan:?}") };
    assert_eq!(row.fields[&"city".parse().unwrap()], "Lódz");
    let lost: Vec<LossKind> = plan.losses.iter().map(|loss| loss.kind).collect();
    let transliterated = |character| LossKind::Transliterated { character };
    assert_eq!(lost, [transliterated('Ł'), transliterated('ź')]);
    let zoe = zoe.after(&plan);
    let (seen, sent) = (both(&zoe), upload(&zoe));
    assert_eq!((seen.inbound, seen.outbound, sent.outbound), (None, None, None));
}

#[test]
fn a_poorer_copy_does_not_come_home_even_if_nobody_remembers_that_it_was_sent() {
    let mut zoe = in_step();
    in_latin1(Otherwise::Replace, &mut zoe);
    edit(&mut zoe, "data.city", "Łódź");
    set(&mut zoe, "city", "Lódz");
    zoe.agreed = None;
    let plan = both(&zoe);
    assert_eq!((plan.inbound, plan.conflicts), (None, vec![]));
}

#[test]
fn a_field_that_does_not_fit_is_left_out_and_the_old_value_stays() {
    let mut zoe = in_step();
    in_latin1(Otherwise::DropField, &mut zoe);
    edit(&mut zoe, "data.city", "東京");
    edit(&mut zoe, "profile.firstName", "Zoé");
    let plan = upload(&zoe);
    let Some(Outbound::Update { row }) = &plan.outbound else { panic!("{plan:?}") };
    assert_eq!(row.fields.get(&"city".parse().unwrap()), None);
    assert_eq!(row.fields[&"first_name".parse().unwrap()], "Zoé");
    assert!(plan.losses.iter().all(|loss| matches!(loss.kind, LossKind::Dropped { .. })));
    let zoe = zoe.after(&plan);
    assert_eq!(zoe.contact.value(&"city".parse().unwrap()), "Ulm");
    let (seen, sent) = (both(&zoe), upload(&zoe));
    assert_eq!((seen.inbound, seen.outbound, sent.outbound), (None, None, None));
}

#[test]
fn who_has_a_value_that_does_not_fit_waits_where_the_customer_wants_it_so() {
    let mut zoe = newcomer();
    in_latin1(Otherwise::Hold, &mut zoe);
    edit(&mut zoe, "data.city", "東京");
    let plan = upload(&zoe);
    assert_eq!((plan.outbound, plan.class, plan.reason), (None, Class::Held, Reason::Unfitting));
    assert!(!plan.losses.is_empty(), "what makes her wait is listed");

    edit(&mut zoe, "data.city", "Tokyo");
    assert!(matches!(upload(&zoe).outbound, Some(Outbound::Join { .. })));
}

#[test]
fn who_waits_for_her_letters_can_leave_all_the_same() {
    let mut zoe = in_step();
    in_latin1(Otherwise::Hold, &mut zoe);
    edit(&mut zoe, "data.city", "東京");
    edit(&mut zoe, "data.region", "moon");
    let plan = upload(&zoe);
    assert!(matches!(plan.outbound, Some(Outbound::Leave(_))), "{plan:?}");
}

#[test]
fn an_import_empties_a_value_only_where_a_blank_does() {
    for (blanks_clear, empties) in [(true, true), (false, false)] {
        let mut zoe = newcomer();
        in_v2(blanks_clear, &mut zoe);
        edit(&mut zoe, "data.born", "05-07");
        let mut zoe = zoe.after(&upload(&zoe));
        edit(&mut zoe, "data.born", "");
        let plan = upload(&zoe);
        let row = match &plan.outbound {
            Some(Outbound::Update { row }) => Some(row),
            _ => None,
        };
        let blank = row.and_then(|row| row.fields.get(&"birthday".parse().unwrap()));
        assert_eq!(blank.is_some_and(String::is_empty), empties, "{plan:?}");
        assert_eq!(plan.uncleared.is_empty(), empties, "what stays is said");
        assert_eq!(upload(&zoe.after(&plan)).outbound, None, "and said once");
    }
}

#[test]
fn what_a_single_write_cannot_carry_is_imported_after_it() {
    let mut zoe = newcomer();
    in_v2(false, &mut zoe);
    edit(&mut zoe, "data.born", "05-07");
    let zoe = zoe.after(&upload(&zoe));
    let mut zoe = zoe.after(&both(&zoe));
    edit(&mut zoe, "data.born", "05-08");
    edit(&mut zoe, "profile.email", "zoe.two@example.com");
    let plan = upload(&zoe);
    let Some(Outbound::Amend { row, rest, .. }) = &plan.outbound else { panic!("{plan:?}") };
    let birthday: ContactField = "birthday".parse().unwrap();
    assert_eq!((row.fields.get(&birthday), rest[&birthday].as_str()), (None, "05-08"));
    let agreed_on = |agreed: &Option<Agreed>| {
        agreed.as_ref().is_some_and(|agreed| agreed.fields.contains_key(&birthday))
    };
    assert!(!agreed_on(&plan.amended), "not before it is imported");
    assert!(agreed_on(&plan.agreed));
    assert_eq!(upload(&zoe.after(&plan)).outbound, None);
}

#[test]
fn a_value_that_was_left_out_is_emptied_when_gigyas_is() {
    let mut zoe = in_step();
    in_latin1(Otherwise::DropField, &mut zoe);
    for value in ["李明", ""] {
        edit(&mut zoe, "data.city", value);
        let plan = upload(&zoe);
        assert_eq!(plan.outbound.is_some(), value.is_empty(), "{plan:?}");
        zoe = zoe.after(&plan);
    }
    assert_eq!(zoe.contact.value(&"city".parse().unwrap()), "");
}

/// Nobody says whether an import writes the values of somebody who is unsubscribed. Where it does not, the older value looked like
/// an edit over there and came home over the newer one.
#[test]
fn a_value_that_an_import_left_as_it_was_does_not_come_home_and_is_sent_once_they_are_back() {
    let mut zoe = in_step();
    edit(&mut zoe, "data.city", json!("Bonn"));
    let plan = upload(&zoe);
    assert!(matches!(plan.outbound, Some(Outbound::Update { .. })), "{plan:?}");
    zoe.agreed = plan.agreed;
    assert_eq!(leaves(&both(&zoe)), [("data.city", json!("Ulm"))], "who is mailed was edited");

    unsubscribe(&mut zoe);
    assert!(poll(&zoe).look, "to opt them out");
    let plan = both(&zoe);
    assert_eq!(leaves(&plan), [(OPT_OUT, json!(false))]);
    let mut zoe = zoe.after(&plan);
    assert!(!poll(&zoe).look);

    zoe.contact.permission = Permission::Explicit;
    zoe.contact.opt_out = None;
    zoe.contact.updated_at = Some(zoe.now);
    zoe.contact.lists.insert("news".into());
    edit(&mut zoe, OPT_OUT, json!(true));
    let seen = poll(&zoe);
    assert!(seen.due && leaves(&both(&zoe)).is_empty(), "{seen:?}");
    zoe.agreed = seen.noted;
    let plan = upload(&zoe);
    let Some(Outbound::Update { row }) = &plan.outbound else { panic!("{plan:?}") };
    assert_eq!(values(row), [("city", "Bonn"), ("first_name", "Zoe")]);
}

/// Seed 12943: the same of a field that was mapped a moment ago, which is empty over there and emptied Gigya's.
#[test]
fn a_field_that_an_import_left_empty_does_not_come_home() {
    let city: ContactField = "city".parse().unwrap();
    let mut zoe = in_step();
    zoe.contact.fields.remove(&city);
    zoe.agreed.as_mut().unwrap().fields.remove(&city);
    let plan = upload(&zoe);
    assert!(matches!(plan.outbound, Some(Outbound::Update { .. })), "{plan:?}");
    zoe.agreed = plan.agreed;

    unsubscribe(&mut zoe);
    assert_eq!(leaves(&both(&zoe)), [(OPT_OUT, json!(false))]);
}
