//! Gigya's answers as they come: the envelope, read leniently, and errors inside HTTP 200.

use bytes::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::error::{self, GigyaError, Refusal, Subject, UNAUTHORIZED_USER};
use crate::domain::{Path, account};

/// A method that this client calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Search,
    AuditSearch,
    GetAccountInfo,
    SetAccountInfo,
    ImportLiteAccount,
    Unsubscribe,
    GetSchema,
}

impl Method {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Search => "accounts.search",
            Self::AuditSearch => "audit.search",
            Self::GetAccountInfo => "accounts.getAccountInfo",
            Self::SetAccountInfo => "accounts.setAccountInfo",
            Self::ImportLiteAccount => "accounts.importLiteAccount",
            Self::Unsubscribe => "accounts.unsubscribe",
            Self::GetSchema => "accounts.getSchema",
        }
    }

    fn subject(self) -> Subject {
        match self {
            Self::Search | Self::AuditSearch => Subject::Search,
            Self::GetAccountInfo | Self::SetAccountInfo => Subject::Person,
            Self::ImportLiteAccount | Self::Unsubscribe => Subject::EmailAccount,
            Self::GetSchema => Subject::Site,
        }
    }
}

/// An answer with `errorCode` 0, or another that means success.
#[derive(Debug)]
pub(super) struct Answer {
    method: Method,
    status: u16,
    body: Bytes,
    /// When Gigya answered, by its own clock.
    pub(super) at: Option<Timestamp>,
}

/// What every answer has (SAP help, "Response"); fields without data are absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    #[serde(default, deserialize_with = "lenient_number")]
    error_code: Option<i64>,
    #[serde(default)]
    error_details: Value,
    #[serde(default)]
    call_id: Value,
    #[serde(default)]
    time: Value,
    #[serde(default)]
    validation_errors: Value,
}

/// A page of a search (SAP help, accounts.search, "Response").
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SearchAnswer {
    /// Absent or `null` where nothing matches.
    #[serde(default)]
    pub(super) results: Option<Vec<Value>>,
    #[serde(default, deserialize_with = "lenient_number")]
    pub(super) total_count: Option<i64>,
    /// Absent at the end, and only there.
    #[serde(default)]
    pub(super) next_cursor_id: Option<String>,
}

/// Longest `callId` and most field names that an error repeats.
const CALL_ID_CHARACTERS_MAX: usize = 64;
const FIELDS_MAX: usize = 5;

/// Reads an answer.
pub(super) fn read(method: Method, response: &http::Response<Bytes>) -> Result<Answer, GigyaError> {
    let status = response.status().as_u16();
    let unreadable = |what| GigyaError::Unreadable { method: method.name(), status, what };
    let body = response.body();
    let envelope: Envelope = serde_json::from_slice(body).map_err(|error| {
        unreadable(match error.classify() {
            serde_json::error::Category::Eof => "a text that ends too early",
            serde_json::error::Category::Io
            | serde_json::error::Category::Syntax
            | serde_json::error::Category::Data => "a text that is not Gigya's",
        })
    })?;
    let Some(code) = envelope.error_code else { return Err(unreadable("no errorCode")) };
    if error::is_success(code) {
        let at = account::instant(&envelope.time);
        return Ok(Answer { method, status, body: body.clone(), at });
    }
    let subject = match method.subject() {
        Subject::Person | Subject::EmailAccount
            if code == UNAUTHORIZED_USER && blames_key(&envelope) =>
        {
            Subject::Site
        }
        subject @ (Subject::Person | Subject::EmailAccount | Subject::Search | Subject::Site) => {
            subject
        }
    };
    let call = printable(envelope.call_id.as_str().unwrap_or_default());
    let fields = fields_of(&envelope.validation_errors);
    Err(GigyaError::Refused(Refusal { method: method.name(), code, call, fields, subject }))
}

impl Answer {
    /// The method's own part of the answer.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, GigyaError> {
        serde_json::from_slice(&self.body).map_err(|_| GigyaError::Unreadable {
            method: self.method.name(),
            status: self.status,
            what: "fields of an unexpected shape",
        })
    }
}

