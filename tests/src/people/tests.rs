use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use shared::domain::{Account, EmailAddress, Path};

use super::*;

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

fn accounts(seed: u64, count: u64) -> Vec<Account> {
    let people = People::new(seed);
    (0..count).map(|n| Account::from_email_account(people.account(n)).unwrap()).collect()
}

#[test]
fn an_account_depends_on_its_seed_and_its_number_alone() {
    let (one, other) = (People::new(1), People::new(2));
    let backwards: Vec<Value> = (0..200).rev().map(|n| one.account(n)).collect();
    for (n, account) in (0..200).rev().zip(backwards) {
        assert_eq!(one.account(n), account);
        assert_ne!(other.account(n), account);
        let account = Account::from_email_account(account).unwrap();
        assert_eq!(account.uid().as_str(), one.uid(n));
    }
}

#[test]
fn one_account_stands_for_all() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&People::new(1).account(7)).unwrap(), @r#"
    {
      "UID": "b99491b589dd6b5f9f05cf4b03c2cfda",
      "created": "2025-05-21T10:40:18.238Z",
      "createdTimestamp": 1747824018238,
      "data": {
        "loyalty": {
          "points": 2523,
          "tier": "bronze"
        },
        "region": "emea",
        "vip": false
      },
      "emails": {
        "unverified": [],
        "verified": [
          "jurate7@example.org"
        ]
      },
      "iRank": 0,
      "isActive": true,
      "isRegistered": true,
      "isVerified": true,
      "lastLogin": "0001-01-01T00:00:00Z",
      "lastLoginTimestamp": 0,
      "lastUpdated": "2025-09-17T20:32:41.631Z",
      "lastUpdatedTimestamp": 1758141161631,
      "loginIDs": {
        "emails": [
          "jurate7@example.org"
        ],
        "unverifiedEmails": []
      },
      "loginProvider": "site",
      "oldestDataUpdated": "2025-05-21T10:40:18.238Z",
      "oldestDataUpdatedTimestamp": 1747824018238,
      "profile": {
        "address": "Ąžuolų gatvė 67",
        "age": 34,
        "birthDay": 14,
        "birthMonth": 12,
        "birthYear": 1992,
        "city": "Šiauliai",
        "country": "Lietuva",
        "email": "jurate7@example.org",
        "firstName": "Jūratė",
        "gender": "f",
        "lastName": "Paulauskas",
        "locale": "lt",
        "phones": [
          {
            "number": "555.39.5125",
            "type": "mobile"
          }
        ],
        "zip": "76001"
      },
      "registered": "2025-05-21T10:40:18.238Z",
      "registeredTimestamp": 1747824018238,
      "socialProviders": "site",
      "subscriptions": {
        "newsletter": {
          "email": {
            "doubleOptIn": {
              "confirmTime": null,
              "doiConditionallyConfirmed": null,
              "emailSentTime": null,
              "status": "NotConfirmed"
            },
            "isSubscribed": false,
            "lastUpdatedSubscriptionState": "2025-06-02T18:13:16.564Z",
            "tags": null
          }
        }
      },
      "verified": "2025-05-21T10:40:18.238Z",
      "verifiedTimestamp": 1747824018238
    }
    "#);
}

#[test]
fn every_account_comes_back_through_the_domain_as_it_was() {
    let people = People::new(3);
    for n in 0..2_000 {
        let mut json = people.account(n);
        let text = serde_json::to_string(&json).unwrap();
        let account = Account::from_email_account(serde_json::from_str(&text).unwrap()).unwrap();
        json["UID"] = people.uid(n).into();
        assert_eq!(serde_json::to_value(&account).unwrap(), json);
        assert!(account.last_updated().is_some_and(|at| at < STORY_BEGINS));
    }
}

