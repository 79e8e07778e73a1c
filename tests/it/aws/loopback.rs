//! The same stand-ins on loopback, with the clients as a real binary makes them.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::primitives::ByteStream;
use futures_util::future::join_all;
use sandbox::aws::{Aws, Loopback};
use shared::domain::CustomerName;
use shared::invocation::Clock;
use shared::queue::Queue;
use shared::store::bucket::{Bucket, JSON, Put};
use tokio::net::TcpListener;

use super::{BUCKET, QUEUE, aws_by};

async fn serve() -> (Aws, Loopback, SdkConfig) {
    let aws = aws_by(Clock::System);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let loopback = aws.clone().serve(listener).unwrap();
    let credentials = Credentials::builder()
        .access_key_id("any")
        .secret_access_key("will do")
        .provider_name("test")
        .build();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(loopback.url())
        .timeout_config(shared::aws::timeouts())
        .build();
    (aws, loopback, config)
}

#[tokio::test]
async fn a_bucket_on_loopback_lets_exactly_one_claim_win() {
    let (_aws, _loopback, config) = serve().await;
    let bucket = Bucket::new(aws_sdk_s3::Client::new(&config), BUCKET);
    let puts = join_all((0..32).map(|racer| bucket.put_new("a key/ü+%", racer.to_string(), JSON)));
    let winners = puts.await.into_iter().filter(|put| put.as_ref().unwrap() != &Put::Taken);
    assert_eq!(winners.count(), 1);
    assert_eq!(bucket.list("a key/").await.unwrap(), ["a key/ü+%"]);
    bucket.delete_many(["a key/ü+%".to_owned()]).await.unwrap();
    assert_eq!(bucket.get("a key/ü+%").await.unwrap(), None);
}

#[tokio::test]
async fn a_body_that_is_streamed_from_a_file_arrives_whole() {
    const LENGTH: usize = 3_000_001;
    let (aws, _loopback, config) = serve().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body");
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(LENGTH).collect();
    std::fs::write(&path, &bytes).unwrap();
    let put = aws_sdk_s3::Client::new(&config).put_object().bucket(BUCKET).key("streamed");
    put.body(ByteStream::from_path(&path).await.unwrap()).send().await.unwrap();
    assert_eq!(aws.objects().get(BUCKET, "streamed").unwrap(), bytes);
}

#[tokio::test]
async fn a_message_on_loopback_is_announced_and_received() {
    let (aws, _loopback, config) = serve().await;
    let client = aws_sdk_sqs::Client::new(&config);
    let found = client.get_queue_url().queue_name(QUEUE).send().await.unwrap();
    let queue = Queue::new(client.clone(), found.queue_url().unwrap());
    let message = shared::domain::BatchMessage {
        run: "r1".into(),
        batch: "acme.r1.00000".into(),
        key: "runs/r1/batches/00000.ndjson.zst".to_owned(),
        accounts: 1,
    };
    queue.announce(&message, "acme.r1.00000", &CustomerName::from("acme")).await.unwrap();
    let request = client.receive_message().queue_url(found.queue_url().unwrap());
    let received = request.send().await.unwrap();
    assert_eq!(received.messages()[0].body(), Some(message.to_body().as_str()));
    assert_eq!(aws.queues().depth(QUEUE).in_flight, 1);
}

#[tokio::test]
async fn a_secret_on_loopback_is_read() {
    let (aws, _loopback, config) = serve().await;
    aws.vault().put("acme", "a text");
    let client = aws_sdk_secretsmanager::Client::new(&config);
    let read = client.get_secret_value().secret_id("acme").send().await.unwrap();
    assert_eq!(read.secret_string(), Some("a text"));
}
