//! `cargo sandbox --serve`: the world stays open, and the schedules tick for whichever binary is there.

use std::io;
use std::time::Duration;

use serde_json::json;
use shared::http::call;

use super::{Function, ServeOptions, Served};
use crate::terminal::Terminal;

/// How often the schedules tick here; in production every five minutes.
const TICK: Duration = Duration::from_secs(10);

/// Opens the world, prints the environment, and ticks until it is stopped: poll looks, export goes on, and each message
/// is delivered to upload. A function that is not there yet is waited for.
///
/// # Errors
/// When no port can be listened on, or nobody reads what is printed.
pub async fn stay(options: ServeOptions, terminal: &Terminal) -> io::Result<()> {
    let served = Served::start(options).await?;
    served.print(&mut io::stdout().lock())?;
    terminal.story("\n# Start a run with: cargo run --quiet --bin gigya-cc -- run\n# The world stays open until Ctrl-C; its schedules tick every ten seconds.")?;
    let (polls, exports, deliveries) = (
        tick(&served, Function::Poll, json!({}), terminal),
        tick(&served, Function::Export, json!({"scope": "resume"}), terminal),
        deliver(&served, terminal),
    );
    tokio::select! {
        ended = polls => ended,
        ended = exports => ended,
        ended = deliveries => ended,
        stopped = tokio::signal::ctrl_c() => stopped,
    }
}

async fn tick(
    served: &Served,
    function: Function,
    event: serde_json::Value,
    terminal: &Terminal,
) -> io::Result<()> {
    loop {
        match served.invoke(function, event.clone()).await {
            Ok(answer) if answer.get("idle").is_some() => {}
            Ok(answer) => terminal.story(&format!("{function}: {answer}"))?,
            Err(error) => {
                terminal.story(&format!("{function}: {}", shared::telemetry::chain(&error)))?;
            }
        }
        call::wait(TICK).await;
    }
}

async fn deliver(served: &Served, terminal: &Terminal) -> io::Result<()> {
    loop {
        match served.deliver().await {
            Ok(0) => {}
            Ok(done) => terminal.story(&format!("upload: {done} batches are done"))?,
            Err(error) => {
                terminal.story(&format!("upload: {}", shared::telemetry::chain(&error)))?;
            }
        }
        call::wait(TICK).await;
    }
}
