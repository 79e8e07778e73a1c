//! What is kept between runs, under `state/`: small documents, each changed by compare-and-swap.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::bucket::{BYTES, Bucket, ETag, Put};
use super::document::Document;
use super::seen::SeenContacts;
use super::{SWAPS_MAX, StoreError, keys, lines};
use crate::domain::brake::Pulled;
use crate::domain::erasure::Erasure;
use crate::domain::quota::Quota;
use crate::domain::refused::{Refused, Suspect};
use crate::domain::run::RunLease;
use crate::domain::watermark::{InboundState, Watermarks};
use crate::domain::{Fingerprint, Uid};

/// `state/due.json`: people whom the next run reads whatever their time says, and from when on.
pub type Due = BTreeMap<Uid, Timestamp>;

/// `state/waiting.json`: accounts whose address another account holds, by the address.
pub type Waiting = BTreeMap<Fingerprint, BTreeSet<Uid>>;

/// `state/refused.json`: people whose row was refused.
pub type AllRefused = BTreeMap<Uid, Refused>;

/// `state/strangers`: contacts who are nobody's, as fingerprints.
pub type Strangers = HashSet<Fingerprint>;

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

    /// Who waits for an address that another account holds.
    ///
    /// # Errors
    /// When the bucket refuses, or others keep changing it.
    pub async fn change_waiting(
        &self,
        change: impl Fn(&mut Waiting),
    ) -> Result<Waiting, StoreError> {
        self.change(keys::WAITING, change).await
    }

    /// Whoever waits for one of these addresses is read by the next run, and waits no longer. Due first: killed in
    /// between, they are called once more.
    ///
    /// # Errors
    /// When the bucket refuses, or others keep changing it.
    pub async fn call_waiting(&self, freed: &BTreeSet<Fingerprint>) -> Result<(), StoreError> {
        if freed.is_empty() {
            return Ok(());
        }
        let waiting: Waiting = self.read(keys::WAITING).await?.0;
        let of = |address: &Fingerprint| waiting.get(address).into_iter().flatten();
        let called: Vec<&Uid> = freed.iter().flat_map(of).collect();
        if called.is_empty() {
            return Ok(());
        }
        let remember = |due: &mut Due| {
            for uid in &called {
                due.insert((*uid).clone(), Timestamp::UNIX_EPOCH);
            }
        };
        self.change_due(remember).await?;
        self.change_waiting(|waiting| waiting.retain(|address, _| !freed.contains(address)))
            .await?;
        Ok(())
    }

    /// The parts in which somebody was refused, and nobody knows whom yet.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn suspects(&self) -> Result<Vec<Suspect>, StoreError> {
        Ok(self.read(keys::SUSPECTS).await?.0)
    }

    /// Changes which parts those are.
    ///
    /// # Errors
    /// When the bucket refuses, or others keep changing it.
    pub async fn change_suspects(
        &self,
        change: impl Fn(&mut Vec<Suspect>),
    ) -> Result<Vec<Suspect>, StoreError> {
        self.change(keys::SUSPECTS, change).await
    }

    /// The people whose row was refused.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn refused(&self) -> Result<AllRefused, StoreError> {
        Ok(self.read(keys::REFUSED).await?.0)
    }

    /// Changes who those are. Costs nothing but a read when nothing changes.
    ///
    /// # Errors
    /// When the bucket refuses, or others keep changing it.
    pub async fn change_refused(
        &self,
        change: impl Fn(&mut AllRefused),
    ) -> Result<AllRefused, StoreError> {
        self.change(keys::REFUSED, change).await
    }

    /// Whom an interrupted sweep has been shown; `None` when that is not known any more.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn sweep_seen(&self) -> Result<Option<SeenContacts>, StoreError> {
        let object = self.bucket.get(keys::SWEEP_SEEN).await?;
        Ok(object.and_then(|object| SeenContacts::from_bytes(&object.bytes)))
    }

    /// Keeps it; nothing once the sweep is over. Only whoever holds the inbound read does.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn keep_sweep_seen(&self, seen: Option<&SeenContacts>) -> Result<(), StoreError> {
        let bytes = seen.map(SeenContacts::to_bytes).unwrap_or_default();
        self.bucket.put(keys::SWEEP_SEEN, bytes, BYTES).await?;
        Ok(())
    }

    /// The contacts who are nobody's.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn strangers(&self) -> Result<Strangers, StoreError> {
        let Some(object) = self.bucket.get(keys::STRANGERS).await? else {
            return Ok(Strangers::new());
        };
        let broken = |problem: String| StoreError::Broken { key: keys::STRANGERS.into(), problem };
        lines::read_lines(object.bytes)
            .map_err(|error| broken(error.kind().to_string()))?
            .map(|line| line.map_err(|error| broken(error.to_string())))
            .collect()
    }

    /// Keeps them. Only whoever holds the inbound read does.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn keep_strangers(&self, strangers: &Strangers) -> Result<(), StoreError> {
        let written = lines::write_lines(strangers);
        let bytes = written.map_err(|error| StoreError::Broken {
            key: keys::STRANGERS.to_owned(),
            problem: error.kind().to_string(),
        })?;
        self.bucket.put(keys::STRANGERS, bytes, BYTES).await?;
        Ok(())
    }

    async fn read<T: DeserializeOwned + Default>(
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
