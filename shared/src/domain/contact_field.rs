//! The fields of a contact, named by v3's import keys in both dialects.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::dialect::Dialect;
use super::limits::{
    CUSTOM_FIELD_CHARACTERS_MAX, EMAIL_CHARACTERS_MAX, V2_CUSTOM_FIELD_CHARACTERS_MAX,
    V2_CUSTOM_FIELDS,
};

/// A field of a contact: `first_name`, `birthday`, `cf:loyalty_tier`; in v2 also `custom_field_1` to `custom_field_15`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContactField(Arc<str>);

/// One column of the bulk import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The import key.
    pub key: &'static str,
    /// Characters that the import takes.
    pub characters_max: usize,
    /// Whether the CSV import documents it; what it does not goes by the JSON import.
    pub in_csv: bool,
}

const fn column(key: &'static str, characters_max: usize, in_csv: bool) -> Column {
    Column { key, characters_max, in_csv }
}

/// The columns of v3's import (OAS, `JsonImportContact`; for CSV, `contacts_file_import`, "column headings").
/// `birthday` is ours: one field that travels as `birthday_month` and `birthday_day`, which need each other.
/// A telephone number is cut at 25, the length that a contact can hold, though the import takes 50.
pub const COLUMNS: &[Column] = &[
    column("email", EMAIL_CHARACTERS_MAX, true),
    column("first_name", 50, true),
    column("last_name", 50, true),
    column("job_title", 50, true),
    column("company_name", 50, true),
    column("birthday", 5, true),
    column("anniversary", 10, true),
    column("phone", 25, true),
    column("home_phone", 25, false),
    column("work_phone", 25, false),
    column("mobile_phone", 25, false),
    column("other_phone", 25, false),
    column("street", 255, true),
    column("street2", 255, true),
    column("city", 50, true),
    column("state", 50, true),
    column("zip", 50, true),
    column("country", 50, true),
    column("home_street", 255, false),
    column("home_city", 50, false),
    column("home_state", 50, false),
    column("home_zip", 50, false),
    column("work_street", 255, false),
    column("work_city", 50, false),
    column("work_state", 50, false),
    column("work_zip", 50, false),
    column("work_country", 50, false),
    column("other_street", 255, false),
    column("other_city", 50, false),
    column("other_state", 50, false),
    column("other_zip", 50, false),
    column("other_country", 50, false),
];

/// The columns of v2's import that we use, by v3's keys, and the characters that each takes (v2 documents, "Contacts
/// Collection" and "Add Contacts"). Of the import's telephone numbers there are two, of its addresses one.
const V2_COLUMNS: &[(&str, usize)] = &[
    ("email", EMAIL_CHARACTERS_MAX),
    ("first_name", 50),
    ("last_name", 50),
    ("job_title", 50),
    ("company_name", 50),
    ("birthday", 5),
    ("anniversary", 10),
    ("home_phone", 50),
    ("work_phone", 50),
    ("street", 50),
    ("street2", 50),
    ("city", 50),
    ("state", 50),
    ("zip", 25),
    ("country", 50),
];

/// What v2's custom fields are called in our settings, before their number.
const V2_CUSTOM_PREFIX: &str = "custom_field_";

/// What marks a custom field (OAS, `JsonImportContact`: "`cf:` followed by the custom field's name").
pub const CUSTOM_PREFIX: &str = "cf:";

/// Why a text names no field of a contact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{name}\" is no field of a contact; use one of Constant Contact's import keys (first_name, birthday, …) or cf:<custom field name> (in v2 custom_field_1 to custom_field_{V2_CUSTOM_FIELDS})"
)]
pub struct UnknownField {
    name: String,
}

impl ContactField {
    /// The person's address.
    pub fn email() -> Self {
        Self(Arc::from("email"))
    }

    /// The custom field of this name, for example `gigya_uid`.
    pub fn custom(name: &str) -> Self {
        Self(Arc::from(format!("{CUSTOM_PREFIX}{name}")))
    }

    /// The import key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The custom field's name, if it is one.
    pub fn custom_name(&self) -> Option<&str> {
        self.0.strip_prefix(CUSTOM_PREFIX)
    }

    /// The number of a custom field of v2.
    pub fn v2_number(&self) -> Option<u8> {
        let digits = self.0.strip_prefix(V2_CUSTOM_PREFIX)?;
        let number =
            digits.parse().ok().filter(|number| (1..=V2_CUSTOM_FIELDS).contains(number))?;
        (digits == number.to_string()).then_some(number)
    }

    /// The custom field of v2 with this number.
    pub fn v2_custom(number: u8) -> Self {
        Self(Arc::from(format!("{V2_CUSTOM_PREFIX}{number}")))
    }

    /// Whether a dialect's import has the field.
    pub fn is_in(&self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::V3 => self.custom_name().is_some() || self.v3_column().is_some(),
            Dialect::V2 => self.v2_number().is_some() || self.v2_column().is_some(),
        }
    }

    /// Characters that the field can hold.
    pub fn characters_max(&self, dialect: Dialect) -> usize {
        match dialect {
            Dialect::V3 => {
                self.v3_column().map_or(CUSTOM_FIELD_CHARACTERS_MAX, |column| column.characters_max)
            }
            Dialect::V2 => self
                .v2_column()
                .map_or(V2_CUSTOM_FIELD_CHARACTERS_MAX, |(_, characters)| *characters),
        }
    }

    /// Whether v3's CSV import documents this column.
    pub fn in_csv(&self) -> bool {
        self.v3_column().is_none_or(|column| column.in_csv)
    }

    fn v3_column(&self) -> Option<&'static Column> {
        COLUMNS.iter().find(|column| column.key == &*self.0)
    }

    fn v2_column(&self) -> Option<&'static (&'static str, usize)> {
        V2_COLUMNS.iter().find(|(key, _)| *key == &*self.0)
    }
}

impl FromStr for ContactField {
    type Err = UnknownField;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_custom = text.strip_prefix(CUSTOM_PREFIX).is_some_and(|name| {
            !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control())
        });
        let field = Self(Arc::from(text));
        if is_custom || field.v3_column().is_some() || field.v2_number().is_some() {
            Ok(field)
        } else {
            Err(UnknownField { name: text.to_owned() })
        }
    }
}

impl TryFrom<String> for ContactField {
    type Error = UnknownField;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ContactField> for String {
    fn from(field: ContactField) -> Self {
        field.0.to_string()
    }
}

impl fmt::Display for ContactField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
