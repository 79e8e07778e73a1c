//! Which Gigya site, and where it is.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// A site of Gigya's and where it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Where its methods are called.
    pub endpoint: Endpoint,
    /// The site's own key, such as `4_abc…`; it names the site and is no secret.
    pub api_key: String,
}

/// Where a site's methods are called; checked, because the credentials travel there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    DataCenter(String),
    Base(String),
}

/// Domains that SAP's data centres are in (SAP help, "Finding Your Data Center"; China under its present and former
/// domain).
const DOMAINS: [&str; 3] = [".gigya.com", ".sapcdm.cn", ".gigya-api.cn"];

/// Why a text is no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a data centre of SAP's.
    #[error("\"{text}\" is no data centre; write it as eu1.gigya.com")]
    DataCenter {
        /// The text that was given.
        text: String,
    },
    /// Not an address that requests may be sent to.
    #[error(
        "\"{text}\" is no base address; write it as https://host or, on this machine only, http://127.0.0.1:port"
    )]
    Base {
        /// The text that was given.
        text: String,
    },
}

impl Endpoint {
    /// The endpoint of a data centre, for example `eu1.gigya.com`: methods are called at
    /// `https://accounts.eu1.gigya.com/accounts.search` (SAP help, "REST API", host names).
    ///
    /// # Errors
    /// When the text is no host in a domain of SAP's.
    pub fn data_center(text: &str) -> Result<Self, EndpointError> {
        let host = text.trim().to_ascii_lowercase();
        let is_label = |label: &str| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        let is_known = DOMAINS.iter().any(|domain| {
            host.strip_suffix(domain).is_some_and(|center| center.split('.').all(is_label))
        });
        if is_known {
            Ok(Self(Kind::DataCenter(host)))
        } else {
            Err(EndpointError::DataCenter { text: text.to_owned() })
        }
    }

    /// A base under which every method is called: `{base}/accounts.search`. For the sandbox and for gateways.
    ///
    /// # Errors
    /// When the text is no `https` address without user, query and fragment, or an `http` one of another machine.
    pub fn base(text: &str) -> Result<Self, EndpointError> {
        let refused = || EndpointError::Base { text: mask_user(text) };
        let url = Url::parse(text.trim()).map_err(|_| refused())?;
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let may_carry_secrets = match url.scheme() {
            "https" => url.host().is_some(),
            "http" => url.host().is_some_and(|host| is_loopback(&host)),
            _ => false,
        };
        if is_bare && may_carry_secrets {
            Ok(Self(Kind::Base(url.as_str().trim_end_matches('/').to_owned())))
        } else {
            Err(refused())
        }
    }

    /// The address of a method such as `accounts.search`.
    pub(super) fn url(&self, method: &str) -> String {
        match &self.0 {
            Kind::DataCenter(host) => {
                let namespace = method.split('.').next().unwrap_or_default();
                format!("https://{namespace}.{host}/{method}")
            }
            Kind::Base(base) => format!("{base}/{method}"),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::DataCenter(text) | Kind::Base(text) => f.write_str(text),
        }
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => IpAddr::from(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).is_loopback(),
    }
}

/// The text without what may be a password in front of an `@`.
fn mask_user(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_centre_repeats_the_namespace_in_its_host() {
        let endpoint = Endpoint::data_center("EU1.gigya.com").unwrap();
        assert_eq!(
            endpoint.url("accounts.search"),
            "https://accounts.eu1.gigya.com/accounts.search"
        );
        assert_eq!(endpoint.url("audit.search"), "https://audit.eu1.gigya.com/audit.search");
        for text in ["eu1", "gigya.com", "eu1.gigya.com.evil.org", "x/y.gigya.com", "a@b.gigya.com"]
        {
            assert!(Endpoint::data_center(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_base_carries_secrets_in_the_clear_to_this_machine_only() {
        let endpoint = Endpoint::base("http://127.0.0.1:8080/gigya/").unwrap();
        assert_eq!(endpoint.url("accounts.search"), "http://127.0.0.1:8080/gigya/accounts.search");
        assert!(Endpoint::base("https://gateway.example.com").is_ok());
        assert!(Endpoint::base("http://[::1]:1").is_ok());
        for text in
            ["http://example.com", "ftp://127.0.0.1", "https://h/?q=1", "http://127.0.0.1.evil.org"]
        {
            assert!(Endpoint::base(text).is_err(), "{text}");
        }
        let error = Endpoint::base("https://me:hunter2@example.com").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
