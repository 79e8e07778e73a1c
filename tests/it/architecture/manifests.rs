//! What every crate of the workspace agrees to, and on whom it may depend.

use std::fs;

use toml::{Table, Value};

use crate::infra::template::{read, root};

/// Our own crates, and which of them each may depend on.
const MAY_DEPEND: &[(&str, &[&str])] = &[
    ("shared", &[]),
    ("functions/export", &["shared"]),
    ("functions/upload", &["shared"]),
    ("functions/poll", &["shared"]),
    ("infra/operator", &["shared", "export", "upload", "poll"]),
    ("tests", &["shared", "export", "upload", "poll", "operator"]),
];

const OURS: [&str; 6] = ["shared", "export", "upload", "poll", "operator", "sandbox"];

/// What only programs may depend on (rule 7), and who is none.
const FRAMES: [&str; 4] = ["lambda_runtime", "aws_lambda_events", "clap", "anyhow"];

const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// Dependencies of every kind, those of single targets included.
fn dependencies(manifest: &Table) -> Vec<(&String, &Value)> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets.into_iter().flatten().filter_map(|(_, target)| target.as_table());
    std::iter::once(manifest)
        .chain(targets)
        .flat_map(|table| SECTIONS.iter().filter_map(|section| table.get(*section)))
        .filter_map(Value::as_table)
        .flatten()
        .collect()
}

fn is_of_workspace(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
}

/// Everything about a manifest that is not as agreed.
fn problems(member: &str, manifest: &Table, may: &[&str]) -> Vec<String> {
    let mut problems = Vec::new();
    if !is_of_workspace(manifest.get("lints")) {
        problems.push(format!("{member} has its own lints"));
    }
    for key in ["version", "edition", "rust-version", "license", "publish"] {
        if !is_of_workspace(manifest["package"].get(key)) {
            problems.push(format!("{member} has its own {key}"));
        }
    }
    for (name, dependency) in dependencies(manifest) {
        if !is_of_workspace(Some(dependency)) {
            problems.push(format!("{member} has its own version of {name}"));
        }
        if OURS.contains(&name.as_str()) && !may.contains(&name.as_str()) {
            problems.push(format!("{member} depends on {name}"));
        }
        if member == "shared" && FRAMES.contains(&name.as_str()) {
            problems.push(format!("{member} depends on {name}, which is for programs"));
        }
    }
    problems
}

#[test]
fn every_crate_takes_its_lints_and_versions_from_the_workspace() {
    let found: Vec<_> = MAY_DEPEND
        .iter()
        .flat_map(|(member, may)| {
            let manifest: Table = read(&format!("{member}/Cargo.toml")).parse().unwrap();
            problems(member, &manifest, may)
        })
        .collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn every_function_is_in_the_table() {
    let mut members: Vec<_> = fs::read_dir(root().join("functions"))
        .unwrap()
        .map(|entry| format!("functions/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    members.sort();
    assert_eq!(members, ["functions/export", "functions/poll", "functions/upload"]);
}

#[test]
fn a_manifest_that_goes_its_own_way_is_caught() {
    let manifest: Table = r#"
        [package]
        name = "shared"
        version = "9.9.9"
        edition.workspace = true
        rust-version.workspace = true
        license.workspace = true
        publish.workspace = true
        [dependencies]
        serde = "1"
        upload.workspace = true
        [dev-dependencies]
        clap = { workspace = true, features = ["derive"] }
        [target.'cfg(unix)'.dependencies]
        tokio = { path = "elsewhere" }
    "#
    .parse()
    .unwrap();
    assert_eq!(
        problems("shared", &manifest, &[]),
        [
            "shared has its own lints",
            "shared has its own version",
            "shared has its own version of serde",
            "shared depends on upload",
            "shared depends on clap, which is for programs",
            "shared has its own version of tokio",
        ]
    );
}
