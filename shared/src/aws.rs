//! The connection to AWS, and what its errors mean.
//!
//! The SDK retries by itself (its standard mode), unlike our own clients of the vendors: AWS has no pace that we would have
//! to keep, and every call of ours is safe to repeat. Whoever makes a conditional put has to know it, though; see
//! [`bucket`](crate::store::bucket).

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_config::BehaviorVersion;
/// What all clients of AWS are made from: region, credentials, limits.
pub use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::operation::RequestId as _;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::domain::{Dispose, Disposition};

/// Longest wait for a connection to AWS.
pub const CONNECT_SECONDS_MAX: u64 = 5;

/// Longest wait for one attempt: a staged batch of some megabytes must fit.
pub const ATTEMPT_SECONDS_MAX: u64 = 30;

/// Longest wait for one call with all its attempts.
pub const CALL_SECONDS_MAX: u64 = 75;

/// Attempts of one call, the first included.
pub const ATTEMPTS_MAX: u32 = 4;

const _: () = assert!(ATTEMPT_SECONDS_MAX > CONNECT_SECONDS_MAX, "an attempt begins by connecting");
const _: () = assert!(CALL_SECONDS_MAX >= 2 * ATTEMPT_SECONDS_MAX, "one attempt may hang");

/// Reads region and credentials as the SDK does, and sets our limits; once per cold start.
///
/// `AWS_ENDPOINT_URL` (and `AWS_ENDPOINT_URL_S3`, …) is honoured by the SDK itself, so the sandbox needs nothing here.
pub async fn connect() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
        .load()
        .await
}

/// The limits on every call to AWS.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
        .operation_attempt_timeout(Duration::from_secs(ATTEMPT_SECONDS_MAX))
        .operation_timeout(Duration::from_secs(CALL_SECONDS_MAX))
        .build()
}

/// A call to AWS that failed, after the SDK's own attempts: the source of our errors about bucket, queue and secret.
///
/// `Display` says what AWS answered (code, status, request id); [`source`](Error::source) is the SDK's own error with its
/// chain. `Debug` is as short as `Display`, because the SDK's holds the raw answer, and with it perhaps a secret.
pub struct Failure(Box<Inner>);

struct Inner {
    what: What,
    disposition: Disposition,
    source: Box<dyn Error + Send + Sync>,
}

#[derive(Debug, Clone)]
enum What {
    Unmade,
    Unreached,
    TimedOut,
    Unreadable,
    Answered { code: Option<String>, status: u16, request_id: Option<String> },
}

impl Failure {
    fn new(what: What, disposition: Disposition, source: Box<dyn Error + Send + Sync>) -> Self {
        Self(Box::new(Inner { what, disposition, source }))
    }

    /// AWS's name of the error, if it answered with one.
    pub fn code(&self) -> Option<&str> {
        match &self.0.what {
            What::Answered { code, .. } => code.as_deref(),
            What::Unmade | What::Unreached | What::TimedOut | What::Unreadable => None,
        }
    }

    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        match &self.0.what {
            What::Answered { status, .. } => Some(*status),
            What::Unmade | What::Unreached | What::TimedOut | What::Unreadable => None,
        }
    }

    /// A request that lacks something; AWS was not asked.
    pub(crate) fn unmade(source: impl Error + Send + Sync + 'static) -> Self {
        Self::new(What::Unmade, Disposition::Halt, source.into())
    }

    /// A part of a call that AWS refused while it answered the call itself with success.
    pub(crate) fn of_one(code: &str) -> Self {
        const OK: u16 = 200;
        let what = What::Answered { code: Some(code.to_owned()), status: OK, request_id: None };
        Self::new(what, disposition_of(code, OK), code.into())
    }

    /// An answer whose body broke off while it was read.
    pub(crate) fn cut_short(source: impl Error + Send + Sync + 'static) -> Self {
        Self::new(What::Unreadable, RETRY, source.into())
    }
}

impl<E> From<SdkError<E, HttpResponse>> for Failure
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let (what, disposition) = match &error {
            SdkError::ConstructionFailure(_) => (What::Unmade, Disposition::Halt),
            SdkError::TimeoutError(_) => (What::TimedOut, RETRY),
            // No credentials, for one, is no fault of the network.
            SdkError::DispatchFailure(failure) if failure.is_user() => {
                (What::Unmade, Disposition::Halt)
            }
            SdkError::DispatchFailure(failure) if failure.is_timeout() => (What::TimedOut, RETRY),
            SdkError::DispatchFailure(_) => (What::Unreached, RETRY),
            SdkError::ServiceError(answer) => {
                let code = answer.err().code();
                let status = answer.raw().status().as_u16();
                let request_id = error.request_id().map(ToOwned::to_owned);
                let what = What::Answered { code: code.map(ToOwned::to_owned), status, request_id };
                (what, disposition_of(code.unwrap_or_default(), status))
            }
            // `ResponseError`, and whatever the SDK's open enum may gain.
            _ => (What::Unreadable, RETRY),
        };
        Self::new(what, disposition, error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.what {
            What::Unmade => f.write_str("the request to AWS could not be made"),
            What::Unreached => f.write_str("AWS was not reached"),
            What::TimedOut => f.write_str("AWS did not answer in time"),
            What::Unreadable => f.write_str("AWS gave no whole answer"),
            What::Answered { code, status, request_id } => {
                let code = code.as_deref().unwrap_or("no error code");
                write!(f, "AWS answered {code} (status {status}")?;
                request_id.iter().try_for_each(|id| write!(f, ", request {id}"))?;
                f.write_str(")")
            }
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failure({self})")
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.source.as_ref())
    }
}

