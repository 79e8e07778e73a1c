//! Writing: amendments, bulk removals and deletions, lists and custom fields.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_amendment_keeps_what_it_does_not_name() {
    let rig = Rig::new();
    let id = rig.person("zoe@example.com");
    let field = rig.simulator.add_custom_field("Loyalty tier");
    rig.simulator.edit(id.as_str(), |person| {
        person.texts.insert("first_name".into(), "Zoë".into());
        person.texts.insert("anniversary".into(), "2005-03-12".into());
        person.birthday = Some((2, 9));
        person.phones.insert("home".into(), "1".into());
        person.streets.insert("work".into(), ["A 1", "Köln", "", "50667", "DE"].map(Into::into));
        person.custom.insert(field.clone(), "Gold".into());
        person.taggings.push("1618ae62-4752-11e9-9c8a-fa163e6b01c1".into());
        person.notes.push("likes cats".into());
    });
    let before = rig.simulator.contact(id.as_str()).unwrap();
    call::wait(Duration::from_mins(1)).await;
    let amendment = Amendment {
        fields: [("last_name".parse().unwrap(), "Müller".to_owned())].into(),
        ..Amendment::default()
    };
    assert_eq!(rig.client.amend(&id, &amendment).await.unwrap(), Amended::Written);
    let after = rig.simulator.contact(id.as_str()).unwrap();
    assert_eq!(after.texts["last_name"], "Müller");
    assert!(after.updated_at > before.updated_at);
    let mut expected = before;
    expected.texts.insert("last_name".into(), "Müller".into());
    expected.updated_at = after.updated_at;
    assert_eq!(after, expected);
    assert_eq!(rig.client.amend(&id, &amendment).await.unwrap(), Amended::Unchanged);
    assert_eq!(rig.simulator.writes(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_amendment_neither_resubscribes_nor_revives() {
    let rig = Rig::new();
    let (left, deleted) = (rig.person("left@example.com"), rig.person("deleted@example.com"));
    rig.simulator.unsubscribe(left.as_str(), true);
    rig.simulator.delete(deleted.as_str());
    let other = rig.simulator.add_list("Other");
    let amendment = Amendment {
        address: Some("moved@example.com".parse().unwrap()),
        lists: Some([rig.list.clone(), other.into()].into()),
        ..Amendment::default()
    };
    let before = rig.simulator.contact(left.as_str()).unwrap();
    assert_eq!(rig.client.amend(&left, &amendment).await.unwrap(), Amended::Written);
    let after = rig.simulator.contact(left.as_str()).unwrap();
    assert_eq!(after.address.as_deref(), Some("moved@example.com"));
    assert_eq!((&after.opt_out, &after.lists), (&before.opt_out, &before.lists));
    assert!(after.is_unsubscribed());
    assert_eq!(rig.client.amend(&deleted, &amendment).await.unwrap(), Amended::Gone);
    assert!(rig.simulator.contact(deleted.as_str()).unwrap().deleted_at.is_some());
    let unknown = "00000099-c0c0-4c0c-8c0c-000000000099".into();
    assert_eq!(rig.client.amend(&unknown, &amendment).await.unwrap(), Amended::Gone);
}

#[tokio::test(start_paused = true)]
async fn an_unsubscribe_is_written_with_who_asked_for_it() {
    let rig = Rig::new();
    for (by_person, by) in [(true, OptOutSource::Contact), (false, OptOutSource::Account)] {
        let id = rig.person(&format!("{by_person}@example.com"));
        let reason = Some("asked at Gigya".to_owned());
        let unsubscribe = Some(Unsubscribe { by_person, reason });
        let amendment = Amendment { unsubscribe, ..Amendment::default() };
        rig.client.amend(&id, &amendment).await.unwrap();
        let contact = rig.client.contact(&id).await.unwrap().unwrap();
        assert_eq!(contact.permission, Permission::Unsubscribed);
        assert_eq!(contact.opt_out.unwrap().by, by);
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_another_contact_has_is_rejected_without_telling_which() {
    let rig = Rig::new();
    let (one, _) = (rig.person("one@example.com"), rig.person("two@example.com"));
    let address = Some("TWO@example.com".parse().unwrap());
    let amendment = Amendment { address, ..Amendment::default() };
    let error = rig.client.amend(&one, &amendment).await.unwrap_err();
    assert_eq!(
        (error.meaning(), error.disposition()),
        (Some(Meaning::Conflict), Disposition::Reject)
    );
    assert!(!format!("{error} {error:?}").contains("c0c0"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn people_leave_in_bulk() {
    let rig = Rig::new();
    let people = rig.people(5);
    let removal = rig.client.remove_from_lists(&people[..2], &rig.lists()).await.unwrap();
    let deletion = rig.client.delete_contacts(&people[2..4]).await.unwrap();
    call::wait(Duration::from_secs(10)).await;
    for activity in [removal, deletion] {
        let activity = rig.client.activity(&activity).await.unwrap().unwrap();
        assert_eq!(
            (activity.state, activity.counts.items_completed),
            (ActivityState::Completed, Some(2))
        );
    }
    let people: Vec<_> =
        rig.simulator.contacts().iter().map(|p| (p.lists.len(), p.deleted_at.is_some())).collect();
    assert_eq!(people, [(0, false), (0, false), (0, true), (0, true), (1, false)]);
    let many = vec![ContactId::from("c"); 501];
    for error in [
        rig.client.delete_contacts(&many).await.unwrap_err(),
        rig.client.remove_from_lists(&[], &rig.lists()).await.unwrap_err(),
    ] {
        assert!(matches!(error, ConstantContactError::OutOfBounds { .. }), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn lists_and_custom_fields_are_made_once() {
    let rig = Rig::new();
    let made = rig.client.create_list("Updates", "Nobody mails this list.").await.unwrap();
    let again = rig.client.create_list("Updates", "").await.unwrap();
    assert_eq!(made.id, again.id);
    assert_eq!(rig.client.lists().await.unwrap().len(), 2);
    let field = rig.client.ensure_custom_field("Loyalty tier").await.unwrap();
    assert_eq!((field.name.as_str(), field.kind.as_str()), ("Loyalty_tier", "string"));
    assert_eq!(rig.client.ensure_custom_field("Loyalty tier").await.unwrap(), field);
    assert_eq!(rig.calls(Operation::CreateCustomField), 1);
    // Another program makes one after we have read the catalogue: 409, and it is found.
    rig.simulator.add_custom_field("tier");
    assert_eq!(rig.client.ensure_custom_field("tier").await.unwrap().name, "tier");
}
