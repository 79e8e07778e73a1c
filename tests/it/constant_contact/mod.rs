//! The client of Constant Contact against the simulator, over the wire's seam and under a paused clock.

mod calls;
mod imports;
mod reads;
mod wire;
mod writes;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use sandbox::constant_contact::v3::{CLIENT_ID, CLIENT_SECRET, UnknownList};
use sandbox::constant_contact::{Fate, Fault, Person, Simulator, Switches};
use shared::constant_contact::v3::{Client, Connection, ENDPOINT, TOKEN_ENDPOINT, oauth};
use shared::constant_contact::{
    Amended, Amendment, ConstantContactError, ContactsQuery, Meaning, Operation, Renew, RenewError,
    Unsubscribe,
};
use shared::domain::{
    ActivityState, Contact, ContactId, Dispose, Disposition, ListId, OptOutSource, Permission,
    Secret,
};
use shared::http::{Wire, call};
use shared::invocation::Clock;

const START: &str = "2026-11-23T04:50:00Z";

pub(crate) fn clock() -> Clock {
    Clock::starting_at(START.parse().unwrap())
}

pub(crate) fn connection() -> Connection {
    let (endpoint, tokens) = (ENDPOINT.parse().unwrap(), TOKEN_ENDPOINT.parse().unwrap());
    Connection::new(endpoint, tokens, CLIENT_ID, Secret::new(CLIENT_SECRET)).unwrap()
}

/// Renews as the keeper of the tokens does, with the refresh token in memory.
pub(crate) fn renewal(wire: Arc<dyn Wire>, clock: Clock, refresh: Secret) -> Renew {
    let caller = Arc::new(oauth::caller(wire));
    let refresh = Arc::new(Mutex::new(refresh));
    Arc::new(move |_refused| {
        let (caller, refresh) = (Arc::clone(&caller), Arc::clone(&refresh));
        Box::pin(async move {
            let current = refresh.lock().unwrap().clone();
            let tokens = oauth::refresh(&caller, &connection(), &current, clock.now()).await;
            let tokens = tokens.map_err(RenewError::new)?;
            *refresh.lock().unwrap() = tokens.refresh;
            Ok(tokens.access)
        })
    })
}

struct Rig {
    clock: Clock,
    simulator: Simulator,
    client: Client,
    list: ListId,
}

impl Rig {
    fn new() -> Self {
        Self::with(Switches::default())
    }

    fn with(switches: Switches) -> Self {
        let clock = clock();
        let simulator = Simulator::new(clock, switches);
        let wire: Arc<dyn Wire> = Arc::new(simulator.clone());
        let renew = renewal(Arc::clone(&wire), clock, simulator.authorise());
        let client = Client::connect(connection(), renew, wire, clock.reader(), 4, "gigya_uid");
        let list = simulator.add_list("Newsletter").into();
        simulator.add_custom_field("gigya_uid");
        Self { clock, simulator, client, list }
    }

    fn lists(&self) -> BTreeSet<ListId> {
        [self.list.clone()].into()
    }

    /// Adds so many people; their ids.
    fn people(&self, count: usize) -> Vec<ContactId> {
        (0..count).map(|number| self.person(&format!("p{number}@example.com"))).collect()
    }

    fn person(&self, address: &str) -> ContactId {
        let mut person = Person::new(address, self.clock.now());
        person.lists.insert(self.list.to_string());
        self.simulator.add_contact(person).unwrap().into()
    }

    async fn import(&self, csv: &str) -> shared::domain::Activity {
        let csv = Bytes::from(csv.to_owned());
        let id = self.client.import_csv("run.0.0.csv", csv, &self.lists()).await.unwrap();
        call::wait(Duration::from_secs(30)).await;
        self.client.activity(&id).await.unwrap().unwrap()
    }

    async fn read(&self, query: ContactsQuery) -> Vec<Contact> {
        let mut page = self.client.contacts(&query).await.unwrap();
        let mut all = std::mem::take(&mut page.contacts);
        while let Some(cursor) = page.next {
            page = self.client.next(&cursor).await.unwrap();
            all.append(&mut page.contacts);
        }
        all
    }

    fn calls(&self, operation: Operation) -> u64 {
        self.simulator.calls().get(&operation).copied().unwrap_or_default()
    }
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at + SignedDuration::from_secs(seconds)
}
