//! The customer's secret: one JSON document in Secrets Manager, judged whole.

mod judge;

use std::fmt;

use aws_sdk_secretsmanager::Client;
use jiff::Timestamp;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::aws::{Failure, SdkConfig};
use crate::domain::{Dispose, Disposition, FingerprintKey, Secret};

/// What the customer's secret holds.
#[derive(Debug, Clone)]
pub struct CustomerSecret {
    /// Who we are to Gigya.
    pub gigya: GigyaSecret,
    /// Who we are to Constant Contact.
    pub constant_contact: ConstantContactSecret,
    /// The key of the ledger's fingerprints; a ledger is worth nothing without the key it was made with.
    pub fingerprint_key: FingerprintKey,
}

/// Who we are to Gigya: a key, and either a secret or a private key, never both.
#[derive(Debug, Clone)]
pub struct GigyaSecret {
    /// The application's or user's key, which is no secret by itself.
    pub user_key: String,
    /// Signs or accompanies requests.
    pub secret: Option<Secret>,
    /// Signs bearer tokens: PEM, with real line breaks, whether the document has them as such or as `\n`.
    pub private_key: Option<Secret>,
}

/// Who we are to Constant Contact, in its two dialects.
#[derive(Debug, Clone)]
pub enum ConstantContactSecret {
    /// OAuth 2.
    V3 {
        /// The application.
        client_id: String,
        /// The application's secret.
        client_secret: Secret,
        /// The last access token; none before the first renewal.
        access_token: Option<Secret>,
        /// Buys the next access token; with rotating tokens it can be used once.
        refresh_token: Secret,
        /// When the access token dies. A hint: a 401 overrules it.
        expires_at: Option<Timestamp>,
    },
    /// A key and a token that does not die.
    V2 {
        /// The application's key.
        api_key: Secret,
        /// The customer's token.
        access_token: Secret,
    },
}

/// What a renewal brings, to be stored before it is used.
#[derive(Debug, Clone)]
pub struct NewTokens {
    /// The new access token.
    pub access_token: Secret,
    /// The new refresh token, or the old one where tokens do not rotate.
    pub refresh_token: Secret,
    /// When the access token dies.
    pub expires_at: Timestamp,
}

/// Everything that is wrong with the document: keys, never values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<String>);

impl Problems {
    /// One sentence each.
    pub fn list(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("1 thing is wrong with it:")?,
            many => write!(f, "{many} things are wrong with it:")?,
        }
        self.0.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

impl std::error::Error for Problems {}

/// Why the secret could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// AWS refused or did not answer.
    #[error("secret {id} could not be read")]
    Read {
        /// Which secret.
        id: String,
        /// What AWS answered.
        #[source]
        source: Failure,
    },
    /// AWS refused or did not answer. With rotating tokens the old refresh token is spent, so this must be tried again.
    #[error("new tokens could not be stored in secret {id}")]
    Store {
        /// Which secret.
        id: String,
        /// What AWS answered.
        #[source]
        source: Failure,
    },
    /// The document is not what it should be.
    #[error("secret {id} cannot be used")]
    Document {
        /// Which secret.
        id: String,
        /// What is wrong with it.
        #[source]
        source: Problems,
    },
}

impl Dispose for SecretsError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Read { source, .. } | Self::Store { source, .. } => source.disposition(),
            Self::Document { .. } => Disposition::Halt,
        }
    }
}

/// The customer's secret in Secrets Manager.
#[derive(Debug, Clone)]
pub struct Secrets {
    client: Client,
    id: String,
}

impl Secrets {
    /// The secret of this name or ARN, over a client of its own.
    pub fn connect(config: &SdkConfig, id: impl Into<String>) -> Self {
        Self::new(Client::new(config), id)
    }

    /// The secret of this name or ARN, over this client.
    pub fn new(client: Client, id: impl Into<String>) -> Self {
        Self { client, id: id.into() }
    }

