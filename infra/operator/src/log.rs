//! What is being done, on standard error, for an operator who asks with `-v`.
//!
//! The functions' own log goes to standard output, where Lambda picks it up; here that is for data. As there, only our
//! own crates speak: the AWS SDK and the HTTP stack would print requests and answers.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The crates whose words hold no person and no secret.
const OURS: [&str; 3] = ["shared", "export", "operator"];

/// Starts logging: nothing at 0, what happens at 1, in detail from 2 on.
pub(crate) fn init(verbosity: u8) {
    let level = match verbosity {
        0 => return,
        1 => LevelFilter::INFO,
        2.. => LevelFilter::DEBUG,
    };
    let lines = tracing_subscriber::fmt::layer()
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .with_writer(io::stderr)
        .with_filter(Targets::new().with_targets(OURS.map(|ours| (ours, level))));
    if Registry::default().with(lines).try_init().is_err() {
        tracing::debug!("Logs were started already.");
    }
}
