//! `gigya-cc redrive`: batches that were given up on get another try, and nobody is lost or sent twice by it.

use std::time::Duration;

use aws_sdk_sqs::Client;
use operator::redrive::letter::{Action, Fate};
use operator::redrive::{Options, Redriven, Services, redrive, words};
use sandbox::aws::Aws;
use sandbox::world::{BUCKET, CUSTOMER, DEAD_LETTERS, QUEUE, SECRET_ID, WorldOptions};
use serde_json::{Value, json};
use shared::domain::report::{Report, State};
use shared::settings::env::UploadEnvironment;

use crate::trip::killer::Killer;
use crate::trip::{Trip, record, run_of};

const PEOPLE: [&str; 5] = ["ada", "ben", "cleo", "dora", "emil"];
/// Longer than a dead letter is in somebody's hand.
const OUT_OF_HAND: Duration = Duration::from_mins(6);

fn url(queue: &str) -> String {
    format!("http://127.0.0.1:9/000000000000/{queue}")
}

fn services_over(trip: &Trip, aws: &Aws) -> Services {
    let environment = UploadEnvironment {
        bucket: BUCKET.to_owned(),
        customer: CUSTOMER.into(),
        secret_id: SECRET_ID.to_owned(),
        queue_url: url(QUEUE).parse().unwrap(),
        dead_letter_queue_url: url(DEAD_LETTERS).parse().unwrap(),
    };
    Services::connect(&environment, &aws.sdk_config(), trip.world.clock)
}

async fn go(trip: &Trip, options: Options) -> Redriven {
    redrive(&services_over(trip, &trip.world.aws), &options).await.unwrap()
}

async fn list(trip: &Trip) -> Redriven {
    go(trip, Options::default()).await
}

async fn put_back(trip: &Trip) -> Redriven {
    go(trip, Options { yes: true, ..Options::default() }).await
}

fn fates(redriven: &Redriven) -> Vec<(Action, Fate)> {
    redriven.letters.iter().map(|letter| (letter.action, letter.fate)).collect()
}

/// A trip whose first run is announced, in batches of two people each, and whose inbound read is fresh.
async fn announced(names: &[&str]) -> (Trip, String) {
    let settings = |text| text + "\n[run]\nbatch_accounts = 2\n";
    let options = WorldOptions { settings: Some(settings), ..WorldOptions::default() };
    let trip = Trip::new(names, options);
    trip.world.poll(json!({})).await.unwrap();
    let run = run_of(&trip.world.export(json!({"scope": "full"})).await.unwrap());
    (trip, run)
}

fn batch(run: &str, ordinal: u32) -> String {
    format!("runs/{run}/batches/{ordinal:05}.ndjson.zst")
}

/// Breaks a staged batch; answers what it was.
fn break_batch(trip: &Trip, run: &str, ordinal: u32) -> Vec<u8> {
    let objects = trip.world.aws.objects();
    let whole = objects.get(BUCKET, &batch(run, ordinal)).unwrap().to_vec();
    objects.delete(BUCKET, &batch(run, ordinal));
    whole
}

fn mend_batch(trip: &Trip, run: &str, ordinal: u32, whole: Vec<u8>) {
    trip.world.aws.objects().put(BUCKET, &batch(run, ordinal), whole);
}

/// A trip whose first batch is a dead letter, mended since, and whose others are submitted.
async fn buried() -> (Trip, String) {
    let (trip, run) = announced(&PEOPLE).await;
    let whole = break_batch(&trip, &run, 0);
    assert_eq!(trip.world.deliver().await.unwrap(), 3);
    mend_batch(&trip, &run, 0, whole);
    (trip, run)
}

fn claim(trip: &Trip, run: &str, ordinal: u32) -> Value {
    serde_json::from_str(&trip.object(&format!("runs/{run}/claims/{ordinal:05}.json")).unwrap())
        .unwrap()
}

