//! Everything that was called, in one number: the same seed gives the same.

use std::fmt::Write as _;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// The trace of a world: a hash of all its lines, and the lines themselves if somebody wants to read them.
#[derive(Debug, Default)]
pub(super) struct Trace {
    hash: Sha256,
    lines: u64,
    kept: Option<Vec<String>>,
}

impl Trace {
    /// A trace that keeps its lines, or only their hash.
    pub(super) fn new(keeps_lines: bool) -> Self {
        Self { kept: keeps_lines.then(Vec::new), ..Self::default() }
    }

    pub(super) fn note(&mut self, at: Timestamp, line: &str) {
        let line = format!("{at:.3} {line}");
        self.hash.update(line.as_bytes());
        self.hash.update(b"\n");
        self.lines += 1;
        if let Some(kept) = &mut self.kept {
            kept.push(line);
        }
    }

    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    pub(super) fn kept(&mut self) -> Vec<String> {
        self.kept.take().unwrap_or_default()
    }

    /// The hash of everything so far, in hexadecimal digits.
    pub(super) fn digest(&self) -> String {
        hex(&self.hash.clone().finalize())
    }
}

/// A short fingerprint of a body.
pub(super) fn print_of(body: &[u8]) -> String {
    hex(&Sha256::digest(body)[..4])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}
