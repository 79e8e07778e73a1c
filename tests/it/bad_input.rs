//! What cannot be sent is named, by UID and field and reason; and nobody's data stands where it does not belong.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sandbox::people::People;
use sandbox::world::{BUCKET, QUEUE, SECRET_ID, WorldOptions};
use serde_json::{Value, json};
use shared::store::lines::read_lines;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::trip::{Trip, address};

const PEOPLE: [&str; 4] = ["ada", "ben", "cleo", "dora"];

/// Everything that is logged while it lives, by our crates, at the finest level.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Listens on this thread, which is the only one of a test, until the guard is dropped.
    pub(crate) fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let filter = EnvFilter::new("shared=trace,export=trace,upload=trace,poll=trace");
        let layer = tracing_subscriber::fmt().json().with_env_filter(filter);
        tracing::subscriber::set_default(layer.with_writer(self.clone()).finish())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

#[tokio::test(start_paused = true)]
async fn accounts_that_cannot_be_sent_are_listed_by_uid_and_field() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    trip.edit("ada", "profile.email", json!("no address"));
    trip.edit("ben", "profile.email", Value::Null);
    trip.edit("cleo", "profile.birthDay", json!(31));
    let report = trip.full().await;
    let listed = trip.object(&format!("runs/{}/invalid.ndjson", report.run)).unwrap();
    let people: Vec<Value> =
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let by = |uid: &str| people.iter().find(|person| person["uid"] == uid);
    assert_eq!(by("uid-ada").unwrap()["field"], "email", "{listed}");
    assert_eq!(by("uid-cleo").unwrap()["field"], "birthday", "{listed}");
    // Without an address Ben has no subscription either, but that he has none is what has to be mended.
    assert_eq!(by("uid-ben").unwrap()["field"], "email", "{listed}");
    let people_of = &report.people;
    assert_eq!((people_of.invalid, people_of.accepted, people_of.filtered), (3, 1, 0));
    assert!(people.iter().all(|person| person["reason"].as_str().is_some_and(|it| it.len() > 10)));
    assert!(!listed.contains("no address"), "the value itself is not repeated");
    let page = trip.object(&format!("runs/{}/report.html", report.run)).unwrap();
    assert!(page.contains("uid-ada"));
}

#[tokio::test(start_paused = true)]
async fn who_can_be_sent_again_is_sent_and_who_cannot_any_longer_keeps_what_they_have() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    trip.edit("ada", "profile.email", json!("no address"));
    trip.full().await;
    trip.inbound().await;
    trip.edit("ada", "profile.email", json!(address("ada")));
    trip.edit("ben", "profile.email", json!("broken@"));
    let report = trip.delta().await;
    assert_eq!((report.people.accepted, report.people.invalid), (1, 1));
    assert!(trip.is_mailed("ada") && trip.is_mailed("ben"));
    assert_eq!(trip.contact("ben").address, Some(address("ben")));
}

/// A list of the settings that Constant Contact does not have, and a custom field.
fn unknown(mut text: String) -> String {
    text = text.replace("cf:loyalty_tier", "cf:loyalty_stage");
    text.push_str("\n[[lists]]\nid = \"11111111-2222-4333-8444-555555555555\"\n");
    text
}