    /// Reads the secret's current version.
    ///
    /// # Errors
    /// When AWS refuses or does not answer, and when the document lacks something: all of it in one message.
    pub async fn read(&self) -> Result<CustomerSecret, SecretsError> {
        let text = self.text().await?;
        CustomerSecret::parse(&text).map_err(|source| self.unusable(source))
    }

    /// Writes the tokens of a renewal into the document, which is read afresh, and keeps everything else in it. Only the
    /// holder of the token lease calls it, so that nobody writes in between.
    ///
    /// # Errors
    /// When AWS refuses or does not answer, or the document is no JSON object with a `constant_contact` in it.
    pub async fn store_tokens(&self, tokens: &NewTokens) -> Result<(), SecretsError> {
        let text = self.text().await?;
        let text = with_tokens(&text, tokens).map_err(|source| self.unusable(source))?;
        let request = self.client.put_secret_value().secret_id(&self.id);
        request
            .secret_string(text.as_str())
            .send()
            .await
            .map_err(|error| SecretsError::Store { id: self.id.clone(), source: error.into() })?;
        Ok(())
    }

    async fn text(&self) -> Result<Zeroizing<String>, SecretsError> {
        let request = self.client.get_secret_value().secret_id(&self.id);
        let answer = request
            .send()
            .await
            .map_err(|error| SecretsError::Read { id: self.id.clone(), source: error.into() })?;
        let text = answer.secret_string.ok_or_else(|| {
            self.unusable(Problems(vec!["it is binary, and must be a text".to_owned()]))
        })?;
        Ok(Zeroizing::new(text))
    }

    fn unusable(&self, source: Problems) -> SecretsError {
        SecretsError::Document { id: self.id.clone(), source }
    }
}

fn with_tokens(text: &str, tokens: &NewTokens) -> Result<Zeroizing<String>, Problems> {
    let mut document = judge::object(text)?;
    let section = document.get_mut("constant_contact").and_then(Value::as_object_mut);
    let Some(section) = section else {
        return Err(Problems(vec!["constant_contact is missing".to_owned()]));
    };
    put_tokens(section, tokens);
    Ok(Zeroizing::new(Value::Object(document).to_string()))
}

fn put_tokens(section: &mut Map<String, Value>, tokens: &NewTokens) {
    let mut put = |key: &str, text: &str| section.insert(key.to_owned(), text.into());
    put("access_token", tokens.access_token.expose());
    put("refresh_token", tokens.refresh_token.expose());
    put("expires_at", &tokens.expires_at.to_string());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn new_tokens_leave_every_other_key_as_it_was() {
        let before = json!({
            "gigya": {"user_key": "k", "secret": "s"}, "fingerprint_key": "f", "note": ["ours"],
            "constant_contact": {"client_id": "c", "client_secret": "cs", "access_token": "old",
                                 "refresh_token": "old", "reconnect": "by hand"}
        });
        let tokens = NewTokens {
            access_token: Secret::new("new-access"),
            refresh_token: Secret::new("new-refresh"),
            expires_at: "2026-11-24T04:50:00Z".parse().unwrap(),
        };
        let mut expected = before.clone();
        expected["constant_contact"]["access_token"] = json!("new-access");
        expected["constant_contact"]["refresh_token"] = json!("new-refresh");
        expected["constant_contact"]["expires_at"] = json!("2026-11-24T04:50:00Z");
        let after = with_tokens(&before.to_string(), &tokens).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&after).unwrap(), expected);
    }

    #[test]
    fn new_tokens_are_not_written_over_a_document_that_has_no_place_for_them() {
        let tokens = NewTokens {
            access_token: Secret::new("hunter2"),
            refresh_token: Secret::new("hunter2"),
            expires_at: Timestamp::UNIX_EPOCH,
        };
        for text in ["", "[]", "{}", "{\"constant_contact\":\"hunter2\"}"] {
            let problems = with_tokens(text, &tokens).unwrap_err();
            assert!(!problems.to_string().contains("hunter2"), "{problems}");
        }
    }
}
