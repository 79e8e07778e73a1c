//! The queues, through our wrapper and the SDK, in process and under a paused clock.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry,
};
use sandbox::aws::Aws;
use shared::domain::{BatchId, BatchMessage, CustomerName, Dispose as _, Disposition, RunId};
use shared::http::call;
use shared::queue::{DeadLetters, HIDE_SECONDS_MAX, Queue};

use super::{DEAD_LETTERS, QUEUE, RECEIVES_MAX, aws};

fn client(aws: &Aws) -> Client {
    Client::new(&aws.sdk_config())
}

fn url(name: &str) -> String {
    format!("https://sqs.eu-central-1.amazonaws.com/000000000000/{name}")
}

async fn send(client: &Client, group: &str, body: &str) {
    let request = client.send_message().queue_url(url(QUEUE)).message_group_id(group);
    request.message_deduplication_id(body).message_body(body).send().await.unwrap();
}

async fn receive(client: &Client, queue: &str, most: i32) -> Vec<Message> {
    let request = client.receive_message().queue_url(url(queue)).max_number_of_messages(most);
    let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
    request.message_attribute_names("All").send().await.unwrap().messages.unwrap_or_default()
}

async fn bodies(client: &Client, most: i32) -> Vec<String> {
    let messages = receive(client, QUEUE, most).await;
    messages.into_iter().map(|message| message.body.unwrap()).collect()
}

async fn delete(client: &Client, message: &Message) {
    let handle = message.receipt_handle.as_deref().unwrap();
    client.delete_message().queue_url(url(QUEUE)).receipt_handle(handle).send().await.unwrap();
}

fn announcement(ordinal: u32) -> BatchMessage {
    let run: RunId = "20261123T045000Z-delta".into();
    let batch = BatchId::derive(&"acme".into(), &run, ordinal);
    let key = format!("runs/{run}/batches/{ordinal:05}.ndjson.zst");
    BatchMessage { run, batch, key, accounts: 17 }
}

#[tokio::test(start_paused = true)]
async fn an_announcement_arrives_as_it_was_made_in_the_group_of_its_customer() {
    let aws = aws();
    let queue = Queue::new(client(&aws), url(QUEUE));
    let (message, customer) = (announcement(0), CustomerName::from("acme"));
    queue.announce(&message, message.batch.as_str(), &customer).await.unwrap();
    let received = receive(&client(&aws), QUEUE, 10).await;
    let [received] = received.as_slice() else { panic!("one message, not {}", received.len()) };
    assert_eq!(BatchMessage::parse(received.body().unwrap()), Ok(message.clone()));
    let attribute = |name| received.attributes().unwrap()[&name].as_str();
    assert_eq!(attribute(MessageSystemAttributeName::MessageGroupId), "acme");
    assert_eq!(
        attribute(MessageSystemAttributeName::MessageDeduplicationId),
        message.batch.as_str()
    );
    assert_eq!(attribute(MessageSystemAttributeName::ApproximateReceiveCount), "1");
    assert_eq!(attribute(MessageSystemAttributeName::SentTimestamp), "1795409400000");
}

