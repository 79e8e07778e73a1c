//! The simulator on loopback.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use tokio::net::TcpListener;

use super::simulator::Simulator;

/// Largest body that is read: an import beyond the limit is cut, not refused.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

impl Simulator {
    /// Answers on this listener until the task is dropped.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        let router = Router::new().fallback(answer).with_state(self);
        axum::serve(listener, router).await
    }
}

async fn answer(State(simulator): State<Simulator>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
        let mut answer = Response::new(Body::empty());
        *answer.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return answer;
    };
    simulator.answer(&http::Request::from_parts(head, body)).map(Body::from)
}
