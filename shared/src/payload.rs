//! Rows into payloads of imports: CSV in the customer's encoding, or JSON where a column asks for it, cut by rows and by
//! encoded bytes.

use std::collections::{BTreeMap, BTreeSet};

use crate::constant_contact::{Import, headings};
use crate::domain::charset::{self, Encoding};
use crate::domain::limits::{
    IMPORT_BYTES_MAX, IMPORT_ROWS_MAX, V2_IMPORT_BYTES_MAX, V2_IMPORT_ROWS_MAX,
};
use crate::domain::mapping::{Destination, Mapping};
use crate::domain::plan::Row;
use crate::domain::{ContactField, Dialect, Uid};
use bytes::Bytes;
use serde_json::{Map, Value};

/// The field that travels as two columns.
const BIRTHDAY: &str = "birthday";

/// One payload: what one activity is submitted with.
#[derive(Debug, Clone)]
pub struct Payload {
    /// What is sent.
    pub import: Import,
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
    #[error("the row of {uid} alone is larger than {bytes_max} bytes")]
    TooLarge {
        /// Whose.
        uid: Uid,
        /// The limit.
        bytes_max: usize,
    },
    /// A row holds characters that the encoding has not, which the charset step does not let happen.
    #[error("the row of {uid} has characters that are not in ISO-8859-1; please report it")]
    NotLatin1 {
        /// Whose.
        uid: Uid,
    },
}

/// The columns of every payload of a customer, in the order of their keys.
#[derive(Debug, Clone)]
pub struct Headings {
    fields: Vec<ContactField>,
    uid_field: ContactField,
    is_json: bool,
    destination: Destination,
    rows_max: usize,
}

/// Rows by the columns that they name.
type Groups<'a> = BTreeMap<Vec<ContactField>, Vec<&'a Row>>;

/// How much one import takes.
struct Limits {
    rows: usize,
    bytes: usize,
}

impl Headings {
    /// The columns of this mapping: the address, the UID, and every field that travels out.
    pub fn of(mapping: &Mapping) -> Self {
        let travelling = mapping.rules().iter().filter(|rule| rule.travels_out());
        let fields: BTreeSet<&ContactField> = travelling.map(|rule| &rule.field).collect();
        Self {
            fields: fields.into_iter().cloned().collect(),
            uid_field: mapping.uid_contact_field(),
            is_json: mapping.needs_json(),
            destination: *mapping.destination(),
            rows_max: usize::MAX,
        }
    }

    /// The same columns, in payloads of so many rows at most.
    #[must_use]
    pub fn at_most(self, rows_max: usize) -> Self {
        Self { rows_max, ..self }
    }

