//! The schedules say what they mean: each input is read by the function that it wakes.

use std::collections::BTreeSet;

use export::Answer;
use sandbox::world::WorldOptions;
use serde_json::{Value, json};
use shared::domain::report::{Scope, Trigger};

use super::none;
use super::template::{of_type, properties, said, template, with};
use crate::trip::Trip;

/// What a schedule means to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Export(export::Ask),
    Poll(poll::Ask),
}

impl Meaning {
    /// A run that is remembered when it meets another, as only scheduled ones are.
    const fn run(scope: Scope) -> Self {
        Self::Export(export::Ask::Start { scope, dry_run: false, trigger: Trigger::Schedule })
    }

    fn function(self) -> &'static str {
        match self {
            Self::Export(_) => "${Export.Arn}",
            Self::Poll(_) => "${Poll.Arn}",
        }
    }

    /// What the function understands.
    fn read(self, input: Value) -> Result<Self, String> {
        match self {
            Self::Export(_) => {
                export::Ask::read(input).map(Self::Export).map_err(|error| error.to_string())
            }
            Self::Poll(_) => {
                poll::Ask::read(input).map(Self::Poll).map_err(|error| error.to_string())
            }
        }
    }
}

/// The triggers: resource, what it means, and when.
const SCHEDULES: [(&str, Meaning, &str); 5] = [
    ("ExportDelta", Meaning::run(Scope::Delta), "${DeltaSchedule}"),
    ("ExportFull", Meaning::run(Scope::Full), "${FullSchedule}"),
    ("ExportResume", Meaning::Export(export::Ask::Resume), "rate(5 minutes)"),
    ("PollSweep", Meaning::Poll(poll::Ask { sweep: true }), "${SweepSchedule}"),
    ("PollTick", Meaning::Poll(poll::Ask { sweep: false }), "rate(5 minutes)"),
];

fn input(template: &Value, schedule: &str) -> Value {
    let input = said(&properties(template, schedule)["Target"]["Input"]);
    serde_json::from_str(&input).unwrap_or(Value::Null)
}

fn problems_of_schedules(template: &Value) -> Vec<String> {
    let mut problems = none();
    let found = of_type(template, "AWS::Scheduler::Schedule");
    let names: BTreeSet<_> = found.iter().map(|(name, _)| *name).collect();
    if names != BTreeSet::from(SCHEDULES.map(|(name, ..)| name)) {
        problems.push(format!("the schedules are {names:?}"));
    }
    for (name, meaning, when) in SCHEDULES {
        let schedule = properties(template, name);
        let function = said(&schedule["Target"]["Arn"]);
        if function != meaning.function() {
            problems.push(format!("{name} wakes {function}"));
        }
        match meaning.read(input(template, name)) {
            Ok(read) if read == meaning => {}
            Ok(read) => problems.push(format!("{name} is read as {read:?}")),
            Err(problem) => problems.push(format!("{name}: {problem}")),
        }
        if said(&schedule["ScheduleExpression"]) != when {
            problems.push(format!("{name} comes at another time"));
        }
        if said(&schedule["State"]) != "${Schedules}" {
            problems.push(format!("{name} cannot be switched off"));
        }
    }
    problems
}

#[test]
fn the_schedules_say_what_they_mean() {
    assert_eq!(problems_of_schedules(&template()), none());
    let target = "/Resources/ExportDelta/Properties/Target";
    for (pointer, value, problem) in [
        (
            format!("{target}/Input"),
            json!(r#"{"scope":"delta"}"#),
            "ExportDelta is read as Export(Start { scope: Delta, dry_run: false, trigger: Request })",
        ),
        (
            format!("{target}/Arn"),
            json!({ "Fn::GetAtt": ["Poll", "Arn"] }),
            "ExportDelta wakes ${Poll.Arn}",
        ),
        (
            "/Resources/PollSweep/Properties/Target/Input".to_owned(),
            json!(r#"{"sweeep":true}"#),
            "PollSweep: the event is none that poll knows",
        ),
        (
            "/Resources/PollTick/Properties/State".to_owned(),
            json!("ENABLED"),
            "PollTick cannot be switched off",
        ),
        (
            "/Resources/ExportResume/Properties/ScheduleExpression".to_owned(),
            json!("rate(1 day)"),
            "ExportResume comes at another time",
        ),
    ] {
        let problems = problems_of_schedules(&with(&pointer, value));
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with(problem), "{problems:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_run_that_meets_another_starts_when_that_one_is_settled() {
    let template = template();
    let Trip { world } = Trip::new(&["ada", "ben"], WorldOptions::default());
    let Answer::Run { run: full, .. } = world.export(input(&template, "ExportFull")).await.unwrap()
    else {
        panic!("the full run does not start");
    };
    let delta = world.export(input(&template, "ExportDelta")).await.unwrap();
    assert!(matches!(delta, Answer::Refused { .. }), "{delta:?}");
    let mut runs = vec![full.to_string()];
    for _ in 0..8 {
        assert!(world.export(input(&template, "ExportResume")).await.is_ok());
        runs.extend(world.open_run());
        world.tick().await.unwrap();
    }
    runs.dedup();
    assert_eq!(runs.len(), 2, "{runs:?}");
    let report = world.report(&runs[1]).unwrap();
    assert_eq!((report.scope, report.trigger), (Scope::Delta, Trigger::Schedule));
}
