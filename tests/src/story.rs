//! The story that `cargo sandbox` tells: a first full sync, days on which people change and leave, and a quiet day.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use export::Answer;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::domain::report::{Inbound, Report, grouped};
use shared::domain::{Account, Dialect, RunId, Uid};
use shared::http::call;

use crate::letters::Letters;
use crate::oracle::Act;
use crate::people::{
    AccountsFileError, ContactEdit, Edit, GigyaEdit, People, STORY_BEGINS, edits_of_day,
};
use crate::story_oracle::StoryOracle;
use crate::terminal::{DayOutcome, Terminal};
use crate::world::{BUCKET, TickError, World, WorldOptions, Writes};

/// What is told.
#[derive(Debug, Clone)]
pub struct Plot {
    /// How many accounts the site begins with.
    pub accounts: u64,
    /// What all chance comes from.
    pub seed: u64,
    /// How many days; the last one is quiet.
    pub days: u32,
    /// The dialect of Constant Contact that the customer speaks.
    pub api: Dialect,
    /// The customer's own accounts instead of made-up ones.
    pub file: Option<Vec<Value>>,
    /// Where everything in the bucket is kept; else only the reports, in the system's folder for temporary files.
    pub keep: Option<PathBuf>,
}

/// Why the story could not be told to its end.
#[derive(Debug, thiserror::Error)]
pub enum StoryError {
    /// A function failed.
    #[error("the product failed in its own sandbox; please report it with the seed")]
    Tick(#[from] TickError),
    /// A run was not started.
    #[error("export did not start a run: {0}")]
    NotStarted(String),
    /// A run left no report.
    #[error("run {0} left no report")]
    NoReport(RunId),
    /// Nobody listens, or the disk is full.
    #[error("the story could not be written down")]
    Io(#[from] io::Error),
    /// The file of accounts cannot be used.
    #[error(transparent)]
    File(#[from] AccountsFileError),
}

/// When the daily run starts, after midnight.
const MORNING: SignedDuration = SignedDuration::from_hours(4);
/// How long after the sweep the run starts: longer than Gigya's search lags behind.
const SEARCH_SHOWS: Duration = Duration::from_mins(1);
/// How often the progress bars look.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The subscription that people give up.
const NEWSLETTER: &str = "newsletter";

/// Tells the story. Answers whether everybody was accounted for on every day.
///
/// # Errors
/// When a function fails, which is a bug, or nobody listens any longer.
pub async fn tell(plot: Plot, terminal: &Terminal) -> Result<bool, StoryError> {
    let mut teller = Teller::begin(plot, terminal)?;
    for day in 1..=teller.plot.days {
        teller.day(day).await?;
    }
    let judgement = teller.oracle.judge(&teller.world);
    let balanced = terminal.end(&teller.days, &judgement)?;
    let place = teller.write_down()?;
    terminal.story(&format!(
        "The reports lie in {}; open report.html in a browser.",
        place.display()
    ))?;
    Ok(balanced)
}

struct Teller<'a> {
    plot: Plot,
    terminal: &'a Terminal,
    world: World,
    people: People,
    population: u64,
    /// Who is who in the customer's own accounts; made-up people tell by their numbers.
    uids: Option<Vec<Uid>>,
    days: Vec<DayOutcome>,
    runs: Vec<RunId>,
    /// Whose contacts were edited today in Constant Contact.
    edited: BTreeSet<Uid>,
    oracle: StoryOracle,
}

/// A customer with a million people has more than five hundred leave on a normal day, and has said so.
fn of_any_size(settings: String) -> String {
    settings + "\n[safety]\nbrake_people = 1000000\n"
}

/// What the world had done by an instant.
struct Counted {
    inbound: Inbound,
    calls: shared::domain::report::Calls,
    activities: u64,
    writes: Writes,
}

impl<'a> Teller<'a> {
    fn begin(mut plot: Plot, terminal: &'a Terminal) -> Result<Self, StoryError> {
        let settings: Option<fn(String) -> String> = Some(of_any_size);
        let options = WorldOptions { api: plot.api, settings, ..WorldOptions::default() };
        let world = World::new(STORY_BEGINS + MORNING, options);
        let people = People::new(plot.seed);
        let (population, source) = if let Some(accounts) = plot.file.take() {
            let count = accounts.len() as u64;
            world.gigya.seed(accounts);
            (count, "from the file")
        } else {
            let bar = terminal.progress("People move in", Some(plot.accounts));
            for first in (0..plot.accounts).step_by(1_000) {
                let last = plot.accounts.min(first + 1_000);
                world.gigya.seed((first..last).map(|n| people.account(n)));
                bar.reach(last);
            }
            (plot.accounts, "made up")
        };
        let own = world.gigya.accounts().iter().map(Account::uid).cloned().collect();
        let uids = if source == "made up" { None } else { Some(own) };
        terminal.story(&format!(
            "Gigya has {} accounts ({source}, seed {}), {} of them with letters beyond ISO-8859-1; Constant Contact, by its {}, none. Everything runs in this process; nobody is mailed.",
            grouped(population), plot.seed, grouped(beyond_latin1(&world)), spoken(plot.api)
        ))?;
        let (days, runs) = (Vec::new(), Vec::new());
        let edited = BTreeSet::new();
        let mut oracle = StoryOracle::of(&world);
        oracle.meet_everybody(&world);
        Ok(Self { plot, terminal, world, people, population, uids, days, runs, edited, oracle })
    }

    async fn day(&mut self, day: u32) -> Result<(), StoryError> {
        let is_quiet = day > 1 && day == self.plot.days;
        let title = match (day, is_quiet) {
            (1, _) => "everybody for the first time",
            (_, true) => "nothing happened",
            (_, false) => "people change, arrive and leave",
        };
        self.terminal.story(&format!("\nDay {day}: {title}"))?;
        let before = self.count();
        self.edited.clear();
        let edits = if day > 1 && !is_quiet { self.live(day)? } else { BTreeMap::new() };
        let remembered = self.world.remember_letters();
        if day > 1 {
            let world = &self.world;
            world.pass(Duration::from_mins(10)).await;
            // The daily sweep finds what carries no date: left lists, deleted contacts.
            world.poll(json!({"sweep": true})).await.map_err(TickError::from)?;
            // Until Gigya's search shows what the sweep wrote, so that this day's run reads it.
            world.pass(SEARCH_SHOWS).await;
        }
        let report = self.run().await?;
        self.world.settle_inbound().await?;
        self.oracle.watch(&self.world);
        self.tell_of(&report)?;
        let letters = self.world.letters(&remembered, &self.edited);
        let outcome = DayOutcome { letters, ..self.outcome(day, title, &report, &before, edits) };
        self.terminal.day(&outcome)?;
        self.days.push(outcome);
        self.sleep().await;
        Ok(())
    }

    /// Runs the daily export until its run is settled, with the bars moving.
    async fn run(&mut self) -> Result<Report, StoryError> {
        let accounts = self.world.gigya.accounts().len() as u64;
        let first = self.days.is_empty();
        let read = self.terminal.progress("export reads", first.then_some(accounts));
        let sent = self.terminal.progress("poll settles", None);
        let work = self.world.run(json!({"scope": "delta", "trigger": "schedule"}));
        let mut work = std::pin::pin!(work);
        let answer = loop {
            tokio::select! {
                answer = &mut work => break answer?,
                () = call::wait(LOOK_EVERY) => {
                    if let Some(run) = self.world.open_run().and_then(|run| self.world.progress(&run.into())) {
                        read.reach(run.read);
                        sent.reach(self.world.activities());
                    }
                }
            }
        };
        let Answer::Run { run, .. } = answer else {
            return Err(StoryError::NotStarted(format!("{answer:?}")));
        };
        let report = self.world.report(run.as_str());
        self.runs.push(run.clone());
        report.ok_or(StoryError::NoReport(run))
    }

    fn tell_of(&self, report: &Report) -> io::Result<()> {
        let people = &report.people;
        let parts: usize = report.batches.iter().map(|batch| batch.parts.len()).sum();
        let n = grouped;
        self.terminal.story(&format!(
            "  export read {} accounts and staged {}; {} were as agreed, {} fit no list or never agreed",
            n(people.read), counted(report.batches.len(), "batch", "batches"), n(people.unchanged), n(people.filtered)
        ))?;
        self.terminal.story(&format!(
            "  upload sent {}; Constant Contact took in {}, refused {}; {} invalid, {} held, {} left",
            counted(parts, "activity", "activities"), n(people.accepted), n(people.rejected), n(people.invalid), n(people.held), n(people.removed)
        ))
    }

    /// A day's life, on both sides. Answers what happened, and to how many.
    fn live(&mut self, day: u32) -> io::Result<BTreeMap<String, u64>> {
        let mut happened: BTreeMap<String, u64> = BTreeMap::new();
        let contacts = self.world.contacts_by_uid();
        let arrived_before = self.population;
        for (who, edit) in edits_of_day(self.plot.seed, day, arrived_before) {
            let has_happened = match &edit {
                Edit::Gigya(GigyaEdit::Arrived) => {
                    self.arrive(who);
                    true
                }
                // A lite account has nobody who logs in or could be locked out, and with another address it is another one.
                Edit::Gigya(
                    GigyaEdit::LoggedIn
                    | GigyaEdit::AddressChanged { .. }
                    | GigyaEdit::Deactivated
                    | GigyaEdit::Reactivated,
                ) if self.uids.is_none() && self.people.is_lite(who) => false,
                Edit::Gigya(edit) => self.uid(who).is_some_and(|uid| {
                    let has_changed = self.change_account(&uid, edit);
                    if has_changed {
                        self.oracle.hear_edit(&self.world, &uid, edit);
                    }
                    has_changed
                }),
                Edit::ConstantContact(edit) => {
                    let found = self.uid(who).and_then(|uid| Some((contacts.get(&uid)?, uid)));
                    found.is_some_and(|(contact, uid)| {
                        let act = self.act_there(contact, edit);
                        let has_changed = self.change_contact(contact, edit);
                        if let Some(act) = act.filter(|_| has_changed) {
                            self.oracle.hear(&uid, self.world.now(), act);
                        }
                        self.edited.insert(uid);
                        has_changed
                    })
                }
            };
            if has_happened {
                *happened.entry(edit.kind().to_owned()).or_default() += 1;
            }
        }
        let words: Vec<String> =
            happened.iter().map(|(what, count)| format!("{} {what}", grouped(*count))).collect();
        self.terminal.story(&format!("  {}", words.join(", ")))?;
        Ok(happened)
    }

    fn uid(&self, who: u64) -> Option<Uid> {
        match &self.uids {
            Some(uids) => uids.get(usize::try_from(who).ok()?).cloned(),
            None => Some(self.people.uid(who).into()),
        }
    }

    fn arrive(&mut self, who: u64) {
        let mut account = self.people.account(who);
        if let Value::Object(fields) = &mut account {
            GigyaEdit::Arrived.apply(fields, self.world.now());
        }
        self.world.gigya.insert(account);
        // As Gigya has it, which knows a lite account without a UID by its token.
        let uid = Uid::from(self.people.uid(who));
        let arrived = self.world.gigya.account(&uid).expect("it was inserted just now");
        self.oracle.meet(&arrived, self.world.now());
        self.population = self.population.max(who + 1);
    }

    fn change_account(&self, uid: &Uid, edit: &GigyaEdit) -> bool {
        let (gigya, now) = (&self.world.gigya, self.world.now());
        let Some(account) = gigya.account(uid) else { return false };
        match edit {
            GigyaEdit::Unsubscribed | GigyaEdit::Resubscribed => {
                let Ok(path) = format!("subscriptions.{NEWSLETTER}.email").parse() else {
                    return false;
                };
                let is_wanted = *edit == GigyaEdit::Resubscribed;
                let stands = account.subscription(&path).is_some_and(|it| it.is_subscribed);
                stands != is_wanted && gigya.subscribe(uid, &path, is_wanted)
            }
            GigyaEdit::Deleted => gigya.delete(uid),
            GigyaEdit::Deactivated | GigyaEdit::Reactivated
                if account.is_active() == (*edit == GigyaEdit::Reactivated) =>
            {
                false
            }
            GigyaEdit::Arrived
            | GigyaEdit::Renamed { .. }
            | GigyaEdit::Moved { .. }
            | GigyaEdit::TierChanged { .. }
            | GigyaEdit::AddressChanged { .. }
            | GigyaEdit::LoggedIn
            | GigyaEdit::Deactivated
            | GigyaEdit::Reactivated
            | GigyaEdit::RegionChanged { .. } => gigya.edit(uid, |fields| edit.apply(fields, now)),
        }
    }

    /// What the oracle is to hear of an edit in Constant Contact, as far as it is about being mailed.
    fn act_there(&self, id: &str, edit: &ContactEdit) -> Option<Act> {
        let contact = self.world.constant_contact.contact(id)?;
        let newsletter = &self.world.lists.newsletter;
        match edit {
            ContactEdit::Unsubscribed => Some(Act::Unsubscribed),
            ContactEdit::LeftList if contact.lists.contains(newsletter) => {
                Some(Act::LeftList(newsletter.clone()))
            }
            ContactEdit::Deleted if contact.deleted_at.is_none() => Some(Act::ContactDeleted),
            ContactEdit::LeftList
            | ContactEdit::Deleted
            | ContactEdit::PhoneChanged { .. }
            | ContactEdit::FirstNameChanged { .. } => None,
        }
    }

    fn change_contact(&self, id: &str, edit: &ContactEdit) -> bool {
        let tenant = &self.world.constant_contact;
        match edit {
            ContactEdit::Unsubscribed => tenant.unsubscribe(id, true),
            ContactEdit::PhoneChanged { phone } => tenant.edit(id, |person| {
                let kind = match self.plot.api {
                    Dialect::V3 => "other",
                    Dialect::V2 => "home",
                };
                person.phones.insert(kind.to_owned(), phone.chars().take(25).collect());
            }),
            ContactEdit::FirstNameChanged { first_name } => tenant.edit(id, |person| {
                let name = first_name.chars().take(50).collect();
                person.texts.insert("first_name".to_owned(), name);
            }),
            ContactEdit::LeftList => tenant.leave_list(id, &self.world.lists.newsletter),
            ContactEdit::Deleted => tenant.delete(id),
        }
    }

    fn count(&self) -> Counted {
        Counted {
            inbound: self.world.inbound(),
            calls: self.world.calls(),
            activities: self.world.activities(),
            writes: self.world.writes(),
        }
    }

    fn outcome(
        &self,
        day: u32,
        title: &str,
        report: &Report,
        before: &Counted,
        edits: BTreeMap<String, u64>,
    ) -> DayOutcome {
        let now = self.count();
        let (home, was) = (now.inbound, before.inbound);
        DayOutcome {
            day,
            date: date_of(self.world.now()),
            title: title.to_owned(),
            people: report.people,
            inbound: Inbound {
                seen: home.seen - was.seen,
                echo: home.echo - was.echo,
                carried: home.carried - was.carried,
                opted_out: home.opted_out - was.opted_out,
                conflicts: home.conflicts - was.conflicts,
                ignored: home.ignored - was.ignored,
                missing: home.missing - was.missing,
                strangers: home.strangers - was.strangers,
            },
            calls: shared::domain::report::Calls {
                gigya: now.calls.gigya - before.calls.gigya,
                constant_contact: now.calls.constant_contact - before.calls.constant_contact,
            },
            activities: now.activities - before.activities,
            writes_to_gigya: now.writes.gigya - before.writes.gigya,
            writes_to_constant_contact: now.writes.constant_contact
                - before.writes.constant_contact,
            letters: Letters::default(),
            edits: edits.into_iter().collect(),
        }
    }

    /// Until the next morning.
    async fn sleep(&self) {
        let now = self.world.now();
        let morning = date_of(now)
            .tomorrow()
            .ok()
            .and_then(|date| date.to_zoned(TimeZone::UTC).ok())
            .map_or(now, |midnight| midnight.timestamp() + MORNING);
        let night = morning.duration_since(now);
        self.world.pass(night.unsigned_abs()).await;
    }

    /// Writes reports, or everything, to disk. Answers where.
    fn write_down(&self) -> io::Result<PathBuf> {
        let objects = self.world.aws.objects();
        let (place, keys): (PathBuf, Vec<String>) = if let Some(place) = &self.plot.keep {
            (place.clone(), objects.keys(BUCKET, ""))
        } else {
            let place = std::env::temp_dir().join("gigya-cc-sandbox");
            let is_report = |key: &String| {
                key.matches('/').count() == 2
                    && [".html", ".json", ".ndjson"].iter().any(|end| key.ends_with(end))
            };
            let keys = objects.keys(BUCKET, "runs/").into_iter().filter(is_report).collect();
            (place, keys)
        };
        for key in keys {
            let path = place.join(Path::new(&key));
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(path, objects.get(BUCKET, &key).unwrap_or_default())?;
        }
        Ok(place.join("runs"))
    }
}

/// How many accounts hold a letter that ISO-8859-1 has not, in their profile.
fn beyond_latin1(world: &World) -> u64 {
    let is_beyond = |account: &Account| {
        let profile = account.fields().get("profile").map(Value::to_string).unwrap_or_default();
        profile.chars().any(|c| u32::from(c) > 0xff)
    };
    world.gigya.accounts().iter().filter(|account| is_beyond(account)).count() as u64
}

fn spoken(api: Dialect) -> &'static str {
    match api {
        Dialect::V3 => "v3 in UTF-8",
        Dialect::V2 => "v2 in ISO-8859-1",
    }
}

fn date_of(at: Timestamp) -> jiff::civil::Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// `1 batch`, `2 batches`.
fn counted(count: usize, one: &str, several: &str) -> String {
    let number = grouped(count as u64);
    if count == 1 { format!("{number} {one}") } else { format!("{number} {several}") }
}
