//! The house is as it was drawn: who imports whom, what stands at the top, and what every crate agrees to.

mod manifests;
mod rules;
mod scan;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use self::rules::{Source, violations};
use crate::infra::template::root;

/// Where our Rust is.
const HOMES: [&str; 4] = ["functions", "shared", "infra/operator", "tests"];

/// The longest file that still reads in one sitting (our own rule).
const LINES_MAX: usize = 500;

/// What may stand at the top beside dot-files.
const TOP: [&str; 9] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "events",
    "functions",
    "infra",
    "shared",
    "tests",
];

/// What cargo puts there.
const BUILT: &str = "target";

/// Every Rust file of ours.
fn sources() -> Vec<Source> {
    let top = root();
    let mut sources = Vec::new();
    for home in HOMES {
        collect(&top, &top.join(home), &mut sources);
    }
    sources
}

fn collect(top: &Path, folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with(BUILT) {
                collect(top, &path, sources);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let file = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            sources.push(Source { file, text: fs::read_to_string(&path).unwrap() });
        }
    }
}

#[test]
fn everybody_imports_only_whom_they_may() {
    let sources = sources();
    for home in HOMES {
        assert!(sources.iter().any(|source| source.file.starts_with(home)), "{home} was not read");
    }
    let found: Vec<_> = sources.iter().flat_map(violations).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_file_is_too_long_to_read() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|source| (source.text.lines().count(), source.file))
        .filter(|(lines, _)| *lines > LINES_MAX)
        .collect();
    assert_eq!(long, []);
}

#[test]
fn nothing_else_stands_at_the_top() {
    let found: BTreeSet<_> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.') && name != BUILT)
        .collect();
    let known: BTreeSet<_> = TOP.into_iter().map(ToOwned::to_owned).collect();
    assert_eq!(found.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new());
}
