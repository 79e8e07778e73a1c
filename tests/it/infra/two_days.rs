//! Two days of the whole product, in which as much happens as can, and what each function needed for it.

use std::collections::BTreeSet;
use std::time::Duration;

use export::Answer;
use sandbox::gigya::Fault;
use sandbox::world::{BUCKET, TICKS_MAX, World, WorldOptions};
use serde_json::json;
use shared::constant_contact::Operation;
use shared::domain::run::RunLease;
use shared::store::keys;

use super::needs::{Need, Record};
use crate::trip::{Trip, address, record, uid};

/// Somebody for everything that can befall somebody.
const PEOPLE: [&str; 11] =
    ["ada", "ben", "cleo", "dora", "emil", "fritz", "gala", "hugo", "ines", "jule", "karl"];

/// How many of them are a batch.
const BATCHES: &str = "\n[run]\nbatch_accounts = 4\n";

/// The error code of Gigya's that says that a key is wrong (SAP help, "Response Codes and Errors"): no retry helps.
const INVALID_KEY: i64 = 400_093;

/// Longer than what upload waits for when the inbound read is not fresh.
const A_WHILE: Duration = Duration::from_mins(2);

/// Longer than the time between two reads of the audit log.
const A_LONG_WHILE: Duration = Duration::from_mins(65);

/// Lets the days pass. Answers everything that was needed; that enough happened is asserted on the way.
pub(super) async fn two_days() -> BTreeSet<Need> {
    let needs = Record::default();
    let watch = Some(needs.watch());
    let settings = Some((|settings| settings + BATCHES) as fn(String) -> String);
    let trip = Trip::new(&PEOPLE, WorldOptions { watch, settings, ..WorldOptions::default() });
    first_run(&trip).await;
    change_before_the_contact_is_known(&trip).await;
    trip.pass(Duration::from_hours(18)).await;
    change_and_leave(&trip).await;
    share_an_address(&trip).await;
    delete(&trip).await;
    needs.needs()
}

/// The first run, with everything in its way that may be in the way of a run.
async fn first_run(trip: &Trip) {
    let world = &trip.world;
    // Gigya refuses once; the run stays, and the next tick goes on with it.
    world.gigya.switch(|gigya| gigya.fail("accounts.search", [Fault::Code(INVALID_KEY)]));
    world.export(json!({"scope": "delta", "trigger": "schedule"})).await.unwrap_err();
    assert!(world.open_run().is_some());
    world.export(json!({"scope": "resume"})).await.unwrap();

    // Nothing was read from Constant Contact yet, so the first batch goes back and waits.
    assert_eq!(world.deliver().await.unwrap(), 0);
    world.poll(json!({})).await.unwrap();
    trip.pass(A_WHILE).await;

    // The token dies where upload is the first to notice.
    let renewals = || world.constant_contact.calls()[&Operation::RefreshToken];
    let before = renewals();
    world.constant_contact.expire_access_tokens();
    assert_eq!(world.deliver().await.unwrap(), 3);
    assert_eq!(renewals(), before + 1);

    // A message that nobody can read.
    assert!(world.upload(vec![record("1", "{}")]).await.unwrap().is_empty());
    assert_eq!(trip.dead_letters().len(), 1);

    // The run is closed while the contacts are too young for an inbound read to show them.
    trip.pass(Duration::from_secs(10)).await;
    world.poll(json!({})).await.unwrap();
    assert_eq!(world.open_run(), None);
    assert!(PEOPLE.iter().all(|name| trip.is_mailed(name)));
}

/// An address changes before Constant Contact has shown us the contact: upload marks that the person is due again.
async fn change_before_the_contact_is_known(trip: &Trip) {
    trip.edit("jule", "profile.email", json!("jule.moved@example.com"));
    trip.pass(Duration::from_secs(5)).await;
    trip.world.export(json!({"scope": "delta"})).await.unwrap();
    assert_eq!(trip.world.deliver().await.unwrap(), 1);
    assert!(trip.object(keys::DUE).unwrap().contains("uid-jule"));
    settle(&trip.world).await;
    trip.inbound().await;
}

