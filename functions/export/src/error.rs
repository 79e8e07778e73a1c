//! Why an export failed.

use lambda_runtime::Diagnostic;
use shared::domain::{Dispose, Disposition};
use shared::gigya::{GigyaError, QueryError};
use shared::queue::QueueError;
use shared::secrets::SecretsError;
use shared::settings::source::SourceError;
use shared::store::StoreError;
use shared::telemetry::chain;
use shared::vendors::VendorError;

use crate::event::EventError;

/// Why an invocation of export failed. What was staged stays, and the next tick goes on.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The event is not understood.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The customer's settings are broken or missing.
    #[error(transparent)]
    Settings(#[from] SourceError),
    /// The secret could not be used.
    #[error("the secret could not be used")]
    Secrets(#[from] SecretsError),
    /// Settings and secret do not fit.
    #[error("the client of Gigya cannot be built")]
    Vendor(#[from] VendorError),
    /// The accounts cannot be asked for.
    #[error("the accounts cannot be asked for")]
    Query(#[from] QueryError),
    /// Gigya refused or did not answer.
    #[error("accounts could not be read")]
    Gigya(#[from] GigyaError),
    /// The bucket refused.
    #[error("the run's progress could not be kept")]
    Store(#[from] StoreError),
    /// The queue refused.
    #[error("a batch could not be announced")]
    Queue(#[from] QueueError),
    /// Compressing failed.
    #[error("a batch could not be written")]
    Stage(#[source] std::io::Error),
}

impl ExportError {
    /// The stable kind, which alarms and operators match on.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) => "Event",
            Self::Settings(_) | Self::Vendor(_) | Self::Query(_) => "Settings",
            Self::Secrets(_) => "Secrets",
            Self::Gigya(_) => "Gigya",
            Self::Store(_) => "Store",
            Self::Queue(_) => "Queue",
            Self::Stage(_) => "Stage",
        }
    }
}

impl Dispose for ExportError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Event(_) | Self::Stage(_) => Disposition::Reject,
            Self::Settings(error) => error.disposition(),
            Self::Vendor(error) => error.disposition(),
            Self::Query(_) => Disposition::Halt,
            Self::Secrets(error) => error.disposition(),
            Self::Gigya(error) => error.disposition(),
            Self::Store(error) => error.disposition(),
            Self::Queue(error) => error.disposition(),
        }
    }
}

impl From<ExportError> for Diagnostic {
    fn from(error: ExportError) -> Self {
        // The runtime logs it, once.
        Self { error_type: error.kind().to_owned(), error_message: chain(&error) }
    }
}
