//! Imports and their activities.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_unclear_answer_to_an_import_is_not_repeated_and_found_by_its_file_name() {
    let csv = "email\nzoe@example.com\n";
    for (number, fault) in [
        Fault::SilenceAfterActing,
        Fault::HtmlAfterActing(200),
        Fault::HtmlAfterActing(502),
        Fault::CutAfterActing,
    ]
    .into_iter()
    .enumerate()
    {
        let rig = Rig::new();
        rig.simulator.script(Operation::ImportCsv, [fault]);
        let name = format!("run.{number}.csv");
        let error = rig.client.import_csv(&name, csv.into(), &rig.lists()).await.unwrap_err();
        assert!(matches!(error, ConstantContactError::Unclear { .. }), "{error:?}");
        assert_eq!((rig.calls(Operation::ImportCsv), rig.simulator.writes()), (1, 1));
        let found = rig.client.find_activity(&name).await.unwrap().unwrap();
        assert_eq!(found.file_name.as_deref(), Some(name.as_str()));
        assert_eq!(rig.client.find_activity("another.csv").await.unwrap(), None);
    }
    let rig = Rig::new();
    rig.simulator.script(Operation::ImportCsv, [Fault::SilenceBeforeActing]);
    let error = rig.client.import_csv("lost.csv", csv.into(), &rig.lists()).await.unwrap_err();
    assert!(matches!(error, ConstantContactError::Unclear { .. }), "{error:?}");
    assert_eq!(rig.client.find_activity("lost.csv").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn an_import_that_certainly_came_to_nothing_is_tried_again() {
    let rig = Rig::new();
    let throttled = r#"{"error_key":"throttled","error_message":"Too Many Requests"}"#;
    let faults = [Fault::NoConnection, Fault::Status(429, throttled.into())];
    rig.simulator.script(Operation::ImportCsv, faults);
    let csv = Bytes::from_static(b"email\nzoe@example.com\n");
    rig.client.import_csv("run.csv", csv, &rig.lists()).await.unwrap();
    assert_eq!((rig.calls(Operation::ImportCsv), rig.simulator.writes()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn an_import_lands_as_documented() {
    let rig = Rig::new();
    let ids = ["left@example.com", "gone@example.com", "old@example.com"].map(|a| rig.person(a));
    rig.simulator.unsubscribe(ids[0].as_str(), true);
    rig.simulator.leave_list(ids[0].as_str(), rig.list.as_str());
    rig.simulator.delete(ids[1].as_str());
    rig.simulator.edit(ids[2].as_str(), |person| {
        person.texts.insert("first_name".into(), "Old".into());
    });
    let activity = rig
        .import(
            "email,first_name,birthday_month,birthday_day,cf:gigya_uid,cf:unheard\n\
             left@example.com,Left,,,u1,x\n\
             gone@example.com,Gone,,,u2,x\n\
             old@example.com,,2,9,u3,x\n\
             new@example.com,First,,,u4,x\n\
             NEW@example.com,Second,,,u4,x\n\
             no address,A,,,u5,x\n\
             half@example.com,A,2,,u6,x\n\
             long@example.com,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,,,u7,x\n",
        )
        .await;
    assert_eq!(activity.state, ActivityState::Completed);
    let counts = activity.counts;
    assert_eq!((counts.items_total, counts.persons), (Some(9), Some(8)));
    assert_eq!((counts.errors, counts.correctable), (Some(1), Some(2)));
    assert_eq!(counts.cannot_add_to_list, Some(1));
    let contact = async |address: &str| {
        let address = address.parse().unwrap();
        rig.client.contact_by_address(&address).await.unwrap().unwrap()
    };
    let left = contact("left@example.com").await;
    assert_eq!((left.permission, left.lists.len()), (Permission::Unsubscribed, 0));
    let gone = contact("gone@example.com").await;
    assert_eq!((gone.deleted_at, gone.lists.len()), (None, 1), "an import revives");
    let old = contact("old@example.com").await;
    assert_eq!(old.value(&"first_name".parse().unwrap()), "Old", "an empty value changes nothing");
    assert_eq!(old.value(&"birthday".parse().unwrap()), "02-09");
    assert_eq!(old.uid, Some("u3".into()));
    let new = contact("new@example.com").await;
    assert_eq!(new.value(&"first_name".parse().unwrap()), "Second", "the last of two wins");
}

#[tokio::test(start_paused = true)]
async fn what_lies_beyond_four_megabytes_is_dropped_silently() {
    let rig = Rig::with(Switches { import_bytes_max: 100, ..Switches::default() });
    let rows: Vec<_> = (0..20).map(|number| format!("p{number:02}@example.com")).collect();
    let rows = rows.join("\n");
    let activity = rig.import(&format!("email\n{rows}\n")).await;
    assert_eq!(activity.state, ActivityState::Completed);
    assert_eq!((activity.counts.items_total, activity.counts.persons), (Some(21), Some(5)));
    assert_eq!(rig.simulator.contacts().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn activities_fail_hang_end_out_of_order_and_are_forgotten() {
    let rig = Rig::with(Switches { out_of_order: true, ..Switches::default() });
    rig.simulator.script_activities([Fate::Completes, Fate::Fails, Fate::TimesOut, Fate::Hangs]);
    let mut ids = Vec::new();
    for number in 0..4 {
        let csv = Bytes::from(format!("email\np{number}@example.com\nq{number}@example.com\n"));
        let name = format!("{number}.csv");
        ids.push(rig.client.import_csv(&name, csv, &rig.lists()).await.unwrap());
    }
    call::wait(Duration::from_secs(3)).await;
    let mut states = Vec::new();
    for id in &ids {
        states.push(rig.client.activity(id).await.unwrap().unwrap().state);
    }
    let (processing, failed) = (ActivityState::Processing, ActivityState::Failed);
    assert_eq!(
        states,
        [processing.clone(), failed.clone(), processing.clone(), processing.clone()]
    );
    call::wait(Duration::from_mins(1)).await;
    let listed = rig.client.activities().await.unwrap();
    let states: Vec<_> = listed.into_iter().map(|activity| activity.state).collect();
    assert_eq!(states, [ActivityState::Completed, failed, ActivityState::TimedOut, processing]);
    assert_eq!(rig.simulator.contacts().len(), 3, "two landed, and half of what timed out");
    call::wait(Duration::from_hours(24 * 10)).await;
    assert_eq!(rig.client.activity(&ids[0]).await.unwrap(), None);
    assert_eq!(rig.client.activities().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_is_left_to_the_caller() {
    let rig = Rig::with(Switches { queue_max: 1, ..Switches::default() });
    let people = rig.people(1);
    rig.client.delete_contacts(&people).await.unwrap();
    let error = rig.client.delete_contacts(&people).await.unwrap_err();
    assert_eq!(error.meaning(), Some(Meaning::QueueFull));
    assert_eq!(error.disposition(), Disposition::Retry { after: Some(Duration::from_mins(5)) });
}

#[tokio::test(start_paused = true)]
async fn an_unknown_list_is_rejected_or_fails_the_activity() {
    let rig = Rig::new();
    let unknown = BTreeSet::from(["00000099-11a7-11ec-8a11-000000000099".into()]);
    let csv = Bytes::from_static(b"email\nzoe@example.com\n");
    let error = rig.client.import_csv("a.csv", csv.clone(), &unknown).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Reject);
    rig.simulator.switch(|switches| switches.unknown_list = UnknownList::ActivityFails);
    let id = rig.client.import_csv("a.csv", csv, &unknown).await.unwrap();
    call::wait(Duration::from_secs(10)).await;
    let activity = rig.client.activity(&id).await.unwrap().unwrap();
    assert_eq!((activity.state, activity.errors.len()), (ActivityState::Failed, 1));
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_contacts_are_imported_and_read_quickly() {
    let rig = Rig::with(Switches { limited: false, ..Switches::default() });
    for part in 0..3_u32 {
        let row = |row| format!("p{part}-{row}@example.com,Zoë,u{part}-{row}");
        let rows = (0..33_334).map(row).collect::<Vec<_>>().join("\n");
        let activity = rig.import(&format!("email,first_name,cf:gigya_uid\n{rows}")).await;
        assert_eq!(activity.counts.persons, Some(33_334));
    }
    let all = rig.read(ContactsQuery::All).await;
    assert_eq!(all.len(), 100_002);
    assert_eq!(all[100_001].uid, Some("u2-33333".into()));
}
