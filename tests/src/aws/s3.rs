//! S3 in memory: the protocol is s3s', the store is ours, because conditional puts must have exactly one winner.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use md5::{Digest as _, Md5};
use s3s::dto::{
    Bucket as BucketEntry, CreateBucketInput, CreateBucketOutput, DeleteObjectInput,
    DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag,
    ETagCondition, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, PutObjectInput, PutObjectOutput, StreamingBlob,
};
use s3s::service::S3Service;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use shared::invocation::Clock;

use super::chunked;

/// Largest object that is taken.
pub const OBJECT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Keys of one page of a listing (Amazon S3 API reference, `ListObjectsV2`, `max-keys`).
pub const PAGE_KEYS_MAX: usize = 1_000;

/// Keys of one deletion (Amazon S3 API reference, `DeleteObjects`).
const DELETE_KEYS_MAX: usize = 1_000;

/// The buckets; clones are the same buckets.
#[derive(Debug, Clone)]
pub struct Objects {
    buckets: Arc<Mutex<BTreeMap<String, Contents>>>,
    clock: Clock,
}

type Contents = BTreeMap<String, Stored>;

#[derive(Debug, Clone)]
struct Stored {
    bytes: Bytes,
    /// MD5 of the bytes, as AWS has it with its own keys (Amazon S3 API reference, "Object", `ETag`): the same bytes put
    /// twice have the same tag.
    etag: String,
    content_type: Option<String>,
    modified: SystemTime,
}

impl Stored {
    fn e_tag(&self) -> ETag {
        ETag::Strong(self.etag.clone())
    }

    fn is(&self, condition: &ETagCondition) -> bool {
        match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => etag.value() == self.etag,
        }
    }

    fn length(&self) -> Option<i64> {
        i64::try_from(self.bytes.len()).ok()
    }
}

impl Objects {
    pub(super) fn new(clock: Clock) -> Self {
        Self { buckets: Arc::default(), clock }
    }

    /// Makes an empty bucket, unless it is there already.
    pub fn create_bucket(&self, bucket: &str) {
        self.lock().entry(bucket.to_owned()).or_default();
    }

    /// The object, past the wire: for those who check.
    pub fn get(&self, bucket: &str, key: &str) -> Option<Bytes> {
        self.lock().get(bucket)?.get(key).map(|stored| stored.bytes.clone())
    }

    /// Puts an object, past the wire: for those who prepare.
    pub fn put(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) {
        let stored = self.stored(bytes.into(), None);
        self.lock().entry(bucket.to_owned()).or_default().insert(key.to_owned(), stored);
    }

    /// Deletes an object, past the wire.
    pub fn delete(&self, bucket: &str, key: &str) {
        if let Some(contents) = self.lock().get_mut(bucket) {
            contents.remove(key);
        }
    }

