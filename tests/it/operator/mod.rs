//! The operator's commands against the simulated vendors and AWS, in process and under a paused clock.

mod check;
mod conflicts;
mod deployment;
mod looking;
mod rebuild;
mod rejoin;
mod run;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use sandbox::aws::{Aws, QueueSettings};
use sandbox::constant_contact::v3::{CLIENT_ID, CLIENT_SECRET};
use sandbox::constant_contact::{Simulator as Tenant, Switches};
use sandbox::gigya::{Gigya as Site, Keys};
use serde_json::{Value, json};
use shared::http::{Wire, WireError};
use shared::invocation::Clock;
use shared::settings::env::{Environment, ExportEnvironment, PollEnvironment};
use shared::store::keys;

const BUCKET: &str = "acme-sync";
const QUEUE: &str = "batches.fifo";
const SECRET: &str = "acme";

/// Settings that fit the world of [`World::new`].
const SETTINGS: &str = r#"
[gigya]
data_center = "eu1.gigya.com"
api_key = "3_SANDBOX"
where = "isRegistered = true"

[constant_contact]
api = "v3"
update_list = "00000001-11a7-11ec-8a11-000000000001"

[consent]
gigya = "subscriptions.newsletter.email"

[[lists]]
id = "00000000-11a7-11ec-8a11-000000000000"

[[fields]]
gigya = "profile.firstName"
constant_contact = "first_name"
owner = "both"

[[fields]]
gigya = "profile.city"
constant_contact = "cf:town"
"#;

/// One customer: both vendors, AWS, and the time.
struct World {
    clock: Clock,
    aws: Aws,
    site: Arc<Site>,
    tenant: Tenant,
}

/// Both vendors by their hosts.
#[derive(Debug)]
struct Vendors {
    site: Arc<Site>,
    tenant: Tenant,
}

impl Wire for Vendors {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, WireError>> {
        let host = request.uri().host().unwrap_or_default();
        if host.ends_with(".gigya.com") {
            self.site.send(request)
        } else {
            self.tenant.send(request)
        }
    }
}

fn person(n: usize) -> Value {
    json!({
        "UID": format!("u{n:04}"), "isRegistered": true, "isActive": true,
        "lastUpdatedTimestamp": 1_700_000_000_000_i64 + i64::try_from(n).unwrap(),
        "profile": {"email": format!("person{n}@example.com"), "firstName": "Zoë", "city": "Köln"},
        "subscriptions": {"newsletter": {"email": {"isSubscribed": true}}},
    })
}

impl World {
    /// A customer whose settings, secret and vendors fit each other, with so many people at Gigya.
    fn new(people: usize) -> Self {
        let clock = Clock::starting_at("2026-11-23T04:50:00Z".parse().unwrap());
        let site = Arc::new(Site::new(Keys::default(), clock));
        site.seed((0..people).map(person));
        let tenant = Tenant::new(clock, Switches::default());
        for list in ["Newsletter", "Never mail this", "Old customers"] {
            tenant.add_list(list);
        }
        tenant.add_custom_field("town");
        let aws = Aws::new(clock);
        aws.objects().create_bucket(BUCKET);
        aws.queues().create(QUEUE, QueueSettings::default());
        let world = Self { clock, aws, site, tenant };
        world.put_settings(SETTINGS);
        world.put_secret(&world.secret());
        world
    }

    fn put_settings(&self, text: &str) {
        self.aws.objects().put(BUCKET, keys::SETTINGS, text.to_owned());
    }

    fn put_secret(&self, secret: &Value) {
        self.aws.vault().put(SECRET, secret.to_string());
    }

    /// A secret that fits both vendors, with a new refresh token.
    fn secret(&self) -> Value {
        let keys = self.site.keys();
        json!({
            "gigya": {"user_key": keys.user_key, "secret": keys.secret},
            "constant_contact": {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
                                 "refresh_token": self.tenant.authorise().expose()},
            "fingerprint_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        })
    }

    fn wire(&self) -> Arc<dyn Wire> {
        Arc::new(Vendors { site: Arc::clone(&self.site), tenant: self.tenant.clone() })
    }

    fn services(&self) -> operator::services::Services {
        let environment = PollEnvironment {
            bucket: BUCKET.to_owned(),
            customer: "acme".into(),
            secret_id: SECRET.to_owned(),
            topic_arn: None,
        };
        operator::services::Services::over(
            &environment,
            &self.aws.sdk_config(),
            self.wire(),
            self.clock,
        )
    }

    fn export(&self) -> export::Services {
        let lookup = |name: &str| {
            let text = match name {
                "BUCKET" => BUCKET,
                "CUSTOMER" => "acme",
                "SECRET_ID" => SECRET,
                "QUEUE_URL" => "http://127.0.0.1:9/000000000000/batches.fifo",
                _ => return None,
            };
            Some(text.to_owned())
        };
        let environment: ExportEnvironment = Environment::from_lookup(lookup).for_export().unwrap();
        export::Services::over(&environment, &self.aws.sdk_config(), self.wire(), self.clock)
    }

    fn objects(&self) -> Vec<String> {
        self.aws.objects().keys(BUCKET, "")
    }
}
