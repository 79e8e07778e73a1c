//! What people and the customer's own site do to accounts, beside the API.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::lite::import;
use super::query::Row;
use super::sections::{date_subscriptions, merge};
use super::store::{Moves, lite_key};
use super::{Gigya, State};
use crate::people::token_of;
use shared::domain::{Account, Path, Uid};

impl Gigya {
    /// Accounts that have been there for long: searches see them at once. Their own times hold where they have them.
    /// One with `hasFullAccount: false` is a lite one, which needs no `UID`.
    ///
    /// # Panics
    /// When one of them has neither.
    pub fn seed(&self, accounts: impl IntoIterator<Item = Value>) {
        let mut state = self.state();
        let now = self.clock.now();
        for account in accounts {
            state.store.insert(&key_of(&account), account, now);
        }
        state.store.publish_at_once();
    }

    /// Somebody registers; searches see it after their lag. Who had a lite account with that address has it no
    /// longer: what it held is the new account's.
    ///
    /// # Panics
    /// When the account has no `UID`.
    pub fn insert(&self, account: Value) {
        let uid = key_of(&account);
        self.act_on_site(|state, now| {
            state.store.insert(&uid, account, now);
            state.audit.record(now, "accounts.register", 0, &uid, &[]);
        });
    }

    /// Somebody leaves their address on the site without registering, or does so again: a lite account with these
    /// sections. The key by which it is known.
    pub fn insert_lite(&self, address: &str, sections: Map<String, Value>) -> Uid {
        self.act_on_site(|state, now| {
            let uid = import(&mut state.store, address, sections, &state.switches, now);
            state.audit.record(now, "accounts.setAccountInfo", 0, &uid, &[]);
            Uid::new(uid)
        })
    }

    /// Whoever has this lite account registers with its address, under this UID, which may be the one it had. `false`
    /// when there is no such lite account.
    pub fn upgrade(&self, lite: &Uid, uid: &Uid) -> bool {
        let address = {
            let state = self.state();
            let row = state.store.row(lite.as_str()).filter(|row| !row.is_full());
            row.and_then(|row| row.address()).map(ToOwned::to_owned)
        };
        let Some(address) = address else { return false };
        self.act_on_site(|state, now| {
            let held = state.store.delete(lite.as_str()).map(|row| row.account);
            let mut account = held.as_deref().cloned().unwrap_or_default();
            let registered = json!({
                "UID": uid.as_str(), "hasFullAccount": true, "hasLiteAccount": true,
                "isRegistered": true, "isActive": true, "profile": { "email": address },
                "lastUpdatedTimestamp": now.as_millisecond(),
            });
            merge(&mut account, registered);
            state.store.insert(uid.as_str(), account, now);
            state.audit.record(now, "accounts.register", 0, uid.as_str(), &[]);
        });
        true
    }

    /// Somebody changes their account on the customer's site. `false` when there is no such account.
    pub fn edit(&self, uid: &Uid, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        self.change(uid, Moves::Both, change)
    }

