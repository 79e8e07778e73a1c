//! What a call to AWS needs to be allowed: read off the request itself, since no emulator asks IAM.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request};
use percent_encoding::percent_decode_str;
use sandbox::world::{BUCKET, DEAD_LETTERS, QUEUE, SECRET_ID, Watch};
use serde_json::Value;

/// Something that a function must be allowed, with its resource as the template says it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Need {
    /// The function: `export`.
    pub(super) function: &'static str,
    /// IAM's action: `s3:GetObject`.
    pub(super) action: String,
    /// What it is done to: `${Bucket.Arn}/state/run.json`.
    pub(super) resource: String,
    /// `s3:prefix` of a listing.
    pub(super) prefix: Option<String>,
}

/// Everything that was needed so far; clones are the same record.
#[derive(Debug, Clone, Default)]
pub(super) struct Record(Arc<Mutex<BTreeSet<Need>>>);

impl Record {
    /// A seam that records.
    pub(super) fn watch(&self) -> Watch {
        let record = self.clone();
        Arc::new(move |function, request| {
            record.0.lock().unwrap().extend(needs_of(function, request));
        })
    }

    pub(super) fn needs(&self) -> BTreeSet<Need> {
        self.0.lock().unwrap().clone()
    }
}

/// What a call needs. One that is not known here needs what no policy allows.
pub(super) fn needs_of(function: &'static str, request: &Request<Bytes>) -> Vec<Need> {
    let need = |action: &str, resource: String, prefix: Option<String>| Need {
        function,
        action: action.to_owned(),
        resource,
        prefix,
    };
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    if let Some((service, action)) = target.and_then(|target| target.split_once('.')) {
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        return match service {
            "AmazonSQS" => vec![need(&format!("sqs:{action}"), queue(&body["QueueUrl"]), None)],
            "secretsmanager" => {
                vec![need(&format!("secretsmanager:{action}"), secret(&body["SecretId"]), None)]
            }
            other => vec![need(&format!("{other}:{action}"), String::new(), None)],
        };
    }
    let path = request.uri().path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let key = percent_decode_str(key).decode_utf8_lossy();
    let arn = if bucket == BUCKET { "${Bucket.Arn}" } else { bucket };
    let object = || format!("{arn}/{key}");
    let query: Vec<(String, String)> =
        form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let asked = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    if key.is_empty() && request.method() == Method::GET && asked("list-type").is_some() {
        let prefix = asked("prefix").cloned().unwrap_or_default();
        return vec![need("s3:ListBucket", arn.to_owned(), Some(prefix))];
    }
    let get = || need("s3:GetObject", object(), None);
    match (key.is_empty(), request.method()) {
        // Who may not list the bucket is told 403 about an object that is not there (Amazon S3 API reference,
        // `GetObject`, "Permissions"), and any object may be missing.
        (false, &Method::GET) => vec![get(), need("s3:ListBucket", arn.to_owned(), None)],
        (false, &Method::PUT) => {
            let mut needs = vec![need("s3:PutObject", object(), None)];
            // Amazon S3 user guide, "How to prevent overwrites if the object has changed": a put with `If-Match` needs
            // both.
            if request.headers().contains_key(http::header::IF_MATCH) {
                needs.push(get());
            }
            needs
        }
        (false, &Method::DELETE) => vec![need("s3:DeleteObject", object(), None)],
        (_, method) => vec![need(&format!("s3:{method}"), object(), None)],
    }
}

fn queue(url: &Value) -> String {
    let url = url.as_str().unwrap_or_default();
    match url.rsplit('/').next() {
        Some(QUEUE) => "${Queue.Arn}".to_owned(),
        Some(DEAD_LETTERS) => "${DeadLetters.Arn}".to_owned(),
        Some(_) | None => url.to_owned(),
    }
}

fn secret(id: &Value) -> String {
    match id.as_str().unwrap_or_default() {
        SECRET_ID => "${SecretArn}".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(method: &str, uri: &str, headers: &[(&str, &str)], body: &'static str) -> Vec<String> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::from_static(body.as_bytes())).unwrap();
        let needs = needs_of("poll", &request).into_iter();
        needs
            .map(|need| {
                let prefix = need.prefix.map(|prefix| format!(" under {prefix}"));
                format!("{} {}{}", need.action, need.resource, prefix.unwrap_or_default())
            })
            .collect()
    }

    #[test]
    fn a_request_tells_what_it_needs() {
        let bucket = format!("http://127.0.0.1:9/{BUCKET}");
        let object = format!("{bucket}/state/run.json");
        assert_eq!(
            said("GET", &format!("{object}?x-id=GetObject"), &[], ""),
            ["s3:GetObject ${Bucket.Arn}/state/run.json", "s3:ListBucket ${Bucket.Arn}"]
        );
        assert_eq!(
            said("GET", &format!("{bucket}?list-type=2&prefix=runs%2Fa%2F"), &[], ""),
            ["s3:ListBucket ${Bucket.Arn} under runs/a/"]
        );
        assert_eq!(
            said("PUT", &object, &[("if-none-match", "*")], ""),
            ["s3:PutObject ${Bucket.Arn}/state/run.json"]
        );
        assert_eq!(
            said("PUT", &object, &[("if-match", "\"a\"")], ""),
            [
                "s3:PutObject ${Bucket.Arn}/state/run.json",
                "s3:GetObject ${Bucket.Arn}/state/run.json"
            ]
        );
        assert_eq!(
            said("DELETE", &object, &[], ""),
            ["s3:DeleteObject ${Bucket.Arn}/state/run.json"]
        );
        assert_eq!(said("POST", &format!("{bucket}?delete"), &[], ""), ["s3:POST ${Bucket.Arn}/"]);
        assert_eq!(said("PUT", "http://127.0.0.1:9/other/a", &[], ""), ["s3:PutObject other/a"]);
        let target = [("x-amz-target", "AmazonSQS.SendMessage")];
        assert_eq!(
            said("POST", "/", &target, r#"{"QueueUrl":"http://a/1/sandbox-batches-dead.fifo"}"#),
            ["sqs:SendMessage ${DeadLetters.Arn}"]
        );
        let target = [("x-amz-target", "secretsmanager.PutSecretValue")];
        assert_eq!(
            said("POST", "/", &target, r#"{"SecretId":"another"}"#),
            ["secretsmanager:PutSecretValue another"]
        );
    }
}
