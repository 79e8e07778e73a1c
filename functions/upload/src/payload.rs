//! Rows into payloads: CSV, or JSON where a column asks for it, cut by rows and by encoded bytes.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Map, Value};
use shared::domain::limits::{IMPORT_BYTES_MAX, IMPORT_ROWS_MAX};
use shared::domain::mapping::Mapping;
use shared::domain::plan::Row;
use shared::domain::{ContactField, Uid};

/// The field that travels as two columns.
const BIRTHDAY: &str = "birthday";

/// One payload: what one activity is submitted with.
#[derive(Debug, Clone)]
pub struct Payload {
    /// UTF-8 CSV with headings, or a JSON array.
    pub bytes: Bytes,
    /// Whether it is JSON.
    pub is_json: bool,
    /// Who is in it, in the order of the rows.
    pub uids: Vec<Uid>,
}

/// Why a payload cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// The writer failed, which it does not do in memory.
    #[error("a row could not be written")]
    Row(#[source] csv::Error),
    /// One row alone is larger than an import may be.
    #[error("the row of {uid} alone is larger than {IMPORT_BYTES_MAX} bytes")]
    TooLarge {
        /// Whose.
        uid: Uid,
    },
}

/// The columns of every payload of a customer, in the order of the mapping.
#[derive(Debug, Clone)]
pub struct Headings {
    fields: Vec<ContactField>,
    uid_field: ContactField,
    is_json: bool,
}

impl Headings {
    /// The columns of this mapping: the address, the UID, and every field that travels out.
    pub fn of(mapping: &Mapping) -> Self {
        let travelling = mapping.rules().iter().filter(|rule| rule.travels_out());
        let fields: BTreeSet<&ContactField> = travelling.map(|rule| &rule.field).collect();
        let fields = fields.into_iter().cloned().collect();
        let uid_field = mapping.uid_contact_field();
        Self { fields, uid_field, is_json: mapping.needs_json() }
    }

    /// Writes the rows into as many payloads as the limits ask for.
    ///
    /// # Errors
    /// When a single row exceeds the limits.
    pub fn write<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a Row>,
    ) -> Result<Vec<Payload>, PayloadError> {
        let opening = if self.is_json { b"[".to_vec() } else { self.heading_line()? };
        let mut payloads = Vec::new();
        let mut bytes = opening.clone();
        let mut uids: Vec<Uid> = Vec::new();
        for row in rows {
            let line = if self.is_json { self.json_row(row) } else { self.csv_row(row)? };
            if opening.len() + line.len() + 1 > IMPORT_BYTES_MAX {
                return Err(PayloadError::TooLarge { uid: row.uid.clone() });
            }
            let is_full =
                uids.len() == IMPORT_ROWS_MAX || bytes.len() + line.len() + 1 > IMPORT_BYTES_MAX;
            if is_full {
                let whole = std::mem::replace(&mut bytes, opening.clone());
                payloads.push(self.finish(whole, std::mem::take(&mut uids)));
            }
            if self.is_json && !uids.is_empty() {
                bytes.push(b',');
            }
            bytes.extend_from_slice(&line);
            uids.push(row.uid.clone());
        }
        if !uids.is_empty() {
            payloads.push(self.finish(bytes, uids));
        }
        Ok(payloads)
    }

    fn finish(&self, mut bytes: Vec<u8>, uids: Vec<Uid>) -> Payload {
        if self.is_json {
            bytes.push(b']');
        }
        Payload { bytes: bytes.into(), is_json: self.is_json, uids }
    }

    fn heading_line(&self) -> Result<Vec<u8>, PayloadError> {
        let mut headings = vec!["email", self.uid_field.as_str()];
        for field in &self.fields {
            match field.as_str() {
                BIRTHDAY => headings.extend(["birthday_month", "birthday_day"]),
                name => headings.push(name),
            }
        }
        csv_line(headings)
    }

    fn csv_row(&self, row: &Row) -> Result<Vec<u8>, PayloadError> {
        let mut cells = vec![row.email.expose(), row.uid.as_str()];
        for field in &self.fields {
            let value = row.fields.get(field).map_or("", String::as_str);
            match field.as_str() {
                BIRTHDAY => {
                    let (month, day) = value.split_once('-').unwrap_or_default();
                    cells.extend([month, day]);
                }
                _ => cells.push(value),
            }
        }
        csv_line(cells)
    }

    fn json_row(&self, row: &Row) -> Vec<u8> {
        let mut object = Map::new();
        object.insert("email".to_owned(), row.email.expose().into());
        object.insert(self.uid_field.to_string(), row.uid.as_str().into());
        for (field, value) in &row.fields {
            match (field.as_str(), value.split_once('-')) {
                (BIRTHDAY, Some((month, day))) => {
                    for (name, number) in [("birthday_month", month), ("birthday_day", day)] {
                        let number = number.parse::<u8>().map_or(Value::Null, Value::from);
                        object.insert(name.to_owned(), number);
                    }
                }
                (name, _) => drop(object.insert(name.to_owned(), value.as_str().into())),
            }
        }
        Value::Object(object).to_string().into_bytes()
    }
}