#[test]
fn people_are_as_odd_as_real_people_in_the_shares_that_are_promised() {
    const PEOPLE: u64 = 10_000;
    let accounts = accounts(42, PEOPLE);
    let count = |is: &dyn Fn(&Account) -> bool| accounts.iter().filter(|a| is(a)).count();
    let email = path("profile.email");
    let wish = path("subscriptions.newsletter.email");
    let text =
        |account: &Account, at: &str| account.text(&path(at)).unwrap_or_default().into_owned();

    let missing = count(&|a| a.text(&email).is_none());
    let broken = count(&|a| a.text(&email).is_some_and(|e| e.parse::<EmailAddress>().is_err()));
    let silent = count(&|a| a.subscription(&wish).is_none());
    let left = count(&|a| a.subscription(&wish).is_some_and(|wish| !wish.is_subscribed));
    let unregistered = count(&|a| !a.is_registered());
    let lite = count(&Account::is_lite);
    let without_uid = count(&|a| a.uid().lite_token().is_some());
    let half_birthdays = count(&|a| {
        a.text(&path("profile.birthDay")).is_some() && a.text(&path("profile.birthMonth")).is_none()
    });
    let long = count(&|a| text(a, "profile.lastName").chars().count() > 50);
    let entities = count(&|a| text(a, "profile.work.company").contains("&amp;"));
    let beyond_latin_1 = count(&|a| text(a, "profile.firstName").chars().any(|c| c > '\u{ff}'));
    let drifted = count(&|a| a.fields()["data"]["vip"].is_string());
    for (what, count, expected) in [
        ("missing", missing, 10..=60),
        ("broken", broken, 10..=60),
        ("silent", silent, 230..=370),
        ("left", left, 680..=880),
        ("unregistered", unregistered, 60..=140),
        ("lite", lite, 330..=470),
        ("lite without a UID", without_uid, 150..=250),
        ("half a birthday", half_birthdays, 40..=110),
        ("longer than a field", long, 20..=120),
        ("entities", entities, 500..=2_500),
        ("beyond Latin-1", beyond_latin_1, 2_000..=5_000),
        ("drifted types", drifted, 850..=1_150),
    ] {
        assert!(expected.contains(&count), "{what}: {count} of {PEOPLE}, expected {expected:?}");
    }
    let languages: BTreeSet<_> = accounts.iter().map(|a| text(a, "profile.locale")).collect();
    assert!(languages.len() >= 20, "{languages:?}");
    let regions: BTreeSet<_> = accounts.iter().map(|a| text(a, "data.region")).collect();
    assert_eq!(regions, ["amer", "apac", "emea"].map(str::to_owned).into());
}

#[test]
fn uids_are_unique_and_addresses_are_but_for_a_few_shared_ones() {
    let accounts = accounts(42, 10_000);
    let uids: BTreeSet<_> = accounts.iter().map(Account::uid).collect();
    assert_eq!(uids.len(), accounts.len());
    let mut holders: BTreeMap<String, u32> = BTreeMap::new();
    for account in &accounts {
        if let Some(Ok(address)) =
            account.text(&path("profile.email")).map(|text| text.parse::<EmailAddress>())
        {
            *holders.entry(address.key()).or_default() += 1;
        }
    }
    let shared: Vec<u32> = holders.into_values().filter(|holders| *holders > 1).collect();
    assert!(shared.iter().all(|holders| *holders == 2), "pairs only");
    assert!((3..=25).contains(&shared.len()), "{}", shared.len());
}

#[test]
fn no_mail_can_reach_anybody() {
    for account in accounts(9, 10_000) {
        let Some(email) = account.text(&path("profile.email")) else { continue };
        let Ok(address) = email.parse::<EmailAddress>() else { continue };
        let host = address.expose().rsplit('@').next().unwrap_or_default().to_owned();
        let is_reserved = ["example.com", "example.org", "example.net", "test"]
            .iter()
            .any(|name| host == *name || host.ends_with(&format!(".{name}")));
        assert!(is_reserved, "{host}");
    }
}

#[test]
fn a_hundred_thousand_people_are_made_while_one_waits() {
    let people = People::new(7);
    let start = Instant::now();
    let named = (0..100_000).filter(|n| people.account(*n)["profile"].is_object()).count();
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(named, 100_000);
}

