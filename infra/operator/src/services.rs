//! What `check` may touch.

use std::sync::Arc;

use shared::aws::SdkConfig;
use shared::constant_contact::ConstantContact;
use shared::domain::quota::Spender;
use shared::gigya::Gigya;
use shared::http::{ConnectError, Network, Wire};
use shared::invocation::Clock;
use shared::secrets::{CustomerSecret, Secrets};
use shared::settings::customer::CustomerSettings;
use shared::settings::env::PollEnvironment;
use shared::settings::source::SettingsSource;
use shared::store::Bucket;
use shared::vendors::{self, VendorError};

/// The customer's settings and secret, and the way to both vendors. The bucket is read for the settings, and written only
/// for the lease under which an access token is renewed and for the count of the day's calls.
pub struct Services {
    pub(crate) settings: SettingsSource,
    pub(crate) secrets: Secrets,
    bucket: Bucket,
    wire: Arc<dyn Wire>,
    clock: Clock,
}

impl Services {
    /// Connects to AWS and to the network. Nothing is called yet.
    ///
    /// # Errors
    /// When the platform's trust store cannot be read.
    pub fn connect(environment: &PollEnvironment, sdk: &SdkConfig) -> Result<Self, ConnectError> {
        Ok(Self::over(environment, sdk, Arc::new(Network::connect()?), Clock::System))
    }

    /// The same over another wire and clock, which is how the integration suite runs it.
    pub fn over(
        environment: &PollEnvironment,
        sdk: &SdkConfig,
        wire: Arc<dyn Wire>,
        clock: Clock,
    ) -> Self {
        let bucket = Bucket::connect(sdk, &environment.bucket);
        Self {
            settings: SettingsSource::new(bucket.clone()),
            secrets: Secrets::connect(sdk, &environment.secret_id),
            bucket,
            wire,
            clock,
        }
    }

    /// The client of Gigya.
    pub(crate) fn gigya(
        &self,
        settings: &CustomerSettings,
        secret: &CustomerSecret,
    ) -> Result<Gigya, VendorError> {
        let now = self.clock.reader();
        vendors::gigya(&settings.gigya, &secret.gigya, Arc::clone(&self.wire), now)
    }

    /// The client of Constant Contact.
    pub(crate) fn constant_contact(
        &self,
        settings: &CustomerSettings,
        secret: &CustomerSecret,
    ) -> Result<ConstantContact, VendorError> {
        let kept = (self.secrets.clone(), self.bucket.clone());
        let now = self.clock.reader();
        vendors::constant_contact(
            &settings.constant_contact,
            secret,
            kept,
            &self.wire,
            &now,
            Spender::Operator,
        )
    }
}
