//! Stand-ins for AWS: S3, SQS and Secrets Manager in memory, under one clock, and the Lambda Runtime API.
//!
//! They speak the wire protocols, so the unchanged SDK clients work with them. There are two ways in:
//!
//! * in process, without sockets, also under tokio's paused clock: [`Aws::sdk_config`];
//! * on loopback, for real binaries with `AWS_ENDPOINT_URL=http://127.0.0.1:…`: [`Aws::serve`].
//!
//! Credentials and regions are not looked at: any will do. What is emulated is what the product leans on: conditional puts
//! with exactly one winner, FIFO groups, de-duplication, visibility, redrive, versions of a secret. What is not known is
//! refused, never answered with an empty success.

mod chunked;
mod in_process;
mod json;
mod loopback;
pub mod runtime_api;
pub mod s3;
pub mod secrets;
pub mod sqs;

use std::fmt;
use std::sync::Arc;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use shared::invocation::Clock;
use tokio::net::TcpListener;

pub use loopback::Loopback;
pub use runtime_api::RuntimeApi;
pub use s3::Objects;
pub use secrets::Vault;
pub use sqs::{QueueSettings, Queues};

/// The region of everything here.
pub const REGION: &str = "us-east-1";

/// The AWS account of everything here.
pub const ACCOUNT: &str = "000000000000";

/// An address in process: nothing listens there. It is a number, since S3 is addressed path-style then.
const IN_PROCESS: &str = "http://127.0.0.1:9";

/// What happens to one call in process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is answered.
    Answered,
    /// It never arrives.
    RequestLost,
    /// It is acted upon, and the answer never arrives.
    AnswerLost,
    /// It is acted upon, the answer never arrives, and the SDK sends it again: that answer counts. A conditional put so
    /// finds what it has put itself.
    Repeated,
    /// It is refused unread.
    Refused {
        /// The status of the answer.
        status: u16,
        /// AWS's name of the error.
        code: &'static str,
    },
}

/// Asked before every call in process what is to become of it; it may take its time.
pub type Before = Arc<dyn Fn(&http::Request<Bytes>) -> BoxFuture<'static, Fate> + Send + Sync>;

/// S3, SQS and Secrets Manager in one, cheap to clone; clones are the same AWS.
#[derive(Clone)]
pub struct Aws {
    objects: Objects,
    queues: Queues,
    vault: Vault,
    s3: s3s::service::S3Service,
    before: Option<Before>,
}

impl Aws {
    /// An empty AWS that lives by this clock.
    pub fn new(clock: Clock) -> Self {
        let objects = Objects::new(clock);
        let s3 = s3s::service::S3ServiceBuilder::new(objects.clone()).build();
        let (queues, vault) = (Queues::new(clock), Vault::new(clock));
        Self { objects, queues, vault, s3, before: None }
    }

    /// The same AWS, seen through a seam that may lose calls in process.
    #[must_use]
    pub fn with_before(&self, before: Before) -> Self {
        Self { before: Some(before), ..self.clone() }
    }

    /// The buckets.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The queues.
    pub fn queues(&self) -> &Queues {
        &self.queues
    }

    /// The secrets.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// A configuration whose clients call this AWS in process, with our own time limits and no retries of the SDK: its waits
    /// are drawn at random, which a simulation with a seed cannot have.
    pub fn sdk_config(&self) -> SdkConfig {
        let credentials = Credentials::builder()
            .access_key_id("sandbox")
            .secret_access_key("sandbox")
            .provider_name("sandbox")
            .build();
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(IN_PROCESS)
            .http_client(in_process::InProcess(self.clone()))
            .timeout_config(shared::aws::timeouts())
            .retry_config(RetryConfig::disabled())
            .build()
    }

    /// As [`sdk_config`](Self::sdk_config), with the SDK's retries as in production.
    pub fn sdk_config_with_retries(&self) -> SdkConfig {
        let retries = RetryConfig::standard().with_max_attempts(shared::aws::ATTEMPTS_MAX);
        self.sdk_config().into_builder().retry_config(retries).build()
    }

    /// Answers one request, whatever service it is for.
    pub async fn answer(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        match target.and_then(|target| target.split_once('.')) {
            Some(("AmazonSQS", action)) => self.queues.answer(action, request.body()).await,
            Some(("secretsmanager", action)) => self.vault.answer(action, request.body()),
            Some((service, _)) => json::Refusal::unknown(service).into_response(),
            None => s3::answer(&self.s3, request).await,
        }
    }

    /// Listens until the answer is dropped.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn serve(self, listener: TcpListener) -> std::io::Result<Loopback> {
        let router = axum::Router::new().fallback(async move |request: axum::extract::Request| {
            let (parts, body) = request.into_parts();
            match axum::body::to_bytes(body, s3::OBJECT_BYTES_MAX).await {
                Ok(bytes) => {
                    let request = http::Request::from_parts(parts, bytes);
                    self.answer(request).await.map(axum::body::Body::from)
                }
                Err(_) => json::Refusal::unknown("a body that breaks off")
                    .into_response()
                    .map(axum::body::Body::from),
            }
        });
        Loopback::serve(listener, router)
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aws")
    }
}
