//! What becomes of the rows of an import.

use super::*;

#[tokio::test(start_paused = true)]
async fn every_documented_column_lands_where_it_belongs() {
    let rig = Rig::new();
    let csv = "E-Mail,First Name,LAST NAME,JOB TITLE,COMPANY NAME,BIRTHDAY_MONTH,BIRTHDAY_DAY,\
        ANNIVERSARY,HOME PHONE,WORK PHONE,ADDRESS LINE 1,ADDRESS LINE 2,CITY,STATE,\
        ZIP/POSTAL CODE,COUNTRY,CUSTOM FIELD 1,custom field 15,CUSTOM FIELD 16,MIDDLE NAME\n\
        zoe@example.com,Zoe,Li,Cook,Deli,2,29,2006-11-15,1,2,Ring 1,Back,Koeln,NH,50667,DE,\
        uid-1,Gold,lost,lost\n";
    let activity = rig.import(csv).await;
    assert_eq!((&activity["status"], &activity["error_count"]), (&json!("COMPLETE"), &json!(0)));
    let held = rig.held("zoe@example.com");
    assert_eq!((held.birthday, held.texts["anniversary"].as_str()), (Some((2, 29)), "2006-11-15"));
    let fields = rig.simulator.custom_fields();
    let labels: Vec<&str> = fields.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(labels, ["Custom_Field_1", "Custom_Field_15"], "and v3 knows them too");

    let contact = &rig.get("contacts?email=zoe@example.com").body["results"][0];
    for (name, value) in [
        ("first_name", "Zoe"),
        ("last_name", "Li"),
        ("job_title", "Cook"),
        ("company_name", "Deli"),
        ("home_phone", "1"),
        ("work_phone", "2"),
        ("middle_name", ""),
    ] {
        assert_eq!(contact[name], value, "{name}");
    }
    assert!(contact.get("birthday_month").is_none() && contact.get("anniversary").is_none());
    let address = &contact["addresses"][0];
    for (name, value) in [
        ("address_type", "PERSONAL"),
        ("line1", "Ring 1"),
        ("line2", "Back"),
        ("city", "Koeln"),
        ("state", ""),
        ("state_code", "NH"),
        ("country_code", "de"),
        ("postal_code", "50667"),
    ] {
        assert_eq!(address[name], value, "{name}");
    }
    let custom = &contact["custom_fields"];
    assert_eq!(
        (&custom[0]["name"], &custom[0]["value"]),
        (&json!("CustomField1"), &json!("uid-1"))
    );
    assert_eq!(
        (&custom[1]["name"], &custom[1]["value"]),
        (&json!("CustomField15"), &json!("Gold"))
    );
}

