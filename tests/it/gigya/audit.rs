//! The audit log: who went, as far as it tells.

use std::sync::Mutex;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use shared::gigya::{AuditCursor, AuditEntry, AuditEvent, AuditPage, AuditQuery};
use shared::http::{Wire, WireError};

use super::*;

fn since_start() -> AuditQuery {
    AuditQuery::since(start())
}

/// Reads to the end: the sizes of the pages, and the entries.
async fn read_log(client: &Gigya, query: &AuditQuery) -> (Vec<usize>, Vec<AuditEntry>) {
    let (mut sizes, mut entries) = (Vec::new(), Vec::new());
    let mut page = client.audit_search(query).await.unwrap();
    loop {
        assert_eq!(page.unread, 0);
        sizes.push(page.entries.len());
        entries.append(&mut page.entries);
        let Some(cursor) = page.next else { return (sizes, entries) };
        page = client.audit_next(&cursor).await.unwrap();
    }
}

async fn who_went(client: &Gigya) -> Vec<Uid> {
    let (_, entries) = read_log(client, &since_start()).await;
    entries.into_iter().flat_map(|entry| entry.uids).collect()
}

#[tokio::test(start_paused = true)]
async fn whoever_is_deleted_is_told_with_the_time_and_nobody_else_is() {
    let world = world(9);
    assert!(world.simulator.delete(&"u0003".into()));
    wait(Duration::from_millis(1_500)).await;
    assert!(world.simulator.delete(&"u0001".into()));
    assert!(world.simulator.edit(&"u0002".into(), |fields| fields["isActive"] = json!(false)));
    world.simulator.insert(json!({"UID": "new", "profile": {"email": "new@example.com"}}));
    world.simulator.fail_to_delete(&"u0004".into());
    assert!(!world.simulator.delete(&"nobody".into()));
    wait(Duration::from_secs(6)).await;
    let (_, entries) = read_log(&world.client, &since_start()).await;
    let deleted = |uid: &str, milliseconds| AuditEntry {
        uids: vec![uid.into()],
        at: start() + SignedDuration::from_millis(milliseconds),
        event: AuditEvent::Deleted,
    };
    assert_eq!(entries, [deleted("u0003", 0), deleted("u0001", 1_500)]);
    let later = AuditQuery::since(start() + SignedDuration::from_millis(1_500));
    let (_, entries) = read_log(&world.client, &later).await;
    assert_eq!(entries, [deleted("u0001", 1_500)], "the mark itself is read again");
    assert_eq!(world.simulator.writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_log_is_silent_about_what_programs_delete_unless_they_are_logged() {
    let world = world(3);
    assert!(world.simulator.delete_untold(&"u0000".into()));
    wait(Duration::from_secs(6)).await;
    assert_eq!(who_went(&world.client).await, []);
    let page = world.client.audit_search(&since_start()).await.unwrap();
    assert_eq!(page, AuditPage { entries: vec![], next: None, total: Some(0), unread: 0 });
    world.simulator.switch(|switches| switches.audits_applications = true);
    assert!(world.simulator.delete_untold(&"u0001".into()));
    let patch = Patch::from_leaves([(path("data.tier"), json!("gold"))]).unwrap();
    world.client.set_account(&"u0002".into(), &patch).await.unwrap();
    wait(Duration::from_secs(6)).await;
    assert_eq!(who_went(&world.client).await, ["u0001".into()]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_shows_after_its_lag_and_until_its_retention_is_over() {
    let world = world(2);
    world.simulator.switch(|switches| {
        switches.audit_lag = SignedDuration::from_secs(30);
        switches.audit_retention = SignedDuration::from_hours(1);
    });
    assert!(world.simulator.delete(&"u0001".into()));
    wait(Duration::from_secs(29)).await;
    assert_eq!(who_went(&world.client).await, []);
    wait(Duration::from_secs(2)).await;
    assert_eq!(who_went(&world.client).await, ["u0001".into()]);
    wait(Duration::from_hours(1)).await;
    assert_eq!(who_went(&world.client).await, []);
}

#[tokio::test(start_paused = true)]
async fn thousands_who_went_within_one_millisecond_are_all_read() {
    let world = world(2_500);
    for n in 0..2_500 {
        assert!(world.simulator.delete(&Uid::new(format!("u{n:04}"))));
    }
    wait(Duration::from_secs(6)).await;
    let (sizes, entries) = read_log(&world.client, &since_start()).await;
    assert_eq!(sizes, [1_000, 1_000, 500]);
    let uids: BTreeSet<&Uid> = entries.iter().flat_map(|entry| &entry.uids).collect();
    assert_eq!(uids.len(), 2_500);
    assert!(entries.iter().all(|entry| entry.at == start()));
}

#[tokio::test(start_paused = true)]
async fn a_page_of_the_log_may_be_short_or_empty_and_is_replayed_after_a_failure() {
    let world = world(25);
    for n in 0..25 {
        world.simulator.delete(&Uid::new(format!("u{n:04}")));
    }
    wait(Duration::from_secs(6)).await;
    world.simulator.switch(|switches| {
        switches.short_pages = true;
        switches.empty_pages = true;
        let faults = [Fault::AnswerLost, Fault::Html, Fault::Cut, Fault::Code(504_001)];
        switches.fail("audit.search", faults);
    });
    let (sizes, entries) = read_log(&world.client, &since_start().page_entries(10)).await;
    assert_eq!(sizes, [5, 0, 5, 0, 5, 0, 5, 0, 5, 0]);
    let uids: Vec<String> = entries.iter().map(|entry| entry.uids[0].to_string()).collect();
    assert_eq!(uids, names(0..25));
}

async fn first_cursor(world: &World) -> AuditCursor {
    for n in 0..3 {
        world.simulator.delete(&Uid::new(format!("u{n:04}")));
    }
    wait(Duration::from_secs(6)).await;
    let query = since_start().page_entries(1);
    world.client.audit_search(&query).await.unwrap().next.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_cursor_of_the_log_dies_like_any_other() {
    let world = world(5);
    let cursor = first_cursor(&world).await;
    wait(Duration::from_secs(299)).await;
    let cursor = world.client.audit_next(&cursor).await.unwrap().next.unwrap();
    wait(Duration::from_secs(301)).await;
    let error = world.client.audit_next(&cursor).await.unwrap_err();
    assert!(matches!(error, GigyaError::CursorLost { method: "audit.search", .. }), "{error}");
    assert_eq!(error.disposition(), Disposition::Retry { after: None });
}

#[tokio::test(start_paused = true)]
async fn a_deleted_lite_account_is_told_by_its_token_or_its_uid() {
    for (has_uids, uids) in [(true, 2), (false, 1)] {
        let world = world(1);
        world.simulator.switch(|switches| switches.lite_accounts_have_uids = has_uids);
        let key = world.simulator.insert_lite("ada@example.com", serde_json::Map::new());
        wait(Duration::from_secs(2)).await;
        let query = AccountsQuery::lite(&paths(&[]));
        let account = world.client.search(&query).await.unwrap().accounts.remove(0);
        assert_eq!(account.uid(), &key);
        assert!(world.simulator.delete(&key));
        wait(Duration::from_secs(6)).await;
        let (_, entries) = read_log(&world.client, &since_start()).await;
        assert_eq!((entries.len(), &entries[0].event), (1, &AuditEvent::LiteDeleted));
        assert_eq!(entries[0].uids.len(), uids);
        assert!(entries[0].uids.contains(&key));
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_with_another_uid_is_not_deleted() {
    let world = world(2);
    assert!(world.simulator.rename(&"u0001".into(), &"site-7".into()));
    wait(Duration::from_secs(6)).await;
    let (_, entries) = read_log(&world.client, &since_start()).await;
    let renamed = AuditEvent::Renamed { to: Some("site-7".into()) };
    assert_eq!((&entries[0].uids, &entries[0].event), (&vec!["u0001".into()], &renamed));
    let account = world.client.account(&"site-7".into(), &paths(&["profile.email"])).await.unwrap();
    assert_eq!(account.unwrap().text(&path("profile.email")).unwrap(), "person1@example.com");
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_names_the_caller_still_tells_whom_it_is_about() {
    let world = world(2);
    world.simulator.switch(|switches| switches.audit_names_caller = true);
    assert!(world.simulator.delete(&"u0001".into()));
    wait(Duration::from_secs(6)).await;
    let uids = who_went(&world.client).await;
    assert_eq!((uids.len(), &uids[0]), (2, &"u0001".into()));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_may_not_be_read_is_told_from_one_that_is_empty() {
    for (code, next_step) in [(403_007, "permission"), (403_036, "package")] {
        let world = world(1);
        world.simulator.switch(|switches| switches.refuse("audit.search", code));
        let error = world.client.audit_search(&since_start()).await.unwrap_err();
        assert!(error.is_forbidden() && error.to_string().contains(next_step), "{error}");
        assert_eq!(error.disposition(), Disposition::Halt);
        assert_eq!(world.client.calls(), 1, "no use asking again");
        assert!(world.client.search(&everybody()).await.is_ok(), "all else still works");
    }
}

/// Notes where requests go on their way to the simulator.
#[derive(Debug)]
struct Noting {
    to: Arc<Simulator>,
    seen: Mutex<Vec<String>>,
}

impl Wire for Noting {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, WireError>> {
        self.seen.lock().unwrap().push(request.uri().to_string());
        self.to.send(request)
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_is_asked_at_its_own_host_and_the_signature_is_of_that_host() {
    let world = world(1);
    let noting = Arc::new(Noting { to: Arc::clone(&world.simulator), seen: Mutex::default() });
    let clock = Clock::starting_at(start());
    for endpoint in [
        Endpoint::data_center("eu1.gigya.com"),
        Endpoint::base("https://gateway.example.com/gigya"),
    ] {
        let site =
            Site { endpoint: endpoint.unwrap(), api_key: world.simulator.keys().api_key.clone() };
        let proof = signed(world.simulator.keys());
        let wire = Arc::clone(&noting) as _;
        let client = Gigya::connect(site, proof, wire, Paces::default(), clock.reader());
        client.audit_search(&since_start()).await.unwrap();
        let newsletter = path("subscriptions.newsletter");
        let ada = address("person0@example.com");
        let whom = shared::gigya::EmailAccountKey::Address(&ada);
        client.unsubscribe(whom, &newsletter).await.unwrap();
    }
    assert_eq!(
        *noting.seen.lock().unwrap(),
        [
            "https://audit.eu1.gigya.com/audit.search",
            "https://accounts.eu1.gigya.com/accounts.unsubscribe",
            "https://gateway.example.com/gigya/audit.search",
            "https://gateway.example.com/gigya/accounts.unsubscribe",
        ]
    );
}