    /// Writes the rows into as many payloads as the limits ask for.
    ///
    /// Rows that empty something go by themselves, with the columns that they name and no others: where a blank empties,
    /// a cell that is blank because its value stays would empty it too.
    ///
    /// # Errors
    /// When a single row exceeds the limits.
    pub fn write<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a Row>,
    ) -> Result<Vec<Payload>, PayloadError> {
        let mut plain = Vec::new();
        let mut emptying = Groups::new();
        for row in rows {
            if row.fields.values().any(String::is_empty) {
                emptying.entry(row.fields.keys().cloned().collect()).or_default().push(row);
            } else {
                plain.push(row);
            }
        }
        let mut payloads = self.write_alike(&plain, false)?;
        payloads.extend(self.write_groups(emptying)?);
        Ok(payloads)
    }

    /// Writes rows with the columns that each of them names and no others, so that nothing depends on what a blank does.
    ///
    /// # Errors
    /// When a single row exceeds the limits.
    pub fn write_exactly<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a Row>,
    ) -> Result<Vec<Payload>, PayloadError> {
        let mut groups = Groups::new();
        for row in rows {
            groups.entry(row.fields.keys().cloned().collect()).or_default().push(row);
        }
        self.write_groups(groups)
    }

    fn write_groups(&self, groups: Groups<'_>) -> Result<Vec<Payload>, PayloadError> {
        let mut payloads = Vec::new();
        for (fields, rows) in groups {
            let empties = rows.iter().any(|row| row.fields.values().any(String::is_empty));
            let named = Self { fields, ..self.clone() };
            payloads.extend(named.write_alike(&rows, empties)?);
        }
        Ok(payloads)
    }

    fn write_alike(&self, rows: &[&Row], blanks_clear: bool) -> Result<Vec<Payload>, PayloadError> {
        let limits = self.limits();
        let opening = if self.is_json { b"[".to_vec() } else { self.heading_line()? };
        let mut payloads = Vec::new();
        let mut bytes = opening.clone();
        let mut uids: Vec<Uid> = Vec::new();
        for row in rows {
            let line = if self.is_json { self.json_row(row) } else { self.csv_row(row)? };
            if opening.len() + line.len() + 1 > limits.bytes {
                let (uid, bytes_max) = (row.uid.clone(), limits.bytes);
                return Err(PayloadError::TooLarge { uid, bytes_max });
            }
            let is_full = uids.len() == limits.rows || bytes.len() + line.len() + 1 > limits.bytes;
            if is_full {
                let whole = std::mem::replace(&mut bytes, opening.clone());
                payloads.push(self.finish(whole, std::mem::take(&mut uids), blanks_clear));
            }
            if self.is_json && !uids.is_empty() {
                bytes.push(b',');
            }
            bytes.extend_from_slice(&line);
            uids.push(row.uid.clone());
        }
        if !uids.is_empty() {
            payloads.push(self.finish(bytes, uids, blanks_clear));
        }
        Ok(payloads)
    }

    fn limits(&self) -> Limits {
        let (rows, bytes) = match self.destination.dialect {
            Dialect::V3 => (IMPORT_ROWS_MAX, IMPORT_BYTES_MAX),
            Dialect::V2 => (V2_IMPORT_ROWS_MAX, V2_IMPORT_BYTES_MAX),
        };
        Limits { rows: rows.min(self.rows_max), bytes }
    }

    fn finish(&self, mut bytes: Vec<u8>, uids: Vec<Uid>, blanks_clear: bool) -> Payload {
        let import = if self.is_json {
            bytes.push(b']');
            Import::Json(bytes.into())
        } else {
            Import::Csv { file: Bytes::from(bytes), blanks_clear }
        };
        Payload { import, uids }
    }

    fn heading_line(&self) -> Result<Vec<u8>, PayloadError> {
        let dialect = self.destination.dialect;
        let own = [ContactField::email(), self.uid_field.clone()];
        let names = own.iter().chain(&self.fields).flat_map(|field| headings(dialect, field));
        csv_line(names.collect::<Vec<_>>().iter().map(String::as_str))
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
        let line = csv_line(cells)?;
        match self.destination.charset.encoding {
            Encoding::Utf8 => Ok(line),
            Encoding::Latin1 => charset::to_latin1(&line)
                .ok_or_else(|| PayloadError::NotLatin1 { uid: row.uid.clone() }),
        }
    }

    /// JSON is UTF-8 whatever the charset is (RFC 8259); its characters are those that the charset let through.
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

    use crate::domain::mapping::FieldRule;

    use super::*;

    fn headings(fields: &[&str]) -> Headings {
        let rules = fields
            .iter()
            .map(|field| FieldRule::outbound("data.x".parse().unwrap(), field.parse().unwrap()))
            .collect();
        Headings::of(&Mapping::new(rules, "gigya_uid"))
    }

    fn file(payload: &Payload) -> &Bytes {
        match &payload.import {
            Import::Csv { file, .. } | Import::Json(file) => file,
        }
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
        let text = std::str::from_utf8(file(&payloads[0])).unwrap();
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
        assert!(matches!(payloads[0].import, Import::Json(_)));
        let json: Value = serde_json::from_slice(file(&payloads[0])).unwrap();
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
        assert!(parts.iter().all(|part| file(part).len() <= IMPORT_BYTES_MAX));
        assert_eq!(parts.iter().map(|part| part.uids.len()).sum::<usize>(), 25);
        assert!(parts.len() > 1);
    }
}
