//! Keeps the connection to Constant Contact v3 alive: one renewal at a time, stored before it is used.
//!
//! With rotating refresh tokens a lost pair is a dead connection that only a human can mend. So a renewal is made by
//! whoever holds the lease in the bucket, the new refresh token is in the secret before the new access token is used,
//! and everybody else finds the new token there.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::constant_contact::v3::{Connection, oauth};
use crate::constant_contact::{ConstantContactError, Renew, RenewError};
use crate::defects::{self, Defect};
use crate::domain::{Dispose, Disposition, Secret};
use crate::http::call::{self, with_retries};
use crate::http::{Caller, Now, SCHEDULE, Wire};
use crate::secrets::{ConstantContactSecret, NewTokens, Secrets, SecretsError};
use crate::store::bucket::Put;
use crate::store::document::Document;
use crate::store::{Bucket, BucketError, keys};

/// An access token with less left is renewed before it is used (a token lives for 24 hours).
const RENEW_MINUTES_BEFORE: i64 = 15;
/// How long a lease lives when its holder dies: longer than a renewal with all its retries takes.
const LEASE_SECONDS: i64 = 300;
/// How long to wait for another's renewal, a step at a time.
const WAIT_STEP: Duration = Duration::from_secs(3);
/// How many such steps: two minutes; whoever is asked again later finds the lease expired or the token there.
const WAIT_STEPS_MAX: u32 = 40;

/// Who renews the token, and until when.
#[derive(Debug, Serialize, Deserialize)]
struct Lease {
    holder: String,
    until: Timestamp,
}

/// Why no token could be had.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The secret could not be read or written.
    #[error("the tokens could not be kept")]
    Secrets(#[source] SecretsError),
    /// The lease could not be taken.
    #[error("the lease on the tokens could not be taken")]
    Lease(#[source] BucketError),
    /// Constant Contact gave no new tokens.
    #[error("Constant Contact gave no new tokens")]
    Refresh(#[source] ConstantContactError),
    /// The secret is for v2.
    #[error(
        "the secret holds a v2 key (api_key); v3 needs client_id, client_secret and refresh_token"
    )]
    OtherDialect,
    /// Somebody else holds the lease and does not finish.
    #[error("another invocation has been renewing the tokens for too long")]
    Busy,
}

impl Dispose for ConnectionError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Secrets(error) => error.disposition(),
            Self::Lease(error) => error.disposition(),
            Self::Refresh(error) => error.disposition(),
            Self::OtherDialect => Disposition::Halt,
            Self::Busy => Disposition::Retry { after: None },
        }
    }
}

/// Keeps the tokens.
struct Keeper {
    secrets: Secrets,
    bucket: Bucket,
    connection: Connection,
    caller: Caller,
    now: Now,
    /// Tells our lease from others'.
    holder: String,
    /// What could not be stored yet.
    unstored: Mutex<Option<Unstored>>,
}

/// The pair that a renewal brought while the secret could not be written, and the refresh token that it took the place of. With
/// rotating tokens nothing else gets another pair.
struct Unstored {
    spent: Secret,
    new: NewTokens,
}

/// What the client asks whenever it needs a token.
pub fn renew(
    secrets: Secrets,
    bucket: Bucket,
    connection: Connection,
    wire: Arc<dyn Wire>,
    now: Now,
) -> Renew {
    let holder = format!("{:016x}", RandomState::new().hash_one(0));
    let caller = oauth::caller(wire);
    let keeper = Arc::new(Keeper {
        secrets,
        bucket,
        connection,
        caller,
        now,
        holder,
        unstored: Mutex::default(),
    });
    Arc::new(move |refused| {
        let keeper = Arc::clone(&keeper);
        async move { keeper.token(refused.as_ref()).await.map_err(RenewError::new) }.boxed()
    })
}

/// The tokens as the secret has them now.
struct Kept {
    access: Option<Secret>,
    refresh: Secret,
    expires_at: Option<Timestamp>,
}

impl Keeper {
    async fn token(&self, refused: Option<&Secret>) -> Result<Secret, ConnectionError> {
        for _ in 0..WAIT_STEPS_MAX {
            let kept = self.kept().await?;
            if let Some(token) = self.usable(&kept, refused) {
                return Ok(token);
            }
            if self.take_lease().await? {
                let renewed = self.renew(refused).await;
                let released = self.bucket.delete(keys::TOKEN_LEASE).await;
                let token = renewed?;
                // A lease that stays behind dies by itself; the token is good.
                if let Err(error) = released {
                    tracing::warn!(error = %error, "The lease on the tokens was not given back.");
                }
                return Ok(token);
            }
            call::wait(WAIT_STEP).await;
        }
        Err(ConnectionError::Busy)
    }

