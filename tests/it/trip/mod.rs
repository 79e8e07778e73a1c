//! What the tests of the trip share: a handful of people known by name, and what one does with them.

pub(crate) mod killer;

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;
use export::Answer;
use sandbox::constant_contact::v3::Person;
use sandbox::people::STORY_BEGINS;
use sandbox::world::{BUCKET, DEAD_LETTERS, QUEUE, World, WorldOptions};
use serde_json::{Map, Value, json};
use shared::constant_contact::Operation;
use shared::domain::report::{Report, State};
use shared::domain::{Account, Path, Uid};

/// Ticks that a run which is harmed on purpose may take.
const TICKS_MAX: u32 = 60;
/// Longer than the search of the sandbox's Gigya lags behind.
const SEARCH_LAGS: Duration = Duration::from_mins(1);
/// Where the wish of the sandbox's people stands.
const CONSENT: &str = "subscriptions.newsletter.email";

/// A world with a handful of people, known by name: `ada` has the UID `uid-ada` and the address `ada@example.com`.
pub(crate) struct Trip {
    pub(crate) world: World,
}

/// An account as Gigya holds it: registered, active, and subscribed a day before the story begins.
pub(crate) fn account(name: &str) -> Value {
    let before = "2026-10-31T00:00:00.000Z";
    json!({
        "UID": format!("uid-{name}"),
        "isRegistered": true,
        "isActive": true,
        "created": before,
        "lastUpdated": before,
        "lastUpdatedTimestamp": 1_793_404_800_000_i64,
        "profile": {
            "email": address(name), "firstName": format!("First-{name}"),
            "lastName": format!("Last-{name}"), "city": "Köln", "zip": "50667", "country": "DE",
        },
        "data": {"region": "emea", "loyalty": {"tier": "gold"}},
        "subscriptions": {"newsletter": {"email": {
            "isSubscribed": true, "lastUpdatedSubscriptionState": before,
        }}},
    })
}

/// The address of somebody.
pub(crate) fn address(name: &str) -> String {
    format!("{name}@example.com")
}

/// The UID of somebody.
pub(crate) fn uid(name: &str) -> Uid {
    Uid::new(format!("uid-{name}"))
}

/// The customer's settings, where both sides may write the tier.
pub(crate) fn with_shared_tier(settings: &str) -> String {
    let tier = "constant_contact = \"cf:loyalty_tier\"";
    settings.replace(tier, &format!("{tier}\nowner = \"both\""))
}

/// The id of the run that was started.
pub(crate) fn run_of(answer: &Answer) -> String {
    match answer {
        Answer::Run { run, .. } => run.to_string(),
        Answer::Refused { .. } | Answer::Idle { .. } => panic!("no run was started: {answer:?}"),
    }
}

impl Trip {
    /// A world with these people at Gigya, before anything ran.
    pub(crate) fn new(names: &[&str], options: WorldOptions) -> Self {
        let world = World::new(STORY_BEGINS, options);
        world.gigya.seed(names.iter().map(|name| account(name)));
        Self { world }
    }

    /// A world in which these people have made the trip and both sides are quiet.
    pub(crate) async fn synced(names: &[&str]) -> Self {
        Self::synced_with(names, WorldOptions::default()).await
    }

    /// As [`synced`](Self::synced), in another world.
    pub(crate) async fn synced_with(names: &[&str], options: WorldOptions) -> Self {
        let trip = Self::new(names, options);
        trip.full().await;
        trip.inbound().await;
        for name in names {
            assert!(trip.is_mailed(name), "{name} has arrived");
        }
        trip
    }

    /// Runs a delta to its end.
    pub(crate) async fn delta(&self) -> Report {
        self.run(json!({"scope": "delta"})).await
    }

    /// Runs a full read to its end.
    pub(crate) async fn full(&self) -> Report {
        self.run(json!({"scope": "full"})).await
    }

    async fn run(&self, event: Value) -> Report {
        // Gigya's search shows by then what was changed before.
        self.pass(SEARCH_LAGS).await;
        let answer = self.world.run(event).await.unwrap();
        let report = self.world.report(&run_of(&answer)).unwrap();
        report.people.balance().unwrap();
        report
    }

    /// Starts a run and ticks until it is closed, whatever fails meanwhile.
    pub(crate) async fn persist(&self, event: Value) -> Report {
        let answer = self.world.export(event).await.ok();
        let run = answer.map_or_else(|| self.world.open_run().unwrap(), |answer| run_of(&answer));
        self.persist_with(&run).await
    }

    /// Ticks until the run is closed, whatever fails meanwhile.
    pub(crate) async fn persist_with(&self, run: &str) -> Report {
        for _ in 0..TICKS_MAX {
            self.world.tick().await.ok();
            if self.world.open_run().as_deref() != Some(run) {
                let report = self.world.report(run).unwrap();
                // What a run that failed did not come to is read again by the next one.
                assert!(report.state == State::Failed || report.people.balance().is_ok());
                return report;
            }
        }
        panic!("the run does not settle in {TICKS_MAX} ticks");
    }

