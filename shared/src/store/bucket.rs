//! The bucket: whole objects, conditional puts, and typed JSON on top of them.
//!
//! A conditional put is how two invocations agree on who does something. Mind that the SDK repeats a put whose answer was
//! lost: a put that landed may come back as [`Put::Taken`]. So what is put names its holder, and whoever meets `Taken`
//! reads the object and compares the holder with itself before giving way.

use std::fmt;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use bytes::{Bytes, BytesMut};

use crate::aws::{Failure, SdkConfig};
use crate::domain::{Dispose, Disposition};
use crate::http::call;

/// Largest object that is read into memory at once: a ledger shard or a staged batch is some megabytes, and the functions
/// have 256. Larger ones are read with [`Bucket::open`].
pub const OBJECT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Keys of one page of a listing (Amazon S3 API reference, `ListObjectsV2`, `max-keys`).
pub const LIST_PAGE_KEYS_MAX: usize = 1_000;

/// Pages of one listing: a hundred thousand keys, far more than a run has objects.
pub const LIST_PAGES_MAX: usize = 100;

/// Keys of one deletion (Amazon S3 API reference, `DeleteObjects`).
pub const DELETE_KEYS_MAX: usize = 1_000;

/// Waits before a conditional put is tried again that met another one in flight. "You may need to retry the upload" is the
/// advice (Amazon S3 user guide, "Conditional writes", 409 Conflict).
pub const CONFLICT_SCHEDULE: [Duration; 2] =
    [Duration::from_millis(100), Duration::from_millis(400)];

/// How the bucket names a JSON object's kind.
pub const JSON: &str = "application/json";

/// How the bucket names plain bytes.
pub const BYTES: &str = "application/octet-stream";

/// Which version of an object it is. Opaque; the quotes belong to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// Takes the tag as S3 gave it.
    pub fn new(tag: impl Into<String>) -> Self {
        Self(tag.into())
    }

    /// The tag as S3 gave it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An object as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    /// All of it.
    pub bytes: Bytes,
    /// Which version of it.
    pub etag: ETag,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({} bytes, {})", self.bytes.len(), self.etag)
    }
}

/// How a conditional put ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Put {
    /// The object is now what we put, and this is its tag.
    Done(ETag),
    /// The condition did not hold: somebody else was first, or we were and the answer got lost.
    Taken,
}

/// What a conditional read found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// The object is still the version that was named.
    No,
    /// It is another version now.
    Yes(Object),
    /// There is no such object any longer.
    Gone,
}

/// What we were doing to the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Reading an object.
    Read,
    /// Putting an object, with or without a condition.
    Put,
    /// Listing the keys under a prefix.
    List,
    /// Deleting an object.
    Delete,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Put => "put",
            Self::List => "listed",
            Self::Delete => "deleted",
        })
    }
}

/// Why something could not be done to the bucket. Keys name runs, batches and shards, never people.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// AWS refused or did not answer.
    #[error("{key} in bucket {bucket} could not be {action}")]
    Failed {
        /// What we were doing.
        action: Action,
        /// The bucket.
        bucket: String,
        /// To which object, or under which prefix.
        key: String,
        /// What AWS answered.
        #[source]
        source: Failure,
    },
    /// The object is larger than [`OBJECT_BYTES_MAX`].
    #[error("{key} in bucket {bucket} is larger than {OBJECT_BYTES_MAX} bytes")]
    TooLarge {
        /// The bucket.
        bucket: String,
        /// Which object.
        key: String,
    },
    /// There are more keys under the prefix than a listing reads.
    #[error(
        "more than {} keys in bucket {bucket} begin with \"{prefix}\"",
        LIST_PAGES_MAX * LIST_PAGE_KEYS_MAX
    )]
    TooMany {
        /// The bucket.
        bucket: String,
        /// The prefix.
        prefix: String,
    },
    /// The object is not the JSON it should be. The parser's own words are left out, since they quote the object.
    #[error(
        "{key} in bucket {bucket} is not the JSON it should be, at line {line}, column {column}"
    )]
    Json {
        /// The bucket.
        bucket: String,
        /// Which object.
        key: String,
        /// Where, from 1; 0 when it could not be written.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
}

impl Dispose for BucketError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Failed { source, .. } => source.disposition(),
            Self::TooLarge { .. } | Self::Json { .. } => Disposition::Reject,
            Self::TooMany { .. } => Disposition::Halt,
        }
    }
}

