//! By which clocks a run reads, and what it asks Gigya by each of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shared::domain::report::Scope;
use shared::domain::run::{Reading, ReadingState};
use shared::domain::watermark::{GigyaClock, Watermarks};
use shared::domain::{Account, Path};
use shared::gigya::{AccountsQuery, QueryError};
use shared::settings::customer::{CustomerSettings, Population};

/// By which clocks a run of this scope reads, each from its own mark. One that has no mark yet reads from the beginning.
///
/// The subscriptions of those whose accounts are read from the beginning are read with them, so that there is nothing
/// left for their own clock; a sample has no use for it.
pub(crate) fn of_run(
    settings: &CustomerSettings,
    scope: Scope,
    marks: &Watermarks,
) -> BTreeMap<GigyaClock, Reading> {
    let overlap = SignedDuration::from_secs(i64::from(settings.run.overlap_seconds));
    let from = |clock| match scope {
        Scope::Delta => marks.of(clock).delta_from(overlap),
        Scope::Since { since } => Some(since),
        Scope::Full | Scope::Sample { .. } => None,
    };
    let consent = &settings.policy.consent;
    let mut clocks = BTreeMap::new();
    for population in &settings.gigya.populations {
        let clock = match population {
            Population::Full => GigyaClock::Accounts,
            Population::Lite => GigyaClock::Lite,
        };
        let (from, left_out) = (from(clock), marks.of(clock).left_out);
        clocks.insert(clock, Reading { from, left_out, ..Reading::default() });
    }
    let is_sample = matches!(scope, Scope::Sample { .. });
    if let Some(accounts) = clocks.get(&GigyaClock::Accounts)
        && consent.path.section() == "subscriptions"
        && !is_sample
    {
        let is_with_them = accounts.from.is_none();
        let reading = Reading {
            from: from(GigyaClock::Subscriptions),
            mark: None,
            shown: 0,
            state: if is_with_them { ReadingState::Through } else { ReadingState::Open },
            left_out: marks.of(GigyaClock::Subscriptions).left_out,
            by_email_account: consent.double_opt_in,
        };
        clocks.insert(GigyaClock::Subscriptions, reading);
    }
    clocks
}

/// Whether this run reads everybody by every clock.
pub(crate) fn read_everybody(clocks: &BTreeMap<GigyaClock, Reading>) -> bool {
    clocks
        .iter()
        .all(|(clock, reading)| reading.from.is_none() || *clock == GigyaClock::Subscriptions)
}

/// What is asked by a clock: whoever changed from where reading has come, up to the end of the run's window.
///
/// # Errors
/// When the customer's condition or the consent's path cannot be part of a query.
pub(crate) fn query(
    settings: &CustomerSettings,
    clock: GigyaClock,
    reading: &Reading,
    to: Timestamp,
    paths: &BTreeSet<Path>,
) -> Result<AccountsQuery, QueryError> {
    let query = everybody(settings, clock, reading, paths)?.updated_to(to);
    let from = reading.mark.as_ref().map(|mark| mark.at).max(reading.from);
    Ok(match from {
        Some(from) => query.updated_from(from),
        None => query,
    })
}

/// Whoever changed since then by a clock, without their values.
///
/// # Errors
/// As [`query`].
pub(crate) fn changed_since(
    settings: &CustomerSettings,
    clock: GigyaClock,
    reading: &Reading,
    since: Timestamp,
) -> Result<AccountsQuery, QueryError> {
    Ok(everybody(settings, clock, reading, &BTreeSet::new())?.updated_from(since))
}

fn everybody(
    settings: &CustomerSettings,
    clock: GigyaClock,
    reading: &Reading,
    paths: &BTreeSet<Path>,
) -> Result<AccountsQuery, QueryError> {
    match clock {
        GigyaClock::Accounts => full(settings, AccountsQuery::everybody(paths)),
        GigyaClock::Lite => lite(settings, AccountsQuery::lite(paths)),
        GigyaClock::Subscriptions if reading.by_email_account => {
            Ok(AccountsQuery::email_accounts(&BTreeSet::new()))
        }
        GigyaClock::Subscriptions => {
            AccountsQuery::subscribers(&settings.policy.consent.path, &BTreeSet::new())
        }
    }
}

/// Up to when search knows of everybody who changed within the run's window. What changes later shows with a delay, and the
/// next delta begins before it.
pub(crate) fn known_to_search(settings: &CustomerSettings, to: Timestamp) -> Timestamp {
    to - SignedDuration::from_secs(i64::from(settings.run.overlap_seconds))
}

/// Only those full accounts that the customer's condition is about.
pub(crate) fn full(
    settings: &CustomerSettings,
    query: AccountsQuery,
) -> Result<AccountsQuery, QueryError> {
    narrowed(settings.gigya.where_clause.as_deref(), query)
}

/// Only those lite accounts that the customer's condition is about.
pub(crate) fn lite(
    settings: &CustomerSettings,
    query: AccountsQuery,
) -> Result<AccountsQuery, QueryError> {
    narrowed(settings.gigya.where_lite.as_deref(), query)
}

fn narrowed(condition: Option<&str>, query: AccountsQuery) -> Result<AccountsQuery, QueryError> {
    condition.map_or(Ok(query.clone()), |condition| query.only_where(condition))
}

/// Whether the clock of its own kind has shown this account to the run, or will show it to the next one: it need not be
/// read out of turn. So nobody is read twice, however often the run was paused in between.
pub(crate) fn have_shown(clocks: &BTreeMap<GigyaClock, Reading>, account: &Account) -> bool {
    let own = if account.is_lite() { GigyaClock::Lite } else { GigyaClock::Accounts };
    let through = clocks.get(&own).filter(|reading| reading.state == ReadingState::Through);
    match (through, account.last_updated()) {
        (Some(reading), Some(at)) => reading.from.is_none_or(|from| at >= from),
        (Some(_) | None, _) => false,
    }
}
