//! Everybody, full or lite, by three clocks.

mod clocks;
mod lite;
mod ties;
mod upgrades;

use std::time::Duration;

use sandbox::constant_contact::Person;
use sandbox::world::WorldOptions;
use serde_json::{Map, Value, json};
use shared::domain::{Account, Dialect, Path, Uid};

use crate::trip::{Trip, address};

/// Both dialects, with lite accounts that have UIDs and with those that have none.
const WORLDS: [(Dialect, bool); 4] =
    [(Dialect::V3, true), (Dialect::V3, false), (Dialect::V2, true), (Dialect::V2, false)];

/// Longer than the search of the sandbox's Gigya lags behind.
const SEARCH_LAGS: Duration = Duration::from_mins(1);

/// A world in which ada has registered and everything is quiet.
async fn quiet(api: Dialect, has_uids: bool) -> Trip {
    let options = WorldOptions { api, ..WorldOptions::default() };
    let trip = Trip::synced_with(&["ada"], options).await;
    trip.world.gigya.switch(|switches| switches.lite_accounts_have_uids = has_uids);
    trip
}

/// What a lite account of the sandbox holds.
fn sections(name: &str, is_subscribed: bool) -> Map<String, Value> {
    let sections = json!({
        "profile": {"firstName": format!("First-{name}"), "city": "Köln"},
        "data": {"region": "emea", "loyalty": {"tier": "gold"}},
        "subscriptions": {"newsletter": {"email": {"isSubscribed": is_subscribed}}},
    });
    let Value::Object(sections) = sections else { panic!("an object") };
    sections
}

/// Somebody leaves their address on the site and asks for the newsletter.
fn leave_address(trip: &Trip, name: &str) -> Uid {
    trip.world.gigya.insert_lite(&address(name), sections(name, true))
}

/// The account with this key, as Gigya holds it.
fn account(trip: &Trip, uid: &Uid) -> Option<Account> {
    trip.world.gigya.accounts().into_iter().find(|account| account.uid() == uid)
}

/// Whether the account with this key wants to be mailed.
fn is_subscribed(trip: &Trip, uid: &Uid) -> bool {
    account(trip, uid).unwrap().subscription(&newsletter()).unwrap().is_subscribed
}

/// The contacts with somebody's address.
fn contacts(trip: &Trip, name: &str) -> Vec<Person> {
    let mut contacts = trip.world.constant_contact.contacts();
    contacts.retain(|person| person.address.as_deref() == Some(address(name).as_str()));
    contacts
}

/// The contact with somebody's address: there is no second one.
fn contact(trip: &Trip, name: &str) -> Person {
    let mut contacts = contacts(trip, name);
    assert_eq!(contacts.len(), 1, "{name}");
    contacts.remove(0)
}

/// Whether the one contact with somebody's address could be mailed.
fn is_mailed(trip: &Trip, name: &str) -> bool {
    let person = contact(trip, name);
    let lists = &trip.world.lists;
    let is_on = person.lists.contains(&lists.newsletter) || person.lists.contains(&lists.emea);
    is_on && !person.is_unsubscribed() && person.deleted_at.is_none()
}

/// The UID that the contact with somebody's address carries.
fn uid_on_contact(trip: &Trip, name: &str) -> Option<Uid> {
    let field = trip.world.uid_field()?;
    contact(trip, name).custom.get(&field).map(|uid| Uid::from(uid.as_str()))
}

fn newsletter() -> Path {
    "subscriptions.newsletter.email".parse().unwrap()
}

/// How often a method of Gigya's was called.
fn calls(trip: &Trip, method: &str) -> u64 {
    trip.world.gigya.calls().get(method).copied().unwrap_or(0)
}

/// Lets it be seen who unsubscribed: in v2 they are listed once an hour while no run is open.
async fn opt_outs_come_home(trip: &Trip) {
    trip.pass(Duration::from_hours(1)).await;
    trip.inbound().await;
}

/// One more full read and one more look at Constant Contact write nothing.
async fn assert_quiet(trip: &Trip) {
    let before = trip.world.writes();
    trip.full().await;
    trip.inbound().await;
    assert_eq!(trip.world.writes(), before);
}