/// The one bucket of the deployment. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// The bucket of this name, over a client of its own.
    pub fn connect(config: &SdkConfig, name: impl Into<String>) -> Self {
        Self::new(Client::new(config), name)
    }

    /// The bucket of this name, over this client.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads an object whole; `None` when there is none.
    ///
    /// A policy without `s3:ListBucket` turns "there is none" into 403 (Amazon S3 API reference, `GetObject`), so the
    /// functions have it.
    ///
    /// # Errors
    /// When it cannot be read, or is larger than [`OBJECT_BYTES_MAX`].
    pub async fn get(&self, key: &str) -> Result<Option<Object>, BucketError> {
        let Some(answer) = self.begin(key).await? else { return Ok(None) };
        self.whole(key, answer).await.map(Some)
    }

    /// Reads an object if it is no longer the version that is named: for settings, which seldom change.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_if_changed(&self, key: &str, known: &ETag) -> Result<Changed, BucketError> {
        const NOT_MODIFIED: u16 = 304;
        let request = self.client.get_object().bucket(&self.name).key(key);
        match request.if_none_match(known.as_str()).send().await {
            Ok(answer) => self.whole(key, answer).await.map(Changed::Yes),
            Err(error)
                if error.raw_response().is_some_and(|r| r.status().as_u16() == NOT_MODIFIED) =>
            {
                Ok(Changed::No)
            }
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                Ok(Changed::Gone)
            }
            Err(error) => Err(self.failed(Action::Read, key, error)),
        }
    }

    /// Opens an object for reading piece by piece; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(&self, key: &str) -> Result<Option<Reading>, BucketError> {
        let answer = self.begin(key).await?;
        Ok(answer.map(|answer| Reading {
            bucket: self.clone(),
            key: key.to_owned(),
            etag: ETag(answer.e_tag.unwrap_or_default()),
            body: answer.body,
        }))
    }

    /// Puts an object, whatever was there.
    ///
    /// # Errors
    /// When it cannot be put.
    pub async fn put(
        &self,
        key: &str,
        bytes: impl Into<Bytes>,
        content_type: &str,
    ) -> Result<ETag, BucketError> {
        let request = self.request_put(key, bytes.into(), content_type);
        let answer = request.send().await.map_err(|error| self.failed(Action::Put, key, error))?;
        Ok(ETag(answer.e_tag.unwrap_or_default()))
    }

    /// Puts an object where none is yet. Of many at once exactly one is [`Put::Done`].
    ///
    /// # Errors
    /// When AWS refuses for another reason, or does not answer.
    pub async fn put_new(
        &self,
        key: &str,
        bytes: impl Into<Bytes>,
        content_type: &str,
    ) -> Result<Put, BucketError> {
        let bytes = bytes.into();
        self.put_if(key, || self.request_put(key, bytes.clone(), content_type).if_none_match("*"))
            .await
    }

    /// Puts an object in place of the version that is named. An object that is gone by now counts as taken.
    ///
    /// # Errors
    /// When AWS refuses for another reason, or does not answer.
    pub async fn replace(
        &self,
        key: &str,
        bytes: impl Into<Bytes>,
        content_type: &str,
        known: &ETag,
    ) -> Result<Put, BucketError> {
        let bytes = bytes.into();
        self.put_if(key, || {
            self.request_put(key, bytes.clone(), content_type).if_match(known.as_str())
        })
        .await
    }

    /// The keys that begin with the prefix, in order.
    ///
    /// # Errors
    /// When they cannot be listed, or there are more than [`LIST_PAGES_MAX`] pages of them.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, BucketError> {
        let mut keys = Vec::new();
        let mut next_page: Option<String> = None;
        for _ in 0..LIST_PAGES_MAX {
            let request = self.client.list_objects_v2().bucket(&self.name).prefix(prefix);
            let page = request
                .set_continuation_token(next_page)
                .send()
                .await
                .map_err(|error| self.failed(Action::List, prefix, error))?;
            keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|it| it.key));
            next_page = page.next_continuation_token;
            if next_page.is_none() {
                return Ok(keys);
            }
        }
        Err(BucketError::TooMany { bucket: self.name.clone(), prefix: prefix.to_owned() })
    }

    /// Deletes an object; that there is none is no error.
    ///
    /// # Errors
    /// When AWS refuses or does not answer.
    pub async fn delete(&self, key: &str) -> Result<(), BucketError> {
        let request = self.client.delete_object().bucket(&self.name).key(key);
        request.send().await.map_err(|error| self.failed(Action::Delete, key, error))?;
        Ok(())
    }

    /// Deletes objects, [`DELETE_KEYS_MAX`] at a time.
    ///
    /// # Errors
    /// When AWS refuses one of them or does not answer; those before it are gone.
    pub async fn delete_many(
        &self,
        keys: impl IntoIterator<Item = String>,
    ) -> Result<(), BucketError> {
        let keys: Vec<String> = keys.into_iter().collect();
        for some in keys.chunks(DELETE_KEYS_MAX) {
            self.delete_some(some).await?;
        }
        Ok(())
    }

    async fn delete_some(&self, keys: &[String]) -> Result<(), BucketError> {
        let first = keys.first().map_or("", String::as_str);
        let failed = |key: &str, source: Failure| self.failure(Action::Delete, key, source);
        let objects: Result<Vec<_>, _> =
            keys.iter().map(|key| ObjectIdentifier::builder().key(key).build()).collect();
        let delete = objects
            .and_then(|objects| Delete::builder().set_objects(Some(objects)).quiet(true).build())
            .map_err(|error| failed(first, Failure::unmade(error)))?;
        let request = self.client.delete_objects().bucket(&self.name).delete(delete);
        let answer = request.send().await.map_err(|error| failed(first, error.into()))?;
        match answer.errors.unwrap_or_default().first() {
            None => Ok(()),
            Some(refusal) => {
                let code = refusal.code().unwrap_or_default();
                Err(failed(refusal.key().unwrap_or(first), Failure::of_one(code)))
            }
        }
    }

    async fn begin(&self, key: &str) -> Result<Option<GetObjectOutput>, BucketError> {
        match self.client.get_object().bucket(&self.name).key(key).send().await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                Ok(None)
            }
            Err(error) => Err(self.failed(Action::Read, key, error)),
        }
    }

    async fn whole(&self, key: &str, answer: GetObjectOutput) -> Result<Object, BucketError> {
        let too_large = || BucketError::TooLarge { bucket: self.name.clone(), key: key.to_owned() };
        let announced = usize::try_from(answer.content_length.unwrap_or_default()).unwrap_or(0);
        if announced > OBJECT_BYTES_MAX {
            return Err(too_large());
        }
        let mut body = answer.body;
        let mut bytes = BytesMut::with_capacity(announced);
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| self.cut_short(key, error))?;
            if bytes.len() + chunk.len() > OBJECT_BYTES_MAX {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Object { bytes: bytes.freeze(), etag: ETag(answer.e_tag.unwrap_or_default()) })
    }

    fn request_put(&self, key: &str, bytes: Bytes, content_type: &str) -> PutObjectFluentBuilder {
        let request = self.client.put_object().bucket(&self.name).key(key);
        request.content_type(content_type).body(ByteStream::from(bytes))
    }

    /// S3 answers 412 when the condition does not hold, 404 when the version to be replaced is gone, and 409 when another
    /// put is in flight (Amazon S3 user guide, "Conditional writes"). Only the last is worth another attempt.
    async fn put_if(
        &self,
        key: &str,
        request: impl Fn() -> PutObjectFluentBuilder,
    ) -> Result<Put, BucketError> {
        let mut waits = CONFLICT_SCHEDULE.iter();
        loop {
            let error = match request().send().await {
                Ok(answer) => return Ok(Put::Done(ETag(answer.e_tag.unwrap_or_default()))),
                Err(error) => error,
            };
            match (error.code(), waits.next()) {
                (Some("PreconditionFailed" | "NoSuchKey"), _)
                | (Some("ConditionalRequestConflict"), None) => return Ok(Put::Taken),
                (Some("ConditionalRequestConflict"), Some(pause)) => call::wait(*pause).await,
                _ => return Err(self.failed(Action::Put, key, error)),
            }
        }
    }

    fn failed(&self, action: Action, key: &str, source: impl Into<Failure>) -> BucketError {
        self.failure(action, key, source.into())
    }

    fn failure(&self, action: Action, key: &str, source: Failure) -> BucketError {
        BucketError::Failed { action, bucket: self.name.clone(), key: key.to_owned(), source }
    }

    fn cut_short(&self, key: &str, error: aws_sdk_s3::primitives::ByteStreamError) -> BucketError {
        self.failure(Action::Read, key, Failure::cut_short(error))
    }
}

/// An object that is being read piece by piece.
#[derive(Debug)]
pub struct Reading {
    bucket: Bucket,
    key: String,
    etag: ETag,
    body: ByteStream,
}

impl Reading {
    /// Which version of the object it is.
    pub fn etag(&self) -> &ETag {
        &self.etag
    }

    /// The next piece, of whatever size it comes in; `None` at the end.
    ///
    /// # Errors
    /// When the answer breaks off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BucketError> {
        let chunk = self.body.next().await.transpose();
        chunk.map_err(|error| self.bucket.cut_short(&self.key, error))
    }
}
