//! What the vendors answer, whatever it is.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Response, StatusCode};
use jiff::Timestamp;
use shared::constant_contact::{ContactsQuery, v2, v3};
use shared::domain::{ActivityId, ContactId, Secret, Uid};
use shared::gigya::{AccountsQuery, AuditQuery, Credentials, Endpoint, Gigya, Paces, Site};
use shared::http::{Now, Wire, WireError};

/// Statuses that an answer may have; the first byte of the bytes that are thrown chooses one.
const STATUSES: [u16; 8] = [200, 200, 200, 400, 401, 403, 429, 500];
/// Pages that are followed: an answer may lead to itself for ever.
const PAGES_MAX: usize = 3;

/// A far end that always answers the same.
#[derive(Debug)]
struct Parrot {
    status: StatusCode,
    body: Bytes,
}

impl Wire for Parrot {
    fn send(
        &self,
        _request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<Response<Bytes>, WireError>> {
        let mut response = Response::new(self.body.clone());
        *response.status_mut() = self.status;
        Box::pin(std::future::ready(Ok(response)))
    }
}

fn parrot(bytes: &[u8]) -> Option<Arc<Parrot>> {
    let (first, body) = bytes.split_first()?;
    let status = STATUSES[usize::from(*first) % STATUSES.len()];
    let status = StatusCode::from_u16(status).ok()?;
    Some(Arc::new(Parrot { status, body: Bytes::copy_from_slice(body) }))
}

/// Retries wait, and nobody should have to.
fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime can be made");
    runtime.block_on(work);
}

fn now() -> Now {
    let instant = Timestamp::from_second(1_795_000_000).expect("an instant");
    Arc::new(move || instant)
}

/// An error must not repeat what it could not read: bodies hold addresses.
fn is_silent<E: std::error::Error + 'static>(error: &E, body: &Bytes) {
    let told = shared::telemetry::chain(error);
    let body = String::from_utf8_lossy(body);
    for word in body.split(['"', ' ', '<', '>']).filter(|word| word.contains('@')) {
        assert!(word.len() < 6 || !told.contains(word), "an error repeats an address");
    }
}

fn judge<T, E: std::error::Error + 'static>(answer: Result<T, E>, body: &Bytes) -> Option<T> {
    answer.inspect_err(|error| is_silent(error, body)).ok()
}

/// Any answer of Gigya's.
pub(super) fn gigya(bytes: &[u8]) {
    let Some(wire) = parrot(bytes) else { return };
    let body = wire.body.clone();
    let site = Site {
        endpoint: Endpoint::data_center("eu1.gigya.com").expect("a data centre"),
        api_key: "3_DOOR".to_owned(),
    };
    let secret = Secret::new("c2VjcmV0IHNlY3JldCBzZWNyZXQ=");
    let credentials = Credentials::signed("key", &secret).expect("a key");
    let client = Gigya::connect(site, credentials, wire, Paces::default(), now());
    let nothing = BTreeSet::new();
    run(async {
        for query in [AccountsQuery::everybody(&nothing), AccountsQuery::lite(&nothing)] {
            let mut page = judge(client.search(&query).await, &body);
            for _ in 0..PAGES_MAX {
                let Some(read) = page else { break };
                for account in &read.accounts {
                    assert!(!account.uid().as_str().is_empty(), "an account without a UID");
                }
                let Some(cursor) = read.next else { break };
                page = judge(client.next(&cursor).await, &body);
            }
        }
        drop(judge(client.account(&Uid::from("u1"), &nothing).await, &body));
        drop(judge(client.schema().await, &body));
        let entries = judge(client.audit_search(&AuditQuery::since((now())())).await, &body);
        for entry in entries.iter().flat_map(|page| &page.entries) {
            assert!(!entry.uids.is_empty(), "an entry about nobody");
        }
    });
}

/// Any answer of Constant Contact's version 3.
pub(super) fn constant_contact_v3(bytes: &[u8]) {
    let Some(wire) = parrot(bytes) else { return };
    let body = wire.body.clone();
    let [endpoint, tokens] = [v3::ENDPOINT, v3::TOKEN_ENDPOINT];
    let connection = v3::Connection::new(
        endpoint.parse().expect("a URL"),
        tokens.parse().expect("a URL"),
        "client",
        Secret::new("secret"),
    )
    .expect("https");
    let renew: shared::constant_contact::Renew =
        Arc::new(|_refused| Box::pin(std::future::ready(Ok(Secret::new("token")))));
    let refresh = Secret::new("refresh");
    let caller = v3::oauth::caller(Arc::clone(&wire) as _);
    let connect = connection.clone();
    let client = v3::Client::connect(connection, renew, wire, now(), 4, "gigya_uid");
    run(async {
        let mut page = judge(client.contacts(&ContactsQuery::All).await, &body);
        for _ in 0..PAGES_MAX {
            let Some(cursor) = page.and_then(|read| read.next) else { break };
            page = judge(client.next(&cursor).await, &body);
        }
        drop(judge(client.contact(&ContactId::from("c1")).await, &body));
        drop(judge(client.activity(&ActivityId::from("a1")).await, &body));
        drop(judge(v3::oauth::refresh(&caller, &connect, &refresh, (now())()).await, &body));
    });
}

/// Any answer of Constant Contact's version 2.
pub(super) fn constant_contact_v2(bytes: &[u8]) {
    let Some(wire) = parrot(bytes) else { return };
    let body = wire.body.clone();
    let endpoint = v2::ENDPOINT.parse().expect("a URL");
    let (key, token) = (Secret::new("key"), Secret::new("token"));
    let connection = v2::Connection::new(endpoint, key, token).expect("https");
    let client = v2::Client::connect(connection, wire, now(), 4, "custom_field_1");
    run(async {
        let mut page = judge(client.contacts(&ContactsQuery::All).await, &body);
        for _ in 0..PAGES_MAX {
            let Some(cursor) = page.and_then(|read| read.next) else { break };
            page = judge(client.next(&cursor).await, &body);
        }
        drop(judge(client.contact(&ContactId::from("1")).await, &body));
        drop(judge(client.activity(&ActivityId::from("a1")).await, &body));
        drop(judge(client.activities().await, &body));
        drop(judge(client.lists().await, &body));
    });
}