/// People change and leave on both sides, there is a sweep, and a run meets another.
async fn change_and_leave(trip: &Trip) {
    let world = &trip.world;
    trip.subscribe("ada", false);
    trip.edit("ben", "isActive", json!(false));
    trip.edit("cleo", "profile.email", json!("cleo.moved@example.com"));
    trip.edit("dora", "profile.lastName", json!("Anders"));
    trip.edit("emil", "data.region", json!("apac"));
    trip.unsubscribe("fritz");
    let tenant = &world.constant_contact;
    assert!(tenant.leave_list(&trip.contact("gala").id, &world.lists.newsletter));
    assert!(tenant.delete(&trip.contact("hugo").id));
    // Gigya owns the last name, so the next run puts it right; the first name belongs to both, so it comes home.
    let changed = || "Changed".to_owned();
    trip.edit_contact("ines", |ines| _ = ines.texts.insert("last_name".to_owned(), changed()));
    trip.edit_contact("jule", |jule| _ = jule.texts.insert("first_name".to_owned(), changed()));
    // Both sides come to the same by themselves: nothing is sent, and it is agreed on quietly.
    trip.edit("karl", "profile.lastName", json!(changed()));
    trip.edit_contact("karl", |karl| _ = karl.texts.insert("last_name".to_owned(), changed()));

    trip.pass(Duration::from_mins(10)).await;
    world.poll(json!({"sweep": true})).await.unwrap();

    world.export(json!({"scope": "sample", "accounts": 3})).await.unwrap();
    let scheduled = world.export(json!({"scope": "delta", "trigger": "schedule"})).await.unwrap();
    assert!(matches!(scheduled, Answer::Refused { .. }), "{scheduled:?}");
    settle(world).await;
    assert!(lease(world).remembered.is_some());
    world.tick().await.unwrap();
    assert!(lease(world).remembered.is_none() && world.open_run().is_some());
    settle(world).await;
    trip.inbound().await;

    let calls = tenant.calls();
    assert!(calls[&Operation::RemoveFromLists] > 0 && calls[&Operation::WriteContact] > 2);
    assert!(trip.contact("ada").is_unsubscribed());
    assert!(["ben", "fritz", "hugo"].iter().all(|name| !trip.is_mailed(name)));
    assert_eq!(trip.contact("cleo").address.as_deref(), Some("cleo.moved@example.com"));
    assert_eq!(trip.contact("dora").texts["last_name"], "Anders");
    assert!(!trip.contact("emil").lists.contains(&world.lists.emea));
    assert!(["fritz", "gala", "hugo"].iter().all(|name| !trip.is_subscribed(name)));
    assert_eq!(trip.contact("ines").texts["last_name"], "Last-ines");
    assert_eq!(trip.section("jule", "profile")["firstName"], "Changed");
}

/// An account is deleted at Gigya: the contact follows, and the runs forget it.
async fn delete(trip: &Trip) {
    assert!(trip.world.gigya.delete(&uid("jule")));
    trip.pass(A_LONG_WHILE).await;
    trip.inbound().await;
    assert!(trip.contact("jule").deleted_at.is_some());
}

/// Somebody registers with an address that another account holds: upload remembers who waits for it.
async fn share_an_address(trip: &Trip) {
    trip.register("max", |max| max["profile"]["email"] = json!(address("karl")));
    trip.pass(Duration::from_mins(1)).await;
    trip.world.export(json!({"scope": "delta"})).await.unwrap();
    assert_eq!(trip.world.deliver().await.unwrap(), 1);
    assert!(trip.object(keys::WAITING).unwrap().contains("uid-max"));
    settle(&trip.world).await;
}

/// Ticks until no run is open.
async fn settle(world: &World) {
    for _ in 0..TICKS_MAX {
        if world.open_run().is_none() {
            return;
        }
        world.tick().await.unwrap();
    }
    panic!("the run does not settle");
}

fn lease(world: &World) -> RunLease {
    let bytes = world.aws.objects().get(BUCKET, keys::RUN_LEASE).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}
