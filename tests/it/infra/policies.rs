//! What each function is meant to do: exactly this, to exactly these things. That it is also what each function does,
//! [`permissions`](super::permissions) shows.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::template::{of_type, properties, said, several, statement, template, with};

/// One permission: an action, what it is allowed on, and the condition if there is one.
type Permission = (&'static str, &'static str, &'static str);

const LIST_RUNS: &str = r#"{"StringLikeIfExists":{"s3:prefix":["runs/*"]}}"#;
const LIST_RUNS_AND_LEDGER: &str =
    r#"{"StringLikeIfExists":{"s3:prefix":["runs/*","state/ledger/*"]}}"#;

/// Export reads Gigya and stages; it never sees the ledger and never calls Constant Contact.
const EXPORT: &[Permission] = &[
    ("logs:CreateLogStream", "${ExportLogs.Arn}", ""),
    ("logs:PutLogEvents", "${ExportLogs.Arn}", ""),
    ("s3:GetObject", "${Bucket.Arn}/config/sync.toml", ""),
    ("s3:GetObject", "${Bucket.Arn}/state/run.json", ""),
    ("s3:GetObject", "${Bucket.Arn}/state/watermarks.json", ""),
    ("s3:GetObject", "${Bucket.Arn}/state/due.json", ""),
    ("s3:GetObject", "${Bucket.Arn}/runs/*", ""),
    ("s3:PutObject", "${Bucket.Arn}/state/run.json", ""),
    ("s3:PutObject", "${Bucket.Arn}/state/watermarks.json", ""),
    ("s3:PutObject", "${Bucket.Arn}/state/due.json", ""),
    ("s3:PutObject", "${Bucket.Arn}/runs/*", ""),
    ("s3:ListBucket", "${Bucket.Arn}", LIST_RUNS),
    ("sqs:SendMessage", "${Queue.Arn}", ""),
    ("secretsmanager:GetSecretValue", "${SecretArn}", ""),
];

/// Upload reads the ledger and cannot write it.
const UPLOAD: &[Permission] = &[
    ("logs:CreateLogStream", "${UploadLogs.Arn}", ""),
    ("logs:PutLogEvents", "${UploadLogs.Arn}", ""),
    ("s3:GetObject", "${Bucket.Arn}/config/sync.toml", ""),
    ("s3:GetObject", "${Bucket.Arn}/state/run.json", ""),
    ("s3:GetObject", "${Bucket.Arn}/state/inbound.json", ""),
    ("s3:GetObject", "${Bucket.Arn}/state/due.json", ""),
    ("s3:GetObject", "${Bucket.Arn}/state/waiting.json", ""),
    ("s3:GetObject", "${Bucket.Arn}/state/refused.json", ""),
    ("s3:GetObject", "${Bucket.Arn}/state/quota.json", ""),
    ("s3:GetObject", "${Bucket.Arn}/state/token-lease.json", ""),
    ("s3:GetObject", "${Bucket.Arn}/state/ledger/*", ""),
    ("s3:GetObject", "${Bucket.Arn}/runs/*", ""),
    ("s3:PutObject", "${Bucket.Arn}/state/due.json", ""),
    ("s3:PutObject", "${Bucket.Arn}/state/waiting.json", ""),
    ("s3:PutObject", "${Bucket.Arn}/state/quota.json", ""),
    ("s3:PutObject", "${Bucket.Arn}/state/token-lease.json", ""),
    ("s3:PutObject", "${Bucket.Arn}/runs/*", ""),
    ("s3:DeleteObject", "${Bucket.Arn}/state/token-lease.json", ""),
    ("s3:DeleteObject", "${Bucket.Arn}/runs/*", ""),
    ("s3:ListBucket", "${Bucket.Arn}", LIST_RUNS),
    ("sqs:ReceiveMessage", "${Queue.Arn}", ""),
    ("sqs:DeleteMessage", "${Queue.Arn}", ""),
    ("sqs:ChangeMessageVisibility", "${Queue.Arn}", ""),
    ("sqs:GetQueueAttributes", "${Queue.Arn}", ""),
    ("sqs:SendMessage", "${DeadLetters.Arn}", ""),
    ("secretsmanager:GetSecretValue", "${SecretArn}", ""),
    ("secretsmanager:PutSecretValue", "${SecretArn}", ""),
];

/// Poll settles and agrees; it has nothing to do with a queue.
const POLL: &[Permission] = &[
    ("logs:CreateLogStream", "${PollLogs.Arn}", ""),
    ("logs:PutLogEvents", "${PollLogs.Arn}", ""),
    ("s3:GetObject", "${Bucket.Arn}/config/sync.toml", ""),
    ("s3:GetObject", "${Bucket.Arn}/state/*", ""),
    ("s3:GetObject", "${Bucket.Arn}/runs/*", ""),
    ("s3:PutObject", "${Bucket.Arn}/state/*", ""),
    ("s3:PutObject", "${Bucket.Arn}/runs/*", ""),
    ("s3:DeleteObject", "${Bucket.Arn}/state/token-lease.json", ""),
    ("s3:DeleteObject", "${Bucket.Arn}/runs/*", ""),
    ("s3:ListBucket", "${Bucket.Arn}", LIST_RUNS_AND_LEDGER),
    ("secretsmanager:GetSecretValue", "${SecretArn}", ""),
    ("secretsmanager:PutSecretValue", "${SecretArn}", ""),
];

const SCHEDULER: &[Permission] =
    &[("lambda:InvokeFunction", "${Export.Arn}", ""), ("lambda:InvokeFunction", "${Poll.Arn}", "")];

/// Every role of the stack, and who may put it on.
const ROLES: &[(&str, &str, &[Permission])] = &[
    ("ExportRole", "lambda.amazonaws.com", EXPORT),
    ("UploadRole", "lambda.amazonaws.com", UPLOAD),
    ("PollRole", "lambda.amazonaws.com", POLL),
    ("SchedulerRole", "scheduler.amazonaws.com", SCHEDULER),
];

/// What a role of the template allows, one action on one thing at a time.
fn allowed(role: &Value, problems: &mut Vec<String>) -> BTreeSet<(String, String, String)> {
    let mut permissions = BTreeSet::new();
    let policies = role["Policies"].as_array().into_iter().flatten();
    let statements = policies.flat_map(|policy| several(&policy["PolicyDocument"]["Statement"]));
    for statement in statements {
        if statement["Effect"] != "Allow" {
            problems.push(format!("a statement that does not allow: {statement}"));
        }
        if statement.get("NotAction").is_some() || statement.get("NotResource").is_some() {
            problems.push(format!("a statement by exclusion: {statement}"));
        }
        let condition = statement.get("Condition").map(ToString::to_string).unwrap_or_default();
        for action in several(&statement["Action"]) {
            for resource in several(&statement["Resource"]) {
                permissions.insert((said(action), said(resource), condition.clone()));
            }
        }
    }
    permissions
}

/// Everything about the roles that is not as the tables say.
fn problems_of_policies(template: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let known: BTreeSet<_> = ROLES.iter().map(|(name, ..)| *name).collect();
    let there: BTreeSet<_> =
        of_type(template, "AWS::IAM::Role").into_iter().map(|(name, _)| name).collect();
    if known != there {
        problems.push(format!("the roles are {there:?}"));
    }
    for kind in ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"] {
        problems.extend(of_type(template, kind).iter().map(|(name, _)| format!("{name} is apart")));
    }
    for (name, service, expected) in ROLES {
        let role = properties(template, name);
        if role.get("ManagedPolicyArns").is_some() {
            problems.push(format!("{name} borrows managed policies"));
        }
        let trust = &role["AssumeRolePolicyDocument"]["Statement"];
        if several(trust).len() != 1 || trust[0]["Principal"] != json!({ "Service": service }) {
            problems.push(format!("{name} trusts {trust}"));
        }
        let allowed = allowed(role, &mut problems);
        for (action, resource, _) in &allowed {
            if action.contains('*') || resource == "*" || resource.starts_with("arn:") {
                problems.push(format!("{name} may {action} on {resource}, which is too wide"));
            }
        }
        let expected: BTreeSet<_> = expected
            .iter()
            .map(|(action, resource, condition)| {
                ((*action).to_owned(), (*resource).to_owned(), (*condition).to_owned())
            })
            .collect();
        for (action, resource, condition) in allowed.difference(&expected) {
            problems.push(format!("{name} may {action} on {resource} {condition}"));
        }
        for (action, resource, condition) in expected.difference(&allowed) {
            problems.push(format!("{name} may not {action} on {resource} {condition}"));
        }
    }
    for (name, function) in of_type(template, "AWS::Serverless::Function") {
        let function = &function["Properties"];
        if said(&function["Role"]) != format!("${{{name}Role.Arn}}") {
            problems.push(format!("{name} does not wear its own role"));
        }
        if function.get("Policies").is_some() {
            problems.push(format!("{name} has policies beside its role"));
        }
    }
    problems
}

