//! One world from its first day to its judgement.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;
use futures_util::future::{Either, join, select};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::http::call;
use shared::invocation::Clock;

use super::check::{Check, Checks, Violation, words};
use super::crowd::Crowd;
use super::faults::{Fault, Faults};
use super::life::{self, Life};
use super::owner::Broken;
use super::scenario::Scenario;
use super::seam::{Far, Seam};
use super::trace::Trace;
use crate::oracle::Oracle;
use crate::people::{Dice, STORY_BEGINS};
use crate::world::{INVOCATION, TICK, World, WorldOptions, custom_field};

/// A killed function was at most in the midst of so many awaits.
const AWAITS_MAX: u64 = 500;
/// How little time a function may be given: what it stops before, and a little more.
const SHORT: Duration = Duration::from_secs(100);
/// How long nobody ticks when nobody does.
const PAUSE: Duration = Duration::from_hours(7);
/// How long the owner pauses the schedules who does.
const MONTH: Duration = Duration::from_hours(31 * 24);
/// Cycles within which both sides agree (`DESIGN` §13).
const CYCLES_MAX: u32 = 3;
/// Ticks within which a run is closed at the latest: one that stands still is given up after a day.
const TICKS_MAX: u32 = 120;
/// How long a run may take to its end once nothing goes wrong any longer, unless an activity hangs or the day's calls are spent:
/// as long as a batch is halved at the slowest ticks, and less than the day after which a run is given up.
const STANDS_AT_MOST: SignedDuration = SignedDuration::from_hours(16);
/// Ticks follow one another at first every five minutes, and later at this distance.
const SLOW_TICK: Duration = Duration::from_mins(25);
/// Quick ticks of a day or a run.
const QUICK_TICKS: u32 = 6;
/// Longer than Gigya's search lags, and than an inbound read's window ends before it begins.
const SHOWS: Duration = Duration::from_mins(3);

pub(super) struct Play {
    pub(super) world: World,
    pub(super) seam: Seam,
    pub(super) life: Arc<Mutex<Life>>,
    pub(super) checks: Checks,
    pub(super) scenario: Scenario,
    pub(super) broken: Broken,
    /// How the settings call the field for the tier.
    pub(super) tier: String,
    dice: Dice,
    pub(super) days: u64,
    run_began: Option<Timestamp>,
    /// What failed during the last step.
    failures: Rc<RefCell<Vec<String>>>,
}

impl Play {
    pub(super) fn begin(seed: u64, scenario: &Scenario, trace: Trace) -> Self {
        let clock = Clock::starting_at(STORY_BEGINS);
        let seam = Seam::new(clock, Dice::of_stream(seed, 2), Faults::none(), trace);
        let options = WorldOptions {
            api: scenario.api,
            constant_contact: scenario.tenant,
            before: Some(seam.before()),
            watch: Some(seam.watch()),
            between: Some(seam.between()),
            ahead: scenario.ahead,
            ..WorldOptions::default()
        };
        let world = World::new(STORY_BEGINS, options);
        let settings = scenario.settings(&world.lists, scenario.tier());
        world.configure(settings);
        world.gigya.switch(|switches| switches.clone_from(&scenario.site));
        let oracle = Oracle::new(scenario.rules(&world.lists), life::spelling(scenario.api));
        world.constant_contact.choke_on(life::CHOKER);
        let sides = (Arc::clone(&world.gigya), world.constant_contact.clone(), world.lists.clone());
        let mut life = Life::begin(clock, sides, oracle, Dice::of_stream(seed, 3));
        life.settle_people(scenario.people);
        let life = Arc::new(Mutex::new(life));
        let (gigya, tenant) = (Arc::clone(&world.gigya), world.constant_contact.clone());
        seam.attach(Far { gigya, tenant, life: Arc::clone(&life) });
        Self {
            world,
            seam,
            life,
            checks: Checks::default(),
            scenario: scenario.clone(),
            broken: Broken::default(),
            tier: scenario.tier().to_owned(),
            dice: Dice::of_stream(seed, 4),
            days: 0,
            run_began: None,
            failures: Rc::default(),
        }
    }

