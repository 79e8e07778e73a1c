//! No letter is made worse: what v2 cannot hold goes out poorer, is told, and never comes home.

use sandbox::constant_contact::v2;
use sandbox::people::People;
use sandbox::world::WorldOptions;
use serde_json::json;
use shared::domain::report::{ListedPerson, State};
use shared::domain::{Account, Dialect};
use shared::settings::customer::CustomerSettings;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::trip::{Trip, uid};

const PEOPLE: [&str; 3] = ["ada", "ben", "cleo"];

fn in_v2(settings: Option<fn(String) -> String>) -> WorldOptions {
    WorldOptions { api: Dialect::V2, settings, ..WorldOptions::default() }
}

fn with_charset(settings: &str, lines: &str) -> String {
    format!("{settings}\n[charset]\n{lines}\n")
}

/// One line of a list of the last run.
fn listed(trip: &Trip, run: &str, list: &str) -> Vec<ListedPerson> {
    let text = trip.object(&format!("runs/{run}/{list}.ndjson")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_name_goes_out_in_letters_that_v2_has_and_comes_home_never() {
    let trip = Trip::synced_with(&PEOPLE, in_v2(None)).await;
    trip.edit("ada", "profile.firstName", json!("Łukasz"));
    trip.edit("ada", "profile.lastName", json!("Nguyễn &amp; Söhne"));
    let report = trip.delta().await;
    let contact = trip.contact("ada");
    assert_eq!(contact.texts["first_name"], "Lukasz");
    assert_eq!(contact.texts["last_name"], "Nguyen & Söhne");
    assert_eq!((report.losses.characters, report.losses.by_character[&'Ł']), (2, 1));
    assert_eq!(report.losses.by_field["first_name"].transliterated, 1);
    let reasons: Vec<String> = listed(&trip, report.run.as_str(), "losses")
        .into_iter()
        .map(|person| format!("{} {} {}", person.uid, person.field.unwrap(), person.reason))
        .collect();
    assert_eq!(
        reasons,
        [
            "uid-ada first_name 1 character written with other letters",
            "uid-ada last_name 1 character written with other letters",
        ]
    );

    let before = trip.account("ada");
    trip.inbound().await;
    trip.world.poll(json!({"sweep": true})).await.unwrap();
    trip.full().await;
    trip.inbound().await;
    assert_eq!(trip.account("ada"), before);
    assert_eq!(trip.contact("ada"), contact, "and nothing is sent again");
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_for_v3_never_comes_home_either() {
    let trip = Trip::synced(&PEOPLE).await;
    trip.edit("ada", "profile.firstName", json!("Ł".repeat(60)));
    trip.delta().await;
    assert_eq!(trip.contact("ada").texts["first_name"], "Ł".repeat(50));
    let before = trip.account("ada");
    trip.inbound().await;
    trip.world.poll(json!({"sweep": true})).await.unwrap();
    trip.full().await;
    assert_eq!(trip.account("ada"), before);
}

#[tokio::test(start_paused = true)]
async fn what_has_no_spelling_is_marked_left_out_or_waits_as_the_customer_says() {
    for (otherwise, city) in [("replace", Some("??")), ("drop_field", Some("Köln")), ("hold", None)]
    {
        let settings: fn(String) -> String = match otherwise {
            "replace" => |text| with_charset(&text, "otherwise = \"replace\""),
            "drop_field" => |text| with_charset(&text, "otherwise = \"drop_field\""),
            _ => |text| with_charset(&text, "otherwise = \"hold\""),
        };
        let trip = Trip::synced_with(&PEOPLE, in_v2(Some(settings))).await;
        trip.edit("ada", "profile.city", json!("東京"));
        trip.edit("ada", "profile.zip", json!("100-0001"));
        let report = trip.delta().await;
        let street = &trip.contact("ada").streets["home"];
        let shown = (street[1].as_str(), street[3].as_str());
        if let Some(city) = city {
            assert_eq!(shown, (city, "100-0001"), "{otherwise}");
            assert_eq!(report.people.accepted, 1);
        } else {
            assert_eq!(shown, ("Köln", "50667"));
            assert_eq!(report.people.held, 1);
            let held = listed(&trip, report.run.as_str(), "held");
            assert_eq!(held.iter().map(|it| it.uid.clone()).collect::<Vec<_>>(), [uid("ada")]);
        }
        assert_eq!(report.losses.by_character[&'東'], 1, "{otherwise}");
        assert_eq!(report.losses.by_field["city"].withheld > 0, otherwise != "replace");
        trip.inbound().await;
        assert_eq!(trip.section("ada", "profile")["city"], "東京", "{otherwise}");
    }
}

#[tokio::test(start_paused = true)]
async fn v3_may_be_held_to_the_same_characters() {
    let settings: fn(String) -> String = |text| with_charset(&text, "encoding = \"iso-8859-1\"");
    let options = WorldOptions { settings: Some(settings), ..WorldOptions::default() };
    let trip = Trip::new(&PEOPLE, options);
    trip.edit("ada", "profile.firstName", json!("Łukasz"));
    trip.world.constant_contact.switch(|switches| switches.csv_is_latin1 = true);
    trip.full().await;
    assert_eq!(trip.contact("ada").texts["first_name"], "Lukasz");
    assert_eq!(trip.contact("ada").streets["home"][1], "Köln");
}

/// A thousand people of twenty-seven languages: every contact is what the report says, letter by letter.
#[tokio::test(start_paused = true)]
async fn a_thousand_people_arrive_letter_by_letter_and_gigya_keeps_every_one_of_theirs() {
    let trip = Trip::new(&[], in_v2(None));
    let people = People::new(11);
    trip.world.gigya.seed((0..1_000).map(|n| people.account(n)));
    let remembered = trip.world.remember_letters();
    let report = trip.full().await;
    trip.inbound().await;
    trip.world.poll(json!({"sweep": true})).await.unwrap();
    assert_eq!(report.state, State::Settled);
    let letters = trip.world.letters(&remembered, &std::collections::BTreeSet::new());
    assert!(letters.are_in_order(), "{letters:?}");
    assert_eq!(letters.compared, report.people.accepted);

    // The losses, counted anew from what is stored: a character of Gigya's that is not there is a loss.
    let settings = trip.object(shared::store::keys::SETTINGS).unwrap();
    let mapping = CustomerSettings::parse(&settings).unwrap().policy.mapping;
    let contacts = trip.world.contacts_by_uid();
    let lost = |account: &Account| -> u64 {
        let Ok(fitted) = mapping.fit(account) else { return 0 };
        fitted.fields.iter().map(|(_, fitted)| beyond_latin1(&fitted.source)).sum()
    };
    let accounts = trip.world.gigya.accounts();
    let arrived = accounts.iter().filter(|account| contacts.contains_key(account.uid()));
    let expected: u64 = arrived.map(lost).sum();
    assert!(expected > 300, "the people of the sandbox have letters to lose: {expected}");
    assert_eq!(report.losses.characters, expected);
    let stored = trip.world.constant_contact.contacts();
    let texts = stored.iter().flat_map(v2::encoding::texts);
    assert_eq!(texts.map(|(_, text)| beyond_latin1(&text)).sum::<u64>(), 0);
}

/// What a reader takes for a character and ISO-8859-1 has not: a vowel sign goes with its consonant.
fn beyond_latin1(text: &str) -> u64 {
    let is_beyond = |cluster: &&str| cluster.chars().any(|c| u32::from(c) > 0xff);
    text.graphemes(true).filter(is_beyond).count() as u64
}
