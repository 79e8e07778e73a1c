//! Every way of leaving, in both dialects, whoever moved last: what holds afterwards. The table is also the page
//! `shared/docs/leaving.md`.

use std::time::Duration;

use sandbox::constant_contact::Person;
use sandbox::world::{BUCKET, FINGERPRINT_KEY, WorldOptions};
use serde_json::{Value, json};
use shared::domain::agreed::{Agreed, Departure};
use shared::domain::{Account, Dialect, FingerprintKey};
use shared::store::{Bucket, Ledger};

use super::with_consent;
use crate::trip::{Trip, address, uid};

/// How somebody leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Unsubscribes,
    LeavesOneList,
    LeavesOneListRemembered,
    IsDeletedThere,
    Withdraws,
    WithdrawsFromTheLists,
    IsDeactivated,
    FitsNoList,
    FallsSilent,
    IsDeletedAtGigya,
}

/// Who moved last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mover {
    /// Nobody, since they left.
    Nobody,
    /// The account changed, but not by an act that brings anybody back; or there is a new one with the address of one that was
    /// deleted, whose owner was never asked.
    Gigya,
    /// A marketer edited the contact.
    ConstantContact,
    /// The person opts in anew, by a new account if the old one was deleted; whoever left by no wish of theirs is what they
    /// were before.
    Person,
}

/// What the account says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtGigya {
    Subscribed,
    Withdrawn,
    Silent,
    /// There is no account.
    Gone,
}

/// What the tenant may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InConstantContact {
    Mailed,
    MailedByTheOtherList,
    OffTheLists,
    Unsubscribed,
    Deleted,
}

/// What the ledger remembers of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    None,
    Unsubscribed,
    Deleted,
    Withdrawn,
    Erased,
    LeftOneList,
    /// No mark any more, but the act that lifted it.
    Evidence,
}

/// What holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holds {
    pub(super) gigya: AtGigya,
    pub(super) constant_contact: InConstantContact,
    pub(super) mark: Mark,
}

impl Mover {
    /// Everybody, in the order of the table.
    pub(super) const ALL: [Self; 4] =
        [Self::Nobody, Self::Gigya, Self::ConstantContact, Self::Person];
}

const fn holds(gigya: AtGigya, constant_contact: InConstantContact, mark: Mark) -> Holds {
    Holds { gigya, constant_contact, mark }
}

impl Holds {
    /// The same, but this is what the account says.
    const fn said(self, gigya: AtGigya) -> Self {
        Self { gigya, ..self }
    }
}

/// As long as nobody comes back, nobody's move changes anything; then it is what the person's own move comes to.
const fn until(out: [Holds; 2], back: [Holds; 2]) -> [[Holds; 2]; 4] {
    [out, out, out, back]
}

/// The same in both dialects.
const fn alike(holds: Holds) -> [Holds; 2] {
    [holds, holds]
}

const OPTED_OUT: Holds =
    holds(AtGigya::Withdrawn, InConstantContact::Unsubscribed, Mark::Unsubscribed);
/// Gigya says yes again, and Constant Contact still no.
const STILL_OUT: Holds =
    holds(AtGigya::Subscribed, InConstantContact::Unsubscribed, Mark::Unsubscribed);
const OFF_THE_LISTS: Holds = holds(AtGigya::Subscribed, InConstantContact::OffTheLists, Mark::None);
const MAILED: Holds = holds(AtGigya::Subscribed, InConstantContact::Mailed, Mark::None);
const BACK: Holds = holds(AtGigya::Subscribed, InConstantContact::Mailed, Mark::Evidence);

const GONE: [Holds; 2] = [
    holds(AtGigya::Gone, InConstantContact::Deleted, Mark::Erased),
    holds(AtGigya::Gone, InConstantContact::Unsubscribed, Mark::Unsubscribed),
];

