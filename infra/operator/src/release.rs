//! `gigya-cc run --release-brake`: a person has looked, and the removals may go on.

use jiff::Timestamp;
use shared::domain::RunId;
use shared::domain::brake::Pulled;
use shared::domain::report::Brake;
use shared::invocation::Clock;
use shared::store::bucket::Put;
use shared::store::{Bucket, RunStore, StateStore, StoreError};
use shared::telemetry::chain;

use crate::render::{self, Form};
use crate::services;

/// What stands for the inbound read in the place of a run.
pub const INBOUND: &str = "inbound";

/// What stands for erasures in the place of a run.
pub const ERASURE: &str = "erasure";

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// The brake is released; this is what it had stopped.
    Released(Brake),
    /// Somebody released it before.
    Before(Timestamp),
    /// No brake is pulled there.
    NotPulled,
    /// The brake changed in this moment.
    Again,
}

/// Releases the brake of a run, or of the inbound read, and says what came of it; whether it is released now.
pub(crate) async fn start(run: &str, bucket: &Bucket, form: Form) -> bool {
    match release(run, bucket, Clock::System.now()).await {
        Ok(released) => {
            render::released(run, &released, form);
            match released {
                Release::Released(_) | Release::Before(_) => true,
                Release::NotPulled | Release::Again => false,
            }
        }
        Err(error) => {
            render::failed(&chain(&error), services::CHECK_BUCKET);
            false
        }
    }
}

/// Releases a brake. Poll goes on with what it stopped at its next tick.
///
/// # Errors
/// When the bucket refuses.
pub async fn release(run: &str, bucket: &Bucket, now: Timestamp) -> Result<Release, StoreError> {
    let state = StateStore::new(bucket.clone());
    match run {
        INBOUND => {
            let pulled = state.inbound_brake().await?;
            release_kept(pulled, now, |release| state.change_inbound_brake(release)).await
        }
        ERASURE => {
            let pulled = state.erasure_brake().await?;
            release_kept(pulled, now, |release| state.change_erasure_brake(release)).await
        }
        run => release_run(run, bucket, now).await,
    }
}

async fn release_run(run: &str, bucket: &Bucket, now: Timestamp) -> Result<Release, StoreError> {
    let store = RunStore::new(bucket.clone(), RunId::from(run));
    let Some(there) = store.brake().await? else { return Ok(Release::NotPulled) };
    if let Some(at) = there.value.released_at {
        return Ok(Release::Before(at));
    }
    let released = Pulled { released_at: Some(now), ..there.value };
    Ok(match store.write_brake(&released, Some(&there.etag)).await? {
        Put::Done(_) => Release::Released(released.brake),
        Put::Taken => Release::Again,
    })
}

/// Releases a brake that is kept beside the runs.
async fn release_kept<F>(
    pulled: Option<Pulled>,
    now: Timestamp,
    change: impl FnOnce(Box<dyn Fn(&mut Option<Pulled>)>) -> F,
) -> Result<Release, StoreError>
where
    F: Future<Output = Result<Option<Pulled>, StoreError>>,
{
    match pulled {
        None => Ok(Release::NotPulled),
        Some(Pulled { released_at: Some(at), .. }) => Ok(Release::Before(at)),
        Some(_) => {
            let after = change(Box::new(move |pulled| {
                if let Some(pulled) = pulled {
                    pulled.released_at = Some(now);
                }
            }));
            Ok(after.await?.map_or(Release::NotPulled, |pulled| Release::Released(pulled.brake)))
        }
    }
}
