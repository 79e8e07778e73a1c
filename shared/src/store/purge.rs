//! Taking people out of the objects of past runs: whatever is kept under `runs/` and names one of them by UID is written
//! anew without them, one object at a time, over the version that was read.
//!
//! | kind | what becomes of it |
//! | --- | --- |
//! | lines (`.ndjson`, `.zst`) | the lines of these people are left out |
//! | documents (`.json`) | what is about these people is left out: entries of lists, members, examples |
//! | pages (`.html`) | their UIDs are struck out |
//!
//! Nobody else's line is read as more than its UID, and none is changed.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::bucket::{BYTES, Bucket, JSON, Object, Put};
use super::lines::{LinesWriter, is_compressed, texts};
use super::{SWAPS_MAX, StoreError, keys};
use crate::domain::Uid;

/// Strikes people out of a page; `None` when it names none of them.
pub type StrikeOut = fn(&str, &BTreeSet<Uid>) -> Option<String>;

/// Takes people out of what is kept of past runs.
#[derive(Debug, Clone)]
pub struct Purge {
    bucket: Bucket,
    strike_out: StrikeOut,
}

/// What an object becomes.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// It names nobody of these people.
    Stays,
    /// It is written anew.
    Becomes(Bytes),
    /// Nothing is left of it, or it cannot be read and nobody can say whom it names.
    Goes,
}

impl Purge {
    /// For the objects of this bucket; `strike_out` knows how pages are written.
    pub fn new(bucket: Bucket, strike_out: StrikeOut) -> Self {
        Self { bucket, strike_out }
    }

    /// The objects of all runs after this one, in the order of their keys.
    ///
    /// # Errors
    /// When the bucket refuses.
    pub async fn objects(&self, after: Option<&str>) -> Result<Vec<String>, StoreError> {
        let mut objects = self.bucket.list(keys::RUNS).await?;
        objects.retain(|key| after.is_none_or(|after| key.as_str() > after));
        Ok(objects)
    }

    /// Takes people out of the documents under `state/` that name people and have no place for the erased.
    ///
    /// # Errors
    /// As [`object`](Self::object).
    pub async fn state(&self, people: &BTreeSet<Uid>) -> Result<u64, StoreError> {
        let mut changed = 0;
        let documents =
            [keys::DUE, keys::REFUSED, keys::WAITING, keys::INBOUND_BRAKE, keys::ERASURE_BRAKE];
        for key in documents {
            changed += u64::from(self.object(key, people).await?);
        }
        Ok(changed)
    }

    /// Takes people out of one object. Answers whether it named any of them.
    ///
    /// # Errors
    /// When the bucket refuses, or somebody else keeps changing the object.
    pub async fn object(&self, key: &str, people: &BTreeSet<Uid>) -> Result<bool, StoreError> {
        for _ in 0..SWAPS_MAX {
            let Some(Object { bytes, etag }) = self.bucket.get(key).await? else {
                return Ok(false);
            };
            let put = match self.fate(key, &bytes, people) {
                Fate::Stays => return Ok(false),
                Fate::Goes if key.starts_with(keys::RUNS) => {
                    self.bucket.delete(key).await?;
                    return Ok(true);
                }
                Fate::Goes => {
                    let problem = "it is not what it should be".to_owned();
                    return Err(StoreError::Broken { key: key.to_owned(), problem });
                }
                Fate::Becomes(bytes) => {
                    self.bucket.replace(key, bytes, content_type(key), &etag).await?
                }
            };
            match put {
                Put::Done(_) => return Ok(true),
                Put::Taken => {}
            }
        }
        Err(StoreError::Contended { key: key.to_owned(), tries: SWAPS_MAX })
    }

    fn fate(&self, key: &str, bytes: &Bytes, people: &BTreeSet<Uid>) -> Fate {
        match key.rsplit('.').next() {
            Some("json") => document(bytes, people),
            Some("html") => match std::str::from_utf8(bytes) {
                Ok(page) => (self.strike_out)(page, people)
                    .map_or(Fate::Stays, |page| Fate::Becomes(page.into())),
                Err(_) => Fate::Goes,
            },
            _ => lines(bytes, people).unwrap_or(Fate::Goes),
        }
    }
}

/// How the bucket names this kind of object.
fn content_type(key: &str) -> &'static str {
    match key.rsplit('.').next() {
        Some("json") => JSON,
        Some("html") => "text/html; charset=utf-8",
        Some("ndjson") => "application/x-ndjson",
        _ => BYTES,
    }
}

/// Who a line is about.
#[derive(Deserialize)]
struct About {
    #[serde(alias = "UID")]
    uid: Option<Uid>,
}

fn is_about(line: &[u8], people: &BTreeSet<Uid>) -> bool {
    match serde_json::from_slice::<About>(line) {
        Ok(about) => about.uid.is_some_and(|uid| people.contains(&uid)),
        // No object, or one that says it twice: whatever holds the UID as a text is about them.
        Err(_) => serde_json::from_slice(line)
            .is_ok_and(|value: Value| without(value.clone(), people).as_ref() != Some(&value)),
    }
}

