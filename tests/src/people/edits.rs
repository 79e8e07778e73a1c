//! What happens on one day of the story, on both sides.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::account::{Name, TIERS, phone, sanitised, times};
use super::cultures::Region;
use super::{Dice, People, Purpose, SUBSCRIPTION, address, iso};

/// Something that somebody changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// At Gigya, by the person or the customer's site.
    Gigya(GigyaEdit),
    /// In Constant Contact, by the person or the marketer.
    ConstantContact(ContactEdit),
}

/// Something that changes at Gigya.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GigyaEdit {
    /// Somebody new registers: account `who` of the population, created on that day.
    Arrived,
    /// A new name.
    Renamed {
        /// `profile.firstName`, as typed.
        first_name: String,
        /// `profile.lastName`, as typed.
        last_name: String,
    },
    /// A new town.
    Moved {
        /// `profile.city`.
        city: String,
        /// `profile.zip`.
        zip: String,
    },
    /// A new loyalty tier.
    TierChanged {
        /// `data.loyalty.tier`.
        tier: String,
    },
    /// A new address.
    AddressChanged {
        /// `profile.email`.
        email: String,
    },
    /// The newsletter is given up.
    Unsubscribed,
    /// A login: the timestamp moves and nothing else.
    LoggedIn,
    /// The newsletter is wanted again.
    Resubscribed,
    /// The customer locks the account.
    Deactivated,
    /// The customer unlocks it.
    Reactivated,
    /// The person lives in another part of the world.
    RegionChanged {
        /// `data.region`.
        region: &'static str,
    },
    /// The account is deleted.
    Deleted,
}

/// Something that changes in Constant Contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactEdit {
    /// The person unsubscribes, account-wide.
    Unsubscribed,
    /// The marketer corrects a telephone number.
    PhoneChanged {
        /// The new number.
        phone: String,
    },
    /// The marketer corrects a first name.
    FirstNameChanged {
        /// The new name.
        first_name: String,
    },
    /// The person leaves one list.
    LeftList,
    /// The marketer deletes the contact.
    Deleted,
}

impl Edit {
    /// What it is called in the story's counts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Gigya(edit) => match edit {
                GigyaEdit::Arrived => "came anew",
                GigyaEdit::Renamed { .. } => "new name",
                GigyaEdit::Moved { .. } => "moved",
                GigyaEdit::TierChanged { .. } => "new tier",
                GigyaEdit::AddressChanged { .. } => "new address",
                GigyaEdit::Unsubscribed => "opted out in Gigya",
                GigyaEdit::LoggedIn => "only logged in",
                GigyaEdit::Resubscribed => "opted in again in Gigya",
                GigyaEdit::Deactivated => "locked",
                GigyaEdit::Reactivated => "unlocked",
                GigyaEdit::RegionChanged { .. } => "new region",
                GigyaEdit::Deleted => "deleted in Gigya",
            },
            Self::ConstantContact(edit) => match edit {
                ContactEdit::Unsubscribed => "unsubscribed in Constant Contact",
                ContactEdit::PhoneChanged { .. } => "new phone in Constant Contact",
                ContactEdit::FirstNameChanged { .. } => "new first name in Constant Contact",
                ContactEdit::LeftList => "left a list in Constant Contact",
                ContactEdit::Deleted => "deleted in Constant Contact",
            },
        }
    }
}

