//! The mapping: how fields of an account become fields of a contact, and which of them come home.
//!
//! The types are here; what goes out is in [`fit`](super::fit), what comes home in [`home`](super::home), and what
//! makes a mapping wrong in [`judge`](super::judge).

use std::collections::BTreeSet;

use serde::Deserialize;

use super::account::Path;
use super::charset::Charset;
use super::contact_field::ContactField;
use super::dialect::Dialect;
use super::transform::Transform;

pub use super::fit::{Fitted, FittedAccount};
pub use super::home::Unwritable;
pub use super::judge::MappingProblem;
pub use super::loss::{Invalid, InvalidReason, Loss, LossKind};

/// How fields of one become fields of the other: one rule per field of the contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    email: FieldRule,
    rules: Vec<FieldRule>,
    uid_field: String,
    destination: Destination,
}

/// What the far side of the mapping takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination {
    /// Its columns and their lengths.
    pub dialect: Dialect,
    /// Its characters.
    pub charset: Charset,
    /// Whether an import can empty a value by a blank (v2's `blanks_enabled`); else values are emptied one by one, where
    /// that can be done at all.
    pub blanks_clear: bool,
}

impl Default for Destination {
    fn default() -> Self {
        Self { dialect: Dialect::V3, charset: Charset::UTF_8, blanks_clear: false }
    }
}

/// One field of the contact, and what it has to do with the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRule {
    /// Where the value stands in the account. Two for a birthday (day, month), several with `join`, none with `template`
    /// and `constant`.
    pub sources: Vec<Path>,
    /// Where it stands in the contact.
    pub field: ContactField,
    /// Who may change it.
    pub owner: Owner,
    /// Who wins when both changed it; only asked where [`Owner::Both`] may.
    pub conflict: OnConflict,
    /// What happens to it on its way out, in this order.
    pub transforms: Vec<Transform>,
}

/// Whose a field is: changes of the owner travel, changes on the other side do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// Outbound only.
    #[default]
    Gigya,
    /// Inbound only.
    ConstantContact,
    /// Both ways.
    Both,
}

/// Who wins when both sides changed a field since they last agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// Gigya's value goes out.
    #[default]
    Gigya,
    /// Constant Contact's value comes home.
    ConstantContact,
    /// Neither is written; the conflict is listed for a person.
    Hold,
}

impl Mapping {
    /// A mapping of these rules. The address is an implicit rule, `profile.email` to `email`, unless one of the rules maps it.
    /// `uid_field` is the name of the custom field that carries the UID, without `cf:`.
    ///
    /// Nothing is checked here: [`judge`](Self::judge) says whether the mapping can work.
    pub fn new(mut rules: Vec<FieldRule>, uid_field: impl Into<String>) -> Self {
        let own = rules.iter().position(|rule| rule.field == ContactField::email());
        let email = own.map_or_else(FieldRule::usual_email, |position| rules.remove(position));
        let destination = Destination::default();
        Self { email, rules, uid_field: uid_field.into(), destination }
    }

    /// The same mapping for another far side than v3 in UTF-8.
    #[must_use]
    pub fn bound_for(self, destination: Destination) -> Self {
        Self { destination, ..self }
    }

    /// What the far side takes.
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// The rules in the order of the settings, without the address's.
    pub fn rules(&self) -> &[FieldRule] {
        &self.rules
    }

    /// The rule of the address.
    pub fn email_rule(&self) -> &FieldRule {
        &self.email
    }

    /// The rule of this field, the address's included.
    pub fn rule(&self, field: &ContactField) -> Option<&FieldRule> {
        self.all_rules().find(|rule| rule.field == *field)
    }

    /// The name of the custom field that carries the UID: `gigya_uid`, without `cf:`; in v2 `custom_field_1`.
    pub fn uid_field(&self) -> &str {
        &self.uid_field
    }

    /// The field that carries the UID.
    pub fn uid_contact_field(&self) -> ContactField {
        let numbered = || {
            self.uid_field.parse().ok().filter(|field: &ContactField| field.v2_number().is_some())
        };
        match self.destination.dialect {
            Dialect::V3 => None,
            Dialect::V2 => numbered(),
        }
        .unwrap_or_else(|| ContactField::custom(&self.uid_field))
    }

    /// What an export must read of an account and keep in staging. Conditions and consent name their own paths.
    pub fn paths(&self) -> BTreeSet<Path> {
        self.all_rules().flat_map(FieldRule::paths).cloned().collect()
    }

    /// Whether a field is mapped whose column only v3's JSON import documents, so that CSV will not do.
    pub fn needs_json(&self) -> bool {
        self.destination.dialect == Dialect::V3 && self.all_rules().any(|rule| !rule.field.in_csv())
    }

