//! `gigya-cc run`: the operator's run is export's run.

use std::time::Duration;

use export::Answer;
use operator::render::words_of_answer;
use operator::run::read;
use serde_json::{Value, json};
use shared::domain::run::Phase;
use shared::store::keys;

use super::{BUCKET, QUEUE, SETTINGS, World};

async fn run(world: &World, event: Value) -> (Answer, u32) {
    let mut stretches = 1;
    let services = world.export();
    let answer = Box::pin(read(&services, &world.clock, event, |_| stretches += 1)).await.unwrap();
    (answer, stretches)
}

#[tokio::test(start_paused = true)]
async fn a_run_is_staged_and_announced_and_its_report_is_named() {
    let world = World::new(3);
    let (answer, stretches) = run(&world, json!({"scope": "delta", "dry_run": false})).await;
    insta::assert_snapshot!(words_of_answer(&answer, BUCKET), @r#"
    Run 20261123T045000Z-full: everything is read and announced
    accounts  3
    batches   1
    report    s3://acme-sync/runs/20261123T045000Z-full/report.html
    "#);
    assert_eq!(stretches, 1);
    assert_eq!(world.aws.queues().depth(QUEUE).visible, 1);
    assert_eq!(world.tenant.calls().len(), 0, "export never calls Constant Contact");
}

#[tokio::test(start_paused = true)]
async fn a_second_run_is_refused_and_says_what_is_going_on() {
    let world = World::new(3);
    run(&world, json!({"scope": "full", "dry_run": true})).await;
    let (answer, _) = run(&world, json!({"scope": "sample", "accounts": 2})).await;
    insta::assert_snapshot!(words_of_answer(&answer, BUCKET), @r#"
    No run was started: another run is going on; ask again when it is settled.
    Run 20261123T045000Z-full: everything is read and announced
    "#);
    assert_eq!(world.aws.queues().depth(QUEUE).visible, 1);
}

#[tokio::test(start_paused = true)]
async fn resuming_without_a_run_does_nothing() {
    let world = World::new(3);
    let (answer, _) = run(&world, json!({"scope": "resume"})).await;
    insta::assert_snapshot!(words_of_answer(&answer, BUCKET), @"There was nothing to go on with.");
    assert_eq!(world.objects(), [keys::SETTINGS]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_takes_longer_than_an_invocation_is_read_to_its_end() {
    const PEOPLE: usize = 2_100;
    let world = World::new(PEOPLE);
    // Within two minutes of its signature, or Gigya refuses the request.
    world.site.switch(|switches| switches.answer_after = Duration::from_secs(100));
    let (answer, stretches) = run(&world, json!({"scope": "full"})).await;
    let Answer::Run { state, read, batches, .. } = answer else { panic!("{answer:?}") };
    assert_eq!((state, read), (Phase::Announced, PEOPLE as u64));
    assert!(stretches > 1, "one stretch was enough");
    assert_eq!(world.aws.queues().depth(QUEUE).visible, batches as usize);
}

#[tokio::test(start_paused = true)]
async fn a_run_with_broken_settings_is_not_started() {
    let world = World::new(3);
    world.put_settings(&SETTINGS.replace("api = \"v3\"", "api = \"v9\""));
    let services = world.export();
    let event = json!({"scope": "full"});
    let error = Box::pin(read(&services, &world.clock, event, |_| ())).await.unwrap_err();
    assert_eq!(error.kind(), "Settings");
    assert_eq!(world.objects(), [keys::SETTINGS]);
}
