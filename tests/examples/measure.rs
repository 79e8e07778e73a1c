//! Measures how much memory each function needs: `cargo run --example measure -- 100000`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use anyhow::Context as _;
use sandbox::measure::{Table, measure};

/// People that are measured with, unless an argument says otherwise.
const ACCOUNTS: u64 = 100_000;
/// Which people.
const SEED: u64 = 7;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let accounts = match std::env::args().nth(1) {
        Some(text) => {
            text.parse().with_context(|| format!("\"{text}\" is no number of accounts"))?
        }
        None => ACCOUNTS,
    };
    let measured = measure(accounts, SEED, |step| eprintln!("{step} …")).await?;
    print!("{}", Table(&measured));
    Ok(())
}
