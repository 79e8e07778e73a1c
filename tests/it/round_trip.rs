//! The trip, both ways, end to end: the unchanged functions in a simulated world.

use export::Answer;
use sandbox::people::{People, STORY_BEGINS};
use sandbox::world::{World, WorldOptions};
use serde_json::json;
use shared::domain::report::State;

/// A world with so many people in it, before anything ran.
pub(crate) fn world_of(seed: u64, people: u64) -> World {
    let world = World::new(STORY_BEGINS, WorldOptions::default());
    let population = People::new(seed);
    world.gigya.seed((0..people).map(|n| population.account(n)));
    world
}

fn run_of(answer: &Answer) -> String {
    match answer {
        Answer::Run { run, .. } => run.to_string(),
        Answer::Refused { .. } | Answer::Idle { .. } => panic!("no run was started: {answer:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_sync_takes_everybody_who_wants_it_and_a_quiet_day_writes_nothing() {
    let world = world_of(7, 1_000);
    let first = world.run(json!({"scope": "delta"})).await.unwrap();
    let report = world.report(&run_of(&first)).unwrap();
    println!("{}", serde_json::to_string_pretty(&report).unwrap());
    assert_eq!(report.state, State::Settled);
    report.people.balance().unwrap();
    assert!(report.people.accepted > 700, "{:?}", report.people);
    assert_eq!(world.constant_contact.contacts().len() as u64, report.people.accepted);
    world.settle_inbound().await.unwrap();

    let before = world.writes();
    let second = world.run(json!({"scope": "delta"})).await.unwrap();
    let report = world.report(&run_of(&second)).unwrap();
    println!("{}", serde_json::to_string_pretty(&report).unwrap());
    world.settle_inbound().await.unwrap();
    let full = world.run(json!({"scope": "full"})).await.unwrap();
    let report = world.report(&run_of(&full)).unwrap();
    println!("{}", serde_json::to_string_pretty(&report).unwrap());
    assert_eq!(report.people.accepted, 0);
    assert_eq!(world.writes(), before);
}
