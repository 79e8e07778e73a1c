//! `gigya-cc rejoin`: somebody who left may come back, because the operator has it in writing.

use clap::Args;
use serde::Serialize;
use shared::domain::Uid;
use shared::domain::agreed::{Agreed, Departure};
use shared::domain::evidence::{Evidence, Source};
use shared::settings::Environment;
use shared::store::StateStore;
use shared::store::testimony::Testimony;

use crate::person::LookError;
use crate::render::{self, Form};
use crate::services::Services;

/// Lets somebody who left come back, because you have their wish in writing.
///
/// Lifts the mark of having been deleted in Constant Contact, of having left a list, or of having been taken off when they
/// withdrew. An account-wide unsubscribe it never lifts: that only the person can undo, in Constant Contact. Their account at
/// Gigya has to say yes as well; the next run then puts them back.
#[derive(Debug, Args)]
pub struct Options {
    /// The person.
    #[arg(value_name = "UID")]
    uid: String,
    /// What shows that they want it, and where it is kept; it stays in the bucket until the person is erased.
    #[arg(long, value_name = "TEXT")]
    evidence: String,
    /// Who says so.
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true)]
    by: String,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejoined {
    /// The next run puts them back, if their account says yes.
    MayComeBack,
    /// They carry no mark.
    HasNotLeft,
    /// They unsubscribed account-wide.
    OnlyThePerson,
}

/// Lets one person come back and prints what came of it; whether they may.
pub(crate) async fn start<L: Fn(&str) -> Option<String>>(
    options: &Options,
    environment: &Environment<L>,
    form: Form,
) -> bool {
    let Some(services) = Services::open(environment).await else { return false };
    let uid = Uid::from(options.uid.as_str());
    let came = rejoin(&services, &uid, &options.evidence, &options.by).await;
    let is_good = |rejoined: &Rejoined| *rejoined == Rejoined::MayComeBack;
    render::outcome(came, form, |rejoined| words(*rejoined, &uid), is_good)
}

/// Keeps the evidence, and notes in the ledger that there is one. What it says stays out of the ledger.
///
/// # Errors
/// When the bucket or the secret refuses, or others keep changing the ledger.
pub async fn rejoin(
    services: &Services,
    uid: &Uid,
    text: &str,
    by: &str,
) -> Result<Rejoined, LookError> {
    let ledger = services.ledger().await?;
    let known = ledger.look_up([uid.clone()], []).await?.people;
    let refused = match known.get(uid) {
        None => Some(Rejoined::HasNotLeft),
        Some(agreed) => refusal(agreed),
    };
    if let Some(refused) = refused {
        return Ok(refused);
    }
    let now = services.clock.now();
    let state = StateStore::new(services.bucket.clone());
    let testimony = Testimony { text: text.to_owned(), by: by.to_owned(), at: now };
    let key = services.secrets.read().await?.fingerprint_key;
    state.testify(&key, uid, &testimony).await?;
    state.change_due(|due| _ = due.insert(uid.clone(), now)).await?;
    let evidence = Evidence { at: now, source: Source::Operator };
    let note = |agreed: Option<&Agreed>, evidence: &Evidence| Agreed {
        evidence: Some(*evidence),
        ..agreed.cloned().unwrap_or_default()
    };
    ledger.change([(uid.clone(), evidence)], note).await?;
    Ok(Rejoined::MayComeBack)
}

/// Why nothing can be done, if so.
fn refusal(agreed: &Agreed) -> Option<Rejoined> {
    match agreed.left.map(|mark| mark.kind) {
        Some(Departure::Unsubscribed) => Some(Rejoined::OnlyThePerson),
        // Of a deleted account nobody is left to come back.
        Some(Departure::Erased) => Some(Rejoined::HasNotLeft),
        None if agreed.left_lists.is_empty() => Some(Rejoined::HasNotLeft),
        Some(Departure::Deleted | Departure::Withdrawn) | None => None,
    }
}

/// What came of it, in words.
pub fn words(rejoined: Rejoined, uid: &Uid) -> String {
    match rejoined {
        Rejoined::MayComeBack => format!(
            "{uid} may come back: the next run puts them on the lists that fit, if their account says yes (`gigya-cc explain {uid}`)."
        ),
        Rejoined::HasNotLeft => format!("{uid} carries no mark that could be lifted."),
        Rejoined::OnlyThePerson => format!(
            "{uid} unsubscribed account-wide; only they can undo that, in Constant Contact.\n  → send them a sign-up form, or set resubscribe = \"ask\""
        ),
    }
}
