//! Judges the secret's document: every problem at once, naming keys and never values.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{ConstantContactSecret, CustomerSecret, GigyaSecret, Problems};
use crate::domain::{FingerprintKey, Secret};

/// How a private key begins (RFC 7468).
const PEM_BEGIN: &str = "-----BEGIN ";

impl CustomerSecret {
    /// Reads the document. Keys that we do not know are left alone: the customer may keep notes there.
    ///
    /// # Errors
    /// When it is no JSON object, or something in it is missing, empty or of the wrong kind.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let document = object(text)?;
        let mut judge = Judge::default();
        let gigya = judge.section(&document, "gigya").and_then(|section| judge.gigya(section));
        let constant_contact = judge
            .section(&document, "constant_contact")
            .and_then(|section| judge.constant_contact(section));
        let fingerprint_key = judge.fingerprint_key(&document);
        match (gigya, constant_contact, fingerprint_key) {
            (Some(gigya), Some(constant_contact), Some(fingerprint_key))
                if judge.problems.is_empty() =>
            {
                Ok(Self { gigya, constant_contact, fingerprint_key })
            }
            _ => Err(Problems(judge.problems)),
        }
    }
}

/// The document as an object. The parser's own words are left out, since they quote the document.
pub(super) fn object(text: &str) -> Result<Map<String, Value>, Problems> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Problems(vec!["it is no JSON object".to_owned()])),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            Err(Problems(vec![format!("it is no JSON, from line {line}, column {column} on")]))
        }
    }
}

#[derive(Default)]
struct Judge {
    problems: Vec<String>,
}

/// A section with its name, so that a problem can name the whole key.
#[derive(Clone, Copy)]
struct Section<'a> {
    name: &'a str,
    keys: &'a Map<String, Value>,
}

