//! The client of Constant Contact against the simulator, over the wire's seam and under a paused clock.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use sandbox::constant_contact::v3::{CLIENT_ID, CLIENT_SECRET, UnknownList};
use sandbox::constant_contact::{Fate, Fault, Person, Simulator, Switches};
use shared::constant_contact::v3::{ENDPOINT, TOKEN_ENDPOINT, oauth};
use shared::constant_contact::{
    Amended, Amendment, Connection, ConstantContact, ConstantContactError, ContactsQuery, Meaning,
    Operation, Renew, RenewError, Unsubscribe,
};
use shared::domain::{
    ActivityState, Contact, ContactId, Dispose, Disposition, ListId, OptOutSource, Permission,
    Secret,
};
use shared::http::{Wire, call};
use shared::invocation::Clock;

const START: &str = "2026-11-23T04:50:00Z";

pub(crate) fn clock() -> Clock {
    Clock::starting_at(START.parse().unwrap())
}

pub(crate) fn connection() -> Connection {
    let (endpoint, tokens) = (ENDPOINT.parse().unwrap(), TOKEN_ENDPOINT.parse().unwrap());
    Connection::new(endpoint, tokens, CLIENT_ID, Secret::new(CLIENT_SECRET)).unwrap()
}

/// Renews as the keeper of the tokens does, with the refresh token in memory.
pub(crate) fn renewal(wire: Arc<dyn Wire>, clock: Clock, refresh: Secret) -> Renew {
    let caller = Arc::new(oauth::caller(wire));
    let refresh = Arc::new(Mutex::new(refresh));
    Arc::new(move |_refused| {
        let (caller, refresh) = (Arc::clone(&caller), Arc::clone(&refresh));
        Box::pin(async move {
            let current = refresh.lock().unwrap().clone();
            let tokens = oauth::refresh(&caller, &connection(), &current, clock.now()).await;
            let tokens = tokens.map_err(RenewError::new)?;
            *refresh.lock().unwrap() = tokens.refresh;
            Ok(tokens.access)
        })
    })
}

struct Rig {
    clock: Clock,
    simulator: Simulator,
    client: ConstantContact,
    list: ListId,
}

impl Rig {
    fn new() -> Self {
        Self::with(Switches::default())
    }

    fn with(switches: Switches) -> Self {
        let clock = clock();
        let simulator = Simulator::new(clock, switches);
        let wire: Arc<dyn Wire> = Arc::new(simulator.clone());
        let renew = renewal(Arc::clone(&wire), clock, simulator.authorise());
        let client =
            ConstantContact::connect(connection(), renew, wire, clock.reader(), 4, "gigya_uid");
        let list = simulator.add_list("Newsletter").into();
        simulator.add_custom_field("gigya_uid");
        Self { clock, simulator, client, list }
    }

    fn lists(&self) -> BTreeSet<ListId> {
        [self.list.clone()].into()
    }

    /// Adds so many people; their ids.
    fn people(&self, count: usize) -> Vec<ContactId> {
        (0..count).map(|number| self.person(&format!("p{number}@example.com"))).collect()
    }

    fn person(&self, address: &str) -> ContactId {
        let mut person = Person::new(address, self.clock.now());
        person.lists.insert(self.list.to_string());
        self.simulator.add_contact(person).into()
    }

    async fn import(&self, csv: &str) -> shared::domain::Activity {
        let csv = Bytes::from(csv.to_owned());
        let id = self.client.import_csv("run.0.0.csv", csv, &self.lists()).await.unwrap();
        call::wait(Duration::from_secs(30)).await;
        self.client.activity(&id).await.unwrap().unwrap()
    }

    async fn read(&self, query: ContactsQuery) -> Vec<Contact> {
        let mut page = self.client.contacts(&query).await.unwrap();
        let mut all = std::mem::take(&mut page.contacts);
        while let Some(cursor) = page.next {
            page = self.client.next(&cursor).await.unwrap();
            all.append(&mut page.contacts);
        }
        all
    }

    fn calls(&self, operation: Operation) -> u64 {
        self.simulator.calls().get(&operation).copied().unwrap_or_default()
    }
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at + SignedDuration::from_secs(seconds)
}

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
async fn a_refused_token_is_renewed_once_and_the_call_repeated() {
    let rig = Rig::new();
    rig.client.lists().await.unwrap();
    rig.simulator.expire_access_tokens();
    call::wait(Duration::from_secs(2)).await;
    assert_eq!(rig.client.lists().await.unwrap().len(), 1);
    assert_eq!((rig.calls(Operation::RefreshToken), rig.calls(Operation::ReadLists)), (2, 3));
    assert_eq!(rig.simulator.reused_refresh_tokens(), 0);
    let refusal = Fault::Status(401, r#"{"error_key":"unauthorized"}"#.into());
    rig.simulator.script(Operation::ReadLists, [refusal.clone(), refusal]);
    call::wait(Duration::from_secs(2)).await;
    let error = rig.client.lists().await.unwrap_err();
    assert_eq!(error.meaning(), Some(Meaning::TokenRefused));
    assert_eq!((error.disposition(), rig.calls(Operation::RefreshToken)), (Disposition::Halt, 3));
}

#[tokio::test(start_paused = true)]
async fn calls_at_once_renew_a_refused_token_once() {
    let rig = Rig::new();
    rig.client.lists().await.unwrap();
    rig.simulator.expire_access_tokens();
    call::wait(Duration::from_secs(2)).await;
    let calls = (0..5).map(|_| rig.client.lists());
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap().len(), 1);
    }
    assert_eq!(rig.calls(Operation::RefreshToken), 2);
}

