//! A small world after an eventful day, by its seed: eight people, some of whom change, come and go on either side.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sandbox::world::WorldOptions;
use serde_json::{Value, json};
use shared::domain::Dialect;

use crate::trip::{Trip, account, uid};

const PEOPLE: [&str; 8] = ["ada", "bea", "cyd", "dan", "eve", "fay", "gus", "hal"];

/// A day of one seed.
pub(crate) struct Day {
    dice: ChaCha8Rng,
}

impl Day {
    pub(crate) fn of(seed: u64) -> Self {
        Self { dice: ChaCha8Rng::seed_from_u64(seed) }
    }

    fn one_in(&mut self, many: u32) -> bool {
        self.dice.random_ratio(1, many)
    }

    /// What the run after the day reads.
    pub(crate) fn scope(&mut self) -> Value {
        json!({"scope": if self.one_in(4) { "full" } else { "delta" }})
    }

    /// The world before the day: most people are in Constant Contact already.
    pub(crate) async fn begin(&mut self, api: Dialect) -> Trip {
        let trip = Trip::new(&[], WorldOptions { api, ..WorldOptions::default() });
        let accounts: Vec<Value> = PEOPLE.iter().map(|name| self.account(name)).collect();
        trip.world.gigya.seed(accounts);
        trip.full().await;
        trip.inbound().await;
        trip
    }

    fn account(&mut self, name: &str) -> Value {
        let mut account = account(name);
        if self.one_in(3) {
            account["data"]["region"] = json!("apac");
        }
        if self.one_in(8) {
            account["subscriptions"]["newsletter"]["email"]["isSubscribed"] = json!(false);
        }
        if self.one_in(10) {
            account["profile"]["email"] = json!("no address");
        }
        account
    }

    /// Lets the day befall the world, and what happened in Constant Contact come home.
    pub(crate) async fn pass(&mut self, trip: &Trip) {
        for name in PEOPLE {
            if self.one_in(2) {
                self.befall_at_gigya(trip, name);
            }
            if self.one_in(3) {
                self.befall_in_constant_contact(trip, name);
            }
        }
        if self.one_in(2) {
            let shared = self.one_in(4);
            trip.register("new", |account| {
                if shared {
                    account["profile"]["email"] = json!("ada@example.com");
                }
            });
        }
        // In v2 the opted-out are listed once an hour while no run is going on.
        trip.pass(Duration::from_hours(1)).await;
        trip.inbound().await;
        // Nor has a deletion a date there: the sweep finds it, as it does before every daily run.
        trip.world.poll(json!({"sweep": true})).await.unwrap();
        trip.inbound().await;
    }

    fn befall_at_gigya(&mut self, trip: &Trip, name: &str) {
        match self.dice.random_range(0..10) {
            0 => trip.edit(name, "profile.lastName", json!("Newname")),
            1 => trip.edit(name, "profile.firstName", json!("Mia")),
            2 => trip.edit(name, "profile.city", json!("Łódź")),
            3 => trip.edit(name, "profile.city", Value::Null),
            4 => trip.edit(name, "profile.email", json!(format!("{name}@new.example.com"))),
            5 => trip.edit(name, "data.region", json!("apac")),
            6 => trip.edit(name, "data.region", json!("emea")),
            7 => trip.subscribe(name, false),
            8 => trip.edit(name, "isActive", json!(false)),
            _ => assert!(trip.world.gigya.delete_untold(&uid(name))),
        }
    }

    fn befall_in_constant_contact(&mut self, trip: &Trip, name: &str) {
        let Some(contact) = trip.find_contact(name) else { return };
        let tenant = &trip.world.constant_contact;
        match self.dice.random_range(0..5) {
            0 => assert!(tenant.unsubscribe(&contact.id, true)),
            1 => {
                tenant.leave_list(&contact.id, &trip.world.lists.newsletter);
            }
            2 => assert!(tenant.delete(&contact.id)),
            3 => trip.edit_contact(name, |person| {
                person.texts.insert("first_name".to_owned(), "Max".to_owned());
            }),
            _ => trip.edit_contact(name, |person| {
                person.texts.insert("last_name".to_owned(), "Other".to_owned());
            }),
        }
    }
}