impl Judge {
    fn section<'a>(
        &mut self,
        document: &'a Map<String, Value>,
        name: &'a str,
    ) -> Option<Section<'a>> {
        match document.get(name) {
            Some(Value::Object(keys)) => Some(Section { name, keys }),
            None | Some(Value::Null) => self.problem(format!("{name} is missing")),
            Some(_) => self.problem(format!("{name} must be an object")),
        }
    }

    fn gigya(&mut self, section: Section<'_>) -> Option<GigyaSecret> {
        let user_key = self.required(section, "user_key");
        let secret = self.optional(section, "secret");
        let private_key = self.optional(section, "private_key").map(|pem| self.private_key(&pem));
        match (section.keys.contains_key("secret"), section.keys.contains_key("private_key")) {
            (true, true) => self.problem("gigya.secret and gigya.private_key are both given"),
            (false, false) => self.problem("gigya.secret or gigya.private_key is missing"),
            (true, false) | (false, true) => Some(GigyaSecret {
                user_key: user_key?,
                secret: secret.map(Secret::new),
                private_key,
            }),
        }
    }

    /// A PEM that was pasted into JSON often has its line breaks escaped twice.
    fn private_key(&mut self, pem: &str) -> Secret {
        let pem = pem.replace("\\n", "\n");
        if !pem.trim_start().starts_with(PEM_BEGIN) {
            self.problem::<()>(format!("gigya.private_key is no PEM: \"{PEM_BEGIN}…\""));
        }
        Secret::new(pem)
    }

    fn constant_contact(&mut self, section: Section<'_>) -> Option<ConstantContactSecret> {
        let is_given = |key: &str| section.keys.contains_key(key);
        if is_given("api_key") && is_given("client_id") {
            return self.problem(
                "constant_contact has an api_key (v2) and a client_id (v3); keep the one that is used",
            );
        }
        if is_given("api_key") {
            let api_key = self.required(section, "api_key").map(Secret::new);
            let access_token = self.required(section, "access_token").map(Secret::new);
            return Some(ConstantContactSecret::V2 {
                api_key: api_key?,
                access_token: access_token?,
            });
        }
        let client_id = self.required(section, "client_id");
        let client_secret = self.required(section, "client_secret").map(Secret::new);
        let access_token = self.optional(section, "access_token").map(Secret::new);
        let refresh_token = self.required(section, "refresh_token").map(Secret::new);
        let expires_at = self.expires_at(section);
        Some(ConstantContactSecret::V3 {
            client_id: client_id?,
            client_secret: client_secret?,
            access_token,
            refresh_token: refresh_token?,
            expires_at,
        })
    }

    fn expires_at(&mut self, section: Section<'_>) -> Option<Timestamp> {
        let text = self.optional(section, "expires_at")?;
        text.parse().ok().or_else(|| {
            self.problem("constant_contact.expires_at is no time such as 2026-11-23T04:50:00Z")
        })
    }

    fn fingerprint_key(&mut self, document: &Map<String, Value>) -> Option<FingerprintKey> {
        match document.get("fingerprint_key") {
            None | Some(Value::Null) => {
                self.problem("fingerprint_key is missing; make one with `openssl rand -base64 32`")
            }
            Some(value) => match FingerprintKey::from_base64(value.as_str().unwrap_or_default()) {
                Ok(key) => Some(key),
                Err(error) => self.problem(error.to_string()),
            },
        }
    }

    fn required(&mut self, section: Section<'_>, key: &str) -> Option<String> {
        match section.keys.get(key) {
            None | Some(Value::Null) => self.problem(format!("{}.{key} is missing", section.name)),
            Some(_) => self.optional(section, key),
        }
    }

    fn optional(&mut self, section: Section<'_>, key: &str) -> Option<String> {
        match section.keys.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Some(Value::String(_)) => self.problem(format!("{}.{key} is empty", section.name)),
            Some(_) => self.problem(format!("{}.{key} must be a text", section.name)),
        }
    }

    fn problem<T>(&mut self, problem: impl Into<String>) -> Option<T> {
        self.problems.push(problem.into());
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn problems_of(document: &Value) -> String {
        CustomerSecret::parse(&document.to_string()).unwrap_err().to_string()
    }

    #[test]
    fn a_v3_document_is_read_whole() {
        let document = json!({
            "gigya": {"user_key": "uk", "secret": " s3cr3t\n"},
            "constant_contact": {"client_id": "id", "client_secret": "cs", "access_token": "at",
                                 "refresh_token": "rt", "expires_at": "2026-11-23T04:50:00Z"},
            "fingerprint_key": KEY, "note": "of the customer"
        });
        let secret = CustomerSecret::parse(&document.to_string()).unwrap();
        assert_eq!(secret.gigya.user_key, "uk");
        assert_eq!(secret.gigya.secret, Some(Secret::new("s3cr3t")));
        assert!(secret.gigya.private_key.is_none());
        let ConstantContactSecret::V3 {
            client_id, refresh_token, access_token, expires_at, ..
        } = secret.constant_contact
        else {
            panic!("it is v3");
        };
        assert_eq!(client_id, "id");
        assert_eq!(refresh_token, Secret::new("rt"));
        assert_eq!(access_token, Some(Secret::new("at")));
        assert_eq!(expires_at, "2026-11-23T04:50:00Z".parse().ok());
    }

    #[test]
    fn a_v2_document_has_a_key_and_a_token() {
        let document = json!({
            "gigya": {"user_key": "uk", "secret": "s"},
            "constant_contact": {"api_key": "k", "access_token": "t"}, "fingerprint_key": KEY
        });
        let secret = CustomerSecret::parse(&document.to_string()).unwrap();
        let ConstantContactSecret::V2 { api_key, access_token } = secret.constant_contact else {
            panic!("it is v2");
        };
        assert_eq!((api_key.expose(), access_token.expose()), ("k", "t"));
    }

    #[test]
    fn a_private_key_gets_its_line_breaks_back() {
        let document = json!({
            "gigya": {"user_key": "uk", "private_key": "-----BEGIN PRIVATE KEY-----\\nAA==\\n-----END PRIVATE KEY-----\\n"},
            "constant_contact": {"api_key": "k", "access_token": "t"}, "fingerprint_key": KEY
        });
        let secret = CustomerSecret::parse(&document.to_string()).unwrap();
        let pem = secret.gigya.private_key.unwrap();
        assert_eq!(pem.expose().lines().count(), 3);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_by_key_and_never_by_value() {
        let document = json!({
            "gigya": {"secret": "hunter2", "private_key": "hunter2"},
            "constant_contact": {"client_id": "", "client_secret": 7, "expires_at": "hunter2"},
            "fingerprint_key": "hunter2"
        });
        insta::assert_snapshot!(problems_of(&document), @r#"
        8 things are wrong with it:
          - gigya.user_key is missing
          - gigya.private_key is no PEM: "-----BEGIN …"
          - gigya.secret and gigya.private_key are both given
          - constant_contact.client_id is empty
          - constant_contact.client_secret must be a text
          - constant_contact.refresh_token is missing
          - constant_contact.expires_at is no time such as 2026-11-23T04:50:00Z
          - the fingerprint key must be 32 bytes in base64; make one with `openssl rand -base64 32`
        "#);
        assert!(!problems_of(&document).contains("hunter2"));
    }

    #[test]
    fn an_empty_document_and_no_document_are_told_apart() {
        insta::assert_snapshot!(problems_of(&json!({})), @r"
        3 things are wrong with it:
          - gigya is missing
          - constant_contact is missing
          - fingerprint_key is missing; make one with `openssl rand -base64 32`
        ");
        let broken = CustomerSecret::parse("{\"gigya\": \"hunter2").unwrap_err().to_string();
        assert!(broken.starts_with("1 thing is wrong with it:\n  - it is no JSON, from line 1"));
        assert!(!broken.contains("hunter2"));
    }

    #[test]
    fn two_dialects_at_once_are_refused() {
        let document = json!({
            "gigya": {"user_key": "uk", "secret": "s"},
            "constant_contact": {"api_key": "k", "client_id": "c"}, "fingerprint_key": KEY
        });
        assert!(problems_of(&document).contains("keep the one that is used"));
    }
}
