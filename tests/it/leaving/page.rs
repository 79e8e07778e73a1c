//! The page that shows what becomes of those who leave is made from the table that the tests hold against the functions.

use std::fmt::Write as _;

use super::ways::{AtGigya, Holds, InConstantContact, Mark, Mover, TABLE, Way};

const PAGE: &str = include_str!("../../../shared/docs/leaving.md");

/// Where what is made here begins; everything before is written by hand.
const MADE: &str = "## What holds afterwards\n";

/// How they left, and by which policy.
fn way(way: Way) -> &'static str {
    match way {
        Way::Unsubscribes => "unsubscribes in Constant Contact",
        Way::LeavesOneList => "leaves one list in Constant Contact",
        Way::LeavesOneListRemembered => {
            "leaves one list in Constant Contact, `on_list_leave = \"tombstone\"`"
        }
        Way::IsDeletedThere => "is deleted in Constant Contact",
        Way::Withdraws => "withdraws at Gigya",
        Way::WithdrawsFromTheLists => "withdraws at Gigya, `on_opt_out = \"remove_from_list\"`",
        Way::IsDeactivated => "is deactivated at Gigya",
        Way::FitsNoList => "fits no list any longer",
        Way::FallsSilent => "has no subscription at Gigya any longer",
        Way::IsDeletedAtGigya => "is deleted at Gigya",
    }
}

fn mover(mover: Mover, way: Way) -> &'static str {
    match (mover, way) {
        (Mover::Nobody, _) => "nobody since",
        (Mover::Gigya, Way::IsDeletedAtGigya) => "a new account with the address, never asked",
        (Mover::Gigya, _) => "the account was edited",
        (Mover::ConstantContact, _) => "the contact was edited",
        (Mover::Person, Way::IsDeactivated) => "activated again",
        (Mover::Person, Way::FitsNoList) => "fits again",
        (Mover::Person, Way::IsDeletedAtGigya) => "a new account with the address, opted in anew",
        (
            Mover::Person,
            Way::Unsubscribes
            | Way::LeavesOneList
            | Way::LeavesOneListRemembered
            | Way::IsDeletedThere
            | Way::Withdraws
            | Way::WithdrawsFromTheLists
            | Way::FallsSilent,
        ) => "opted in anew at Gigya",
    }
}

fn at_gigya(gigya: AtGigya) -> &'static str {
    match gigya {
        AtGigya::Subscribed => "subscribed",
        AtGigya::Withdrawn => "withdrawn",
        AtGigya::Silent => "no word",
        AtGigya::Gone => "no account",
    }
}

fn in_constant_contact(contact: InConstantContact) -> &'static str {
    match contact {
        InConstantContact::Mailed => "**on the lists**",
        InConstantContact::MailedByTheOtherList => "on the other list alone",
        InConstantContact::OffTheLists => "on no mailing list",
        InConstantContact::Unsubscribed => "unsubscribed",
        InConstantContact::Deleted => "deleted",
    }
}

fn ledger(mark: Mark) -> &'static str {
    match mark {
        Mark::None => "nothing of it",
        Mark::Unsubscribed => "unsubscribed",
        Mark::Deleted => "deleted",
        Mark::Withdrawn => "withdrawn",
        Mark::Erased => "erased",
        Mark::LeftOneList => "left that list",
        Mark::Evidence => "the evidence for coming back",
    }
}

/// One word where both dialects agree.
fn both(told: impl Fn(Holds) -> &'static str, [v3, v2]: [Holds; 2]) -> String {
    let (v3, v2) = (told(v3), told(v2));
    if v3 == v2 { v3.to_owned() } else { format!("{v3}; in v2 {v2}") }
}

fn page() -> String {
    let by_hand = PAGE.split(MADE).next().unwrap_or_default();
    let mut page = format!(
        "{by_hand}{MADE}\n| who | who moved last | at Gigya | in Constant Contact | the ledger remembers |\n| --- | --- | --- | --- | --- |\n"
    );
    for (who, rows) in TABLE {
        for (moved, holds) in Mover::ALL.into_iter().zip(rows) {
            writeln!(
                page,
                "| {} | {} | {} | {} | {} |",
                way(who),
                mover(moved, who),
                both(|holds| at_gigya(holds.gigya), holds),
                both(|holds| in_constant_contact(holds.constant_contact), holds),
                both(|holds| ledger(holds.mark), holds),
            )
            .unwrap();
        }
    }
    page
}

#[test]
fn the_page_shows_what_becomes_of_those_who_leave() {
    let page = page();
    assert!(page == PAGE, "shared/docs/leaving.md is to be:\n{page}");
}
