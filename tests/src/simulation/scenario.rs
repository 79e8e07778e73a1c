//! What kind of world a seed is.

use jiff::SignedDuration;
use shared::domain::Dialect;

use super::faults::Faults;
use crate::constant_contact::v2::{self, Ids, Never, RowErrors};
use crate::constant_contact::{Switches, UnknownList};
use crate::gigya;
use crate::oracle::Rules;
use crate::people::Dice;
use crate::world::{Lists, TIER_V2, TIER_V3, sync_toml};

/// Milliseconds by which a function's clock is wrong at most: a thousand times what AWS promises.
const SKEW: i64 = 2_000;

/// A world before it begins.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The dialect that the customer speaks.
    pub api: Dialect,
    /// How many people there are at first.
    pub people: u64,
    /// How many days of each spell are lived before everybody is given time to agree.
    pub days: u32,
    /// How many spells there are.
    pub spells: u32,
    /// How much happens on a day, at most.
    pub deeds_a_day: u64,
    /// What goes wrong.
    pub faults: Faults,
    /// How the tenant behaves.
    pub tenant: Switches,
    /// How the site behaves.
    pub site: gigya::Switches,
    /// How far the clocks of export, upload and poll are ahead of everybody else's.
    pub(super) ahead: [SignedDuration; 3],
    pub(super) customer: Customer,
}

/// What Constant Contact's documents leave open, answered one way or the other: whatever it is, everything has to hold.
fn questions_to_constant_contact(dice: &mut Dice) -> Switches {
    Switches {
        empty_clears: dice.of_thousand(300),
        windows_include_their_ends: dice.of_thousand(300),
        cursor_stands_alone: !dice.of_thousand(300),
        unknown_list: dice.one(&[
            UnknownList::Refused,
            UnknownList::NotFound,
            UnknownList::ActivityFails,
        ]),
        v2: v2::Switches {
            ids: dice.one(&[Ids::Texts, Ids::Numbers, Ids::Mixed]),
            row_errors: dice.one(&[RowErrors::Objects, RowErrors::Texts, RowErrors::Nothing]),
            never: dice.one(&[Never::Empty, Never::Epoch]),
            doubles: dice.of_thousand(300),
            last_list_removes: !dice.of_thousand(300),
            opted_out_show_lists: dice.of_thousand(300),
            export_is_utf_8: dice.of_thousand(300),
            ..v2::Switches::default()
        },
        ..Switches::default()
    }
}

/// What Gigya's documents leave open, or sites differ in.
fn questions_to_gigya(dice: &mut Dice) -> gigya::Switches {
    gigya::Switches {
        answers_dated_after: SignedDuration::from_millis(dice.between(0, 1_000)),
        subscription_moves_account: !dice.of_thousand(300),
        lite_accounts_have_uids: !dice.of_thousand(300),
        audit_lag: SignedDuration::from_secs(dice.between(0, 900)),
        audits_applications: dice.of_thousand(300),
        audit_names_caller: dice.of_thousand(300),
        ..gigya::Switches::default()
    }
}

/// What the customer decided.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is one setting, drawn by itself")]
pub(super) struct Customer {
    opt_out_unsubscribes: bool,
    leaving_a_list_opts_out: bool,
    deletion_opts_out: bool,
    on_delete: &'static str,
    blanks_clear: bool,
    batch_accounts: u64,
    /// The tier may be written on both sides.
    tier_is_shared: bool,
}

