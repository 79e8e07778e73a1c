//! Reading contacts: pages, windows, what is unknown.

use super::*;

#[tokio::test(start_paused = true)]
async fn everybody_is_read_once_page_by_page() {
    let rig = Rig::new();
    let people = rig.people(1_201);
    rig.simulator.delete(people[7].as_str());
    let first = rig.client.contacts(&ContactsQuery::All).await.unwrap();
    assert_eq!((first.contacts.len(), first.next.is_some()), (500, true));
    let all = rig.read(ContactsQuery::All).await;
    let ids: BTreeSet<_> = all.iter().map(|contact| contact.id.clone()).collect();
    assert_eq!(ids, people.iter().cloned().collect());
    assert_eq!(all.len(), people.len());
    assert!(all[7].deleted_at.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_unsubscribe_is_seen_by_the_second_pass_only() {
    let rig = Rig::new();
    let people = rig.people(3);
    call::wait(Duration::from_hours(1)).await;
    let mark = rig.clock.now();
    call::wait(Duration::from_mins(1)).await;
    rig.simulator.unsubscribe(people[0].as_str(), true);
    rig.simulator.edit(people[1].as_str(), |person| {
        person.texts.insert("first_name".into(), "Zoë".into());
    });
    let (after, before) = (Some(mark), later(rig.clock.now(), 60));
    let changed = rig.read(ContactsQuery::Changed { after, before }).await;
    assert_eq!(changed.iter().map(|contact| &contact.id).collect::<Vec<_>>(), [&people[1]]);
    assert_eq!(changed[0].value(&"first_name".parse().unwrap()), "Zoë");
    for after in [after, None] {
        let out = rig.read(ContactsQuery::OptedOut { after, before }).await;
        assert_eq!(out.iter().map(|contact| &contact.id).collect::<Vec<_>>(), [&people[0]]);
        assert_eq!(out[0].permission, Permission::Unsubscribed);
        assert_eq!(out[0].opt_out.as_ref().unwrap().by, OptOutSource::Contact);
    }
}

#[tokio::test(start_paused = true)]
async fn a_custom_field_that_is_new_to_us_is_looked_up_once() {
    let rig = Rig::new();
    let id = rig.person("zoe@example.com");
    rig.client.custom_fields().await.unwrap();
    let field = rig.simulator.add_custom_field("tier");
    rig.simulator.edit(id.as_str(), |person| {
        person.custom.insert(field, "Gold".into());
        person.custom.insert("00000099-cf1d-11ec-8cf1-000000000099".into(), "orphan".into());
    });
    for _ in 0..3 {
        let contact = rig.client.contact(&id).await.unwrap().unwrap();
        assert_eq!(contact.value(&"cf:tier".parse().unwrap()), "Gold");
    }
    assert_eq!(rig.calls(Operation::ReadCustomFields), 2);
}

#[tokio::test(start_paused = true)]
async fn the_unknown_is_nothing_and_not_an_error() {
    let rig = Rig::new();
    assert_eq!(rig.client.contact(&"no-uuid".into()).await.unwrap(), None);
    let unknown = "00000099-c0c0-4c0c-8c0c-000000000099".into();
    assert_eq!(rig.client.contact(&unknown).await.unwrap(), None);
    let nobody = "nobody@example.com".parse().unwrap();
    assert_eq!(rig.client.contact_by_address(&nobody).await.unwrap(), None);
    assert_eq!(rig.client.activity(&"forgotten".into()).await.unwrap(), None);
}