impl GigyaEdit {
    /// Makes the change in an account, at that instant, and moves Gigya's times as Gigya does. Of an account that
    /// [`Arrived`](Self::Arrived) it moves all times to the instant.
    pub fn apply(&self, account: &mut Map<String, Value>, at: Timestamp) {
        match self {
            Self::Arrived => {
                for name in ["created", "registered", "verified", "oldestDataUpdated", "lastLogin"]
                {
                    if account.contains_key(name) {
                        times(account, name, at);
                    }
                }
                if let Some(wish) = subscription(account) {
                    wish.insert("lastUpdatedSubscriptionState".to_owned(), json!(iso(at)));
                    for (_, time) in section(wish, "doubleOptIn")
                        .iter_mut()
                        .filter(|(name, time)| name.ends_with("Time") && time.is_string())
                    {
                        *time = json!(iso(at));
                    }
                }
            }
            Self::Renamed { first_name, last_name } => {
                let profile = section(account, "profile");
                profile.insert("firstName".to_owned(), json!(sanitised(first_name)));
                profile.insert("lastName".to_owned(), json!(sanitised(last_name)));
            }
            Self::Moved { city, zip } => {
                let profile = section(account, "profile");
                profile.insert("city".to_owned(), json!(sanitised(city)));
                profile.insert("zip".to_owned(), json!(zip));
            }
            Self::TierChanged { tier } => {
                section(section(account, "data"), "loyalty").insert("tier".to_owned(), json!(tier));
            }
            Self::AddressChanged { email } => {
                section(account, "profile").insert("email".to_owned(), json!(email));
            }
            Self::Unsubscribed => {
                let wish = wish(account, false, at);
                section(wish, "doubleOptIn").insert("status".to_owned(), json!("NotConfirmed"));
            }
            Self::Resubscribed => {
                let wish = wish(account, true, at);
                section(wish, "doubleOptIn").insert("status".to_owned(), json!("Confirmed"));
            }
            Self::Deactivated | Self::Reactivated => {
                let is_active = matches!(self, Self::Reactivated);
                account.insert("isActive".to_owned(), json!(is_active));
            }
            Self::RegionChanged { region } => {
                section(account, "data").insert("region".to_owned(), json!(region));
            }
            // Nothing is left to be changed.
            Self::Deleted => return,
            Self::LoggedIn => {
                times(account, "lastLogin", at);
                account.insert("lastUpdatedTimestamp".to_owned(), json!(at.as_millisecond()));
                return;
            }
        }
        times(account, "lastUpdated", at);
    }
}

/// The section of that name, made where it is missing.
fn section<'a>(account: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
    let slot = account.entry(name.to_owned()).or_insert_with(|| json!({}));
    if !slot.is_object() {
        *slot = json!({});
    }
    slot.as_object_mut().expect("made an object just now")
}

/// The newsletter's subscription, as it is from now on.
fn wish(
    account: &mut Map<String, Value>,
    is_subscribed: bool,
    at: Timestamp,
) -> &mut Map<String, Value> {
    let newsletter = section(section(account, "subscriptions"), SUBSCRIPTION);
    let wish = section(newsletter, "email");
    wish.insert("isSubscribed".to_owned(), json!(is_subscribed));
    wish.insert("lastUpdatedSubscriptionState".to_owned(), json!(iso(at)));
    wish
}

fn subscription(account: &mut Map<String, Value>) -> Option<&mut Map<String, Value>> {
    account.get_mut("subscriptions")?.get_mut(SUBSCRIPTION)?.get_mut("email")?.as_object_mut()
}

/// How many of 100,000 people something befalls on a day.
#[derive(Debug, Clone, Copy)]
enum Befalls {
    Arrival,
    Renaming,
    Moving,
    Tier,
    Address,
    OptOut,
    Login,
    Unsubscribing,
    Phone,
    FirstName,
    ListLeaving,
    Deletion,
    OptIn,
    Locking,
    Unlocking,
    Region,
    AccountDeletion,
}

/// Shares of a day: two in a hundred change something, one in two hundred leaves on either side, one in twenty only logs in.
const SHARES: [(Befalls, u64); 17] = [
    (Befalls::Renaming, 250),
    (Befalls::Moving, 600),
    (Befalls::Tier, 1_000),
    (Befalls::Address, 150),
    (Befalls::OptOut, 500),
    (Befalls::Login, 5_000),
    (Befalls::Unsubscribing, 350),
    (Befalls::ListLeaving, 100),
    (Befalls::Deletion, 50),
    (Befalls::Phone, 250),
    (Befalls::FirstName, 100),
    (Befalls::Arrival, 300),
    (Befalls::OptIn, 400),
    (Befalls::Locking, 50),
    (Befalls::Unlocking, 200),
    (Befalls::Region, 150),
    (Befalls::AccountDeletion, 50),
];

/// What the shares are of.
const WHOLE: u64 = 100_000;

