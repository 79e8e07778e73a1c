//! The world on loopback: every stand-in listens on 127.0.0.1, by the system's clock, for the real binaries and for the
//! operator.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `attend` | schedules that tick and an event source that delivers, for as long as somebody attends |
//! | `binaries` | where the product's binaries are, and how they are built |
//! | `drive` | what AWS does by itself: invokes the functions, delivers messages, ticks |
//! | `environment` | what each function must find in its environment |
//! | `program` | a binary as a child process, which ends with whoever started it |
//!
//! Nothing is sped up here: the vendors keep their limits, and the product its pace.

mod attend;
mod binaries;
mod drive;
mod environment;
mod program;
mod stay;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::domain::Dialect;
use shared::invocation::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::aws::{Loopback, RuntimeApi};
use crate::constant_contact::{Switches, v2, v3};
use crate::people::People;
use crate::world::{Endpoints, FarEnds, sync_toml};

pub use attend::Tell;
pub use binaries::{BinariesError, build};
pub use drive::{DriveError, Invoked};
pub use program::Program;
pub use stay::stay;

/// One of the three functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// Reads, stages and announces.
    Export,
    /// Plans and submits.
    Upload,
    /// Settles and carries home.
    Poll,
}

impl Function {
    /// All of them, in the order of a trip.
    pub const ALL: [Self; 3] = [Self::Export, Self::Upload, Self::Poll];

    /// The name of its binary.
    pub fn name(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Upload => "upload",
            Self::Poll => "poll",
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who lives at the site when the world is opened.
#[derive(Debug, Clone)]
pub enum Residents {
    /// So many people of a seed.
    People {
        /// The population.
        people: People,
        /// How many of it.
        accounts: u64,
    },
    /// These accounts, such as [`from_ndjson`](crate::people::from_ndjson) reads.
    Accounts(Vec<Value>),
}

/// How a world is opened.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Who lives at the site.
    pub residents: Residents,
    /// The dialect of Constant Contact that the customer speaks.
    pub api: Dialect,
    /// How Constant Contact behaves; by default with its real limits, 4 calls a second among them.
    pub constant_contact: Switches,
}

impl ServeOptions {
    /// So many people of a seed, and vendors as they are on a good day.
    pub fn people(seed: u64, accounts: u64) -> Self {
        let residents = Residents::People { people: People::new(seed), accounts };
        Self { residents, api: Dialect::V3, constant_contact: Switches::default() }
    }
}

/// A world that listens until it is dropped.
pub struct Served {
    /// The far ends, for whoever wants to look or to change something from outside.
    pub far: FarEnds,
    aws: Loopback,
    endpoints: Endpoints,
    runtimes: [RuntimeApi; 3],
    sqs: aws_sdk_sqs::Client,
    invoked: Mutex<BTreeMap<Function, Invoked>>,
    /// The vendors' listeners; they end with it.
    _vendors: JoinSet<io::Result<()>>,
}

impl Served {
    /// Opens a world: all stand-ins listen, the settings name them, and the people have moved in.
    ///
    /// # Errors
    /// When a port of 127.0.0.1 cannot be listened on.
    pub async fn start(options: ServeOptions) -> io::Result<Self> {
        let far = FarEnds::new(Clock::System, options.api, options.constant_contact);
        let aws = far.aws.clone().serve(loopback().await?)?;
        let (gigya, constant_contact) = (loopback().await?, loopback().await?);
        let tenant = format!("http://{}", constant_contact.local_addr()?);
        let (base, token) = match options.api {
            Dialect::V3 => (v3::BASE_PATH, Some(v3::TOKEN_PATH)),
            Dialect::V2 => (v2::BASE_PATH, None),
        };
        let endpoints = Endpoints {
            gigya: format!("http://{}", gigya.local_addr()?),
            constant_contact: format!("{tenant}{base}"),
            token: token.map(|path| format!("{tenant}{path}")),
        };
        let mut vendors = JoinSet::new();
        vendors.spawn(Arc::clone(&far.gigya).serve(gigya));
        vendors.spawn(far.constant_contact.clone().serve(constant_contact));

        far.configure(&sync_toml(&far.lists, Some(&endpoints)));
        move_in(&far, options.residents);
        let [export, upload, poll] =
            Function::ALL.map(|function| RuntimeApi::serve(function.name()));
        let runtimes = [export.await?, upload.await?, poll.await?];
        let sqs = aws_sdk_sqs::Client::new(&far.aws.sdk_config());
        Ok(Self {
            far,
            aws,
            endpoints,
            runtimes,
            sqs,
            invoked: Mutex::default(),
            _vendors: vendors,
        })
    }

    /// Where the vendors listen.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The Runtime API of a function: a binary that has its [`environment`](Self::environment) asks there for events.
    pub fn runtime(&self, function: Function) -> &RuntimeApi {
        let [export, upload, poll] = &self.runtimes;
        match function {
            Function::Export => export,
            Function::Upload => upload,
            Function::Poll => poll,
        }
    }
}

async fn loopback() -> io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", 0)).await
}

fn move_in(far: &FarEnds, residents: Residents) {
    let now = Clock::System.now();
    match residents {
        Residents::People { people, accounts } => {
            far.gigya.seed((0..accounts).map(|n| no_later_than(now, people.account(n))));
        }
        Residents::Accounts(accounts) => {
            far.gigya.seed(accounts.into_iter().map(|account| no_later_than(now, account)));
        }
    }
}

/// Nobody's last change lies in the future: a search up to now would not find them on a machine whose clock is behind the
/// story's.
fn no_later_than(now: Timestamp, mut account: Value) -> Value {
    let updated = account.get("lastUpdatedTimestamp").and_then(Value::as_i64);
    if updated.is_some_and(|updated| updated > now.as_millisecond()) {
        account["lastUpdatedTimestamp"] = json!(now.as_millisecond());
    }
    account
}