    /// Ticks until what changed in Constant Contact has come home.
    pub(crate) async fn inbound(&self) {
        self.world.settle_inbound().await.unwrap();
    }

    /// Lets time pass in which nothing of ours runs.
    pub(crate) async fn pass(&self, duration: Duration) {
        self.world.pass(duration).await;
    }

    /// The contact that carries this person's UID, whatever its address is.
    pub(crate) fn contact(&self, name: &str) -> Person {
        self.find_contact(name).unwrap_or_else(|| panic!("{name} has no contact"))
    }

    /// The same, if there is one.
    pub(crate) fn find_contact(&self, name: &str) -> Option<Person> {
        let uid_field = self.world.uid_field()?;
        let mut contacts = self.world.constant_contact.contacts();
        contacts.retain(|person| person.custom.get(&uid_field) == Some(&format!("uid-{name}")));
        assert!(contacts.len() < 2, "{name} has several contacts");
        contacts.pop()
    }

    /// Whether the person could be mailed: on a mailing list and not unsubscribed.
    pub(crate) fn is_mailed(&self, name: &str) -> bool {
        self.find_contact(name).is_some_and(|person| {
            let lists = &self.world.lists;
            let is_on =
                person.lists.contains(&lists.newsletter) || person.lists.contains(&lists.emea);
            let is_asked = person.permission == "pending_confirmation";
            is_on && !is_asked && !person.is_unsubscribed() && person.deleted_at.is_none()
        })
    }

    /// The account as Gigya holds it.
    pub(crate) fn account(&self, name: &str) -> Account {
        let accounts = self.world.gigya.accounts();
        accounts.into_iter().find(|account| *account.uid() == uid(name)).unwrap()
    }

    /// One section of the account.
    pub(crate) fn section(&self, name: &str, section: &str) -> Value {
        self.account(name).fields().get(section).cloned().unwrap_or_default()
    }

    /// Whether the account says that the person wants to be mailed.
    pub(crate) fn is_subscribed(&self, name: &str) -> bool {
        self.account(name).subscription(&consent()).unwrap().is_subscribed
    }

    /// Changes one value of the account's profile or data, as its owner would: `profile.city`.
    pub(crate) fn edit(&self, name: &str, path: &str, value: Value) {
        let put = |fields: &mut Map<String, Value>| {
            let mut steps: Vec<&str> = path.split('.').collect();
            let last = steps.pop().unwrap();
            let mut place = fields;
            for step in steps {
                place = place.entry(step).or_insert_with(|| json!({})).as_object_mut().unwrap();
            }
            if value.is_null() {
                place.remove(last);
            } else {
                place.insert(last.to_owned(), value);
            }
        };
        assert!(self.world.gigya.edit(&uid(name), put));
    }

    /// Somebody registers now.
    pub(crate) fn register(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut account = account(name);
        let now = self.world.now();
        account["lastUpdated"] = json!(now.to_string());
        account["lastUpdatedTimestamp"] = json!(now.as_millisecond());
        change(&mut account);
        self.world.gigya.insert(account);
    }

    /// The person subscribes or unsubscribes at Gigya.
    pub(crate) fn subscribe(&self, name: &str, is_subscribed: bool) {
        assert!(self.world.gigya.subscribe(&uid(name), &consent(), is_subscribed));
    }

    /// Somebody edits the contact in Constant Contact's screens.
    pub(crate) fn edit_contact(&self, name: &str, edit: impl FnOnce(&mut Person)) {
        assert!(self.world.constant_contact.edit(&self.contact(name).id, edit));
    }

    /// The person unsubscribes in Constant Contact, account-wide.
    pub(crate) fn unsubscribe(&self, name: &str) {
        assert!(self.world.constant_contact.unsubscribe(&self.contact(name).id, true));
    }

    /// What the queue's dead letters say about why they are dead.
    pub(crate) fn dead_letters(&self) -> Vec<String> {
        let dead = self.world.aws.queues().messages(DEAD_LETTERS);
        dead.iter().map(|message| format!("{:?}", message.attributes.get("reason"))).collect()
    }

    /// The messages that lie in the queue of the batches, as the event source would hand them over again.
    pub(crate) fn messages(&self) -> Vec<SqsMessage> {
        let messages = self.world.aws.queues().messages(QUEUE);
        messages.into_iter().map(|message| record(&message.id, &message.body)).collect()
    }

    /// How many imports were asked for.
    pub(crate) fn imports(&self) -> u64 {
        self.world.constant_contact.calls().get(&Operation::ImportCsv).copied().unwrap_or(0)
    }

    /// The text of an object.
    pub(crate) fn object(&self, key: &str) -> Option<String> {
        let bytes = self.world.aws.objects().get(BUCKET, key)?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// A message as the event source hands it over; its receipt handle is not one that the queue knows.
pub(crate) fn record(id: &str, body: &str) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(id.to_owned());
    record.body = Some(body.to_owned());
    record
}

fn consent() -> Path {
    CONSENT.parse().unwrap()
}