#[tokio::test(start_paused = true)]
async fn what_the_settings_name_and_constant_contact_lacks_is_named_with_the_next_step() {
    let log = Log::default();
    let trip =
        Trip::new(&PEOPLE, WorldOptions { settings: Some(unknown), ..WorldOptions::default() });
    trip.world.poll(json!({})).await.unwrap();
    trip.world.export(json!({"scope": "full"})).await.unwrap();
    {
        let _listening = log.listen();
        assert_eq!(trip.world.deliver().await.unwrap(), 0);
    }
    let text = log.text();
    assert!(text.contains("11111111-2222-4333-8444-555555555555"), "{text}");
    assert!(text.contains("loyalty_stage") && text.contains("create it there as text"));
    assert!(text.contains("gigya-cc check"), "{text}");
    assert_eq!(trip.imports(), 0);
    assert!(trip.dead_letters().is_empty(), "settings can be mended");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_gigya_refuses_is_named_with_the_next_step() {
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    let secret = trip.world.aws.vault().current(SECRET_ID).unwrap();
    let mut secret: Value = serde_json::from_str(&secret).unwrap();
    secret["gigya"]["user_key"] = json!("another-key");
    trip.world.aws.vault().put(SECRET_ID, secret.to_string());
    let error = trip.world.export(json!({"scope": "full"})).await.unwrap_err();
    let text = shared::telemetry::chain(&error);
    assert_eq!(error.kind(), "Gigya");
    assert!(text.contains("403005") && text.contains("gigya.user_key"), "{text}");
}

/// The life of a few days: everybody travels, edits, leaves, is refused, and both vendors have bad moments.
async fn days(trip: &Trip) {
    use sandbox::constant_contact::v3;
    use sandbox::gigya::Fault;
    use shared::constant_contact::Operation;

    trip.edit("dora", "profile.email", json!("dora@"));
    trip.full().await;
    trip.inbound().await;
    trip.edit("ada", "profile.email", json!("ada.new@example.com"));
    trip.edit_contact("ben", |ben| drop(ben.texts.insert("first_name".into(), "Benno-Q".into())));
    trip.unsubscribe("cleo");
    trip.inbound().await;
    let refusal = format!("[{{\"error_key\":\"x\",\"error_message\":\"{}\"}}]", address("ada"));
    let fault = v3::Fault::Status(400, refusal);
    trip.world.constant_contact.script(Operation::WriteContact, [fault.clone()]);
    trip.world.constant_contact.script(Operation::ReadContacts, [v3::Fault::Html(502)]);
    trip.world.gigya.switch(|all| {
        all.fail("accounts.setAccountInfo", [Fault::Code(400_009), Fault::Html]);
        all.fail("accounts.search", [Fault::Cut, Fault::Code(500_001)]);
    });
    trip.edit_contact("ben", |ben| drop(ben.texts.insert("first_name".into(), "Bennet-Q".into())));
    trip.persist(json!({"scope": "delta"})).await;
    trip.world.constant_contact.script(Operation::ImportCsv, [fault]);
    trip.edit("ben", "profile.lastName", json!("Last-other"));
    trip.pass(Duration::from_mins(1)).await;
    trip.persist(json!({"scope": "full"})).await;
}

/// What must never be seen, in the world of [`days`].
fn private(trip: &Trip) -> Vec<String> {
    let secret = trip.world.aws.vault().current(SECRET_ID).unwrap();
    let secret: Value = serde_json::from_str(&secret).unwrap();
    let mut texts: Vec<String> = ["gigya", "constant_contact"]
        .iter()
        .flat_map(|section| secret[section].as_object().unwrap().iter())
        .filter(|(name, _)| !["user_key", "client_id", "expires_at"].contains(&name.as_str()))
        .map(|(_, value)| value.as_str().unwrap().to_owned())
        .collect();
    texts.push(secret["fingerprint_key"].as_str().unwrap().to_owned());
    for name in PEOPLE {
        texts.extend([address(name), format!("First-{name}"), format!("Last-{name}")]);
    }
    let written = ["ada.new@", "dora@", "Benno-Q", "Bennet-Q", "Last-other", "Köln", "50667"];
    texts.extend(written.map(str::to_owned));
    let population = People::new(3);
    let accounts = (0..60).map(|n| population.account(n));
    texts.extend(accounts.filter_map(|it| it["profile"]["email"].as_str().map(str::to_owned)));
    texts.retain(|text| text.len() > 4);
    texts
}

#[tokio::test(start_paused = true)]
async fn nobodys_data_stands_in_a_log_in_a_message_or_in_the_state() {
    let log = Log::default();
    let trip = Trip::new(&PEOPLE, WorldOptions::default());
    let population = People::new(3);
    trip.world.gigya.seed((0..60).map(|n| population.account(n)));
    let mut messages = String::new();
    {
        let _listening = log.listen();
        trip.world.poll(json!({})).await.unwrap();
        days(&trip).await;
        for message in trip.world.aws.queues().messages(QUEUE) {
            messages.push_str(&message.body);
        }
    }
    let logged = log.text();
    assert!(logged.contains("Staged a batch") && logged.contains("Settled run"), "it listened");

    let objects = trip.world.aws.objects();
    let mut state = String::new();
    for key in objects.keys(BUCKET, "state/") {
        let bytes = objects.get(BUCKET, &key).unwrap();
        let lines: Vec<Value> = read_lines(bytes).unwrap().filter_map(Result::ok).collect();
        assert!(!lines.is_empty(), "{key} can be read");
        state.push_str(&Value::Array(lines).to_string());
    }
    assert!(state.contains("uid-ada"));
    for text in private(&trip) {
        assert!(!logged.contains(&text), "a log line holds {text}");
        assert!(!messages.contains(&text), "a message holds {text}");
        assert!(!state.contains(&text), "the state holds {text}");
    }
}
