//! Writing one contact.

use super::*;

fn whole(rig: &Rig, number: u64) -> Value {
    rig.get(&format!("contacts/{number}")).body
}

#[tokio::test(start_paused = true)]
async fn a_put_replaces_everything_that_v2_shows_and_nothing_else() {
    let rig = Rig::new();
    let (number, id) = rig.person("zoe@example.com");
    let named = rig.simulator.add_custom_field("named in the screens");
    rig.simulator.edit(&id, |person| {
        person.texts.insert("first_name".into(), "Zoë".into());
        person.texts.insert("middle_name".into(), "M".into());
        person.texts.insert("anniversary".into(), "2006-11-15".into());
        person.birthday = Some((2, 9));
        person.custom.insert(named.clone(), "kept".into());
        person.notes.push("a note".into());
        person.phones.insert("mobile".into(), "5".into());
    });
    let before = rig.simulator.contact(&id).unwrap();
    let path = format!("contacts/{number}?action_by=ACTION_BY_OWNER");
    let back = rig.put(&path, &whole(&rig, number));
    assert_eq!(back.status, StatusCode::OK, "{:?}", back.body);
    assert_eq!(rig.simulator.contact(&id).unwrap(), before, "what was read can be given back");

    let bare = json!({"email_addresses": [{"email_address": "new@example.com"}],
        "lists": [{"id": rig.list}], "custom_fields": [{"name": "CustomField2", "value": "Gold"}]});
    assert_eq!(rig.put(&path, &bare).status, StatusCode::OK);
    let after = rig.simulator.contact(&id).unwrap();
    assert_eq!(after.address.as_deref(), Some("new@example.com"));
    assert_eq!(after.texts.keys().collect::<Vec<_>>(), ["anniversary"]);
    assert_eq!((after.birthday, after.phones.len(), after.notes.len()), (Some((2, 9)), 0, 0));
    assert_eq!((after.custom[&named].as_str(), after.custom.len()), ("kept", 2));
}

#[tokio::test(start_paused = true)]
async fn a_put_is_refused_for_what_does_not_fit() {
    let rig = Rig::new();
    let (number, _) = rig.person("zoe@example.com");
    rig.person("ada@example.com");
    let path = format!("contacts/{number}");
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut body = whole(&rig, number);
        change(&mut body);
        let answer = rig.put(&path, &body);
        (answer.status.as_u16(), answer.body[0]["error_key"].as_str().unwrap_or("").to_owned())
    };
    let bad = |key: &str| (400, key.to_owned());
    let request = bad("http.status.bad_request");
    let address = |text: &'static str| {
        move |body: &mut Value| body["email_addresses"][0]["email_address"] = json!(text)
    };
    assert_eq!(refused(&address("zoe")), bad("json.email.invalid"));
    assert_eq!(refused(&address("ada@example.com")).0, 409);
    assert_eq!(refused(&|body| body["first_name"] = json!("x".repeat(51))), request);
    assert_eq!(refused(&|body| body["birthday_day"] = json!(1)), request);
    assert_eq!(refused(&|body| body["lists"] = Value::Null), request);
    assert_eq!(refused(&|body| body["lists"] = json!([{"id": "7"}])), request);
    let custom = |name: &'static str, value: String| {
        move |body: &mut Value| body["custom_fields"] = json!([{"name": name, "value": value}])
    };
    assert_eq!(refused(&custom("CustomField16", "x".into())), request);
    assert_eq!(refused(&custom("CustomField1", "x".repeat(51))), request);
    let country = |body: &mut Value| {
        body["addresses"] = json!([{"address_type": "PERSONAL", "country_code": "deu"}]);
    };
    assert_eq!(refused(&country), request);
    assert_eq!(refused(&|_| ()).0, 200);
    assert_eq!(rig.put("contacts/7", &json!({})).status, StatusCode::NOT_FOUND);
    let answer = rig.ask(Method::PUT, &path, "text/plain", b"{}".to_vec());
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test(start_paused = true)]
async fn the_tenant_does_not_put_back_who_opted_out_and_the_visitor_does() {
    let rig = Rig::new();
    let (number, id) = rig.person("zoe@example.com");
    assert_eq!(rig.delete(&format!("contacts/{number}")), StatusCode::NO_CONTENT);
    let held = rig.simulator.contact(&id).unwrap();
    assert!(held.is_unsubscribed() && !held.opt_out.unwrap().by_person);
    let mut body = whole(&rig, number);
    assert_eq!((&body["status"], &body["lists"]), (&json!("OPTOUT"), &json!([])));
    body["lists"] = json!([{"id": rig.list}]);
    let by = |who: &str| format!("contacts/{number}?action_by={who}");
    assert_eq!(rig.put(&by("ACTION_BY_OWNER"), &body).status, StatusCode::BAD_REQUEST);
    assert_eq!(rig.put(&format!("contacts/{number}"), &body).status, StatusCode::BAD_REQUEST);
    assert_eq!(rig.put(&by("ANYBODY"), &body).status, StatusCode::BAD_REQUEST);
    assert!(rig.simulator.contact(&id).unwrap().is_unsubscribed());
    assert_eq!(rig.put(&by("ACTION_BY_VISITOR"), &body).status, StatusCode::OK);
    assert_eq!(whole(&rig, number)["status"], "ACTIVE");
}

#[tokio::test(start_paused = true)]
async fn whose_last_list_is_taken_away_is_removed() {
    for (last_list_removes, status) in [(true, "REMOVED"), (false, "ACTIVE")] {
        let rig = Rig::with(v2::Switches { last_list_removes, ..v2::Switches::default() });
        let second = rig.simulator.add_list("Second");
        let (number, id) = rig.person("zoe@example.com");
        rig.simulator.edit(&id, |person| {
            person.lists.insert(second.clone());
        });
        let leave = format!("contacts/{number}/lists/{}", rig.list);
        assert_eq!(rig.delete(&leave), StatusCode::NO_CONTENT);
        assert_eq!(whole(&rig, number)["status"], "ACTIVE");
        assert_eq!(rig.delete(&leave), StatusCode::NOT_FOUND);
        assert_eq!(rig.delete(&format!("contacts/{number}/lists")), StatusCode::NO_CONTENT);
        assert_eq!(whole(&rig, number)["status"], status);
        assert_eq!(rig.delete("contacts/7/lists"), StatusCode::NOT_FOUND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_contact_is_made_once() {
    let rig = Rig::new();
    let body = json!({"email_addresses": [{"email_address": "zoe@example.com"}],
        "first_name": "Zoë", "lists": [{"id": rig.list}]});
    let made = rig.post("contacts?action_by=ACTION_BY_OWNER", &body);
    assert_eq!((made.status, &made.body["first_name"]), (StatusCode::CREATED, &json!("Zoë")));
    assert_eq!(made.whole.headers()["location"], format!("{HOST}/v2/contacts/{}", made.id()));
    assert_eq!(rig.post("contacts", &body).status, StatusCode::CONFLICT);
    assert_eq!(rig.simulator.writes(), 1);
}