fn everybody_arrived(trip: &Trip, report: &Report) {
    assert_eq!(report.state, State::Settled, "{report:?}");
    report.people.balance().unwrap();
    assert_eq!(report.people.accepted, PEOPLE.len() as u64, "{:?}", report.people);
    for name in PEOPLE {
        assert!(trip.is_mailed(name), "{name} is not there");
    }
    assert_eq!(trip.world.constant_contact.contacts().len(), PEOPLE.len());
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_was_given_up_on_is_put_back_once_its_reason_is_mended_and_its_run_settles() {
    let (trip, run) = buried().await;
    let redriven = put_back(&trip).await;
    assert_eq!(fates(&redriven), [(Action::PutBack, Fate::RunWaits)]);
    insta::assert_snapshot!(words(&redriven), @r"
    SINCE                 RUN                    BATCH  PEOPLE  REASON                        WHAT REDRIVE DID
    2026-11-01 00:00 UTC  20261101T000000Z-full      0       2  the staged accounts are gone  put back: its run waits for it
    ");
    assert!(trip.dead_letters().is_empty());
    let messages = trip.world.aws.queues().messages(QUEUE);
    let [message] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!(message.group, CUSTOMER);
    assert!(message.attributes.is_empty(), "as it was announced");
    assert_eq!(claim(&trip, &run, 0)["stage"]["stage"], "reopened");

    let report = trip.persist_with(&run).await;
    everybody_arrived(&trip, &report);
    assert_eq!(trip.imports(), 3, "export did not announce it, too");
    trip.inbound().await;
    let writes = trip.world.writes();
    trip.full().await;
    assert_eq!(trip.world.writes(), writes, "both sides agree");
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_given_up_on_again_at_once_is_a_dead_letter_again_with_its_new_reason() {
    let (trip, run) = announced(&PEOPLE).await;
    let whole = break_batch(&trip, &run, 0);
    trip.world.deliver().await.unwrap();
    mend_batch(&trip, &run, 0, b"no accounts".to_vec());
    put_back(&trip).await;
    trip.world.deliver().await.unwrap();
    let listed = list(&trip).await;
    let [letter] = listed.letters.as_slice() else { panic!("{listed:?}") };
    assert!(letter.reason.contains("broken"), "{}", letter.reason);
    assert_eq!(letter.fate, Fate::RunWaits);

    mend_batch(&trip, &run, 0, whole);
    put_back(&trip).await;
    let report = trip.persist_with(&run).await;
    everybody_arrived(&trip, &report);
    assert!(trip.dead_letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_letter_whose_run_is_over_is_deleted_and_the_next_run_reads_its_people() {
    let (trip, run) = announced(&PEOPLE).await;
    break_batch(&trip, &run, 0);
    let report = trip.persist_with(&run).await;
    assert_eq!(report.state, State::Failed);
    assert!(!trip.is_mailed("ada"));
    let listed = list(&trip).await;
    assert_eq!(fates(&listed), [(Action::Delete, Fate::RunFailed)]);
    insta::assert_snapshot!(words(&listed), @r"
    SINCE                 RUN                    BATCH  PEOPLE  REASON                        WHAT REDRIVE WOULD DO
    2026-11-01 00:00 UTC  20261101T000000Z-full      0       2  the staged accounts are gone  delete: its run is over; the next run reads its people
    ");
    put_back(&trip).await;
    assert!(trip.dead_letters().is_empty() && trip.messages().is_empty());

    trip.delta().await;
    for name in PEOPLE {
        assert!(trip.is_mailed(name), "{name} is not there");
    }
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_cannot_be_read_stays_until_it_is_discarded_and_is_never_sent() {
    let (trip, run) = buried().await;
    trip.world
        .upload(vec![record("bad", "{\"version\":7,\"to\":\"ada@example.com\"}")])
        .await
        .unwrap();
    let gone =
        json!({"version": 1, "run": "gone", "batch": "b", "key": batch("gone", 0), "accounts": 1});
    trip.world.upload(vec![record("lost", &gone.to_string())]).await.unwrap();
    let keyless =
        json!({"version": 1, "run": run, "batch": "c", "key": "elsewhere", "accounts": 1});
    trip.world.upload(vec![record("keyless", &keyless.to_string())]).await.unwrap();

    let listed = list(&trip).await;
    let staying = [Fate::Unreadable, Fate::NoRun, Fate::NoBatch].map(|fate| (Action::Keep, fate));
    assert_eq!(fates(&listed)[1..], staying);
    let (table, json) = (words(&listed), json!(listed).to_string());
    insta::assert_snapshot!(table, @r"
    SINCE                 RUN                                             BATCH  PEOPLE  REASON                                                       WHAT REDRIVE WOULD DO
    2026-11-01 00:00 UTC  20261101T000000Z-full                               0       2  the staged accounts are gone                                 put back: its run waits for it
    2026-11-01 00:00 UTC  (message 2c493449-0000-4000-8000-000000000002)                 the message has version 7, and this program reads version 1  keep: only --discard deletes it
    2026-11-01 00:00 UTC  gone                                                0       1  the run that it names is not in the bucket                   keep: its run is not in the bucket; only --discard deletes it
    2026-11-01 00:00 UTC  20261101T000000Z-full                                       1  the key that it names is no batch's                          keep: its key is no batch's; only --discard deletes it
    ");
    assert!(!table.contains("example") && !json.contains("example"));

    put_back(&trip).await;
    assert_eq!(trip.dead_letters().len(), 3);
    assert_eq!(trip.messages().len(), 1);
    let discarded = go(&trip, Options { yes: true, discard: true, run: None }).await;
    assert!(discarded.letters.iter().all(|letter| letter.action == Action::Delete));
    assert!(trip.dead_letters().is_empty());
    assert_eq!(words(&list(&trip).await), "There are no dead letters.");
    let report = trip.persist_with(&run).await;
    everybody_arrived(&trip, &report);
}

#[tokio::test(start_paused = true)]
async fn listing_changes_nothing() {
    let (trip, run) = buried().await;
    let before = (claim(&trip, &run, 0), trip.dead_letters());
    let first = list(&trip).await;
    assert_eq!(fates(&first), [(Action::PutBack, Fate::RunWaits)]);
    assert_eq!(list(&trip).await, first);
    assert_eq!((claim(&trip, &run, 0), trip.dead_letters()), before);
    assert!(trip.messages().is_empty());
    assert_eq!(trip.world.aws.queues().depth(DEAD_LETTERS).in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_redrive_that_is_killed_at_any_call_loses_nothing_and_submits_nothing_twice() {
    for calls in 0.. {
        let (trip, run) = buried().await;
        let killer = Killer::new();
        let services = services_over(&trip, &trip.world.aws.with_before(killer.before()));
        let yes = Options { yes: true, ..Options::default() };
        killer.aim(calls);
        let done = killer.watch(Box::pin(redrive(&services, &yes))).await;
        killer.rest();
        let is_whole = done.is_some();
        // Upload may have the message before anybody looks again.
        if calls % 2 == 0 {
            trip.world.deliver().await.unwrap();
        }
        trip.pass(OUT_OF_HAND).await;
        put_back(&trip).await;
        let report = trip.persist_with(&run).await;
        everybody_arrived(&trip, &report);
        assert_eq!(trip.imports(), 3, "killed at call {calls}");
        put_back(&trip).await;
        assert!(trip.dead_letters().is_empty(), "killed at call {calls}");
        if is_whole {
            assert!(calls > 6, "count, receive, run, claim, claim, send, delete");
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_ten_are_shown_by_tens_and_put_back_in_one_go() {
    let names: Vec<String> = (0..24).map(|n| format!("p{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (trip, run) = announced(&names).await;
    let whole: Vec<Vec<u8>> = (0..12).map(|ordinal| break_batch(&trip, &run, ordinal)).collect();
    // One that stays is before them all, and in nobody's way.
    trip.world.upload(vec![record("bad", "{}")]).await.unwrap();
    trip.world.deliver().await.unwrap();
    assert_eq!(trip.dead_letters().len(), 13);
    for (ordinal, whole) in (0..).zip(whole) {
        mend_batch(&trip, &run, ordinal, whole);
    }
    let listed = list(&trip).await;
    assert_eq!((listed.letters.len(), listed.behind), (10, 3));
    assert!(words(&listed).ends_with("SQS shows ten of a group until they are gone."));
    let redriven = put_back(&trip).await;
    assert_eq!((redriven.letters.len(), redriven.behind), (13, 0));
    let ordinals: Vec<_> = redriven.letters.iter().filter_map(|letter| letter.ordinal).collect();
    assert_eq!(ordinals, (0..12).collect::<Vec<_>>(), "in their order");
    assert_eq!(trip.dead_letters().len(), 1);
    let report = trip.persist_with(&run).await;
    assert_eq!((report.state, report.people.accepted), (State::Settled, 24));
}

#[tokio::test(start_paused = true)]
async fn only_the_batches_of_the_run_that_is_asked_for_are_put_back_and_the_others_stay() {
    let (trip, run) = announced(&PEOPLE).await;
    break_batch(&trip, &run, 0);
    trip.persist_with(&run).await;
    trip.pass(Duration::from_mins(1)).await;
    let second = run_of(&trip.world.export(json!({"scope": "full"})).await.unwrap());
    let whole = break_batch(&trip, &second, 0);
    trip.world.poll(json!({})).await.unwrap();
    trip.world.deliver().await.unwrap();
    mend_batch(&trip, &second, 0, whole);

    let only = |run: &str| Options { run: Some(run.to_owned()), yes: true, discard: false };
    let redriven = go(&trip, only(&second)).await;
    assert_eq!(fates(&redriven), [(Action::PutBack, Fate::RunWaits)]);
    assert_eq!(redriven.others, 1);
    assert_eq!(fates(&list(&trip).await), [(Action::Delete, Fate::RunFailed)]);
    assert_eq!(
        words(&go(&trip, only(&second)).await),
        "No dead letter is of this run.\n\n1 are of other runs, or of none."
    );
    assert_eq!(trip.persist_with(&second).await.state, State::Settled);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_the_queue_itself_gave_up_on_goes_back_as_well() {
    let (trip, run) = announced(&PEOPLE).await;
    let client = Client::new(&trip.world.aws.sdk_config());
    // Each time it is visible again at once; the last time all three are moved.
    for _ in 0..=1_000 {
        let request = client.receive_message().queue_url(url(QUEUE)).visibility_timeout(0);
        request.max_number_of_messages(10).send().await.unwrap();
    }
    assert!(trip.messages().is_empty());
    let redriven = put_back(&trip).await;
    insta::assert_snapshot!(words(&redriven), @r"
    SINCE                 RUN                    BATCH  PEOPLE  REASON                                          WHAT REDRIVE DID
    2026-11-01 00:00 UTC  20261101T000000Z-full      0       2  it was received too often, and never done with  put back: its run waits for it
    2026-11-01 00:00 UTC  20261101T000000Z-full      1       2  it was received too often, and never done with  put back: its run waits for it
    2026-11-01 00:00 UTC  20261101T000000Z-full      2       1  it was received too often, and never done with  put back: its run waits for it
    ");
    assert_eq!(trip.messages().len(), 3);
    let report = trip.persist_with(&run).await;
    everybody_arrived(&trip, &report);
}

#[tokio::test(start_paused = true)]
async fn of_two_letters_of_one_batch_one_goes_back_and_the_other_is_deleted_once_it_is_submitted() {
    let (trip, run) = buried().await;
    let body = trip.world.aws.queues().messages(DEAD_LETTERS)[0].body.clone();
    trip.world.upload(vec![record("again", &body)]).await.unwrap();
    let redriven = put_back(&trip).await;
    let (back, other) = ((Action::PutBack, Fate::RunWaits), (Action::Keep, Fate::AnotherGoesBack));
    assert_eq!(fates(&redriven), [back, other]);
    trip.world.deliver().await.unwrap();
    assert_eq!(fates(&put_back(&trip).await), [(Action::Delete, Fate::Submitted)]);
    let report = trip.persist_with(&run).await;
    everybody_arrived(&trip, &report);
}
