//! Who may import whom: the table of the house, rule by rule, and a planted violation of each.

use super::scan::{mentions, words};

/// A file of ours and the module that it is.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Where it is, from the top of the workspace.
    pub(crate) file: String,
    /// What it says.
    pub(crate) text: String,
}

const FUNCTIONS: [&str; 3] = ["export", "upload", "poll"];

/// What a module of `shared` may name of `shared` (`defects` is a constant in every build that is deployed); a module that is not here may name everything.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    // 1
    ("domain", &["domain", "defects"]),
    // 2
    ("gigya", &["domain", "http", "gigya", "defects"]),
    ("constant_contact", &["domain", "http", "constant_contact", "defects"]),
    // 4
    ("store", STORES),
    ("queue", STORES),
    ("secrets", STORES),
    ("notices", STORES),
];

/// What keeps things knows the domain, its own kind, the one place that waits, and the invocation that holds a claim; and
/// no vendor.
const STORES: &[&str] =
    &["domain", "store", "queue", "secrets", "notices", "aws", "http", "invocation"];

/// What the pure core may not even reach for outside: other crates by name, parts of `std` by path.
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "tracing",
    "futures_util",
    "aws_config",
    "aws_sdk_s3",
    "aws_sdk_sqs",
    "aws_sdk_secretsmanager",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// 5: what ends like this is named in one module only.
const ONE_PLACE: &[(&[&str], &str)] = &[
    (&["env::var", "env::vars", "env::var_os", "env::vars_os"], "shared::settings"),
    (&["Timestamp::now", "Zoned::now", "SystemTime::now"], "shared::invocation"),
    (
        &[
            "time::sleep",
            "time::sleep_until",
            "time::interval",
            "time::interval_at",
            "thread::sleep",
        ],
        "shared::http::call",
    ),
];

/// 7: what starts and frames a program.
const FRAMES: [&str; 4] = ["lambda_runtime", "aws_lambda_events", "clap", "anyhow"];

/// The module that a file is: `shared/src/http/call.rs` is `shared::http::call`.
fn module(file: &str) -> Vec<String> {
    let path = file.strip_suffix(".rs").unwrap_or(file);
    let (home, inside) = path.split_once("/src/").unwrap_or(("it", path));
    let home = match home.rsplit('/').next() {
        Some("tests") => "sandbox",
        Some(name) => name,
        None => home,
    };
    let inside = inside.split('/').filter(|name| !matches!(*name, "mod" | "lib" | "main"));
    std::iter::once(home).chain(inside).map(ToOwned::to_owned).collect()
}

