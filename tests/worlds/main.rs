//! The engine simulation: small worlds by the seed, in which everything goes wrong (`sandbox::simulation` says how).

use sandbox::simulation::defects::{live_with, read_page};
use sandbox::simulation::{Check, Fault, Faults, Scenario, command, live, live_as};
use shared::defects::Defect;

/// As many worlds as a test run has the time for: less than five minutes on two cores. `cargo sandbox simulate` lives any
/// number.
const SEEDS: u64 = 2_000;
/// What `cargo sandbox defects --write` found.
const DEFECTS: &str = include_str!("../docs/defects.md");
/// Worlds that are lived twice.
const TWICE: u64 = 6;

#[test]
fn whatever_goes_wrong_nobody_is_lost_or_mailed_against_their_will_and_both_sides_agree_afterwards()
{
    let summary = command::simulate(0, SEEDS, 3, |_| ());
    assert!(summary.failures.is_empty(), "{summary}");
    assert_eq!(summary.seeds, SEEDS);
    assert!(summary.injected.len() > 25 && summary.happened.len() > 15, "{summary}");
    let unlooked = Check::ALL.iter().filter(|check| !summary.looked.contains_key(check));
    assert_eq!(unlooked.collect::<Vec<_>>(), [&Check::SameTrace; 0], "{summary}");
}

#[test]
fn every_defect_that_is_put_back_breaks_the_promise_that_the_documentation_names() {
    let findings = read_page(DEFECTS);
    let listed: Vec<Defect> = findings.iter().map(|(defect, _, _)| *defect).collect();
    assert_eq!(listed, Defect::ALL, "cargo sandbox defects --write");
    for (defect, seed, check) in findings {
        let violation = live_with(Some(defect), seed, false).violation;
        let broken = violation.map(|violation| violation.check);
        assert_eq!(broken, Some(check), "{defect} in world {seed}: cargo sandbox defects --write");
        assert_eq!(
            live_with(None, seed, false).violation,
            None,
            "without it, world {seed} is good"
        );
    }
}

#[test]
fn the_same_seed_leaves_the_same_trace_and_another_seed_another_one() {
    let mut traces = std::collections::BTreeSet::new();
    for seed in 0..TWICE {
        let first = live_as(seed, &Scenario::of(seed), true);
        let second = live_as(seed, &Scenario::of(seed), true);
        let differing = first.lines.iter().zip(&second.lines).find(|(one, two)| one != two);
        assert_eq!(differing, None, "seed {seed}");
        assert_eq!(first.trace, second.trace, "seed {seed}");
        assert_eq!(first.trace, live(seed).trace, "seed {seed}, without its lines");
        traces.insert(first.trace);
    }
    assert_eq!(traces.len() as u64, TWICE);
}

#[test]
fn a_fault_that_is_scripted_happens_so_often_and_no_other_does() {
    let faults = Faults::none().scripted(Fault::Killed, 3).scripted(Fault::GigyaHtml, 2);
    let outcome = live_as(1, &Scenario::of(1).with_faults(faults), false);
    assert_eq!(outcome.violation, None);
    // A spell begins with the script anew.
    let spells = u64::from(Scenario::of(1).spells);
    let expected = [(Fault::Killed, 3 * spells), (Fault::GigyaHtml, 2 * spells)];
    assert_eq!(outcome.injected.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_fault_that_is_certain_happens_at_every_chance() {
    let faults = Faults::none().with(Fault::ScheduledTwice, 10_000);
    let scenario = Scenario::of(2).with_faults(faults);
    let outcome = live_as(2, &scenario, false);
    assert_eq!(outcome.violation, None);
    let days = u64::from(scenario.days * scenario.spells);
    assert_eq!(outcome.injected.into_iter().collect::<Vec<_>>(), [(Fault::ScheduledTwice, days)]);
}
