//! Each function is given exactly the variables that it asks for, with what they mean: the code itself is asked.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use shared::settings::SettingsError;
use shared::settings::env::Environment;

use super::template::{of_type, properties, said, template, with};
use super::{FUNCTIONS, customers, none};

/// What each variable is to be. Which function asks for which of them, and which it can do without, the code knows.
const MEANINGS: [(&str, &str); 6] = [
    ("BUCKET", "${Bucket}"),
    ("CUSTOMER", "${Customer}"),
    ("DEAD_LETTER_QUEUE_URL", "${DeadLetters}"),
    ("QUEUE_URL", "${Queue}"),
    ("SECRET_ID", "${SecretArn}"),
    ("TOPIC_ARN", "${Topic}"),
];

/// What a function can do without.
const OPTIONAL: [&str; 1] = ["TOPIC_ARN"];

/// The stack of the example.
const STACK: &str = "acme-gigya-cc";

/// A function's variables, each as the template says it.
fn variables(template: &Value, function: &str) -> BTreeMap<String, String> {
    let variables = properties(template, function)["Environment"]["Variables"].as_object();
    let said = |(name, value): (&String, &Value)| (name.clone(), said(value));
    variables.into_iter().flatten().map(said).collect()
}

/// What becomes of a value when the stack of the example is deployed.
fn deployed(template: &Value, value: &str) -> String {
    let queue = |name: &str| {
        let name =
            said(&properties(template, name)["QueueName"]).replace("${AWS::StackName}", STACK);
        format!("https://sqs.eu-central-1.amazonaws.com/111122223333/{name}")
    };
    match value {
        "${Bucket}" => format!("{STACK}-bucket-1a2b3c4d5e6f"),
        "${Queue}" => queue("Queue"),
        "${DeadLetters}" => queue("DeadLetters"),
        "${Topic}" => format!("arn:aws:sns:eu-central-1:111122223333:{STACK}-Topic-1A2B3C4D5E6F"),
        other => {
            let parameter = other.strip_prefix("${").and_then(|name| name.strip_suffix('}'));
            let given = parameter.and_then(|name| customers::parameters().get(name).cloned());
            given.unwrap_or_else(|| other.to_owned())
        }
    }
}

/// Lets a function read its environment. Answers what it asked for, too.
fn read(
    function: &str,
    variables: &BTreeMap<String, String>,
) -> (Result<(), SettingsError>, BTreeSet<String>) {
    let asked = RefCell::new(BTreeSet::new());
    let environment = Environment::from_lookup(|name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        variables.get(name).cloned()
    });
    let outcome = match function {
        "Export" => environment.for_export().map(drop),
        "Upload" => environment.for_upload().map(drop),
        "Poll" => environment.for_poll().map(drop),
        other => panic!("{other} is none of the functions"),
    };
    (outcome, asked.into_inner())
}

fn problems_of_environments(template: &Value) -> Vec<String> {
    let mut problems = none();
    let functions = of_type(template, "AWS::Serverless::Function");
    let names: BTreeSet<_> = functions.iter().map(|(name, _)| *name).collect();
    if names != BTreeSet::from(FUNCTIONS) {
        problems.push(format!("the functions are {names:?}"));
    }
    if !template["Globals"]["Function"]["Environment"].is_null() {
        problems.push("variables are set for all functions at once".to_owned());
    }
    for function in FUNCTIONS {
        problems.extend(problems_of_environment(template, function));
    }
    problems
}

fn problems_of_environment(template: &Value, function: &str) -> Vec<String> {
    let mut problems = none();
    let said = variables(template, function);
    for (name, value) in &said {
        let meaning = MEANINGS.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
        if meaning.is_some_and(|meaning| meaning != value) {
            problems.push(format!("{function}: {name} is {value}"));
        }
    }
    let given = said.iter().map(|(name, value)| (name.clone(), deployed(template, value)));
    let given: BTreeMap<_, _> = given.collect();
    let (outcome, asked) = read(function, &given);
    if let Err(error) = outcome {
        problems.push(format!("{function}: {error}"));
    }
    let named: BTreeSet<_> = given.into_keys().collect();
    for name in named.difference(&asked) {
        problems.push(format!("{function} does not read {name}"));
    }
    for name in asked.difference(&named).filter(|name| OPTIONAL.contains(&name.as_str())) {
        problems.push(format!("{function} is not given {name}"));
    }
    problems
}

#[test]
fn each_function_is_given_exactly_the_variables_it_reads() {
    assert_eq!(problems_of_environments(&template()), none());
}

#[test]
fn a_function_names_the_variable_that_it_misses_and_needs_all_but_the_topic() {
    let template = template();
    let mut spared = BTreeSet::new();
    for function in FUNCTIONS {
        let said = variables(&template, function).into_iter();
        let whole: BTreeMap<_, _> =
            said.map(|(name, value)| (name, deployed(&template, &value))).collect();
        for missing in whole.keys() {
            let mut variables = whole.clone();
            variables.remove(missing);
            match read(function, &variables).0 {
                Ok(()) => _ = spared.insert(missing.clone()),
                Err(error) => assert_eq!(
                    error.to_string(),
                    format!("1 setting is wrong:\n  - {missing} is not set"),
                    "{function}"
                ),
            }
        }
    }
    assert_eq!(spared, BTreeSet::from(OPTIONAL.map(ToOwned::to_owned)));
}

#[test]
fn a_variable_that_is_missing_misnamed_or_too_many_is_caught() {
    let variables =
        |function: &str| format!("/Resources/{function}/Properties/Environment/Variables");
    for (changed, expected) in [
        (
            with(&format!("{}/QUEUE_URL", variables("Export")), json!({ "Ref": "DeadLetters" })),
            &["Export: QUEUE_URL is ${DeadLetters}"][..],
        ),
        (
            with(&format!("{}/SECRET_ID", variables("Upload")), json!("the secret itself")),
            &["Upload: SECRET_ID is the secret itself"],
        ),
        (
            with("/Globals/Function", json!({ "Environment": { "Variables": { "TOKEN": "x" } } })),
            &["variables are set for all functions at once"],
        ),
        (
            with("/Resources/Queue/Properties/QueueName", json!("batches")),
            &[
                "Export: 1 setting is wrong:\n  - QUEUE_URL \"https://sqs.eu-central-1.amazonaws.com/111122223333/batches\" is no FIFO queue: its name must end in .fifo, or batches would overtake each other",
                "Upload: 1 setting is wrong:\n  - QUEUE_URL \"https://sqs.eu-central-1.amazonaws.com/111122223333/batches\" is no FIFO queue: its name must end in .fifo, or batches would overtake each other",
            ],
        ),
    ] {
        assert_eq!(problems_of_environments(&changed), expected);
    }
    let of_poll = |change: fn(&mut Map<String, Value>)| {
        let mut changed = template();
        change(changed.pointer_mut(&variables("Poll")).unwrap().as_object_mut().unwrap());
        problems_of_environments(&changed)
    };
    assert_eq!(
        of_poll(|variables| _ = variables.remove("BUCKET")),
        ["Poll: 1 setting is wrong:\n  - BUCKET is not set"]
    );
    assert_eq!(
        of_poll(|variables| _ = variables.remove("TOPIC_ARN")),
        ["Poll is not given TOPIC_ARN"]
    );
    assert_eq!(
        of_poll(|variables| _ = variables.insert("QUEUE_URL".into(), json!({ "Ref": "Queue" }))),
        ["Poll does not read QUEUE_URL"]
    );
}
