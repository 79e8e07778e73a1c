//! One account, shaped as Gigya shapes it: what is absent is absent, times come twice, and types drift.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::address;
use super::cultures::{CULTURES, Culture};
use super::{Dice, People, Purpose, STORY_BEGINS, SUBSCRIPTION, iso};

/// What a lifetime "never" is written as (SAP help, accounts.search, `lastLogin`).
const NEVER: &str = "0001-01-01T00:00:00Z";

/// When the customer's site opened: nobody is older there.
const SITE_OPENED: Timestamp = Timestamp::constant(1_430_000_000, 0);

/// When the customer moved everybody over from their former system: thousands share this millisecond.
const MASS_IMPORT: Timestamp = Timestamp::constant(1_652_520_153, 417_000_000);

pub(super) const TIERS: [&str; 4] = ["bronze", "silver", "gold", "platinum"];

/// What somebody is called, in their script and in Latin letters, and where they come from.
pub(super) struct Name {
    pub(super) culture: &'static Culture,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) first_latin: String,
    pub(super) last_latin: String,
}

impl Name {
    pub(super) fn of(people: People, n: u64) -> Self {
        Self::throw(&mut people.dice(Purpose::Name, n))
    }

    /// A name of that language.
    pub(super) fn in_culture(culture: &'static Culture, dice: &mut Dice) -> Self {
        let (first, first_latin) = spelling(dice.one(culture.first));
        let (last, last_latin) = spelling(dice.one(culture.last));
        Self { culture, first, last, first_latin, last_latin }
    }

    fn throw(dice: &mut Dice) -> Self {
        let all: u32 = CULTURES.iter().map(|culture| culture.weight).sum();
        let mut throw = dice.between(0, i64::from(all) - 1);
        let culture = CULTURES
            .iter()
            .find(|culture| {
                throw -= i64::from(culture.weight);
                throw < 0
            })
            .unwrap_or(&CULTURES[0]);
        let mut name = Self::in_culture(culture, dice);
        match dice.between(0, 999) {
            0..15 => {
                // Married, and kept everything.
                let other = spelling(dice.one(culture.last));
                name.last = format!("{}-{}", name.last, other.0);
            }
            15..20 => {
                // Longer than Constant Contact's fifty characters.
                name.first =
                    format!("{0} {0} Maria de los Ángeles Inmaculada Esperanza", name.first);
                let other = spelling(dice.one(culture.last)).0;
                name.last = format!("{0} y {other} de {0}-{other} von {other}", name.last);
            }
            20..26 => name.first.push_str(" 🌸"),
            26..29 => name.first = format!("{} 👩‍👩‍👧‍👦", name.first),
            29..34 => name.first = format!("\"{}\"", name.first),
            34..40 => name.first = format!("  {} ", name.first),
            40..46 => name.last = name.last.to_uppercase(),
            // Typed on a Mac: letters and their accents apart.
            46..76 => {
                name.first = name.first.nfd().collect();
                name.last = name.last.nfd().collect();
            }
            _ => {}
        }
        name
    }
}

/// A name of the tables and its Latin spelling.
fn spelling(entry: &str) -> (String, String) {
    match entry.split_once('|') {
        Some((native, latin)) => (native.to_owned(), latin.to_owned()),
        None => (entry.to_owned(), latin(entry)),
    }
}

/// A name without its accents, as people write themselves in addresses.
fn latin(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.nfd().filter(|character| !is_combining_mark(*character)) {
        match character {
            'ß' => text.push_str("ss"),
            'æ' | 'Æ' => text.push_str("ae"),
            'œ' | 'Œ' => text.push_str("oe"),
            'ł' | 'Ł' => text.push('l'),
            'ø' | 'Ø' => text.push('o'),
            'đ' | 'Đ' => text.push('d'),
            'ı' => text.push('i'),
            other => text.push(other),
        }
    }
    text
}

/// The UID of account `n`: one of the two shapes that Gigya's sites hold.
pub(super) fn uid(people: People, n: u64) -> String {
    let mut dice = people.dice(Purpose::Uid, n);
    match dice.between(0, 9) {
        0..5 => format!("_guid_{}", URL_SAFE.encode(dice.bytes::<32>())),
        5 => format!("_guid_{}", STANDARD.encode(dice.bytes::<32>())),
        _ => format!("{:032x}", u128::from_be_bytes(dice.bytes())),
    }
}

/// A text as Gigya's profile keeps it: `&` as an entity (SAP help, Profile, sanitising).
pub(super) fn sanitised(text: &str) -> String {
    text.replace('&', "&amp;")
}

fn put(section: &mut Map<String, Value>, name: &str, value: Value) {
    section.insert(name.to_owned(), value);
}

