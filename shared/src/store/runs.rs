//! What belongs to one run, under `runs/<run>/`.

use std::collections::HashSet;
use std::io;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::bucket::{BYTES, Bucket, Put};
use super::document::Document;
use super::lines::{BadLine, read_lines, write_lines};
use super::state::Due;
use super::{StoreError, keys};
use crate::domain::batch::{Agreement, Claim, Errand, Part, Taken};
use crate::domain::brake::Pulled;
use crate::domain::removal::Removal;
use crate::domain::run::Run;
use crate::domain::{Account, Fingerprint, RunId, Uid};

/// Compressed lines.
const LINES: &str = "application/zstd";
/// Lines that people read.
const NDJSON: &str = "application/x-ndjson";

/// One run's objects.
#[derive(Debug, Clone)]
pub struct RunStore {
    bucket: Bucket,
    run: RunId,
}

/// A part, with its number and the version that was read.
#[derive(Debug, Clone)]
pub struct PartDocument {
    /// The batch.
    pub ordinal: u32,
    /// The part's number within the batch.
    pub number: u32,
    /// What is known of it.
    pub part: Part,
}

/// Where a run keeps its removals from lists.
const REMOVALS: &str = "removals.json";
/// Where a run keeps who was due when it read them.
const DUE: &str = "due.json";
/// Where a run keeps the brake that was pulled on it.
const BRAKE: &str = "brake.json";

