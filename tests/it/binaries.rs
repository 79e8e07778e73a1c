//! The real binaries against the Lambda Runtime API, with the sandbox on loopback as their world: configured by their
//! environment and `config/sync.toml` alone. Time is real here, and so are the vendors' limits.

use std::cell::RefCell;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::Duration;

use jiff::SignedDuration;
use sandbox::constant_contact::v3::Person;
use sandbox::measure::{Measured, measure};
use sandbox::serve::{DriveError, Function, Program, ServeOptions, Served, build};
use sandbox::world::sync_toml;
use serde_json::{Value, json};
use shared::domain::Uid;
use shared::domain::report::{Report, State};
use shared::http::call;

const SEED: u64 = 7;
const ACCOUNTS: u64 = 80;
/// How often the test ticks.
const EVERY: Duration = Duration::from_millis(500);
/// How long a run of so few people may take.
const WITHIN: Duration = Duration::from_mins(1);
/// How long anything else may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A world of so few people that a trip takes seconds. Searches see a write at once, so that nobody has to wait for them.
async fn served() -> Served {
    let served = Served::start(ServeOptions::people(SEED, ACCOUNTS)).await.unwrap();
    served.far.gigya.switch(|switches| switches.search_lag = SignedDuration::ZERO);
    served
}

fn start(served: &Served, function: Function) -> Program {
    start_with(function, &served.environment(function))
}

fn start_with(function: Function, environment: &[(String, String)]) -> Program {
    Program::start(&build().unwrap().join(function.name()), environment).unwrap()
}

/// Asks for a run, waits until it is settled, and reads its report.
async fn run(served: &Served, event: Value) -> Report {
    let run = served.run(event, EVERY, WITHIN).await.unwrap();
    let report = served.report(&run).unwrap();
    assert_eq!(report.state, State::Settled);
    report.people.balance().unwrap();
    report
}

/// The account that a contact belongs to, by the UID that travelled with it.
fn uid_of(served: &Served, contact: &Person) -> Uid {
    let fields = served.far.constant_contact.custom_fields();
    let (field, _) = fields.iter().find(|(_, name)| name == "gigya_uid").unwrap();
    Uid::from(contact.custom[field].clone())
}

fn is_subscribed(served: &Served, uid: &Uid) -> bool {
    let accounts = served.far.gigya.accounts();
    let account = accounts.iter().find(|account| account.uid() == uid).unwrap();
    let path = "subscriptions.newsletter.email".parse().unwrap();
    account.subscription(&path).unwrap().is_subscribed
}

#[tokio::test]
async fn the_binaries_carry_people_both_ways_and_their_logs_hold_no_address() {
    let served = served().await;
    let mut logs = Vec::new();
    {
        let programs = Function::ALL.map(|function| start(&served, function));
        let first = served.invoke(Function::Poll, json!({})).await.unwrap();
        assert_eq!(first["inbound"]["seen"], 0, "{first}");
        let report = run(&served, json!({"scope": "delta"})).await;
        assert!(report.people.accepted > ACCOUNTS / 2, "{:?}", report.people);
        assert_eq!(served.far.constant_contact.contacts().len() as u64, report.people.accepted);
        for program in programs {
            logs.push(program.stop().await.unwrap());
        }
    }
    // Until the Runtime API has noticed, it hands the next event to those who are gone.
    call::wait(EVERY).await;

    // All three start cold again, and find everything where the others left it.
    let programs = Function::ALL.map(|function| start(&served, function));
    let contacts = served.far.constant_contact.contacts();
    let (renamed, leaver) = (&contacts[0], &contacts[1]);
    assert!(served.far.gigya.edit(&uid_of(&served, renamed), |account| {
        account["profile"]["lastName"] = json!("Bindestrich-Straße");
    }));
    assert!(served.far.constant_contact.unsubscribe(&leaver.id, true));
    let sweep = served.invoke(Function::Poll, json!({"sweep": true})).await.unwrap();
    assert_eq!(sweep["inbound"]["opted_out"], 1, "{sweep}");
    assert!(!is_subscribed(&served, &uid_of(&served, leaver)));
    let report = run(&served, json!({"scope": "delta"})).await;
    assert_eq!(report.people.accepted, 1, "{:?}", report.people);
    let renamed = served.far.constant_contact.contact(&renamed.id).unwrap();
    assert_eq!(renamed.texts["last_name"], "Bindestrich-Straße");
    assert!(served.far.constant_contact.contact(&leaver.id).unwrap().opt_out.is_some());
    assert_eq!(served.far.constant_contact.reused_refresh_tokens(), 0);

    logs.extend(programs.iter().map(|program| program.said().unwrap()));
    assert_logs_are_facts_without_people(&logs.concat(), &contacts);
}

