//! A seam to look on: which function asks AWS for what.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;

use crate::aws::{Aws, Before, Fate};

/// Told of every call to AWS before it is made: the name of the function's binary, and the request. Lambda's poller of
/// the queue wears upload's role, so its calls are upload's.
pub type Watch = Arc<dyn Fn(&'static str, &http::Request<Bytes>) + Send + Sync>;

/// AWS as one function sees it: its calls are watched first, and then befallen by whatever befalls them.
pub(super) fn seen(
    aws: &Aws,
    function: &'static str,
    watch: Option<&Watch>,
    before: Option<&Before>,
) -> Aws {
    let Some(watch) = watch.cloned() else {
        return before.map_or_else(|| aws.clone(), |before| aws.with_before(Arc::clone(before)));
    };
    let before = before.cloned();
    aws.with_before(Arc::new(move |request| {
        watch(function, request);
        before.as_ref().map_or_else(|| async { Fate::Answered }.boxed(), |before| before(request))
    }))
}
