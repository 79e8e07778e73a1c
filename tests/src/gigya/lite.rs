//! accounts.importLiteAccount and accounts.unsubscribe.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::auth::Call;
use super::query::{Row, iso};
use super::sections::{self, date_subscriptions};
use super::store::{Moves, Store, lite_key};
use super::switches::Switches;
use crate::people::token_of;

/// Makes or changes a lite account; whose email account that was.
pub(super) fn import_lite_account(
    call: &Call,
    store: &mut Store,
    schema: &Value,
    switches: &Switches,
    now: Timestamp,
) -> Result<Arc<str>, Refusal> {
    let address = call.required("email")?;
    if !address.contains('@') {
        return Err(Refusal::new(400_006, "Invalid parameter value: email"));
    }
    let written = sections::written(call, schema, switches)?;
    let other = written.get("profile").and_then(|profile| profile["email"].as_str());
    if other.is_some_and(|other| !other.eq_ignore_ascii_case(address)) {
        let message = "profile.email differs from email";
        let error =
            json!({ "errorCode": 400_006, "message": message, "fieldName": "profile.email" });
        let refusal = Refusal::new(400_009, "Validation failed");
        return Err(Refusal { validation_errors: vec![error], ..refusal });
    }
    Ok(import(store, address, written, switches, now))
}

/// The upsert: a lite account is made, or changed, or stands beside the full one, of which it shares the subscriptions.
/// No double opt-in mail is sent, so none is pending.
pub(super) fn import(
    store: &mut Store,
    address: &str,
    mut written: Map<String, Value>,
    switches: &Switches,
    now: Timestamp,
) -> Arc<str> {
    let holder = store.holder(address).map(|row| Arc::clone(&row.uid));
    let uid = holder.unwrap_or_else(|| make(store, address, switches, now));
    let row = store.row(&uid);
    let is_full = row.is_some_and(Row::is_full);
    let held = row.map(|row| row.account["subscriptions"].clone());
    if let Some(Value::Object(subscriptions)) = written.get_mut("subscriptions") {
        date_subscriptions(subscriptions, &held.unwrap_or_default(), &Value::Null, now);
    }
    if is_full {
        let shared =
            written.remove("subscriptions").map(|section| ("subscriptions".into(), section));
        let shared: Map<String, Value> = shared.into_iter().collect();
        if !shared.is_empty() {
            let moves = subscription_moves(switches);
            store.change(&uid, moves, now, |fields| sections::apply(shared, fields));
        }
        store.set_beside(&uid, Value::Object(written), now);
    } else {
        store.change(&uid, Moves::Both, now, |fields| sections::apply(written, fields));
    }
    uid
}

fn subscription_moves(switches: &Switches) -> Moves {
    if switches.subscription_moves_account { Moves::Both } else { Moves::EmailAccountOnly }
}

fn make(store: &mut Store, address: &str, switches: &Switches, now: Timestamp) -> Arc<str> {
    let mut account = json!({
        "hasFullAccount": false, "hasLiteAccount": true, "created": iso(now),
        "createdTimestamp": now.as_millisecond(), "profile": { "email": address },
    });
    let key = if switches.lite_accounts_have_uids {
        let token = token_of(address);
        let uid = format!("_lite_{}", token.get(..16).unwrap_or_default());
        account["UID"] = uid.as_str().into();
        uid
    } else {
        lite_key(address)
    };
    store.insert(&key, account, now);
    key.into()
}

/// Takes back one subscription of whoever has the address or the token; whose email account that was.
pub(super) fn unsubscribe(
    call: &Call,
    store: &mut Store,
    schema: &Value,
    switches: &Switches,
    now: Timestamp,
) -> Result<Arc<str>, Refusal> {
    let id = call.required("subscriptionID")?;
    let schema = &schema["subscriptionsSchema"]["fields"];
    let steps: Vec<&str> = id.split('.').chain(["email"]).collect();
    let is_known = steps.iter().try_fold(schema, |schema, step| schema.get(step)).is_some()
        || schema.get(id).is_some();
    if !is_known {
        return Err(Refusal::new(400_006, "Invalid parameter value: subscriptionID"));
    }
    let holder = match (call.parameter("email"), call.parameter("channelToken")) {
        (Some(address), _) => store.holder(address),
        (None, Some(token)) => store.holder_by_token(token),
        (None, None) => {
            return Err(Refusal::new(400_002, "Missing required parameter : email"));
        }
    };
    let row = holder.ok_or_else(|| Refusal::new(404_000, "Not Found"))?;
    let uid = Arc::clone(&row.uid);
    let held = row.account["subscriptions"].clone();
    let tags = match call.parameter("tags") {
        None => None,
        Some(text) => Some(
            serde_json::from_str::<Vec<String>>(text)
                .map_err(|_| Refusal::new(400_004, "Invalid parameter format: tags"))?,
        ),
    };
    let mut leaf = json!({ "isSubscribed": false });
    if let Some(tags) = tags {
        leaf["tags"] = tags.into();
    }
    let keeps_dots = held.get(id).is_some();
    let steps = if keeps_dots { vec![id, "email"] } else { steps };
    let written = steps.into_iter().rev().fold(leaf, |inner, step| json!({ step: inner }));
    let Value::Object(mut written) = written else { return Ok(uid) };
    date_subscriptions(&mut written, &held, schema, now);
    let section = Map::from_iter([("subscriptions".to_owned(), Value::Object(written))]);
    store
        .change(&uid, subscription_moves(switches), now, |fields| sections::apply(section, fields));
    Ok(uid)
}