fn assert_logs_are_facts_without_people(logs: &str, contacts: &[Person]) {
    assert!(logs.lines().count() > 10, "{logs}");
    for line in logs.lines() {
        let fact: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(fact["level"] == "INFO" && fact["message"].is_string(), "{line}");
        for contact in contacts {
            assert!(!line.contains(contact.address.as_deref().unwrap()), "an address in {line}");
        }
    }
}

#[tokio::test]
async fn an_attended_world_takes_its_people_to_constant_contact_by_itself() {
    let served = served().await;
    let (invoked, programs) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
    let tell = |function: Function, answer: &Result<Value, DriveError>| {
        assert!(answer.is_ok(), "{answer:?}");
        invoked.borrow_mut().push(function);
    };
    let settled = async {
        // The schedules tick before anybody is there, and find them all the same.
        call::wait(EVERY).await;
        programs.borrow_mut().extend(Function::ALL.map(|function| start(&served, function)));
        loop {
            call::wait(EVERY).await;
            let people = served.far.constant_contact.contacts().len();
            if people > 0 && served.open_run().is_none() {
                return people;
            }
        }
    };
    let people = tokio::select! {
        people = settled => people,
        _ = served.attend(EVERY, &tell) => unreachable!("it has no end"),
        () = call::wait(WITHIN) => panic!("nothing settled: {:?}", invoked.borrow()),
    };
    assert!(people as u64 > ACCOUNTS / 2, "{people}");
    assert_eq!(invoked.borrow()[..2], [Function::Poll, Function::Export]);
    assert!(invoked.borrow().contains(&Function::Upload));
}

#[tokio::test]
async fn a_binary_whose_environment_is_broken_ends_at_once_and_names_every_variable() {
    let served = served().await;
    let names = |function| -> &'static [&'static str] {
        match function {
            Function::Export => &["BUCKET", "CUSTOMER", "SECRET_ID", "QUEUE_URL"],
            Function::Upload => {
                &["BUCKET", "CUSTOMER", "SECRET_ID", "QUEUE_URL", "DEAD_LETTER_QUEUE_URL"]
            }
            Function::Poll => &["BUCKET", "CUSTOMER", "SECRET_ID"],
        }
    };
    for function in Function::ALL {
        let mut environment = served.environment(function);
        environment.retain(|(name, _)| !names(function).contains(&name.as_str()));
        let mut program = start_with(function, &environment);
        let ended = tokio::time::timeout(PATIENCE, program.ended()).await.unwrap().unwrap();
        assert_eq!(ended.code(), Some(1), "{function}");
        let mut expected = format!("Error: {} settings are wrong:", names(function).len());
        for name in names(function) {
            expected.extend(["\n  - ", name, " is not set"]);
        }
        expected.push('\n');
        assert_eq!(program.said().unwrap(), expected, "{function}");
    }
}