#[test]
fn every_role_may_do_exactly_what_its_table_says() {
    assert_eq!(problems_of_policies(&template()), Vec::<String>::new());
}

#[test]
fn a_policy_that_is_wider_narrower_or_elsewhere_is_caught() {
    let of = |pointer: &str, value: Value| problems_of_policies(&with(pointer, value));
    let announce = statement("ExportRole", "Announce");
    assert_eq!(
        of(&format!("{announce}/Action"), json!("sqs:*")),
        [
            "ExportRole may sqs:* on ${Queue.Arn}, which is too wide",
            "ExportRole may sqs:* on ${Queue.Arn} ",
            "ExportRole may not sqs:SendMessage on ${Queue.Arn} ",
        ]
    );
    assert_eq!(
        of(&format!("{announce}/Action"), json!(["sqs:SendMessage", "sqs:PurgeQueue"])),
        ["ExportRole may sqs:PurgeQueue on ${Queue.Arn} "]
    );
    assert_eq!(
        of(&format!("{announce}/Resource"), json!("*")),
        [
            "ExportRole may sqs:SendMessage on *, which is too wide",
            "ExportRole may sqs:SendMessage on * ",
            "ExportRole may not sqs:SendMessage on ${Queue.Arn} ",
        ]
    );
    let list = statement("UploadRole", "ListOrLearnThatThereIsNone");
    assert_eq!(of(&format!("{list}/Condition"), json!({})).len(), 2);
    let writes = statement("UploadRole", "WriteClaimsWhoIsDueAndTheTokenLease");
    assert_eq!(
        of(&format!("{writes}/Resource/0"), json!({ "Fn::Sub": "${Bucket.Arn}/state/*" })),
        [
            "UploadRole may s3:PutObject on ${Bucket.Arn}/state/* ",
            "UploadRole may not s3:PutObject on ${Bucket.Arn}/state/due.json ",
        ]
    );
    assert_eq!(
        of("/Resources/Poll/Properties/Role", json!({ "Fn::GetAtt": ["UploadRole", "Arn"] })),
        ["Poll does not wear its own role"]
    );
    let trust = "/Resources/PollRole/Properties/AssumeRolePolicyDocument/Statement/0/Principal";
    assert_eq!(of(trust, json!("*")).len(), 1);
}
