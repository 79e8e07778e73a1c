//! What export may touch.

use std::sync::Arc;

use shared::aws::SdkConfig;
use shared::domain::CustomerName;
use shared::gigya::Gigya;
use shared::http::{ConnectError, Network, Wire};
use shared::invocation::Clock;
use shared::queue::Queue;
use shared::secrets::Secrets;
use shared::settings::customer::CustomerSettings;
use shared::settings::env::ExportEnvironment;
use shared::settings::source::SettingsSource;
use shared::store::{Bucket, RunStore, StateStore};
use shared::vendors;

use crate::error::ExportError;

/// What export may touch. Each field is one statement of its policy in `infra/template.yaml`.
pub struct Services {
    pub(crate) customer: CustomerName,
    pub(crate) settings: SettingsSource,
    pub(crate) state: StateStore,
    pub(crate) queue: Queue,
    bucket: Bucket,
    secrets: Secrets,
    wire: Arc<dyn Wire>,
    clock: Clock,
}

impl Services {
    /// Connects to AWS and to the network; once per cold start. Nothing is called yet.
    ///
    /// # Errors
    /// When the platform's trust store cannot be read.
    pub fn connect(environment: &ExportEnvironment, sdk: &SdkConfig) -> Result<Self, ConnectError> {
        Ok(Self::over(environment, sdk, Arc::new(Network::connect()?), Clock::System))
    }

    /// The same over another wire and clock, which is how the sandbox runs it.
    pub fn over(
        environment: &ExportEnvironment,
        sdk: &SdkConfig,
        wire: Arc<dyn Wire>,
        clock: Clock,
    ) -> Self {
        let bucket = Bucket::connect(sdk, &environment.bucket);
        Self {
            customer: environment.customer.clone(),
            settings: SettingsSource::new(bucket.clone()),
            state: StateStore::new(bucket.clone()),
            queue: Queue::connect(sdk, environment.queue_url.as_str()),
            bucket,
            secrets: Secrets::connect(sdk, &environment.secret_id),
            wire,
            clock,
        }
    }

    /// The objects of one run.
    pub(crate) fn run(&self, run: &shared::domain::RunId) -> RunStore {
        RunStore::new(self.bucket.clone(), run.clone())
    }

    /// The client of Gigya, by the settings and the secret of now.
    pub(crate) async fn gigya(&self, settings: &CustomerSettings) -> Result<Gigya, ExportError> {
        let secret = self.secrets.read().await?;
        let now = self.clock.reader();
        Ok(vendors::gigya(&settings.gigya, &secret.gigya, Arc::clone(&self.wire), now)?)
    }
}
