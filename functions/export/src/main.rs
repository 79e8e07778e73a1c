//! The export function: woken by a schedule or by hand, it stages Gigya's accounts and announces them.

use lambda_runtime::{LambdaEvent, run, service_fn};
use shared::{aws, invocation::Invocation, settings::env, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let environment = env::of_process().for_export()?;
    let services = &export::Services::connect(&environment, &aws::connect().await)?;
    run(service_fn(async |event: LambdaEvent<serde_json::Value>| {
        let invocation = Invocation::of_lambda(&event.context.request_id, event.context.deadline);
        // Boxed: the futures of the SDK lie too deep in one another for the compiler to lay them out as one.
        Box::pin(export::handle(services, event.payload, &invocation)).await
    }))
    .await
}
