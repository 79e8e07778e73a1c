//! The sweep: what carries no date is found, nobody is missed for long, and nothing is sent where it is stale.

use std::time::Duration;

use jiff::SignedDuration;
use sandbox::constant_contact::v3::{Fault, Person};
use sandbox::world::WorldOptions;
use serde_json::{Value, json};
use shared::constant_contact::Operation;
use shared::domain::Dialect;
use shared::domain::watermark::InboundState;
use shared::store::keys;

use crate::recovery::kills::DEAD;
use crate::trip::killer::Killer;
use crate::trip::{Trip, account, run_of, uid};

const PEOPLE: [&str; 3] = ["ada", "ben", "cleo"];
/// More than two pages of contacts.
const MANY: usize = 1_100;
/// An answer that the client takes for a bad moment, as often as it tries.
const BAD_MOMENTS: usize = 6;
/// After so long the last sweep is stale.
const STALE: Duration = Duration::from_hours(27);

fn in_both() -> [WorldOptions; 2] {
    [Dialect::V3, Dialect::V2].map(|api| WorldOptions { api, ..WorldOptions::default() })
}

fn state(trip: &Trip) -> InboundState {
    serde_json::from_str(&trip.object(keys::INBOUND).unwrap()).unwrap()
}

fn reads(trip: &Trip) -> u64 {
    trip.world.constant_contact.calls().get(&Operation::ReadContacts).copied().unwrap_or(0)
}

