//! Where an interface is: https, or http on this machine.

use url::{Host, Url};

/// The base of an interface's addresses, over which tokens and people may travel.
#[derive(Debug, Clone)]
pub(super) struct Endpoint(Url);

/// An endpoint that would send tokens or people in the clear, or is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{endpoint} is no endpoint for Constant Contact: use https, or http on this machine")]
pub struct InsecureEndpoint {
    endpoint: String,
}

impl Endpoint {
    /// The endpoint, if it is `https`, or `http` to a loopback host.
    pub(super) fn new(url: Url) -> Result<Self, InsecureEndpoint> {
        if is_private(&url) {
            return Ok(Self(url));
        }
        // Without what may stand before the `@`.
        let endpoint = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
        Err(InsecureEndpoint { endpoint })
    }

    /// The whole URL.
    pub(super) fn as_url(&self) -> &Url {
        &self.0
    }

    /// The address of an operation; `path` begins with a slash and its ids are safe in a path.
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        url
    }

    /// Where a link leads, if it stays with the endpoint: elsewhere the token would go with it.
    pub(super) fn follow(&self, href: &str) -> Option<Url> {
        let url = self.0.join(href).ok()?;
        (url.origin() == self.0.origin()).then_some(url)
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

    const USUAL: &str = "https://api.cc.email/v3";

    fn endpoint(url: &str) -> Result<Endpoint, InsecureEndpoint> {
        Endpoint::new(url.parse().unwrap())
    }

    #[test]
    fn plain_http_goes_to_this_machine_only() {
        for url in [USUAL, "http://127.0.0.1:8080/v3", "http://[::1]/v3", "http://localhost"] {
            assert!(endpoint(url).is_ok(), "{url}");
        }
        for url in ["http://api.cc.email/v3", "http://127.0.0.1.example.com", "ftp://localhost"] {
            assert!(endpoint(url).is_err(), "{url}");
        }
        let error = endpoint("http://me:pass@example.com/v3").unwrap_err();
        assert!(!error.to_string().contains("pass"), "{error}");
    }

    #[test]
    fn a_link_is_a_path_and_never_leads_elsewhere() {
        let endpoint = endpoint(USUAL).unwrap();
        let next = endpoint.follow("/v3/contacts?cursor=bGltaXQ9MQ==").unwrap();
        assert_eq!(next.as_str(), "https://api.cc.email/v3/contacts?cursor=bGltaXQ9MQ==");
        assert!(endpoint.follow("//example.com/v3/contacts?cursor=x").is_none());
        assert!(endpoint.follow("https://example.com/").is_none());
    }
}