#[tokio::test]
async fn broken_settings_fail_every_invocation_with_all_their_problems_until_they_are_mended() {
    const PROBLEMS: [&str; 3] = ["colour", "api_key", "twice"];
    let served = served().await;
    let good = sync_toml(&served.far.lists, Some(served.endpoints()));
    let bad = good
        .replace("api_key = \"3_SANDBOX\"\n", "colour = \"red\"\n")
        .replace("constant_contact = \"last_name\"\n", "constant_contact = \"first_name\"\n");
    let programs = Function::ALL.map(|function| start(&served, function));
    let events = [
        json!({"scope": "delta"}),
        json!({"Records": [{"messageId": "m1", "body": "{}"}]}),
        json!({"sweep": true}),
    ];
    served.far.configure(&bad);
    for (function, event) in Function::ALL.into_iter().zip(&events) {
        let error = served.invoke(function, event.clone()).await.unwrap_err();
        let DriveError::Function { source, .. } = error else { panic!("{error}") };
        assert_eq!(source.error_type, "Settings", "{function}");
        let message = source.error_message;
        assert!(PROBLEMS.iter().all(|problem| message.contains(problem)), "{message}");
    }
    assert_eq!(served.far.gigya.calls().len() + served.far.constant_contact.calls().len(), 0);

    // The same processes go on as soon as the settings are good.
    served.far.configure(&good);
    for (function, event) in Function::ALL.into_iter().zip(events) {
        served.invoke(function, event).await.unwrap();
    }
    drop(programs);
}

#[tokio::test]
async fn a_binary_that_is_asked_to_end_does_so_without_a_word() {
    const SIGTERM: i32 = 15;
    let served = served().await;
    for function in Function::ALL {
        let mut program = start(&served, function);
        // It is up once it has answered: an event that it does not know is an answer too.
        let answer = served.invoke(function, json!("hello")).await;
        assert!(answer.is_err(), "{answer:?}");
        let said = program.said().unwrap();
        let kill = format!("kill -TERM {}", program.id().unwrap());
        assert!(Command::new("sh").arg("-c").arg(kill).status().unwrap().success());
        let ended = tokio::time::timeout(PATIENCE, program.ended()).await.unwrap().unwrap();
        assert_eq!(ended.signal(), Some(SIGTERM), "{function}");
        assert_eq!(program.said().unwrap(), said, "{function}");
    }
}

#[tokio::test]
async fn every_function_is_measured_in_a_process_of_its_own() {
    const MEMORY_BYTES_MAX: u64 = 200_000_000;
    let mut steps = 0;
    let measured = measure(ACCOUNTS / 2, SEED, |_| steps += 1).await.unwrap();
    let functions: Vec<Function> = measured.iter().map(|one| one.function).collect();
    assert_eq!((functions.as_slice(), steps), (Function::ALL.as_slice(), 4));
    for Measured { function, peak_bytes, invocations, longest } in measured {
        // A process that has connected to AWS holds some megabytes, whatever it does.
        assert!((5_000_000..MEMORY_BYTES_MAX).contains(&peak_bytes), "{function}: {peak_bytes}");
        assert!(invocations > 0 && !longest.is_zero(), "{function}");
    }
}

#[tokio::test]
async fn a_binary_does_not_outlive_whoever_started_it() {
    let served = served().await;
    let program = start(&served, Function::Poll);
    let status = format!("/proc/{}/status", program.id().unwrap());
    // Ended, or ended and not yet waited for.
    let is_over =
        || std::fs::read_to_string(&status).map_or(true, |text| text.contains("State:\tZ"));
    assert!(!is_over());
    drop(program);
    let over = async {
        while !is_over() {
            call::wait(EVERY).await;
        }
    };
    tokio::time::timeout(PATIENCE, over).await.unwrap();
}

#[tokio::test]
async fn what_is_printed_can_be_pasted_into_a_shell() {
    let served = served().await;
    let mut printed = Vec::new();
    served.print(&mut printed).unwrap();
    let printed = String::from_utf8(printed).unwrap();
    for function in Function::ALL {
        // The line that starts a function, with `env` in its place, after what every terminal needs.
        let start = format!("cargo run --quiet --bin {function}");
        let (before, after) = printed.split_once(&start).unwrap();
        assert_eq!(after.lines().next(), Some(""), "{after}");
        let line = before.rsplit('\n').next().unwrap();
        let exports: Vec<&str> =
            printed.lines().filter(|line| line.starts_with("export ")).collect();
        let script = format!("{}\n{line} /usr/bin/env", exports.join("\n"));
        let shell = Command::new("sh").env_clear().arg("-c").arg(script).output().unwrap();
        let seen = String::from_utf8(shell.stdout).unwrap();
        for (name, value) in served.environment(function) {
            assert!(seen.lines().any(|line| line == format!("{name}={value}")), "{name}: {seen}");
        }
    }
}
