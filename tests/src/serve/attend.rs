//! A world that runs by itself: schedules that tick and an event source that delivers, in real time, for as long as
//! somebody attends.

use std::convert::Infallible;
use std::time::Duration;

use serde_json::{Value, json};
use shared::http::call;
use shared::invocation::Clock;

use crate::aws::{ACCOUNT, REGION};

use super::{DriveError, Function, Served};

/// How long the event source waits before it looks at an empty queue again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Hears how an invocation by the schedules or the event source ended.
pub type Tell<'a> = &'a dyn Fn(Function, &Result<Value, DriveError>);

impl Served {
    /// Does what AWS does, without an end: poll ticks, the day's schedule wakes export once, export goes on at every tick,
    /// and messages are delivered as they come. A function whose binary does not run yet is waited for, and one that fails
    /// is woken again at the next tick.
    pub async fn attend(&self, every: Duration, tell: Tell<'_>) -> Infallible {
        // Poll looks first, or the first batch would wait a minute for it.
        self.wake(Function::Poll, scheduled("poll"), tell).await;
        self.wake(Function::Export, scheduled("export-daily"), tell).await;
        let polls = async {
            loop {
                self.wake(Function::Poll, scheduled("poll"), tell).await;
                call::wait(every).await;
            }
        };
        let exports = async {
            loop {
                self.wake(Function::Export, json!({"scope": "resume"}), tell).await;
                call::wait(every).await;
            }
        };
        let delivers = async {
            loop {
                let delivered = self.deliver().await;
                if !matches!(delivered, Ok(0)) {
                    tell(Function::Upload, &delivered.map(|batches| json!({"batches": batches})));
                }
                call::wait(LOOK_EVERY).await;
            }
        };
        let (never, _, _): (Infallible, Infallible, Infallible) =
            tokio::join!(polls, exports, delivers);
        never
    }

    async fn wake(&self, function: Function, event: Value, tell: Tell<'_>) {
        tell(function, &self.invoke(function, event).await);
    }
}

/// An event of a schedule's (Amazon EventBridge user guide, "scheduled events").
fn scheduled(rule: &str) -> Value {
    json!({
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": Clock::System.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": REGION,
        "resources": [format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/sandbox-{rule}")],
        "detail": {},
    })
}
