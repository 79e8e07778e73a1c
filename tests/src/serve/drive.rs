//! What AWS does by itself, towards real binaries: it invokes them by way of their Runtime API, delivers messages, ticks.

use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use serde_json::{Value, json};
use shared::domain::report::Report;
use shared::domain::run::RunLease;
use shared::http::call;
use tokio::time::Instant;

use crate::aws::runtime_api::FunctionError;
use crate::aws::{ACCOUNT, REGION};
use crate::world::{BUCKET, INVOCATION, QUEUE};

use super::{Function, Served};

/// Why a trip did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// A function failed.
    #[error("{function} failed")]
    Function {
        /// Which.
        function: Function,
        /// With what.
        #[source]
        source: FunctionError,
    },
    /// It answered something that it does not answer.
    #[error("{function} answered {answer}")]
    Answer {
        /// Which.
        function: Function,
        /// What.
        answer: Value,
    },
    /// The run did not settle.
    #[error("run {run} did not settle within {} seconds", within.as_secs())]
    Endless {
        /// Which.
        run: String,
        /// How long it was waited for.
        within: Duration,
    },
}

/// How a function was invoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Invoked {
    /// How often.
    pub count: u64,
    /// How long the longest invocation took.
    pub longest: Duration,
}

impl Invoked {
    fn add(&mut self, took: Duration) {
        self.count += 1;
        self.longest = self.longest.max(took);
    }
}

impl Served {
    /// Invokes a function and waits for its answer, for as long as Lambda would.
    ///
    /// # Errors
    /// When the function answers with an error, could not start, or does not answer in time.
    ///
    /// # Panics
    /// When another thread panicked while it counted.
    pub async fn invoke(&self, function: Function, event: Value) -> Result<Value, DriveError> {
        let began = Instant::now();
        let answer = self.runtime(function).invoke(event, INVOCATION).await;
        let mut invoked = self.invoked.lock().expect("counting does not panic");
        invoked.entry(function).or_default().add(began.elapsed());
        answer.map_err(|source| DriveError::Function { function, source })
    }

    /// How a function was invoked so far.
    ///
    /// # Panics
    /// When another thread panicked while it counted.
    pub fn invoked(&self, function: Function) -> Invoked {
        let invoked = self.invoked.lock().expect("counting does not panic");
        invoked.get(&function).copied().unwrap_or_default()
    }

    /// Does what the event source does: receives a message, invokes upload, and deletes the message unless upload gives it
    /// back; until no message is visible. Answers how many batches are done with.
    ///
    /// # Errors
    /// When upload fails; the message shows itself again when its visibility runs out.
    ///
    /// # Panics
    /// When the stand-in for SQS refuses, which it does not.
    pub async fn deliver(&self) -> Result<u64, DriveError> {
        let mut done = 0;
        loop {
            let request = self.sqs.receive_message().queue_url(&self.far.queue_url);
            let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
            let answer = request.max_number_of_messages(1).send().await.expect("SQS answers");
            let Some(message) = answer.messages.unwrap_or_default().pop() else { return Ok(done) };
            let receipt = message.receipt_handle.clone().unwrap_or_default();
            let mut event = SqsEvent::default();
            event.records = vec![record(message)];
            let answer = self.invoke(Function::Upload, json!(event)).await?;
            let response = serde_json::from_value::<SqsBatchResponse>(answer.clone())
                .map_err(|_| DriveError::Answer { function: Function::Upload, answer })?;
            if !response.batch_item_failures.is_empty() {
                return Ok(done);
            }
            let request = self.sqs.delete_message().queue_url(&self.far.queue_url);
            request.receipt_handle(receipt).send().await.expect("SQS answers");
            done += 1;
        }
    }

    /// Asks export for a run and ticks until it is settled: export goes on, messages are delivered, poll looks, and some
    /// time passes. Answers the run's id.
    ///
    /// # Errors
    /// When a function fails, the run is refused, or it is not settled `within` that time.
    pub async fn run(
        &self,
        event: Value,
        every: Duration,
        within: Duration,
    ) -> Result<String, DriveError> {
        let began = Instant::now();
        let answer = self.invoke(Function::Export, event).await?;
        let Some(run) = answer["run"].as_str().map(ToOwned::to_owned) else {
            return Err(DriveError::Answer { function: Function::Export, answer });
        };
        while began.elapsed() < within {
            self.invoke(Function::Export, json!({"scope": "resume"})).await?;
            self.deliver().await?;
            self.invoke(Function::Poll, json!({})).await?;
            if self.open_run().is_none() {
                return Ok(run);
            }
            call::wait(every).await;
        }
        Err(DriveError::Endless { run, within })
    }

    /// The run that is not settled yet.
    pub fn open_run(&self) -> Option<String> {
        let bytes = self.far.aws.objects().get(BUCKET, shared::store::keys::RUN_LEASE)?;
        let lease: RunLease = serde_json::from_slice(&bytes).ok()?;
        Some(lease.open?.run.to_string())
    }

    /// The report of a run.
    pub fn report(&self, run: &str) -> Option<Report> {
        let bytes = self.far.aws.objects().get(BUCKET, &format!("runs/{run}/report.json"))?;
        serde_json::from_slice(&bytes).ok()
    }
}

/// A message as the event source hands it over (AWS Lambda developer guide, "Using Lambda with Amazon SQS", example
/// event of a FIFO queue).
fn record(message: Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = message.message_id;
    record.receipt_handle = message.receipt_handle;
    record.body = message.body;
    record.md5_of_body = message.md5_of_body;
    let attributes = message.attributes.unwrap_or_default();
    record.attributes =
        attributes.into_iter().map(|(name, value)| (name.as_str().to_owned(), value)).collect();
    record.event_source = Some("aws:sqs".to_owned());
    record.event_source_arn = Some(format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}"));
    record.aws_region = Some(REGION.to_owned());
    record
}
