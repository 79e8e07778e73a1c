//! What an operator wrote down when they let somebody come back: `state/testimony/<person>.json`. The one thing under
//! `state/` that may name a person, so it is an object of its own that an erasure deletes.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateStore, StoreError, keys};
use crate::domain::Uid;

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

impl StateStore {
    /// Keeps a testimony beside those that are kept already.
    ///
    /// # Errors
    /// When the bucket refuses, or others keep changing it.
    pub async fn testify(&self, uid: &Uid, testimony: &Testimony) -> Result<(), StoreError> {
        let add = |kept: &mut Vec<Testimony>| kept.push(testimony.clone());
        self.change(&keys::testimony(uid), add).await?;
        Ok(())
    }

    /// What was written down about somebody, the oldest first.
    ///
    /// # Errors
    /// When the bucket refuses or the object is broken.
    pub async fn testimonies(&self, uid: &Uid) -> Result<Vec<Testimony>, StoreError> {
        Ok(self.read(&keys::testimony(uid)).await?.0)
    }
}
