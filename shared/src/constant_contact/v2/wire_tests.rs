use serde_json::json;

use super::*;

fn understood(contact: Value) -> Option<DomainContact> {
    let contact: Contact = serde_json::from_value(contact).unwrap();
    contact.into_domain(&ContactField::v2_custom(1))
}

#[test]
fn a_contact_is_understood_whole() {
    let contact = understood(json!({
        "id": 196, "status": "ACTIVE", "first_name": "Zoë", "last_name": "", "job_title": "Analyst",
        "company_name": "Systems", "home_phone": "1", "work_phone": "2", "cell_phone": "3", "fax": "4",
        "addresses": [
            {"id": "b", "address_type": "BUSINESS", "line1": "B 1", "city": "Boston"},
            {"id": "p", "address_type": "PERSONAL", "line1": "A 1", "line2": "Rear", "line3": "",
             "city": "Köln", "state": "", "state_code": "NW", "country_code": "de", "postal_code": 50667}],
        "email_addresses": [{"id": "e", "status": "ACTIVE", "confirm_status": "CONFIRMED",
            "opt_in_source": "ACTION_BY_VISITOR", "opt_in_date": "2013-01-23T13:48:44.108Z",
            "opt_out_date": "1969-12-31T19:00:00.000Z", "email_address": "zoe@example.com"}],
        "custom_fields": [{"name": "CustomField1", "label": "Uid", "value": "u1"},
            {"name": "custom_field_15", "value": "Gold"}, {"name": "CustomField2", "value": ""},
            {"name": "Other", "value": "x"}],
        "lists": [{"id": 2, "status": "HIDDEN"}, {"id": "1", "status": "ACTIVE"}],
        "created_date": "2012-08-17T15:14:55.000Z", "modified_date": "2013-01-23T13:48:44.108-05:00",
        "confirmed": false, "source": "API", "notes": []
    }))
    .unwrap();
    let fields: Vec<String> =
        contact.fields.iter().map(|(field, value)| format!("{field}={value}")).collect();
    insta::assert_snapshot!(fields.join("\n"), @"
    city=Köln
    company_name=Systems
    country=de
    custom_field_1=u1
    custom_field_15=Gold
    first_name=Zoë
    home_phone=1
    job_title=Analyst
    state=NW
    street=A 1
    street2=Rear
    work_phone=2
    zip=50667
    ");
    assert_eq!((contact.id.as_str(), contact.uid), ("196", Some("u1".into())));
    assert_eq!((contact.permission, contact.opt_out), (Permission::Explicit, None));
    assert_eq!(contact.email, "zoe@example.com".parse().ok());
    assert_eq!(contact.lists, ["1".into(), "2".into()].into());
    assert_eq!(contact.updated_at, "2013-01-23T18:48:44.108Z".parse().ok());
    assert_eq!(contact.deleted_at, None);
}

#[test]
fn a_status_is_a_permission_and_whoever_asked_out_is_out() {
    let of = |status: &str, source: &str, of_address: &str| {
        let contact = json!({"id": "1", "status": status,
            "email_addresses": [{"status": of_address, "opt_in_source": source}]});
        understood(contact).unwrap().permission
    };
    let owner = "ACTION_BY_OWNER";
    assert_eq!(of("ACTIVE", owner, "ACTIVE"), Permission::Implicit);
    assert_eq!(of("ACTIVE", "", "ACTIVE"), Permission::Implicit);
    assert_eq!(of("ACTIVE", "ACTION_BY_CONTACT", "ACTIVE"), Permission::Explicit);
    assert_eq!(of("UNCONFIRMED", owner, "UNCONFIRMED"), Permission::PendingConfirmation);
    assert_eq!(of("OPTOUT", owner, "OPTOUT"), Permission::Unsubscribed);
    assert_eq!(of("ACTIVE", "ACTION_BY_VISITOR", "OPTOUT"), Permission::Unsubscribed);
    for status in ["REMOVED", "NON_SUBSCRIBER", "VISITOR"] {
        assert_eq!(of(status, owner, status), Permission::NotSet, "{status}");
    }
    assert_eq!(of("RESTING", owner, ""), Permission::Other("RESTING".to_owned()));
    assert_eq!(understood(json!({"id": 1})).unwrap().permission, Permission::NotSet);
}

#[test]
fn who_opted_out_when_and_by_whom() {
    let of = |email: Value| {
        let contact = json!({"id": "1", "status": "OPTOUT", "email_addresses": [email]});
        understood(contact).unwrap().opt_out
    };
    let at = "2026-11-01T08:00:00Z".parse().ok();
    for (source, by) in [
        ("ACTION_BY_VISITOR", OptOutSource::Contact),
        ("ACTION_BY_CONTACT", OptOutSource::Contact),
        ("ACTION_BY_OWNER", OptOutSource::Account),
        ("", OptOutSource::Unknown),
    ] {
        let email = json!({"opt_out_date": "2026-11-01T08:00:00.000Z", "opt_out_source": source});
        assert_eq!(of(email), Some(OptOut { at, by }), "{source}");
    }
    assert_eq!(of(json!({"opt_out_date": "", "opt_out_source": ""})), None);
}

#[test]
fn a_time_is_read_in_every_form_and_the_epoch_never_was() {
    let at = "2013-01-23T13:48:44Z".parse().ok();
    for text in [
        "2013-01-23T13:48:44.000Z",
        "2013-01-23T13:48:44Z",
        "2013-01-23T13:48:44.000+00:00",
        "2013-01-23T08:48:44-05:00",
        "2013-01-23T08:48:44.000-0500",
        "2013-01-23T13:48:44",
    ] {
        assert_eq!(moment(text), at, "{text}");
    }
    assert_eq!(moment("2013-01-23"), "2013-01-23T00:00:00Z".parse().ok());
    for never in ["", "1969-12-31T19:00:00.000Z", "1970-01-01T00:00:00.000Z", "soon"] {
        assert_eq!(moment(never), None, "{never}");
    }
}

#[test]
fn a_contact_whose_id_is_nobodys_is_none() {
    for id in [json!(0), json!("0")] {
        assert_eq!(understood(json!({"id": id, "status": "ACTIVE"})), None);
    }
    assert!(serde_json::from_value::<Contact>(json!({"id": "", "status": "ACTIVE"})).is_err());
}

#[test]
fn an_activity_counts_only_when_it_is_over() {
    let activity = |status: &str, rest: Value| {
        let mut activity =
            json!({"id": 7, "status": status, "error_count": 2, "contact_count": "5"});
        for (key, value) in rest.as_object().unwrap() {
            activity[key] = value.clone();
        }
        DomainActivity::from(serde_json::from_value::<Activity>(activity).unwrap())
    };
    let states: Vec<String> = [
        "UNCONFIRMED",
        "PENDING",
        "QUEUED",
        "RUNNING",
        "COMPLETE",
        "ERROR",
        "CANCELLED",
        "RESTING",
    ]
    .map(|status| {
        let activity = activity(status, json!({}));
        format!("{status}: {:?} {:?}", activity.state, activity.counts.persons)
    })
    .into();
    insta::assert_snapshot!(states.join("\n"), @r#"
    UNCONFIRMED: Initialized None
    PENDING: Initialized None
    QUEUED: Initialized None
    RUNNING: Processing None
    COMPLETE: Completed Some(5)
    ERROR: Failed Some(5)
    CANCELLED: Cancelled Some(5)
    RESTING: Other("RESTING") None
    "#);
    let other = activity("COMPLETE", json!({"contact_count": null, "contacts_count": 3}));
    assert_eq!((other.counts.persons, other.counts.errors), (Some(3), Some(2)));
    assert_eq!(activity("PENDING", json!({"created_date": ""})).created_at, None);
}

#[test]
fn the_errors_of_an_activity_are_texts_objects_or_nothing() {
    let errors = |errors: Value| {
        let activity = json!({"id": "a", "status": "COMPLETE", "errors": errors});
        DomainActivity::from(serde_json::from_value::<Activity>(activity).unwrap()).errors
    };
    assert_eq!(errors(json!(["Line 2: Invalid birthday"])), ["Line 2: Invalid birthday"]);
    let object = json!([{"message": "bad", "line_number": 2, "email_address": "zoe@example.com"}]);
    assert_eq!(errors(object), ["bad"]);
    assert!(errors(json!([])).is_empty() && errors(Value::Null).is_empty());
}

#[test]
fn json_is_written_in_ascii_and_means_the_same() {
    let value = json!({"ä\"": "Zoë Łukasz 😀\n\\u"});
    let written = ascii(&value);
    assert!(written.is_ascii());
    assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), value);
    assert_eq!(ascii(&json!("ë😀")), br#""\u00eb\ud83d\ude00""#);
}

#[test]
fn every_key_of_this_module_is_a_column() {
    let every = json!({"id": 1, "first_name": "x", "last_name": "x", "job_title": "x",
        "company_name": "x", "home_phone": "x", "work_phone": "x",
        "addresses": [{"line1": "x", "line2": "x", "city": "x", "postal_code": "x", "state": "x",
            "country_code": "x"}]});
    assert_eq!(understood(every).unwrap().fields.len(), 12);
}