impl Dispose for Failure {
    fn disposition(&self) -> Disposition {
        self.0.disposition
    }
}

const RETRY: Disposition = Disposition::Retry { after: None };

/// What to do about AWS's errors, where the status does not already say it.
///
/// Sources: Amazon S3 API reference, "Error responses"; Amazon SQS API reference, "Common errors" and the errors of each
/// action; AWS Secrets Manager API reference, the same; AWS SDKs reference guide, "Retry behavior" (throttling codes).
const TABLE: [(&str, Disposition); 26] = [
    ("BandwidthLimitExceeded", RETRY),
    ("ConditionalRequestConflict", RETRY),
    ("InternalError", RETRY),
    ("KmsThrottled", RETRY),
    ("OperationAborted", RETRY),
    ("OverLimit", RETRY),
    ("PriorRequestNotComplete", RETRY),
    ("RequestLimitExceeded", RETRY),
    ("RequestThrottled", RETRY),
    ("RequestThrottledException", RETRY),
    ("RequestTimeout", RETRY),
    ("SlowDown", RETRY),
    ("ThrottledException", RETRY),
    ("Throttling", RETRY),
    ("ThrottlingException", RETRY),
    ("TooManyRequestsException", RETRY),
    ("EntityTooLarge", Disposition::Reject),
    ("InvalidMessageContents", Disposition::Reject),
    // Of a receipt that has expired, for one.
    ("InvalidParameterValue", Disposition::Reject),
    ("InvalidParameterValueException", Disposition::Reject),
    ("KeyTooLongError", Disposition::Reject),
    ("MessageNotInflight", Disposition::Reject),
    ("NoSuchKey", Disposition::Reject),
    ("PreconditionFailed", Disposition::Reject),
    ("ReceiptHandleIsInvalid", Disposition::Reject),
    ("AWS.SimpleQueueService.MessageNotInflight", Disposition::Reject),
];

/// Whatever is not known is the deployment's fault (a policy, a name, a region) and would fail for the next thing too.
fn disposition_of(code: &str, status: u16) -> Disposition {
    const TOO_MANY_REQUESTS: u16 = 429;
    const SERVER_ERRORS: std::ops::RangeInclusive<u16> = 500..=599;
    if SERVER_ERRORS.contains(&status) || status == TOO_MANY_REQUESTS {
        return RETRY;
    }
    let known = TABLE.iter().find(|(known, _)| *known == code);
    known.map_or(Disposition::Halt, |(_, disposition)| *disposition)
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::operation::get_object::GetObjectError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn answered(code: &str, status: u16) -> Failure {
        let meta = aws_sdk_s3::error::ErrorMetadata::builder().code(code).build();
        let raw = HttpResponse::new(
            StatusCode::try_from(status).unwrap(),
            SdkBody::from("<Error>ada@example.com</Error>"),
        );
        SdkError::service_error(GetObjectError::generic(meta), raw).into()
    }

    #[test]
    fn every_code_has_its_disposition() {
        let by_code: Vec<String> = TABLE
            .iter()
            .map(|(code, _)| *code)
            .chain(["AccessDenied", "NoSuchBucket", "ResourceNotFoundException", "unheard-of"])
            .map(|code| format!("{code}: {:?}", answered(code, 400).disposition()))
            .collect();
        insta::assert_snapshot!(by_code.join("\n"));
    }

    #[test]
    fn a_failing_server_is_asked_again_whatever_it_calls_its_error() {
        assert_eq!(answered("AccessDenied", 503).disposition(), RETRY);
        assert_eq!(answered("unheard-of", 429).disposition(), RETRY);
    }

    #[test]
    fn no_answer_is_worth_a_retry_and_a_request_that_cannot_be_made_is_not() {
        let of = |error: SdkError<GetObjectError, HttpResponse>| Failure::from(error).disposition();
        assert_eq!(of(SdkError::timeout_error("late")), RETRY);
        assert_eq!(of(SdkError::dispatch_failure(ConnectorError::io("reset".into()))), RETRY);
        assert_eq!(
            of(SdkError::dispatch_failure(ConnectorError::user("no credentials".into()))),
            Disposition::Halt
        );
        assert_eq!(of(SdkError::construction_failure("no region")), Disposition::Halt);
    }

    #[test]
    fn a_failure_prints_the_code_and_keeps_its_source_but_never_the_raw_answer() {
        let failure = answered("AccessDenied", 403);
        assert_eq!(failure.to_string(), "AWS answered AccessDenied (status 403)");
        assert_eq!(format!("{failure:?}"), "Failure(AWS answered AccessDenied (status 403))");
        let mut cause = failure.source();
        let mut kept = false;
        while let Some(error) = cause {
            kept |= error.is::<GetObjectError>();
            assert!(!error.to_string().contains("example"));
            cause = error.source();
        }
        assert!(kept, "the SDK's own error is among the causes");
    }
}