impl Scenario {
    /// The world of a seed.
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice::of_stream(seed, 1);
        let api = if dice.of_thousand(300) { Dialect::V2 } else { Dialect::V3 };
        // One world in eight is a good one: nothing goes wrong in it. Its tokens rotate, as they do in some of the others, where
        // one is lost for good when a function is killed between the answer that brings it and its storing.
        let is_good = dice.of_thousand(125);
        let faults = if is_good { Faults::none() } else { Faults::drawn(&mut dice) };
        let tenant = Switches {
            rotating_tokens: is_good || Dice::of_stream(seed, 6).of_thousand(150),
            out_of_order: dice.of_thousand(500),
            opt_out_moves_updated_at: dice.of_thousand(300),
            list_change_moves_updated_at: dice.of_thousand(300),
            delete_moves_updated_at: !dice.of_thousand(200),
            deleted_at_is_a_date: !dice.of_thousand(300),
            import_moves_updated_at: !dice.of_thousand(300),
            import_updates_unsubscribed: !Dice::of_stream(seed, 8).of_thousand(300),
            ..questions_to_constant_contact(&mut Dice::of_stream(seed, 9))
        };
        Self {
            api,
            people: 3 + dice.below(7),
            days: 2 + u32::try_from(dice.below(2)).unwrap_or_default(),
            spells: 2,
            deeds_a_day: 2 + dice.below(9),
            faults,
            tenant,
            site: gigya::Switches {
                search_lag: SignedDuration::from_millis(dice.between(0, 30_000)),
                short_pages: dice.of_thousand(200),
                empty_pages: dice.of_thousand(200),
                repeats_across_pages: dice.of_thousand(200),
                ..questions_to_gigya(&mut Dice::of_stream(seed, 10))
            },
            customer: Customer {
                opt_out_unsubscribes: !dice.of_thousand(400),
                leaving_a_list_opts_out: !dice.of_thousand(400),
                deletion_opts_out: !dice.of_thousand(400),
                on_delete: dice.one(&["delete", "delete", "unsubscribe", "keep"]),
                blanks_clear: dice.of_thousand(500),
                batch_accounts: 2 + dice.below(9),
                tier_is_shared: Dice::of_stream(seed, 7).of_thousand(500),
            },
            ahead: if dice.of_thousand(300) {
                [(); 3].map(|()| SignedDuration::from_millis(dice.between(0, 2 * SKEW) - SKEW))
            } else {
                [SignedDuration::ZERO; 3]
            },
        }
    }

    /// The same, with other faults.
    #[must_use]
    pub fn with_faults(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }

    /// How the customer's settings call the tier at first.
    pub(super) fn tier(&self) -> &'static str {
        match self.api {
            Dialect::V3 => TIER_V3,
            Dialect::V2 => TIER_V2,
        }
    }

    /// The customer's settings, with the tier in this field.
    pub(super) fn settings(&self, lists: &Lists, tier: &str) -> String {
        let Customer {
            opt_out_unsubscribes,
            leaving_a_list_opts_out,
            deletion_opts_out,
            on_delete,
            ..
        } = self.customer;
        let on_opt_out = if opt_out_unsubscribes { "unsubscribe" } else { "remove_from_list" };
        let or_tombstone = |opts_out| if opts_out { "opt_out" } else { "tombstone" };
        let consent = format!(
            "gigya = \"subscriptions.newsletter.email\"\non_opt_out = \"{on_opt_out}\"\non_list_leave = \"{}\"\non_contact_deleted = \"{}\"\non_delete = \"{on_delete}\"",
            or_tombstone(leaving_a_list_opts_out),
            or_tombstone(deletion_opts_out)
        );
        let mut text =
            sync_toml(lists, None).replace("gigya = \"subscriptions.newsletter.email\"", &consent);
        if self.api == Dialect::V2 && self.customer.blanks_clear {
            text = text.replace("api = \"v2\"", "api = \"v2\"\nblanks_enabled = true");
        }
        let owner = if self.customer.tier_is_shared { "\nowner = \"both\"" } else { "" };
        let field = |name: &str| format!("constant_contact = \"{name}\"");
        text = text.replace(&field(self.tier()), &(field(tier) + owner));
        text + &format!("\n[run]\nbatch_accounts = {}\n", self.customer.batch_accounts)
    }

    /// The same as the oracle needs to know it.
    pub(super) fn rules(&self, lists: &Lists) -> Rules {
        let customer = self.customer;
        Rules {
            opt_out_unsubscribes: customer.opt_out_unsubscribes,
            leaving_a_list_opts_out: customer.leaving_a_list_opts_out,
            deletion_opts_out: customer.deletion_opts_out,
            deleted_accounts_stay: customer.on_delete == "keep",
            clears: self.api == Dialect::V3,
            newsletter: lists.newsletter.clone(),
            emea: lists.emea.clone(),
            tier: None,
        }
    }
}
