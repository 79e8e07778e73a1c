//! Whatever comes through a door, nothing panics, nothing leaks, and what is taken means what it says.

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use sandbox::doors::DOORS;

/// Knocks at each door.
const KNOCKS: u32 = 4_000;
/// Mutations of a sample at most.
const MUTATIONS_MAX: usize = 12;

/// The samples of a door, which are the fuzzer's corpus too.
fn samples(door: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(door);
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// What is done to a sample at a place.
#[derive(Debug, Clone)]
enum Mutation {
    Put(usize, u8),
    Insert(usize, u8),
    Drop(usize, usize),
    Double(usize, usize),
    Word(usize, &'static str),
}

/// Words that mean something to somebody.
const WORDS: [&str; 16] = [
    "&amp;",
    "&#0;",
    "\"",
    "\\u0000",
    "null",
    "-1",
    "1e999",
    "\r\n",
    "€",
    "ﬀ",
    "a\u{301}",
    "{",
    "[",
    "2026-02-30",
    "ann@example.com",
    "\u{feff}",
];

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let place = 0usize..4_096;
    let one = prop_oneof![
        (place.clone(), any::<u8>()).prop_map(|(at, byte)| Mutation::Put(at, byte)),
        (place.clone(), any::<u8>()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        (place.clone(), 1usize..64).prop_map(|(at, count)| Mutation::Drop(at, count)),
        (place.clone(), 1usize..64).prop_map(|(at, count)| Mutation::Double(at, count)),
        (place, prop::sample::select(&WORDS[..])).prop_map(|(at, word)| Mutation::Word(at, word)),
    ];
    prop::collection::vec(one, 0..MUTATIONS_MAX)
}

fn mutated(mut bytes: Vec<u8>, mutations: &[Mutation]) -> Vec<u8> {
    for mutation in mutations {
        let length = bytes.len();
        let place = |at: usize| if length == 0 { 0 } else { at % length };
        match *mutation {
            Mutation::Put(at, byte) if length > 0 => bytes[place(at)] = byte,
            Mutation::Put(_, byte) => bytes.push(byte),
            Mutation::Insert(at, byte) => bytes.insert(place(at), byte),
            Mutation::Drop(at, count) => {
                let at = place(at);
                bytes.drain(at..(at + count).min(length));
            }
            Mutation::Double(at, count) => {
                let at = place(at);
                let part = bytes[at..(at + count).min(length)].to_vec();
                bytes.splice(at..at, part);
            }
            Mutation::Word(at, word) => {
                let at = place(at);
                bytes.splice(at..at, word.bytes());
            }
        }
    }
    bytes
}

#[test]
fn nothing_that_comes_through_a_door_panics_leaks_or_changes_its_meaning() {
    for door in DOORS {
        let samples = samples(door.name);
        assert!(!samples.is_empty(), "{} has no samples", door.name);
        for sample in &samples {
            (door.knock)(sample);
        }
        let config = Config {
            cases: KNOCKS,
            failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
            ..Config::default()
        };
        let strategy = (prop::sample::select(samples), mutations());
        let knock = |(sample, mutations): (Vec<u8>, Vec<Mutation>)| {
            (door.knock)(&mutated(sample, &mutations));
            Ok(())
        };
        let knocked = TestRunner::new(config).run(&strategy, knock);
        assert!(knocked.is_ok(), "{}: {}", door.name, knocked.unwrap_err());
    }
}

#[test]
fn every_door_has_a_fuzz_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for door in DOORS {
        let target = folder.join("fuzz_targets").join(format!("{}.rs", door.name));
        let text = std::fs::read_to_string(target).unwrap();
        assert!(text.contains(&format!("knock(\"{}\"", door.name)), "{}", door.name);
        assert!(manifest.contains(&format!("name = \"{}\"", door.name)), "{}", door.name);
    }
}
