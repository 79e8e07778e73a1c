//! Removals, cleared lists and exports.

use super::*;

#[tokio::test(start_paused = true)]
async fn people_are_removed_from_lists_by_address_and_strangers_are_named() {
    let rig = Rig::new();
    let (number, id) = rig.person("zoe@example.com");
    rig.person("ada@example.com");
    let row = |address: &str| json!({"email_addresses": [address]});
    let rows = json!([row("ZOE@example.com"), row("who@example.com")]);
    let body = json!({"import_data": rows, "lists": [rig.list]});
    let answer = rig.post("activities/removefromlists", &body);
    assert_eq!(answer.body["type"], "REMOVE_CONTACTS_FROM_LISTS");
    let activity = rig.settled(&answer).await;
    assert_eq!(activity["errors"], json!(["who@example.com (not found in subscriber list)"]));
    assert_eq!((&activity["contact_count"], &activity["error_count"]), (&json!(2), &json!(1)));
    assert!(rig.simulator.contact(&id).unwrap().lists.is_empty());
    assert_eq!(rig.get(&format!("contacts/{number}")).body["status"], "REMOVED");

    let csv = b"EMAIL\nada@example.com\n";
    let answer = rig.submit_as("activities/removefromlists", &rig.list, csv);
    assert_eq!(rig.settled(&answer).await["error_count"], 0);
    assert!(rig.held("ada@example.com").lists.is_empty());
    let nobody = json!({"import_data": [], "lists": [rig.list]});
    assert_eq!(rig.post("activities/removefromlists", &nobody).status, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn a_list_is_cleared() {
    let rig = Rig::new();
    rig.person("zoe@example.com");
    rig.person("ada@example.com");
    let answer = rig.post("activities/clearlists", &json!({"lists": [rig.list]}));
    assert_eq!(answer.body["type"], "CLEAR_CONTACTS_FROM_LISTS");
    assert_eq!(rig.settled(&answer).await["contact_count"], 2);
    assert!(rig.simulator.contacts().iter().all(|person| person.lists.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn an_export_is_fetched_from_where_its_activity_says() {
    let rig = Rig::new();
    rig.import(b"EMAIL,FIRST NAME,CUSTOM FIELD 1\nzoe@example.com,\"Zo\xEB \"\"Z\"\"\",u1\nada@example.com,,u2\n")
        .await;
    let writes = rig.simulator.writes();
    let (_, id) = rig.person("out@example.com");
    rig.simulator.unsubscribe(&id, true);
    let columns = json!(["Email Address", "First Name", "Custom Field 1"]);
    let body = json!({"file_type": "CSV", "sort_by": "EMAIL_ADDRESS", "export_date_added": false,
        "export_added_by": false, "lists": [rig.list], "column_names": columns});
    let answer = rig.post("activities/exportcontacts", &body);
    assert_eq!(answer.body["type"], "EXPORT_CONTACTS");
    let activity = rig.settled(&answer).await;
    assert_eq!(activity["contact_count"], 2);
    let file_name = activity["file_name"].as_str().unwrap();
    let path = file_name.strip_prefix(&format!("{HOST}/v2/")).unwrap();
    let file = rig.get(path);
    let expected = b"\"Email Address\",\"First Name\",\"Custom Field 1\"\r\n\
        \"ada@example.com\",\"\",\"u2\"\r\n\"zoe@example.com\",\"Zo\xEB \"\"Z\"\"\",\"u1\"\r\n";
    assert_eq!(file.whole.body().as_ref(), expected);
    assert_eq!(rig.simulator.writes(), writes, "an export writes nothing");

    rig.simulator.switch(|switches| switches.v2.export_is_utf_8 = true);
    let body = json!({"lists": ["opted-out"], "column_names": ["EMAIL"]});
    let activity = rig.settled(&rig.post("activities/exportcontacts", &body)).await;
    let path = activity["file_name"].as_str().unwrap().strip_prefix(&format!("{HOST}/v2/"));
    let file = rig.get(path.unwrap());
    assert_eq!(file.whole.body().as_ref(), b"\"EMAIL\"\r\n\"out@example.com\"\r\n");
    for columns in [json!(["First Name"]), json!(["Email Address", "Shoe Size"])] {
        let body = json!({"lists": ["active"], "column_names": columns});
        let refused = rig.post("activities/exportcontacts", &body);
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    }
}
