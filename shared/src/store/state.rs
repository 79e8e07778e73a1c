//! What is kept between runs, under `state/`: small documents, each changed by compare-and-swap.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::bucket::{Bucket, ETag, Put};
use super::document::Document;
use super::{SWAPS_MAX, StoreError, keys};
use crate::domain::Uid;
use crate::domain::brake::Pulled;
use crate::domain::erasure::Erasure;
use crate::domain::quota::Quota;
use crate::domain::run::RunLease;
use crate::domain::watermark::{InboundState, Watermarks};

/// `state/due.json`: people whom the next run reads whatever their time says, and from when on.
pub type Due = BTreeMap<Uid, Timestamp>;

/// The small documents of the customer.
#[derive(Debug, Clone)]
pub struct StateStore {
    bucket: Bucket,
}

impl StateStore {
    /// The state in this bucket.
    pub fn new(bucket: Bucket) -> Self {
        Self { bucket }
    }

    /// The run in progress, with the version that was read.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn run_lease(&self) -> Result<(RunLease, Option<ETag>), StoreError> {
        self.read(keys::RUN_LEASE).await
    }

    /// Writes the run in progress over the version that was read; `Taken` when somebody else did meanwhile.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn write_run_lease(
        &self,
        lease: &RunLease,
        known: Option<&ETag>,
    ) -> Result<Put, StoreError> {
        self.write(keys::RUN_LEASE, lease, known).await
    }

    /// Changes the run in progress, whoever else does too.
    ///
    /// # Errors
    /// When the bucket refuses, or others keep changing it.
    pub async fn change_run_lease(
        &self,
        change: impl Fn(&mut RunLease),
    ) -> Result<RunLease, StoreError> {
        self.change(keys::RUN_LEASE, change).await
    }

    /// The watermarks.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn watermarks(&self) -> Result<Watermarks, StoreError> {
        Ok(self.read(keys::WATERMARKS).await?.0)
    }

    /// Moves the watermarks.
    ///
    /// # Errors
    /// When the bucket refuses, or others keep changing it.
    pub async fn change_watermarks(
        &self,
        change: impl Fn(&mut Watermarks),
    ) -> Result<Watermarks, StoreError> {
        self.change(keys::WATERMARKS, change).await
    }

    /// How fresh the inbound read is, with the version that was read.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn inbound(&self) -> Result<(InboundState, Option<ETag>), StoreError> {
        self.read(keys::INBOUND).await
    }

    /// Writes it over the version that was read; `Taken` when somebody else did meanwhile.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn write_inbound(
        &self,
        state: &InboundState,
        known: Option<&ETag>,
    ) -> Result<Put, StoreError> {
        self.write(keys::INBOUND, state, known).await
    }

    /// The brake that an inbound read pulled, if one did.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn inbound_brake(&self) -> Result<Option<Pulled>, StoreError> {
        Ok(self.read(keys::INBOUND_BRAKE).await?.0)
    }

    /// Pulls, releases or forgets it.
    ///
    /// # Errors
    /// When the bucket refuses, or others keep changing it.
    pub async fn change_inbound_brake(
        &self,
        change: impl Fn(&mut Option<Pulled>),
    ) -> Result<Option<Pulled>, StoreError> {
        self.change(keys::INBOUND_BRAKE, change).await
    }

    /// How far erasing people has come, with the version that was read.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn erasure(&self) -> Result<(Erasure, Option<ETag>), StoreError> {
        self.read(keys::ERASURE).await
    }

    /// Writes it over the version that was read; `Taken` when somebody else did meanwhile.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn write_erasure(
        &self,
        erasure: &Erasure,
        known: Option<&ETag>,
    ) -> Result<Put, StoreError> {
        self.write(keys::ERASURE, erasure, known).await
    }

    /// Changes it, whoever else does too.
    ///
    /// # Errors
    /// When the bucket refuses, or others keep changing it.
    pub async fn change_erasure(
        &self,
        change: impl Fn(&mut Erasure),
    ) -> Result<Erasure, StoreError> {
        self.change(keys::ERASURE, change).await
    }

    /// The brake that an erasure pulled, if one did.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn erasure_brake(&self) -> Result<Option<Pulled>, StoreError> {
        Ok(self.read(keys::ERASURE_BRAKE).await?.0)
    }

    /// Pulls, releases or forgets it.
    ///
    /// # Errors
    /// When the bucket refuses, or others keep changing it.
    pub async fn change_erasure_brake(
        &self,
        change: impl Fn(&mut Option<Pulled>),
    ) -> Result<Option<Pulled>, StoreError> {
        self.change(keys::ERASURE_BRAKE, change).await
    }

    /// Whom the next run reads whatever their time says.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn due(&self) -> Result<Due, StoreError> {
        Ok(self.read(keys::DUE).await?.0)
    }

    /// Changes who is due. Costs nothing but a read when nothing changes.
    ///
    /// # Errors
    /// When the bucket refuses, or others keep changing it.
    pub async fn change_due(&self, change: impl Fn(&mut Due)) -> Result<Due, StoreError> {
        self.change(keys::DUE, change).await
    }

    /// Takes calls from the day, or notes what is left of it. Answers what `change` answers.
    ///
    /// # Errors
    /// When the bucket refuses, or others keep changing it.
    pub async fn change_quota<A>(&self, change: impl Fn(&mut Quota) -> A) -> Result<A, StoreError> {
        Ok(self.change_and_tell(keys::QUOTA, change).await?.1)
    }

    pub(super) async fn read<T: DeserializeOwned + Default>(
        &self,
        key: &str,
    ) -> Result<(T, Option<ETag>), StoreError> {
        Ok(match self.bucket.get_json(key).await? {
            Some(Document { value, etag }) => (value, Some(etag)),
            None => (T::default(), None),
        })
    }

    async fn write<T: Serialize>(
        &self,
        key: &str,
        value: &T,
        known: Option<&ETag>,
    ) -> Result<Put, StoreError> {
        Ok(match known {
            Some(etag) => self.bucket.replace_json(key, value, etag).await?,
            None => self.bucket.put_json_new(key, value).await?,
        })
    }

    pub(super) async fn change<T>(
        &self,
        key: &str,
        change: impl Fn(&mut T),
    ) -> Result<T, StoreError>
    where
        T: DeserializeOwned + Serialize + Default + Clone + PartialEq,
    {
        Ok(self.change_and_tell(key, change).await?.0)
    }

    /// Answers what is there afterwards, and what `change` answers to that.
    async fn change_and_tell<T, A>(
        &self,
        key: &str,
        change: impl Fn(&mut T) -> A,
    ) -> Result<(T, A), StoreError>
    where
        T: DeserializeOwned + Serialize + Default + Clone + PartialEq,
    {
        for _ in 0..SWAPS_MAX {
            let (before, etag): (T, _) = self.read(key).await?;
            let mut after = before.clone();
            let answer = change(&mut after);
            if after == before {
                return Ok((after, answer));
            }
            match self.write(key, &after, etag.as_ref()).await? {
                Put::Done(_) => return Ok((after, answer)),
                Put::Taken => {}
            }
        }
        Err(StoreError::Contended { key: key.to_owned(), tries: SWAPS_MAX })
    }
}
