//! Secrets Manager in memory: versions of a text, and which one is current.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::invocation::Clock;

use super::json::{self, Refusal};
use super::{ACCOUNT, REGION};

/// The label of the version that is read when none is named (AWS Secrets Manager API reference, `GetSecretValue`).
const CURRENT: &str = "AWSCURRENT";

/// The label of the version before it (AWS Secrets Manager API reference, `PutSecretValue`).
const PREVIOUS: &str = "AWSPREVIOUS";

/// The secrets; clones are the same secrets.
#[derive(Debug, Clone)]
pub struct Vault {
    secrets: Arc<Mutex<BTreeMap<String, Vec<Version>>>>,
    clock: Clock,
}

#[derive(Clone)]
struct Version {
    id: String,
    text: String,
    created_at: Timestamp,
}

impl std::fmt::Debug for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Version({})", self.id)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    secret_id: String,
    client_request_token: String,
    secret_string: Option<String>,
}

impl Vault {
    pub(super) fn new(clock: Clock) -> Self {
        Self { secrets: Arc::default(), clock }
    }

    /// Makes a secret with its first version, or gives it a new one, past the wire.
    pub fn put(&self, name: &str, text: impl Into<String>) {
        let mut secrets = self.lock();
        let versions = secrets.entry(name.to_owned()).or_default();
        let id = format!("past-the-wire-{}", versions.len());
        versions.push(Version { id, text: text.into(), created_at: self.clock.now() });
    }

    /// The current text, past the wire: for those who check.
    pub fn current(&self, name: &str) -> Option<String> {
        self.lock().get(name)?.last().map(|version| version.text.clone())
    }

    /// How often the secret has been written.
    pub fn versions(&self, name: &str) -> usize {
        self.lock().get(name).map_or(0, Vec::len)
    }

    pub(super) fn answer(&self, action: &str, body: &[u8]) -> http::Response<Bytes> {
        json::answer(match action {
            "GetSecretValue" => json::input(body).and_then(|input| self.get_secret_value(&input)),
            "PutSecretValue" => json::input(body).and_then(|input| self.put_secret_value(input)),
            _ => Err(Refusal::unknown(action)),
        })
    }

    fn get_secret_value(&self, input: &Get) -> Result<Value, Refusal> {
        let secrets = self.lock();
        let (name, versions) = find(&secrets, &input.secret_id)?;
        let stage = input.version_stage.as_deref();
        let version = versions.iter().enumerate().rev().find(|(index, version)| {
            let is_named = input.version_id.as_ref().is_none_or(|id| *id == version.id);
            let wanted = stage.or(input.version_id.is_none().then_some(CURRENT));
            is_named && wanted.is_none_or(|wanted| stages(*index, versions).contains(&wanted))
        });
        let (index, version) = version.ok_or_else(not_found)?;
        Ok(json!({
            "ARN": arn(name), "Name": name, "VersionId": version.id,
            "SecretString": version.text, "VersionStages": stages(index, versions),
            "CreatedDate": version.created_at.as_second(),
        }))
    }

    /// The same token with the same text is the same version; with another text it is refused (AWS Secrets Manager API
    /// reference, `PutSecretValue`, `ClientRequestToken`).
    fn put_secret_value(&self, input: Put) -> Result<Value, Refusal> {
        let text = input.secret_string.ok_or_else(|| {
            Refusal::new("InvalidParameterException", "the sandbox keeps secrets of text only")
        })?;
        let created_at = self.clock.now();
        let mut secrets = self.lock();
        let name = find(&secrets, &input.secret_id)?.0.to_owned();
        let versions = secrets.get_mut(&name).ok_or_else(not_found)?;
        let known = versions.iter().position(|version| version.id == input.client_request_token);
        let index = match known {
            Some(index) if versions.get(index).is_some_and(|known| known.text == text) => index,
            Some(_) => {
                let message = "a version with this token has another text";
                return Err(Refusal::new("ResourceExistsException", message));
            }
            None => {
                let id = input.client_request_token.clone();
                versions.push(Version { id, text, created_at });
                versions.len() - 1
            }
        };
        Ok(json!({
            "ARN": arn(&name), "Name": name, "VersionId": input.client_request_token,
            "VersionStages": stages(index, versions),
        }))
    }

    /// Nobody panics while holding it.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Version>>> {
        self.secrets.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn find<'a>(
    secrets: &'a BTreeMap<String, Vec<Version>>,
    id: &str,
) -> Result<(&'a str, &'a [Version]), Refusal> {
    let found = secrets.iter().find(|(name, _)| *name == id || arn(name) == id);
    found.map(|(name, versions)| (name.as_str(), versions.as_slice())).ok_or_else(not_found)
}

fn stages(index: usize, versions: &[Version]) -> Vec<&'static str> {
    match versions.len().saturating_sub(index) {
        1 => vec![CURRENT],
        2 => vec![PREVIOUS],
        _ => Vec::new(),
    }
}

fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-sandbx")
}

fn not_found() -> Refusal {
    Refusal::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}
