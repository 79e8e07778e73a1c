//! The wire of the world: a request goes to the vendor whose host it names.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use shared::http::{Wire, WireError};

use crate::constant_contact::Simulator;
use crate::gigya::Gigya;

/// Both vendors, called in process under their real names.
#[derive(Debug)]
pub struct Vendors {
    gigya: Arc<Gigya>,
    constant_contact: Simulator,
}

impl Vendors {
    /// A wire to these two.
    pub fn new(gigya: Arc<Gigya>, constant_contact: Simulator) -> Self {
        Self { gigya, constant_contact }
    }
}

impl Wire for Vendors {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, WireError>> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        if host.ends_with(".gigya.com") {
            self.gigya.send(request)
        } else {
            self.constant_contact.send(request)
        }
    }
}