pub(super) fn account(people: People, n: u64) -> Value {
    let name = Name::of(people, n);
    let address = address::address(people, n);
    let life = Life::of(people, n);
    let mut account = Map::new();
    put(&mut account, "UID", json!(uid(people, n)));
    put(&mut account, "isRegistered", json!(life.is_registered));
    put(&mut account, "isActive", json!(life.is_active));
    put(&mut account, "isVerified", json!(life.is_verified));
    times(&mut account, "created", life.created);
    times(&mut account, "lastUpdated", life.changed);
    // A login moves the timestamp and not its ISO twin (SAP help, accounts.search, `lastUpdatedTimestamp`).
    put(&mut account, "lastUpdatedTimestamp", json!(life.touched.as_millisecond()));
    times(&mut account, "oldestDataUpdated", life.created);
    if life.is_registered {
        times(&mut account, "registered", life.created);
    }
    if life.is_verified {
        times(&mut account, "verified", life.created);
    }
    if let Some(at) = life.last_login {
        times(&mut account, "lastLogin", at);
    } else {
        put(&mut account, "lastLogin", json!(NEVER));
        put(&mut account, "lastLoginTimestamp", json!(0));
    }
    put(&mut account, "iRank", json!(0));
    put(&mut account, "loginProvider", json!(life.provider));
    put(&mut account, "socialProviders", json!(life.provider));
    let address = address.text();
    let addresses: Vec<&str> = address.into_iter().collect();
    put(&mut account, "loginIDs", json!({"emails": addresses, "unverifiedEmails": []}));
    let (verified, unverified) =
        if life.is_verified { (addresses, Vec::new()) } else { (Vec::new(), addresses) };
    put(&mut account, "emails", json!({"verified": verified, "unverified": unverified}));
    put(&mut account, "profile", profile(people, n, &name, address));
    put(&mut account, "data", data(people, n, &name, &life));
    if let Some(subscriptions) = subscriptions(people, n, &life) {
        put(&mut account, "subscriptions", subscriptions);
    }
    Value::Object(account)
}

/// A time and its twin in milliseconds.
pub(super) fn times(account: &mut Map<String, Value>, name: &str, at: Timestamp) {
    put(account, name, json!(iso(at)));
    put(account, &format!("{name}Timestamp"), json!(at.as_millisecond()));
}

/// What happened to an account before the story.
struct Life {
    is_registered: bool,
    is_active: bool,
    is_verified: bool,
    created: Timestamp,
    changed: Timestamp,
    touched: Timestamp,
    last_login: Option<Timestamp>,
    provider: &'static str,
}

impl Life {
    fn of(people: People, n: u64) -> Self {
        const UNREGISTERED_OF_THOUSAND: u32 = 10;
        const INACTIVE_OF_THOUSAND: u32 = 3;
        let mut dice = people.dice(Purpose::Life, n);
        let yesterday = STORY_BEGINS - SignedDuration::from_hours(24);
        let was_imported = dice.of_thousand(120);
        let created = if was_imported { MASS_IMPORT } else { dice.instant(SITE_OPENED, yesterday) };
        let changed =
            if dice.of_thousand(450) { created } else { dice.instant(created, yesterday) };
        let last_login = (!dice.of_thousand(150)).then(|| dice.instant(created, yesterday));
        Self {
            is_registered: !dice.of_thousand(UNREGISTERED_OF_THOUSAND),
            is_active: !dice.of_thousand(INACTIVE_OF_THOUSAND),
            is_verified: dice.of_thousand(850),
            created,
            changed,
            touched: last_login.map_or(changed, |login| login.max(changed)),
            last_login,
            provider: match dice.between(0, 9) {
                0 => "site,facebook",
                1 => "site,googleplus",
                _ => "site",
            },
        }
    }
}

fn profile(people: People, n: u64, name: &Name, address: Option<&str>) -> Value {
    let mut dice = people.dice(Purpose::Profile, n);
    let culture = name.culture;
    let mut profile = Map::new();
    if let Some(address) = address {
        put(&mut profile, "email", json!(address));
    }
    if !dice.of_thousand(20) {
        put(&mut profile, "firstName", json!(sanitised(&name.first)));
        put(&mut profile, "lastName", json!(sanitised(&name.last)));
    } else if dice.of_thousand(500) {
        put(&mut profile, "firstName", json!(""));
        put(&mut profile, "lastName", Value::Null);
    }
    put(&mut profile, "locale", json!(culture.locale));
    if dice.of_thousand(700) {
        put(&mut profile, "gender", json!(dice.one(&["f", "m", "u"])));
    }
    if dice.of_thousand(600) {
        let year = dice.between(1930, 2008);
        put(&mut profile, "birthDay", json!(dice.between(1, 28)));
        if !dice.of_thousand(12) {
            put(&mut profile, "birthMonth", json!(dice.between(1, 12)));
            put(&mut profile, "birthYear", json!(year));
        }
        let age = 2026 - year;
        let age = if dice.of_thousand(300) { json!(age.to_string()) } else { json!(age) };
        put(&mut profile, "age", age);
    }
    if dice.of_thousand(800) {
        put(&mut profile, "country", json!(culture.country));
        let (town, code) = dice.one(culture.towns);
        put(&mut profile, "city", json!(town));
        put(&mut profile, "zip", json!(code));
        let house = dice.between(1, 240);
        put(&mut profile, "address", json!(format!("{} {house}", dice.one(culture.streets))));
    }
    if dice.of_thousand(450) {
        let mut phones = vec![json!({"type": "mobile", "number": phone(culture, &mut dice)})];
        if dice.of_thousand(100) {
            phones.push(json!({"type": "home", "number": phone(culture, &mut dice)}));
        }
        put(&mut profile, "phones", json!(phones));
    }
    if dice.of_thousand(350) {
        let firm = sanitised(dice.one(culture.firms));
        let title =
            dice.one(&["Engineer", "Head of R&amp;D", "Rädler", "経理", "Owner", "CEO / Gründer"]);
        put(&mut profile, "work", json!([{"company": firm, "title": title, "isCurrent": true}]));
    }
    Value::Object(profile)
}