/// Most objects name nobody who goes, so they are read first and only then written. `None` when it cannot be read.
fn lines(bytes: &Bytes, people: &BTreeSet<Uid>) -> Option<Fate> {
    let mut names_any = false;
    for line in texts(bytes.clone()).ok()? {
        let (_, text) = line.ok()?;
        names_any = names_any || is_about(&text, people);
    }
    if !names_any {
        return Some(Fate::Stays);
    }
    let kept = texts(bytes.clone()).ok()?.filter_map(Result::ok);
    let kept = kept.filter(|(_, text)| !is_about(text, people));
    if is_compressed(bytes) {
        let mut writer = LinesWriter::new().ok()?;
        for (_, text) in kept {
            writer.push_line(&text).ok()?;
        }
        return Some(Fate::Becomes(writer.finish().ok()?));
    }
    let mut plain = Vec::with_capacity(bytes.len());
    for (_, text) in kept {
        plain.extend_from_slice(text.trim_ascii_end());
        plain.push(b'\n');
    }
    Some(Fate::Becomes(plain.into()))
}

fn document(bytes: &[u8], people: &BTreeSet<Uid>) -> Fate {
    let Ok(before) = serde_json::from_slice::<Value>(bytes) else { return Fate::Goes };
    match without(before.clone(), people) {
        Some(after) if after == before => Fate::Stays,
        Some(after) => Fate::Becomes(after.to_string().into()),
        None => Fate::Goes,
    }
}

/// What is left of a value: nothing of one that is one of these people, or about one.
fn without(value: Value, people: &BTreeSet<Uid>) -> Option<Value> {
    let is_one = |text: &str| people.contains(&Uid::from(text));
    match value {
        Value::Array(items) => {
            let others = items.into_iter().filter(|item| !item.as_str().is_some_and(is_one));
            Some(others.filter_map(|item| without(item, people)).collect())
        }
        Value::Object(fields) => {
            let names = |name: &str| fields.get(name).and_then(Value::as_str).is_some_and(is_one);
            if names("uid") || names("UID") {
                return None;
            }
            let fields = fields.into_iter().filter(|(name, _)| !is_one(name));
            let kept = fields.filter_map(|(name, value)| Some((name, without(value, people)?)));
            Some(Value::Object(kept.collect()))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn people() -> BTreeSet<Uid> {
        ["u1".into(), "u3".into()].into()
    }

    #[test]
    fn only_the_lines_of_those_who_go_are_left_out_and_the_others_stay_as_they_are() {
        let all = [
            "{\"UID\":\"u1\",\"a\":1}",
            "{ \"a\" : \"u1\", \"UID\" : \"u2\" }",
            "{\"uid\":\"u3\"}",
        ];
        let plain = Bytes::from(all.join("\n"));
        let Some(Fate::Becomes(after)) = lines(&plain, &people()) else { panic!() };
        assert_eq!(after, Bytes::from(format!("{}\n", all[1])));
        assert_eq!(lines(&after, &people()), Some(Fate::Stays));

        let mut writer = LinesWriter::new().unwrap();
        for line in all {
            writer.push_line(line.as_bytes()).unwrap();
        }
        let Some(Fate::Becomes(after)) = lines(&writer.finish().unwrap(), &people()) else {
            panic!()
        };
        assert!(is_compressed(&after));
        let left: Vec<_> = texts(after).unwrap().map(|line| line.unwrap().1).collect();
        assert_eq!(left, [format!("{}\n", all[1]).into_bytes()]);
    }

    #[test]
    fn an_object_that_breaks_off_goes_because_nobody_can_say_whom_it_names() {
        let mut writer = LinesWriter::new().unwrap();
        (0..10_000).for_each(|n| writer.push(&n).unwrap());
        let whole = writer.finish().unwrap();
        assert_eq!(lines(&whole.slice(..whole.len() / 2), &people()), None);
        assert_eq!(document(b"{\"uid\":", &people()), Fate::Goes);
    }

    #[test]
    fn a_document_keeps_everything_that_is_not_about_them() {
        let before = json!({
            "examples": ["u1", "u2"], "due": {"u3": "2026-01-01T00:00:00Z", "u2": "2026"},
            "rejected": [{"uid": "u1", "reason": "r"}, {"uid": "u2", "reason": "u1 is not alone"}],
            "count": 3, "brake": null,
        });
        let Fate::Becomes(after) = document(before.to_string().as_bytes(), &people()) else {
            panic!()
        };
        assert_eq!(
            serde_json::from_slice::<Value>(&after).unwrap(),
            json!({
                "examples": ["u2"], "due": {"u2": "2026"},
                "rejected": [{"uid": "u2", "reason": "u1 is not alone"}],
                "count": 3, "brake": null,
            })
        );
        assert_eq!(document(&after, &people()), Fate::Stays);
        assert_eq!(document(b"{\"uid\":\"u1\",\"x\":1}", &people()), Fate::Goes);
    }
}
