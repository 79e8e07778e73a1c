//! Messages in, the ids of those that go back out.

use std::time::Duration;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
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
    let settings = services.settings.read().await?;
    let mut answer = SqsBatchResponse::default();
    for message in event.records {
        let must_follow = !answer.batch_item_failures.is_empty();
        if must_follow || !is_done(services, &settings, &message, invocation).await? {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.unwrap_or_default();
            answer.batch_item_failures.push(failure);
        }
    }
    Ok(answer)
}

/// Deals with one message; answers whether it is done with.
async fn is_done(
    services: &Services,
    settings: &std::sync::Arc<shared::settings::customer::CustomerSettings>,
    message: &SqsMessage,
    invocation: &Invocation,
) -> Result<bool, UploadError> {
    let body = message.body.as_deref().unwrap_or_default();
    // We wrote it ourselves, so an unreadable one is a bug: it is put where somebody looks at it.
    let announced = match BatchMessage::parse(body) {
        Ok(announced) => announced,
        Err(problem) => {
            let id = message.message_id.as_deref().unwrap_or("unnamed");
            error!(message.id = id, error = %problem, "A message cannot be read; it is a dead letter now.");
            let group = services.customer.as_str();
            services.dead_letters.bury(body, &problem.to_string(), group, id).await?;
            return Ok(true);
        }
    };
    let ending = submit::submit(services, settings, &announced, invocation).await;
    let wait = match ending {
        Ok(Ending::Done) => return Ok(true),
        Ok(Ending::Waits { wait, reason }) => {
            info!(batch.id = %announced.batch, wait.seconds = wait.as_secs(), "Batch {} waits: {reason}.", announced.batch);
            wait
        }
        Ok(Ending::Buried { reason }) => {
            error!(batch.id = %announced.batch, reason, "Batch {} is a dead letter now.", announced.batch);
            let (group, batch) = (services.customer.as_str(), announced.batch.as_str());
            services.dead_letters.bury(body, &reason, group, batch).await?;
            return Ok(true);
        }
        Err(failure) => wait_after(&failure, &announced),
    };
    if let Some(receipt) = &message.receipt_handle {
        services.queue.hide_for(receipt, wait).await?;
    }
    Ok(false)
}

fn wait_after(failure: &UploadError, announced: &BatchMessage) -> Duration {
    let text = chain(failure);
    match failure.disposition() {
        Disposition::Retry { after } => {
            warn!(batch.id = %announced.batch, error = %text, "Batch {} is tried again.", announced.batch);
            after.unwrap_or(WAIT_AFTER_FAILURE)
        }
        Disposition::Reject | Disposition::Halt => {
            error!(
                error.kind = failure.kind(), batch.id = %announced.batch, error = %text,
                "Batch {} waits for somebody to help.", announced.batch
            );
            WAIT_FOR_A_HUMAN
        }
    }
}