    /// Somebody subscribes or unsubscribes on the customer's site, and so does whoever shares their address (SAP help,
    /// "Email Accounts Object": subscriptions are shared). The path may end in its channel
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
        let apply = |fields: &mut Map<String, Value>| {
            let held = fields.entry("subscriptions").or_insert_with(|| json!({}));
            let Value::Object(mut written) = written.clone() else { return };
            date_subscriptions(&mut written, held, &schema, now);
            merge(held, Value::Object(written));
        };
        let others = self.state().store.sharers(uid.as_str());
        for other in others.iter().filter(|other| other.as_ref() != uid.as_str()) {
            self.change(&Uid::new(other.as_ref()), moves, apply);
        }
        self.change(uid, moves, apply)
    }

    /// Somebody confirms the subscription at this pointer (`/newsletter/email`), which moves the time of the email
    /// account alone. `false` when there is none to be confirmed.
    pub fn confirm(&self, uid: &Uid, pointer: &str) -> bool {
        let mut is_confirmed = false;
        self.change(uid, Moves::EmailAccountOnly, |fields| {
            let subscription =
                fields.get_mut("subscriptions").and_then(|it| it.pointer_mut(pointer));
            if let Some(subscription) = subscription {
                subscription["doubleOptIn"]["status"] = "Confirmed".into();
                is_confirmed = true;
            }
        });
        is_confirmed
    }

    /// Somebody's account, full or lite, is deleted in the console, which is logged. `false` when there is none.
    pub fn delete(&self, uid: &Uid) -> bool {
        self.act_on_site(|state, now| {
            let Some(row) = state.store.delete(uid.as_str()) else { return false };
            if row.is_full() {
                let parameters = [("UID", uid.as_str())];
                state.audit.record(now, "accounts.deleteAccount", 0, uid.as_str(), &parameters);
            } else {
                let token = token_of(row.address().unwrap_or_default());
                let own = if uid.lite_token().is_some() { "" } else { uid.as_str() };
                let parameters = [("emailAccountToken", token.as_str())];
                state.audit.record(now, "accounts.deleteLiteAccount", 0, own, &parameters);
            }
            true
        })
    }

    /// Somebody's account is deleted by a program of the customer's, of which the audit log tells nothing unless it is
    /// switched to. `false` when there is none.
    pub fn delete_untold(&self, uid: &Uid) -> bool {
        self.act_on_site(|state, now| {
            let was_there = state.store.delete(uid.as_str()).is_some();
            if was_there && state.switches.audits_applications {
                let parameters = [("UID", uid.as_str())];
                state.audit.record(now, "accounts.deleteAccount", 0, uid.as_str(), &parameters);
            }
            was_there
        })
    }

    /// Somebody tries to delete an account in the console and may not, which is logged too.
    pub fn fail_to_delete(&self, uid: &Uid) {
        self.act_on_site(|state, now| {
            let parameters = [("UID", uid.as_str())];
            state.audit.record(now, "accounts.deleteAccount", 403_007, uid.as_str(), &parameters);
        });
    }

    /// The customer gives somebody another UID (socialize.setUID). `false` when there is no such account.
    pub fn rename(&self, uid: &Uid, to: &Uid) -> bool {
        self.act_on_site(|state, now| {
            let Some(row) = state.store.delete(uid.as_str()) else { return false };
            let mut account = (*row.account).clone();
            account["UID"] = to.as_str().into();
            account["lastUpdatedTimestamp"] = now.as_millisecond().into();
            state.store.insert(to.as_str(), account, now);
            let parameters = [("UID", uid.as_str()), ("siteUID", to.as_str())];
            state.audit.record(now, "socialize.setUID", 0, uid.as_str(), &parameters);
            true
        })
    }

    /// All accounts as they are now, by UID or by the key of a lite one.
    pub fn accounts(&self) -> Vec<Account> {
        self.state().store.rows().filter_map(as_account).collect()
    }

    /// One of them.
    pub fn account(&self, uid: &Uid) -> Option<Account> {
        self.state().store.row(uid.as_str()).and_then(as_account)
    }

    fn change(
        &self,
        uid: &Uid,
        moves: Moves,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> bool {
        self.act_on_site(|state, now| {
            let is_there = state.store.change(&Arc::from(uid.as_str()), moves, now, change);
            if is_there {
                state.audit.record(now, "accounts.setAccountInfo", 0, uid.as_str(), &[]);
            }
            is_there
        })
    }

    /// Something happens on the customer's site; searches see it after their lag.
    fn act_on_site<T>(&self, act: impl FnOnce(&mut State, jiff::Timestamp) -> T) -> T {
        let mut state = self.state();
        let done = act(&mut state, self.clock.now());
        self.publish(&mut state);
        done
    }
}

/// What an account is kept under: its UID, or what stands for it where a lite account has none.
fn key_of(account: &Value) -> String {
    match (account["UID"].as_str(), account["profile"]["email"].as_str()) {
        (Some(uid), _) => uid.to_owned(),
        (None, Some(address)) if account["hasFullAccount"] == false => lite_key(address),
        (None, Some(_) | None) => panic!("an account of the sandbox has a UID, or is a lite one"),
    }
}

/// An account as its owner's site shows it.
fn as_account(row: &Row) -> Option<Account> {
    let mut account = (*row.account).clone();
    account["UID"] = row.uid.as_ref().into();
    Account::from_json(account).ok()
}
