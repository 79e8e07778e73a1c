//! `gigya-cc`, the operator's command line.

use std::process::ExitCode;

use clap::Parser as _;
use operator::CommandLine;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    operator::start(CommandLine::parse()).await
}
