//! The rows of an import, and how many of them are looked at.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

use crate::constant_contact::switches::Switches;
use crate::constant_contact::v2;

/// A row of an import: key and value.
pub(in crate::constant_contact) type Row = BTreeMap<String, String>;

/// The rows of a CSV file that are looked at: those that lie whole within the limit of bytes, up to the limit of rows.
pub(in crate::constant_contact) fn csv_rows(file: &Bytes, switches: &Switches) -> Vec<Row> {
    let latin1 = switches.csv_is_latin1.then(|| Bytes::from(v2::encoding::decode(file)));
    let file = latin1.as_ref().unwrap_or(file);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(&file[..]);
    let Ok(headings) = reader.headers().cloned() else { return Vec::new() };
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    while let Ok(true) = reader.read_record(&mut record) {
        let end = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        if end > switches.import_bytes_max || rows.len() == switches.import_rows_max {
            break;
        }
        let row = headings.iter().zip(&record);
        rows.push(row.map(|(key, value)| (key.to_owned(), value.to_owned())).collect());
    }
    rows
}

/// The lines of a CSV file, its heading included.
pub(in crate::constant_contact) fn lines(file: &Bytes) -> u64 {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(&file[..]);
    1 + reader.byte_records().count() as u64
}

/// The rows of a JSON import that are looked at.
pub(in crate::constant_contact) fn json_rows(rows: Vec<Value>, switches: &Switches) -> Vec<Row> {
    let mut bytes = 0;
    let mut taken = Vec::new();
    for row in rows.into_iter().take(switches.import_rows_max) {
        bytes += row.to_string().len() + 1;
        if bytes > switches.import_bytes_max {
            break;
        }
        let Value::Object(row) = row else { continue };
        let text = |value: Value| match value {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        taken.push(row.into_iter().filter_map(|(key, value)| Some((key, text(value)?))).collect());
    }
    taken
}
