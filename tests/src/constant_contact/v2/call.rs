//! One call: what every answer may need to know of it.

use bytes::Bytes;
use http::{Request, header};
use jiff::Timestamp;
use serde_json::Value;

use super::answer::{self, Answer};

/// Where v2 really is.
const ORIGIN: &str = "https://api.constantcontact.com";

/// A refusal on the way to an answer.
pub(super) type Refused<T> = Result<T, Box<Answer>>;

/// One call.
pub(super) struct Call<'a> {
    pub(super) request: &'a Request<Bytes>,
    /// The parameters, less the key.
    pub(super) query: Vec<(String, String)>,
    pub(super) now: Timestamp,
}

impl<'a> Call<'a> {
    pub(super) fn new(request: &'a Request<Bytes>, now: Timestamp) -> Self {
        let mut query = parameters(request);
        query.retain(|(name, _)| name != "api_key");
        Self { request, query, now }
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        parameter(&self.query, name)
    }

    /// Refuses parameters that are not among these.
    pub(super) fn knows(&self, names: &[&str]) -> Refused<()> {
        match self.query.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            Some((name, _)) => Err(refusal(&format!("Query parameter {name} is not supported."))),
            None => Ok(()),
        }
    }

    pub(super) fn kind(&self) -> &str {
        let kind = self.request.headers().get(header::CONTENT_TYPE);
        kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default()
    }

    pub(super) fn json(&self) -> Refused<Value> {
        if !self.kind().starts_with("application/json") {
            return Err(Box::new(answer::wrong_type("Use application/json.")));
        }
        serde_json::from_slice(self.request.body()).map_err(|_| refusal("The JSON is malformed."))
    }

    /// The whole address of a path of v2.
    pub(super) fn location(&self, path: &str) -> String {
        let uri = self.request.uri();
        let host = self.request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let origin = match (uri.scheme_str(), uri.authority(), host) {
            (Some(scheme), Some(authority), _) => format!("{scheme}://{authority}"),
            (_, _, Some(host)) => format!("http://{host}"),
            (_, _, None) => ORIGIN.to_owned(),
        };
        format!("{origin}{path}")
    }
}

/// All parameters of a request, the key included.
pub(super) fn parameters(request: &Request<Bytes>) -> Vec<(String, String)> {
    let text = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

pub(super) fn parameter<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

pub(super) fn refusal(message: &str) -> Box<Answer> {
    Box::new(answer::invalid(message))
}
