//! One account: read fresh, looked up by address, written.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::error::GigyaError;
use super::query::{self, ADDRESS_FIELDS};
use super::search::unaskable;
use super::wire::Method;
use super::{Gigya, Parameters};
use crate::domain::limits::LOOKUP_ADDRESSES_MAX;
use crate::domain::patch::WRITABLE_SECTIONS;
use crate::domain::{Account, EmailAddress, Patch, Path, Uid};
use crate::http::SCHEDULE;
use crate::http::call::with_retries;

/// Sections that accounts.getAccountInfo includes by name (SAP help, accounts.getAccountInfo, `include`).
const INCLUDABLE: [&str; 12] = [
    "profile",
    "data",
    "subscriptions",
    "preferences",
    "emails",
    "loginIDs",
    "regSource",
    "userInfo",
    "groups",
    "memberships",
    "internal",
    "customIdentifiers",
];

/// Fields of the profile that come only when they are named (SAP help, accounts.getAccountInfo, `extraProfileFields`).
const EXTRA_PROFILE_FIELDS: [&str; 28] = [
    "languages",
    "address",
    "phones",
    "education",
    "educationLevel",
    "honors",
    "publications",
    "patents",
    "certifications",
    "professionalHeadline",
    "bio",
    "industry",
    "specialties",
    "work",
    "skills",
    "religion",
    "politicalView",
    "interestedIn",
    "relationshipStatus",
    "hometown",
    "favorites",
    "followersCount",
    "followingCount",
    "username",
    "name",
    "locale",
    "verified",
    "timezone",
];

/// Who has an address.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Nobody, as far as search knows; it lags behind what was just written.
    None,
    /// One account, with its times, its flags and its addresses, and nothing else of it.
    One(Account),
    /// Several accounts, smallest UID first: nobody can say whose it is.
    Several(Vec<Uid>),
}

/// That an account was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// When, by Gigya's clock, if the answer said so.
    pub at: Option<Timestamp>,
}

impl Gigya {
    /// Reads one account from the primary store, which knows what was just written, with the sections that the paths
    /// lead into. `None` when Gigya does not know the UID, or no longer.
    ///
    /// # Errors
    /// When Gigya does not answer, or refuses the call.
    pub async fn account(
        &self,
        uid: &Uid,
        paths: &BTreeSet<Path>,
    ) -> Result<Option<Account>, GigyaError> {
        let parameters = account_parameters(uid, paths);
        let attempts = with_retries(&SCHEDULE, async || {
            let answer = self.call(Method::GetAccountInfo, &parameters).await?;
            let fields = account_fields(answer.parse()?);
            Account::try_from(fields).map_err(|_| GigyaError::Unreadable {
                method: Method::GetAccountInfo.name(),
                status: 200,
                what: "no UID",
            })
        });
        match attempts.await {
            Ok(account) => Ok(Some(account)),
            Err(error) if error.is_unknown_person() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Looks for the account with this address, case apart. Those who have it as `profile.email`, which is the one
    /// that is mailed, come before those who only log in with it.
    ///
    /// # Errors
    /// When Gigya does not answer, or refuses, or the address cannot be put into a query.
    pub async fn account_by_address(&self, address: &EmailAddress) -> Result<Found, GigyaError> {
        let candidates = self.candidates(std::slice::from_ref(address)).await?;
        Ok(found(&candidates, address))
    }

    /// Looks for the accounts with these addresses, each as [`account_by_address`](Self::account_by_address) does, and
    /// answers in their order. One search for every [`LOOKUP_ADDRESSES_MAX`]; nobody has an address that a query cannot
    /// carry.
    ///
    /// # Errors
    /// When Gigya does not answer, or refuses.
    pub async fn accounts_by_addresses(
        &self,
        addresses: &[EmailAddress],
    ) -> Result<Vec<Found>, GigyaError> {
        let mut answers = Vec::with_capacity(addresses.len());
        for slice in addresses.chunks(LOOKUP_ADDRESSES_MAX) {
            let askable: Vec<EmailAddress> =
                slice.iter().filter(|address| query::can_carry(address)).cloned().collect();
            let candidates =
                if askable.is_empty() { Vec::new() } else { self.candidates(&askable).await? };
            answers.extend(slice.iter().map(|address| found(&candidates, address)));
        }
        Ok(answers)
    }

    async fn candidates(&self, addresses: &[EmailAddress]) -> Result<Vec<Account>, GigyaError> {
        let query = query::holders_of(addresses).map_err(unaskable)?;
        let mut candidates = self.read_all(query).await?;
        candidates.sort_by(|a, b| a.uid().cmp(b.uid()));
        candidates.dedup_by(|a, b| a.uid() == b.uid());
        Ok(candidates)
    }

    /// Writes these fields of one account and leaves the others alone. Writing the same again is harmless, but moves
    /// the account's time. Gigya takes no more than a few calls at once for one person and does not compare before it
    /// writes: whoever calls writes one at a time for each UID and reads the account just before.
    ///
    /// # Errors
    /// When Gigya does not answer, or refuses; [`GigyaError::is_unknown_person`] tells that the account is gone.
    pub async fn set_account(&self, uid: &Uid, patch: &Patch) -> Result<Written, GigyaError> {
        let mut parameters = Parameters::from([("UID", uid.to_string())]);
        sections(patch, &mut parameters);
        self.write(Method::SetAccountInfo, parameters).await
    }

    /// Makes a call that writes and answers nothing of its own.
    pub(super) async fn write(
        &self,
        method: Method,
        parameters: Parameters,
    ) -> Result<Written, GigyaError> {
        let answer = with_retries(&SCHEDULE, async || self.call(method, &parameters).await).await?;
        Ok(Written { at: answer.at })
    }
}

/// The sections of a patch as parameters.
pub(super) fn sections(patch: &Patch, parameters: &mut Parameters) {
    let sections = patch.sections();
    for section in WRITABLE_SECTIONS {
        if let Some(fields) = sections.get(section) {
            parameters.insert(section, fields.to_string());
        }
    }
}

/// Who of the candidates has the address.
fn found(candidates: &[Account], address: &EmailAddress) -> Found {
    let [mailed, others @ ..] = ADDRESS_FIELDS;
    let mut holders = holders(candidates, address, &[mailed]);
    if holders.is_empty() {
        holders = self::holders(candidates, address, &others);
    }
    match holders.as_slice() {
        [] => Found::None,
        [one] => Found::One((*one).clone()),
        several => Found::Several(several.iter().map(|account| account.uid().clone()).collect()),
    }
}

fn holders<'a>(
    candidates: &'a [Account],
    address: &EmailAddress,
    fields: &[&str],
) -> Vec<&'a Account> {
    let paths: Vec<Path> = fields.iter().filter_map(|field| field.parse().ok()).collect();
    let has_it = |account: &&Account| {
        let mut texts = paths.iter().flat_map(|path| account.texts(path));
        texts.any(|text| text.trim().eq_ignore_ascii_case(address.expose()))
    };
    candidates.iter().filter(has_it).collect()
}

