//! The Lambda Runtime API on loopback, so that the real binaries can be invoked without Lambda.
//!
//! Start a binary with `AWS_LAMBDA_RUNTIME_API=<address>`; it asks for its next event and waits. Source: AWS Lambda developer
//! guide, "Using the Lambda runtime API for custom runtimes".

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::{Value, json};
use shared::invocation::Clock;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use super::{ACCOUNT, Loopback, REGION};

/// Whose request id it is that is answered.
const REQUEST_ID: &str = "lambda-runtime-aws-request-id";
const DEADLINE: &str = "lambda-runtime-deadline-ms";
const FUNCTION_ARN: &str = "lambda-runtime-invoked-function-arn";
const TRACE_ID: &str = "lambda-runtime-trace-id";

/// How Lambda names an invocation that did not end in time.
pub const TIMED_OUT: &str = "Sandbox.Timedout";

/// Why an invocation has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error_type}: {error_message}")]
pub struct FunctionError {
    /// The error's type, as the function names it; [`TIMED_OUT`] when it did not end in time.
    pub error_type: String,
    /// The error's message.
    pub error_message: String,
}

/// One function's Runtime API; it stops listening when dropped.
#[derive(Debug)]
pub struct RuntimeApi {
    events: mpsc::UnboundedSender<Event>,
    shared: Arc<Shared>,
    loopback: Loopback,
    function: String,
}

#[derive(Debug)]
struct Event {
    id: String,
    function_arn: String,
    deadline_ms: i64,
    body: Value,
}

type Answer = Result<Value, FunctionError>;

#[derive(Debug)]
struct Shared {
    next: AsyncMutex<mpsc::UnboundedReceiver<Event>>,
    state: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    invocations: u64,
    answers: BTreeMap<String, oneshot::Sender<Answer>>,
    not_started: Option<FunctionError>,
}

impl Shared {
    /// Nobody panics while holding it.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Answers an invocation, unless nobody waits for it any longer.
    fn settle(&self, id: &str, answer: Answer) -> StatusCode {
        let waiting = self.lock().answers.remove(id);
        match waiting.map(|waiting| waiting.send(answer)) {
            Some(Ok(())) => StatusCode::ACCEPTED,
            Some(Err(_)) | None => StatusCode::BAD_REQUEST,
        }
    }
}

impl RuntimeApi {
    /// Listens on 127.0.0.1, at a port that is free, for a function of this name.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn serve(function: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (events, next) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { next: AsyncMutex::new(next), state: Mutex::default() });
        let router = axum::Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next_event))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answered))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .route("/2018-06-01/runtime/init/error", post(did_not_start))
            .with_state(Arc::clone(&shared));
        let loopback = Loopback::serve(listener, router)?;
        Ok(Self { events, shared, loopback, function: function.to_owned() })
    }

    /// What the function must find in `AWS_LAMBDA_RUNTIME_API`: an address without a scheme.
    pub fn address(&self) -> String {
        self.loopback.address().to_string()
    }

    /// The variables with which a binary runs against this API as in Lambda; the AWS credentials are not among them.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_LAMBDA_RUNTIME_API", self.address()),
            ("AWS_LAMBDA_FUNCTION_NAME", self.function.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
            ("AWS_REGION", REGION.to_owned()),
        ]
    }

    /// Invokes the function with an event and waits for its answer. Events are handed out one at a time, in order.
    ///
    /// # Errors
    /// When the function answers with an error, could not start, or does not answer in time.
    pub async fn invoke(&self, event: Value, timeout: Duration) -> Answer {
        let (answer, answered) = oneshot::channel();
        let id = {
            let mut waiting = self.shared.lock();
            if let Some(error) = &waiting.not_started {
                return Err(error.clone());
            }
            waiting.invocations += 1;
            let id = format!("00000000-0000-4000-8000-{:012x}", waiting.invocations);
            waiting.answers.insert(id.clone(), answer);
            id
        };
        let function_arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", self.function);
        // A real binary compares this with its own clock.
        let deadline_ms = (Clock::System.now() + timeout).as_millisecond();
        let sent =
            self.events.send(Event { id: id.clone(), function_arn, deadline_ms, body: event });
        let stopped = || FunctionError {
            error_type: "Runtime.Stopped".to_owned(),
            error_message: "the Runtime API has stopped".to_owned(),
        };
        sent.map_err(|_| stopped())?;
        if let Ok(answer) = tokio::time::timeout(timeout, answered).await {
            return answer.map_err(|_| stopped())?;
        }
        self.shared.lock().answers.remove(&id);
        Err(FunctionError {
            error_type: TIMED_OUT.to_owned(),
            error_message: format!("Task timed out after {:.2} seconds", timeout.as_secs_f64()),
        })
    }
}

/// Waits until there is an event that somebody still waits for.
async fn next_event(State(shared): State<Arc<Shared>>) -> Response {
    let mut next = shared.next.lock().await;
    while let Some(event) = next.recv().await {
        if shared.lock().answers.contains_key(&event.id) {
            let headers = [
                (REQUEST_ID, event.id),
                (DEADLINE, event.deadline_ms.to_string()),
                (FUNCTION_ARN, event.function_arn),
                (TRACE_ID, "Root=1-00000000-000000000000000000000000;Sampled=0".to_owned()),
            ];
            return (headers, Json(event.body)).into_response();
        }
    }
    StatusCode::GONE.into_response()
}

async fn answered(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let answer = serde_json::from_slice(&body).map_err(|_| FunctionError {
        error_type: "Runtime.InvalidResponse".to_owned(),
        error_message: "the answer is no JSON".to_owned(),
    });
    accepted(shared.settle(&id, answer))
}

async fn failed(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    accepted(shared.settle(&id, Err(function_error(&body))))
}

/// The process is about to end: whoever waits, and whoever invokes it from now on, gets this error.
async fn did_not_start(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let error = function_error(&body);
    let waiting = {
        let mut waiting = shared.lock();
        waiting.not_started = Some(error.clone());
        std::mem::take(&mut waiting.answers)
    };
    for answer in waiting.into_values() {
        if answer.send(Err(error.clone())).is_err() {
            tracing::debug!("Nobody waits for that invocation any longer.");
        }
    }
    accepted(StatusCode::ACCEPTED)
}

fn function_error(body: &[u8]) -> FunctionError {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    FunctionError { error_type: text("errorType"), error_message: text("errorMessage") }
}

fn accepted(status: StatusCode) -> Response {
    let text = if status == StatusCode::ACCEPTED { "OK" } else { "InvalidRequestID" };
    (status, Json(json!({"status": text}))).into_response()
}
