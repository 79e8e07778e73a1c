//! The product's client against the simulator, over the wire's seam.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sandbox::constant_contact::Fault;
use shared::constant_contact::v2::{Client, Connection};
use shared::constant_contact::{Amended, Amendment, ContactsQuery, Leaver, Operation, Unsubscribe};
use shared::domain::{ActivityState, Contact, ContactField, ListId, Permission, Secret};

use super::*;

fn client(rig: &Rig) -> Client {
    let endpoint = format!("{HOST}/v2").parse().unwrap();
    let (key, token) = (Secret::new(API_KEY), Secret::new(ACCESS_TOKEN));
    let connection = Connection::new(endpoint, key, token).unwrap();
    let wire = Arc::new(rig.simulator.clone());
    Client::connect(connection, wire, rig.clock.reader(), 4, "custom_field_1")
}

async fn everybody(client: &Client, query: &ContactsQuery) -> Vec<Contact> {
    let mut page = client.contacts(query).await.unwrap();
    let mut all = std::mem::take(&mut page.contacts);
    while let Some(cursor) = page.next {
        page = client.next(&cursor).await.unwrap();
        all.append(&mut page.contacts);
    }
    all
}

fn calls(rig: &Rig, operation: Operation) -> u64 {
    rig.simulator.calls().get(&operation).copied().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn the_client_and_the_simulator_understand_each_other() {
    for ids in [v2::Ids::Texts, v2::Ids::Numbers, v2::Ids::Mixed] {
        // With the limits of the second, which the client keeps by itself.
        let v2 = v2::Switches { ids, doubles: true, ..v2::Switches::default() };
        let rig = Rig::switched(Switches { v2, ..Switches::default() });
        let client = client(&rig);
        let list: ListId = rig.list.as_str().into();
        let lists = BTreeSet::from([list.clone()]);
        assert_eq!(client.lists().await.unwrap()[0].id, list);

        let rows: Vec<u8> = (0..700)
            .flat_map(|number| {
                format!("p{number:03}@example.com,Zo\u{eb},u{number}\n").into_bytes()
            })
            .collect();
        let csv = [b"EMAIL,FIRST NAME,CUSTOM FIELD 1\n".to_vec(), latin(&rows)].concat();
        let id = client.import_csv("run.0.0.csv", csv.into(), &lists, false).await.unwrap();
        pass(Duration::from_secs(30)).await;
        let activity = client.activity(&id).await.unwrap().unwrap();
        assert_eq!(
            (activity.state, activity.counts.persons),
            (ActivityState::Completed, Some(700))
        );
        let found = client.find_activity("run.0.0.csv").await.unwrap().unwrap();
        assert_eq!(found.id, id);

        let all = everybody(&client, &ContactsQuery::All).await;
        let uids: BTreeSet<_> = all.iter().filter_map(|contact| contact.uid.clone()).collect();
        assert_eq!((all.len(), uids.len()), (700, 700));
        let address = "p007@example.com".parse().unwrap();
        let seven = client.contact_by_address(&address).await.unwrap().unwrap();
        assert_eq!(seven.value(&"first_name".parse().unwrap()), "Zoë");
        assert_eq!((seven.id.clone(), seven.lists.clone()), (all[7].id.clone(), lists.clone()));

        let amend = async |amendment| client.amend(&seven.id, &amendment).await.unwrap();
        let city: ContactField = "city".parse().unwrap();
        let fields = BTreeMap::from([(city.clone(), "Ulm".to_owned())]);
        let moved = Amendment { fields, ..Amendment::default() };
        assert_eq!(amend(moved.clone()).await, Amended::Written);
        assert_eq!(amend(moved).await, Amended::Unchanged);
        let unsubscribe = Some(Unsubscribe { by_person: true, reason: None });
        let out = Amendment { unsubscribe, ..Amendment::default() };
        assert_eq!(amend(out).await, Amended::Written);
        assert_eq!(calls(&rig, Operation::UnsubscribeContact), 1);
        let before = rig.clock.now();
        let out = everybody(&client, &ContactsQuery::OptedOut { after: None, before }).await;
        assert_eq!(out.iter().map(|contact| &contact.id).collect::<Vec<_>>(), [&seven.id]);
        assert_eq!((&out[0].permission, out[0].value(&city)), (&Permission::Unsubscribed, "Ulm"));

        let leaver = Leaver::from(&all[8]);
        let singly = Leaver { address: None, ..Leaver::from(&all[9]) };
        let id = client.remove_from_lists(&[leaver, singly], &lists).await.unwrap().unwrap();
        pass(Duration::from_secs(30)).await;
        assert!(client.activity(&id).await.unwrap().unwrap().is_over());
        assert_eq!(calls(&rig, Operation::LeaveList), 1);
        for contact in &all[8..10] {
            assert_eq!(client.contact(&contact.id).await.unwrap().unwrap().lists.len(), 0);
        }
        assert_eq!(rig.simulator.refusals(), (0, 0));
    }
}

/// What v2 wants: each character of these texts as one byte.
fn latin(utf_8: &[u8]) -> Vec<u8> {
    encoding::encode(std::str::from_utf8(utf_8).unwrap())
}

#[tokio::test(start_paused = true)]
async fn who_would_be_deleted_is_opted_out_and_doing_it_again_changes_nothing() {
    let rig = Rig::new();
    let client = client(&rig);
    rig.import(b"EMAIL,FIRST NAME\nzoe@example.com,Zoe\nyan@example.com,Yan\n").await;
    let all = everybody(&client, &ContactsQuery::All).await;
    let whom = [all[0].id.clone(), "0".into(), "4711".into()];
    for _ in 0..2 {
        client.opt_out(&whom).await.unwrap();
        let permissions: Vec<_> = everybody(&client, &ContactsQuery::All)
            .await
            .into_iter()
            .map(|contact| contact.permission == Permission::Unsubscribed)
            .collect();
        assert_eq!(permissions, [true, false]);
    }
    assert_eq!(calls(&rig, Operation::UnsubscribeContact), 4, "nobody has the id 0");
    assert!(client.opt_out(&[]).await.is_err());
    let too_many: Vec<_> = (0..501).map(|n| n.to_string().into()).collect();
    assert!(client.opt_out(&too_many).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_client_fetches_an_export() {
    let rig = Rig::new();
    let client = client(&rig);
    rig.import(b"EMAIL,FIRST NAME\nzoe@example.com,Zo\xEB\n").await;
    let list = rig.list.as_str().into();
    let fields = ["first_name".parse().unwrap()];
    let id = client.start_export(&list, &fields).await.unwrap();
    pass(Duration::from_secs(30)).await;
    let activity = client.activity(&id).await.unwrap().unwrap();
    let export = client.read_export(&activity).await.unwrap();
    let rows: Vec<_> = export.map(Result::unwrap).collect();
    let [row] = &rows[..] else { panic!("{} rows", rows.len()) };
    assert_eq!((row.value("Email Address"), row.field(&fields[0])), ("zoe@example.com", "Zoë"));
    assert_eq!(calls(&rig, Operation::ExportContacts), 1);
    assert_eq!(calls(&rig, Operation::ReadExport), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_found_again_by_its_file_name() {
    let rig = Rig::new();
    let client = client(&rig);
    rig.simulator.script(Operation::ImportCsv, [Fault::SilenceAfterActing]);
    let lists = BTreeSet::from([rig.list.as_str().into()]);
    let csv = Bytes::from_static(b"EMAIL\nzoe@example.com\n");
    client.import_csv("run.0.1.csv", csv, &lists, false).await.unwrap_err();
    assert!(client.find_activity("run.0.1.csv").await.unwrap().is_some());
    assert_eq!((calls(&rig, Operation::ImportCsv), rig.simulator.writes()), (1, 1));
}
