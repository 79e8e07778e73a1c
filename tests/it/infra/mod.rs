//! The stack holds what the code relies on: environments, policies, schedules, and limits that depend on each other.
//!
//! No emulator applies all of a template, so the template itself is read. Every check is a function from a template to
//! its problems, and is shown to fail on a template that was changed on purpose.

mod customers;
mod environments;
mod needs;
mod permissions;
mod policies;
mod schedules;
pub(crate) mod template;
mod two_days;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::invocation::STOP_BEFORE;

use self::template::{of_type, properties, said, several, template, with};

/// Longest timeout of a function (Lambda developer guide, "Lambda quotas").
const FUNCTION_SECONDS_MAX: u64 = 900;

/// A queue's visibility timeout, in timeouts of the function it triggers (Lambda developer guide, "Configuring a queue
/// to use with Lambda").
const VISIBILITY_TIMEOUTS: u64 = 6;

/// Longest life of a message (SQS developer guide, "Amazon SQS message quotas").
const MESSAGE_SECONDS_MAX: u64 = 14 * 24 * 60 * 60;

/// Receives before SQS gives up by itself: its highest (SQS API reference, `RedrivePolicy`).
const RECEIVES_MAX: u64 = 1_000;

/// How the name of a FIFO queue ends (SQS developer guide, "Amazon SQS queue and message identifiers").
const FIFO_SUFFIX: &str = ".fifo";

const FUNCTIONS: [&str; 3] = ["Export", "Upload", "Poll"];

fn none() -> Vec<String> {
    Vec::new()
}

/// Adds a problem unless it holds.
fn expect(problems: &mut Vec<String>, holds: bool, problem: &str) {
    if !holds {
        problems.push(problem.to_owned());
    }
}

fn number(value: &Value, what: &str) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{what} is {value}"))
}

fn timeout(template: &Value, function: &str) -> u64 {
    let own = &properties(template, function)["Timeout"];
    let shared = &template["Globals"]["Function"]["Timeout"];
    number(if own.is_null() { shared } else { own }, "Timeout")
}

fn problems_of_functions(template: &Value) -> Vec<String> {
    let mut problems = none();
    let globals = &template["Globals"]["Function"];
    expect(&mut problems, globals["Runtime"] == "provided.al2023", "the runtime is not AL2023");
    for name in FUNCTIONS {
        let function = properties(template, name);
        let mut expect =
            |holds, what: &str| expect(&mut problems, holds, &format!("{name}: {what}"));
        let binary = name.to_lowercase();
        let metadata = &template["Resources"][name]["Metadata"];
        expect(metadata["BuildMethod"] == "rust-cargolambda", "is not built by cargo-lambda");
        expect(metadata["BuildProperties"]["Binary"] == *binary, "is another binary");
        let timeout = timeout(template, name);
        expect(timeout <= FUNCTION_SECONDS_MAX, "runs longer than Lambda lets it");
        expect(timeout > 2 * STOP_BEFORE.as_secs(), "stops before it has begun");
        let logs = said(&function["LoggingConfig"]["LogGroup"]);
        expect(logs == format!("${{{name}Logs}}"), "does not log to its own group");
        let age = &function["EventInvokeConfig"]["MaximumEventAgeInSeconds"];
        if name == "Upload" {
            expect(function.get("ReservedConcurrentExecutions").is_none(), "throttles its pollers");
        } else {
            let reserved = json!({ "Fn::If": ["Reserves", 1, { "Ref": "AWS::NoValue" }] });
            expect(function["ReservedConcurrentExecutions"] == reserved, "runs beside itself");
            expect(age.as_u64() > Some(timeout), "forgets an event that waits for the one before");
        }
    }
    for (name, group) in of_type(template, "AWS::Logs::LogGroup") {
        let kept = said(&group["Properties"]["RetentionInDays"]);
        expect(&mut problems, kept == "${LogRetentionDays}", &format!("{name} keeps for ever"));
    }
    expect(&mut problems, of_type(template, "AWS::Logs::LogGroup").len() == 3, "not three logs");
    problems
}

#[test]
fn each_function_is_built_by_its_name_runs_alone_and_has_a_log_that_ends() {
    assert_eq!(problems_of_functions(&template()), none());
    for changed in [
        with("/Resources/Export/Metadata/BuildProperties/Binary", json!("upload")),
        with("/Resources/Poll/Properties/ReservedConcurrentExecutions", json!(2)),
        with("/Resources/Export/Properties/EventInvokeConfig/MaximumEventAgeInSeconds", json!(60)),
        with("/Resources/PollLogs/Properties/RetentionInDays", Value::Null),
        with("/Resources/Upload/Properties/LoggingConfig/LogGroup", json!({ "Ref": "PollLogs" })),
    ] {
        assert_eq!(problems_of_functions(&changed).len(), 1);
    }
    assert_eq!(problems_of_functions(&with("/Globals/Function/Timeout", json!(901))).len(), 3);
}