/// What happens on a day (from 1) to a population of accounts `0..population`: who, and what. Newcomers are numbered from
/// `population` up. Nobody does two things on one side on one day; a few are changed on both sides, which is a conflict.
/// Depends on its arguments alone. The order is the order in which it happens.
pub fn edits_of_day(seed: u64, day: u32, population: u64) -> Vec<(u64, Edit)> {
    let people = People::new(seed);
    let mut dice = people.dice(Purpose::Day, u64::from(day));
    let mut changed_at_gigya = BTreeSet::new();
    let mut changed_in_constant_contact = BTreeSet::new();
    let mut edits = Vec::new();
    for (befalls, share) in SHARES {
        for turn in 0..times_a_day(population, share, &mut dice) {
            if let Befalls::Arrival = befalls {
                edits.push((population + turn, Edit::Gigya(GigyaEdit::Arrived)));
                continue;
            }
            let who = dice.below(population);
            let edit = edit(befalls, people, who, day);
            let is_first = match &edit {
                Edit::Gigya(_) => changed_at_gigya.insert(who),
                Edit::ConstantContact(_) => changed_in_constant_contact.insert(who),
            };
            if is_first {
                edits.push((who, edit));
            }
            // One of ten first names that a marketer corrects is corrected at Gigya too, otherwise.
            if let Befalls::FirstName = befalls
                && is_first
                && dice.of_thousand(100)
                && changed_at_gigya.insert(who)
            {
                edits.push((who, self::edit(Befalls::Renaming, people, who, day)));
            }
        }
    }
    dice.shuffle(&mut edits);
    edits
}

/// The share of the population, and the fraction left over as a chance.
fn times_a_day(population: u64, share: u64, dice: &mut Dice) -> u64 {
    let parts = population.saturating_mul(share);
    parts / WHOLE + u64::from(dice.below(WHOLE) < parts % WHOLE)
}

fn edit(befalls: Befalls, people: People, who: u64, day: u32) -> Edit {
    // A million days are more than a story has.
    let mut dice = people.dice(Purpose::Edit, who.wrapping_mul(1_000_003) ^ u64::from(day));
    let culture = Name::of(people, who).culture;
    match befalls {
        Befalls::Arrival => Edit::Gigya(GigyaEdit::Arrived),
        Befalls::Renaming => {
            let name = Name::in_culture(culture, &mut dice);
            Edit::Gigya(GigyaEdit::Renamed { first_name: name.first, last_name: name.last })
        }
        Befalls::Moving => {
            let (city, zip) = dice.one(culture.towns);
            Edit::Gigya(GigyaEdit::Moved { city: city.to_owned(), zip: zip.to_owned() })
        }
        Befalls::Tier => Edit::Gigya(GigyaEdit::TierChanged { tier: dice.one(&TIERS).to_owned() }),
        Befalls::Address => {
            Edit::Gigya(GigyaEdit::AddressChanged { email: address::moved(people, who, day) })
        }
        Befalls::OptOut => Edit::Gigya(GigyaEdit::Unsubscribed),
        Befalls::Login => Edit::Gigya(GigyaEdit::LoggedIn),
        Befalls::Unsubscribing => Edit::ConstantContact(ContactEdit::Unsubscribed),
        Befalls::Phone => {
            let phone = phone(culture, &mut dice);
            Edit::ConstantContact(ContactEdit::PhoneChanged { phone })
        }
        Befalls::FirstName => {
            let first_name = Name::in_culture(culture, &mut dice).first;
            Edit::ConstantContact(ContactEdit::FirstNameChanged { first_name })
        }
        Befalls::ListLeaving => Edit::ConstantContact(ContactEdit::LeftList),
        Befalls::Deletion => Edit::ConstantContact(ContactEdit::Deleted),
        Befalls::OptIn => Edit::Gigya(GigyaEdit::Resubscribed),
        Befalls::Locking => Edit::Gigya(GigyaEdit::Deactivated),
        Befalls::Unlocking => Edit::Gigya(GigyaEdit::Reactivated),
        Befalls::Region => {
            let regions = [Region::Emea, Region::Amer, Region::Apac];
            Edit::Gigya(GigyaEdit::RegionChanged { region: dice.one(&regions).as_str() })
        }
        Befalls::AccountDeletion => Edit::Gigya(GigyaEdit::Deleted),
    }
}
