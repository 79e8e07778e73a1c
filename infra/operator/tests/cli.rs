//! The built binary, as an operator calls it, where neither AWS nor a vendor is needed.
#![expect(
    clippy::unwrap_used,
    reason = "clippy's allow-unwrap-in-tests does not see helper functions"
)]

use std::io::Write as _;
use std::process::{Command, Output};

use serde_json::Value;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../customers/example/sync.toml");

/// Settings with several mistakes, each in another section.
const BROKEN: &str = r#"
[gigya]
data_center = "eu1"
api_key = "3_EXAMPLE"

[constant_contact]
api = "v3"
update_list = ""
calls_per_second = 0

[consent]
gigya = "subscriptions.newsletter.email"

[[lists]]
id = "2050305614"

[[fields]]
gigya = "profile.firstName"
constant_contact = "firstname"
"#;

/// Settings that work, and with which a person could be put back on a list.
const RISKY: &str = r#"
[gigya]
data_center = "eu1.gigya.com"
api_key = "3_EXAMPLE"

[constant_contact]
api = "v3"
update_list = ""

[consent]
gigya = "data.subscribe"
required = false

[[lists]]
id = "0c2a7f5e-8f5b-11f0-9a3c-0242ac120002"
"#;

/// Calls the binary with no environment at all but what is given.
fn gigya_cc(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gigya-cc"));
    command.env_clear().envs(environment.iter().copied()).args(arguments);
    command.output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn path(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

#[test]
fn the_example_of_a_customer_is_in_order_without_any_environment() {
    let output = gigya_cc(&["check", "--settings", EXAMPLE], &[]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(stdout(&output), @"✓ settings: sync.toml is in order: 6 fields mapped, 2 mailing lists, consent in subscriptions.newsletter.email");
    insta::assert_snapshot!(stderr(&output), @"Nothing is wrong.");
}

#[test]
fn every_mistake_of_a_file_is_listed_at_once() {
    let output = gigya_cc(&["check", "--settings", path(&file(BROKEN))], &[]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(stdout(&output), @r#"
    ✗ settings: sync.toml line 3: [gigya] data_center "eu1" is no data centre of Gigya's; write it as eu1.gigya.com (us1, eu1, eu2, au1, global) or cn1.sapcdm.cn
    ✗ settings: sync.toml line 9: [constant_contact] calls_per_second must be a whole number from 1 to 10
    ✗ settings: sync.toml line 15: [[lists]] 1 id "2050305614" is a list id of v2; v3 wants the list's UUID, which GET /contact_lists/list_id_xrefs?sequence_ids=2050305614 tells
    ✗ settings: sync.toml line 19: [[fields]] 1 constant_contact: "firstname" is no field of a contact; use one of Constant Contact's import keys (first_name, birthday, …) or cf:<custom field name> (in v2 custom_field_1 to custom_field_15)
    "#);
    insta::assert_snapshot!(stderr(&output), @"4 things are wrong.");
}

#[test]
fn what_deserves_a_thought_is_said_and_does_not_fail_the_check() {
    let output = gigya_cc(&["check", "--settings", path(&file(RISKY))], &[]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(stdout(&output), @r#"
    ✓ settings: sync.toml is in order: 1 field mapped, 1 mailing list, consent in data.subscribe
    ! settings: update_list is "": updates are imported into the mailing lists, and can put a person back who has just left one → make a list that nobody mails in Constant Contact, and give its id as update_list
    ! settings: [consent] required = false: people are sent who never opted in → leave it out, unless you may lawfully mail them all
    ! settings: consent is kept in the plain field data.subscribe, which has no time: nobody who left can come back by it → name a subscription where the site has one
    "#);
    insta::assert_snapshot!(stderr(&output), @"Nothing is wrong. 3 things deserve a thought.");
}

#[test]
fn a_file_that_is_not_there_is_a_finding_as_well() {
    let output = gigya_cc(&["check", "--settings", "nowhere/sync.toml"], &[]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(stdout(&output), @"✗ settings: nowhere/sync.toml cannot be read: No such file or directory (os error 2) → give the path of the customer's sync.toml");
}

#[test]
fn programs_read_the_same_as_json() {
    let output = gigya_cc(&["--json", "check", "--settings", path(&file(RISKY))], &[]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["good"], true);
    let verdicts: Vec<_> =
        told["checks"].as_array().unwrap().iter().map(|c| &c["verdict"]).collect();
    assert_eq!(verdicts, ["good", "doubtful", "doubtful", "doubtful"]);
    assert_eq!(told["checks"][1]["subject"], "settings");
    assert!(told["checks"][1]["next_step"].as_str().unwrap().contains("nobody mails"));
}

#[test]
fn all_missing_variables_of_a_deployment_are_named_at_once() {
    let output = gigya_cc(&["check"], &[]);
    assert_eq!(output.status.code(), Some(1));
    for name in ["BUCKET", "CUSTOMER", "SECRET_ID"] {
        assert!(stdout(&output).contains(&format!("{name} is not set")), "{}", stdout(&output));
    }
    let output = gigya_cc(&["run", "--customer", "acme"], &[("BUCKET", "acme-sync")]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), String::new()));
    insta::assert_snapshot!(stderr(&output), @r#"
    error: 2 settings are wrong:
      - SECRET_ID is not set
      - QUEUE_URL is not set
      → set the variables or give the options of the same names (`gigya-cc run --help`)
    "#);
}

#[test]
fn the_queue_of_the_dead_letters_is_asked_for_with_where_to_find_it() {
    let queue = "https://sqs.eu-central-1.amazonaws.com/1/acme.fifo";
    let environment = [
        ("BUCKET", "acme-sync"),
        ("CUSTOMER", "acme"),
        ("SECRET_ID", "acme"),
        ("QUEUE_URL", queue),
    ];
    let output = gigya_cc(&["redrive"], &environment);
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), String::new()));
    insta::assert_snapshot!(stderr(&output), @r"
    error: 1 setting is wrong:
      - DEAD_LETTER_QUEUE_URL is not set
      → set the variables or give the options of the same names (`gigya-cc redrive --help`); the stack's outputs QueueUrl and DeadLetterQueueUrl are the two queues
    ");
    let output = gigya_cc(&["redrive", "--dead-letters", queue], &environment);
    assert!(stderr(&output).contains("the same queue"), "{}", stderr(&output));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gigya-cc"));
    command.env_clear().args(["check", "--settings", EXAMPLE]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command.stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_command_line_that_is_not_understood_is_told_apart_from_a_failure() {
    assert_eq!(gigya_cc(&["run", "--full", "--sample", "3"], &[]).status.code(), Some(2));
    assert_eq!(gigya_cc(&[], &[]).status.code(), Some(2));
    let help = gigya_cc(&["--help"], &[("SECRET_ID", "arn:acme")]);
    assert_eq!(help.status.code(), Some(0));
    assert!(!stdout(&help).contains("arn:acme"), "help shows no values");
}

#[test]
fn every_command_says_what_it_does_and_needs_the_same_names_of_a_deployment() {
    let help = stdout(&gigya_cc(&["--help"], &[]));
    for (command, arguments) in [
        ("report", &["20261123T045000Z-delta"][..]),
        ("status", &[]),
        ("explain", &["u1"]),
        ("conflicts", &["--show"]),
        ("resolve", &["u1", "city", "gigya"]),
        ("rejoin", &["u1", "--evidence", "a letter", "--by", "Ann"]),
        ("redrive", &[]),
    ] {
        assert!(help.contains(&format!("\n  {command}")), "{command} in {help}");
        assert_eq!(gigya_cc(&[command, "--help"], &[]).status.code(), Some(0));
        let output = gigya_cc(&[&[command], arguments].concat(), &[("BUCKET", "acme-sync")]);
        assert_eq!((output.status.code(), stdout(&output)), (Some(1), String::new()), "{command}");
        assert!(stderr(&output).contains("SECRET_ID is not set"), "{command}");
    }
}

#[test]
fn what_cannot_be_undone_asks_for_a_yes_first() {
    let output = gigya_cc(&["ledger", "rebuild"], &[]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(stderr(&output), @r"
    error: the next sweep and full run would compare everybody anew
      → say so: `gigya-cc ledger rebuild --yes`; then run `gigya-cc run --full`
    ");
}
