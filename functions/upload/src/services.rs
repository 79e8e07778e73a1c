//! What upload may touch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use shared::aws::SdkConfig;
use shared::constant_contact::ConstantContact;
use shared::domain::quota::Spender;
use shared::domain::{CustomerName, FingerprintKey, RunId};
use shared::http::{ConnectError, Network, Wire};
use shared::invocation::Clock;
use shared::preflight;
use shared::queue::{DeadLetters, Queue};
use shared::secrets::Secrets;
use shared::settings::customer::CustomerSettings;
use shared::settings::env::UploadEnvironment;
use shared::settings::source::SettingsSource;
use shared::store::{Bucket, Ledger, RunStore, StateStore};
use shared::vendors;
use tokio::sync::Mutex;

use crate::error::UploadError;

/// What upload may touch. Each field is one statement of its policy in `infra/template.yaml`.
pub struct Services {
    pub(crate) customer: CustomerName,
    pub(crate) settings: SettingsSource,
    pub(crate) state: StateStore,
    pub(crate) ledger: Ledger,
    pub(crate) queue: Queue,
    pub(crate) dead_letters: DeadLetters,
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
    pub(crate) constant_contact: ConstantContact,
    counted: AtomicU64,
}

impl Ready {
    /// Calls to Constant Contact that no batch has been charged with yet; now one is. Those of tries that failed are among
    /// them, and those that a new client begins with.
    pub(crate) fn charge_calls(&self) -> u64 {
        let calls = self.constant_contact.calls();
        calls - self.counted.swap(calls, Ordering::Relaxed)
    }
}

impl Services {
    /// Connects to AWS and to the network; once per cold start. Nothing is called yet.
    ///
    /// # Errors
    /// When the platform's trust store cannot be read.
    pub fn connect(environment: &UploadEnvironment, sdk: &SdkConfig) -> Result<Self, ConnectError> {
        Ok(Self::over(environment, sdk, Arc::new(Network::connect()?), Clock::System))
    }

    /// The same over another wire and clock, which is how the sandbox runs it.
    pub fn over(
        environment: &UploadEnvironment,
        sdk: &SdkConfig,
        wire: Arc<dyn Wire>,
        clock: Clock,
    ) -> Self {
        let bucket = Bucket::connect(sdk, &environment.bucket);
        Self {
            customer: environment.customer.clone(),
            settings: SettingsSource::new(bucket.clone()),
            state: StateStore::new(bucket.clone()),
            ledger: Ledger::new(bucket.clone()),
            queue: Queue::connect(sdk, environment.queue_url.as_str()),
            dead_letters: DeadLetters::connect(sdk, environment.dead_letter_queue_url.as_str()),
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

    /// The client by the settings of now. When they are new, Constant Contact is asked first whether it knows every list
    /// and custom field that they name.
    pub(crate) async fn ready(
        &self,
        settings: &Arc<CustomerSettings>,
    ) -> Result<Arc<Ready>, UploadError> {
        let mut kept = self.ready.lock().await;
        if let Some(ready) = kept.as_ref().filter(|ready| Arc::ptr_eq(&ready.settings, settings)) {
            return Ok(Arc::clone(ready));
        }
        let secret = self.secrets.read().await?;
        let constant_contact = vendors::constant_contact(
            &settings.constant_contact,
            &secret,
            (self.secrets.clone(), self.bucket.clone()),
            &self.wire,
            &self.clock.reader(),
            Spender::Upload,
        )?;
        preflight::constant_contact(&constant_contact, settings).await?;
        let key = secret.fingerprint_key;
        self.ledger.unlock(&key);
        let settings = Arc::clone(settings);
        let counted = AtomicU64::new(0);
        let ready = Arc::new(Ready { settings, key, constant_contact, counted });
        *kept = Some(Arc::clone(&ready));
        Ok(ready)
    }
}