#[tokio::test(start_paused = true)]
async fn blank_cells_keep_what_is_held_unless_blanks_are_enabled() {
    let rig = Rig::new();
    let full =
        "EMAIL,CITY,BIRTHDAY_MONTH,BIRTHDAY_DAY,CUSTOM FIELD 2\nzoe@example.com,Bonn,2,9,Gold\n";
    let blank = b"EMAIL,CITY,BIRTHDAY_MONTH,BIRTHDAY_DAY,CUSTOM FIELD 2\nzoe@example.com,,,,\n";
    rig.import(full).await;
    rig.import(blank).await;
    let held = rig.held("zoe@example.com");
    assert_eq!((held.streets["home"][1].as_str(), held.birthday), ("Bonn", Some((2, 9))));
    assert_eq!(held.custom.len(), 1);
    let path = "activities/addcontacts?blanks_enabled=true";
    rig.settled(&rig.submit_as(path, &rig.list, b"EMAIL\nzoe@example.com\n")).await;
    assert_eq!(rig.held("zoe@example.com").birthday, Some((2, 9)), "what has no column stays");
    rig.settled(&rig.submit_as(path, &rig.list, blank)).await;
    let held = rig.held("zoe@example.com");
    assert_eq!((held.streets.len(), held.birthday, held.custom.len()), (0, None, 0));
    let path = "activities/addcontacts?blanks_enabled=yes";
    assert_eq!(rig.submit_as(path, &rig.list, blank).status, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn bad_rows_are_counted_and_named_and_the_others_land() {
    let long = "x".repeat(51);
    let csv = format!(
        "EMAIL,FIRST NAME,BIRTHDAY_MONTH,BIRTHDAY_DAY,ANNIVERSARY,ZIP/POSTAL CODE,CUSTOM FIELD 1\n\
         ok@example.com,Ada,,,,,\n\
         half@example.com,Ada,2,,,,\n\
         thirty@example.com,Ada,2,30,,,\n\
         old@example.com,Ada,,,12/31/1900,,\n\
         far@example.com,Ada,,,2037-01-01,,\n\
         near@example.com,Ada,,,12-31-2036,,\n\
         name@example.com,{long},,,,,\n\
         zip@example.com,Ada,,,,12345678901234567890123456,\n\
         custom@example.com,Ada,,,,,{long}\n\
         no address,Ada,,,,,\n\
         short@example.com,Ada\n"
    );
    let rig = Rig::new();
    let activity = rig.import(&csv).await;
    assert_eq!((&activity["status"], &activity["contact_count"]), (&json!("COMPLETE"), &json!(11)));
    assert_eq!(activity["error_count"], 9);
    let expected = json!([
        "Line 3: Invalid birthday",
        "Line 4: Invalid birthday",
        "Line 5: Invalid anniversary",
        "Line 6: Invalid anniversary",
        "Line 8: Value too long",
        "Line 9: Value too long",
        "Line 10: Value too long",
        "Line 11: Invalid email address",
        "Line 12: Wrong number of columns",
    ]);
    assert_eq!(activity["errors"], expected);
    let landed: Vec<_> =
        rig.simulator.contacts().into_iter().filter_map(|person| person.address).collect();
    assert_eq!(landed, ["ok@example.com", "near@example.com"]);

    for (shape, expected) in [
        (
            v2::RowErrors::Objects,
            json!([{"message": "Invalid birthday", "line_number": 3, "email_address": "b@example.com"}]),
        ),
        (v2::RowErrors::Nothing, json!([])),
    ] {
        let rig = Rig::with(v2::Switches { row_errors: shape, ..v2::Switches::default() });
        let csv = "EMAIL,BIRTHDAY_MONTH\na@example.com,\nb@example.com,13\n";
        let activity = rig.import(csv).await;
        assert_eq!((&activity["errors"], &activity["error_count"]), (&expected, &json!(1)));
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_rows_with_one_address_the_last_wins() {
    let rig = Rig::new();
    rig.import("EMAIL,CITY\nzoe@example.com,Bonn\nada@example.com,\nZOE@example.com,Ulm\n").await;
    assert_eq!(rig.held("zoe@example.com").streets["home"][1], "Ulm");
    assert_eq!(rig.simulator.contacts().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_opted_out_joins_no_list_and_who_was_removed_or_left_is_back() {
    for updates in [true, false] {
        let rig = Rig::switched(Switches {
            limited: false,
            import_updates_unsubscribed: updates,
            ..Switches::default()
        });
        let [out, removed, left] =
            ["out", "removed", "left"].map(|name| rig.person(&format!("{name}@example.com")));
        rig.simulator.unsubscribe(&out.1, true);
        rig.simulator.edit(&out.1, |person| person.lists.clear());
        rig.simulator.delete(&removed.1);
        rig.simulator.leave_list(&left.1, &rig.own_list);
        for (number, status) in [(out.0, "OPTOUT"), (removed.0, "REMOVED"), (left.0, "REMOVED")] {
            assert_eq!(rig.get(&format!("contacts/{number}")).body["status"], status);
        }
        let rows = "out@example.com,New\nremoved@example.com,New\nleft@example.com,New\n";
        let activity = rig.import(format!("EMAIL,FIRST NAME\n{rows}")).await;
        assert_eq!(
            (&activity["status"], &activity["error_count"]),
            (&json!("COMPLETE"), &json!(0))
        );
        let held = rig.held("out@example.com");
        assert_eq!((held.lists.len(), held.is_unsubscribed()), (0, true));
        assert_eq!(held.texts.contains_key("first_name"), updates);
        for (number, _) in [removed, left] {
            let contact = rig.get(&format!("contacts/{number}")).body;
            assert_eq!(
                (&contact["status"], &contact["first_name"]),
                (&json!("ACTIVE"), &json!("New"))
            );
            assert_eq!(contact["lists"], json!([{"id": rig.list, "status": "ACTIVE"}]));
        }
    }
}
