//! The columns of an import and of an export, by v3's names for the fields.

use crate::domain::ContactField;
use crate::domain::limits::V2_CUSTOM_FIELDS;

/// The columns, as an export spells them; an import takes any case (v2 documents, "Add Contacts" and "Export Contacts").
const COLUMNS: &[(&str, &str)] = &[
    ("first_name", "First Name"),
    ("last_name", "Last Name"),
    ("job_title", "Job Title"),
    ("company_name", "Company Name"),
    ("anniversary", "Anniversary"),
    ("home_phone", "Home Phone"),
    ("work_phone", "Work Phone"),
    ("street", "Address Line 1"),
    ("street2", "Address Line 2"),
    ("city", "City"),
    ("state", "State"),
    ("zip", "Zip/Postal Code"),
    ("country", "Country"),
];

/// The address's column in an export (v2 documents, "Export Contacts").
pub(super) const EXPORTED_ADDRESS: &str = "Email Address";

/// The headings of a field's columns in an import; none where v2's import has no such column.
pub(crate) fn headings(field: &ContactField) -> Vec<String> {
    match field.as_str() {
        "email" => vec!["EMAIL".to_owned()],
        "birthday" => vec!["BIRTHDAY_MONTH".to_owned(), "BIRTHDAY_DAY".to_owned()],
        _ => exported(field).map(|name| name.to_uppercase()).into_iter().collect(),
    }
}

/// The heading of a field's column in an export; none for a birthday, which no export shows.
pub(super) fn exported(field: &ContactField) -> Option<String> {
    if let Some(number) = field.v2_number() {
        return Some(format!("Custom Field {number}"));
    }
    if *field == ContactField::email() {
        return Some(EXPORTED_ADDRESS.to_owned());
    }
    let (_, name) = COLUMNS.iter().find(|(key, _)| *key == field.as_str())?;
    Some((*name).to_owned())
}

/// The number of a custom field, in any of the ways in which it is written: `CustomField1` on a contact, `CUSTOM FIELD 1` in
/// an import, `custom_field_1` in older documents and in our settings.
pub(super) fn custom_number(name: &str) -> Option<u8> {
    let bare: String = name.chars().filter(|c| !matches!(c, ' ' | '_')).collect();
    let bare = bare.to_ascii_lowercase();
    let digits = bare.strip_prefix("customfield")?;
    let is_number = digits.chars().all(|c| c.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|number| is_number && (1..=V2_CUSTOM_FIELDS).contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Dialect;
    use crate::domain::contact_field::COLUMNS as V3_COLUMNS;

    #[test]
    fn every_column_of_the_import_has_its_heading_and_nothing_else_has() {
        let of = |name: &str| headings(&name.parse().unwrap()).join(", ");
        let fields = V3_COLUMNS.iter().map(|column| column.key);
        let shown: Vec<String> = fields
            .clone()
            .chain(["custom_field_1", "custom_field_15", "cf:tier"])
            .filter(|name| !of(name).is_empty())
            .map(|name| format!("{name}: {}", of(name)))
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @"
        email: EMAIL
        first_name: FIRST NAME
        last_name: LAST NAME
        job_title: JOB TITLE
        company_name: COMPANY NAME
        birthday: BIRTHDAY_MONTH, BIRTHDAY_DAY
        anniversary: ANNIVERSARY
        home_phone: HOME PHONE
        work_phone: WORK PHONE
        street: ADDRESS LINE 1
        street2: ADDRESS LINE 2
        city: CITY
        state: STATE
        zip: ZIP/POSTAL CODE
        country: COUNTRY
        custom_field_1: CUSTOM FIELD 1
        custom_field_15: CUSTOM FIELD 15
        ");
        for name in fields {
            let field: ContactField = name.parse().unwrap();
            assert_eq!(headings(&field).is_empty(), !field.is_in(Dialect::V2), "{name}");
        }
    }

    #[test]
    fn a_custom_field_is_known_however_it_is_written() {
        for name in ["CustomField7", "CUSTOM FIELD 7", "custom_field_7", "Custom field 7"] {
            assert_eq!(custom_number(name), Some(7), "{name}");
        }
        for name in ["CustomField0", "CustomField16", "CustomField07", "CustomField", "gigya_uid"] {
            assert_eq!(custom_number(name), None, "{name}");
        }
    }
}
