//! Constant Contact itself: whatever is asked of it, by whichever interface.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};
use shared::http::{Wire, WireError, call, transport};
use shared::invocation::Clock;

use super::answer;
use super::faults::Fault;
use super::switches::Switches;
use super::world::{World, operation};

/// Constant Contact. Clones are the same one.
#[derive(Clone)]
pub struct Simulator {
    pub(super) clock: Clock,
    world: Arc<Mutex<World>>,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("constant_contact::Simulator")
    }
}

/// What a call comes to.
enum Reaction {
    Answer(Response<Bytes>),
    Silence,
    NoConnection,
}

impl Simulator {
    /// An account without contacts, lists or custom fields.
    pub fn new(clock: Clock, switches: Switches) -> Self {
        Self { clock, world: Arc::new(Mutex::new(World::new(switches))) }
    }

    /// Answers one request, over HTTP's own means: where the vendor would fall silent, this is a 504 without a body.
    pub fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        match self.react(request) {
            Reaction::Answer(answer) => answer,
            Reaction::Silence | Reaction::NoConnection => {
                let mut answer = Response::new(Bytes::new());
                *answer.status_mut() = StatusCode::GATEWAY_TIMEOUT;
                answer
            }
        }
    }

    fn react(&self, request: &Request<Bytes>) -> Reaction {
        let now = self.clock.now();
        let mut world = self.world();
        let operation = operation(request);
        let fault = operation.map_or(Fault::None, |operation| {
            *world.calls.entry(operation).or_default() += 1;
            world.script.next_fault(operation)
        });
        let status = |status| StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        match fault {
            Fault::None => Reaction::Answer(world.route(operation, request, now)),
            Fault::Status(code, body) => {
                Reaction::Answer(answer::text(status(code), "application/json", body))
            }
            Fault::Html(code) => Reaction::Answer(answer::html(status(code))),
            Fault::HtmlAfterActing(code) => {
                drop(world.route(operation, request, now));
                Reaction::Answer(answer::html(status(code)))
            }
            Fault::CutAfterActing => {
                let mut answer = world.route(operation, request, now);
                let half = answer.body().len() / 2;
                answer.body_mut().truncate(half);
                Reaction::Answer(answer)
            }
            Fault::SilenceAfterActing => {
                drop(world.route(operation, request, now));
                Reaction::Silence
            }
            Fault::SilenceBeforeActing => Reaction::Silence,
            Fault::NoConnection => Reaction::NoConnection,
        }
    }

    /// The world, with everything settled that was due by now.
    pub(super) fn settled(&self) -> MutexGuard<'_, World> {
        let mut world = self.world();
        world.settle(self.clock.now());
        world
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("answering does not panic")
    }
}

impl Wire for Simulator {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, WireError>> {
        Box::pin(async move {
            let host = request.uri().host().unwrap_or_default().to_owned();
            match self.react(&request) {
                Reaction::Answer(answer) => Ok(answer),
                Reaction::NoConnection => {
                    Err(WireError::Connect { host, source: "connection refused".into() })
                }
                Reaction::Silence => {
                    call::wait(Duration::from_secs(transport::ANSWER_SECONDS_MAX)).await;
                    Err(WireError::Answer { host, source: "timed out".into() })
                }
            }
        })
    }
}
