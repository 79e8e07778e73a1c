//! Where Constant Contact is, and who we are to it.

use url::Url;

use crate::constant_contact::endpoint::{Endpoint, InsecureEndpoint};
use crate::domain::Secret;

/// The interface (OAS, `host` and `basePath`).
pub const ENDPOINT: &str = "https://api.cc.email/v3";

/// The token endpoint (guide, `server_flow`).
pub const TOKEN_ENDPOINT: &str = "https://authz.constantcontact.com/oauth2/default/v1/token";

/// Where Constant Contact is, and who we are to it.
#[derive(Debug, Clone)]
pub struct Connection {
    endpoint: Endpoint,
    token_endpoint: Endpoint,
    client_id: String,
    client_secret: Secret,
}

impl Connection {
    /// A connection to these endpoints; in production [`ENDPOINT`] and [`TOKEN_ENDPOINT`].
    ///
    /// # Errors
    /// When an endpoint is neither `https` nor `http` to a loopback host.
    pub fn new(
        endpoint: Url,
        token_endpoint: Url,
        client_id: impl Into<String>,
        client_secret: Secret,
    ) -> Result<Self, InsecureEndpoint> {
        let (endpoint, token_endpoint) = (Endpoint::new(endpoint)?, Endpoint::new(token_endpoint)?);
        Ok(Self { endpoint, token_endpoint, client_id: client_id.into(), client_secret })
    }

    /// The token endpoint.
    pub(super) fn token_endpoint(&self) -> &Url {
        self.token_endpoint.as_url()
    }

    /// The application's id, which the portal calls the API key.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The application's secret.
    pub(super) fn client_secret(&self) -> &Secret {
        &self.client_secret
    }

    /// Where its operations are.
    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_prints_without_its_secret_and_both_its_endpoints_are_safe() {
        let connection = |token_endpoint: &str| {
            let endpoint = ENDPOINT.parse().unwrap();
            let token_endpoint = token_endpoint.parse().unwrap();
            Connection::new(endpoint, token_endpoint, "key", Secret::new("secret"))
        };
        let text = format!("{:?}", connection(TOKEN_ENDPOINT).unwrap());
        assert!(text.contains("<secret>"), "{text}");
        assert!(connection("http://authz.constantcontact.com/token").is_err());
    }
}
