//! The policies and the functions agree: what a function does is allowed, and what it is allowed it does.
//!
//! [`policies`](super::policies) says what a role is meant to do; here that is held against two days of the whole
//! product, call by call.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::needs::Need;
use super::template::{properties, said, several, statement, template, with};
use super::two_days::two_days;
use super::{FUNCTIONS, none};

/// What no call of the sandbox can show, and why it is allowed all the same.
const UNSEEN: [(&str, &str); 3] = [
    // Lambda writes a function's log in the function's name, from outside its process (Lambda developer guide,
    // "Working with Lambda function logs").
    ("logs:CreateLogStream", "Logs.Arn}"),
    ("logs:PutLogEvents", "Logs.Arn}"),
    // Lambda's poller asks it, and refuses to be set up without it (Lambda developer guide, "Using Lambda with Amazon
    // SQS", "Configuring execution role permissions").
    ("sqs:GetQueueAttributes", "${Queue.Arn}"),
];

/// One thing that a role may do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Grant {
    action: String,
    resource: String,
    /// Where a listing may look; it binds only requests that have a prefix.
    prefix: Option<String>,
}

impl Grant {
    fn covers(&self, need: &Need) -> bool {
        let is_under = match (&self.prefix, &need.prefix) {
            (Some(pattern), Some(prefix)) => fits(pattern, prefix),
            (Some(_), None) | (None, _) => true,
        };
        self.action == need.action && fits(&self.resource, &need.resource) && is_under
    }

    /// Whether the need is a reason for this grant. A read of one object is none for a place to look for objects.
    fn is_used_by(&self, need: &Need) -> bool {
        self.covers(need) && (self.prefix.is_none() || need.prefix.is_some())
    }

    fn is_unseen(&self) -> bool {
        UNSEEN.iter().any(|(action, of)| self.action == *action && self.resource.ends_with(of))
    }

    fn said(&self) -> String {
        let prefix = self.prefix.as_ref().map(|prefix| format!(" under {prefix}"));
        format!("{} on {}{}", self.action, self.resource, prefix.unwrap_or_default())
    }
}

/// Whether a text fits a pattern, in which `*` stands for anything (IAM user guide, "IAM JSON policy elements: Resource").
fn fits(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    ends.into_iter().any(|at| fits(rest, text.get(at..).unwrap_or_default()))
}

/// What the role of a function may do. What cannot be understood here grants nothing and is a problem.
fn grants(template: &Value, function: &str, problems: &mut Vec<String>) -> BTreeSet<Grant> {
    let role = properties(template, &format!("{function}Role"));
    let policies = role["Policies"].as_array().into_iter().flatten();
    let mut grants = BTreeSet::new();
    for statement in policies.flat_map(|policy| several(&policy["PolicyDocument"]["Statement"])) {
        let Some(prefixes) = prefixes(statement.get("Condition")) else {
            problems.push(format!("{function}: who meets {}?", statement["Condition"]));
            continue;
        };
        if statement["Effect"] != "Allow" {
            problems.push(format!("{function}: a statement does not allow"));
            continue;
        }
        for action in several(&statement["Action"]) {
            for resource in several(&statement["Resource"]) {
                let (action, resource) = (said(action), said(resource));
                grants.extend(prefixes.iter().map(|prefix| Grant {
                    action: action.clone(),
                    resource: resource.clone(),
                    prefix: prefix.clone(),
                }));
            }
        }
    }
    grants
}

/// Where a condition lets a listing look: anywhere without one, and not at all (`None`) if the condition is another.
fn prefixes(condition: Option<&Value>) -> Option<Vec<Option<String>>> {
    let Some(condition) = condition else { return Some(vec![None]) };
    let patterns = condition.pointer("/StringLikeIfExists/s3:prefix")?;
    let patterns: Vec<_> = several(patterns).into_iter().map(said).collect();
    let understood = json!({ "StringLikeIfExists": { "s3:prefix": patterns } });
    (*condition == understood).then(|| patterns.into_iter().map(Some).collect())
}

