//! The upload function: driven by the queue, it turns staged batches into Constant Contact's bulk activities.

use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{LambdaEvent, run, service_fn};
use shared::{aws, invocation::Invocation, settings::env, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let environment = env::of_process().for_upload()?;
    let services = &upload::Services::connect(&environment, &aws::connect().await)?;
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let invocation = Invocation::of_lambda(&event.context.request_id, event.context.deadline);
        // Boxed: the futures of the SDK lie too deep in one another for the compiler to lay them out as one.
        Box::pin(upload::handle(services, event.payload, &invocation)).await
    }))
    .await
}
