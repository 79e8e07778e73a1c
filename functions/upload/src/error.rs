//! Why an upload failed.

use lambda_runtime::Diagnostic;
use shared::constant_contact::ConstantContactError;
use shared::domain::{Dispose, Disposition};
use shared::preflight::PreflightError;
use shared::queue::QueueError;
use shared::secrets::SecretsError;
use shared::settings::source::SourceError;
use shared::store::StoreError;
use shared::telemetry::chain;
use shared::vendors::VendorError;

use shared::payload::PayloadError;

/// Why a batch could not be submitted now. Its message goes back to the queue, or to the dead letters when no later try
/// can end otherwise.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The customer's settings are broken or missing.
    #[error(transparent)]
    Settings(#[from] SourceError),
    /// The secret could not be used.
    #[error("the secret could not be used")]
    Secrets(#[from] SecretsError),
    /// Settings and secret do not fit.
    #[error("the client of Constant Contact cannot be built")]
    Vendor(#[from] VendorError),
    /// Constant Contact does not know what the settings name.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// Constant Contact refused or did not answer.
    #[error("the batch could not be submitted")]
    ConstantContact(#[from] ConstantContactError),
    /// The bucket refused.
    #[error("the batch's progress could not be kept")]
    Store(#[from] StoreError),
    /// The queue refused.
    #[error("the message could not be put back or away")]
    Queue(#[from] QueueError),
    /// A payload could not be written.
    #[error("the payload could not be written")]
    Payload(#[from] PayloadError),
}

impl UploadError {
    /// The stable kind, which alarms and operators match on.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Settings(_) | Self::Vendor(_) | Self::Preflight(_) => "Settings",
            Self::Secrets(_) => "Secrets",
            Self::ConstantContact(_) => "ConstantContact",
            Self::Store(_) => "Store",
            Self::Queue(_) => "Queue",
            Self::Payload(_) => "Payload",
        }
    }
}

impl Dispose for UploadError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Settings(error) => error.disposition(),
            Self::Secrets(error) => error.disposition(),
            Self::Vendor(error) => error.disposition(),
            Self::Preflight(error) => error.disposition(),
            Self::ConstantContact(error) => error.disposition(),
            Self::Store(error) => error.disposition(),
            Self::Queue(error) => error.disposition(),
            Self::Payload(_) => Disposition::Reject,
        }
    }
}

impl From<UploadError> for Diagnostic {
    fn from(error: UploadError) -> Self {
        // The runtime logs it, once.
        Self { error_type: error.kind().to_owned(), error_message: chain(&error) }
    }
}
