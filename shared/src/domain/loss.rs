//! What a value lost on its way out, and why a value is never sent: kinds and counts, never the value.

use serde::{Deserialize, Serialize};

use super::contact_field::ContactField;

/// What one field of one person lost on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Loss {
    /// The field of the contact.
    pub field: ContactField,
    /// What it lost.
    #[serde(flatten)]
    pub kind: LossKind,
}

/// A way to lose something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// The text was longer than its field.
    Cut {
        /// How many characters the field does not hold.
        characters: usize,
    },
    /// A control character was removed.
    Control {
        /// Which.
        character: char,
    },
    /// A character that Constant Contact does not take was written with others that it takes.
    Transliterated {
        /// Which.
        character: char,
    },
    /// A character that Constant Contact does not take was replaced by the customer's mark.
    Replaced {
        /// Which.
        character: char,
    },
    /// A character that Constant Contact does not take kept its whole field from being sent.
    Dropped {
        /// Which.
        character: char,
    },
    /// A character that Constant Contact does not take made the person wait.
    Held {
        /// Which.
        character: char,
    },
}

/// Why a value, and with it the person, is not sent: Constant Contact would refuse the row, or hold something wrong.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum InvalidReason {
    /// There is no address.
    #[error("the account has no e-mail address")]
    NoAddress,
    /// The address has no form that can be sent.
    #[error("the e-mail address is malformed")]
    MalformedAddress,
    /// The address is longer than a contact may hold.
    #[error("the e-mail address is longer than Constant Contact takes")]
    AddressTooLong,
    /// A day without a month, or a month without a day.
    #[error("the birthday has a day without a month, or a month without a day")]
    HalfBirthday,
    /// 31 February.
    #[error("the calendar has no such day")]
    NoSuchDay,
    /// A text that is to become a date and has no form of one that the rule knows.
    #[error("the value is no date in the form that the rule expects")]
    NotADate,
    /// A date before 1901 or after 2100.
    #[error("the date is out of the range that Constant Contact takes")]
    DateOutOfRange,
    /// A UID that the custom field cannot hold as it is.
    #[error("the Gigya UID does not fit into the custom field that carries it")]
    UidDoesNotFit,
    /// A telephone number that does not fit; a number that was cut would be somebody else's.
    #[error("the telephone number is longer than Constant Contact takes")]
    PhoneTooLong,
}

/// A field that keeps a person from being sent, and why.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Invalid {
    /// The field of the contact.
    pub field: ContactField,
    /// What is wrong with its value.
    pub reason: InvalidReason,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn losses_and_reasons_keep_their_names_in_reports() {
        let field: ContactField = "first_name".parse().unwrap();
        let cut = Loss { field: field.clone(), kind: LossKind::Cut { characters: 3 } };
        assert_eq!(
            serde_json::to_value(&cut).unwrap(),
            json!({"field": "first_name", "cut": {"characters": 3}})
        );
        let control = Loss { field, kind: LossKind::Control { character: '\u{7}' } };
        let written = serde_json::to_string(&control).unwrap();
        assert_eq!(serde_json::from_str::<Loss>(&written).unwrap(), control);
        let invalid = Invalid { field: ContactField::email(), reason: InvalidReason::NoAddress };
        assert_eq!(
            serde_json::to_value(&invalid).unwrap(),
            json!({"field": "email", "reason": "no_address"})
        );
        assert_eq!(invalid.to_string(), "email: the account has no e-mail address");
    }
}
