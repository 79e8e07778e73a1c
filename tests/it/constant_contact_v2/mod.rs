//! The simulator of Constant Contact's v2, asked by raw requests: what it is strict about proves the product right.

mod activities;
mod bulk;
mod client;
mod contacts;
mod gate;
mod imports;
mod landing;
mod lists;
mod world;
mod writes;

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use sandbox::constant_contact::v2::{
    self, ACCESS_TOKEN, API_KEY, contact_number, encoding, list_number,
};
use sandbox::constant_contact::{Fate, Person, Simulator, Switches, UnknownList};
use serde_json::{Value, json};
use shared::http::call;
use shared::invocation::Clock;

const START: &str = "2026-11-23T04:50:00Z";
const HOST: &str = "https://api.constantcontact.com";
const BOUNDARY: &str = "a-boundary";

struct Rig {
    clock: Clock,
    simulator: Simulator,
    /// The list as the tenant names it.
    own_list: String,
    /// The same as v2 numbers it.
    list: String,
}

impl Rig {
    fn new() -> Self {
        Self::with(v2::Switches::default())
    }

    fn with(v2: v2::Switches) -> Self {
        Self::switched(Switches { limited: false, v2, ..Switches::default() })
    }

    fn switched(switches: Switches) -> Self {
        let clock = Clock::starting_at(START.parse().unwrap());
        let simulator = Simulator::new(clock, switches);
        let own_list = simulator.add_list("Newsletter");
        let list = list_number(&own_list).unwrap().to_string();
        Self { clock, simulator, own_list, list }
    }

    /// Somebody on the list; the number and the tenant's own id.
    fn person(&self, address: &str) -> (u64, String) {
        let mut person = Person::new(address, self.clock.now());
        person.lists.insert(self.own_list.clone());
        let id = self.simulator.add_contact(person).unwrap();
        (contact_number(&id).unwrap(), id)
    }

    /// Asks with key, token and all; the path may have parameters.
    fn ask(&self, method: Method, path: &str, kind: &str, body: Vec<u8>) -> Answer {
        let joint = if path.contains('?') { '&' } else { '?' };
        let request = Request::builder()
            .method(method)
            .uri(format!("{HOST}/v2/{path}{joint}api_key={API_KEY}"))
            .header(AUTHORIZATION, format!("Bearer {ACCESS_TOKEN}"))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, kind);
        self.send(&request.body(body.into()).unwrap())
    }

    fn send(&self, request: &Request<Bytes>) -> Answer {
        let answer: Response<Bytes> = self.simulator.answer(request);
        let body = serde_json::from_slice(answer.body()).unwrap_or_default();
        Answer { status: answer.status(), body, whole: answer }
    }

    fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, "application/json", Vec::new())
    }

    fn delete(&self, path: &str) -> StatusCode {
        self.ask(Method::DELETE, path, "application/json", Vec::new()).status
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, "application/json", body.to_string().into_bytes())
    }

    fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::PUT, path, "application/json", body.to_string().into_bytes())
    }

    /// Submits a file to the list.
    fn submit(&self, csv: impl AsRef<[u8]>) -> Answer {
        self.submit_as("activities/addcontacts", &self.list, csv.as_ref())
    }

    fn submit_as(&self, path: &str, lists: &str, csv: &[u8]) -> Answer {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let parts = [("lists", lists.as_bytes()), ("file_name", b"run.0.0.csv"), ("data", csv)];
        self.ask(Method::POST, path, &kind, form(&parts))
    }

    /// Submits a file to the list and waits for what becomes of it.
    async fn import(&self, csv: impl AsRef<[u8]>) -> Value {
        let answer = self.submit(csv);
        assert_eq!(answer.status, StatusCode::CREATED, "{:?}", answer.body);
        self.settled(&answer).await
    }

    async fn settled(&self, answer: &Answer) -> Value {
        call::wait(Duration::from_secs(30)).await;
        self.get(&format!("activities/{}", answer.id())).body
    }

    fn held(&self, address: &str) -> Person {
        self.simulator.contact_by_address(address).unwrap()
    }
}

struct Answer {
    status: StatusCode,
    body: Value,
    whole: Response<Bytes>,
}

impl Answer {
    fn id(&self) -> &str {
        self.body["id"].as_str().unwrap()
    }

    /// Status and `error_key` of a refusal.
    fn refusal(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body[0]["error_key"].as_str().unwrap_or_default())
    }
}

fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, content) in parts {
        let head =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

async fn pass(duration: Duration) {
    call::wait(duration).await;
}
