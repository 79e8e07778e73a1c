//! The stand-ins for AWS keep AWS's promises, as the unchanged SDK clients see them, and our wrappers make of them what they
//! say. Where a promise is AWS's own, its source stands at the stand-in.

mod buckets;
mod loopback;
mod messages;
mod runtime_api;
mod secret;

use sandbox::aws::{Aws, QueueSettings, sqs::Redrive};
use shared::invocation::Clock;

const BUCKET: &str = "acme-sync";
const QUEUE: &str = "batches.fifo";
const DEAD_LETTERS: &str = "dead-letters.fifo";
const RECEIVES_MAX: u32 = 3;

/// An AWS with one bucket, one queue and its dead letters, on the eve of a run.
fn aws() -> Aws {
    aws_by(Clock::starting_at("2026-11-23T04:50:00Z".parse().unwrap()))
}

fn aws_by(clock: Clock) -> Aws {
    let aws = Aws::new(clock);
    aws.objects().create_bucket(BUCKET);
    let redrive = Redrive { dead_letters: DEAD_LETTERS.to_owned(), receives_max: RECEIVES_MAX };
    aws.queues().create(DEAD_LETTERS, QueueSettings::default());
    aws.queues().create(QUEUE, QueueSettings { redrive: Some(redrive), ..Default::default() });
    aws
}