/// Everything in which the policies and what was done disagree.
fn problems_of_permissions(template: &Value, needs: &BTreeSet<Need>) -> Vec<String> {
    let mut problems = none();
    for function in FUNCTIONS {
        let grants = grants(template, function, &mut problems);
        let own = || needs.iter().filter(|need| need.function == function.to_lowercase());
        for need in own().filter(|need| !grants.iter().any(|grant| grant.covers(need))) {
            let Need { action, resource, prefix, .. } = need;
            let prefix = prefix.as_ref().map(|prefix| format!(" under {prefix}"));
            let prefix = prefix.unwrap_or_default();
            problems.push(format!("{function} needs {action} on {resource}{prefix}"));
        }
        for grant in grants.iter().filter(|grant| !grant.is_unseen()) {
            if !own().any(|need| grant.is_used_by(need)) {
                problems.push(format!("{function} never needs {}", grant.said()));
            }
        }
    }
    problems
}

#[tokio::test(start_paused = true)]
async fn each_function_may_do_what_it_does_and_nothing_else() {
    let needs = two_days().await;
    assert_eq!(problems_of_permissions(&template(), &needs), none());
    let of = |pointer: &str, value: Value| problems_of_permissions(&with(pointer, value), &needs);

    let announce = statement("ExportRole", "Announce");
    assert_eq!(
        of(&format!("{announce}/Action"), json!(["sqs:SendMessage", "sqs:PurgeQueue"])),
        ["Export never needs sqs:PurgeQueue on ${Queue.Arn}"]
    );
    let renew = statement("UploadRole", "ReadAndRenewTheSecret");
    assert_eq!(
        of(&format!("{renew}/Action"), json!("secretsmanager:GetSecretValue")),
        ["Upload needs secretsmanager:PutSecretValue on ${SecretArn}"]
    );
    let give_up = statement("UploadRole", "GiveUp");
    assert_eq!(
        of(&format!("{give_up}/Resource"), json!({ "Fn::GetAtt": ["Queue", "Arn"] })),
        [
            "Upload needs sqs:SendMessage on ${DeadLetters.Arn}",
            "Upload never needs sqs:SendMessage on ${Queue.Arn}",
        ]
    );
    let list = statement("PollRole", "ListOrLearnThatThereIsNone");
    let elsewhere =
        of(&format!("{list}/Condition/StringLikeIfExists/s3:prefix"), json!(["logs/*"]));
    assert!(elsewhere.iter().any(|problem| problem.contains("needs s3:ListBucket")));
    let strict = json!({ "StringLike": { "s3:prefix": ["runs/*"] } });
    let strict = of(&format!("{list}/Condition"), strict);
    assert!(strict.contains(&"Poll needs s3:ListBucket on ${Bucket.Arn}".to_owned()));
}

#[test]
fn nothing_is_excused_that_nobody_is_allowed() {
    let (template, mut problems) = (template(), none());
    let grants: Vec<_> = FUNCTIONS
        .iter()
        .flat_map(|function| grants(&template, function, &mut problems))
        .filter(Grant::is_unseen)
        .map(|grant| grant.action)
        .collect();
    assert_eq!(problems, none());
    for (action, _) in UNSEEN {
        assert!(grants.iter().any(|granted| granted == action), "{action}");
    }
}

#[test]
fn a_star_stands_for_anything() {
    for (pattern, text, fit) in [
        ("${Bucket.Arn}/runs/*", "${Bucket.Arn}/runs/a/run.json", true),
        ("${Bucket.Arn}/runs/*", "${Bucket.Arn}/run", false),
        ("${Bucket.Arn}/state/run.json", "${Bucket.Arn}/state/run.json", true),
        ("${Bucket.Arn}/state/run.json", "${Bucket.Arn}/state/run.json.old", false),
        ("a/*/b", "a/x/y/b", true),
        ("a/*/b", "a/x/y/c", false),
        ("*", "", true),
    ] {
        assert_eq!(fits(pattern, text), fit, "{pattern} {text}");
    }
}
