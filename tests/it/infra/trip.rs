//! Two days of the whole product, in which as much happens as can, and what each function needed for it.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;
use export::Answer;
use sandbox::gigya::Fault;
use sandbox::people::{People, STORY_BEGINS};
use sandbox::world::{DEAD_LETTERS, TICKS_MAX, World, WorldOptions};
use serde_json::{Map, Value, json};
use shared::constant_contact::Operation;
use shared::domain::Uid;
use shared::domain::run::RunLease;
use shared::store::keys;

use super::needs::{Need, Record};

/// Enough for several batches, and for somebody to everything that befalls somebody.
const PEOPLE: u64 = 120;
const SEED: u64 = 7;

/// The error code of Gigya's that says that a key is wrong (SAP help, "Response Codes and Errors"): no retry helps.
const INVALID_KEY: i64 = 400_093;

/// Lets the days pass. Answers everything that was needed; that enough happened is asserted on the way.
pub(super) async fn two_days() -> BTreeSet<Need> {
    let record = Record::default();
    let settings = |settings: String| format!("{settings}\n[run]\nbatch_accounts = 25\n");
    let watch = Some(record.watch());
    let world = World::new(
        STORY_BEGINS,
        WorldOptions { watch, settings: Some(settings), ..WorldOptions::default() },
    );
    let people = People::new(SEED);
    world.gigya.seed((0..PEOPLE).map(|n| people.account(n)));
    first_day(&world).await;
    change_before_the_contact_is_known(&world).await;
    world.pass(Duration::from_hours(18)).await;
    second_day(&world).await;
    record.needs()
}

/// The first run, with everything in its way that may be in the way of a run.
async fn first_day(world: &World) {
    // Gigya refuses once; the run stays, and the next tick goes on with it.
    world.gigya.switch(|gigya| gigya.fail("accounts.search", [Fault::Code(INVALID_KEY)]));
    world.export(json!({"scope": "delta", "trigger": "schedule"})).await.unwrap_err();
    assert!(world.open_run().is_some());
    world.export(json!({"scope": "resume"})).await.unwrap();

    // Nothing was read from Constant Contact yet, so the first batch goes back and waits.
    assert_eq!(world.deliver().await.unwrap(), 0);
    world.poll(json!({})).await.unwrap();
    world.pass(Duration::from_mins(2)).await;

    // The token dies where upload is the first to notice.
    let renewals = || world.constant_contact.calls()[&Operation::RefreshToken];
    let before = renewals();
    world.constant_contact.expire_access_tokens();
    assert!(world.deliver().await.unwrap() > 1, "several batches");
    assert_eq!(renewals(), before + 1);

    // A message that nobody can read.
    let mut message = SqsMessage::default();
    message.message_id = Some("1".to_owned());
    message.body = Some("{}".to_owned());
    assert!(world.upload(vec![message]).await.unwrap().is_empty());
    assert_eq!(world.aws.queues().messages(DEAD_LETTERS).len(), 1);

    settle(world).await;
    assert!(world.contacts_by_uid().len() > 50);
}

/// An address changes before Constant Contact has shown us the contact: the person is due again.
async fn change_before_the_contact_is_known(world: &World) {
    let moved = members(world).pop().unwrap();
    write(world, &moved, "profile", json!({"email": "moved.early@example.com"}));
    world.pass(Duration::from_secs(5)).await;
    world.export(json!({"scope": "delta"})).await.unwrap();
    assert_eq!(world.deliver().await.unwrap(), 1);
    settle(world).await;
    world.settle_inbound().await.unwrap();
}

/// People change and leave on both sides, there is a sweep, and a run meets another.
async fn second_day(world: &World) {
    let members = members(world);
    let [withdraws, closes, moves, renames, ..] = &members[..] else { panic!("nobody is there") };
    let newsletter = "subscriptions.newsletter.email".parse().unwrap();
    assert!(world.gigya.subscribe(withdraws, &newsletter, false));
    assert!(
        world.gigya.edit(closes, |account| _ = account.insert("isActive".into(), json!(false)))
    );
    write(world, moves, "profile", json!({"email": "moved@example.com"}));
    write(world, renames, "profile", json!({"lastName": "Anders"}));

    let contacts = world.contacts_by_uid();
    let [unsubscribes, leaves, is_deleted, is_edited, ..] = &members[4..] else { panic!() };
    let tenant = &world.constant_contact;
    assert!(tenant.unsubscribe(&contacts[unsubscribes], true));
    assert!(tenant.leave_list(&contacts[leaves], &world.lists.newsletter));
    assert!(tenant.delete(&contacts[is_deleted]));
    // Gigya owns the last name, so it is put right by the next run.
    let rename = |texts: &mut std::collections::BTreeMap<String, String>| {
        texts.insert("last_name".to_owned(), "Wrong".to_owned());
    };
    assert!(tenant.edit(&contacts[is_edited], |contact| rename(&mut contact.texts)));

    world.pass(Duration::from_mins(10)).await;
    world.poll(json!({"sweep": true})).await.unwrap();
    assert!(world.inbound().opted_out > 0);

    world.export(json!({"scope": "sample", "accounts": 3})).await.unwrap();
    let scheduled = json!({"scope": "delta", "trigger": "schedule"});
    let Answer::Refused { .. } = world.export(scheduled).await.unwrap() else { panic!("two runs") };
    settle(world).await;
    assert!(lease(world).remembered.is_some());
    world.tick().await.unwrap();
    assert!(lease(world).remembered.is_none() && world.open_run().is_some());
    settle(world).await;
    world.settle_inbound().await.unwrap();

    let calls = tenant.calls();
    assert!(calls[&Operation::RemoveFromLists] > 0, "{calls:?}");
    assert!(calls[&Operation::WriteContact] > 1, "{calls:?}");
    let there = |uid| tenant.contact(&contacts[uid]).unwrap();
    assert!(there(withdraws).is_unsubscribed());
    assert!(there(closes).lists.is_disjoint(&[world.lists.newsletter.clone()].into()));
    assert_eq!(there(moves).address.as_deref(), Some("moved@example.com"));
    assert_ne!(there(is_edited).texts["last_name"], "Wrong");
}

/// Ticks until no run is open.
async fn settle(world: &World) {
    for _ in 0..TICKS_MAX {
        if world.open_run().is_none() {
            return;
        }
        world.tick().await.unwrap();
    }
    panic!("the run did not settle");
}

/// Those who are in Constant Contact.
fn members(world: &World) -> Vec<Uid> {
    world.contacts_by_uid().into_keys().collect()
}

/// Writes some fields of a section of an account.
fn write(world: &World, uid: &Uid, section: &str, fields: Value) {
    let Value::Object(fields) = fields else { panic!("{fields} are no fields") };
    let change = |account: &mut Map<String, Value>| {
        account[section].as_object_mut().unwrap().extend(fields);
    };
    assert!(world.gigya.edit(uid, change));
}

fn lease(world: &World) -> RunLease {
    let bytes = world.aws.objects().get(sandbox::world::BUCKET, keys::RUN_LEASE).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}
