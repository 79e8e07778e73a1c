//! The tenant's side: keys, faults, counters, lists and custom fields.

use std::collections::BTreeMap;

use shared::constant_contact::Operation;
use shared::domain::Secret;

use super::faults::{Fate, Fault};
use super::simulator::Simulator;
use super::switches::Switches;

impl Simulator {
    /// A person authorises the application: the refresh token that starts a new chain.
    pub fn authorise(&self) -> Secret {
        Secret::new(self.world().tokens.authorise(self.clock.now()))
    }

    /// All access tokens die at once.
    pub fn expire_access_tokens(&self) {
        self.world().tokens.forget_access();
    }

    /// The connection is revoked: nothing helps but [`authorise`](Self::authorise).
    pub fn revoke(&self) {
        self.world().tokens.revoke();
    }

    /// Whether this refresh token would get new tokens.
    pub fn would_refresh(&self, token: &str) -> bool {
        self.world().tokens.would_refresh(token, self.clock.now())
    }

    /// How often a refresh token came that had been used up.
    pub fn reused_refresh_tokens(&self) -> u64 {
        self.world().tokens.reused
    }

    /// The day's calls of both keys are spent, as if another program had made them.
    pub fn spend_quota(&self) {
        let now = self.clock.now();
        let mut world = self.world();
        let switches = world.switches;
        world.quota.spend(&switches, now);
        world.gate.quota.spend(&switches, now);
    }

    /// Other behaviour from now on.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.world().switches);
    }

    /// What befalls the next calls of this operation, in turn.
    pub fn script(&self, operation: Operation, faults: impl IntoIterator<Item = Fault>) {
        self.world().script.add(operation, faults);
    }

    /// What befalls the next call, whatever it asks for.
    pub fn script_next(&self, fault: Fault) {
        self.world().script.befall_next(fault);
    }

    /// What becomes of the next activities, in turn.
    pub fn script_activities(&self, fates: impl IntoIterator<Item = Fate>) {
        self.world().script.add_fates(fates);
    }

    /// From now on an import in which this word stands fails as a whole, whatever else is in it.
    pub fn choke_on(&self, word: &str) {
        self.world().script.choke_on(word);
    }

    /// Nothing more goes wrong from now on.
    pub fn clear_script(&self) {
        self.world().script.clear();
    }

    /// Calls by operation, refused ones included.
    pub fn calls(&self) -> BTreeMap<Operation, u64> {
        self.world().calls.clone()
    }

    /// Imports, contacts written or deleted, and bulk removals and deletions that were accepted.
    pub fn writes(&self) -> u64 {
        self.world().writes
    }

    /// How many calls were refused for the second's limit and for the day's, by either interface.
    pub fn refusals(&self) -> (u64, u64) {
        let world = self.world();
        let (v3, v2) = (&world.quota, &world.gate.quota);
        (v3.throttled + v2.throttled, v3.spent + v2.spent)
    }

    /// Calls that counted against the day of either key so far.
    pub fn calls_today(&self) -> u32 {
        let world = self.world();
        world.quota.calls_today + world.gate.quota.calls_today
    }

    /// Makes a list; its id.
    pub fn add_list(&self, name: &str) -> String {
        self.world().add_list(name, "", self.clock.now())
    }

    /// Makes a custom field for text; its id.
    pub fn add_custom_field(&self, label: &str) -> String {
        self.world().add_custom_field(label, "string", self.clock.now())
    }

    /// A custom field is called otherwise from now on. Its name follows: nobody says whether it does.
    pub fn rename_custom_field(&self, id: &str, label: &str) {
        self.world().rename_custom_field(id, label);
    }

    /// Custom fields: id and name.
    pub fn custom_fields(&self) -> Vec<(String, String)> {
        let world = self.world();
        world.fields.iter().map(|field| (field.id.clone(), field.name.clone())).collect()
    }

    /// Lists that are not deleted: id and name.
    pub fn lists(&self) -> Vec<(String, String)> {
        self.world().lists.iter().map(|list| (list.id.clone(), list.name.clone())).collect()
    }
}
