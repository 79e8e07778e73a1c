//! The real client of Gigya against the simulated one, over the in-process wire and under a paused clock.

mod accounts;
mod audit;
mod lite;
mod lite_writes;
mod proof;
mod searches;
mod subscribers;
mod whereabouts;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sandbox::gigya::{Fault, Gigya as Simulator, Keys};
use serde_json::{Value, json};
use shared::domain::{Dispose, Disposition, EmailAddress, Patch, Path, Secret, Uid};
use shared::gigya::{AccountsQuery, Credentials, Cursor, Endpoint, Gigya, GigyaError, Paces, Site};
use shared::http::call::wait;
use shared::invocation::Clock;

fn start() -> Timestamp {
    "2026-11-23T04:50:00Z".parse().unwrap()
}

fn paths(texts: &[&str]) -> BTreeSet<Path> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

fn address(text: &str) -> EmailAddress {
    text.parse().unwrap()
}

/// Person `n` of a crowd, changed `n` seconds into a day long gone; thus in the order of their numbers.
fn person(n: usize) -> Value {
    json!({
        "UID": format!("u{n:04}"), "isRegistered": true, "isActive": true,
        "lastUpdatedTimestamp": 1_700_000_000_000_i64 + i64::try_from(n).unwrap() * 1_000,
        "profile": {"email": format!("person{n}@example.com"), "firstName": "Zoë", "city": "Köln"},
        "data": {"tier": if n.is_multiple_of(2) { "gold" } else { "silver" }},
        "subscriptions": {"newsletter": {"email": {"isSubscribed": n.is_multiple_of(2)}}},
    })
}

struct World {
    simulator: Arc<Simulator>,
    client: Gigya,
}

fn client(simulator: &Arc<Simulator>, credentials: Credentials, clock: Clock) -> Gigya {
    let site = Site {
        endpoint: Endpoint::data_center("eu1.gigya.com").unwrap(),
        api_key: simulator.keys().api_key.clone(),
    };
    Gigya::connect(site, credentials, Arc::clone(simulator) as _, Paces::default(), clock.reader())
}

fn signed(keys: &Keys) -> Credentials {
    Credentials::signed(keys.user_key.as_str(), &Secret::new(keys.secret.as_str())).unwrap()
}

fn world(people: usize) -> World {
    let clock = Clock::starting_at(start());
    let simulator = Arc::new(Simulator::new(Keys::default(), clock));
    simulator.seed((0..people).map(person));
    let client = client(&simulator, signed(simulator.keys()), clock);
    World { simulator, client }
}

fn everybody() -> AccountsQuery {
    AccountsQuery::everybody(&paths(&["profile.email", "subscriptions.newsletter.email"]))
        .page_accounts(10)
}

/// Reads to the end: the sizes of the pages, and the UIDs.
async fn read_to_the_end(client: &Gigya, query: &AccountsQuery) -> (Vec<usize>, Vec<String>) {
    let (mut sizes, mut uids) = (Vec::new(), Vec::new());
    let mut page = client.search(query).await.unwrap();
    loop {
        sizes.push(page.accounts.len());
        uids.extend(page.accounts.iter().map(|account| account.uid().to_string()));
        let Some(cursor) = page.next else { return (sizes, uids) };
        page = client.next(&cursor).await.unwrap();
    }
}

fn names(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| format!("u{n:04}")).collect()
}