#[test]
fn a_day_depends_on_its_arguments_alone_and_no_two_days_are_the_same() {
    let day = edits_of_day(1, 1, 5_000);
    assert_eq!(day, edits_of_day(1, 1, 5_000));
    assert_ne!(day, edits_of_day(1, 2, 5_000));
    assert_ne!(day, edits_of_day(2, 1, 5_000));
    assert_eq!(edits_of_day(1, 1, 0), []);
}

#[test]
fn a_day_has_its_shares_and_nobody_is_changed_twice_on_one_side() {
    const PEOPLE: u64 = 100_000;
    let edits = edits_of_day(42, 3, PEOPLE);
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut at_gigya, mut in_constant_contact) = (BTreeSet::new(), BTreeSet::new());
    for (who, edit) in &edits {
        *kinds.entry(edit.kind()).or_default() += 1;
        let is_first = match edit {
            Edit::Gigya(edit) => {
                assert_eq!(*who >= PEOPLE, *edit == GigyaEdit::Arrived);
                at_gigya.insert(who)
            }
            Edit::ConstantContact(_) => in_constant_contact.insert(who),
        };
        assert!(is_first, "{who} is changed twice");
    }
    assert_eq!(kinds.len(), 17, "everything happens: {kinds:?}");
    assert!((400..=500).contains(&kinds["opted out in Gigya"]), "{kinds:?}");
    assert!((4_500..=5_000).contains(&kinds["only logged in"]), "{kinds:?}");
    let conflicts = edits
        .iter()
        .filter(|(who, edit)| {
            matches!(edit, Edit::ConstantContact(ContactEdit::FirstNameChanged { .. }))
                && edits.iter().any(|(other, edit)| {
                    other == who && matches!(edit, Edit::Gigya(GigyaEdit::Renamed { .. }))
                })
        })
        .count();
    assert!(conflicts > 0, "some first names change on both sides");
}

#[test]
fn an_edit_changes_what_it_says_and_moves_the_times_as_gigya_does() {
    let at: Timestamp = "2026-11-03T10:00:00.250Z".parse().unwrap();
    let before = People::new(1).account(7);
    let applied = |edit: GigyaEdit| {
        let mut account = before.as_object().unwrap().clone();
        edit.apply(&mut account, at);
        Value::Object(account)
    };

    let login = applied(GigyaEdit::LoggedIn);
    assert_eq!(login["lastUpdatedTimestamp"], at.as_millisecond());
    assert_eq!(login["lastUpdated"], before["lastUpdated"]);
    assert_eq!(login["profile"], before["profile"]);

    let renamed = applied(GigyaEdit::Renamed { first_name: "A & B".into(), last_name: "C".into() });
    assert_eq!(renamed["profile"]["firstName"], "A &amp; B");
    assert_eq!(renamed["lastUpdated"], "2026-11-03T10:00:00.250Z");
    assert_eq!(renamed["lastUpdatedTimestamp"], at.as_millisecond());

    let left = Account::from_json(applied(GigyaEdit::Unsubscribed)).unwrap();
    let wish = left.subscription(&path("subscriptions.newsletter.email")).unwrap();
    assert_eq!((wish.is_subscribed, wish.changed_at), (false, Some(at)));

    let back = Account::from_json(applied(GigyaEdit::Resubscribed)).unwrap();
    let wish = back.subscription(&path("subscriptions.newsletter.email")).unwrap();
    assert_eq!((wish.is_subscribed, wish.changed_at), (true, Some(at)));
    assert_eq!(applied(GigyaEdit::Deactivated)["isActive"], false);
    assert_eq!(applied(GigyaEdit::RegionChanged { region: "apac" })["data"]["region"], "apac");

    let tier = applied(GigyaEdit::TierChanged { tier: "gold".into() });
    assert_eq!(tier["data"]["loyalty"]["tier"], "gold");
    assert_eq!(tier["data"]["region"], before["data"]["region"]);

    let arrived = applied(GigyaEdit::Arrived);
    assert_eq!(arrived["createdTimestamp"], at.as_millisecond());
}
