//! What poll may touch.

use std::sync::Arc;

use shared::aws::SdkConfig;
use shared::constant_contact::ConstantContact;
use shared::domain::plan::Terms;
use shared::domain::quota::Spender;
use shared::domain::report::Calls;
use shared::domain::{FingerprintKey, RunId};
use shared::gigya::Gigya;
use shared::http::{ConnectError, Network, Wire};
use shared::invocation::Clock;
use shared::report_page::strike_out;
use shared::secrets::Secrets;
use shared::settings::customer::CustomerSettings;
use shared::settings::env::PollEnvironment;
use shared::settings::source::SettingsSource;
use shared::store::purge::Purge;
use shared::store::{Bucket, Ledger, RunStore, StateStore};
use shared::vendors;
use tokio::sync::Mutex;

use crate::error::PollError;

/// What poll may touch. Each field is one statement of its policy in `infra/template.yaml`.
pub struct Services {
    pub(crate) settings: SettingsSource,
    pub(crate) state: StateStore,
    pub(crate) ledger: Ledger,
    bucket: Bucket,
    secrets: Secrets,
    wire: Arc<dyn Wire>,
    clock: Clock,
    ready: Mutex<Option<Arc<Ready>>>,
}

/// What is built from settings and secret, and kept until the settings change.
pub(crate) struct Ready {
    pub(crate) settings: Arc<CustomerSettings>,
    pub(crate) key: FingerprintKey,
    pub(crate) gigya: Gigya,
    pub(crate) constant_contact: ConstantContact,
}

impl Ready {
    /// What plans depend on.
    pub(crate) fn terms(&self) -> Terms<'_> {
        Terms { policy: &self.settings.policy, key: &self.key, read_at: None }
    }

    /// Calls that were made so far.
    pub(crate) fn calls(&self) -> Calls {
        Calls { gigya: self.gigya.calls(), constant_contact: self.constant_contact.calls() }
    }
}

impl Services {
    /// Connects to AWS and to the network; once per cold start. Nothing is called yet.
    ///
    /// # Errors
    /// When the platform's trust store cannot be read.
    pub fn connect(environment: &PollEnvironment, sdk: &SdkConfig) -> Result<Self, ConnectError> {
        Ok(Self::over(environment, sdk, Arc::new(Network::connect()?), Clock::System))
    }

    /// The same over another wire and clock, which is how the sandbox runs it.
    pub fn over(
        environment: &PollEnvironment,
        sdk: &SdkConfig,
        wire: Arc<dyn Wire>,
        clock: Clock,
    ) -> Self {
        let bucket = Bucket::connect(sdk, &environment.bucket);
        Self {
            settings: SettingsSource::new(bucket.clone()),
            state: StateStore::new(bucket.clone()),
            ledger: Ledger::new(bucket.clone()),
            bucket,
            secrets: Secrets::connect(sdk, &environment.secret_id),
            wire,
            clock,
            ready: Mutex::new(None),
        }
    }

    /// The objects of one run.
    pub(crate) fn run(&self, run: &RunId) -> RunStore {
        RunStore::new(self.bucket.clone(), run.clone())
    }

    /// What takes people out of the objects of past runs.
    pub(crate) fn purge(&self) -> Purge {
        Purge::new(self.bucket.clone(), strike_out)
    }

    /// The clients by the settings of now.
    pub(crate) async fn ready(&self) -> Result<Arc<Ready>, PollError> {
        let settings = self.settings.read().await?;
        let mut kept = self.ready.lock().await;
        if let Some(ready) = kept.as_ref().filter(|ready| Arc::ptr_eq(&ready.settings, &settings)) {
            return Ok(Arc::clone(ready));
        }
        let secret = self.secrets.read().await?;
        let now = self.clock.reader();
        let gigya = vendors::gigya(
            &settings.gigya,
            &secret.gigya,
            Arc::clone(&self.wire),
            Arc::clone(&now),
        )?;
        let constant_contact = vendors::constant_contact(
            &settings.constant_contact,
            &secret,
            (self.secrets.clone(), self.bucket.clone()),
            &self.wire,
            &now,
            Spender::Poll,
        )?;
        let key = secret.fingerprint_key;
        self.ledger.unlock(&key);
        let ready = Arc::new(Ready { settings, key, gigya, constant_contact });
        *kept = Some(Arc::clone(&ready));
        Ok(ready)
    }
}