/// What holds afterwards, by who moved last, in v3 and in v2.
pub(super) const TABLE: [(Way, [[Holds; 2]; 4]); 10] = [
    (Way::Unsubscribes, until(alike(OPTED_OUT), alike(STILL_OUT))),
    (Way::LeavesOneList, until(alike(OPTED_OUT), alike(STILL_OUT))),
    (
        Way::LeavesOneListRemembered,
        until(
            alike(holds(
                AtGigya::Subscribed,
                InConstantContact::MailedByTheOtherList,
                Mark::LeftOneList,
            )),
            alike(BACK),
        ),
    ),
    // v2 does not tell who was deleted from who is on no list; both are taken for deleted.
    (
        Way::IsDeletedThere,
        until(
            alike(holds(AtGigya::Withdrawn, InConstantContact::Deleted, Mark::Deleted)),
            alike(BACK),
        ),
    ),
    (Way::Withdraws, until(alike(OPTED_OUT), alike(STILL_OUT))),
    (
        Way::WithdrawsFromTheLists,
        until(
            alike(holds(AtGigya::Withdrawn, InConstantContact::OffTheLists, Mark::Withdrawn)),
            alike(BACK),
        ),
    ),
    (Way::IsDeactivated, until(alike(OFF_THE_LISTS), alike(MAILED))),
    (Way::FitsNoList, until(alike(OFF_THE_LISTS), alike(MAILED))),
    (
        Way::FallsSilent,
        until(alike(holds(AtGigya::Silent, InConstantContact::Mailed, Mark::None)), alike(MAILED)),
    ),
    // v2 deletes nobody.
    (
        Way::IsDeletedAtGigya,
        [
            GONE,
            [GONE[0].said(AtGigya::Silent), GONE[1].said(AtGigya::Silent)],
            GONE,
            [
                holds(AtGigya::Subscribed, InConstantContact::Mailed, Mark::Erased),
                GONE[1].said(AtGigya::Subscribed),
            ],
        ],
    ),
];

impl Way {
    /// The settings in which it is a way of its own.
    fn settings(self) -> Option<fn(String) -> String> {
        match self {
            Self::LeavesOneListRemembered => {
                Some(|text| with_consent(&text, "on_list_leave = \"tombstone\""))
            }
            Self::WithdrawsFromTheLists => {
                Some(|text| with_consent(&text, "on_opt_out = \"remove_from_list\""))
            }
            // Else everybody fits the first list.
            Self::FitsNoList => Some(|text| {
                let when = "when = { path = \"data.region\", not_equals = \"moon\" }";
                let (before, lists) = text.split_once("[[lists]]\n").unwrap();
                let (newsletter, others) = lists.split_once("\n\n").unwrap();
                format!("{before}[[lists]]\n{newsletter}\n{when}\n\n{others}")
            }),
            Self::Unsubscribes
            | Self::LeavesOneList
            | Self::IsDeletedThere
            | Self::Withdraws
            | Self::IsDeactivated
            | Self::FallsSilent
            | Self::IsDeletedAtGigya => None,
        }
    }

    async fn leave(self, trip: &Trip) {
        match self {
            Self::Unsubscribes => trip.unsubscribe("ada"),
            Self::LeavesOneList | Self::LeavesOneListRemembered => {
                let emea = trip.world.lists.emea.clone();
                assert!(trip.world.constant_contact.leave_list(&trip.contact("ada").id, &emea));
            }
            Self::IsDeletedThere => {
                assert!(trip.world.constant_contact.delete(&trip.contact("ada").id));
            }
            Self::Withdraws | Self::WithdrawsFromTheLists => trip.subscribe("ada", false),
            Self::IsDeactivated => trip.edit("ada", "isActive", json!(false)),
            Self::FitsNoList => trip.edit("ada", "data.region", json!("moon")),
            Self::IsDeletedAtGigya => assert!(trip.world.gigya.delete(&uid("ada"))),
            Self::FallsSilent => {
                trip.world.gigya.edit(&uid("ada"), |fields| drop(fields.remove("subscriptions")));
            }
        }
        two_hours_and_a_day(trip).await;
    }

