//! Where the customer's settings come from: `config/sync.toml`, read at every invocation and kept by its version, so that
//! a change works at the next one.

use std::sync::{Arc, Mutex};

use super::SettingsError;
use super::customer::CustomerSettings;
use crate::domain::{Dispose, Disposition};
use crate::store::bucket::{Changed, ETag, Object};
use crate::store::{Bucket, BucketError, keys};

/// Why there are no settings to go by.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The bucket refused.
    #[error("the customer's settings could not be read")]
    Bucket(#[source] BucketError),
    /// There is no such object.
    #[error(
        "there are no settings: put the customer's sync.toml into the bucket as {}",
        keys::SETTINGS
    )]
    Missing,
    /// The object is no text.
    #[error("{} is not UTF-8; save it as UTF-8 text", keys::SETTINGS)]
    NoText,
    /// Everything that is wrong with them.
    #[error(transparent)]
    Settings(SettingsError),
}

impl Dispose for SourceError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Bucket(error) => error.disposition(),
            Self::Missing | Self::NoText | Self::Settings(_) => Disposition::Halt,
        }
    }
}

/// The customer's settings in their bucket.
#[derive(Debug)]
pub struct SettingsSource {
    bucket: Bucket,
    kept: Mutex<Option<(ETag, Arc<CustomerSettings>)>>,
}

impl SettingsSource {
    /// The settings in this bucket.
    pub fn new(bucket: Bucket) -> Self {
        Self { bucket, kept: Mutex::new(None) }
    }

    /// The settings as they are now.
    ///
    /// # Errors
    /// When the bucket refuses, there are none, or they are wrong: every problem in one message.
    ///
    /// # Panics
    /// When another thread panicked while it kept them.
    pub async fn read(&self) -> Result<Arc<CustomerSettings>, SourceError> {
        let kept = self.kept.lock().expect("keeping settings does not panic").clone();
        let object = match &kept {
            Some((etag, settings)) => {
                let changed = self.bucket.get_if_changed(keys::SETTINGS, etag).await;
                match changed.map_err(SourceError::Bucket)? {
                    Changed::No => return Ok(Arc::clone(settings)),
                    Changed::Yes(object) => Some(object),
                    Changed::Gone => None,
                }
            }
            None => self.bucket.get(keys::SETTINGS).await.map_err(SourceError::Bucket)?,
        };
        let Object { bytes, etag } = object.ok_or(SourceError::Missing)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| SourceError::NoText)?;
        let settings = Arc::new(CustomerSettings::parse(text).map_err(SourceError::Settings)?);
        *self.kept.lock().expect("keeping settings does not panic") =
            Some((etag, Arc::clone(&settings)));
        Ok(settings)
    }
}