async fn sweep(trip: &Trip) -> Value {
    serde_json::to_value(trip.world.poll(json!({"sweep": true})).await.unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn poll_sweeps_by_itself_once_a_day_and_so_in_time() {
    for options in in_both() {
        let trip = Trip::synced_with(&PEOPLE, options).await;
        let first = state(&trip).swept_at.expect("the first read of everybody is a sweep");
        let newsletter = trip.world.lists.newsletter.clone();
        assert!(trip.world.constant_contact.leave_list(&trip.contact("ada").id, &newsletter));
        let mut swept = vec![first];
        for _ in 0..24 * 3 {
            trip.pass(Duration::from_hours(1)).await;
            trip.world.poll(json!({})).await.unwrap();
            let last = state(&trip).swept_at.unwrap();
            if swept.last() != Some(&last) {
                swept.push(last);
            }
        }
        assert_eq!(swept.len(), 4, "{swept:?}");
        assert!(!trip.is_subscribed("ada"), "what she left without a date is found");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_submitted_while_the_last_sweep_is_stale() {
    for options in in_both() {
        let trip = Trip::synced_with(&PEOPLE, options).await;
        trip.pass(STALE).await;
        trip.edit("ada", "profile.lastName", json!("Newname"));
        trip.pass(Duration::from_mins(1)).await;
        let before = trip.world.writes();
        trip.world.export(json!({"scope": "delta"})).await.unwrap();
        assert_eq!(trip.world.deliver().await.unwrap(), 0);
        assert_eq!(trip.world.writes(), before);
        trip.persist_with(&trip.world.open_run().unwrap()).await;
        assert_eq!(trip.contact("ada").texts["last_name"], "Newname");
    }
}

#[tokio::test(start_paused = true)]
async fn a_contact_that_is_gone_altogether_counts_as_deleted_there() {
    for options in in_both() {
        let trip = Trip::synced_with(&PEOPLE, options).await;
        assert!(trip.world.constant_contact.vanish(&trip.contact("ada").id));
        trip.inbound().await;
        assert!(trip.is_subscribed("ada"), "no change shows it");
        let answer = sweep(&trip).await;
        assert_eq!(answer["inbound"]["missing"], 1, "{answer}");
        assert!(!trip.is_subscribed("ada"));
        assert!(trip.is_subscribed("ben"));
        let writes = trip.world.writes();
        assert_eq!(sweep(&trip).await["inbound"]["missing"], 0, "once and for all");
        trip.edit("ada", "profile.lastName", json!("Newname"));
        trip.full().await;
        assert!(trip.find_contact("ada").is_none(), "and nothing brings her back");
        assert_eq!(trip.world.writes(), writes);
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_whom_no_page_shows_is_looked_at_before_anything_is_believed() {
    let trip = Trip::synced(&PEOPLE).await;
    let newsletter = trip.world.lists.newsletter.clone();
    assert!(trip.world.constant_contact.leave_list(&trip.contact("ben").id, &newsletter));
    // A page that breaks off early, as if the others had moved to one that was read already.
    let own = json!({"contact_id": "99999999-c0c0-4c0c-8c0c-000000000001"});
    let shown = json!({"contacts": [own]}).to_string();
    trip.world.constant_contact.script(Operation::ReadContacts, [Fault::Status(200, shown)]);
    let answer = sweep(&trip).await;
    assert_eq!(answer["inbound"]["missing"], 0, "{answer}");
    assert!(trip.is_subscribed("cleo"), "she is there, though no page showed her");
    assert!(!trip.is_subscribed("ben"), "what he left is found all the same");
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_is_never_taken_as_everyone_left() {
    for options in in_both() {
        let trip = Trip::synced_with(&PEOPLE, options).await;
        let nobody = match trip.world.lists.api {
            Dialect::V3 => json!({"contacts": []}),
            Dialect::V2 => json!({"meta": {"pagination": {}}, "results": []}),
        };
        let empty = Fault::Status(200, nobody.to_string());
        trip.world.constant_contact.script(Operation::ReadContacts, [empty]);
        let before = trip.world.writes();
        sweep(&trip).await;
        let brake = trip.object(keys::INBOUND_BRAKE).unwrap();
        assert!(brake.contains("nobody_found"), "{brake}");
        assert_eq!(trip.world.writes(), before);
        sweep(&trip).await;
        assert_eq!(trip.object(keys::INBOUND_BRAKE).unwrap(), "null", "all is well again");
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_dropped_without_a_word_is_found_and_sent_again() {
    for options in in_both() {
        let trip = Trip::synced_with(&PEOPLE, options).await;
        trip.register("dora", |_| {});
        // Long enough that v2 lists anew who is opted out.
        trip.pass(Duration::from_mins(70)).await;
        trip.world.poll(json!({})).await.unwrap();
        let run = run_of(&trip.world.export(json!({"scope": "delta"})).await.unwrap());
        assert_eq!(trip.world.deliver().await.unwrap(), 1);
        trip.pass(Duration::from_secs(10)).await;
        // Gone before any inbound read showed her: the ledger knows her lists and no contact.
        assert!(trip.world.constant_contact.vanish(&trip.contact("dora").id));
        trip.persist_with(&run).await;
        trip.inbound().await;
        let answer = sweep(&trip).await;
        assert_eq!(answer["inbound"]["missing"], 1, "{answer}");
        assert!(trip.is_subscribed("dora"), "nobody left");
        trip.delta().await;
        assert!(trip.is_mailed("dora"));
    }
}

/// A world with more than two pages of contacts.
async fn many(options: WorldOptions) -> Trip {
    let trip = Trip::new(&[], options);
    trip.world.gigya.seed((0..MANY).map(|n| account(&format!("p{n:04}"))));
    trip.full().await;
    trip.inbound().await;
    trip
}

fn interrupt_after(trip: &Trip, pages: usize) {
    let bad = Fault::Status(503, String::new());
    let faults = std::iter::repeat_n(Fault::None, pages);
    let faults = faults.chain(std::iter::repeat_n(bad, BAD_MOMENTS));
    trip.world.constant_contact.script(Operation::ReadContacts, faults);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_sweep_goes_on_where_it_was() {
    for options in in_both() {
        let trip = many(options).await;
        let swept = state(&trip).swept_at;
        assert!(trip.world.constant_contact.vanish(&trip.contact("p0001").id));
        assert!(trip.world.constant_contact.vanish(&trip.contact("p1001").id));
        let newsletter = trip.world.lists.newsletter.clone();
        assert!(trip.world.constant_contact.leave_list(&trip.contact("p0002").id, &newsletter));
        interrupt_after(&trip, 2);
        assert!(trip.world.poll(json!({"sweep": true})).await.is_err());
        assert_eq!(state(&trip).swept_at, swept);
        assert!(state(&trip).sweep.is_some(), "it is remembered how far it came");
        assert!(trip.is_subscribed("p0001") && trip.is_subscribed("p0002"), "not counted yet");

        let before = reads(&trip);
        trip.world.poll(json!({})).await.unwrap();
        // Two passes of what changed, or one; and the last page.
        assert!(reads(&trip) - before <= 3, "{} reads", reads(&trip) - before);
        assert!(state(&trip).sweep.is_none() && state(&trip).swept_at > swept);
        for gone in ["p0001", "p0002", "p1001"] {
            assert!(!trip.is_subscribed(gone), "{gone}");
        }
        let subscribed = (0..MANY).filter(|n| trip.is_subscribed(&format!("p{n:04}"))).count();
        assert_eq!(subscribed, MANY - 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_whose_place_is_forgotten_begins_again_and_at_last_waits() {
    let trip = many(WorldOptions::default()).await;
    let swept = state(&trip).swept_at;
    interrupt_after(&trip, 1);
    assert!(trip.world.poll(json!({"sweep": true})).await.is_err());
    let forgotten =
        || Fault::Status(400, json!([{"error_key": "contacts.api.validation.error"}]).to_string());
    // Each attempt reads the first page and finds that the second is not known; what changed is read before.
    let [changed, opted_out] = [Fault::None, Fault::None];
    let mut script = vec![changed, opted_out, forgotten()];
    for _ in 0..3 {
        script.extend([Fault::None, forgotten()]);
    }
    trip.world.constant_contact.script(Operation::ReadContacts, script);
    trip.world.poll(json!({})).await.unwrap();
    assert_eq!(state(&trip).swept_at, swept);
    assert!(state(&trip).sweep.is_none(), "it is given up");
    let before = reads(&trip);
    trip.pass(Duration::from_mins(20)).await;
    trip.world.poll(json!({})).await.unwrap();
    assert_eq!(reads(&trip) - before, 2, "it does not begin anew at every tick");
    sweep(&trip).await;
    assert!(state(&trip).swept_at > swept);
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_call_of_a_sweep_loses_nothing_of_it() {
    for calls in (0..).step_by(5) {
        let killer = Killer::new();
        let options = WorldOptions { before: Some(killer.before()), ..WorldOptions::default() };
        let trip = Trip::synced_with(&PEOPLE, options).await;
        let newsletter = trip.world.lists.newsletter.clone();
        assert!(trip.world.constant_contact.leave_list(&trip.contact("ada").id, &newsletter));
        assert!(trip.world.constant_contact.vanish(&trip.contact("ben").id));
        killer.aim(calls);
        let was_killed = killer.watch(trip.world.poll(json!({"sweep": true}))).await.is_none();
        killer.rest();
        trip.pass(DEAD).await;
        sweep(&trip).await;
        trip.full().await;
        for gone in ["ada", "ben"] {
            assert!(!trip.is_subscribed(gone), "killed after {calls} calls: {gone}");
            assert!(!trip.is_mailed(gone), "killed after {calls} calls: {gone}");
        }
        assert!(trip.is_mailed("cleo"), "killed after {calls} calls");
        if !was_killed {
            assert!(calls > 40, "{calls}");
            return;
        }
    }
}

const LONG: &str = "a-name-that-is-too-long-for-this-tenant";

#[tokio::test(start_paused = true)]
async fn a_refused_row_is_pinned_to_its_person_by_the_next_sweep() {
    for options in in_both() {
        let trip = Trip::new(&["ada", "ben", LONG], options);
        trip.world.constant_contact.switch(|switches| switches.import_email_characters_max = 30);
        let run = run_of(&trip.world.run(json!({"scope": "delta"})).await.unwrap());
        let list = || trip.object(&format!("runs/{run}/rejected.ndjson")).unwrap();
        assert_eq!(list(), "", "an import answers with counts only");
        trip.inbound().await;
        sweep(&trip).await;
        let named = list();
        assert!(named.contains(uid(LONG).as_str()) && named.contains("tried again"), "{named}");
        assert_eq!(named.lines().count(), 1, "{named}");
        assert!(!named.contains("example.com"), "{named}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_row_is_tried_again_after_one_two_and_four_days_and_not_before() {
    let trip = Trip::new(&["ada", LONG], WorldOptions::default());
    trip.world.constant_contact.switch(|switches| switches.import_email_characters_max = 30);
    let mut tried = Vec::new();
    let began = trip.world.now();
    for day in 0..12 {
        let before = trip.imports();
        trip.delta().await;
        if trip.imports() > before {
            tried.push(day);
        }
        trip.inbound().await;
        sweep(&trip).await;
        let before = trip.world.writes();
        let report = trip.full().await;
        assert_eq!(report.people.rejected, 1, "day {day}: {:?}", report.people);
        assert_eq!(trip.world.writes(), before, "nothing changed, so nothing is written");
        let morning = began + SignedDuration::from_hours(24 * (day + 1));
        trip.pass(morning.duration_since(trip.world.now()).unsigned_abs()).await;
    }
    assert_eq!(tried, [0, 1, 3, 7]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_row_is_tried_again_at_once_when_the_account_changes() {
    let trip = Trip::new(&["ada", LONG], WorldOptions::default());
    trip.world.constant_contact.switch(|switches| switches.import_email_characters_max = 30);
    trip.delta().await;
    trip.inbound().await;
    sweep(&trip).await;
    trip.edit(LONG, "profile.email", json!("short@example.com"));
    let report = trip.delta().await;
    assert_eq!((report.people.accepted, report.people.rejected), (1, 0), "{:?}", report.people);
    trip.inbound().await;
    assert!(trip.is_mailed(LONG));
    let quiet = trip.full().await;
    assert_eq!(quiet.people.unchanged, 2, "{:?}", quiet.people);
    assert_eq!(trip.object(keys::REFUSED).unwrap(), "{}");
}

/// A contact of the tenant's own, without a UID.
pub(crate) fn stranger(trip: &Trip, address: &str) -> String {
    trip.world.constant_contact.add_contact(Person::new(address, trip.world.now())).unwrap()
}