    /// Lives all spells, and judges each.
    pub(super) async fn live(&mut self) -> Result<(), Violation> {
        for _ in 0..self.scenario.spells {
            self.seam.set_faults(self.scenario.faults.clone());
            for _ in 0..self.scenario.days {
                self.day().await?;
            }
            self.seam.set_faults(Faults::none());
            self.life().write_anew();
            self.agree().await?;
        }
        Ok(())
    }

    /// A day on which people live and things go wrong.
    async fn day(&mut self) -> Result<(), Violation> {
        self.mend();
        let deeds = self.dice.below(self.scenario.deeds_a_day + 1);
        self.life().expect(deeds);
        if self.seam.happens(Fault::RowChokes) {
            self.life().write_what_chokes();
        }
        self.world.pass(SHOWS).await;
        // On some days the run is asked for before anybody looked at Constant Contact.
        let mut asks = Vec::new();
        if self.dice.of_thousand(600) {
            self.step(vec![Ask::Poll(json!({"sweep": true}))]).await?;
            self.world.pass(SHOWS).await;
        } else {
            asks.push(Ask::Deliver);
        }
        let is_full = self.dice.of_thousand(200) || self.broken.wants_full;
        let scope = if is_full { "full" } else { "delta" };
        let daily = json!({"scope": scope, "trigger": "schedule"});
        asks.push(Ask::Export(daily.clone()));
        if self.seam.happens(Fault::ScheduledTwice) {
            asks.push(Ask::Export(daily));
            asks.push(Ask::Poll(json!({})));
        }
        self.step(asks).await?;
        let ticks = QUICK_TICKS + u32::try_from(self.dice.below(4)).unwrap_or_default();
        let breaks_at = u32::try_from(self.dice.below(u64::from(ticks))).unwrap_or_default();
        for tick in 0..ticks {
            if tick == breaks_at {
                self.neglect();
            }
            if self.dice.of_thousand(300) {
                self.happen();
            }
            let mut asks = vec![Ask::Export(json!({"scope": "resume"})), Ask::Poll(json!({}))];
            asks.push(Ask::Deliver);
            if self.dice.of_thousand(40) {
                let since = self.world.now() - SignedDuration::from_hours(30);
                asks.push(match self.dice.below(4) {
                    0 => Ask::Export(json!({"scope": "since", "since": since.to_string()})),
                    1 => Ask::Export(json!({"scope": "full", "dry_run": true})),
                    2 => Ask::Poll(json!({"sweep": true})),
                    _ => Ask::Export(json!({"scope": "full"})),
                });
            }
            self.step(asks).await?;
            let slow = tick >= QUICK_TICKS;
            self.world.pass(if slow { SLOW_TICK } else { TICK }).await;
            if self.seam.happens(Fault::Paused) {
                self.world.pass(PAUSE).await;
            }
            if self.seam.happens(Fault::PausedForAMonth) {
                self.world.pass(MONTH).await;
            }
        }
        // What did not happen in between happens now, and the next day sees it.
        for _ in 0..deeds {
            self.happen();
        }
        self.checks_of_step()?;
        self.sleep().await;
        Ok(())
    }

    /// Nothing goes wrong any longer and nobody does anything: both sides have three cycles to agree. Then the oracle judges
    /// them, and a fourth cycle writes nothing.
    async fn agree(&mut self) -> Result<(), Violation> {
        self.life().expect(0);
        self.mend();
        self.failures.borrow_mut().clear();
        self.close_open_run().await?;
        if std::mem::take(&mut self.broken.wants_full) {
            self.cycle("full").await?;
        }
        let mut cycles = 0;
        loop {
            let before = self.world.writes();
            self.cycle("delta").await?;
            let is_quiet = self.world.writes() == before;
            if is_quiet && (cycles == CYCLES_MAX || !Checks::rows_wait(&self.world)) {
                break;
            }
            cycles += 1;
            if cycles > CYCLES_MAX {
                let what = format!("after {cycles} cycles there is still something to write");
                let now = self.world.now();
                return self.checks.hold(Check::Converges, now, [what]);
            }
        }
        let now = self.world.now();
        let tier = custom_field(&self.world.constant_contact, &self.tier);
        self.life().oracle.hear_of_tier(tier);
        let objections = self.life().look(Oracle::judge);
        self.checks.hold(Check::Converges, now, words(objections))?;
        // A full run also finds what the deltas have missed.
        let before = self.world.writes();
        self.cycle("full").await?;
        let after = self.world.writes();
        let wrong = (after != before).then(|| format!("{before:?} became {after:?}"));
        self.checks.hold(Check::Quiet, now, wrong)?;
        let personal: Vec<&str> = life::personal().collect();
        self.checks.state(&self.world, &personal)?;
        let erased = self.life().erased_contacts();
        self.checks.erasure(&self.world, &erased)
    }

