//! `addcontacts`: what is refused at once, and what fails as a whole.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_import_is_answered_with_its_place_and_without_a_status() {
    let rig = Rig::new();
    let answer = rig.submit("EMAIL\nzoe@example.com\nada@example.com\n");
    assert_eq!(answer.status, StatusCode::CREATED);
    let id = answer.id();
    let expected = json!({"id": id, "type": "ADD_CONTACTS", "error_count": 0, "contact_count": 2});
    assert_eq!(answer.body, expected);
    assert_eq!(answer.whole.headers()["location"], format!("{HOST}/v2/activities/{id}"));
    assert_eq!(rig.simulator.writes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_file_in_utf_8_becomes_mojibake_and_one_in_iso_8859_1_does_not() {
    let rig = Rig::new();
    rig.import("EMAIL,FIRST NAME\nutf@example.com,Zoë\n").await;
    rig.import(b"EMAIL,FIRST NAME\nlatin@example.com,Zo\xEB\n").await;
    let texts = |address: &str| encoding::texts(&rig.held(address));
    assert!(texts("utf@example.com").contains(&("first_name".into(), "ZoÃ«".into())));
    assert!(texts("latin@example.com").contains(&("first_name".into(), "Zoë".into())));
}

#[tokio::test(start_paused = true)]
async fn a_byte_of_windows_1252_becomes_a_control_character() {
    let rig = Rig::new();
    rig.import(b"EMAIL,FIRST NAME\neuro@example.com,\x80\n").await;
    assert_eq!(rig.held("euro@example.com").texts["first_name"], "\u{80}");
    let read = rig.get("contacts?email=euro@example.com").body;
    assert_eq!(read["results"][0]["first_name"], "\u{80}");
}

#[tokio::test(start_paused = true)]
async fn a_byte_order_mark_hides_the_first_heading() {
    let rig = Rig::new();
    let answer = rig.submit("\u{feff}EMAIL\nzoe@example.com\n");
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn a_first_row_without_an_address_refuses_everything() {
    let rig = Rig::new();
    for first in ["no address", "", "zoe@"] {
        let csv = format!("EMAIL,CITY\n{first},Köln\nada@example.com,Bonn\n");
        assert_eq!(rig.submit(csv).refusal(), (400, "json.email.invalid"));
    }
    assert_eq!(rig.submit("EMAIL\n").refusal(), (400, "json.email.invalid"));
    pass(Duration::from_mins(1)).await;
    assert_eq!(rig.simulator.contacts(), []);
    assert_eq!(rig.get("activities").body, json!([]));
}

#[tokio::test(start_paused = true)]
async fn headings_need_an_address_once_in_any_of_its_spellings() {
    let rig = Rig::new();
    for heading in ["EMAIL", "email", "E-Mail", "Email Address", "E-MAIL ADDRESS"] {
        let answer = rig.submit(format!("{heading}\nzoe@example.com\n"));
        assert_eq!(answer.status, StatusCode::CREATED, "{heading}");
    }
    let refused = rig.submit("email_address\nzoe@example.com\n");
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let twice = rig.submit("EMAIL,City,CITY\nzoe@example.com,a,b\n");
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn only_forms_with_a_boundary_and_a_csv_are_taken() {
    let rig = Rig::new();
    let csv: &[u8] = b"EMAIL\nzoe@example.com\n";
    let (lists, name, data) =
        (("lists", rig.list.as_bytes()), ("file_name", &b"a.csv"[..]), ("data", csv));
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let ask = |kind: &str, parts: &[(&str, &[u8])]| {
        rig.ask(Method::POST, "activities/addcontacts", kind, form(parts)).status.as_u16()
    };
    assert_eq!(ask(&kind, &[lists, name, data]), 201);
    assert_eq!(ask("multipart/form-data", &[lists, name, data]), 415);
    assert_eq!(ask("text/csv", &[lists, name, data]), 415);
    assert_eq!(ask(&kind, &[lists, ("file_name", b"a.xls"), data]), 415);
    for missing in [[name, data], [lists, data], [lists, name]] {
        assert_eq!(ask(&kind, &missing), 400);
    }
    assert_eq!(ask(&kind, &[lists, lists, name, data]), 400);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_list_is_refused_or_not_found_or_fails_the_activity() {
    let rig = Rig::new();
    let submit =
        |lists: &str| rig.submit_as("activities/addcontacts", lists, b"EMAIL\nzoe@example.com\n");
    for lists in ["", "no-number", &rig.own_list, &format!("{0},{0}", rig.list)] {
        assert_eq!(submit(lists).status, StatusCode::BAD_REQUEST, "{lists}");
    }
    assert_eq!(submit("2050000099").status, StatusCode::BAD_REQUEST);
    rig.simulator.switch(|switches| switches.unknown_list = UnknownList::NotFound);
    assert_eq!(submit("2050000099").status, StatusCode::NOT_FOUND);
    rig.simulator.switch(|switches| switches.unknown_list = UnknownList::ActivityFails);
    let activity = rig.settled(&submit("2050000099")).await;
    assert_eq!(activity["status"], "ERROR");
    assert_eq!(rig.simulator.contacts(), []);
}

#[tokio::test(start_paused = true)]
async fn four_megabytes_or_too_many_rows_fail_as_a_whole() {
    let rig = Rig::new();
    let row = "zoe@example.com,";
    let csv = format!("EMAIL,FIRST NAME\n{row}{}\n", "x".repeat(4_000_000));
    let activity = rig.import(&csv).await;
    assert_eq!((&activity["status"], &activity["contact_count"]), (&json!("ERROR"), &json!(0)));
    let rows = |count: usize| -> String {
        let rows = (0..count).map(|number| format!("p{number}@example.com\n"));
        std::iter::once("EMAIL\n".to_owned()).chain(rows).collect()
    };
    assert_eq!(rig.import(rows(40_001)).await["status"], "ERROR");
    assert_eq!(rig.simulator.contacts(), []);
    assert_eq!(rig.import(rows(40_000)).await["status"], "COMPLETE");
    assert_eq!(rig.simulator.look(<[Person]>::len), 40_000);
}

#[tokio::test(start_paused = true)]
async fn json_brings_what_its_column_names_name() {
    let rig = Rig::new();
    let contact = json!({"email_addresses": ["zoe@example.com"], "first_name": "Zoë €",
        "last_name": "unnamed", "addresses": [{"line1": "Am Ring 1", "state_code": "NRW"}],
        "custom_fields": [{"name": "custom_field_6", "value": "Blue"}]});
    let body = |names: Value| json!({"import_data": [contact], "lists": [rig.list], "column_names": names});
    let names = json!(["EMAIL", "FIRST NAME", "ADDRESS LINE 1", "STATE", "CUSTOM FIELD 6"]);
    let answer = rig.post("activities/addcontacts", &body(names));
    let activity = rig.settled(&answer).await;
    assert_eq!(activity["file_name"], "upload_from_json.csv");
    let held = rig.held("zoe@example.com");
    assert_eq!(held.texts.get("first_name").unwrap(), "Zoë ?", "the euro sign does not fit");
    assert_eq!(held.texts.get("last_name"), None);
    assert_eq!(held.streets["home"][..3], ["Am Ring 1", "", "NRW"]);
    assert_eq!(held.custom.values().collect::<Vec<_>>(), ["Blue"]);
    let nameless = rig.post("activities/addcontacts", &body(json!(["FIRST NAME"])));
    assert_eq!(nameless.status, StatusCode::BAD_REQUEST);
    let body = json!({"import_data": [contact], "lists": [rig.list]});
    assert_eq!(rig.post("activities/addcontacts", &body).status, StatusCode::BAD_REQUEST);
}