fn problems_of_queues(template: &Value) -> Vec<String> {
    let mut problems = none();
    for name in ["Queue", "DeadLetters"] {
        let queue = properties(template, name);
        let mut expect =
            |holds, what: &str| expect(&mut problems, holds, &format!("{name}: {what}"));
        expect(queue["FifoQueue"] == true, "is not FIFO");
        expect(
            said(&queue["QueueName"]).ends_with(FIFO_SUFFIX),
            "has a name that FIFO does not take",
        );
        expect(queue["ContentBasedDeduplication"] == false, "tells batches apart by their text");
        expect(queue["SqsManagedSseEnabled"] == true, "is not encrypted");
        expect(queue["MessageRetentionPeriod"] == MESSAGE_SECONDS_MAX, "forgets too soon");
        let policy = properties(template, "QueuePolicy");
        let covered =
            several(&policy["Queues"]).iter().any(|queue| said(queue) == format!("${{{name}}}"));
        let arn = format!("${{{name}.Arn}}");
        expect(covered && denies_plain_http(policy, "sqs:*", &[&arn]), "answers without TLS");
    }
    let queue = properties(template, "Queue");
    let mut expect = |holds, what: &str| expect(&mut problems, holds, what);
    let redrive = &queue["RedrivePolicy"];
    expect(said(&redrive["deadLetterTargetArn"]) == "${DeadLetters.Arn}", "letters die elsewhere");
    expect(redrive["maxReceiveCount"] == RECEIVES_MAX, "a message that waits is given up on");
    let hidden = number(&queue["VisibilityTimeout"], "VisibilityTimeout");
    expect(hidden >= VISIBILITY_TIMEOUTS * timeout(template, "Upload"), "redelivered too soon");
    let mapping = &properties(template, "Upload")["Events"]["Batches"]["Properties"];
    expect(said(&mapping["Queue"]) == "${Queue.Arn}", "upload listens elsewhere");
    expect(mapping["BatchSize"] == 1, "upload takes more than one batch");
    expect(
        mapping["FunctionResponseTypes"] == json!(["ReportBatchItemFailures"]),
        "what upload hands back counts as done",
    );
    problems
}

/// Whether a resource policy refuses everybody who comes without TLS, on all of these.
fn denies_plain_http(policy: &Value, action: &str, resources: &[&str]) -> bool {
    several(&policy["PolicyDocument"]["Statement"]).iter().any(|statement| {
        let covered: Vec<_> = several(&statement["Resource"]).into_iter().map(said).collect();
        statement["Effect"] == "Deny"
            && statement["Principal"] == "*"
            && statement["Action"] == action
            && statement["Condition"] == json!({ "Bool": { "aws:SecureTransport": "false" } })
            && resources.iter().all(|resource| covered.iter().any(|one| one == resource))
    })
}

#[test]
fn the_queue_keeps_order_waits_long_enough_and_loses_nothing() {
    assert_eq!(problems_of_queues(&template()), none());
    let queue = "/Resources/Queue/Properties";
    let policy = "/Resources/QueuePolicy/Properties/PolicyDocument/Statement/0";
    for (pointer, value, problems) in [
        (format!("{queue}/VisibilityTimeout"), json!(900), 1),
        (format!("{queue}/RedrivePolicy/maxReceiveCount"), json!(5), 1),
        (format!("{queue}/FifoQueue"), json!(false), 1),
        (format!("{queue}/SqsManagedSseEnabled"), json!(false), 1),
        (format!("{policy}/Effect"), json!("Allow"), 2),
        (format!("{policy}/Resource"), json!([{ "Fn::GetAtt": ["Queue", "Arn"] }]), 1),
        ("/Resources/Upload/Properties/Events/Batches/Properties/BatchSize".into(), json!(10), 1),
    ] {
        assert_eq!(problems_of_queues(&with(&pointer, value)).len(), problems, "{pointer}");
    }
}