    /// The keys that begin with the prefix, in order, past the wire.
    pub fn keys(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let buckets = self.lock();
        let keys = buckets.get(bucket).into_iter().flat_map(BTreeMap::keys);
        keys.filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    fn stored(&self, bytes: Bytes, content_type: Option<String>) -> Stored {
        let etag = hex(&Md5::digest(&bytes));
        Stored { bytes, etag, content_type, modified: self.clock.now().into() }
    }

    /// Nobody panics while holding it.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Contents>> {
        self.buckets.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn with<T>(&self, bucket: &str, act: impl FnOnce(&mut Contents) -> S3Result<T>) -> S3Result<T> {
        act(self.lock().get_mut(bucket).ok_or_else(|| s3_error!(NoSuchBucket))?)
    }

    fn find(&self, bucket: &str, key: &str) -> S3Result<Stored> {
        self.with(bucket, |contents| contents.get(key).cloned().ok_or_else(|| s3_error!(NoSuchKey)))
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |half: u8| DIGITS[usize::from(half)];
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}

/// Answers a request to S3. Signatures are not checked, since any credentials will do; so they are taken off, together with
/// the framing that they need.
pub(super) async fn answer(
    service: &S3Service,
    mut request: http::Request<Bytes>,
) -> http::Response<Bytes> {
    request.headers_mut().remove(AUTHORIZATION);
    let payload = request.headers().get("x-amz-content-sha256");
    if payload.is_some_and(|payload| payload.as_bytes().starts_with(b"STREAMING-")) {
        let announced = request.headers().get("x-amz-decoded-content-length").cloned();
        let whole = chunked::decode(std::mem::take(request.body_mut()));
        let length = whole.as_ref().map(|bytes| http::HeaderValue::from(bytes.len()));
        match (whole, length) {
            (Some(bytes), Some(length)) if announced.as_ref() == Some(&length) => {
                *request.body_mut() = bytes;
                request.headers_mut().insert(CONTENT_LENGTH, length);
            }
            _ => return incomplete(),
        }
    }
    for header in ["x-amz-content-sha256", "x-amz-decoded-content-length", "x-amz-trailer"] {
        request.headers_mut().remove(header);
    }
    let Ok(answer) = service.call(request.map(s3s::Body::from)).await else { return incomplete() };
    let (parts, mut body) = answer.into_parts();
    match body.store_all_limited(OBJECT_BYTES_MAX).await {
        Ok(bytes) => http::Response::from_parts(parts, bytes),
        Err(_) => incomplete(),
    }
}

fn incomplete() -> http::Response<Bytes> {
    refusal("IncompleteBody", "The body broke off.")
}

/// An error as S3 writes it (Amazon S3 API reference, "Error responses").
pub(super) fn refusal(code: &str, message: &str) -> http::Response<Bytes> {
    let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let mut response = http::Response::new(Bytes::from(body));
    *response.status_mut() = http::StatusCode::BAD_REQUEST;
    response
}

#[async_trait::async_trait]
impl S3 for Objects {
    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        Self::create_bucket(self, &request.input.bucket);
        Ok(S3Response::new(CreateBucketOutput::default()))
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.with(&request.input.bucket, |_| Ok(()))?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn list_buckets(
        &self,
        _request: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let named = |name: &String| BucketEntry { name: Some(name.clone()), ..Default::default() };
        let buckets = self.lock().keys().map(named).collect();
        Ok(S3Response::new(ListBucketsOutput { buckets: Some(buckets), ..Default::default() }))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let stored = self.find(&input.bucket, &input.key)?;
        if input.if_match.is_some_and(|condition| !stored.is(&condition)) {
            return Err(s3_error!(PreconditionFailed));
        }
        if input.if_none_match.is_some_and(|condition| stored.is(&condition)) {
            return Err(s3_error!(NotModified));
        }
        let (bytes, content_range) = match &input.range {
            None => (stored.bytes.clone(), None),
            Some(range) => {
                let range = range.check(stored.bytes.len() as u64)?;
                let bounds = range.start..range.end;
                let whole = stored.bytes.len();
                let header = format!("bytes {}-{}/{whole}", bounds.start, bounds.end - 1);
                let index = |at: u64| usize::try_from(at).unwrap_or(whole).min(whole);
                (stored.bytes.slice(index(bounds.start)..index(bounds.end)), Some(header))
            }
        };
        let length = i64::try_from(bytes.len()).ok();
        let piece = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes)]);
        Ok(S3Response::new(GetObjectOutput {
            body: Some(StreamingBlob::wrap(piece)),
            content_length: length,
            content_range,
            content_type: stored.content_type.clone(),
            e_tag: Some(stored.e_tag()),
            last_modified: Some(stored.modified.into()),
            ..Default::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let stored = self.find(&request.input.bucket, &request.input.key)?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: stored.length(),
            content_type: stored.content_type.clone(),
            e_tag: Some(stored.e_tag()),
            last_modified: Some(stored.modified.into()),
            ..Default::default()
        }))
    }

    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        let mut bytes = bytes::BytesMut::new();
        if let Some(mut body) = input.body {
            while let Some(piece) = body.try_next().await.map_err(|_| s3_error!(IncompleteBody))? {
                bytes.extend_from_slice(&piece);
            }
        }
        let announced = input.content_length.and_then(|length| usize::try_from(length).ok());
        if announced.is_some_and(|announced| announced != bytes.len()) {
            return Err(s3_error!(IncompleteBody));
        }
        let stored = self.stored(bytes.freeze(), input.content_type);
        let etag = stored.e_tag();
        // Check and put under one lock: of many at once exactly one wins.
        self.with(&input.bucket, |contents| {
            let present = contents.get(&input.key);
            match (&input.if_none_match, &input.if_match, present) {
                (Some(ETagCondition::ETag(_)), _, _) => Err(s3_error!(NotImplemented)),
                (Some(ETagCondition::Any), _, Some(_)) => Err(s3_error!(PreconditionFailed)),
                (_, Some(_), None) => Err(s3_error!(NoSuchKey)),
                (_, Some(condition), Some(present)) if !present.is(condition) => {
                    Err(s3_error!(PreconditionFailed))
                }
                _ => {
                    contents.insert(input.key, stored);
                    Ok(())
                }
            }
        })?;
        Ok(S3Response::new(PutObjectOutput { e_tag: Some(etag), ..Default::default() }))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = request.input;
        if input.if_match.is_some() {
            return Err(s3_error!(NotImplemented));
        }
        self.with(&input.bucket, |contents| {
            contents.remove(&input.key);
            Ok(())
        })?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let S3Request { input: DeleteObjectsInput { bucket, delete, .. }, .. } = request;
        if delete.objects.is_empty() || delete.objects.len() > DELETE_KEYS_MAX {
            return Err(s3_error!(MalformedXML));
        }
        let is_quiet = delete.quiet.unwrap_or(false);
        let mut deleted = Vec::new();
        self.with(&bucket, |contents| {
            for object in delete.objects {
                contents.remove(&object.key);
                if !is_quiet {
                    deleted.push(DeletedObject { key: Some(object.key), ..Default::default() });
                }
            }
            Ok(())
        })?;
        Ok(S3Response::new(DeleteObjectsOutput { deleted: Some(deleted), ..Default::default() }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        if input.delimiter.is_some() {
            return Err(s3_error!(NotImplemented, "the sandbox lists without a delimiter"));
        }
        let prefix = input.prefix.clone().unwrap_or_default();
        let after = match &input.continuation_token {
            Some(token) => Some(last_key(token)?),
            None => input.start_after.clone(),
        };
        let asked = input.max_keys.and_then(|keys| usize::try_from(keys).ok());
        let page_keys = asked.unwrap_or(PAGE_KEYS_MAX).min(PAGE_KEYS_MAX);
        let mut page: Vec<Object> = self.with(&input.bucket, |contents| {
            let wanted = contents.iter().filter(|(key, _)| {
                key.starts_with(&prefix) && after.as_ref().is_none_or(|after| *key > after)
            });
            Ok(wanted.take(page_keys + 1).map(|(key, stored)| entry(key, stored)).collect())
        })?;
        let is_truncated = page.len() > page_keys;
        page.truncate(page_keys);
        let last = page.last().and_then(|entry| entry.key.as_ref());
        let next = last.filter(|_| is_truncated).map(|key| URL_SAFE_NO_PAD.encode(key));
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: input.prefix,
            max_keys: i32::try_from(page_keys).ok(),
            key_count: i32::try_from(page.len()).ok(),
            is_truncated: Some(is_truncated),
            continuation_token: input.continuation_token,
            next_continuation_token: next,
            contents: Some(page),
            ..Default::default()
        }))
    }
}

fn entry(key: &str, stored: &Stored) -> Object {
    Object {
        key: Some(key.to_owned()),
        size: stored.length(),
        e_tag: Some(stored.e_tag()),
        last_modified: Some(stored.modified.into()),
        ..Default::default()
    }
}

fn last_key(token: &str) -> S3Result<String> {
    let key = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    key.ok_or_else(|| s3_error!(InvalidArgument, "the continuation token is not ours"))
}