    /// The newer act, or the end of what kept them out.
    fn undo(self, trip: &Trip) {
        match self {
            Self::IsDeactivated => trip.edit("ada", "isActive", json!(true)),
            Self::FitsNoList => trip.edit("ada", "data.region", json!("emea")),
            // A subscription that there is has its old time: only one that is made anew is a newer act.
            Self::LeavesOneListRemembered => {
                trip.subscribe("ada", false);
                trip.subscribe("ada", true);
            }
            Self::IsDeletedAtGigya => {
                let now = trip.world.now().to_string();
                registers_anew(trip, |anew| {
                    let email = &mut anew["subscriptions"]["newsletter"]["email"];
                    email["lastUpdatedSubscriptionState"] = json!(now);
                });
            }
            Self::Unsubscribes
            | Self::LeavesOneList
            | Self::IsDeletedThere
            | Self::Withdraws
            | Self::WithdrawsFromTheLists
            | Self::FallsSilent => trip.subscribe("ada", true),
        }
    }
}

/// Somebody registers with Ada's address.
fn registers_anew(trip: &Trip, change: impl FnOnce(&mut Value)) {
    trip.register("anew", |anew| {
        anew["profile"]["email"] = json!(address("ada"));
        change(anew);
    });
}

/// The contact with Ada's address.
fn contact(trip: &Trip) -> Person {
    trip.world.constant_contact.contact_by_address(&address("ada")).unwrap()
}

/// Long enough that nothing is fresh any more; then everything is read and done that can be, twice.
async fn two_hours_and_a_day(trip: &Trip) {
    for hours in [2, 24] {
        trip.pass(Duration::from_hours(hours)).await;
        trip.world.poll(json!({"sweep": true})).await.unwrap();
        trip.full().await;
        trip.inbound().await;
    }
}

/// Ada, who has arrived beside Ben, leaves this way; then somebody moves.
async fn left(way: Way, api: Dialect, mover: Mover) -> Trip {
    let options = WorldOptions { api, settings: way.settings(), ..WorldOptions::default() };
    let trip = Trip::synced_with(&["ada", "ben"], options).await;
    way.leave(&trip).await;
    match mover {
        Mover::Nobody => return trip,
        Mover::Gigya if way == Way::IsDeletedAtGigya => registers_anew(&trip, |anew| {
            drop(anew.as_object_mut().unwrap().remove("subscriptions"));
        }),
        Mover::Gigya => trip.edit("ada", "profile.lastName", json!("Newname")),
        Mover::ConstantContact => {
            let put = |person: &mut Person| {
                person.texts.insert("first_name".into(), "Adele".into());
            };
            let id = contact(&trip).id;
            assert!(trip.world.constant_contact.edit(&id, put));
        }
        Mover::Person => way.undo(&trip),
    }
    two_hours_and_a_day(&trip).await;
    trip
}

pub(super) async fn agreed(trip: &Trip) -> Agreed {
    let ledger = Ledger::new(Bucket::connect(&trip.world.aws.sdk_config(), BUCKET));
    ledger.unlock(&FingerprintKey::from_base64(FINGERPRINT_KEY).unwrap());
    ledger.look_up([uid("ada")], []).await.unwrap().people.remove(&uid("ada")).unwrap_or_default()
}

/// What holds for Ada.
async fn seen(trip: &Trip) -> Holds {
    let consent = "subscriptions.newsletter.email".parse().unwrap();
    let accounts = trip.world.gigya.accounts();
    let email = "profile.email".parse().unwrap();
    let is_hers = |account: &&Account| account.text(&email).as_deref() == Some(&address("ada"));
    let gigya = match accounts.iter().find(is_hers).map(|ada| ada.subscription(&consent)) {
        Some(Some(subscription)) if subscription.is_subscribed => AtGigya::Subscribed,
        Some(Some(_)) => AtGigya::Withdrawn,
        Some(None) => AtGigya::Silent,
        None => AtGigya::Gone,
    };
    let (contact, lists) = (contact(trip), &trip.world.lists);
    let constant_contact = if contact.deleted_at.is_some() {
        InConstantContact::Deleted
    } else if contact.is_unsubscribed() {
        InConstantContact::Unsubscribed
    } else {
        match (contact.lists.contains(&lists.newsletter), contact.lists.contains(&lists.emea)) {
            (true, true) => InConstantContact::Mailed,
            (false, false) => InConstantContact::OffTheLists,
            (true, false) | (false, true) => InConstantContact::MailedByTheOtherList,
        }
    };
    let agreed = agreed(trip).await;
    let mark = match agreed.left.map(|left| left.kind) {
        Some(Departure::Unsubscribed) => Mark::Unsubscribed,
        Some(Departure::Deleted) => Mark::Deleted,
        Some(Departure::Withdrawn) => Mark::Withdrawn,
        Some(Departure::Erased) => Mark::Erased,
        None if !agreed.left_lists.is_empty() => Mark::LeftOneList,
        None if agreed.evidence.is_some() => Mark::Evidence,
        None => Mark::None,
    };
    Holds { gigya, constant_contact, mark }
}

