//! What the commands may touch.

use std::sync::Arc;

use shared::aws::{self, SdkConfig};
use shared::constant_contact::ConstantContact;
use shared::domain::quota::Spender;
use shared::gigya::Gigya;
use shared::http::{ConnectError, Network, Wire};
use shared::invocation::Clock;
use shared::secrets::{CustomerSecret, Secrets, SecretsError};
use shared::settings::Environment;
use shared::settings::customer::CustomerSettings;
use shared::settings::env::PollEnvironment;
use shared::settings::source::SettingsSource;
use shared::store::{Bucket, Ledger};
use shared::telemetry::chain;
use shared::vendors::{self, VendorError};

use crate::render;

/// What to do when the bucket refuses.
pub(crate) const CHECK_BUCKET: &str = "check BUCKET, and region and credentials of AWS";
/// What to do when anything refuses.
pub(crate) const CHECK_ALL: &str = "run `gigya-cc check`, mend what it lists, and run this again";

/// The customer's settings and secret, their ledger, and the way to both vendors. Whoever only looks writes nothing but
/// the lease under which an access token is renewed and the count of the day's calls.
pub struct Services {
    pub(crate) settings: SettingsSource,
    pub(crate) secrets: Secrets,
    pub(crate) bucket: Bucket,
    pub(crate) clock: Clock,
    ledger: Ledger,
    wire: Arc<dyn Wire>,
}

/// The customer's bucket, for the commands that need nothing else; says what is wrong where it cannot.
pub(crate) async fn bucket<L: Fn(&str) -> Option<String>>(
    environment: &Environment<L>,
) -> Option<Bucket> {
    let environment = named(environment)?;
    Some(Bucket::connect(&aws::connect().await, &environment.bucket))
}

fn named<L: Fn(&str) -> Option<String>>(environment: &Environment<L>) -> Option<PollEnvironment> {
    match environment.for_poll() {
        Ok(environment) => Some(environment),
        Err(error) => {
            let next =
                "set the variables or give the options of the same names (`gigya-cc --help`)";
            render::failed(&error.to_string(), next);
            None
        }
    }
}

impl Services {
    /// Connects to AWS and to the network. Nothing is called yet.
    ///
    /// # Errors
    /// When the platform's trust store cannot be read.
    pub fn connect(environment: &PollEnvironment, sdk: &SdkConfig) -> Result<Self, ConnectError> {
        Ok(Self::over(environment, sdk, Arc::new(Network::connect()?), Clock::System))
    }

    /// Connects to the deployment that the environment names; says what is wrong where it cannot.
    pub(crate) async fn open<L: Fn(&str) -> Option<String>>(
        environment: &Environment<L>,
    ) -> Option<Self> {
        let environment = named(environment)?;
        match Self::connect(&environment, &aws::connect().await) {
            Ok(services) => Some(services),
            Err(error) => {
                render::failed(&chain(&error), "install the machine's root certificates");
                None
            }
        }
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
            ledger: Ledger::new(bucket.clone()),
            bucket,
            wire,
            clock,
        }
    }

    /// The ledger, with the customer's key: without it those who were erased would look like strangers.
    ///
    /// # Errors
    /// When the secret cannot be read or used.
    pub(crate) async fn ledger(&self) -> Result<&Ledger, SecretsError> {
        self.ledger.unlock(&self.secrets.read().await?.fingerprint_key);
        Ok(&self.ledger)
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