/// A telephone number in one of the ways people write them. The digits start with 555, where nobody is reached.
pub(super) fn phone(culture: &Culture, dice: &mut Dice) -> String {
    let (a, b) = (dice.between(10, 99), dice.between(1_000, 9_999));
    match dice.between(0, 9) {
        0..4 => format!("{}555{a}{b}", culture.prefix),
        4..6 => format!("{} 555 {a} {b}", culture.prefix),
        6 => format!("(555) {a}-{b}"),
        7 => format!("00{}555{a}{b}", culture.prefix.trim_start_matches('+')),
        8 => format!("{} (0) 555 / {a} {b} ext. {}", culture.prefix, dice.between(1, 999)),
        _ => format!("555.{a}.{b}"),
    }
}

fn data(people: People, n: u64, name: &Name, life: &Life) -> Value {
    let mut dice = people.dice(Purpose::Data, n);
    let mut data = Map::new();
    put(&mut data, "region", json!(name.culture.region.as_str()));
    if dice.of_thousand(700) {
        let tier = TIERS[match dice.between(0, 99) {
            0..60 => 0,
            60..85 => 1,
            85..96 => 2,
            _ => 3,
        }];
        let points = dice.between(0, 25_000);
        let points = if dice.of_thousand(50) { json!(points.to_string()) } else { json!(points) };
        put(&mut data, "loyalty", json!({"tier": tier, "points": points}));
    }
    let is_vip = dice.of_thousand(40);
    let is_vip = if dice.of_thousand(100) { json!(is_vip.to_string()) } else { json!(is_vip) };
    put(&mut data, "vip", is_vip);
    if dice.of_thousand(150) {
        let since = dice.instant(SITE_OPENED, life.created);
        let since = if dice.of_thousand(200) {
            since.strftime("%m/%d/%Y").to_string()
        } else {
            since.strftime("%Y-%m-%d").to_string()
        };
        put(&mut data, "anniversary", json!(since));
    }
    if dice.of_thousand(100) {
        put(&mut data, "notes", json!("Called on Monday; likes “blue” – not green… 😀"));
    }
    Value::Object(data)
}

/// The newsletter as `emailAccounts` gives it, or nothing for those who were never asked.
fn subscriptions(people: People, n: u64, life: &Life) -> Option<Value> {
    const SILENT_OF_THOUSAND: u32 = 30;
    const LEFT_OF_THOUSAND: u32 = 80;
    const PENDING_OF_THOUSAND: u32 = 5;
    let mut dice = people.dice(Purpose::Consent, n);
    if dice.of_thousand(SILENT_OF_THOUSAND) {
        return None;
    }
    let has_left = dice.of_thousand(LEFT_OF_THOUSAND);
    let changed = dice.instant(life.created, life.changed);
    let status = match (has_left, dice.of_thousand(PENDING_OF_THOUSAND), dice.of_thousand(350)) {
        (true, _, _) | (false, false, false) => "NotConfirmed",
        (false, true, _) => "Pending",
        (false, false, true) => "Confirmed",
    };
    let sent = (status != "NotConfirmed").then(|| iso(changed));
    let confirmed = (status == "Confirmed")
        .then(|| iso(changed + SignedDuration::from_mins(dice.between(1, 90))));
    Some(json!({SUBSCRIPTION: {"email": {
        "isSubscribed": !has_left,
        "lastUpdatedSubscriptionState": iso(changed),
        "tags": if dice.of_thousand(200) { json!(["weekly"]) } else { Value::Null },
        "doubleOptIn": {
            "status": status,
            "emailSentTime": sent,
            "confirmTime": confirmed,
            "doiConditionallyConfirmed": Value::Null,
        },
    }}}))
}