    /// Ticks until the run that was open when the faults stopped is closed, whatever it takes.
    async fn close_open_run(&mut self) -> Result<(), Violation> {
        let began = self.world.now();
        let injected = self.seam.injected();
        let holds_up = [Fault::ActivityHangs, Fault::ActivityLate, Fault::QuotaSpent];
        let is_held_up = holds_up.iter().any(|it| injected.contains_key(it));
        // What was received and not deleted shows itself again by then.
        for tick in 0..TICKS_MAX {
            if self.world.open_run().is_none() && tick > 0 {
                let now = self.world.now();
                let stood = now.duration_since(began);
                let stands = (stood > STANDS_AT_MOST && !is_held_up)
                    .then(|| format!("a run stood still for {} hours", stood.as_hours()));
                return self.checks.hold(Check::Recovers, now, stands);
            }
            self.calm_step(vec![
                Ask::Export(json!({"scope": "resume"})),
                Ask::Poll(json!({})),
                Ask::Deliver,
            ])
            .await?;
            self.world.pass(if tick >= QUICK_TICKS { SLOW_TICK } else { TICK }).await;
        }
        let now = self.world.now();
        self.checks.hold(Check::Recovers, now, ["a run is not closed within days".to_owned()])
    }

    /// A quiet day: the sweep, the run, and the ticks until it is closed.
    async fn cycle(&mut self, scope: &str) -> Result<(), Violation> {
        self.world.pass(SHOWS).await;
        self.calm_step(vec![Ask::Poll(json!({"sweep": true}))]).await?;
        self.world.pass(SHOWS).await;
        self.calm_step(vec![Ask::Export(json!({"scope": scope}))]).await?;
        let mut idle = 0;
        for tick in 0..TICKS_MAX {
            self.calm_step(vec![
                Ask::Export(json!({"scope": "resume"})),
                Ask::Poll(json!({})),
                Ask::Deliver,
            ])
            .await?;
            self.world.pass(if tick >= QUICK_TICKS { SLOW_TICK } else { TICK }).await;
            idle += u32::from(self.world.open_run().is_none());
            if idle >= 2 {
                break;
            }
        }
        self.sleep().await;
        Ok(())
    }

    /// A step in which nothing may fail.
    async fn calm_step(&mut self, asks: Vec<Ask>) -> Result<(), Violation> {
        self.step(asks).await?;
        let failures = std::mem::take(&mut *self.failures.borrow_mut());
        let now = self.world.now();
        self.checks.hold(Check::Recovers, now, failures)
    }

    /// Several invocations at once, and then the invariants.
    async fn step(&mut self, asks: Vec<Ask>) -> Result<(), Violation> {
        let fates: Vec<(Option<u64>, bool)> = asks
            .iter()
            .map(|_| {
                let polls_left = self.dice.below(AWAITS_MAX);
                let dies = self.seam.happens(Fault::Killed);
                (dies.then_some(polls_left), self.seam.happens(Fault::ShortOfTime))
            })
            .collect();
        let mut turns = Dice::of_stream(self.dice.below(u64::MAX), 5);
        let mut crowd = Crowd::default();
        for (ask, (polls_left, is_short)) in asks.into_iter().zip(fates) {
            crowd.add(self.invoke(ask, is_short), polls_left);
        }
        let killed = crowd.run(&mut turns).await;
        if killed > 0 || self.dice.of_thousand(50) {
            self.world.start_cold();
        }
        self.checks_of_step()
    }