/// The parameters of accounts.getAccountInfo; its lists must not hold spaces (SAP help, `include`: comma-separated).
fn account_parameters(uid: &Uid, paths: &BTreeSet<Path>) -> Parameters {
    let included: Vec<&str> = INCLUDABLE
        .into_iter()
        .filter(|section| {
            *section == "profile" || paths.iter().any(|path| path.section() == *section)
        })
        .collect();
    let extra: Vec<&str> = EXTRA_PROFILE_FIELDS
        .into_iter()
        .filter(|field| {
            paths.iter().any(|path| {
                let mut steps = path.steps();
                steps.next() == Some("profile") && steps.next().is_none_or(|step| step == *field)
            })
        })
        .collect();
    let mut parameters =
        Parameters::from([("UID", uid.to_string()), ("include", included.join(","))]);
    if !extra.is_empty() {
        parameters.insert("extraProfileFields", extra.join(","));
    }
    parameters
}

/// The fields of the account without those that are the answer's.
fn account_fields(mut answer: Map<String, Value>) -> Map<String, Value> {
    const ENVELOPE: [&str; 8] = [
        "callId",
        "errorCode",
        "apiVersion",
        "statusCode",
        "statusReason",
        "time",
        "fullEventName",
        "ignoredParams",
    ];
    for name in ENVELOPE {
        answer.remove(name);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_asked_for_with_the_sections_and_the_extra_fields_of_the_paths() {
        let paths = ["subscriptions.news.email", "profile.phones.number", "data.tier", "isActive"]
            .map(|text| text.parse().unwrap())
            .into();
        let parameters = account_parameters(&"u1".into(), &paths);
        assert_eq!(parameters["include"], "profile,data,subscriptions");
        assert_eq!(parameters["extraProfileFields"], "phones");
        let plain = account_parameters(&"u1".into(), &["profile.city".parse().unwrap()].into());
        assert_eq!(plain["include"], "profile");
        assert!(!plain.contains_key("extraProfileFields"));
    }
}