#[tokio::test(start_paused = true)]
async fn a_used_up_refresh_token_kills_the_connection_and_says_how_to_reconnect() {
    let rig = Rig::new();
    let wire: Arc<dyn Wire> = Arc::new(rig.simulator.clone());
    let caller = oauth::caller(wire);
    let first = rig.simulator.authorise();
    let now = rig.clock.now();
    let tokens = oauth::refresh(&caller, &connection(), &first, now).await.unwrap();
    assert_ne!(tokens.refresh, first);
    assert!(tokens.expires_at > later(now, 86_000));
    let error = oauth::refresh(&caller, &connection(), &first, now).await.unwrap_err();
    assert_eq!(error.meaning(), Some(Meaning::ConnectionDead));
    assert_eq!(error.disposition(), Disposition::Halt);
    assert!(error.to_string().contains("gigya-cc connect"), "{error}");
    assert_eq!(rig.simulator.reused_refresh_tokens(), 1);
    let error = oauth::refresh(&caller, &connection(), &tokens.refresh, now).await.unwrap_err();
    assert_eq!(error.meaning(), Some(Meaning::ConnectionDead), "the chain is dead");
}

#[tokio::test(start_paused = true)]
async fn a_long_lived_refresh_token_stays_and_the_token_endpoint_is_not_hurried() {
    let rig = Rig::with(Switches { rotating_tokens: false, ..Switches::default() });
    let caller = oauth::caller(Arc::new(rig.simulator.clone()));
    let refresh = rig.simulator.authorise();
    for _ in 0..3 {
        let tokens = oauth::refresh(&caller, &connection(), &refresh, rig.clock.now()).await;
        assert_eq!(tokens.unwrap().refresh, refresh);
    }
    assert_eq!(rig.calls(Operation::RefreshToken), 3, "none was throttled");
}

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
async fn a_throttled_call_waits_longer_each_time() {
    let rig = Rig::new();
    rig.client.lists().await.unwrap();
    let throttled = r#"{"error_key":"throttled","error_message":"Too Many Requests"}"#;
    let faults = vec![Fault::Status(429, throttled.into()); 3];
    rig.simulator.script(Operation::ReadLists, faults);
    let start = rig.clock.now();
    rig.client.lists().await.unwrap();
    let waited = rig.clock.now().duration_since(start);
    assert!((7..=8).contains(&waited.as_secs()), "1 + 2 + 4 seconds and not {waited}");
}

#[tokio::test(start_paused = true)]
async fn our_pace_keeps_below_the_vendors_limit() {
    let rig = Rig::new();
    for _ in 0..20 {
        rig.client.lists().await.unwrap();
    }
    assert_eq!(rig.simulator.refusals(), (0, 0));
    assert_eq!(rig.client.calls(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_spent_quota_is_not_waited_out_but_told_with_its_end() {
    let rig = Rig::new();
    rig.client.lists().await.unwrap();
    rig.simulator.spend_quota();
    let start = rig.clock.now();
    let error = rig.client.lists().await.unwrap_err();
    assert_eq!(error.meaning(), Some(Meaning::QuotaSpent));
    let Disposition::Retry { after: Some(wait) } = error.disposition() else { panic!("{error}") };
    assert!(rig.clock.now().duration_since(start) < SignedDuration::from_secs(2));
    let midnight: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
    let end = rig.clock.now() + wait;
    assert!(end > midnight && end < later(midnight, 60), "{end}");
    call::wait(wait).await;
    rig.client.lists().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_gateways_page_and_a_cut_answer_are_read_again() {
    let rig = Rig::new();
    let faults =
        [Fault::Html(503), Fault::Html(200), Fault::CutAfterActing, Fault::SilenceBeforeActing];
    rig.simulator.script(Operation::ReadLists, faults);
    assert_eq!(rig.client.lists().await.unwrap().len(), 1);
    assert_eq!(rig.calls(Operation::ReadLists), 5);
}

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
    call::wait(Duration::from_secs(60)).await;
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
    let rows: String = (0..20).map(|number| format!("p{number:02}@example.com\n")).collect();
    let activity = rig.import(&format!("email\n{rows}")).await;
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
    call::wait(Duration::from_secs(60)).await;
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
    assert_eq!(error.disposition(), Disposition::Retry { after: Some(Duration::from_secs(300)) });
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

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_contacts_are_imported_and_read_quickly() {
    let rig = Rig::with(Switches { limited: false, ..Switches::default() });
    for part in 0..3_u32 {
        let rows: String = (0..33_334)
            .map(|row| format!("p{part}-{row}@example.com,Zoë,u{part}-{row}\n"))
            .collect();
        let activity = rig.import(&format!("email,first_name,cf:gigya_uid\n{rows}")).await;
        assert_eq!(activity.counts.persons, Some(33_334));
    }
    let all = rig.read(ContactsQuery::All).await;
    assert_eq!(all.len(), 100_002);
    assert_eq!(all[100_001].uid, Some("u2-33333".into()));
}