/// The far end's clock, by the answer's `Date`.
pub(super) fn date(response: &http::Response<Bytes>) -> Option<Timestamp> {
    let date = response.headers().get(http::header::DATE)?;
    DateTimeParser::new().parse_timestamp(date.as_bytes()).ok()
}

/// 403005 means an unknown user key as well as an unknown person; the details tell which ("The supplied userkey was
/// not found", SAP's customer data cloud toolkit, fixtures).
fn blames_key(envelope: &Envelope) -> bool {
    let details = envelope.error_details.as_str().unwrap_or_default().to_ascii_lowercase();
    ["userkey", "user key", "apikey", "api key"].iter().any(|word| details.contains(word))
}

fn printable(call_id: &str) -> String {
    let id: String =
        call_id.chars().filter(char::is_ascii_alphanumeric).take(CALL_ID_CHARACTERS_MAX).collect();
    if id.is_empty() { "unknown".to_owned() } else { id }
}

/// The names of the fields alone: the messages beside them may quote a value.
fn fields_of(validation_errors: &Value) -> Vec<Path> {
    let items = validation_errors.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| item.get("fieldName")?.as_str()?.parse().ok())
        .take(FIELDS_MAX)
        .collect()
}

fn lenient_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: Method, body: &'static str) -> Result<Answer, GigyaError> {
        read(method, &http::Response::new(Bytes::from_static(body.as_bytes())))
    }

    #[test]
    fn an_error_inside_an_ok_is_an_error_and_repeats_no_text_of_the_answer() {
        let body = r#"{"errorCode":"400009","callId":"f88\n00","errorMessage":"zoe@example.com",
            "errorDetails":"zoe@example.com","validationErrors":[
            {"fieldName":"profile.email","message":"zoe@example.com"},
            {"fieldName":"zoe@example.com"}]}"#;
        let error = answer(Method::SetAccountInfo, body).unwrap_err();
        let GigyaError::Refused(refusal) = &error else { panic!("{error}") };
        assert_eq!((refusal.code, refusal.call.as_str()), (400_009, "f8800"));
        assert_eq!(refusal.fields, ["profile.email".parse().unwrap()]);
        assert!(!format!("{error} {error:?}").contains("zoe"));
    }

    #[test]
    fn what_is_not_an_answer_of_gigyas_is_tried_again() {
        use crate::domain::{Dispose, Disposition};
        for body in ["<html>", "", r#"{"errorCode":0,"resu"#, r#"{"callId":"x"}"#, "[]", "null"] {
            let error = answer(Method::Search, body).unwrap_err();
            assert!(matches!(error, GigyaError::Unreadable { .. }), "{body}");
            assert_eq!(error.disposition(), Disposition::Retry { after: None });
        }
    }

    #[test]
    fn an_unknown_person_is_told_from_an_unknown_key() {
        let person = r#"{"errorCode":403005,"errorDetails":"Unauthorized user"}"#;
        let key = r#"{"errorCode":403005,"errorDetails":"The supplied userkey was not found"}"#;
        assert!(answer(Method::GetAccountInfo, person).unwrap_err().is_unknown_person());
        assert!(!answer(Method::GetAccountInfo, key).unwrap_err().is_unknown_person());
        assert!(!answer(Method::Search, person).unwrap_err().is_unknown_person());
        assert!(answer(Method::Unsubscribe, person).unwrap_err().is_unknown_person());
        assert!(!answer(Method::Unsubscribe, key).unwrap_err().is_unknown_person());
    }

    #[test]
    fn numbers_may_come_as_text_and_results_may_be_missing() {
        let body =
            r#"{"errorCode":0,"time":"2021-03-05T06:11:31.513Z","totalCount":"7","results":null}"#;
        let answer = answer(Method::Search, body).unwrap();
        assert_eq!(answer.at, "2021-03-05T06:11:31.513Z".parse().ok());
        let page: SearchAnswer = answer.parse().unwrap();
        assert_eq!((page.total_count, page.next_cursor_id, page.results), (Some(7), None, None));
    }

    #[test]
    fn the_far_ends_clock_is_read_from_its_date() {
        let response = http::Response::builder()
            .header("Date", "Tue, 14 Nov 2023 22:13:20 GMT")
            .body(Bytes::new())
            .unwrap();
        assert_eq!(date(&response), Timestamp::from_second(1_700_000_000).ok());
    }
}
