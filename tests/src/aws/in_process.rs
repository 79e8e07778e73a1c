//! The SDK's HTTP client, carried into the stand-ins without a socket.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;

use super::json::Refusal;
use super::{Aws, Fate, s3};

#[derive(Debug, Clone)]
pub(super) struct InProcess(pub(super) Aws);

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let aws = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|e| ConnectorError::user(e.into()))?;
            let (parts, body) = request.into_parts();
            let body = ByteStream::new(body).collect().await;
            let body = body.map_err(|error| ConnectorError::user(error.into()))?.into_bytes();
            let answer = aws.carry(http::Request::from_parts(parts, body)).await?;
            HttpResponse::try_from(answer.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

impl Aws {
    /// The one way of every call in process: first its fate, then its answer.
    async fn carry(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, ConnectorError> {
        let fate = match &self.before {
            Some(before) => before(&request).await,
            None => Fate::Answered,
        };
        let lost = |what: &str| Err(ConnectorError::io(format!("the {what} was lost").into()));
        match fate {
            Fate::Answered => Ok(self.answer(request).await),
            Fate::Refused { status, code } => Ok(refusal(&request, status, code)),
            Fate::RequestLost => lost("request"),
            Fate::Repeated => {
                drop(self.answer(request.clone()).await);
                Ok(self.answer(request).await)
            }
            Fate::AnswerLost => {
                let answer = self.answer(request).await;
                lost(&format!("answer {}", answer.status().as_u16()))
            }
        }
    }
}

/// A refusal in the protocol of the service that was asked.
fn refusal(
    request: &http::Request<Bytes>,
    status: u16,
    code: &'static str,
) -> http::Response<Bytes> {
    let message = "The sandbox refuses this call.";
    let mut response = if request.headers().contains_key("x-amz-target") {
        Refusal::new(code, message).into_response()
    } else {
        s3::refusal(code, message)
    };
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::BAD_REQUEST);
    response
}
