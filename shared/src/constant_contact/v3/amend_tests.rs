use serde_json::json;

use super::*;

fn contact(permission: &str) -> wire::Contact {
    serde_json::from_value(json!({
        "contact_id": "c1",
        "email_address": {"address": "zoe@example.com", "permission_to_send": permission,
            "opt_out_reason": "too many", "opt_in_date": "2026-01-01T00:00:00Z"},
        "first_name": "Zoë", "birthday_month": 2, "birthday_day": 9,
        "phone_numbers": [{"phone_number": "1", "kind": "home", "phone_number_id": "p"}],
        "street_addresses": [{"kind": "home", "city": "Köln", "street_address_id": "s"}],
        "custom_fields": [{"custom_field_id": "f1", "value": "kept"}],
        "list_memberships": ["l1", "l2"], "taggings": ["t1"], "notes": [{"content": "n"}],
        "updated_at": "2026-01-01T00:00:00Z", "update_source": "Contact"
    }))
    .unwrap()
}

fn catalogue() -> CustomFields {
    let field = |id: &str, name: &str, choices: &[(&str, &str)]| CustomField {
        id: id.into(),
        name: name.to_owned(),
        label: name.to_owned(),
        kind: "string".to_owned(),
        choices: choices
            .iter()
            .map(|(id, label)| ((*id).to_owned(), (*label).to_owned()))
            .collect(),
    };
    [field("f1", "one", &[]), field("f2", "tier", &[("1", "Gold"), ("2", "Tin")])]
        .into_iter()
        .collect()
}

fn fields(values: &[(&str, &str)]) -> Amendment {
    let fields =
        values.iter().map(|(field, value)| (field.parse().unwrap(), (*value).to_owned())).collect();
    Amendment { fields, ..Amendment::default() }
}

fn written(permission: &str, amendment: &Amendment) -> Option<Value> {
    let body = replacement(contact(permission), amendment, &catalogue()).unwrap()?;
    Some(serde_json::to_value(body).unwrap())
}

#[test]
fn what_is_not_named_is_given_back_as_it_was_and_what_the_vendor_makes_is_not() {
    let body = written("implicit", &fields(&[("last_name", "Müller")])).unwrap();
    assert_eq!(
        body,
        json!({
            "email_address": {"address": "zoe@example.com", "permission_to_send": "implicit",
                "opt_out_reason": "too many"},
            "first_name": "Zoë", "last_name": "Müller", "birthday_month": 2, "birthday_day": 9,
            "phone_numbers": [{"phone_number": "1", "kind": "home"}],
            "street_addresses": [{"kind": "home", "city": "Köln"}],
            "custom_fields": [{"custom_field_id": "f1", "value": "kept"}],
            "list_memberships": ["l1", "l2"], "taggings": ["t1"], "notes": [{"content": "n"}],
            "update_source": "Account"
        })
    );
}

#[test]
fn an_empty_value_clears_and_the_same_value_writes_nothing() {
    let cleared = fields(&[
        ("first_name", ""),
        ("birthday", ""),
        ("home_phone", ""),
        ("home_city", ""),
        ("cf:one", ""),
    ]);
    let body = written("implicit", &cleared).unwrap();
    for key in ["first_name", "birthday_month", "birthday_day"] {
        assert_eq!(body.get(key), None, "{key}");
    }
    for key in ["phone_numbers", "street_addresses", "custom_fields"] {
        assert_eq!(body[key], json!([]), "{key}");
    }
    let same =
        fields(&[("first_name", "Zoë"), ("city", "Köln"), ("work_city", ""), ("cf:one", "kept")]);
    assert_eq!(written("implicit", &same), None);
}

#[test]
fn fields_find_their_place_by_kind() {
    let amendment = fields(&[
        ("phone", "7"),
        ("work_zip", "50667"),
        ("birthday", "12-31"),
        ("cf:tier", "Gold, Tin"),
    ]);
    let body = written("implicit", &amendment).unwrap();
    assert_eq!(body["phone_numbers"][1], json!({"phone_number": "7", "kind": "other"}));
    assert_eq!(body["street_addresses"][1], json!({"kind": "work", "postal_code": "50667"}));
    assert_eq!((&body["birthday_month"], &body["birthday_day"]), (&json!(12), &json!(31)));
    assert_eq!(
        body["custom_fields"][1],
        json!({"custom_field_id": "f2", "choice_ids": ["1", "2"]})
    );
}

#[test]
fn somebody_unsubscribed_stays_so_and_joins_no_list() {
    let amendment = Amendment {
        address: Some("new@example.com".parse().unwrap()),
        lists: Some(["l2".into(), "l3".into()].into()),
        ..Amendment::default()
    };
    let body = written("unsubscribed", &amendment).unwrap();
    assert_eq!(body["email_address"]["permission_to_send"], "unsubscribed");
    assert_eq!(body["email_address"]["address"], "new@example.com");
    assert_eq!(body["list_memberships"], json!(["l2"]));
}

#[test]
fn an_unsubscribe_says_who_asked_for_it_and_is_not_made_twice() {
    let leave = |by_person| Amendment {
        unsubscribe: Some(Unsubscribe { by_person, reason: Some("é".repeat(300)) }),
        ..Amendment::default()
    };
    let body = written("explicit", &leave(true)).unwrap();
    assert_eq!(
        (&body["update_source"], &body["list_memberships"]),
        (&json!("Contact"), &json!(["l1", "l2"]))
    );
    assert_eq!(body["email_address"]["permission_to_send"], "unsubscribed");
    assert_eq!(body["email_address"]["opt_out_reason"].as_str().unwrap().chars().count(), 255);
    assert_eq!(written("explicit", &leave(false)).unwrap()["update_source"], "Account");
    assert_eq!(written("unsubscribed", &leave(true)), None);
}

#[test]
fn what_cannot_be_written_is_refused_by_field_without_its_value() {
    for (field, value) in [
        ("cf:unheard", "secret"),
        ("birthday", "secret"),
        ("birthday", "13-01"),
        ("cf:tier", "secret"),
        ("street2", "secret"),
        ("email", ""),
    ] {
        let refused = replacement(contact("implicit"), &fields(&[(field, value)]), &catalogue());
        let Err(error) = refused else { panic!("{field} was written") };
        let text = format!("{error} {error:?}");
        assert!(text.contains(field) && !text.contains("secret"), "{text}");
    }
}

#[test]
fn an_amendment_prints_without_values() {
    let amendment = fields(&[("first_name", "Zoë")]);
    let text = format!("{amendment:?}");
    assert!(text.contains("first_name") && !text.contains("Zoë"), "{text}");
}
