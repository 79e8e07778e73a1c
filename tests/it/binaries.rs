//! The real binaries against the Lambda Runtime API, with the sandbox on loopback as their world: configured by their
//! environment and `config/sync.toml` alone.

use std::time::Duration;

use sandbox::serve::{Function, Program, ServeOptions, Served, build};
use serde_json::json;
use shared::domain::report::State;

const SEED: u64 = 7;
const ACCOUNTS: u64 = 80;
/// How often the test ticks.
const EVERY: Duration = Duration::from_millis(500);
/// How long a run of so few people may take.
const WITHIN: Duration = Duration::from_mins(1);

fn start(served: &Served, function: Function) -> Program {
    let binary = build().unwrap().join(function.name());
    Program::start(&binary, &served.environment(function)).unwrap()
}

#[tokio::test]
async fn the_binaries_take_everybody_to_constant_contact() {
    let served = Served::start(ServeOptions::people(SEED, ACCOUNTS)).await.unwrap();
    let programs = Function::ALL.map(|function| start(&served, function));

    let first = served.invoke(Function::Poll, json!({})).await.unwrap();
    assert_eq!(first["inbound"]["seen"], 0, "{first}");
    let run = served.run(json!({"scope": "delta"}), EVERY, WITHIN).await.unwrap();
    let report = served.report(&run).unwrap();
    assert_eq!(report.state, State::Settled);
    report.people.balance().unwrap();
    for program in &programs {
        println!("{}", program.said().unwrap());
    }
    println!("{report:?}");
}