    async fn kept(&self) -> Result<Kept, ConnectionError> {
        let secret = self.secrets.read().await.map_err(ConnectionError::Secrets)?;
        match secret.constant_contact {
            ConstantContactSecret::V3 { access_token, refresh_token, expires_at, .. } => {
                Ok(Kept { access: access_token, refresh: refresh_token, expires_at })
            }
            ConstantContactSecret::V2 { .. } => Err(ConnectionError::OtherDialect),
        }
    }

    /// The kept access token, unless it is the one that was refused or is about to die.
    fn usable(&self, kept: &Kept, refused: Option<&Secret>) -> Option<Secret> {
        let access = kept.access.as_ref()?;
        let fresh_until = (self.now)() + SignedDuration::from_mins(RENEW_MINUTES_BEFORE);
        let is_dying = kept.expires_at.is_some_and(|at| at < fresh_until);
        (Some(access) != refused && !is_dying).then(|| access.clone())
    }

    /// Renews with the refresh token that the secret holds now that the lease is ours.
    async fn renew(&self, refused: Option<&Secret>) -> Result<Secret, ConnectionError> {
        let kept = self.kept().await?;
        if let Some(token) = self.usable(&kept, refused) {
            return Ok(token);
        }
        let new = match self.take_unstored(&kept.refresh) {
            Some(new) => new,
            None => self.refresh(&kept.refresh).await?,
        };
        let token = new.access_token.clone();
        if defects::is_back(Defect::TokenStoredAfterUse) {
            let secrets = self.secrets.clone();
            tokio::spawn(async move {
                call::wait(Duration::from_secs(10)).await;
                secrets.store_tokens(&new).await
            });
            return Ok(token);
        }
        let stored = with_retries(&SCHEDULE, async || self.secrets.store_tokens(&new).await).await;
        if let Err(error) = stored {
            // One that does not rotate gets another pair at any time, and this one's access token may be dead by then.
            if new.refresh_token != kept.refresh {
                *self.unstored() = Some(Unstored { spent: kept.refresh, new });
            }
            return Err(ConnectionError::Secrets(error));
        }
        tracing::info!("Renewed the access token to Constant Contact.");
        Ok(token)
    }

    async fn refresh(&self, refresh: &Secret) -> Result<NewTokens, ConnectionError> {
        let tokens = oauth::refresh(&self.caller, &self.connection, refresh, (self.now)())
            .await
            .map_err(ConnectionError::Refresh)?;
        Ok(NewTokens {
            access_token: tokens.access,
            refresh_token: tokens.refresh,
            expires_at: tokens.expires_at,
        })
    }

    /// The pair that could not be stored, if it takes the place of this refresh token.
    fn take_unstored(&self, refresh: &Secret) -> Option<NewTokens> {
        let unstored = self.unstored().take()?;
        (unstored.spent == *refresh).then_some(unstored.new)
    }

    /// Nobody panics while holding it.
    fn unstored(&self) -> MutexGuard<'_, Option<Unstored>> {
        self.unstored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn take_lease(&self) -> Result<bool, ConnectionError> {
        let now = (self.now)();
        let until = now + SignedDuration::from_secs(LEASE_SECONDS);
        let ours = Lease { holder: self.holder.clone(), until };
        let put = match self.lease().await? {
            Some(there) if there.value.until > now && there.value.holder != self.holder => {
                return Ok(false);
            }
            Some(there) => self.bucket.replace_json(keys::TOKEN_LEASE, &ours, &there.etag).await,
            None => self.bucket.put_json_new(keys::TOKEN_LEASE, &ours).await,
        };
        match put.map_err(ConnectionError::Lease)? {
            Put::Done(_) => Ok(true),
            // A put that was repeated behind our back finds its own lease.
            Put::Taken => {
                Ok(self.lease().await?.is_some_and(|there| there.value.holder == self.holder))
            }
        }
    }

    async fn lease(&self) -> Result<Option<Document<Lease>>, ConnectionError> {
        self.bucket.get_json(keys::TOKEN_LEASE).await.map_err(ConnectionError::Lease)
    }
}