fn problems_of_bucket(template: &Value) -> Vec<String> {
    let mut problems = none();
    let mut expect = |holds, what: &str| expect(&mut problems, holds, what);
    let resource = &template["Resources"]["Bucket"];
    expect(resource["DeletionPolicy"] == "Retain", "the tombstones go with the stack");
    expect(resource["UpdateReplacePolicy"] == "Retain", "the tombstones go with a change");
    let bucket = &resource["Properties"];
    expect(bucket["VersioningConfiguration"]["Status"] == "Enabled", "no versions");
    let rule = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
    let algorithm = &rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"];
    expect(*algorithm == "AES256" || *algorithm == "aws:kms", "not encrypted");
    let closed = &bucket["PublicAccessBlockConfiguration"];
    for door in
        ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"]
    {
        expect(closed[door] == true, &format!("{door} is open"));
    }
    let rules = bucket["LifecycleConfiguration"]["Rules"].as_array().unwrap();
    let enabled = |prefix: &str| {
        rules.iter().find(|rule| rule["Prefix"] == prefix && rule["Status"] == "Enabled")
    };
    let runs = enabled("runs/").unwrap_or(&Value::Null);
    expect(said(&runs["ExpirationInDays"]) == "${RetentionDays}", "runs do not expire");
    let noncurrent = &runs["NoncurrentVersionExpiration"]["NoncurrentDays"];
    expect(*noncurrent == 1, "what was erased in runs stays as a version");
    // A tombstone or the ledger must never expire.
    let expiring = |rule: &&Value| rule.get("ExpirationInDays").is_some();
    let expires: Vec<_> = rules.iter().filter(expiring).map(|rule| said(&rule["Prefix"])).collect();
    expect(expires == ["runs/"], "something expires that must not");
    let aborts = rules.iter().any(|rule| rule.get("AbortIncompleteMultipartUpload").is_some());
    expect(aborts, "broken uploads stay");
    let policy = properties(template, "BucketPolicy");
    expect(said(&policy["Bucket"]) == "${Bucket}", "the policy is another bucket's");
    let all = ["${Bucket.Arn}", "${Bucket.Arn}/*"];
    expect(denies_plain_http(policy, "s3:*", &all), "the bucket answers without TLS");
    problems
}

#[test]
fn the_bucket_is_closed_encrypted_versioned_and_forgets_runs_but_never_state() {
    assert_eq!(problems_of_bucket(&template()), none());
    let bucket = "/Resources/Bucket/Properties";
    let rules = format!("{bucket}/LifecycleConfiguration/Rules");
    for (pointer, value, problems) in [
        ("/Resources/Bucket/DeletionPolicy".to_owned(), json!("Delete"), 1),
        (format!("{bucket}/VersioningConfiguration/Status"), json!("Suspended"), 1),
        (format!("{bucket}/BucketEncryption"), json!({}), 1),
        (format!("{bucket}/PublicAccessBlockConfiguration/BlockPublicPolicy"), json!(false), 1),
        (format!("{rules}/0/Status"), json!("Disabled"), 2),
        (format!("{rules}/0/NoncurrentVersionExpiration/NoncurrentDays"), json!(365), 1),
        (format!("{rules}/1"), json!({ "Prefix": "state/", "ExpirationInDays": 7 }), 1),
        (
            "/Resources/BucketPolicy/Properties/PolicyDocument/Statement/0/Action".to_owned(),
            json!("s3:GetObject"),
            1,
        ),
    ] {
        assert_eq!(problems_of_bucket(&with(&pointer, value)).len(), problems, "{pointer}");
    }
}

fn problems_of_alarms(template: &Value) -> Vec<String> {
    let mut problems = none();
    let mut watched = BTreeSet::new();
    for (name, alarm) in of_type(template, "AWS::CloudWatch::Alarm") {
        let alarm = &alarm["Properties"];
        if alarm["AlarmActions"] != json!([{ "Ref": "Topic" }]) {
            problems.push(format!("{name} rings nowhere"));
        }
        let silence = if name == "PollSilentAlarm" { "breaching" } else { "notBreaching" };
        if alarm["TreatMissingData"] != silence {
            problems.push(format!("{name} misreads silence"));
        }
        let of = said(&alarm["Dimensions"][0]["Value"]);
        watched.insert((said(&alarm["MetricName"]), of));
    }
    for (metric, of) in [
        ("ApproximateNumberOfMessagesVisible", "${DeadLetters.QueueName}"),
        ("ApproximateAgeOfOldestMessage", "${Queue.QueueName}"),
        ("Errors", "${Export}"),
        ("Errors", "${Upload}"),
        ("Errors", "${Poll}"),
        ("Invocations", "${Poll}"),
    ] {
        if !watched.contains(&(metric.to_owned(), of.to_owned())) {
            problems.push(format!("nobody watches {metric} of {of}"));
        }
    }
    problems
}

#[test]
fn what_somebody_must_act_on_rings() {
    assert_eq!(problems_of_alarms(&template()), none());
    let alarm = "/Resources/DeadLettersAlarm/Properties";
    let queue = json!({ "Fn::GetAtt": ["Queue", "QueueName"] });
    for changed in [
        with(&format!("{alarm}/AlarmActions"), json!([])),
        with(&format!("{alarm}/Dimensions/0/Value"), queue),
        with("/Resources/PollSilentAlarm/Properties/TreatMissingData", json!("notBreaching")),
    ] {
        assert_eq!(problems_of_alarms(&changed).len(), 1);
    }
}
