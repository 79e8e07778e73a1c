//! Reading contacts.

use super::*;

fn addresses(page: &Value) -> Vec<&str> {
    let results = page["results"].as_array().unwrap().iter();
    results.map(|c| c["email_addresses"][0]["email_address"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_next_link_carries_no_key_and_stands_alone_with_it() {
    let rig = Rig::new();
    for number in 0..5 {
        rig.person(&format!("p{number}@example.com"));
    }
    let first = rig.get("contacts?limit=3&status=ACTIVE").body;
    assert_eq!(addresses(&first).len(), 3);
    let link = first["meta"]["pagination"]["next_link"].as_str().unwrap();
    assert!(link.starts_with("/v2/contacts?next=") && !link.contains("api_key"), "{link}");
    let without_key = Request::builder()
        .uri(format!("{HOST}{link}"))
        .header(AUTHORIZATION, format!("Bearer {ACCESS_TOKEN}"))
        .header(ACCEPT, "application/json");
    let answer = rig.send(&without_key.body(Bytes::new()).unwrap());
    assert_eq!(answer.refusal(), (403, "mashery.not.authorized.inactive"));
    let path = link.strip_prefix("/v2/").unwrap();
    assert_eq!(rig.get(&format!("{path}&limit=3")).status, StatusCode::BAD_REQUEST);
    let last = rig.get(path).body;
    assert_eq!(addresses(&last), ["p3@example.com", "p4@example.com"]);
    assert_eq!(last["meta"]["pagination"], json!({}));
    assert_eq!(rig.get("contacts?next=nonsense").status, StatusCode::BAD_REQUEST);
    for limit in ["0", "501", "many"] {
        let refused = rig.get(&format!("contacts?limit={limit}"));
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test(start_paused = true)]
async fn modified_since_does_not_show_who_opted_out_nor_who_left_a_list() {
    for moves in [false, true] {
        let rig = Rig::switched(Switches {
            limited: false,
            opt_out_moves_updated_at: moves,
            list_change_moves_updated_at: moves,
            ..Switches::default()
        });
        let people = ["out", "left", "edited", "still"].map(|name| {
            let (_, id) = rig.person(&format!("{name}@example.com"));
            id
        });
        pass(Duration::from_hours(1)).await;
        let since = rig.clock.now();
        pass(Duration::from_mins(1)).await;
        rig.simulator.unsubscribe(&people[0], true);
        rig.simulator.leave_list(&people[1], &rig.own_list);
        rig.simulator.edit(&people[2], |person| person.phones.clear());
        let changed = rig.get(&format!("contacts?modified_since={since}")).body;
        let all = ["out@example.com", "left@example.com", "edited@example.com"];
        assert_eq!(addresses(&changed), if moves { &all[..] } else { &all[2..] });
        let out = rig.get("contacts?status=OPTOUT").body;
        assert_eq!(addresses(&out), ["out@example.com"]);
        assert_eq!(addresses(&rig.get("contacts?status=REMOVED").body), ["left@example.com"]);
        assert_eq!(addresses(&rig.get("contacts").body).len(), 4);
    }
    assert_eq!(Rig::new().get("contacts?status=active").status, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn a_contact_has_empty_texts_and_says_how_it_opted_out() {
    let rig = Rig::new();
    let (number, id) = rig.person("zoe@example.com");
    let contact = rig.get(&format!("contacts/{number}?include_contact_id=true")).body;
    assert_eq!((&contact["id"], &contact["contact_id"]), (&json!(number.to_string()), &json!(id)));
    for name in ["first_name", "prefix_name", "department_name", "cell_phone", "fax"] {
        assert_eq!(contact[name], "", "{name}");
    }
    assert_eq!(contact["modified_date"], "2026-11-23T04:50:00.000Z");
    let email = |rig: &Rig, number| -> Value {
        rig.get(&format!("contacts/{number}")).body["email_addresses"][0].clone()
    };
    assert_eq!(email(&rig, number)["opt_out_date"], "");
    assert_eq!(email(&rig, number)["confirm_status"], "NO_CONFIRMATION_REQUIRED");
    rig.simulator.switch(|switches| switches.v2.never = v2::Never::Epoch);
    assert_eq!(email(&rig, number)["opt_out_date"], "1969-12-31T19:00:00.000Z");
    rig.simulator.unsubscribe(&id, true);
    let out = email(&rig, number);
    assert_eq!(
        (&out["status"], &out["opt_out_source"]),
        (&json!("OPTOUT"), &json!("ACTION_BY_VISITOR"))
    );
    assert_eq!(out["opt_out_date"], "2026-11-23T04:50:00.000Z");
    assert_eq!(rig.get(&format!("contacts/{number}")).body["lists"], json!([]));
    rig.simulator.switch(|switches| switches.v2.opted_out_show_lists = true);
    assert_eq!(rig.get(&format!("contacts/{number}")).body["lists"][0]["id"], rig.list);
    assert_eq!(rig.get("contacts/0").status, StatusCode::NOT_FOUND);
    assert_eq!(rig.get(&format!("contacts/{id}")).status, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn a_look_up_by_address_may_find_a_double_with_the_id_0() {
    let rig = Rig::new();
    let (number, _) = rig.person("zoe@example.com");
    let found = rig.get("contacts?email=ZOE@example.com").body;
    assert_eq!(addresses(&found), ["zoe@example.com"]);
    rig.simulator.switch(|switches| switches.v2.doubles = true);
    let found = rig.get("contacts?email=zoe@example.com").body;
    let ids: Vec<_> = found["results"].as_array().unwrap().iter().map(|c| &c["id"]).collect();
    assert_eq!(ids, [&json!("0"), &json!(number.to_string())]);
    assert_eq!(rig.get("contacts?email=who@example.com").body["results"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn the_members_of_a_list_are_read_by_page() {
    let rig = Rig::new();
    for number in 0..3 {
        rig.person(&format!("p{number}@example.com"));
    }
    rig.simulator.add_contact(Person::new("else@example.com", rig.clock.now())).unwrap();
    let first = rig.get(&format!("lists/{}/contacts?limit=2", rig.list)).body;
    assert_eq!(addresses(&first), ["p0@example.com", "p1@example.com"]);
    let link = first["meta"]["pagination"]["next_link"].as_str().unwrap();
    let last = rig.get(link.strip_prefix("/v2/").unwrap()).body;
    assert_eq!(addresses(&last), ["p2@example.com"]);
    assert_eq!(rig.get("lists/7/contacts").status, StatusCode::NOT_FOUND);
}
