use serde_json::json;

use super::*;

fn catalogue() -> ours::CustomFields {
    let field = |id: &str, name: &str, choices| ours::CustomField {
        id: id.into(),
        name: name.to_owned(),
        label: name.to_owned(),
        kind: "string".to_owned(),
        choices,
    };
    let tiers = vec![("1".to_owned(), "Gold".to_owned()), ("2".to_owned(), "Tin".to_owned())];
    [field("f-uid", "gigya_uid", Vec::new()), field("f-tier", "tier", tiers)].into_iter().collect()
}

fn understood(contact: Value) -> DomainContact {
    let contact: Contact = serde_json::from_value(contact).unwrap();
    contact.into_domain(&catalogue(), &ContactField::custom("gigya_uid"))
}

#[test]
fn a_contact_is_understood_whole() {
    let contact = understood(json!({
        "contact_id": "c1",
        "email_address": {"address": "zoe@example.com", "permission_to_send": "unsubscribed",
            "opt_out_source": "Contact", "opt_out_date": "2026-11-01T08:00:00-05:00"},
        "first_name": "Zoë", "last_name": "", "birthday_month": 2, "birthday_day": 9,
        "anniversary": "3/12/2005",
        "phone_numbers": [{"phone_number": "1", "kind": "other"}, {"phone_number": "2", "kind": "mobile"}],
        "street_addresses": [{"kind": "home", "street": "A 1", "city": "Köln", "country": "DE"},
            {"kind": "work", "postal_code": "50667"}],
        "custom_fields": [{"custom_field_id": "f-uid", "value": "u1"},
            {"custom_field_id": "f-tier", "choice_ids": [2]}, {"custom_field_id": "gone", "value": "x"}],
        "list_memberships": ["l2", "l1"],
        "created_at": "2026-04-28T21:48:16Z", "updated_at": "2026-04-28T21:48:16.108+00:00",
        "deleted_at": "2026-07-08"
    }));
    let fields: Vec<String> =
        contact.fields.iter().map(|(field, value)| format!("{field}={value}")).collect();
    insta::assert_snapshot!(fields.join("\n"), @r"
    anniversary=2005-03-12
    birthday=02-09
    cf:gigya_uid=u1
    cf:tier=Tin
    city=Köln
    country=DE
    first_name=Zoë
    home_city=Köln
    home_street=A 1
    mobile_phone=2
    other_phone=1
    phone=1
    street=A 1
    work_zip=50667
    ");
    assert_eq!(contact.uid, Some("u1".into()));
    assert_eq!(contact.permission, Permission::Unsubscribed);
    assert_eq!(
        contact.opt_out,
        Some(OptOut { at: "2026-11-01T13:00:00Z".parse().ok(), by: OptOutSource::Contact })
    );
    assert_eq!(contact.lists, ["l1".into(), "l2".into()].into());
    assert_eq!(contact.deleted_at, "2026-07-08T23:59:59.999Z".parse().ok());
    assert_eq!(contact.updated_at, "2026-04-28T21:48:16.108Z".parse().ok());
}

#[test]
fn a_contact_with_a_telephone_alone_has_no_address_and_no_permission() {
    let contact = understood(json!({"contact_id": "c1", "custom_fields": null}));
    assert_eq!((contact.email, contact.permission), (None, Permission::NotSet));
    assert_eq!((contact.uid, contact.opt_out), (None, None));
}

#[test]
fn an_anniversary_is_read_in_every_documented_form() {
    for text in [
        "03/02/2005",
        "3/2/2005",
        "2005/03/02",
        "2005/3/2",
        "2005-03-02",
        "2005-3-2",
        "3-2-2005",
        "3-02-2005",
    ] {
        assert_eq!(civil_date(text.to_owned()), "2005-03-02", "{text}");
    }
    assert_eq!(civil_date("13/45/2005".to_owned()), "13/45/2005");
}

#[test]
fn a_last_page_is_one_without_a_link() {
    for page in [json!({}), json!({"_links": null}), json!({"_links": {"next": null}})] {
        let page: Contacts = serde_json::from_value(page).unwrap();
        assert_eq!(page.links.next(), None);
    }
    let page = json!({"contacts": [], "_links": {"next": {"href": "/v3/contacts?cursor=x"}}});
    let page: Contacts = serde_json::from_value(page).unwrap();
    assert_eq!(page.links.next(), Some(Cursor("/v3/contacts?cursor=x".to_owned())));
}

#[test]
fn the_errors_of_an_activity_are_texts_or_objects() {
    let activity: Activity = serde_json::from_value(json!({
        "activity_id": "a", "state": "time_out", "activity_errors": ["one", {"message": "two"}]
    }))
    .unwrap();
    let activity = DomainActivity::from(activity);
    assert_eq!(activity.errors, ["one", "two"]);
    assert_eq!(activity.state, ActivityState::TimedOut);
    assert_eq!(activity.counts, ActivityCounts::default());
}

#[test]
fn every_key_of_this_module_is_a_column() {
    for kind in ["home", "work", "mobile", "other"] {
        phone_keys(kind).iter().copied().for_each(|key| drop(known(key)));
        street_keys(kind).iter().flatten().flatten().copied().for_each(|key| drop(known(key)));
    }
}
