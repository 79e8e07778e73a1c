//! Values on their way out, and files on their way in.

use bytes::Bytes;
use serde_json::json;
use shared::constant_contact::{Import, v2};
use shared::domain::charset::Encoding;
use shared::domain::plan::Row;
use shared::domain::{Account, ContactField, Dialect};
use shared::payload::Headings;
use shared::settings::CustomerSettings;

use crate::world::{Lists, sync_toml};

/// A file of exported contacts.
pub(super) fn csv_in(bytes: &[u8]) {
    let Ok(export) = v2::Export::open(Bytes::copy_from_slice(bytes)) else { return };
    for row in export.take(1_000).flatten() {
        if let Some(address) = row.address() {
            assert!(!address.expose().contains(char::is_whitespace), "no address");
        }
        let headed = row.value("First Name");
        assert_eq!(row.value("FIRST_NAME"), headed, "a heading is known in every case");
    }
}

/// Any names in an account: what the mapping makes of them stands in the file as it was decided, and nothing of one cell
/// gets into another.
pub(super) fn csv_out(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.splitn(4, '\u{1f}');
    let mut next = || parts.next().unwrap_or_default().to_owned();
    let account = json!({
        "UID": "uid-1", "isRegistered": true, "isActive": true,
        "profile": {
            "email": "ann@example.com", "firstName": next(), "lastName": next(),
            "city": next(), "zip": next(),
        },
    });
    let account = Account::from_json(account).expect("an account");
    for api in [Dialect::V3, Dialect::V2] {
        sent(&account, api);
    }
}

fn sent(account: &Account, api: Dialect) {
    let [newsletter, emea, update] =
        ["1", "2", "3"].map(|place| format!("0000000{place}-11a7-11ec-8a11-000000000000"));
    let lists = Lists { newsletter, emea, update, api };
    let settings = CustomerSettings::parse(&sync_toml(&lists, None)).expect("the sandbox's own");
    let mapping = &settings.policy.mapping;
    let Ok(fitted) = mapping.fit(account) else { return };
    let values = fitted.fields.into_iter().filter(|(_, fitted)| !fitted.value.is_empty());
    let fields = values.map(|(field, fitted)| (field, fitted.value)).collect();
    let row = Row { uid: account.uid().clone(), email: fitted.email, fields };
    let payloads = Headings::of(mapping).write([&row, &row]).expect("small rows");
    for payload in payloads {
        let Import::Csv { file, .. } = payload.import else { panic!("these columns go by CSV") };
        let text = match mapping.destination().charset.encoding {
            Encoding::Utf8 => String::from_utf8(file.to_vec()).expect("UTF-8"),
            Encoding::Latin1 => file.iter().copied().map(char::from).collect(),
        };
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let headings = reader.headers().expect("headings").clone();
        let records: Vec<_> = reader.records().map(|record| record.expect("whole")).collect();
        assert_eq!(records.len(), payload.uids.len(), "rows were made or lost");
        for record in records {
            for (field, value) in &row.fields {
                let own = shared::constant_contact::headings(api, field);
                let [heading] = own.as_slice() else { continue };
                let place = headings.iter().position(|known| known == heading);
                let cell = place.and_then(|place| record.get(place));
                assert_eq!(cell, Some(value.as_str()), "{field} is not what was decided");
            }
            assert_eq!(record.get(0), Some(row.email.expose()));
        }
        let is_known = |field: &ContactField| mapping.rule(field).is_some();
        assert!(row.fields.keys().all(is_known));
    }
}
