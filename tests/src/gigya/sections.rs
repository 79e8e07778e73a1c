//! The sections of an account as they are written: checked against the schema, cleaned, dated, merged.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::auth::Call;
use super::query::iso;
use super::switches::Switches;

/// The sections that a call writes, checked and cleaned. Subscriptions are not dated yet.
pub(super) fn written(
    call: &Call,
    schema: &Value,
    switches: &Switches,
) -> Result<Map<String, Value>, Refusal> {
    let mut written = Map::new();
    for section in ["profile", "data", "subscriptions", "preferences"] {
        let Some(text) = call.parameter(section) else { continue };
        let wrong = || Refusal::new(400_004, format!("Invalid parameter format: {section}"));
        let fields: Map<String, Value> = serde_json::from_str(text).map_err(|_| wrong())?;
        check_types(section, &fields, schema)?;
        written.insert(section.to_owned(), Value::Object(fields));
    }
    if switches.sanitises_profile
        && let Some(profile) = written.get_mut("profile")
    {
        sanitise(profile);
    }
    Ok(written)
}

/// Puts what is written into an account.
pub(super) fn apply(written: Map<String, Value>, account: &mut Map<String, Value>) {
    for (section, patch) in written {
        let slot = account.entry(section.as_str()).or_insert_with(|| json!({}));
        if section == "profile" {
            merge_flat(slot, patch);
        } else {
            merge(slot, patch);
        }
    }
}

/// Objects are merged, all else is replaced, and `null` deletes.
pub(super) fn merge(into: &mut Value, patch: Value) {
    match (into, patch) {
        (Value::Object(fields), Value::Object(patch)) => {
            for (name, value) in patch {
                if value.is_null() {
                    fields.remove(&name);
                } else {
                    merge(fields.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        (slot, patch) => *slot = without_nulls(patch),
    }
}

/// An object inside the profile is one value, so that it is replaced whole.
fn merge_flat(into: &mut Value, patch: Value) {
    let (Value::Object(fields), Value::Object(patch)) = (into, patch) else { return };
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(&name);
        } else {
            fields.insert(name, value);
        }
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(fields.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            value
        }
    }
}

/// Takes the read-only fields out of a write of subscriptions, and dates each that changes its state.
pub(super) fn date_subscriptions(
    written: &mut Map<String, Value>,
    held: &Value,
    schema: &Value,
    now: Timestamp,
) {
    let wanted = written.get("isSubscribed").and_then(Value::as_bool);
    written.remove("lastUpdatedSubscriptionState");
    if let Some(wanted) = wanted {
        let is_confirmed_elsewhere = written
            .remove("doubleOptIn")
            .is_some_and(|opt_in| opt_in["isExternallyVerified"] == true);
        if held["isSubscribed"].as_bool() == Some(wanted) {
            return;
        }
        let must_confirm = wanted && schema["doubleOptIn"] == true && !is_confirmed_elsewhere;
        let status = if must_confirm {
            "Pending"
        } else if is_confirmed_elsewhere {
            "Confirmed"
        } else {
            "NotConfirmed"
        };
        written.insert("lastUpdatedSubscriptionState".to_owned(), iso(now).into());
        written.insert("doubleOptIn".to_owned(), json!({ "status": status }));
        return;
    }
    for (name, value) in written {
        if let Value::Object(inner) = value {
            date_subscriptions(inner, &held[name.as_str()], &schema[name.as_str()], now);
        }
    }
}

/// Names are cleaned as HTML: tags go, and `&` becomes an entity unless it already begins one (SAP help, "Profile").
fn sanitise(value: &mut Value) {
    match value {
        Value::String(text) => {
            let mut clean = String::with_capacity(text.len());
            let mut in_tag = false;
            for (at, c) in text.char_indices() {
                match c {
                    '<' => in_tag = true,
                    '>' if in_tag => in_tag = false,
                    _ if in_tag => {}
                    '&' if !begins_entity(text.get(at..).unwrap_or_default()) => {
                        clean.push_str("&amp;");
                    }
                    c => clean.push(c),
                }
            }
            *text = clean;
        }
        Value::Array(items) => items.iter_mut().for_each(sanitise),
        Value::Object(fields) => fields.values_mut().for_each(sanitise),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn begins_entity(text: &str) -> bool {
    ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"].iter().any(|entity| text.starts_with(entity))
}

/// Checks what is written against the types of the schema; dotted and nested names are both understood.
fn check_types(section: &str, fields: &Map<String, Value>, schema: &Value) -> Result<(), Refusal> {
    let section_schema = &schema[format!("{section}Schema")];
    let mut errors = Vec::new();
    collect_errors("", fields, section_schema, &mut |name, code, message| {
        errors.push(json!({
            "errorCode": code, "message": message, "fieldName": format!("{section}.{name}"),
        }));
    });
    if errors.is_empty() {
        return Ok(());
    }
    Err(Refusal { validation_errors: errors, ..Refusal::new(400_009, "Schema validation failed") })
}

fn collect_errors(
    above: &str,
    fields: &Map<String, Value>,
    schema: &Value,
    found: &mut impl FnMut(&str, i64, &str),
) {
    for (name, value) in fields {
        let name = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        let description = &schema["fields"][&name];
        match (description["type"].as_str(), value) {
            (Some(kind), value) if !fits(kind, value) => {
                found(&name, 400_023, "Invalid type validation");
            }
            (Some(_), Value::Null) if description["allowNull"] == false => {
                found(&name, 400_027, "Required value validation");
            }
            (None, Value::Object(inner)) => collect_errors(&name, inner, schema, found),
            (None, _) if schema["dynamicSchema"] == false => {
                found(&name, 400_024, "Dynamic fields validation");
            }
            (Some(_) | None, _) => {}
        }
    }
}

fn fits(kind: &str, value: &Value) -> bool {
    match kind {
        _ if value.is_null() => true,
        "string" | "basic-string" | "text" | "date" => value.is_string() || value.is_array(),
        "integer" | "long" => value.is_i64() || value.is_u64(),
        "float" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => true,
    }
}

/// A site's schema as the sandbox has it: the usual profile, a newsletter, and data fields that need no declaration.
pub(super) fn default_schema() -> Value {
    let mut profile = Map::new();
    for name in ["email", "firstName", "lastName", "zip", "country", "gender"] {
        let field =
            json!({ "type": "string", "required": false, "allowNull": true, "encrypt": "AES" });
        profile.insert(name.to_owned(), field);
    }
    for name in ["nickname", "city", "state", "address", "locale", "phones.number", "phones.type"] {
        profile.insert(name.to_owned(), json!({ "type": "string", "allowNull": true }));
    }
    for name in ["birthDay", "birthMonth", "birthYear"] {
        profile.insert(name.to_owned(), json!({ "type": "long", "allowNull": true }));
    }
    json!({
        "profileSchema": { "fields": profile, "dynamicSchema": true },
        "dataSchema": { "fields": {}, "dynamicSchema": true },
        "subscriptionsSchema": { "fields": {
            "newsletter": { "email": { "type": "subscription", "required": false, "doubleOptIn": false } }
        } },
        "preferencesSchema": { "fields": {} },
    })
}
