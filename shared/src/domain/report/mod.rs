//! What a run tells when it is over: `report.json`, the same for a program and, through
//! `report_page`, for a person.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `people` | who was read and what became of each, and the proof that nobody is missing |
//! | `actions` | what is done in Constant Contact, by action, with examples |
//! | `outlook` | what a dry run foresees of calls and time |
//! | `leaving` | who left or stays out, by reason |
//! | `losses` | what values lost on their way out |
//! | `words` | the run in plain words |
//!
//! Counts, UIDs and times only: no name, no address, no value of anybody ever stands in a report.

mod actions;
mod leaving;
mod losses;
mod outlook;
mod people;
mod words;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{ActivityId, BatchId, CustomerName, RunId, Uid};

pub use actions::{Action, Actions, Concerned, SAMPLES_MAX, Sample};
pub use leaving::Leaving;
pub use losses::{FieldLosses, Losses};
pub use outlook::{CallLimits, Outlook, Work};
pub use people::{Class, Imbalance, Inbound, People};
pub use words::grouped;

/// The report of one run: `runs/<run>/report.json`. Written by poll when the run's last batch is settled, and for runs
/// that read nothing, were braked or failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The run.
    pub run: RunId,
    /// Whose run it was.
    pub customer: CustomerName,
    /// What started it.
    pub trigger: Trigger,
    /// What it was to read: `"scope":"since","since":"…"`, in the shape of the event that asked for it.
    #[serde(flatten)]
    pub scope: Scope,
    /// Whether it only said what it would have done.
    pub dry_run: bool,
    /// How it ended.
    pub state: State,
    /// Which changes it read.
    pub window: Window,
    /// When its first page was asked for.
    pub started_at: Timestamp,
    /// When its last batch was settled; `None` while one is in flight, as in a braked run.
    pub settled_at: Option<Timestamp>,
    /// What became of everybody who was read.
    pub people: People,
    /// What it does in Constant Contact, as it was planned.
    #[serde(default)]
    pub actions: Actions,
    /// Those of them who left, or stay out because they left, by reason. Where a report does not say, it is older than that.
    #[serde(default)]
    pub leaving: Leaving,
    /// What came home from Constant Contact meanwhile.
    pub inbound: Inbound,
    /// What values lost on their way out.
    pub losses: Losses,
    /// The batches in their order.
    pub batches: Vec<BatchReport>,
    /// Calls that the run cost.
    pub calls: Calls,
    /// What stopped it, or would stop what a dry run planned; `null` where nothing does.
    pub brake: Option<Brake>,
    /// What doing it would cost; of a dry run only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlook: Option<Outlook>,
}

/// What started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The daily schedule.
    Schedule,
    /// Somebody asked for it.
    Request,
}

/// What a run was to read, in the shape of the event that asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "snake_case")]
pub enum Scope {
    /// What changed since the watermark; everything, where there is no watermark yet.
    Delta,
    /// Everything, to find what the feed missed.
    Full,
    /// What changed since an instant.
    Since {
        /// The instant.
        since: Timestamp,
    },
    /// A few accounts, to try a customer's settings.
    Sample {
        /// How many.
        accounts: u64,
    },
}

impl Scope {
    /// Whether a run of this scope reads anew whom an earlier one of the other left undone.
    pub fn covers(self, earlier: Self) -> bool {
        match self {
            Self::Full => true,
            Self::Delta => earlier == Self::Delta,
            Self::Since { .. } | Self::Sample { .. } => false,
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Everything is settled and everybody is accounted for.
    Settled,
    /// Its removals wait for a person to release them.
    Braked,
    /// It did not come to its end, or somebody is not accounted for.
    Failed,
}

/// Which changes a run read: later than `from`, up to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// `None`: from the beginning.
    pub from: Option<Timestamp>,
    /// Where the next delta starts.
    pub to: Timestamp,
}

/// Calls to the vendors, retries included, since every attempt counts against their limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Calls {
    /// Calls to Gigya.
    pub gigya: u64,
    /// Calls to Constant Contact.
    pub constant_contact: u64,
}

impl Calls {
    /// Adds the calls of another part of the run.
    pub fn merge(&mut self, other: Self) {
        self.gigya += other.gigya;
        self.constant_contact += other.constant_contact;
    }
}

