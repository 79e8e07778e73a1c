//! Where version 2 is, and who we are to it.

use url::Url;

use crate::constant_contact::endpoint::{Endpoint, InsecureEndpoint};
use crate::domain::Secret;

/// The interface (v2 documents, "Supported methods").
pub const ENDPOINT: &str = "https://api.constantcontact.com/v2";

/// The parameter that names the application; every call needs it (v2 documents, "Supported methods").
const KEY: &str = "api_key";

/// Where version 2 is, and who we are to it. Its `Debug` shows neither key nor token.
#[derive(Debug, Clone)]
pub struct Connection {
    endpoint: Endpoint,
    api_key: Secret,
    access_token: Secret,
}

impl Connection {
    /// A connection to this endpoint; in production [`ENDPOINT`].
    ///
    /// # Errors
    /// When the endpoint is neither `https` nor `http` to a loopback host.
    pub fn new(
        endpoint: Url,
        api_key: Secret,
        access_token: Secret,
    ) -> Result<Self, InsecureEndpoint> {
        Ok(Self { endpoint: Endpoint::new(endpoint)?, api_key, access_token })
    }

    /// Where its operations are.
    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The token, which lives for about ten years and has no successor.
    pub(super) fn access_token(&self) -> &Secret {
        &self.access_token
    }

    /// The address with the key. A link to a next page comes without it (v2 documents, "Contacts Collection").
    pub(super) fn with_key(&self, mut url: Url) -> Url {
        if !url.query_pairs().any(|(name, _)| name == KEY) {
            url.query_pairs_mut().append_pair(KEY, self.api_key.expose());
        }
        url
    }
}
