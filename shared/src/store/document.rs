//! Typed JSON on top of the bucket's objects.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::bucket::{Bucket, BucketError, ETag, JSON, Object, Put};

/// A document as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document<T> {
    /// What it says.
    pub value: T,
    /// Which version of it.
    pub etag: ETag,
}

impl Bucket {
    /// Reads a JSON document; `None` when there is none.
    ///
    /// # Errors
    /// As [`get`](Self::get), and when the object is not such a document.
    pub async fn get_json<T: DeserializeOwned>(
        &self,
        key: &str,
    ) -> Result<Option<Document<T>>, BucketError> {
        let Some(Object { bytes, etag }) = self.get(key).await? else { return Ok(None) };
        let value = serde_json::from_slice(&bytes).map_err(|error| self.no_json(key, &error))?;
        Ok(Some(Document { value, etag }))
    }

    /// Puts a JSON document, whatever was there.
    ///
    /// # Errors
    /// As [`put`](Self::put), and when the value cannot be written as JSON.
    pub async fn put_json(&self, key: &str, value: &impl Serialize) -> Result<ETag, BucketError> {
        self.put(key, self.to_json(key, value)?, JSON).await
    }

    /// Puts a JSON document where none is yet.
    ///
    /// # Errors
    /// As [`put_new`](Self::put_new), and when the value cannot be written as JSON.
    pub async fn put_json_new(
        &self,
        key: &str,
        value: &impl Serialize,
    ) -> Result<Put, BucketError> {
        self.put_new(key, self.to_json(key, value)?, JSON).await
    }

    /// Puts a JSON document in place of the version that is named.
    ///
    /// # Errors
    /// As [`replace`](Self::replace), and when the value cannot be written as JSON.
    pub async fn replace_json(
        &self,
        key: &str,
        value: &impl Serialize,
        known: &ETag,
    ) -> Result<Put, BucketError> {
        self.replace(key, self.to_json(key, value)?, JSON, known).await
    }

    fn to_json(&self, key: &str, value: &impl Serialize) -> Result<Vec<u8>, BucketError> {
        serde_json::to_vec(value).map_err(|error| self.no_json(key, &error))
    }

    fn no_json(&self, key: &str, error: &serde_json::Error) -> BucketError {
        let (bucket, key) = (self.name().to_owned(), key.to_owned());
        BucketError::Json { bucket, key, line: error.line(), column: error.column() }
    }
}