#[tokio::test(start_paused = true)]
async fn a_message_announced_twice_within_five_minutes_is_there_once() {
    let aws = aws();
    let queue = Queue::new(client(&aws), url(QUEUE));
    let (message, customer) = (announcement(0), CustomerName::from("acme"));
    let announce = async |id: &str| queue.announce(&message, id, &customer).await.unwrap();
    announce("b0").await;
    call::wait(Duration::from_secs(299)).await;
    announce("b0").await;
    assert_eq!(aws.queues().messages(QUEUE).len(), 1);
    announce("b0-again").await;
    assert_eq!(aws.queues().messages(QUEUE).len(), 2);
    call::wait(Duration::from_secs(1)).await;
    announce("b0").await;
    assert_eq!(aws.queues().messages(QUEUE).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_deleted_is_still_remembered() {
    let aws = aws();
    let client = client(&aws);
    send(&client, "acme", "b0").await;
    delete(&client, &receive(&client, QUEUE, 1).await[0]).await;
    send(&client, "acme", "b0").await;
    assert!(receive(&client, QUEUE, 1).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_group_with_a_message_in_flight_gives_nothing_until_it_is_deleted() {
    let aws = aws();
    let client = client(&aws);
    for (group, body) in [("acme", "a0"), ("acme", "a1"), ("other", "o0")] {
        send(&client, group, body).await;
    }
    let first = receive(&client, QUEUE, 1).await;
    assert_eq!(first[0].body(), Some("a0"));
    assert_eq!(bodies(&client, 10).await, ["o0"]);
    assert_eq!(bodies(&client, 10).await, Vec::<String>::new());
    delete(&client, &first[0]).await;
    assert_eq!(bodies(&client, 10).await, ["a1"]);
}

#[tokio::test(start_paused = true)]
async fn one_receive_may_give_several_of_a_group_in_order() {
    let aws = aws();
    let client = client(&aws);
    for number in 0..12 {
        send(&client, "acme", &format!("a{number:02}")).await;
    }
    let expected: Vec<String> = (0..10).map(|number| format!("a{number:02}")).collect();
    assert_eq!(bodies(&client, 10).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_visibility_ran_out_comes_again_first_and_its_old_receipt_is_dead() {
    let aws = aws();
    let client = client(&aws);
    send(&client, "acme", "a0").await;
    send(&client, "acme", "a1").await;
    let first = receive(&client, QUEUE, 1).await.remove(0);
    call::wait(Duration::from_secs(29)).await;
    assert!(receive(&client, QUEUE, 1).await.is_empty());
    call::wait(Duration::from_secs(1)).await;
    let again = receive(&client, QUEUE, 1).await.remove(0);
    assert_eq!((again.body(), &again.message_id), (Some("a0"), &first.message_id));
    assert_ne!(again.receipt_handle, first.receipt_handle);
    let old = first.receipt_handle.as_deref().unwrap();
    let late = client.delete_message().queue_url(url(QUEUE)).receipt_handle(old).send().await;
    assert!(late.unwrap_err().raw_response().is_some_and(|r| r.status().as_u16() == 400));
    delete(&client, &again).await;
    delete(&client, &again).await;
    assert_eq!(bodies(&client, 10).await, ["a1"]);
}

#[tokio::test(start_paused = true)]
async fn a_hidden_message_keeps_its_group_waiting_and_zero_seconds_end_it() {
    let aws = aws();
    let (client, queue) = (client(&aws), Queue::new(client(&aws), url(QUEUE)));
    send(&client, "acme", "a0").await;
    send(&client, "acme", "a1").await;
    let message = receive(&client, QUEUE, 1).await.remove(0);
    let handle = message.receipt_handle.as_deref().unwrap();
    queue.hide_for(handle, Duration::from_hours(3)).await.unwrap();
    call::wait(Duration::from_hours(3) - Duration::from_secs(1)).await;
    assert_eq!(bodies(&client, 10).await, Vec::<String>::new());
    call::wait(Duration::from_secs(1)).await;
    let message = receive(&client, QUEUE, 1).await.remove(0);
    queue.hide(message.receipt_handle.as_deref().unwrap(), 0).await.unwrap();
    assert_eq!(bodies(&client, 10).await, ["a0", "a1"]);
}

#[tokio::test(start_paused = true)]
async fn hiding_for_too_long_is_cut_to_what_the_queue_takes_at_the_end_of_an_invocation() {
    let aws = aws();
    let (client, queue) = (client(&aws), Queue::new(client(&aws), url(QUEUE)));
    let request = client.receive_message().queue_url(url(QUEUE)).visibility_timeout(5_400);
    send(&client, "acme", "a0").await;
    let message = request.send().await.unwrap().messages.unwrap().remove(0);
    let handle = message.receipt_handle.as_deref().unwrap();
    call::wait(Duration::from_mins(15)).await;
    let too_long = client.change_message_visibility().queue_url(url(QUEUE)).receipt_handle(handle);
    assert!(too_long.visibility_timeout(43_200).send().await.is_err());
    queue.hide(handle, u32::MAX).await.unwrap();
    call::wait(Duration::from_secs(u64::from(HIDE_SECONDS_MAX) - 1)).await;
    assert!(receive(&client, QUEUE, 1).await.is_empty());
    call::wait(Duration::from_secs(1)).await;
    assert_eq!(bodies(&client, 1).await, ["a0"]);
}

#[tokio::test(start_paused = true)]
async fn hiding_with_a_dead_receipt_concerns_that_message_only() {
    let aws = aws();
    let (client, queue) = (client(&aws), Queue::new(client(&aws), url(QUEUE)));
    send(&client, "acme", "a0").await;
    let message = receive(&client, QUEUE, 1).await.remove(0);
    delete(&client, &message).await;
    for handle in [message.receipt_handle.as_deref().unwrap(), "no receipt"] {
        let error = queue.hide(handle, 60).await.unwrap_err();
        assert_eq!(error.disposition(), Disposition::Reject, "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_received_too_often_moves_to_the_dead_letters_and_frees_its_group() {
    let aws = aws();
    let client = client(&aws);
    send(&client, "acme", "poison").await;
    send(&client, "acme", "good").await;
    for _ in 0..RECEIVES_MAX {
        assert_eq!(bodies(&client, 1).await, ["poison"]);
        call::wait(Duration::from_secs(30)).await;
    }
    assert_eq!(bodies(&client, 10).await, ["good"]);
    let dead = receive(&client, DEAD_LETTERS, 10).await;
    assert_eq!(dead[0].body(), Some("poison"));
    assert_eq!(
        dead[0].attributes().unwrap()[&MessageSystemAttributeName::DeadLetterQueueSourceArn],
        format!("arn:aws:sqs:us-east-1:000000000000:{QUEUE}")
    );
}

#[tokio::test(start_paused = true)]
async fn a_buried_message_keeps_its_body_and_says_why() {
    let aws = aws();
    let letters = DeadLetters::new(client(&aws), url(DEAD_LETTERS));
    letters.bury("not even JSON", "unreadable:\nline 1", "acme", "m1").await.unwrap();
    letters.bury("not even JSON", "unreadable:\nline 1", "acme", "m1").await.unwrap();
    let buried = receive(&client(&aws), DEAD_LETTERS, 10).await;
    assert_eq!(buried.len(), 1);
    assert_eq!(buried[0].body(), Some("not even JSON"));
    let reason = &buried[0].message_attributes().unwrap()["reason"];
    assert_eq!(reason.string_value(), Some("unreadable: line 1"));
    // Computed apart from the sandbox, by the rule of the developer guide.
    assert_eq!(buried[0].md5_of_message_attributes(), Some("46ee21e15ccbb8e5dd939ac61adb9d82"));
    assert_eq!(buried[0].md5_of_body(), Some("028c29e3e81d8ea54ffa4b8ab96a7f86"));
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_messages_succeeds_and_fails_one_by_one() {
    let aws = aws();
    let client = client(&aws);
    let entry = |id: &str, group: Option<&str>| {
        let entry = SendMessageBatchRequestEntry::builder().id(id).message_body(id);
        entry.set_message_group_id(group.map(str::to_owned)).message_deduplication_id(id).build()
    };
    let request = client.send_message_batch().queue_url(url(QUEUE));
    let request = request.entries(entry("a0", Some("acme")).unwrap());
    let answer = request.entries(entry("a1", None).unwrap()).send().await.unwrap();
    assert_eq!((answer.successful()[0].id(), answer.failed()[0].id()), ("a0", "a1"));
    assert_eq!(answer.failed()[0].code(), "MissingParameter");

    let message = receive(&client, QUEUE, 10).await.remove(0);
    let entry = |id: &str, handle: &str| {
        DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(handle).build().unwrap()
    };
    let request = client.delete_message_batch().queue_url(url(QUEUE));
    let request = request.entries(entry("0", message.receipt_handle.as_deref().unwrap()));
    let answer = request.entries(entry("1", "no receipt")).send().await.unwrap();
    assert_eq!((answer.successful()[0].id(), answer.failed()[0].id()), ("0", "1"));
    assert!(aws.queues().messages(QUEUE).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_waiting_receive_gets_what_arrives_meanwhile() {
    let aws = aws();
    let client = client(&aws);
    let request = client.receive_message().queue_url(url(QUEUE)).wait_time_seconds(20);
    let late = async {
        call::wait(Duration::from_secs(7)).await;
        send(&client, "acme", "a0").await;
    };
    let (received, ()) = tokio::join!(request.send(), late);
    assert_eq!(received.unwrap().messages().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_depth_of_a_queue_can_be_asked_for() {
    let aws = aws();
    let client = client(&aws);
    send(&client, "acme", "a0").await;
    send(&client, "other", "o0").await;
    receive(&client, QUEUE, 1).await;
    let request = client.get_queue_attributes().queue_url(url(QUEUE));
    let answer = request.attribute_names(QueueAttributeName::All).send().await.unwrap();
    let attribute = |name| answer.attributes().unwrap()[&name].clone();
    assert_eq!(attribute(QueueAttributeName::ApproximateNumberOfMessages), "1");
    assert_eq!(attribute(QueueAttributeName::ApproximateNumberOfMessagesNotVisible), "1");
    assert!(attribute(QueueAttributeName::RedrivePolicy).contains("\"maxReceiveCount\":3"));
    let found = client.get_queue_url().queue_name(QUEUE).send().await.unwrap();
    assert!(found.queue_url().unwrap().ends_with(QUEUE));
    assert!(client.get_queue_url().queue_name("none.fifo").send().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_not_there_halts() {
    let aws = aws();
    let queue = Queue::new(client(&aws), url("elsewhere.fifo"));
    let error = queue.announce(&announcement(0), "b0", &"acme".into()).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Halt);
    assert_eq!(error.to_string(), "message b0 could not be announced");
}