fn csv_line<'a>(cells: impl IntoIterator<Item = &'a str>) -> Result<Vec<u8>, PayloadError> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .buffer_capacity(512)
        .from_writer(Vec::new());
    writer.write_record(cells).map_err(PayloadError::Row)?;
    writer.into_inner().map_err(|error| PayloadError::Row(error.into_error().into()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use shared::domain::mapping::FieldRule;

    use super::*;

    fn headings(fields: &[&str]) -> Headings {
        let rules = fields
            .iter()
            .map(|field| FieldRule::outbound("data.x".parse().unwrap(), field.parse().unwrap()))
            .collect();
        Headings::of(&Mapping::new(rules, "gigya_uid"))
    }

    fn row(uid: &str, fields: &[(&str, &str)]) -> Row {
        let fields: BTreeMap<_, _> = fields
            .iter()
            .map(|(field, value)| (field.parse().unwrap(), (*value).to_owned()))
            .collect();
        Row { uid: uid.into(), email: format!("{uid}@example.com").parse().unwrap(), fields }
    }

    #[test]
    fn a_row_is_quoted_where_it_must_be_and_a_birthday_becomes_two_columns() {
        let rows =
            [row("u1", &[("first_name", "Zoë, \"Z\""), ("birthday", "02-29")]), row("u2", &[])];
        let payloads = headings(&["first_name", "birthday"]).write(&rows).unwrap();
        let text = std::str::from_utf8(&payloads[0].bytes).unwrap();
        assert_eq!(
            text,
            "email,cf:gigya_uid,birthday_month,birthday_day,first_name\r\n\
             u1@example.com,u1,02,29,\"Zoë, \"\"Z\"\"\"\r\n\
             u2@example.com,u2,,,\r\n"
        );
    }

    #[test]
    fn a_column_that_csv_does_not_document_goes_by_json() {
        let rows = [row("u1", &[("mobile_phone", "+49 1"), ("birthday", "02-09")])];
        let payloads = headings(&["mobile_phone", "birthday"]).write(&rows).unwrap();
        assert!(payloads[0].is_json);
        let json: Value = serde_json::from_slice(&payloads[0].bytes).unwrap();
        assert_eq!(json[0]["mobile_phone"], "+49 1");
        assert_eq!((&json[0]["birthday_month"], &json[0]["birthday_day"]), (&2.into(), &9.into()));
    }

    #[test]
    fn payloads_are_cut_by_rows_and_by_bytes_and_nobody_is_lost() {
        let many: Vec<Row> = (0..=IMPORT_ROWS_MAX).map(|n| row(&format!("u{n}"), &[])).collect();
        let sizes: Vec<usize> =
            headings(&["city"]).write(&many).unwrap().iter().map(|part| part.uids.len()).collect();
        assert_eq!(sizes, [IMPORT_ROWS_MAX, 1]);

        let wide = "ü".repeat(200_000);
        let rows: Vec<Row> = (0..25).map(|n| row(&format!("u{n}"), &[("city", &wide)])).collect();
        let parts = headings(&["city"]).write(&rows).unwrap();
        assert!(parts.iter().all(|part| part.bytes.len() <= IMPORT_BYTES_MAX));
        assert_eq!(parts.iter().map(|part| part.uids.len()).sum::<usize>(), 25);
        assert!(parts.len() > 1);
    }
}
