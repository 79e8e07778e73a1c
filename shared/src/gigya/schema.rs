//! Which fields the site has.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::GigyaError;
use super::wire::Method;
use super::{Gigya, Parameters};
use crate::domain::Path;
use crate::http::SCHEDULE;
use crate::http::call::with_retries;

/// Which fields the site has, by their paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    fields: BTreeMap<Path, Field>,
    subscriptions: BTreeMap<Path, SubscriptionField>,
    /// Whether a write to `data` creates fields that do not exist, so that a misspelt name is not refused.
    pub creates_data_fields: bool,
}

/// A field of `profile`, `data` or `preferences`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What it holds.
    pub kind: FieldKind,
    /// Whether an account is incomplete without it.
    pub is_required: bool,
    /// Whether it may be cleared.
    pub allows_null: bool,
    /// Whether Gigya keeps it encrypted, so that it can be compared but not sorted by.
    pub is_encrypted: bool,
}

/// What a field holds (SAP help, accounts.setSchema, `type`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// `string`, `basic-string`, `text`, `binary`.
    Text,
    /// `integer`, `long`.
    Integer,
    /// `float`.
    Float,
    /// `boolean`.
    Flag,
    /// `date`.
    Date,
    /// A type that is new to us; it is treated as one that holds anything.
    Other(String),
}

/// A subscription, by the path that ends in its channel: `subscriptions.newsletter.email`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionField {
    /// Whether the person confirms by mail before the subscription counts.
    pub double_opt_in: bool,
}

#[derive(Deserialize)]
struct SchemaAnswer {
    #[serde(default, rename = "profileSchema")]
    profile: SectionAnswer,
    #[serde(default, rename = "dataSchema")]
    data: SectionAnswer,
    #[serde(default, rename = "preferencesSchema")]
    preferences: SectionAnswer,
    #[serde(default, rename = "subscriptionsSchema")]
    subscriptions: SectionAnswer,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct SectionAnswer {
    #[serde(default)]
    fields: Map<String, Value>,
    #[serde(default)]
    dynamic_schema: Value,
}

impl Gigya {
    /// Reads the site's schema.
    ///
    /// # Errors
    /// When Gigya does not answer, or refuses.
    pub async fn schema(&self) -> Result<Schema, GigyaError> {
        let parameters = Parameters::from([(
            "include",
            "profileSchema,dataSchema,subscriptionsSchema,preferencesSchema".to_owned(),
        )]);
        with_retries(&SCHEDULE, async || {
            let answer: SchemaAnswer = self.call(Method::GetSchema, &parameters).await?.parse()?;
            Ok(Schema::from(answer))
        })
        .await
    }
}

impl Schema {
    /// The field at the path.
    pub fn field(&self, path: &Path) -> Option<&Field> {
        self.fields.get(path)
    }

    /// The subscription at the path, whether it ends in the channel or before it.
    pub fn subscription(&self, path: &Path) -> Option<&SubscriptionField> {
        let with_channel = || format!("{path}.email").parse().ok();
        self.subscriptions.get(path).or_else(|| self.subscriptions.get(&with_channel()?))
    }

    /// The paths of all subscriptions, each ending in its channel.
    pub fn subscriptions(&self) -> impl Iterator<Item = &Path> {
        self.subscriptions.keys()
    }

    /// Whether the path leads to something that the site has: a field, an object of fields, a subscription, or a field
    /// of the account itself.
    pub fn knows(&self, path: &Path) -> bool {
        match path.section() {
            "subscriptions" => self.subscription(path).is_some(),
            "profile" | "data" | "preferences" => {
                let inside = format!("{path}.");
                self.fields.contains_key(path)
                    || self.fields.keys().any(|field| field.as_str().starts_with(&inside))
            }
            _ => true,
        }
    }
}

impl From<SchemaAnswer> for Schema {
    fn from(answer: SchemaAnswer) -> Self {
        let mut schema =
            Self { creates_data_fields: is_true(&answer.data.dynamic_schema), ..Self::default() };
        let sections = [
            ("profile", &answer.profile),
            ("data", &answer.data),
            ("preferences", &answer.preferences),
        ];
        for (section, fields) in sections {
            collect(section, &fields.fields, &mut |path, description| {
                schema.fields.insert(path, Field::from(description));
            });
        }
        collect("subscriptions", &answer.subscriptions.fields, &mut |path, description| {
            let double_opt_in = description.get("doubleOptIn").is_some_and(is_true);
            schema.subscriptions.insert(path, SubscriptionField { double_opt_in });
        });
        schema
    }
}

/// Walks down to the descriptions, which are the objects whose `type` is a text: names may be dotted or nested.
fn collect(
    above: &str,
    fields: &Map<String, Value>,
    found: &mut impl FnMut(Path, &Map<String, Value>),
) {
    for (name, value) in fields {
        let Value::Object(inner) = value else { continue };
        let path = format!("{above}.{name}");
        if inner.get("type").is_some_and(Value::is_string) {
            if let Ok(path) = path.parse() {
                found(path, inner);
            }
        } else {
            collect(&path, inner, found);
        }
    }
}

impl From<&Map<String, Value>> for Field {
    fn from(description: &Map<String, Value>) -> Self {
        let text = |name: &str| description.get(name).and_then(Value::as_str).unwrap_or_default();
        Self {
            kind: FieldKind::from(text("type")),
            is_required: description.get("required").is_some_and(is_true),
            allows_null: description.get("allowNull").is_none_or(is_true),
            is_encrypted: !text("encrypt").is_empty(),
        }
    }
}

impl From<&str> for FieldKind {
    fn from(name: &str) -> Self {
        match name {
            "string" | "basic-string" | "text" | "binary" => Self::Text,
            "integer" | "long" => Self::Integer,
            "float" => Self::Float,
            "boolean" => Self::Flag,
            "date" => Self::Date,
            other => Self::Other(other.to_owned()),
        }
    }
}

fn is_true(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_str().is_some_and(|text| text == "true"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_found_whether_their_names_are_dotted_or_nested() {
        let answer: SchemaAnswer = serde_json::from_value(json!({
            "profileSchema": {"fields": {"zip": {"type": "string", "encrypt": "AES"}}},
            "dataSchema": {"dynamicSchema": "true", "fields": {
                "loyalty.tier": {"type": "string", "required": true, "allowNull": false},
                "deep": {"points": {"type": "long"}}, "geo": {"type": "geo-point"}}},
            "subscriptionsSchema": {"fields": {
                "newsletter": {"email": {"type": "subscription", "doubleOptIn": true}}}}
        }))
        .unwrap();
        let schema = Schema::from(answer);
        let path = |text: &str| text.parse::<Path>().unwrap();
        assert!(schema.creates_data_fields);
        assert!(schema.field(&path("profile.zip")).unwrap().is_encrypted);
        let tier = schema.field(&path("data.loyalty.tier")).unwrap();
        assert_eq!(
            (&tier.kind, tier.is_required, tier.allows_null),
            (&FieldKind::Text, true, false)
        );
        assert_eq!(schema.field(&path("data.deep.points")).unwrap().kind, FieldKind::Integer);
        let other = FieldKind::Other("geo-point".to_owned());
        assert_eq!(schema.field(&path("data.geo")).unwrap().kind, other);
        assert!(schema.subscription(&path("subscriptions.newsletter")).unwrap().double_opt_in);
        assert!(schema.knows(&path("data.loyalty")) && schema.knows(&path("isActive")));
        assert!(!schema.knows(&path("data.loyal")) && !schema.knows(&path("subscriptions.news")));
    }
}
