//! Exporting a list: an activity whose result is a CSV file (v2 documents, "Export Contacts").

use std::fmt;
use std::io::Cursor;
use std::sync::Arc;

use bytes::Bytes;
use csv::{ByteRecord, Reader, ReaderBuilder};
use encoding_rs::mem;
use http::Method;
use serde_json::json;

use super::{Client, columns, wire};
use crate::constant_contact::error::{ConstantContactError, Operation};
use crate::domain::charset::Encoding;
use crate::domain::{Activity, ActivityId, ContactField, EmailAddress, ListId};

/// The mark that some programs write before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Client {
    /// Submits the export of one list's members: their addresses and these fields, of which those that an export does not
    /// show are left out. Instead of a list's id, `active`, `opted-out` and `removed` name everybody of that status.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn start_export(
        &self,
        list: &ListId,
        fields: &[ContactField],
    ) -> Result<ActivityId, ConstantContactError> {
        let others = fields.iter().filter(|field| **field != ContactField::email());
        let mut names = vec![columns::EXPORTED_ADDRESS.to_owned()];
        names.extend(others.filter_map(columns::exported));
        let body = json!({
            "file_type": "CSV",
            "sort_by": "EMAIL_ADDRESS",
            "export_date_added": false,
            "export_added_by": false,
            "lists": [list],
            "column_names": names,
        });
        let operation = Operation::ExportContacts;
        let request = self.with_json(operation, Method::POST, "/activities/exportcontacts", &body);
        Ok(self.call::<wire::Submitted>(&request).await?.id)
    }

    /// Reads the file of an export that is complete: the activity's `file_name` is where it is. It is fetched with key and
    /// token like everything else, so it is not followed to another host.
    ///
    /// # Errors
    /// When the activity has no file, the file is elsewhere or no table, or the call fails.
    pub async fn read_export(&self, activity: &Activity) -> Result<Export, ConstantContactError> {
        let operation = Operation::ReadExport;
        let link = activity.file_name.as_deref().ok_or_else(|| unreadable("there is no file"))?;
        let request = self.follow(operation, link)?;
        Export::open(self.call_raw(&request).await?)
    }
}

/// The rows of an exported file, one at a time.
///
/// In which character set v2 writes it is not documented. A file that is UTF-8 from its first byte to its last is read as
/// UTF-8, any other as ISO-8859-1, byte for character; ISO-8859-1 with letters beyond ASCII is hardly ever UTF-8 by chance.
pub struct Export {
    reader: Reader<Cursor<Bytes>>,
    encoding: Encoding,
    headings: Arc<[String]>,
    record: ByteRecord,
    row: u64,
}

/// One row of an exported file. Its `Debug` shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct ExportRow {
    headings: Arc<[String]>,
    cells: Vec<String>,
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export")
            .field("encoding", &self.encoding)
            .field("headings", &self.headings)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ExportRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExportRow of {} cells", self.cells.len())
    }
}

impl Export {
    /// Opens a file (RFC 4180) whose first line holds the headings. Short rows, long rows and unknown columns are taken.
    ///
    /// # Errors
    /// When it has no column with addresses.
    pub fn open(file: Bytes) -> Result<Self, ConstantContactError> {
        let file = match file.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) => file.slice_ref(rest),
            None => file,
        };
        let is_utf8 = std::str::from_utf8(&file).is_ok();
        let encoding = if is_utf8 { Encoding::Utf8 } else { Encoding::Latin1 };
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(Cursor::new(file));
        let headings = reader.byte_headers().map_err(|_| unreadable("it has no headings"))?;
        let headings: Arc<[String]> =
            headings.iter().map(|heading| plain(&decoded(heading, encoding))).collect();
        let export = Self { reader, encoding, headings, record: ByteRecord::new(), row: 0 };
        let is_address = |heading: &String| ADDRESSES.contains(&heading.as_str());
        if export.headings.iter().any(is_address) {
            Ok(export)
        } else {
            Err(unreadable("it has no column with addresses"))
        }
    }
}

impl Iterator for Export {
    type Item = Result<ExportRow, ConstantContactError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.row += 1;
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => None,
            Ok(true) => {
                let cells = self.record.iter().map(|cell| decoded(cell, self.encoding)).collect();
                Some(Ok(ExportRow { headings: Arc::clone(&self.headings), cells }))
            }
            Err(_) => Some(Err(unreadable(&format!("row {} is no CSV", self.row)))),
        }
    }
}

/// The headings under which an address may stand (v2 documents, "Add Contacts", the aliases of `EMAIL`).
const ADDRESSES: [&str; 4] = ["email address", "email", "e-mail", "e-mail address"];

impl ExportRow {
    /// The value under a heading, whatever its case; `""` where the file has no such column or the row is short.
    pub fn value(&self, heading: &str) -> &str {
        let heading = plain(heading);
        let place = self.headings.iter().position(|known| *known == heading);
        place.and_then(|place| self.cells.get(place)).map_or("", String::as_str)
    }

    /// The value of a field, `""` where an export does not show it.
    pub fn field(&self, field: &ContactField) -> &str {
        columns::exported(field).map_or("", |heading| self.value(&heading))
    }

    /// The address, if it is one by our rules.
    pub fn address(&self) -> Option<EmailAddress> {
        ADDRESSES.iter().find_map(|heading| self.value(heading).parse().ok())
    }
}

fn decoded(cell: &[u8], encoding: Encoding) -> String {
    match encoding {
        Encoding::Utf8 => String::from_utf8_lossy(cell).into_owned(),
        Encoding::Latin1 => mem::decode_latin1(cell).into_owned(),
    }
}

/// A heading in the form in which headings are compared.
fn plain(heading: &str) -> String {
    heading.trim().replace('_', " ").to_lowercase()
}

fn unreadable(what: &str) -> ConstantContactError {
    ConstantContactError::Unreadable { operation: Operation::ReadExport, what: what.to_owned() }
}

#[cfg(test)]
#[path = "exported_tests.rs"]
mod tests;
