//! The whole product in its world: the unchanged functions, the unchanged AWS SDK, both vendors simulated, one clock.
//!
//! In process under tokio's paused clock a day takes as long as its work does, and nothing listens anywhere.

mod observe;
mod owner;
mod settings;
mod triggers;
mod watch;
mod wire;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::domain::report::Inbound;
use shared::domain::{CustomerName, Dialect};
use shared::http::Wire;
use shared::invocation::{Clock, Invocation};
use shared::settings::env::{ExportEnvironment, PollEnvironment, UploadEnvironment};
use url::Url;

use crate::aws::sqs::{QueueSettings, Redrive};
use crate::aws::{Aws, Before};
use crate::constant_contact::{Simulator, Switches, v2, v3};
use crate::gigya::{Gigya, Keys};

pub use observe::Writes;
pub(crate) use observe::{custom_field, uid_field};
pub use settings::{Endpoints, Lists, sync_toml};
pub(crate) use settings::{TIER_V2, TIER_V3};
pub use triggers::{TICKS_MAX, TickError};
pub use watch::Watch;
pub use wire::Vendors;

/// The bucket of the sandbox.
pub const BUCKET: &str = "sandbox-sync";
/// The customer of the sandbox.
pub const CUSTOMER: &str = "sandbox";
/// The secret of the sandbox.
pub const SECRET_ID: &str = "sandbox/secret";
/// The queue of the sandbox.
pub const QUEUE: &str = "sandbox-batches.fifo";
/// The dead letters of the sandbox.
pub const DEAD_LETTERS: &str = "sandbox-batches-dead.fifo";

/// How often the schedules tick.
pub const TICK: Duration = Duration::from_mins(5);
/// How long an invocation may take (AWS Lambda quotas, "Function timeout").
pub const INVOCATION: Duration = Duration::from_mins(15);
/// A queue hides a received message for so long, as the template says.
const VISIBILITY: Duration = Duration::from_mins(90);
/// The fingerprint key of the sandbox: 32 bytes that guard nobody.
pub const FINGERPRINT_KEY: &str = "c2FuZGJveCBzYW5kYm94IHNhbmRib3ggc2FuZGJveCE=";

/// Everything that there is.
pub struct World {
    /// What time it is.
    pub clock: Clock,
    /// What time it is for export, upload and poll.
    clocks: [Clock; 3],
    /// S3, SQS and Secrets Manager.
    pub aws: Aws,
    /// The site.
    pub gigya: Arc<Gigya>,
    /// The tenant.
    pub constant_contact: Simulator,
    /// The tenant's lists that the settings name.
    pub lists: Lists,
    functions: Functions,
    sqs: aws_sdk_sqs::Client,
    queue_url: Url,
    invocations: Cell<u64>,
    inbound: RefCell<Inbound>,
    budget: Cell<Duration>,
}

/// A function, by its place among the three.
#[derive(Debug, Clone, Copy)]
enum Function {
    Export,
    Upload,
    Poll,
}

/// A clock that goes as another one does, so far ahead of it.
fn ahead_by(clock: Clock, ahead: SignedDuration) -> Clock {
    match clock {
        Clock::System => clock,
        Clock::Virtual { start, since } => Clock::Virtual { start: start + ahead, since },
    }
}

/// Wraps the wire to the vendors into another one.
pub type Between = Box<dyn FnOnce(Arc<dyn Wire>) -> Arc<dyn Wire>>;

/// The three functions, and how they start.
struct Functions {
    started: Started,
    start: Box<dyn Fn() -> Started>,
}

struct Started {
    export: export::Services,
    upload: upload::Services,
    poll: poll::Services,
}

/// How a world is made.
#[derive(Default)]
pub struct WorldOptions {
    /// The dialect of Constant Contact that the customer speaks.
    pub api: Dialect,
    /// How Constant Contact behaves.
    pub constant_contact: Switches,
    /// What becomes of calls to AWS in process.
    pub before: Option<Before>,
    /// Told of each function's calls to AWS.
    pub watch: Option<Watch>,
    /// Changes the settings before they are put into the bucket.
    pub settings: Option<fn(String) -> String>,
    /// What lies between the functions and the vendors, if anything does.
    pub between: Option<Between>,
    /// How far the clocks of export, upload and poll are ahead of everybody else's.
    pub ahead: [SignedDuration; 3],
}

/// The far ends of a world, before anything of ours runs in it: what `--serve` puts on loopback.
pub struct FarEnds {
    /// S3, SQS and Secrets Manager.
    pub aws: Aws,
    /// The site.
    pub gigya: Arc<Gigya>,
    /// The tenant.
    pub constant_contact: Simulator,
    /// The tenant's lists.
    pub lists: Lists,
    /// The queue of the batches.
    pub queue_url: String,
    /// The queue of the dead letters.
    pub dead_letters_url: String,
}

