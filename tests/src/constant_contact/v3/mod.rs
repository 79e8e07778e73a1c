//! Constant Contact's version 3, in memory: what its documents say, with a switch for what they leave open.
//!
//! [`Simulator::answer`] is the whole of it; it can be called in process through [`Wire`], under a paused clock, or listen
//! on loopback with [`Simulator::serve`]. Besides answering, it lets the people in it live: they unsubscribe, leave lists,
//! are edited in the screens and deleted.

mod activities;
mod answer;
mod catalogue;
mod contacts;
mod faults;
mod imports;
mod people;
mod quota;
mod router;
mod serve;
mod switches;
mod tokens;
mod world;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};
use shared::constant_contact::Operation;
use shared::domain::Secret;
use shared::http::{Wire, WireError, call, transport};
use shared::invocation::Clock;

pub use faults::{Fate, Fault};
pub use people::{OptOut, Person, Street};
pub use router::{BASE_PATH, TOKEN_PATH};
pub use switches::{Switches, UnknownList};
pub use tokens::{CLIENT_ID, CLIENT_SECRET};

use world::World;

/// Constant Contact. Clones are the same one.
#[derive(Clone)]
pub struct Simulator {
    clock: Clock,
    world: Arc<Mutex<World>>,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("constant_contact::v3::Simulator")
    }
}

/// What a call comes to.
enum Reaction {
    Answer(Response<Bytes>),
    Silence,
    NoConnection,
}

impl Simulator {
    /// An account without contacts, lists or custom fields.
    pub fn new(clock: Clock, switches: Switches) -> Self {
        Self { clock, world: Arc::new(Mutex::new(World::new(switches))) }
    }

