//! What an operator wrote down when they let somebody come back: `state/testimony/<person>.json`. The one thing under
//! `state/` that may name a person in words, so it is an object of its own, which an erasure empties.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateStore, StoreError, keys};
use crate::domain::{Fingerprint, FingerprintKey, Uid};

/// Why somebody may come back, in an operator's words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Testimony {
    /// What shows that the person wants it.
    pub text: String,
    /// Who says so.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl fmt::Debug for Testimony {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Testimony({})", self.at)
    }
}

/// By what somebody's testimonies are known.
fn name(key: &FingerprintKey, uid: &Uid) -> Fingerprint {
    key.fingerprint("uid", uid.as_str())
}

impl StateStore {
    /// Keeps a testimony beside those that are kept already.
    ///
    /// # Errors
    /// When the bucket refuses, or others keep changing it.
    pub async fn testify(
        &self,
        key: &FingerprintKey,
        uid: &Uid,
        testimony: &Testimony,
    ) -> Result<(), StoreError> {
        let add = |kept: &mut Vec<Testimony>| kept.push(testimony.clone());
        self.change(&keys::testimony(name(key, uid)), add).await?;
        Ok(())
    }

    /// Forgets what was written down about somebody who is erased. Costs a read where nothing was.
    ///
    /// # Errors
    /// When the bucket refuses, or others keep changing it.
    pub async fn forget_testimonies(
        &self,
        key: &FingerprintKey,
        uid: &Uid,
    ) -> Result<(), StoreError> {
        let object = keys::testimony(name(key, uid));
        self.change(&object, |kept: &mut Vec<Testimony>| kept.clear()).await?;
        Ok(())
    }
}