/// One batch and the activities that carried it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchReport {
    /// The batch.
    pub batch: BatchId,
    /// Accounts that were staged in it.
    pub accounts: u64,
    /// What of it was submitted; nothing, where nobody in it changed.
    pub parts: Vec<PartReport>,
}

/// One part of a batch: rows for the same lists, small enough for one activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartReport {
    /// Constant Contact's job; `None` where its answer was lost and the job never found.
    pub activity: Option<ActivityId>,
    /// How many lists its rows were put on.
    pub lists: u64,
    /// Rows that were sent.
    pub rows: u64,
    /// How it ended.
    pub state: PartState,
    /// People whom Constant Contact says it took in; `None` until it says so.
    pub persons: Option<u64>,
    /// Rows that Constant Contact says it refused.
    pub errors: u64,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// When we learnt how it ended.
    pub settled_at: Option<Timestamp>,
}

/// How far a part has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// Submitted, not settled.
    InFlight,
    /// Imported, perhaps with errors in some rows.
    Completed,
    /// Stopped in Constant Contact by somebody.
    Cancelled,
    /// Constant Contact could not carry it out.
    Failed,
    /// Constant Contact gave up on it.
    TimedOut,
    /// Submitted without a clear answer, and Constant Contact knows nothing of it.
    Lost,
}

/// Why a run's removals were stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brake {
    /// Why.
    pub reason: BrakeReason,
    /// People whom it would have unsubscribed, taken off a list, deleted, or opted out at Gigya.
    pub removals: u64,
    /// People whom the ledger knows.
    pub known: u64,
    /// Removals that would have passed without asking.
    pub allowed: u64,
    /// Some of them, to look at: at most [`BRAKE_EXAMPLES_MAX`].
    pub examples: Vec<Uid>,
}

/// People whom a pulled brake names as examples.
pub const BRAKE_EXAMPLES_MAX: usize = 10;

/// See [`Brake::reason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrakeReason {
    /// More removals than the customer allows at once.
    TooManyRemovals,
    /// A full read or a sweep found nobody, while the ledger knows people.
    NobodyFound,
}

