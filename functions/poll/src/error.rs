//! Why a poll failed.

use std::time::Duration;

use lambda_runtime::Diagnostic;
use shared::constant_contact::ConstantContactError;
use shared::domain::patch::PatchError;
use shared::domain::{Dispose, Disposition};
use shared::gigya::GigyaError;
use shared::payload::PayloadError;
use shared::preflight::PreflightError;
use shared::secrets::SecretsError;
use shared::settings::source::SourceError;
use shared::store::StoreError;
use shared::telemetry::chain;
use shared::vendors::VendorError;

use crate::event::EventError;

/// Why an invocation of poll failed. What it did is kept, and the next tick goes on.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
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
    #[error("the vendors' clients cannot be built")]
    Vendor(#[from] VendorError),
    /// A list that the settings name is gone.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// Constant Contact refused or did not answer.
    #[error("Constant Contact could not be asked")]
    ConstantContact(#[from] ConstantContactError),
    /// Gigya refused or did not answer.
    #[error("Gigya could not be asked")]
    Gigya(#[from] GigyaError),
    /// A lite account without an address, which is its name in a write.
    #[error("a lite account shows no address that it could be written by")]
    NoAddress,
    /// The mapping writes where Gigya takes nothing.
    #[error("what changed in Constant Contact cannot be written to Gigya as the mapping says")]
    Patch(#[from] PatchError),
    /// A payload could not be written.
    #[error("the payload could not be written")]
    Payload(#[from] PayloadError),
    /// The bucket refused.
    #[error("progress could not be kept")]
    Store(#[from] StoreError),
}

impl PollError {
    /// The stable kind, which alarms and operators match on.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) => "Event",
            Self::Settings(_) | Self::Vendor(_) | Self::Patch(_) | Self::Preflight(_) => "Settings",
            Self::Secrets(_) => "Secrets",
            Self::ConstantContact(_) => "ConstantContact",
            Self::Gigya(_) | Self::NoAddress => "Gigya",
            Self::Payload(_) => "Payload",
            Self::Store(_) => "Store",
        }
    }

    /// Whether the day's calls to Constant Contact are spent: with the wait until there are more.
    pub(crate) fn spent_for(&self) -> Option<Duration> {
        match self {
            Self::ConstantContact(error)
            | Self::Preflight(PreflightError::ConstantContact(error)) => error.spent_for(),
            Self::Event(_)
            | Self::Settings(_)
            | Self::Secrets(_)
            | Self::Vendor(_)
            | Self::Gigya(_)
            | Self::NoAddress
            | Self::Patch(_)
            | Self::Preflight(PreflightError::Unknown(_))
            | Self::Payload(_)
            | Self::Store(_) => None,
        }
    }
}

impl Dispose for PollError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Event(_) | Self::NoAddress | Self::Patch(_) | Self::Payload(_) => {
                Disposition::Reject
            }
            Self::Settings(error) => error.disposition(),
            Self::Secrets(error) => error.disposition(),
            Self::Vendor(error) => error.disposition(),
            Self::Preflight(error) => error.disposition(),
            Self::ConstantContact(error) => error.disposition(),
            Self::Gigya(error) => error.disposition(),
            Self::Store(error) => error.disposition(),
        }
    }
}

impl From<PollError> for Diagnostic {
    fn from(error: PollError) -> Self {
        // The runtime logs it, once.
        Self { error_type: error.kind().to_owned(), error_message: chain(&error) }
    }
}
