//! The bucket, through our wrapper and the SDK, in process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use sandbox::aws::{Aws, Fate};
use serde_json::{Value, json};
use shared::domain::{Dispose as _, Disposition};
use shared::store::bucket::{
    BYTES, Bucket, BucketError, CONFLICT_SCHEDULE, Changed, ETag, JSON, Put,
};

use super::{BUCKET, aws};

const RACERS: usize = 32;

fn bucket(aws: &Aws) -> Bucket {
    Bucket::connect(&aws.sdk_config(), BUCKET)
}

fn done(put: Put) -> ETag {
    match put {
        Put::Done(etag) => etag,
        Put::Taken => panic!("the put was taken"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_put_is_read_back_whole_and_its_tag_names_the_version() {
    let bucket = bucket(&aws());
    let bytes = Bytes::from(vec![7; 3_000_000]);
    let first = bucket.put("runs/r1/batches/00000", bytes.clone(), BYTES).await.unwrap();
    let object = bucket.get("runs/r1/batches/00000").await.unwrap().unwrap();
    assert_eq!((object.bytes, object.etag), (bytes, first.clone()));
    let second = bucket.put("runs/r1/batches/00000", "other", BYTES).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(bucket.get("runs/r1/batches/00001").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn of_many_puts_of_a_new_object_exactly_one_is_done() {
    let bucket = bucket(&aws());
    let puts = (0..RACERS).map(|racer| bucket.put_new("claim", racer.to_string(), JSON));
    let puts = join_all(puts).await;
    let winners: Vec<usize> =
        (0..RACERS).filter(|i| puts[*i].as_ref().unwrap() != &Put::Taken).collect();
    assert_eq!(winners.len(), 1);
    let object = bucket.get("claim").await.unwrap().unwrap();
    assert_eq!(object.bytes, winners[0].to_string());
}

#[tokio::test(start_paused = true)]
async fn of_many_replacements_of_one_version_exactly_one_is_done() {
    let bucket = bucket(&aws());
    let known = bucket.put("ledger", "0", JSON).await.unwrap();
    let puts = (1..=RACERS).map(|racer| bucket.replace("ledger", racer.to_string(), JSON, &known));
    let puts = join_all(puts).await;
    assert_eq!(puts.into_iter().filter(|put| put.as_ref().unwrap() != &Put::Taken).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_stale_or_gone_is_not_replaced() {
    let bucket = bucket(&aws());
    let stale = bucket.put("state", "1", JSON).await.unwrap();
    let fresh = done(bucket.replace("state", "2", JSON, &stale).await.unwrap());
    assert_eq!(bucket.replace("state", "3", JSON, &stale).await.unwrap(), Put::Taken);
    bucket.delete("state").await.unwrap();
    assert_eq!(bucket.replace("state", "3", JSON, &fresh).await.unwrap(), Put::Taken);
    assert_eq!(bucket.get("state").await.unwrap(), None);
    bucket.delete("state").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_put_whose_answer_was_lost_comes_back_as_taken_and_holds_what_was_put() {
    let aws = aws();
    let (lossy, calls) = with_first_calls(&aws, 1, Fate::AnswerLost);
    let bucket = Bucket::connect(&lossy.sdk_config_with_retries(), BUCKET);
    let put = bucket.put_new("claim", "mine", JSON).await.unwrap();
    assert_eq!((put, calls.load(Ordering::Relaxed)), (Put::Taken, 2));
    assert_eq!(aws.objects().get(BUCKET, "claim").unwrap(), "mine");
}

/// The same AWS, whose first calls meet this fate.
fn with_first_calls(aws: &Aws, first: usize, fate: Fate) -> (Aws, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let aws = aws.with_before(Arc::new(move |_| {
        let is_first = counted.fetch_add(1, Ordering::Relaxed) < first;
        std::future::ready(if is_first { fate } else { Fate::Answered }).boxed()
    }));
    (aws, calls)
}

#[tokio::test(start_paused = true)]
async fn a_put_that_met_another_one_in_flight_is_tried_again_and_then_counts_as_taken() {
    const CONFLICT: Fate = Fate::Refused { status: 409, code: "ConditionalRequestConflict" };
    let aws = aws();
    let (once, _) = with_first_calls(&aws, 1, CONFLICT);
    done(bucket(&once).put_new("claim", "mine", JSON).await.unwrap());
    let (always, calls) = with_first_calls(&aws, usize::MAX, CONFLICT);
    assert_eq!(bucket(&always).put_new("other", "mine", JSON).await.unwrap(), Put::Taken);
    assert_eq!(calls.load(Ordering::Relaxed), 1 + CONFLICT_SCHEDULE.len());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_disposed_of_by_its_code() {
    let aws = aws();
    for (status, code, disposition) in [
        (503, "SlowDown", Disposition::Retry { after: None }),
        (403, "AccessDenied", Disposition::Halt),
    ] {
        let (refusing, _) = with_first_calls(&aws, 1, Fate::Refused { status, code });
        let error = bucket(&refusing).get("state/run.json").await.unwrap_err();
        assert_eq!(error.disposition(), disposition, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_arrives_is_worth_another_attempt() {
    let aws = aws();
    let deaf = aws.with_before(Arc::new(|_| std::future::ready(Fate::RequestLost).boxed()));
    let error = bucket(&deaf).put("state", "1", JSON).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry { after: None });
    assert_eq!(aws.objects().get(BUCKET, "state"), None);
}

#[tokio::test(start_paused = true)]
async fn a_listing_has_every_page_in_order_and_nothing_else() {
    const KEYS: usize = 2_345;
    let aws = aws();
    for number in 0..KEYS {
        aws.objects().put(BUCKET, &format!("runs/r1/{number:05}"), "x");
    }
    aws.objects().put(BUCKET, "runs/r10", "x");
    aws.objects().put(BUCKET, "state/run.json", "x");
    let bucket = bucket(&aws);
    let keys = bucket.list("runs/r1/").await.unwrap();
    assert_eq!(keys, (0..KEYS).map(|number| format!("runs/r1/{number:05}")).collect::<Vec<_>>());
    bucket.delete_many(keys).await.unwrap();
    assert_eq!(bucket.list("").await.unwrap(), ["runs/r10", "state/run.json"]);
    assert_eq!(bucket.list("nothing/").await.unwrap(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_listing_without_an_end_is_given_up_on() {
    let aws = aws();
    for number in 0..=100_000 {
        aws.objects().put(BUCKET, &format!("{number:06}"), "");
    }
    let error = bucket(&aws).list("").await.unwrap_err();
    assert!(matches!(error, BucketError::TooMany { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn settings_are_read_again_only_when_they_changed() {
    let bucket = bucket(&aws());
    let known = bucket.put("config/sync.toml", "a = 1", BYTES).await.unwrap();
    assert_eq!(bucket.get_if_changed("config/sync.toml", &known).await.unwrap(), Changed::No);
    let newer = bucket.put("config/sync.toml", "a = 2", BYTES).await.unwrap();
    let Changed::Yes(object) = bucket.get_if_changed("config/sync.toml", &known).await.unwrap()
    else {
        panic!("it changed");
    };
    assert_eq!((object.bytes.as_ref(), object.etag), (b"a = 2".as_slice(), newer.clone()));
    bucket.delete("config/sync.toml").await.unwrap();
    assert_eq!(bucket.get_if_changed("config/sync.toml", &newer).await.unwrap(), Changed::Gone);
}

#[tokio::test(start_paused = true)]
async fn a_document_keeps_its_version_and_a_broken_one_is_named_but_not_quoted() {
    let aws = aws();
    let bucket = bucket(&aws);
    let value = json!({"confirmed_through": "2026-11-23T04:50:00Z"});
    let etag = done(bucket.put_json_new("state/watermarks.json", &value).await.unwrap());
    assert_eq!(bucket.put_json_new("state/watermarks.json", &value).await.unwrap(), Put::Taken);
    let document = bucket.get_json::<Value>("state/watermarks.json").await.unwrap().unwrap();
    assert_eq!((document.value, document.etag), (value, etag.clone()));
    done(bucket.replace_json("state/watermarks.json", &json!({}), &etag).await.unwrap());
    assert!(bucket.get_json::<Value>("state/run.json").await.unwrap().is_none());

    aws.objects().put(BUCKET, "state/run.json", "\"ada@example.com\"");
    let error = bucket.get_json::<u32>("state/run.json").await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Reject);
    let text = format!("{error} {error:?}");
    assert!(text.contains("state/run.json") && !text.contains("ada"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_object_can_be_read_piece_by_piece() {
    let aws = aws();
    aws.objects().put(BUCKET, "staged", vec![9; 1_000_000]);
    let bucket = bucket(&aws);
    let mut reading = bucket.open("staged").await.unwrap().unwrap();
    let mut length = 0;
    while let Some(chunk) = reading.chunk().await.unwrap() {
        length += chunk.len();
    }
    assert_eq!(length, 1_000_000);
    assert!(bucket.open("nothing").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_not_there_halts_and_says_which() {
    let aws = aws();
    let bucket = Bucket::connect(&aws.sdk_config(), "elsewhere");
    for error in [
        bucket.get("state/run.json").await.unwrap_err(),
        bucket.put("state/run.json", "{}", JSON).await.unwrap_err(),
        bucket.put_new("state/run.json", "{}", JSON).await.unwrap_err(),
        bucket.list("state/").await.unwrap_err(),
    ] {
        assert_eq!(error.disposition(), Disposition::Halt);
        assert!(error.to_string().contains("in bucket elsewhere could not be"), "{error}");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.starts_with("AWS answered NoSuchBucket (status 404"), "{source}");
    }
}
