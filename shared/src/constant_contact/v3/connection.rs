//! Where Constant Contact is, and who we are to it.

use url::{Host, Url};

use crate::domain::Secret;

/// The interface (OAS, `host` and `basePath`).
pub const ENDPOINT: &str = "https://api.cc.email/v3";

/// The token endpoint (guide, `server_flow`).
pub const TOKEN_ENDPOINT: &str = "https://authz.constantcontact.com/oauth2/default/v1/token";

/// Where Constant Contact is, and who we are to it.
#[derive(Debug, Clone)]
pub struct Connection {
    endpoint: Url,
    token_endpoint: Url,
    client_id: String,
    client_secret: Secret,
}

/// An endpoint that would send tokens or people in the clear, or is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{endpoint} is no endpoint for Constant Contact: use https, or http on this machine")]
pub struct InsecureEndpoint {
    endpoint: String,
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
        for url in [&endpoint, &token_endpoint] {
            if !is_private(url) {
                // Without what may stand before the `@`.
                let endpoint = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
                return Err(InsecureEndpoint { endpoint });
            }
        }
        Ok(Self { endpoint, token_endpoint, client_id: client_id.into(), client_secret })
    }

    /// The token endpoint.
    pub(super) fn token_endpoint(&self) -> &Url {
        &self.token_endpoint
    }

    /// The application's id, which the portal calls the API key.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The application's secret.
    pub(super) fn client_secret(&self) -> &Secret {
        &self.client_secret
    }

    /// The address of an operation; `path` begins with a slash and its ids are safe in a path.
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.endpoint.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        url
    }

    /// Where a link leads, if it stays with the endpoint.
    pub(super) fn follow(&self, href: &str) -> Option<Url> {
        let url = self.endpoint.join(href).ok()?;
        (url.origin() == self.endpoint.origin()).then_some(url)
    }
}

fn is_private(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(endpoint: &str) -> Result<Connection, InsecureEndpoint> {
        let token_endpoint = TOKEN_ENDPOINT.parse().unwrap();
        Connection::new(endpoint.parse().unwrap(), token_endpoint, "key", Secret::new("secret"))
    }

    #[test]
    fn plain_http_goes_to_this_machine_only() {
        for endpoint in
            [ENDPOINT, "http://127.0.0.1:8080/v3", "http://[::1]/v3", "http://localhost"]
        {
            assert!(connection(endpoint).is_ok(), "{endpoint}");
        }
        for endpoint in
            ["http://api.cc.email/v3", "http://127.0.0.1.example.com", "ftp://localhost"]
        {
            assert!(connection(endpoint).is_err(), "{endpoint}");
        }
        let error = connection("http://me:pass@example.com/v3").unwrap_err();
        assert!(!error.to_string().contains("pass"), "{error}");
    }

    #[test]
    fn a_link_is_a_path_and_never_leads_elsewhere() {
        let connection = connection(ENDPOINT).unwrap();
        let next = connection.follow("/v3/contacts?cursor=bGltaXQ9MQ==").unwrap();
        assert_eq!(next.as_str(), "https://api.cc.email/v3/contacts?cursor=bGltaXQ9MQ==");
        assert!(connection.follow("//example.com/v3/contacts?cursor=x").is_none());
        assert!(connection.follow("https://example.com/").is_none());
    }

    #[test]
    fn a_connection_prints_without_its_secret() {
        let text = format!("{:?}", connection(ENDPOINT).unwrap());
        assert!(text.contains("<secret>"), "{text}");
    }
}