async fn is_as_the_table_says(way: Way, api: Dialect, mover: Mover) {
    let trip = left(way, api, mover).await;
    let (_, rows) = TABLE.into_iter().find(|(known, _)| *known == way).unwrap();
    let row = Mover::ALL.into_iter().position(|known| known == mover).unwrap();
    let [in_v3, in_v2] = rows[row];
    let expected = match api {
        Dialect::V3 => in_v3,
        Dialect::V2 => in_v2,
    };
    assert_eq!(seen(&trip).await, expected);
    assert!(trip.is_mailed("ben") && trip.is_subscribed("ben"), "nobody else has left");
    let writes = trip.world.writes();
    two_hours_and_a_day(&trip).await;
    assert_eq!(trip.world.writes(), writes, "quiet again");
    assert_eq!(seen(&trip).await, expected);
}

/// A test for each dialect and each mover of a way.
macro_rules! shown {
    ($($who:ident: $way:ident;)*) => { $(
        mod $who {
            use super::{Dialect, Mover, Way, is_as_the_table_says};

            #[tokio::test(start_paused = true)]
            async fn is_as_the_table_says_in_v3_when_nobody_moved_since() {
                is_as_the_table_says(Way::$way, Dialect::V3, Mover::Nobody).await;
            }

            #[tokio::test(start_paused = true)]
            async fn is_as_the_table_says_in_v2_when_nobody_moved_since() {
                is_as_the_table_says(Way::$way, Dialect::V2, Mover::Nobody).await;
            }

            #[tokio::test(start_paused = true)]
            async fn is_as_the_table_says_in_v3_when_gigya_moved_last() {
                is_as_the_table_says(Way::$way, Dialect::V3, Mover::Gigya).await;
            }

            #[tokio::test(start_paused = true)]
            async fn is_as_the_table_says_in_v2_when_gigya_moved_last() {
                is_as_the_table_says(Way::$way, Dialect::V2, Mover::Gigya).await;
            }

            #[tokio::test(start_paused = true)]
            async fn is_as_the_table_says_in_v3_when_constant_contact_moved_last() {
                is_as_the_table_says(Way::$way, Dialect::V3, Mover::ConstantContact).await;
            }

            #[tokio::test(start_paused = true)]
            async fn is_as_the_table_says_in_v2_when_constant_contact_moved_last() {
                is_as_the_table_says(Way::$way, Dialect::V2, Mover::ConstantContact).await;
            }

            #[tokio::test(start_paused = true)]
            async fn is_as_the_table_says_in_v3_when_the_person_moved_last() {
                is_as_the_table_says(Way::$way, Dialect::V3, Mover::Person).await;
            }

            #[tokio::test(start_paused = true)]
            async fn is_as_the_table_says_in_v2_when_the_person_moved_last() {
                is_as_the_table_says(Way::$way, Dialect::V2, Mover::Person).await;
            }
        }
    )* };
}

shown! {
    who_unsubscribes_in_constant_contact: Unsubscribes;
    who_leaves_one_list: LeavesOneList;
    who_leaves_one_list_and_gigya_is_not_told: LeavesOneListRemembered;
    who_is_deleted_in_constant_contact: IsDeletedThere;
    who_withdraws_at_gigya: Withdraws;
    who_withdraws_at_gigya_and_is_taken_off_the_lists: WithdrawsFromTheLists;
    who_is_deactivated_at_gigya: IsDeactivated;
    who_fits_no_list: FitsNoList;
    who_falls_silent: FallsSilent;
    who_is_deleted_at_gigya: IsDeletedAtGigya;
}