    fn checks_of_step(&mut self) -> Result<(), Violation> {
        let now = self.world.now();
        let open = self.world.open_run();
        // What the last step wrote may still be the work of the run before.
        let began_before = self.run_began;
        if let Some(run) = open.and_then(|run| self.world.progress(&run.into())) {
            self.run_began = Some(run.started_at);
        }
        let run_began = began_before.or(self.run_began);
        let open = self.world.open_run().and_then(|run| self.world.progress(&run.into()));
        self.life().oracle.hear_of_run(now, open.map(|run| run.started_at));
        let objections = self.life().look(|oracle, sights| oracle.watch(sights, now, run_began));
        self.checks.hold(Check::NobodyAgainstTheirWill, now, words(objections))?;
        let doubles = self.life().doubles();
        self.checks.hold(Check::OneContactEach, now, words(doubles))?;
        let (throttled, mut spent) = self.world.constant_contact.refusals();
        if self.seam.injected().contains_key(&Fault::QuotaSpent) {
            spent = 0;
        }
        let beyond = (throttled + spent > 0)
            .then(|| format!("{throttled} calls came too fast, {spent} on a day that was spent"));
        self.checks.hold(Check::WithinLimits, now, beyond)?;
        if !self.seam.injected().keys().any(|fault| fault.may_lose_a_token()) {
            self.checks.tokens(&self.world)?;
        }
        self.checks.bucket(&self.world)
    }

    fn invoke(&self, ask: Ask, is_short: bool) -> impl Future<Output = ()> {
        let failures = Rc::clone(&self.failures);
        async move {
            let name = ask.name();
            let work = pin!(self.answer(ask, is_short));
            let outcome = match select(work, pin!(call::wait(INVOCATION))).await {
                Either::Left((outcome, _)) => outcome,
                Either::Right(((), _)) => Err("ran out of time".to_owned()),
            };
            match outcome {
                Ok(answer) => self.seam.note(&format!("-> {name} {answer}")),
                Err(error) => {
                    self.seam.note(&format!("-> {name} failed: {error}"));
                    failures.borrow_mut().push(format!("{name}: {error}"));
                }
            }
        }
    }

    async fn answer(&self, ask: Ask, is_short: bool) -> Result<String, String> {
        let budget = if is_short { SHORT } else { INVOCATION };
        match ask {
            Ask::Export(event) => {
                self.world.limit_invocations(budget);
                let answer = self.world.export(event).await.map_err(|error| chain(&error))?;
                Ok(serde_json::to_string(&answer).unwrap_or_default())
            }
            Ask::Poll(event) => {
                self.world.limit_invocations(budget);
                let answer = self.world.poll(event).await.map_err(|error| chain(&error))?;
                Ok(serde_json::to_string(&answer).unwrap_or_default())
            }
            Ask::Deliver => self.deliver(budget).await,
        }
    }

    /// What the event source does: receives messages, one at a time, and deletes what does not go back.
    async fn deliver(&self, budget: Duration) -> Result<String, String> {
        let mut done = 0;
        loop {
            let Some(message) = self.world.receive(1).await.pop() else { break };
            let receipt = message.receipt_handle.clone().unwrap_or_default();
            self.world.limit_invocations(budget);
            let failed = if self.seam.happens(Fault::DeliveredTwice) {
                let twice = [message.clone(), message];
                let [first, second] = twice.map(|message| self.upload(message));
                let (first, second) = join(first, second).await;
                first? | second?
            } else {
                self.upload(message).await?
            };
            if failed {
                return Ok(format!("{done} batches, and one goes back"));
            }
            done += 1;
            if !self.seam.happens(Fault::DeliveredAgain) {
                self.world.delete_message(receipt).await;
            }
        }
        Ok(format!("{done} batches"))
    }

    async fn upload(&self, message: SqsMessage) -> Result<bool, String> {
        let back = self.world.upload(vec![message]).await.map_err(|error| chain(&error))?;
        Ok(!back.is_empty())
    }

    /// Until the next morning.
    async fn sleep(&mut self) {
        const MORNING: i64 = 4 * 3_600;
        const DAY: i64 = 86_400;
        let now = self.world.now().as_second();
        let next = (now - MORNING).div_euclid(DAY) * DAY + DAY + MORNING;
        self.days += 1;
        self.world.pass(Duration::from_secs(u64::try_from(next - now).unwrap_or_default())).await;
    }

    fn happen(&self) {
        let deed = self.life().happen();
        if let Some(deed) = deed {
            self.seam.note(&deed);
        }
    }

    pub(super) fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is asked of a function.
enum Ask {
    Export(Value),
    Poll(Value),
    Deliver,
}

impl Ask {
    fn name(&self) -> String {
        match self {
            Self::Export(event) => format!("export {event}"),
            Self::Poll(event) => format!("poll {event}"),
            Self::Deliver => "deliver".to_owned(),
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
