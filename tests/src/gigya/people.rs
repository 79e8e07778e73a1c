//! What people and the customer's own site do to accounts, beside the API.

use serde_json::{Map, Value, json};

use super::Gigya;
use super::accounts::{date_subscriptions, merge};
use super::store::Moves;
use shared::domain::{Account, Path, Uid};

impl Gigya {
    /// Accounts that have been there for long: searches see them at once. Their own times hold where they have them.
    ///
    /// # Panics
    /// When one of them has no `UID`.
    pub fn seed(&self, accounts: impl IntoIterator<Item = Value>) {
        let mut state = self.state();
        let now = self.clock.now();
        for account in accounts {
            let row = state.store.insert(&uid_of(&account), account, now);
            state.store.publish_at_once(row);
        }
    }

    /// Somebody registers; searches see it after their lag.
    ///
    /// # Panics
    /// When the account has no `UID`.
    pub fn insert(&self, account: Value) {
        let uid = uid_of(&account);
        let mut state = self.state();
        let row = state.store.insert(&uid, account, self.clock.now());
        let visible_at = self.visible_at(&state);
        state.store.publish(&uid, Some(row), visible_at);
    }

    /// Somebody changes their account on the customer's site. `false` when there is no such account.
    pub fn edit(&self, uid: &Uid, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        self.change(uid, Moves::Both, change)
    }

    /// Somebody subscribes or unsubscribes on the customer's site; the path may end in its channel
    /// (`subscriptions.newsletter.email`) or before it. `false` when there is no such account.
    pub fn subscribe(&self, uid: &Uid, path: &Path, is_subscribed: bool) -> bool {
        let now = self.clock.now();
        let moves = if self.state().switches.subscription_moves_account {
            Moves::Both
        } else {
            Moves::EmailAccountOnly
        };
        let steps: Vec<&str> = path.steps().skip(1).collect();
        let channel = if steps.last() == Some(&"email") { None } else { Some("email") };
        let leaf = json!({ "isSubscribed": is_subscribed });
        let nest = |inner, step: &&str| json!({ *step: inner });
        let written = channel.iter().chain(steps.iter().rev()).fold(leaf, nest);
        let schema = self.state().schema["subscriptionsSchema"]["fields"].clone();
        self.change(uid, moves, |fields| {
            let held = fields.entry("subscriptions").or_insert_with(|| json!({}));
            let Value::Object(mut written) = written else { return };
            date_subscriptions(&mut written, held, &schema, now);
            merge(held, Value::Object(written));
        })
    }

    /// Somebody's account is deleted. `false` when there is none.
    pub fn delete(&self, uid: &Uid) -> bool {
        let mut state = self.state();
        let was_there = state.store.delete(uid.as_str());
        let visible_at = self.visible_at(&state);
        state.store.publish(uid.as_str(), None, visible_at);
        was_there
    }

    /// All accounts as they are now, by UID.
    pub fn accounts(&self) -> Vec<Account> {
        let state = self.state();
        let accounts = state.store.rows().map(|row| Account::from_json((*row.account).clone()));
        accounts.filter_map(Result::ok).collect()
    }

    fn change(
        &self,
        uid: &Uid,
        moves: Moves,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> bool {
        let mut state = self.state();
        let row = state.store.change(uid.as_str(), moves, self.clock.now(), change);
        let is_there = row.is_some();
        if let Some(row) = row {
            let visible_at = self.visible_at(&state);
            state.store.publish(uid.as_str(), Some(row), visible_at);
        }
        is_there
    }
}

fn uid_of(account: &Value) -> String {
    account["UID"].as_str().expect("an account of the sandbox has a UID").to_owned()
}
