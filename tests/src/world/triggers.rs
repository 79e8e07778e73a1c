//! What AWS does by itself: schedules that tick, and the event source that drives upload.

use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use aws_sdk_sqs::types::Message;
use export::{Answer, ExportError};
use poll::PollError;
use serde_json::{Value, json};
use shared::domain::run::RunLease;
use shared::http::call;
use upload::UploadError;

use super::{BUCKET, Function, TICK, World};

/// Ticks after which a run that does not settle is given up on by whoever waits for it.
pub const TICKS_MAX: u32 = 400;

/// Why a tick failed: a function's own error.
#[derive(Debug, thiserror::Error)]
pub enum TickError {
    /// Export failed.
    #[error("export failed")]
    Export(#[from] ExportError),
    /// Upload failed.
    #[error("upload failed")]
    Upload(#[from] UploadError),
    /// Poll failed.
    #[error("poll failed")]
    Poll(#[from] PollError),
    /// The run did not settle.
    #[error("the run did not settle within {TICKS_MAX} ticks")]
    Endless,
}

impl World {
    /// Invokes export.
    ///
    /// # Errors
    /// As export does.
    pub async fn export(&self, event: Value) -> Result<Answer, ExportError> {
        Box::pin(export::handle(
            &self.functions.started.export,
            event,
            &self.invocation(Function::Export),
        ))
        .await
    }

    /// Invokes poll.
    ///
    /// # Errors
    /// As poll does.
    pub async fn poll(&self, event: Value) -> Result<poll::Answer, PollError> {
        let answer = Box::pin(poll::handle(
            &self.functions.started.poll,
            event,
            &self.invocation(Function::Poll),
        ))
        .await?;
        if let poll::Answer::Done { inbound: Some(inbound), .. } = &answer {
            self.inbound.borrow_mut().merge(inbound);
        }
        Ok(answer)
    }

    /// Invokes upload with these messages. Answers which of them go back.
    ///
    /// # Errors
    /// As upload does.
    pub async fn upload(&self, records: Vec<SqsMessage>) -> Result<Vec<String>, UploadError> {
        let mut event = SqsEvent::default();
        event.records = records;
        let answer = Box::pin(upload::handle(
            &self.functions.started.upload,
            event,
            &self.invocation(Function::Upload),
        ))
        .await?;
        Ok(answer.batch_item_failures.into_iter().map(|item| item.item_identifier).collect())
    }

    /// Does what the event source does: receives a message, invokes upload, and deletes the message unless it goes back;
    /// until no message is visible. Answers how many batches are done with.
    ///
    /// # Errors
    /// As upload does; the message shows itself again when its visibility runs out.
    ///
    /// # Panics
    /// When the stand-in for SQS refuses, which it does not.
    pub async fn deliver(&self) -> Result<u64, UploadError> {
        let mut done = 0;
        loop {
            let Some(message) = self.receive(1).await.pop() else { return Ok(done) };
            let receipt = message.receipt_handle.clone().unwrap_or_default();
            if !self.upload(vec![message]).await?.is_empty() {
                return Ok(done);
            }
            self.delete_message(receipt).await;
            done += 1;
        }
    }

    /// Deletes a message that is done with.
    ///
    /// # Panics
    /// When the stand-in for SQS refuses, which it does not.
    pub async fn delete_message(&self, receipt: String) {
        let request = self.sqs.delete_message().queue_url(self.queue_url.as_str());
        request.receipt_handle(receipt).send().await.expect("SQS answers");
    }

    /// Receives up to so many messages, which are in flight from then on.
    ///
    /// # Panics
    /// When the stand-in for SQS refuses, which it does not.
    pub async fn receive(&self, most: i32) -> Vec<SqsMessage> {
        let request = self.sqs.receive_message().queue_url(self.queue_url.as_str());
        let answer = request.max_number_of_messages(most).send().await.expect("SQS answers");
        answer.messages.unwrap_or_default().into_iter().map(record).collect()
    }

    /// Five minutes of production: export goes on, poll looks, messages are delivered, and the time passes.
    ///
    /// # Errors
    /// When a function fails; the others were invoked all the same.
    pub async fn tick(&self) -> Result<(), TickError> {
        let exported = self.export(json!({"scope": "resume"})).await;
        let polled = self.poll(json!({})).await;
        let delivered = self.deliver().await;
        self.pass(TICK).await;
        exported?;
        polled?;
        delivered?;
        Ok(())
    }

    /// Lets time pass.
    pub async fn pass(&self, duration: Duration) {
        call::wait(duration).await;
    }

    /// Asks for a run and ticks until it is settled. Answers what export answered.
    ///
    /// # Errors
    /// When a function fails, or the run does not settle.
    pub async fn run(&self, event: Value) -> Result<Answer, TickError> {
        let answer = self.export(event).await?;
        for _ in 0..TICKS_MAX {
            self.tick().await?;
            if self.open_run().is_none() {
                return Ok(answer);
            }
        }
        Err(TickError::Endless)
    }

    /// Ticks until everything that was changed so far has come home: the window of an inbound read ends two minutes ago.
    ///
    /// # Errors
    /// When a function fails.
    pub async fn settle_inbound(&self) -> Result<(), TickError> {
        for _ in 0..4 {
            self.tick().await?;
        }
        Ok(())
    }

    /// The run that is not settled yet.
    pub fn open_run(&self) -> Option<String> {
        let bytes = self.aws.objects().get(BUCKET, shared::store::keys::RUN_LEASE)?;
        let lease: RunLease = serde_json::from_slice(&bytes).ok()?;
        Some(lease.open?.run.to_string())
    }
}

/// A message as the event source hands it over.
fn record(message: Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = message.message_id;
    record.receipt_handle = message.receipt_handle;
    record.body = message.body;
    record
}
