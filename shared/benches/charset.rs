//! What converting to ISO-8859-1 costs, against copying the same values.
//!
//! ```text
//! cargo bench -p shared --bench charset
//! ```
//!
//! Ratios tell more than bytes a second, which depend on the machine and on who else is using it: copying and converting
//! take turns, and the ratio of each round is taken. No harness prints that, so this is a program of its own.
#![expect(clippy::print_stdout, reason = "a bench is for reading")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use shared::domain::Charset;
use shared::domain::charset::Outcome;

const ROUNDS: usize = 41;
/// How much text each round goes through at the least.
const ROUND_BYTES: usize = 4 << 20;
/// A custom field holds no more; most texts are far shorter.
const LONG_BYTES: usize = 2_000;

const ASCII: &[&str] = &[
    "Anna",
    "Smith",
    "Peter",
    "van der Berg",
    "221B Baker Street",
    "London",
    "New York",
    "Flat 12, 48 Rosewood Avenue",
    "Mr",
    "Marketing Manager",
    "Acme Widgets Inc.",
    "gold",
    "1987-04-23",
];

const WESTERN: &[&str] = &[
    "Jürgen",
    "Groß",
    "François",
    "Lefèvre",
    "Núñez Ibáñez",
    "Königsallee 48",
    "Düsseldorf",
    "Rua da Conceição 12, 3º Dto",
    "São Paulo",
    "Ægisdóttir",
    "Åkerström",
    "Directeur général",
    "Zoë",
];

const MIXED: &[&str] = &[
    "Anna",
    "Łukasz",
    "Wiśniewski",
    "Jürgen",
    "Παπαδόπουλος",
    "Щербакова",
    "Nguyễn Thị Ánh",
    "Smith",
    "O’Connor",
    "221B Baker Street",
    "Ștefan",
    "李明",
    "ul. Świętokrzyska 14 – m. 3",
    "Ann 👩‍🚀",
];

struct Case {
    name: &'static str,
    values: Vec<String>,
    /// How many times as long as a copy it may take, where that was promised.
    aim: Option<f64>,
}

/// The same words as many short values, and as a few long ones.
fn cases() -> Vec<Case> {
    [("ASCII", ASCII, Some(4.0)), ("Western European", WESTERN, Some(10.0)), ("mixed", MIXED, None)]
        .into_iter()
        .flat_map(|(name, words, aim)| {
            let short = words.iter().map(ToString::to_string).collect();
            let mut long = String::new();
            while long.len() < LONG_BYTES {
                long.push_str(&words.join(" "));
                long.push(' ');
            }
            [Case { name, values: short, aim }, Case { name, values: vec![long; 4], aim }]
        })
        .collect()
}

fn timed(values: &[String], times: usize, mut visit: impl FnMut(&str)) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        for value in values {
            visit(black_box(value));
        }
    }
    start.elapsed()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn measure(case: &Case) -> (f64, f64, f64) {
    let bytes: usize = case.values.iter().map(String::len).sum();
    let times = ROUND_BYTES.div_ceil(bytes);
    let mut buffer = String::with_capacity(bytes);
    let mut losses = 0_usize;
    let mut rounds: Vec<(f64, f64)> = Vec::new();
    for _ in 0..ROUNDS {
        let copy = timed(&case.values, times, |value| {
            buffer.clear();
            buffer.push_str(value);
            black_box(&buffer);
        });
        let convert = timed(&case.values, times, |value| {
            let outcome = Charset::LATIN_1.convert(value, &mut |_| losses += 1);
            assert!(matches!(black_box(outcome), Outcome::Fits(_)));
        });
        rounds.push((copy.as_secs_f64(), convert.as_secs_f64()));
    }
    black_box(losses);
    let megabytes = megabytes(bytes * times);
    (
        megabytes / median(rounds.iter().map(|round| round.0).collect()),
        megabytes / median(rounds.iter().map(|round| round.1).collect()),
        median(rounds.iter().map(|(copy, convert)| convert / copy).collect()),
    )
}

#[expect(clippy::cast_precision_loss, reason = "rounded to whole megabytes a second")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

fn main() {
    println!(
        "{:<18}{:>7}{:>14}{:>14}{:>8}{:>6}",
        "text", "bytes", "copy MB/s", "convert MB/s", "ratio", "aim"
    );
    for case in cases() {
        let (copy, convert, ratio) = measure(&case);
        let bytes = case.values.iter().map(String::len).sum::<usize>() / case.values.len();
        let aim = case.aim.map_or_else(String::new, |aim| format!("{aim:.0}"));
        println!("{:<18}{bytes:>7}{copy:>14.0}{convert:>14.0}{ratio:>8.2}{aim:>6}", case.name);
    }
}
