//! Looking at the world from outside: reports, and counts of what was written where.

use serde::de::DeserializeOwned;
use shared::constant_contact::Operation;
use shared::domain::report::{Calls, Inbound, Report};
use shared::domain::run::Run;
use shared::domain::{Dialect, RunId, Uid};

use super::{BUCKET, World};
use crate::constant_contact::Simulator;

/// What was written at the vendors so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Writes {
    /// Accounts written at Gigya.
    pub gigya: u64,
    /// Calls that wrote in Constant Contact: imports, single writes, removals.
    pub constant_contact: u64,
}

impl World {
    /// The report of a run.
    pub fn report(&self, run: &str) -> Option<Report> {
        self.document(&format!("runs/{run}/report.json"))
    }

    /// How far a run has come.
    pub fn progress(&self, run: &RunId) -> Option<Run> {
        self.document(&format!("runs/{run}/run.json"))
    }

    fn document<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_slice(&self.aws.objects().get(BUCKET, key)?).ok()
    }

    /// What came home so far.
    pub fn inbound(&self) -> Inbound {
        *self.inbound.borrow()
    }

    /// Calls to the vendors so far.
    pub fn calls(&self) -> Calls {
        Calls {
            gigya: self.gigya.calls().values().sum(),
            constant_contact: self.constant_contact.calls().values().sum(),
        }
    }

    /// Bulk activities that Constant Contact was given so far.
    pub fn activities(&self) -> u64 {
        let bulk = [
            Operation::ImportCsv,
            Operation::ImportJson,
            Operation::RemoveFromLists,
            Operation::DeleteContacts,
        ];
        let calls = self.constant_contact.calls();
        bulk.iter().filter_map(|operation| calls.get(operation)).sum()
    }

    /// The custom field that carries the UID, if anything was written to it yet: in v2 the first one. By the tenant's own
    /// id.
    pub fn uid_field(&self) -> Option<String> {
        uid_field(&self.constant_contact, self.lists.api)
    }

    /// The contacts that carry a UID, by it; their ids are the tenant's own, which are v3's.
    pub fn contacts_by_uid(&self) -> std::collections::BTreeMap<Uid, String> {
        let Some(uid_field) = self.uid_field() else { return std::collections::BTreeMap::new() };
        self.constant_contact.look(|people| {
            let carry = |person: &crate::constant_contact::Person| {
                let uid = person.custom.get(&uid_field)?;
                Some((Uid::from(uid.as_str()), person.id.clone()))
            };
            people.iter().filter_map(carry).collect()
        })
    }

    /// What was written at the vendors so far.
    pub fn writes(&self) -> Writes {
        Writes { gigya: self.gigya.writes(), constant_contact: self.constant_contact.writes() }
    }
}

/// The tenant's custom field that carries the UID; see [`World::uid_field`].
pub(crate) fn uid_field(tenant: &Simulator, api: Dialect) -> Option<String> {
    let in_settings = match api {
        Dialect::V3 => "cf:gigya_uid",
        Dialect::V2 => "custom_field_1",
    };
    custom_field(tenant, in_settings)
}

/// The tenant's own id of a custom field, by what settings call it; none where there is no such field, or in v2 nothing
/// was written to it yet.
pub(crate) fn custom_field(tenant: &Simulator, in_settings: &str) -> Option<String> {
    let numbered = in_settings.strip_prefix("custom_field_").map(|it| format!("Custom_Field_{it}"));
    let name = numbered.or_else(|| in_settings.strip_prefix("cf:").map(ToOwned::to_owned))?;
    tenant.custom_fields().into_iter().find(|(_, known)| *known == name).map(|(id, _)| id)
}
