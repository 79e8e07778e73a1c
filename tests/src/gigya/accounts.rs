//! accounts.getAccountInfo, accounts.setAccountInfo and accounts.getSchema.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::answer::{Refusal, Reply};
use super::auth::Call;
use super::query::Row;
use super::sections::{self, date_subscriptions};
use super::store::{Moves, Store};
use super::switches::Switches;

/// Sections that getAccountInfo shows only when they are included, and does by default (SAP help).
const INCLUDABLE: [&str; 7] =
    ["profile", "data", "subscriptions", "preferences", "emails", "loginIDs", "regSource"];
const INCLUDED_BY_DEFAULT: &str = "profile,data";

/// Fields of the profile that are shown only when `extraProfileFields` names them (SAP help; those in use here).
const EXTRA_PROFILE_FIELDS: [&str; 12] = [
    "languages",
    "address",
    "phones",
    "education",
    "work",
    "skills",
    "hometown",
    "favorites",
    "username",
    "name",
    "locale",
    "timezone",
];

fn unknown_person() -> Refusal {
    Refusal::new(403_005, "Unauthorized user")
}

pub(super) fn get_account_info(call: &Call, store: &Store) -> Reply {
    let row = match (call.parameter("UID"), call.parameter("findBy")) {
        (Some(uid), _) => store.row(uid),
        (None, Some(find_by)) => find(store, find_by)?,
        (None, None) => {
            return Err(Refusal::new(400_002, "Missing required parameter : UID"));
        }
    };
    let row = row.filter(|row| row.is_full()).ok_or_else(unknown_person)?;
    let include: Vec<&str> =
        call.parameter("include").unwrap_or(INCLUDED_BY_DEFAULT).split(',').collect();
    let extra: Vec<&str> =
        call.parameter("extraProfileFields").unwrap_or_default().split(',').collect();
    let fields = row.account.as_object().cloned().unwrap_or_default();
    let mut shown: Map<String, Value> = fields
        .into_iter()
        .filter(|(name, _)| {
            let name = name.as_str();
            let is_included = !INCLUDABLE.contains(&name) || include.contains(&name);
            is_included && !["hasFullAccount", "hasLiteAccount"].contains(&name)
        })
        .collect();
    if let Some(Value::Object(profile)) = shown.get_mut("profile") {
        profile.retain(|name, _| {
            !EXTRA_PROFILE_FIELDS.contains(&name.as_str()) || extra.contains(&name.as_str())
        });
    }
    Ok(shown)
}

fn find<'a>(store: &'a Store, find_by: &str) -> Result<Option<&'a Row>, Refusal> {
    let find_by: Value = serde_json::from_str(find_by)
        .map_err(|_| Refusal::new(400_004, "Invalid parameter format: findBy"))?;
    if let Some(uid) = find_by["_uid"].as_str() {
        return Ok(store.row(uid));
    }
    let Some(address) = find_by["_email"].as_str() else {
        return Err(Refusal::new(400_006, "Invalid parameter value: findBy"));
    };
    let logs_in_with_it = |row: &&Row| {
        let emails = row.account.pointer("/loginIDs/emails").and_then(Value::as_array);
        emails.is_some_and(|emails| {
            emails.iter().filter_map(Value::as_str).any(|email| email.eq_ignore_ascii_case(address))
        })
    };
    Ok(store.rows().find(logs_in_with_it))
}

/// Writes an account; whose it is. Lite accounts are written otherwise.
pub(super) fn set_account_info(
    call: &Call,
    store: &mut Store,
    schema: &Value,
    switches: &Switches,
    now: Timestamp,
) -> Result<Arc<str>, Refusal> {
    let uid = call.required("UID")?;
    let before = store.row(uid).filter(|row| row.is_full()).ok_or_else(unknown_person)?;
    let mut written = sections::written(call, schema, switches)?;
    let is_subscription_only = written.len() == 1 && written.contains_key("subscriptions");
    let moves = if is_subscription_only && !switches.subscription_moves_account {
        Moves::EmailAccountOnly
    } else {
        Moves::Both
    };
    if let Some(Value::Object(subscriptions)) = written.get_mut("subscriptions") {
        let held = before.account.get("subscriptions").unwrap_or(&Value::Null);
        date_subscriptions(subscriptions, held, &schema["subscriptionsSchema"]["fields"], now);
    }
    let uid: Arc<str> = uid.into();
    store
        .change(&uid, moves, now, |fields| sections::apply(written, fields))
        .then_some(uid)
        .ok_or_else(unknown_person)
}

pub(super) fn get_schema(schema: &Value) -> Map<String, Value> {
    schema.as_object().cloned().unwrap_or_default()
}