impl RunStore {
    /// The objects of this run.
    pub fn new(bucket: Bucket, run: RunId) -> Self {
        Self { bucket, run }
    }

    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// Reads how far the run has come; `None` when there is no such run.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn read(&self) -> Result<Option<Run>, StoreError> {
        let document = self.bucket.get_json(&self.key("run.json")).await?;
        Ok(document.map(|document: Document<Run>| document.value))
    }

    /// Begins a run: `Taken` when another invocation began one in the same second.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn create(&self, run: &Run) -> Result<Put, StoreError> {
        Ok(self.bucket.put_json_new(&self.key("run.json"), run).await?)
    }

    /// Writes how far the run has come. Only whoever holds the run's lease does.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn write(&self, run: &Run) -> Result<(), StoreError> {
        self.bucket.put_json(&self.key("run.json"), run).await?;
        Ok(())
    }

    /// Stages a batch and answers its key.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn stage(&self, ordinal: u32, lines: Bytes) -> Result<String, StoreError> {
        let key = keys::batch(&self.run, ordinal);
        self.bucket.put(&key, lines, LINES).await?;
        Ok(key)
    }

    /// Opens a staged batch: its accounts one after the other. `None` when the object is gone.
    ///
    /// # Errors
    /// When the bucket refuses or the object cannot be opened.
    pub async fn staged(
        &self,
        key: &str,
    ) -> Result<Option<impl Iterator<Item = Result<Account, BadLine>> + use<>>, StoreError> {
        let Some(object) = self.bucket.get(key).await? else { return Ok(None) };
        read_lines(object.bytes).map(Some).map_err(|error| broken(key, &error))
    }

    /// Reads a claim with its version.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn claim(&self, ordinal: u32) -> Result<Option<Document<Claim>>, StoreError> {
        Ok(self.bucket.get_json(&keys::claim(&self.run, ordinal)).await?)
    }

    /// Writes a claim: over the version that was read, or where none is yet. `Taken` means that somebody else did
    /// meanwhile, unless the claim that is there now names the same holder: then it was our own put, repeated.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn write_claim(
        &self,
        ordinal: u32,
        claim: &Claim,
        known: Option<&super::bucket::ETag>,
    ) -> Result<Put, StoreError> {
        let key = keys::claim(&self.run, ordinal);
        Ok(match known {
            Some(etag) => self.bucket.replace_json(&key, claim, etag).await?,
            None => self.bucket.put_json_new(&key, claim).await?,
        })
    }

    /// The claims of all batches of the run, by ordinal.
    ///
    /// # Errors
    /// When the bucket refuses or an object is broken.
    pub async fn claims(&self) -> Result<Vec<(u32, Document<Claim>)>, StoreError> {
        let mut claims = Vec::new();
        for key in self.bucket.list(&keys::claims(&self.run)).await? {
            let Some(ordinal) = keys::ordinal_of(&key) else { continue };
            if let Some(document) = self.bucket.get_json(&key).await? {
                claims.push((ordinal, document));
            }
        }
        Ok(claims)
    }

    /// The parts of one batch, or of the whole run.
    ///
    /// # Errors
    /// When the bucket refuses or an object is broken.
    pub async fn parts(&self, ordinal: Option<u32>) -> Result<Vec<PartDocument>, StoreError> {
        let prefix = ordinal
            .map_or_else(|| keys::all_parts(&self.run), |ordinal| keys::parts(&self.run, ordinal));
        let mut parts = Vec::new();
        for key in self.bucket.list(&prefix).await? {
            let Some((ordinal, number)) = keys::part_of(&key) else { continue };
            if let Some(Document { value: part, .. }) = self.bucket.get_json(&key).await? {
                parts.push(PartDocument { ordinal, number, part });
            }
        }
        Ok(parts)
    }

    /// Writes a part. Only the holder of the batch's claim does, and poll once it is in flight.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn write_part(&self, document: &PartDocument) -> Result<(), StoreError> {
        let key = keys::part(&self.run, document.ordinal, document.number);
        self.bucket.put_json(&key, &document.part).await?;
        Ok(())
    }

    /// Takes back an intent that came to nothing, with what would have been agreed.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn withdraw_part(&self, ordinal: u32, number: u32) -> Result<(), StoreError> {
        self.bucket.delete(&keys::part(&self.run, ordinal, number)).await?;
        self.bucket.delete(&keys::agreements(&self.run, ordinal, number)).await?;
        Ok(())
    }

    /// Writes what the ledger is to hold once a part is settled; `part` is `None` for those to whom nothing is sent.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn write_agreements(
        &self,
        ordinal: u32,
        part: Option<u32>,
        agreements: &[Agreement],
    ) -> Result<(), StoreError> {
        self.write_lines(&self.agreements_key(ordinal, part), agreements).await
    }

    /// Reads them; none when there is no such object.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn agreements(
        &self,
        ordinal: u32,
        part: Option<u32>,
    ) -> Result<Vec<Agreement>, StoreError> {
        self.read_lines(&self.agreements_key(ordinal, part)).await
    }

    /// The rows of these people in parts of which nobody knows whether they were carried out; without those that were over by
    /// then, if a time is given. Holds one part's at a time.
    ///
    /// # Errors
    /// When the bucket refuses or an object is broken.
    pub async fn unclear_rows(
        &self,
        uids: &HashSet<&Uid>,
        but_over_by: Option<Timestamp>,
    ) -> Result<Vec<Agreement>, StoreError> {
        let is_asked = |part: &Part| {
            part.is_unclear() && !but_over_by.is_some_and(|then| part.was_over_by(then))
        };
        let mut rows = Vec::new();
        for document in self.parts(None).await?.into_iter().filter(|it| is_asked(&it.part)) {
            let all = self.agreements(document.ordinal, Some(document.number)).await?;
            rows.extend(all.into_iter().filter(|row| uids.contains(&row.uid)));
        }
        Ok(rows)
    }

    /// Drops agreements that are in the ledger by now.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn drop_quiet_agreements(&self, ordinal: u32) -> Result<(), StoreError> {
        self.bucket.delete(&keys::quiet_agreements(&self.run, ordinal)).await?;
        Ok(())
    }

    /// Writes which addresses a batch takes that nobody had, and for whom; none clears what was there.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn write_addresses(&self, ordinal: u32, taken: &[Taken]) -> Result<(), StoreError> {
        let key = keys::addresses(&self.run, ordinal);
        if taken.is_empty() {
            self.bucket.delete(&key).await?;
            return Ok(());
        }
        self.write_lines(&key, taken).await
    }

    /// Which of these addresses are taken by batches of the run, and for whom; with the batch. Holds one batch's at a
    /// time.
    ///
    /// # Errors
    /// When the bucket refuses or an object is broken.
    pub async fn addresses(
        &self,
        asked: &HashSet<Fingerprint>,
    ) -> Result<Vec<(u32, Taken)>, StoreError> {
        let mut taken = Vec::new();
        for key in self.bucket.list(&keys::all_addresses(&self.run)).await? {
            let Some(ordinal) = keys::ordinal_of(&key) else { continue };
            let all: Vec<Taken> = self.read_lines(&key).await?;
            let asked = all.into_iter().filter(|taken| asked.contains(&taken.address));
            taken.extend(asked.map(|taken| (ordinal, taken)));
        }
        Ok(taken)
    }

    /// Writes the single writes and removals of a batch; an empty list clears what was there.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn write_errands(&self, ordinal: u32, errands: &[Errand]) -> Result<(), StoreError> {
        let key = keys::errands(&self.run, ordinal);
        if errands.is_empty() {
            self.bucket.delete(&key).await?;
            return Ok(());
        }
        self.write_lines(&key, errands).await
    }

    /// Reads them.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn errands(&self, ordinal: u32) -> Result<Vec<Errand>, StoreError> {
        self.read_lines(&keys::errands(&self.run, ordinal)).await
    }

    /// Writes one batch's share of a list of people, as plain lines.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn write_list_share<T: Serialize>(
        &self,
        list: &str,
        ordinal: u32,
        people: &[T],
    ) -> Result<(), StoreError> {
        let key = keys::list_share(&self.run, list, ordinal);
        if people.is_empty() {
            self.bucket.delete(&key).await?;
            return Ok(());
        }
        let mut lines = Vec::new();
        for person in people {
            serde_json::to_writer(&mut lines, person)
                .map_err(|error| broken(&key, &error.into()))?;
            lines.push(b'\n');
        }
        self.bucket.put(&key, lines, NDJSON).await?;
        Ok(())
    }

    /// Reads one batch's share of a list of people.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn list_share<T: DeserializeOwned>(
        &self,
        list: &str,
        ordinal: u32,
    ) -> Result<Vec<T>, StoreError> {
        self.read_lines(&keys::list_share(&self.run, list, ordinal)).await
    }

    /// Writes something for people to read: a list, the report, its page.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn publish(
        &self,
        name: &str,
        bytes: impl Into<Bytes>,
        content_type: &str,
    ) -> Result<String, StoreError> {
        let key = self.key(name);
        self.bucket.put(&key, bytes.into(), content_type).await?;
        Ok(key)
    }

    /// Reads the brake that was pulled on this run, with its version.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn brake(&self) -> Result<Option<Document<Pulled>>, StoreError> {
        Ok(self.bucket.get_json(&self.key(BRAKE)).await?)
    }

    /// Writes the brake, over the version that was read or where none is yet; `Taken` when somebody else wrote meanwhile.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn write_brake(
        &self,
        pulled: &Pulled,
        known: Option<&super::bucket::ETag>,
    ) -> Result<Put, StoreError> {
        let key = self.key(BRAKE);
        Ok(match known {
            Some(etag) => self.bucket.replace_json(&key, pulled, etag).await?,
            None => self.bucket.put_json_new(&key, pulled).await?,
        })
    }

    /// The run's removals from lists, over or not.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn removals(&self) -> Result<Vec<Removal>, StoreError> {
        Ok(self.note(REMOVALS).await?.unwrap_or_default())
    }

    /// Writes them.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn write_removals(&self, removals: &[Removal]) -> Result<(), StoreError> {
        self.write_note(REMOVALS, &removals).await
    }

    /// Keeps a note of progress that only this run needs, such as the errands that are done.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn write_note<T: Serialize>(&self, name: &str, note: &T) -> Result<(), StoreError> {
        self.bucket.put_json(&self.key(name), note).await?;
        Ok(())
    }

    /// Notes who was due and is read by this run, beside those whom it took before.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn take_due(&self, due: Due) -> Result<(), StoreError> {
        let mut taken = self.due_taken().await?;
        taken.extend(due);
        self.write_note(DUE, &taken).await
    }

    /// Who was due when this run read them.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn due_taken(&self) -> Result<Due, StoreError> {
        Ok(self.note(DUE).await?.unwrap_or_default())
    }

    /// Reads such a note.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn note<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let document: Option<Document<T>> = self.bucket.get_json(&self.key(name)).await?;
        Ok(document.map(|document| document.value))
    }

    fn key(&self, name: &str) -> String {
        keys::run(&self.run, name)
    }

    fn agreements_key(&self, ordinal: u32, part: Option<u32>) -> String {
        part.map_or_else(
            || keys::quiet_agreements(&self.run, ordinal),
            |part| keys::agreements(&self.run, ordinal, part),
        )
    }

    async fn write_lines<T: Serialize>(&self, key: &str, items: &[T]) -> Result<(), StoreError> {
        let bytes = write_lines(items).map_err(|error| broken(key, &error))?;
        self.bucket.put(key, bytes, BYTES).await?;
        Ok(())
    }

    async fn read_lines<T: DeserializeOwned>(&self, key: &str) -> Result<Vec<T>, StoreError> {
        let Some(object) = self.bucket.get(key).await? else { return Ok(Vec::new()) };
        let lines = read_lines(object.bytes).map_err(|error| broken(key, &error))?;
        lines
            .collect::<Result<_, _>>()
            .map_err(|error| StoreError::Broken { key: key.to_owned(), problem: error.to_string() })
    }
}

fn broken(key: &str, error: &io::Error) -> StoreError {
    StoreError::Broken { key: key.to_owned(), problem: error.kind().to_string() }
}