    /// Whether what Constant Contact holds in a field can be read, compared with what was sent, and written by itself.
    ///
    /// Not so in v3 for `street` and `street2` when both go out: the import appends the second to the first (OAS,
    /// `JsonImportContact.street2`). Not so in v2 for the two dates, which its contacts do not show, and for state and
    /// country, which they show as codes (v2 documents, "Contacts Collection").
    pub fn observable(&self, field: &ContactField) -> bool {
        match (self.destination.dialect, field.as_str()) {
            (Dialect::V3, STREET | STREET2) => {
                !self.rules.iter().any(|rule| rule.field.as_str() == STREET2)
            }
            (Dialect::V2, BIRTHDAY | "anniversary" | "state" | "country") => false,
            (Dialect::V3 | Dialect::V2, _) => true,
        }
    }

    pub(super) fn all_rules(&self) -> impl Iterator<Item = &FieldRule> {
        std::iter::once(&self.email).chain(&self.rules)
    }
}

const STREET: &str = "street";
const STREET2: &str = "street2";
const BIRTHDAY: &str = "birthday";

impl FieldRule {
    /// A rule that carries one value as it is, outbound only.
    pub fn outbound(source: Path, field: ContactField) -> Self {
        Self {
            sources: vec![source],
            field,
            owner: Owner::Gigya,
            conflict: OnConflict::Gigya,
            transforms: Vec::new(),
        }
    }

    fn usual_email() -> Self {
        let path: Path = "profile.email".parse().expect("a path of letters and a dot");
        Self::outbound(path, ContactField::email())
    }

    /// Whether a change at Gigya travels to Constant Contact.
    pub fn travels_out(&self) -> bool {
        match self.owner {
            Owner::Gigya | Owner::Both => true,
            Owner::ConstantContact => false,
        }
    }

    /// Whether a change in Constant Contact travels home to Gigya.
    pub fn travels_home(&self) -> bool {
        match self.owner {
            Owner::ConstantContact | Owner::Both => true,
            Owner::Gigya => false,
        }
    }

    /// Every path that the rule looks at: its sources, and what its template names.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let of_template = self.transforms.iter().flat_map(|transform| match transform {
            Transform::Template(template) => template.paths().collect(),
            Transform::Trim
            | Transform::Lower
            | Transform::Upper
            | Transform::Join(_)
            | Transform::Map(_)
            | Transform::Date(_)
            | Transform::Phone(_)
            | Transform::Constant(_) => Vec::new(),
        });
        self.sources.iter().chain(of_template)
    }

    /// Whether this is a birthday made of a day and a month.
    pub fn is_split_birthday(&self) -> bool {
        self.is_birthday() && self.sources.len() > 1
    }

    pub(super) fn is_birthday(&self) -> bool {
        self.field.as_str() == BIRTHDAY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(source: &str, field: &str) -> FieldRule {
        FieldRule::outbound(source.parse().unwrap(), field.parse().unwrap())
    }

    #[test]
    fn the_address_is_an_implicit_rule_that_can_be_overridden() {
        let mapping = Mapping::new(vec![rule("profile.city", "city")], "gigya_uid");
        assert_eq!(*mapping.email_rule(), rule("profile.email", "email"));
        let mapping =
            Mapping::new(vec![rule("profile.city", "city"), rule("data.mail", "email")], "u");
        assert_eq!(*mapping.email_rule(), rule("data.mail", "email"));
        assert_eq!(mapping.rules(), [rule("profile.city", "city")]);
        assert_eq!(mapping.rule(&ContactField::email()), Some(mapping.email_rule()));
        assert_eq!(mapping.uid_contact_field().as_str(), "cf:u");
    }

    #[test]
    fn paths_hold_sources_and_what_a_template_names() {
        let template = "{profile.firstName} {profile.lastName}".to_owned().try_into().unwrap();
        let mut greeting = rule("data.x", "cf:greeting");
        greeting.sources.clear();
        greeting.transforms = vec![Transform::Template(template)];
        let paths = Mapping::new(vec![greeting], "u").paths();
        let paths: Vec<&str> = paths.iter().map(Path::as_str).collect();
        assert_eq!(paths, ["profile.email", "profile.firstName", "profile.lastName"]);
    }

    #[test]
    fn a_street_is_observable_until_a_second_one_is_appended_to_it() {
        let street: ContactField = "street".parse().unwrap();
        let one = Mapping::new(vec![rule("profile.address", "street")], "u");
        assert!(one.observable(&street) && !one.needs_json());
        let two = Mapping::new(
            vec![rule("profile.address", "street"), rule("data.floor", "street2")],
            "u",
        );
        assert!(!two.observable(&street));
        assert!(two.observable(&"city".parse().unwrap()));
        assert!(Mapping::new(vec![rule("data.x", "work_city")], "u").needs_json());
    }

    #[test]
    fn the_owner_says_which_ways_a_field_travels() {
        let ways = |owner| {
            let rule = FieldRule { owner, ..rule("profile.city", "city") };
            (rule.travels_out(), rule.travels_home())
        };
        assert_eq!(ways(Owner::Gigya), (true, false));
        assert_eq!(ways(Owner::ConstantContact), (false, true));
        assert_eq!(ways(Owner::Both), (true, true));
    }
}