    /// Answers one request, over HTTP's own means: where the vendor would fall silent, this is a 504 without a body.
    pub fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        match self.react(request) {
            Reaction::Answer(answer) => answer,
            Reaction::Silence | Reaction::NoConnection => {
                let mut answer = Response::new(Bytes::new());
                *answer.status_mut() = StatusCode::GATEWAY_TIMEOUT;
                answer
            }
        }
    }

    fn react(&self, request: &Request<Bytes>) -> Reaction {
        let now = self.clock.now();
        let mut world = self.world();
        let operation = router::operation(request);
        let fault = operation.map_or(Fault::None, |operation| {
            *world.calls.entry(operation).or_default() += 1;
            world.script.next_fault(operation)
        });
        let status = |status| StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        match fault {
            Fault::None => Reaction::Answer(world.route(operation, request, now)),
            Fault::Status(code, body) => {
                Reaction::Answer(answer::text(status(code), "application/json", body))
            }
            Fault::Html(code) => Reaction::Answer(answer::html(status(code))),
            Fault::HtmlAfterActing(code) => {
                drop(world.route(operation, request, now));
                Reaction::Answer(answer::html(status(code)))
            }
            Fault::CutAfterActing => {
                let mut answer = world.route(operation, request, now);
                let half = answer.body().len() / 2;
                answer.body_mut().truncate(half);
                Reaction::Answer(answer)
            }
            Fault::SilenceAfterActing => {
                drop(world.route(operation, request, now));
                Reaction::Silence
            }
            Fault::SilenceBeforeActing => Reaction::Silence,
            Fault::NoConnection => Reaction::NoConnection,
        }
    }

    /// The world, with everything settled that was due by now.
    fn settled(&self) -> MutexGuard<'_, World> {
        let mut world = self.world();
        world.settle(self.clock.now());
        world
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("answering does not panic")
    }

    // ---- the tenant's side: keys, faults, counters

    /// A person authorises the application: the refresh token that starts a new chain.
    pub fn authorise(&self) -> Secret {
        Secret::new(self.world().tokens.authorise(self.clock.now()))
    }

    /// All access tokens die at once.
    pub fn expire_access_tokens(&self) {
        self.world().tokens.forget_access();
    }

    /// The connection is revoked: nothing helps but [`authorise`](Self::authorise).
    pub fn revoke(&self) {
        self.world().tokens.revoke();
    }

    /// How often a refresh token came that had been used up.
    pub fn reused_refresh_tokens(&self) -> u64 {
        self.world().tokens.reused
    }

    /// The day's calls are spent, as if another program had made them.
    pub fn spend_quota(&self) {
        let now = self.clock.now();
        let mut world = self.world();
        let switches = world.switches;
        world.quota.spend(&switches, now);
    }

    /// Other behaviour from now on.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.world().switches);
    }

    /// What befalls the next calls of this operation, in turn.
    pub fn script(&self, operation: Operation, faults: impl IntoIterator<Item = Fault>) {
        self.world().script.add(operation, faults);
    }

    /// What becomes of the next activities, in turn.
    pub fn script_activities(&self, fates: impl IntoIterator<Item = Fate>) {
        self.world().script.add_fates(fates);
    }

    /// Nothing more goes wrong from now on.
    pub fn clear_script(&self) {
        self.world().script.clear();
    }

    /// Calls by operation, refused ones included.
    pub fn calls(&self) -> BTreeMap<Operation, u64> {
        self.world().calls.clone()
    }

    /// Imports, contacts written or deleted, and bulk removals and deletions that were accepted.
    pub fn writes(&self) -> u64 {
        self.world().writes
    }

    /// How many calls were refused for the second's limit and for the day's.
    pub fn refusals(&self) -> (u64, u64) {
        let world = self.world();
        (world.quota.throttled, world.quota.spent)
    }

    /// Calls that counted against the day so far.
    pub fn calls_today(&self) -> u32 {
        self.world().quota.calls_today
    }

    // ---- the tenant's side: lists and custom fields

    /// Makes a list; its id.
    pub fn add_list(&self, name: &str) -> String {
        self.world().add_list(name, "", self.clock.now())
    }

    /// Makes a custom field for text; its id.
    pub fn add_custom_field(&self, label: &str) -> String {
        self.world().add_custom_field(label, "string", self.clock.now())
    }

    /// Custom fields: id and name.
    pub fn custom_fields(&self) -> Vec<(String, String)> {
        let world = self.world();
        world.fields.iter().map(|field| (field.id.clone(), field.name.clone())).collect()
    }

    /// Lists that are not deleted: id and name.
    pub fn lists(&self) -> Vec<(String, String)> {
        self.world().lists.iter().map(|list| (list.id.clone(), list.name.clone())).collect()
    }

    // ---- the people's side

    /// Every contact, the deleted included, in the order in which they were made.
    pub fn contacts(&self) -> Vec<Person> {
        self.settled().people.all().to_vec()
    }

    /// Looks at every contact without copying them.
    pub fn look<T>(&self, at: impl FnOnce(&[Person]) -> T) -> T {
        at(self.settled().people.all())
    }

    /// The contact of this id.
    pub fn contact(&self, id: &str) -> Option<Person> {
        self.settled().people.get(id).cloned()
    }

    /// The contact that has this address, in whatever case.
    pub fn contact_by_address(&self, address: &str) -> Option<Person> {
        self.settled().people.with_address(address).cloned()
    }

    /// A contact is made in the screens; its id, or nothing when another has its address. Its times are now.
    pub fn add_contact(&self, mut person: Person) -> Option<String> {
        let now = self.clock.now();
        person.created_at = now;
        person.updated_at = now;
        person.address_updated_at = now;
        let mut world = self.settled();
        let is_taken = |address| world.people.with_address(address).is_some();
        if person.address.as_deref().is_some_and(is_taken) {
            return None;
        }
        Some(world.people.add(person))
    }

    /// A contact unsubscribes, or the tenant unsubscribes it. False when there is no such contact.
    pub fn unsubscribe(&self, id: &str, by_person: bool) -> bool {
        let now = self.clock.now();
        let mut world = self.settled();
        let switches = world.switches;
        let change = |person: &mut Person| {
            person.unsubscribe(by_person, "", now);
            if switches.opt_out_moves_updated_at {
                person.updated_at = now;
            }
        };
        world.people.change(id, change).is_some()
    }

    /// A person comes back through the tenant's own sign-up form. False when there is no such contact.
    pub fn resubscribe(&self, id: &str) -> bool {
        let now = self.clock.now();
        let change = |person: &mut Person| {
            "explicit".clone_into(&mut person.permission);
            "Contact".clone_into(&mut person.update_source);
            person.opt_out = None;
            person.deleted_at = None;
            person.address_updated_at = now;
            person.updated_at = now;
        };
        self.settled().people.change(id, change).is_some()
    }

    /// A contact is edited in the screens. False when there is no such contact, or its new address is another's.
    pub fn edit(&self, id: &str, edit: impl FnOnce(&mut Person)) -> bool {
        let now = self.clock.now();
        let mut world = self.settled();
        let Some(mut edited) = world.people.get(id).cloned() else { return false };
        edit(&mut edited);
        let holder =
            edited.address.as_deref().and_then(|address| world.people.with_address(address));
        if holder.is_some_and(|holder| holder.id != id) {
            return false;
        }
        edited.updated_at = now;
        world.people.change(id, |person| *person = edited).is_some()
    }

    /// A contact leaves one list. False when there is no such contact.
    pub fn leave_list(&self, id: &str, list: &str) -> bool {
        let now = self.clock.now();
        let mut world = self.settled();
        let switches = world.switches;
        world.people.change(id, |person| person.leave(list, now, &switches)).is_some()
    }

    /// A contact is deleted in the screens. False when there is no such contact.
    pub fn delete(&self, id: &str) -> bool {
        let now = self.clock.now();
        let mut world = self.settled();
        let switches = world.switches;
        world.people.change(id, |person| person.delete(now, &switches)).is_some()
    }

    /// Activities that are neither over nor hanging.
    pub fn queued(&self) -> usize {
        self.settled().queued()
    }
}

impl Wire for Simulator {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, WireError>> {
        Box::pin(async move {
            let host = request.uri().host().unwrap_or_default().to_owned();
            match self.react(&request) {
                Reaction::Answer(answer) => Ok(answer),
                Reaction::NoConnection => {
                    Err(WireError::Connect { host, source: "connection refused".into() })
                }
                Reaction::Silence => {
                    call::wait(Duration::from_secs(transport::ANSWER_SECONDS_MAX)).await;
                    Err(WireError::Answer { host, source: "timed out".into() })
                }
            }
        })
    }
}
