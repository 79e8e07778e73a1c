//! Messages in, the ids of those that go back out.

use std::time::Duration;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use shared::defects::{self, Defect};
use shared::domain::message::BatchMessage;
use shared::domain::{Dispose, Disposition};
use shared::invocation::Invocation;
use shared::telemetry::chain;
use tracing::{error, info, warn};

use crate::error::UploadError;
use crate::services::Services;
use crate::submit::{self, Ending};

/// How long a message waits whose batch failed without saying how long.
const WAIT_AFTER_FAILURE: Duration = Duration::from_mins(1);
/// How long a message waits when only a human can help: settings, keys, the connection.
const WAIT_FOR_A_HUMAN: Duration = Duration::from_mins(5);

/// Submits the batches that the messages name, one after the other. Messages that must wait go back to the queue, hidden
/// for as long as it makes sense; what cannot succeed is put on the dead letters with its reason.
///
/// The queue is FIFO, so after a message that goes back all the later ones go back too.
///
/// # Errors
/// When the settings are broken: every problem in one message. All messages go back then, since settings can be mended.
pub async fn handle(
    services: &Services,
    event: SqsEvent,
    invocation: &Invocation,
) -> Result<SqsBatchResponse, UploadError> {
    let settings = match services.settings.read().await {
        Ok(settings) => settings,
        Err(error) => {
            let error = UploadError::from(error);
            for message in &event.records {
                hide(services, message, wait_for(&error)).await;
            }
            return Err(error);
        }
    };
    let mut answer = SqsBatchResponse::default();
    let mut wait = None;
    for message in event.records {
        if wait.is_none() {
            wait = wait_of(services, &settings, &message, invocation).await?;
        }
        // Those behind it wait as long: while one of the group is hidden, none of it is delivered.
        if let Some(wait) = wait {
            hide(services, &message, wait).await;
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.unwrap_or_default();
            answer.batch_item_failures.push(failure);
        }
    }
    Ok(answer)
}

/// Hides a message that goes back. If that fails, it shows itself when the queue's own time runs out.
async fn hide(services: &Services, message: &SqsMessage, wait: Duration) {
    let Some(receipt) = &message.receipt_handle else { return };
    if let Err(error) = services.queue.hide_for(receipt, wait).await {
        let id = message.message_id.as_deref().unwrap_or("unnamed");
        warn!(message.id = id, error = %chain(&error), "A message could not be hidden.");
    }
}

/// Deals with one message; answers how long it waits, unless it is done with.
async fn wait_of(
    services: &Services,
    settings: &std::sync::Arc<shared::settings::customer::CustomerSettings>,
    message: &SqsMessage,
    invocation: &Invocation,
) -> Result<Option<Duration>, UploadError> {
    let body = message.body.as_deref().unwrap_or_default();
    // We wrote it ourselves, so an unreadable one is a bug: it is put where somebody looks at it.
    let announced = match BatchMessage::parse(body) {
        Ok(announced) => announced,
        Err(problem) => {
            let id = message.message_id.as_deref().unwrap_or("unnamed");
            error!(message.id = id, error = %problem, "A message cannot be read; it is a dead letter now.");
            let group = services.customer.as_str();
            services.dead_letters.bury(body, &problem.to_string(), group, id).await?;
            return Ok(None);
        }
    };
    let ending = submit::submit(services, settings, &announced, invocation).await;
    Ok(match ending {
        Ok(Ending::Done) => None,
        Ok(Ending::Waits { wait, reason }) => {
            info!(batch.id = %announced.batch, wait.seconds = wait.as_secs(), "Batch {} waits: {reason}.", announced.batch);
            Some(wait)
        }
        Ok(Ending::Buried { reason }) => {
            error!(batch.id = %announced.batch, reason, "Batch {} is a dead letter now.", announced.batch);
            let group = services.customer.as_str();
            let id = message.message_id.as_deref().unwrap_or(announced.batch.as_str());
            services.dead_letters.bury(body, &reason, group, id).await?;
            None
        }
        Err(failure) => {
            let wait = wait_after(&failure, &announced);
            (!defects::is_back(Defect::MessageDeletedAfterFailure)).then_some(wait)
        }
    })
}

/// How long a message waits after this failure.
fn wait_for(failure: &UploadError) -> Duration {
    match failure.disposition() {
        Disposition::Retry { after } => after.unwrap_or(WAIT_AFTER_FAILURE),
        Disposition::Reject | Disposition::Halt => WAIT_FOR_A_HUMAN,
    }
}

fn wait_after(failure: &UploadError, announced: &BatchMessage) -> Duration {
    let text = chain(failure);
    match failure.disposition() {
        Disposition::Retry { .. } => {
            warn!(batch.id = %announced.batch, error = %text, "Batch {} is tried again.", announced.batch);
        }
        Disposition::Reject | Disposition::Halt => {
            error!(
                error.kind = failure.kind(), batch.id = %announced.batch, error = %text,
                "Batch {} waits for somebody to help.", announced.batch
            );
        }
    }
    wait_for(failure)
}
