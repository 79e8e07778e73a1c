//! The seam: in production a network client, in the sandbox a simulator called in process.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

/// Longest wait for one answer: a search may work for 60 seconds (SAP help, accounts.search, `timeout`), and an import
/// of 4 MB has to travel.
pub const ANSWER_SECONDS_MAX: u64 = 75;

/// Longest wait for a connection.
pub const CONNECT_SECONDS_MAX: u64 = 10;

/// Largest answer that is read: a page of a thousand accounts is a few megabytes.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What carries a request to its far end and brings the answer back, once: no retries, no redirects.
pub trait Wire: Send + Sync + fmt::Debug {
    /// Carries one request. An answer of any status is an answer; only its absence is an error.
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, WireError>>;
}

/// No answer, or not all of it. Whether the far end acted on the request is not known.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The far end could not be reached, so it has not acted.
    #[error("no connection to {host}")]
    Connect {
        /// Where to.
        host: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The request left and no whole answer came back.
    #[error("no whole answer from {host}")]
    Answer {
        /// From where.
        host: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The network, through one pooled client with time limits, TLS, and neither retries nor redirects of its own.
#[derive(Debug, Clone)]
pub struct Network(reqwest::Client);

impl Network {
    /// Builds the client; once per cold start.
    ///
    /// # Errors
    /// When the platform's trust store cannot be read.
    pub fn connect() -> Result<Self, reqwest::Error> {
        reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
            .timeout(Duration::from_secs(ANSWER_SECONDS_MAX))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("gigya-constant-contact/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(Self)
    }
}

impl Wire for Network {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, WireError>> {
        Box::pin(async move {
            let host = request.uri().host().unwrap_or_default().to_owned();
            let unreached = |source: reqwest::Error| {
                let source = source.without_url();
                if source.is_connect() || source.is_builder() {
                    WireError::Connect { host: host.clone(), source: source.into() }
                } else {
                    WireError::Answer { host: host.clone(), source: source.into() }
                }
            };
            let request = reqwest::Request::try_from(request).map_err(unreached)?;
            let mut answer = self.0.execute(request).await.map_err(unreached)?;
            let status = answer.status();
            let headers = std::mem::take(answer.headers_mut());
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(unreached)? {
                if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                    let source = format!("the answer is larger than {ANSWER_BYTES_MAX} bytes");
                    return Err(WireError::Answer { host, source: source.into() });
                }
                body.extend_from_slice(&chunk);
            }
            let mut response = http::Response::new(Bytes::from(body));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok(response)
        })
    }
}
