//! The poll function: every five minutes it settles what is in flight and carries home what changed.

use lambda_runtime::{LambdaEvent, run, service_fn};
use shared::{aws, invocation::Invocation, settings::env, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let environment = env::of_process().for_poll()?;
    let services = &poll::Services::connect(&environment, &aws::connect().await)?;
    run(service_fn(async |event: LambdaEvent<serde_json::Value>| {
        let invocation = Invocation::of_lambda(&event.context.request_id, event.context.deadline);
        // Boxed: the futures of the SDK lie too deep in one another for the compiler to lay them out as one.
        Box::pin(poll::handle(services, event.payload, &invocation)).await
    }))
    .await
}
