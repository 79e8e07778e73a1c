use serde_json::json;

use super::*;

fn contact() -> Value {
    json!({
        "id": "5", "contact_id": "uuid", "status": "ACTIVE", "fax": "4", "confirmed": false,
        "source": "API", "source_details": "key", "prefix_name": "Ms.", "first_name": "Zoë",
        "last_name": "", "home_phone": "1", "created_date": "2026-01-01T00:00:00.000Z",
        "modified_date": "2026-01-01T00:00:00.000Z", "notes": [{"id": "n", "note": "kept"}],
        "addresses": [
            {"id": "b", "address_type": "BUSINESS", "line1": "B 1"},
            {"id": "p", "address_type": "PERSONAL", "line1": "", "city": "Köln", "country_code": "de"}],
        "email_addresses": [{"id": "e", "status": "ACTIVE", "confirm_status": "CONFIRMED",
            "opt_in_source": "ACTION_BY_OWNER", "email_address": "zoe@example.com"}],
        "custom_fields": [{"name": "CustomField1", "label": "Uid", "value": "u1"}],
        "lists": [{"id": 1, "status": "ACTIVE"}, {"id": "2", "status": "HIDDEN"}],
        "unheard_of": {"kept": true}
    })
}

fn fields(values: &[(&str, &str)]) -> Amendment {
    let fields =
        values.iter().map(|(field, value)| (field.parse().unwrap(), (*value).to_owned())).collect();
    Amendment { fields, ..Amendment::default() }
}

fn written(amendment: &Amendment) -> Option<Value> {
    Change::of(contact(), amendment).unwrap().unwrap().body
}

#[test]
fn what_is_not_named_is_given_back_as_it_was_and_what_the_vendor_makes_is_not() {
    let body = written(&fields(&[("last_name", "Müller")])).unwrap();
    assert_eq!(
        body,
        json!({
            "fax": "4", "prefix_name": "Ms.", "first_name": "Zoë", "last_name": "Müller",
            "home_phone": "1", "notes": [{"id": "n", "note": "kept"}],
            "addresses": [
                {"address_type": "BUSINESS", "line1": "B 1"},
                {"address_type": "PERSONAL", "line1": "", "city": "Köln", "country_code": "de"}],
            "email_addresses": [{"email_address": "zoe@example.com"}],
            "custom_fields": [{"name": "CustomField1", "value": "u1"}],
            "lists": [{"id": "1"}, {"id": "2"}],
            "unheard_of": {"kept": true}
        })
    );
}

#[test]
fn the_same_values_write_nothing() {
    let same = fields(&[
        ("first_name", "Zoë"),
        ("last_name", ""),
        ("job_title", ""),
        ("street", ""),
        ("city", "Köln"),
        ("zip", ""),
        ("custom_field_1", "u1"),
        ("custom_field_9", ""),
        ("email", "zoe@example.com"),
    ]);
    assert_eq!(written(&same), None);
    let lists = Amendment { lists: Some(["1".into(), "2".into()].into()), ..Amendment::default() };
    assert_eq!(written(&lists), None);
}

#[test]
fn an_empty_value_clears() {
    let cleared = fields(&[("first_name", ""), ("home_phone", ""), ("custom_field_1", "")]);
    let body = written(&cleared).unwrap();
    assert_eq!((&body["first_name"], &body["home_phone"]), (&json!(""), &json!("")));
    assert_eq!(body["custom_fields"], json!([]));
    let mut only_city = contact();
    only_city["addresses"] = json!([{"address_type": "PERSONAL", "line1": "", "city": "Köln"}]);
    let change = Change::of(only_city, &fields(&[("city", "")])).unwrap().unwrap();
    assert_eq!(change.body.unwrap()["addresses"], json!([]));
}

#[test]
fn fields_find_their_place() {
    let amendment = fields(&[
        ("street", "A 1"),
        ("street2", "Rear"),
        ("zip", "50667"),
        ("custom_field_1", "u2"),
        ("custom_field_3", "Gold"),
        ("email", "new@example.com"),
        ("work_phone", "7"),
    ]);
    let body = written(&amendment).unwrap();
    assert_eq!(
        body["addresses"][1],
        json!({"address_type": "PERSONAL", "line1": "A 1", "line2": "Rear", "city": "Köln",
            "postal_code": "50667", "country_code": "de"})
    );
    assert_eq!(
        body["custom_fields"],
        json!([{"name": "CustomField1", "value": "u2"}, {"name": "CustomField3", "value": "Gold"}])
    );
    assert_eq!(body["email_addresses"], json!([{"email_address": "new@example.com"}]));
    assert_eq!(body["work_phone"], "7");

    let bare = json!({"id": "5", "status": "REMOVED"});
    let change = Change::of(bare, &amendment).unwrap().unwrap();
    let body = change.body.unwrap();
    assert_eq!(body["email_addresses"], json!([{"email_address": "new@example.com"}]));
    assert_eq!(body["addresses"][0]["address_type"], "PERSONAL");
    assert_eq!(body["lists"], json!([]));
}

#[test]
fn lists_are_replaced_and_the_last_one_is_left_by_another_call() {
    let to = |lists: &[&str]| {
        let lists = lists.iter().copied().map(ListId::from).collect();
        let amendment = Amendment { lists: Some(lists), ..fields(&[("last_name", "M")]) };
        let change = Change::of(contact(), &amendment).unwrap().unwrap();
        (change.body.unwrap()["lists"].clone(), change.leaves_all_lists)
    };
    assert_eq!(to(&["2", "3"]), (json!([{"id": "2"}, {"id": "3"}]), false));
    assert_eq!(to(&[]), (json!([{"id": "1"}, {"id": "2"}]), true));
}

#[test]
fn who_is_unsubscribed_by_it_joins_no_list() {
    let unsubscribe = Some(crate::constant_contact::Unsubscribe { by_person: true, reason: None });
    let lists = Some(["2".into(), "3".into()].into());
    let amendment = Amendment { lists, unsubscribe, ..Amendment::default() };
    assert_eq!(written(&amendment).unwrap()["lists"], json!([{"id": "2"}]));
}

#[test]
fn what_cannot_be_written_is_refused_by_field_without_its_value() {
    for (field, value) in [
        ("birthday", "12-31"),
        ("anniversary", "secret"),
        ("state", "secret"),
        ("country", "secret"),
        ("mobile_phone", "secret"),
        ("cf:tier", "secret"),
        ("email", ""),
    ] {
        let Err(error) = Change::of(contact(), &fields(&[(field, value)])) else {
            panic!("{field} was written")
        };
        let text = format!("{error} {error:?}");
        assert!(text.contains(field) && !text.contains("secret"), "{text}");
    }
}
