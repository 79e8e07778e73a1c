//! `cargo sandbox --serve`: the world stays open until it is stopped.

use std::io;
use std::time::Duration;

use serde_json::Value;

use super::{DriveError, Function, ServeOptions, Served};
use crate::terminal::Terminal;

/// How often the schedules tick here; in production every five minutes.
const TICK: Duration = Duration::from_secs(10);

/// Opens the world, prints the environment for the binaries and the operator, and does what AWS does by itself until
/// Ctrl-C. What the functions answer is told, but for their saying that there was nothing to do.
///
/// # Errors
/// When no port can be listened on, or nobody reads what is printed.
pub async fn stay(options: ServeOptions, terminal: &Terminal) -> io::Result<()> {
    let served = Served::start(options).await?;
    served.print(&mut io::stdout().lock())?;
    terminal.story(
        "\n# Once the functions are started, the first run begins by itself. Ask for more with:\n\
         cargo run --quiet --bin gigya-cc -- run\n# The world stays open until Ctrl-C; its schedules tick every ten seconds.",
    )?;
    let tell = |function: Function, answer: &Result<Value, DriveError>| {
        let words = match answer {
            Ok(answer) if answer.get("idle").is_some() => return,
            Ok(answer) => answer.to_string(),
            Err(error) => shared::telemetry::chain(error),
        };
        if terminal.story(&format!("{function}: {words}")).is_err() {
            tracing::debug!("Nobody listens to the story any longer.");
        }
    };
    tokio::select! {
        never = served.attend(TICK, &tell) => match never {},
        stopped = tokio::signal::ctrl_c() => stopped,
    }
}
