//! What becomes of an agreement that others touched while it was carried out.

use crate::domain::fingerprint::FingerprintKey;

use super::*;

fn lists(names: &[&str]) -> BTreeSet<ListId> {
    names.iter().map(|name| ListId::from(*name)).collect()
}

#[test]
fn who_left_while_their_row_was_in_flight_has_left() {
    let before = Agreed::default();
    let after = Agreed { lists: lists(&["news"]), wish: AgreedWish::Granted, ..before.clone() };
    let left =
        Some(Tombstone { kind: Departure::Unsubscribed, at: Timestamp::from_second(9).unwrap() });
    let now = Agreed { left, wish: AgreedWish::Withdrawn, ..before.clone() };
    let merged = now.merge(&before, &after);
    assert_eq!((merged.left, merged.wish), (left, AgreedWish::Withdrawn));
    assert_eq!(merged.lists, lists(&["news"]));
}

#[test]
fn an_agreement_that_nothing_interrupted_is_taken_as_it_is() {
    let before = Agreed { lists: lists(&["a", "b"]), ..Agreed::default() };
    let after = Agreed {
        lists: lists(&["b", "c"]),
        wish: AgreedWish::Granted,
        contact: Some("1".into()),
        ..Agreed::default()
    };
    assert_eq!(before.clone().merge(&before, &after), after);
}

fn mark(kind: Departure, second: i64) -> Tombstone {
    Tombstone { kind, at: Timestamp::from_second(second).unwrap() }
}

#[test]
fn a_new_mark_stays_even_if_an_older_one_was_lifted_meanwhile() {
    let before = Agreed { left: Some(mark(Departure::Withdrawn, 1)), ..Agreed::default() };
    let after = Agreed { left: Some(mark(Departure::Unsubscribed, 2)), ..Agreed::default() };
    assert_eq!(Agreed::default().merge(&before, &after).left, after.left);
    let now = Agreed { left: Some(mark(Departure::Deleted, 3)), ..Agreed::default() };
    assert_eq!(now.merge(&before, &after).left, after.left, "the stronger of two");
}

#[test]
fn of_who_was_erased_while_their_row_was_in_flight_nothing_is_kept_but_the_mark() {
    let before = Agreed::default();
    let after = Agreed { lists: lists(&["news"]), wish: AgreedWish::Granted, ..before.clone() };
    let left = mark(Departure::Erased, 5);
    let now = Agreed { left: Some(left), erased_at: Some(left.at), ..before.clone() };
    assert_eq!(now.clone().merge(&before, &after), now);
}

#[test]
fn what_is_no_longer_agreed_on_is_forgotten_unless_something_new_was_learnt() {
    let key = FingerprintKey::new([7; 32]);
    let with = |value: &str| {
        let print = Some(key.fingerprint("country", value));
        let pair = Pair { gigya: print, contact: print, ..Pair::default() };
        Agreed { fields: [("country".parse().unwrap(), pair)].into(), ..Agreed::default() }
    };
    let nothing = Agreed::default();
    assert_eq!(with("de").merge(&with("de"), &nothing), nothing);
    assert_eq!(with("fr").merge(&with("de"), &nothing), with("fr"));
}

#[test]
fn what_a_person_decides_while_a_plan_is_carried_out_stays_decided() {
    let held = Pair { held: Some(Hold::since(Timestamp::UNIX_EPOCH)), ..Pair::default() };
    let decided = held.resolved(Side::ConstantContact).unwrap();
    assert_eq!(decided.merge(held, held), decided);
    let seen = FingerprintKey::new([7; 32]).fingerprint("city", "b");
    let moved = Pair { contact: Some(seen), ..held };
    assert_eq!(decided.merge(held, moved), decided, "and is looked at again with it");
    let settled = Pair { gigya: Some(seen), contact: Some(seen), ..Pair::default() };
    assert_eq!(decided.merge(held, settled).held, None, "unless the two are one by now");
    assert_eq!(Pair::default().resolved(Side::Gigya), None);
}

#[test]
fn a_contact_that_was_made_anew_replaces_the_one_we_knew() {
    let before = Agreed { contact: Some("old".into()), ..Agreed::default() };
    let after = Agreed { contact: Some("new".into()), ..Agreed::default() };
    assert_eq!(before.clone().merge(&before, &after).contact, after.contact);
}

#[test]
fn what_constant_contact_showed_meanwhile_wins_over_what_was_sent() {
    let key = FingerprintKey::new([7; 32]);
    let print = |value: &str| Some(key.fingerprint("city", value));
    let with = |gigya: &str, contact: &str| {
        let pair = Pair { gigya: print(gigya), contact: print(contact), ..Pair::default() };
        Agreed { fields: [("city".parse().unwrap(), pair)].into(), ..Agreed::default() }
    };
    let merged = with("a", "seen").merge(&with("a", "a"), &with("b", "b"));
    assert_eq!(merged, with("b", "seen"));
}

#[test]
fn what_constant_contact_showed_of_a_first_import_is_not_agreed_before_it_was_compared() {
    let key = FingerprintKey::new([7; 32]);
    let print = |value: &str| Some(key.fingerprint("city", value));
    let shown = Pair { contact: print("edited"), ..Pair::default() };
    let sent = Pair { gigya: print("a"), contact: print("a"), ..Pair::default() };
    assert_eq!(shown.merge(Pair::default(), sent), sent, "so the edit is one");
    let unsent = Pair { contact: None, ..sent };
    let both = Pair { contact: shown.contact, ..sent };
    assert_eq!(shown.merge(Pair::default(), unsent), both, "nothing was written over there");
}
