//! Small deltas: with fewer rows than `bulk_from`, contacts that are known are written one by one, to the same end.

use sandbox::world::WorldOptions;
use serde_json::{Value, json};
use shared::constant_contact::Operation;
use shared::domain::Dialect;
use shared::domain::report::{Action, State};

use crate::trip::Trip;

const NAMES: [&str; 5] = ["ada", "bea", "cyd", "dan", "eve"];

fn singly(settings: String) -> String {
    settings + "\n[run]\nbulk_from = 10\n"
}

async fn begun(api: Dialect, settings: Option<fn(String) -> String>) -> Trip {
    Trip::synced_with(&NAMES, WorldOptions { api, settings, ..WorldOptions::default() }).await
}

/// Somebody changes at Gigya, somebody leaves in Constant Contact a moment before the run, and somebody is new.
fn an_eventful_day(trip: &Trip) -> sandbox::world::Writes {
    trip.edit("ada", "profile.lastName", json!("Newname"));
    trip.edit("ada", "profile.birthDay", json!(9));
    trip.edit("ada", "profile.birthMonth", json!(2));
    trip.edit("bea", "profile.city", Value::Null);
    trip.edit("dan", "data.region", json!("apac"));
    trip.edit("eve", "profile.zip", json!("10115"));
    trip.register("new", |_| ());
    trip.unsubscribe("cyd");
    trip.world.writes()
}

/// What both sides hold of everybody, as far as it does not tell when it was written.
fn held(trip: &Trip) -> Vec<Value> {
    let names = NAMES.iter().chain(&["new"]);
    let shown = |name: &&str| {
        let mut person = trip.contact(name);
        person.lists.remove(&trip.world.lists.update);
        json!({
            "texts": person.texts, "birthday": person.birthday, "streets": format!("{:?}", person.streets),
            "lists": person.lists, "unsubscribed": person.is_unsubscribed(), "custom": person.custom.len(),
            "profile": trip.section(name, "profile"), "subscribed": trip.is_subscribed(name),
        })
    };
    names.map(shown).collect()
}

#[tokio::test(start_paused = true)]
async fn who_is_written_one_by_one_ends_as_who_is_imported() {
    for api in [Dialect::V3, Dialect::V2] {
        let bulk = begun(api, None).await;
        an_eventful_day(&bulk);
        assert_eq!(bulk.delta().await.state, State::Settled);
        bulk.inbound().await;

        let single = begun(api, Some(singly)).await;
        an_eventful_day(&single);
        let report = single.delta().await;
        assert_eq!(report.state, State::Settled);
        assert_eq!(report.actions.people(Action::Update), 0, "{api:?}: {:?}", report.actions);
        assert_eq!(report.actions.people(Action::Join), 1, "who is new is imported");
        single.inbound().await;

        assert_eq!(held(&single), held(&bulk), "{api:?}");
        let quiet = single.world.writes();
        single.full().await;
        single.inbound().await;
        assert_eq!(single.world.writes(), quiet, "{api:?}: and all is agreed");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_who_left_a_moment_ago_is_put_back_by_a_single_write() {
    for api in [Dialect::V3, Dialect::V2] {
        let trip = begun(api, Some(singly)).await;
        trip.edit("ada", "profile.lastName", json!("Newname"));
        trip.edit("bea", "profile.lastName", json!("Newname"));
        trip.edit("cyd", "profile.lastName", json!("Newname"));
        trip.pass(std::time::Duration::from_mins(1)).await;
        trip.world.export(json!({"scope": "delta"})).await.unwrap();
        trip.world.poll(json!({})).await.unwrap();
        trip.world.deliver().await.unwrap();
        // Planned by now, and not carried out.
        trip.unsubscribe("ada");
        let (bea, cyd) = (trip.contact("bea"), trip.contact("cyd"));
        for list in [&trip.world.lists.newsletter, &trip.world.lists.emea] {
            trip.world.constant_contact.leave_list(&bea.id, list);
        }
        assert!(trip.world.constant_contact.delete(&cyd.id));
        let run = trip.world.open_run().unwrap();
        trip.persist_with(&run).await;
        trip.inbound().await;
        trip.full().await;
        for name in ["ada", "bea", "cyd"] {
            assert!(!trip.is_mailed(name), "{api:?}: {name} is back");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_as_many_rows_goes_in_bulk() {
    let trip = begun(Dialect::V3, Some(|text| text + "\n[run]\nbulk_from = 2\n")).await;
    let imports = trip.imports();
    trip.edit("ada", "profile.lastName", json!("Newname"));
    assert_eq!(trip.delta().await.actions.people(Action::Amend), 1);
    assert_eq!(trip.imports(), imports);
    trip.edit("ada", "profile.lastName", json!("Othername"));
    trip.edit("bea", "profile.lastName", json!("Othername"));
    assert_eq!(trip.delta().await.actions.people(Action::Update), 2);
    assert_eq!(trip.imports(), imports + 1);
    let calls = trip.world.constant_contact.calls();
    assert_eq!(calls.get(&Operation::WriteContact), Some(&1));
}
