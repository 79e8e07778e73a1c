//! The same Gigya on loopback, for the sandbox, the operator and the real binaries.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use tokio::net::TcpListener;

use super::Gigya;

/// Largest request that is read; Gigya refuses accounts above 512 KB (SAP help, response codes, 413003).
const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;

impl Gigya {
    /// Gigya as a router: every path is a method.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new().fallback(answer).with_state(self)
    }

    /// Answers on this listener until it fails.
    ///
    /// # Errors
    /// When the listener does.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> std::io::Result<()> {
        axum::serve(listener, self.router()).await
    }
}

async fn answer(
    State(gigya): State<Arc<Gigya>>,
    request: http::Request<Body>,
) -> http::Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, REQUEST_BYTES_MAX).await else {
        let mut refused = http::Response::new(Body::empty());
        *refused.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
        return refused;
    };
    gigya.answer(http::Request::from_parts(parts, body)).map(Body::from)
}