fn is_in(module: &str, parent: &str) -> bool {
    module.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Everything that a file does against the table, as `file:line: what`.
pub(crate) fn violations(source: &Source) -> Vec<String> {
    let module = module(&source.file);
    let here = module.join("::");
    let home = module[0].as_str();
    let is_sandbox = source.file.starts_with("tests/");
    let mut found = Vec::new();
    let mut report =
        |line: usize, what: String| found.push(format!("{}:{line}: {what}", source.file));

    for mention in mentions(&source.text, &module) {
        let whole = mention.path.join("::");
        let mut report = |rule: &str| report(mention.line, format!("{rule}: {whole}"));
        let first = mention.path[0].as_str();

        let part = module.get(1).filter(|_| home == "shared");
        let rule = MAY_IMPORT.iter().find(|(name, _)| part.is_some_and(|part| part == name));
        if let (Some((name, may)), "shared", Some(theirs)) = (rule, first, mention.path.get(1))
            && !may.contains(&theirs.as_str())
        {
            report(&format!("{name} must not know it"));
        }
        if is_in(&here, "shared::domain") && IMPURE.iter().any(|impure| is_in(&whole, impure)) {
            report("the core is pure");
        }
        let wire = mention.path.iter().position(|name| name == "wire");
        if let (Some(wire), "shared") = (wire, first)
            && !is_in(&here, &mention.path[..wire].join("::"))
        {
            report("wire types stay with their client");
        }
        for (ends, place) in ONE_PLACE {
            let ends = ends.iter().any(|end| whole == *end || whole.ends_with(&format!("::{end}")));
            if ends && !is_sandbox && !is_in(&here, place) {
                report(&format!("belongs in {place}"));
            }
        }
        let functions_may = ["operator", "sandbox", "it"];
        if FUNCTIONS.contains(&first) && first != home && !functions_may.contains(&home) {
            report("functions meet in the bucket and on the queue");
        }
        let framed = if is_sandbox { &FRAMES[..1] } else { &FRAMES };
        if (home == "shared" || is_sandbox) && framed.contains(&first) {
            report("only programs name it");
        }
        if first == "sandbox" && !is_sandbox {
            report("nothing imports the sandbox");
        }
    }

    let words = words(&source.text);
    if is_in(&here, "shared::domain") {
        for (_, line) in words.iter().filter(|(word, _)| word == "async") {
            report(*line, "the core waits for nothing: async".to_owned());
        }
    }
    if home == "shared" {
        for three in words.windows(3) {
            let [(publicly, line), (what, _), (name, _)] = three else { continue };
            if publicly == "pub" && (what == "mod" || what == "use") && name == "wire" {
                report(*line, "wire types stay with their client: pub".to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(file: &str, text: &str) -> Vec<String> {
        violations(&Source { file: file.to_owned(), text: text.to_owned() })
    }

    #[test]
    fn a_file_is_the_module_that_its_path_says() {
        for (file, expected) in [
            ("shared/src/lib.rs", "shared"),
            ("shared/src/http/mod.rs", "shared::http"),
            ("shared/src/constant_contact/v3/wire.rs", "shared::constant_contact::v3::wire"),
            ("functions/poll/src/settle.rs", "poll::settle"),
            ("infra/operator/src/main.rs", "operator"),
            ("tests/src/aws/s3.rs", "sandbox::aws::s3"),
        ] {
            assert_eq!(module(file).join("::"), expected);
        }
    }

    #[test]
    fn a_planted_violation_of_every_rule_is_caught() {
        for (file, text, expected) in [
            (
                "shared/src/domain/plan.rs",
                "use crate::store::Bucket;",
                "domain must not know it: shared::store::Bucket",
            ),
            (
                "shared/src/domain/plan.rs",
                "use super::super::{http::Pace};",
                "domain must not know it: shared::http::Pace",
            ),
            (
                "shared/src/domain/plan.rs",
                "async fn plan() {}",
                "the core waits for nothing: async",
            ),
            (
                "shared/src/domain/plan.rs",
                "fn f() { std::fs::read(p); }",
                "the core is pure: std::fs::read",
            ),
            (
                "shared/src/gigya/search.rs",
                "use crate::constant_contact::v3;",
                "gigya must not know it: shared::constant_contact::v3",
            ),
            (
                "shared/src/constant_contact/v3/lists.rs",
                "fn f() { crate::settings::g() }",
                "constant_contact must not know it: shared::settings::g",
            ),
            ("shared/src/gigya/mod.rs", "pub mod wire;", "wire types stay with their client: pub"),
            (
                "functions/poll/src/carry.rs",
                "use shared::gigya::wire::Page;",
                "wire types stay with their client: shared::gigya::wire::Page",
            ),
            (
                "shared/src/store/keys.rs",
                "use crate::gigya::Gigya;",
                "store must not know it: shared::gigya::Gigya",
            ),
            (
                "shared/src/queue.rs",
                "mod tests { use super::super::gigya; }",
                "queue must not know it: shared::gigya",
            ),
            (
                "functions/export/src/read.rs",
                "use std::env; fn f() { env::var(n); }",
                "belongs in shared::settings: env::var",
            ),
            (
                "shared/src/gigya/sign.rs",
                "let now = jiff::Timestamp::now();",
                "belongs in shared::invocation: jiff::Timestamp::now",
            ),
            (
                "functions/poll/src/settle.rs",
                "tokio::time::sleep(a).await;",
                "belongs in shared::http::call: tokio::time::sleep",
            ),
            (
                "functions/export/src/run.rs",
                "use upload::submit;",
                "functions meet in the bucket and on the queue: upload::submit",
            ),
            (
                "shared/src/telemetry.rs",
                "use anyhow::Context;",
                "only programs name it: anyhow::Context",
            ),
            (
                "tests/src/aws/mod.rs",
                "use lambda_runtime::service_fn;",
                "only programs name it: lambda_runtime::service_fn",
            ),
            (
                "infra/operator/src/main.rs",
                "use sandbox::people;",
                "nothing imports the sandbox: sandbox::people",
            ),
        ] {
            assert_eq!(of(file, text), [format!("{file}:1: {expected}")], "{text}");
        }
    }

    #[test]
    fn what_the_table_allows_passes() {
        for (file, text) in [
            (
                "shared/src/domain/plan.rs",
                "use super::account::Account; use crate::domain::Uid; use std::fmt;",
            ),
            (
                "shared/src/gigya/search.rs",
                "use super::wire::Page; use crate::http::Caller; use crate::domain::Uid;",
            ),
            ("shared/src/settings/env.rs", "let a = std::env::var(name);"),
            ("shared/src/invocation.rs", "Self::System => Timestamp::now(),"),
            ("shared/src/http/call.rs", "tokio::time::sleep_until(instant).await;"),
            (
                "functions/poll/src/main.rs",
                "poll::handle(services, event).await; use lambda_runtime::run;",
            ),
            ("infra/operator/src/run.rs", "use export::handle; use clap::Parser;"),
            (
                "tests/it/events.rs",
                "use sandbox::people; use aws_lambda_events::event::sqs; use upload::handle;",
            ),
        ] {
            assert_eq!(of(file, text), Vec::<String>::new(), "{file}");
        }
    }
}