impl FarEnds {
    /// An empty site, a tenant with three lists and, in v3, one custom field, and in AWS a bucket, two queues and the
    /// secret.
    pub fn new(clock: Clock, api: Dialect, switches: Switches) -> Self {
        let aws = Aws::new(clock);
        let gigya = Arc::new(Gigya::new(Keys::default(), clock));
        let constant_contact = Simulator::new(clock, switches);
        let lists = Lists {
            newsletter: constant_contact.add_list("Newsletter"),
            emea: constant_contact.add_list("Newsletter EMEA"),
            update: constant_contact.add_list("Updates (nobody mails this list)"),
            api,
        };
        // v2's custom fields are there from the beginning, and have no names.
        if api == Dialect::V3 {
            constant_contact.add_custom_field("loyalty_tier");
        }

        aws.objects().create_bucket(BUCKET);
        let settings =
            |redrive| QueueSettings { visibility: VISIBILITY, redrive, ..QueueSettings::default() };
        let dead_letters_url = aws.queues().create(DEAD_LETTERS, settings(None));
        let redrive = Redrive { dead_letters: DEAD_LETTERS.to_owned(), receives_max: 1_000 };
        let queue_url = aws.queues().create(QUEUE, settings(Some(redrive)));
        let secret = json!({
            "gigya": {"user_key": gigya.keys().user_key, "secret": gigya.keys().secret},
            "constant_contact": keys_of(&constant_contact, api),
            "fingerprint_key": FINGERPRINT_KEY,
        });
        aws.vault().put(SECRET_ID, secret.to_string());
        Self { aws, gigya, constant_contact, lists, queue_url, dead_letters_url }
    }

    /// Puts the customer's settings into the bucket.
    pub fn configure(&self, sync_toml: &str) {
        self.aws.objects().put(BUCKET, shared::store::keys::SETTINGS, sync_toml.to_owned());
    }
}

/// What the customer's secret holds of Constant Contact.
fn keys_of(constant_contact: &Simulator, api: Dialect) -> Value {
    match api {
        Dialect::V3 => json!({
            "client_id": v3::CLIENT_ID,
            "client_secret": v3::CLIENT_SECRET,
            "refresh_token": constant_contact.authorise().expose(),
        }),
        Dialect::V2 => json!({"api_key": v2::API_KEY, "access_token": v2::ACCESS_TOKEN}),
    }
}

impl World {
    /// A world that begins at this instant. Must be made inside a runtime whose clock is paused.
    ///
    /// # Panics
    /// When the stand-in for SQS gives a queue no URL, which it does not.
    pub fn new(start: Timestamp, options: WorldOptions) -> Self {
        let clock = Clock::starting_at(start);
        let WorldOptions { api, constant_contact, before, watch, settings, between, ahead } =
            options;
        let clocks = ahead.map(|ahead| ahead_by(clock, ahead));
        let far = FarEnds::new(clock, api, constant_contact);
        let text = sync_toml(&far.lists, None);
        far.configure(&settings.map_or(text.clone(), |change| change(text)));
        let sdk = |function, before: Option<&Before>| {
            watch::seen(&far.aws, function, watch.as_ref(), before).sdk_config()
        };
        let of = |function| sdk(function, before.as_ref());
        let wire: Arc<dyn Wire> =
            Arc::new(Vendors::new(Arc::clone(&far.gigya), far.constant_contact.clone()));
        let wire = between.map_or_else(|| Arc::clone(&wire), |between| between(Arc::clone(&wire)));
        let url = |text: &str| -> Url { text.parse().expect("a queue's URL is a URL") };
        let customer = CustomerName::from(CUSTOMER);
        let (bucket, secret_id) = (BUCKET.to_owned(), SECRET_ID.to_owned());
        let queue_url = url(&far.queue_url);
        let export = ExportEnvironment {
            bucket: bucket.clone(),
            customer: customer.clone(),
            secret_id: secret_id.clone(),
            queue_url: queue_url.clone(),
            topic_arn: None,
        };
        let upload = UploadEnvironment {
            bucket: bucket.clone(),
            customer: customer.clone(),
            secret_id: secret_id.clone(),
            queue_url: queue_url.clone(),
            dead_letter_queue_url: url(&far.dead_letters_url),
        };
        let poll = PollEnvironment { bucket, customer, secret_id, topic_arn: None };
        let sdks = [of("export"), of("upload"), of("poll")];
        let start = Box::new(move || Started {
            export: export::Services::over(&export, &sdks[0], Arc::clone(&wire), clocks[0]),
            upload: upload::Services::over(&upload, &sdks[1], Arc::clone(&wire), clocks[1]),
            poll: poll::Services::over(&poll, &sdks[2], Arc::clone(&wire), clocks[2]),
        });
        Self {
            clock,
            clocks,
            functions: Functions { started: start(), start },
            sqs: aws_sdk_sqs::Client::new(&sdk("upload", None)),
            aws: far.aws,
            gigya: far.gigya,
            constant_contact: far.constant_contact,
            lists: far.lists,
            queue_url,
            invocations: Cell::new(0),
            inbound: RefCell::default(),
            budget: Cell::new(INVOCATION),
        }
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The functions start anew: what they kept in memory is gone, as after a kill or an idle night.
    pub fn start_cold(&mut self) {
        self.functions.started = (self.functions.start)();
    }

    /// Lets later invocations take only so long.
    pub fn limit_invocations(&self, budget: Duration) {
        self.budget.set(budget);
    }

    fn invocation(&self, function: Function) -> Invocation {
        let number = self.invocations.get() + 1;
        self.invocations.set(number);
        Invocation::begin(
            format!("invocation-{number}"),
            &self.clocks[function as usize],
            self.budget.get(),
        )
    }
}