/// One line of `invalid.ndjson`, `rejected.ndjson`, `held.ndjson` and `conflicts.ndjson`: who, which field, and why;
/// never the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedPerson {
    /// The person.
    pub uid: Uid,
    /// The field it is about, by Constant Contact's name; `None` where it is about the whole person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Why, in plain words.
    pub reason: String,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::plan::Reason;

    fn actions() -> Actions {
        let mut actions = Actions::default();
        let sample = |uid: &str, reason: &str, fields: &[&str]| Sample {
            uid: uid.into(),
            reason: reason.to_owned(),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        };
        actions.add(Action::Join, || sample("_guid_j=", "not in Constant Contact yet", &[]));
        let changed = "values differ from what Constant Contact holds";
        actions.add(Action::Update, || sample("_guid_u=", changed, &["city", "zip"]));
        actions.add(Action::Delete, || sample("_guid_d=", "deleted at Gigya", &[]));
        actions
    }

    /// A report with something in every place; it balances.
    pub(crate) fn example() -> Report {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut losses = Losses::default();
        losses.count_character("company_name", '€');
        losses.count_character("first_name", 'Ł');
        losses.count_character("first_name", 'Ł');
        losses.count_cut("last_name", 12);
        let mut leaving = Leaving::default();
        leaving.count(Class::Removed, Reason::WithdrewAtGigya);
        leaving.count(Class::Held, Reason::Unsubscribed);
        Report {
            run: "20261123T045000Z-delta".into(),
            customer: "acme".into(),
            trigger: Trigger::Schedule,
            scope: Scope::Delta,
            dry_run: false,
            state: State::Settled,
            window: Window {
                from: Some(at("2026-11-22T04:48:00Z")),
                to: at("2026-11-23T04:50:00Z"),
            },
            started_at: at("2026-11-23T04:50:00Z"),
            settled_at: Some(at("2026-11-23T05:02:11Z")),
            people: People {
                read: 10_000,
                unchanged: 870,
                accepted: 8_990,
                rejected: 4,
                invalid: 31,
                held: 12,
                filtered: 60,
                duplicate: 20,
                removed: 13,
            },
            actions: actions(),
            leaving,
            inbound: Inbound {
                seen: 9_050,
                echo: 8_990,
                carried: 31,
                opted_out: 22,
                conflicts: 3,
                ignored: 4,
                missing: 1,
                strangers: 2,
            },
            losses,
            batches: vec![BatchReport {
                batch: "acme.20261123T045000Z-delta.00000".into(),
                accounts: 10_000,
                parts: vec![PartReport {
                    activity: Some("8b2a3c1e-0000-11ef-b0cc-fa163e123590".into()),
                    lists: 1,
                    rows: 8_994,
                    state: PartState::Completed,
                    persons: Some(8_990),
                    errors: 4,
                    submitted_at: at("2026-11-23T04:52:10Z"),
                    settled_at: Some(at("2026-11-23T05:00:03Z")),
                }],
            }],
            calls: Calls { gigya: 87, constant_contact: 41 },
            brake: None,
            outlook: None,
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "it is the whole of a report")]
    fn the_report_has_the_shape_that_is_promised() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&example()).unwrap(), @r#"
        {
          "run": "20261123T045000Z-delta",
          "customer": "acme",
          "trigger": "schedule",
          "scope": "delta",
          "dry_run": false,
          "state": "settled",
          "window": {
            "from": "2026-11-22T04:48:00Z",
            "to": "2026-11-23T04:50:00Z"
          },
          "started_at": "2026-11-23T04:50:00Z",
          "settled_at": "2026-11-23T05:02:11Z",
          "people": {
            "read": 10000,
            "unchanged": 870,
            "accepted": 8990,
            "rejected": 4,
            "invalid": 31,
            "held": 12,
            "filtered": 60,
            "duplicate": 20,
            "removed": 13
          },
          "actions": {
            "join": {
              "people": 1,
              "samples": [
                {
                  "uid": "_guid_j=",
                  "reason": "not in Constant Contact yet"
                }
              ]
            },
            "update": {
              "people": 1,
              "samples": [
                {
                  "uid": "_guid_u=",
                  "reason": "values differ from what Constant Contact holds",
                  "fields": [
                    "city",
                    "zip"
                  ]
                }
              ]
            },
            "delete": {
              "people": 1,
              "samples": [
                {
                  "uid": "_guid_d=",
                  "reason": "deleted at Gigya"
                }
              ]
            }
          },
          "leaving": {
            "withdrew_at_gigya": 1,
            "unsubscribed": 1
          },
          "inbound": {
            "seen": 9050,
            "echo": 8990,
            "carried": 31,
            "opted_out": 22,
            "conflicts": 3,
            "ignored": 4,
            "missing": 1,
            "strangers": 2
          },
          "losses": {
            "characters": 3,
            "cut": 1,
            "by_field": {
              "company_name": {
                "characters": 1,
                "transliterated": 0,
                "withheld": 0,
                "cut": 0,
                "cut_characters": 0
              },
              "first_name": {
                "characters": 2,
                "transliterated": 0,
                "withheld": 0,
                "cut": 0,
                "cut_characters": 0
              },
              "last_name": {
                "characters": 0,
                "transliterated": 0,
                "withheld": 0,
                "cut": 1,
                "cut_characters": 12
              }
            },
            "by_character": {
              "Ł": 2,
              "€": 1
            }
          },
          "batches": [
            {
              "batch": "acme.20261123T045000Z-delta.00000",
              "accounts": 10000,
              "parts": [
                {
                  "activity": "8b2a3c1e-0000-11ef-b0cc-fa163e123590",
                  "lists": 1,
                  "rows": 8994,
                  "state": "completed",
                  "persons": 8990,
                  "errors": 4,
                  "submitted_at": "2026-11-23T04:52:10Z",
                  "settled_at": "2026-11-23T05:00:03Z"
                }
              ]
            }
          ],
          "calls": {
            "gigya": 87,
            "constant_contact": 41
          },
          "brake": null
        }
        "#);
    }

    #[test]
    fn a_report_is_read_back_as_it_was_written() {
        let mut report = example();
        report.scope = Scope::Since { since: report.started_at };
        report.state = State::Braked;
        report.brake = Some(Brake {
            reason: BrakeReason::TooManyRemovals,
            removals: 600,
            known: 10_000,
            allowed: 500,
            examples: vec!["_guid_a=".into()],
        });
        report.outlook = Some(Outlook { calls: report.calls, minutes: 15, is_fresh: true });
        let json = serde_json::to_string(&report).unwrap();
        assert!(json.contains(r#""scope":"since","since":"2026-11-23T04:50:00Z""#), "{json}");
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    }
}
