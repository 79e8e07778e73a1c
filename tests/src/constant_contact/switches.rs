//! What the vendor's documents leave open, and the limits. The defaults are what is documented, or the harsher guess.

use std::time::Duration;

use shared::domain::limits;

use super::v2;

/// How the simulator behaves where nobody outside knows how Constant Contact does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one open question, named")]
pub struct Switches {
    /// A refresh gives a new refresh token and kills the old one (the portal's default); else it stays the same.
    pub rotating_tokens: bool,
    /// Calls a second and a day are limited.
    pub limited: bool,
    /// Calls a second for the key (guide, `rate_limits`).
    pub calls_per_second: u32,
    /// Calls a day for the key, given out anew at 00:00 UTC (guide, `rate_limits`).
    pub calls_per_day: u32,
    /// Queued activities of the account (OAS, 429 of the bulk operations).
    pub queue_max: usize,
    /// How long an activity takes.
    pub activity_delay: Duration,
    /// Every second activity takes four times as long, so that a later one ends first (guide, `bulk_activities`).
    pub out_of_order: bool,
    /// Bytes of an import that are looked at; "4 MB" is 10^6 or 2^20 (OAS does not say).
    pub import_bytes_max: usize,
    /// Rows of an import that are looked at (guide, `import_contacts`).
    pub import_rows_max: usize,
    /// The files of v3 are read as ISO-8859-1; nobody says that they are UTF-8, though everybody sends it.
    pub csv_is_latin1: bool,
    /// Characters of an address in an import: its schema says 50, the contact's 80.
    pub import_email_characters_max: usize,
    /// An empty value in an import clears the field; else it changes nothing.
    pub empty_clears: bool,
    /// An import changes the fields of somebody unsubscribed (they join no list in any case).
    pub import_updates_unsubscribed: bool,
    /// An import that does not name a contact's lists moves `updated_at` even if no value changes.
    pub import_moves_updated_at: bool,
    /// An unsubscribe moves the contact's `updated_at` (it does not: community, 422146).
    pub opt_out_moves_updated_at: bool,
    /// Leaving a list, by hand or in bulk, moves `updated_at` (one vendor reports that it does not).
    pub list_change_moves_updated_at: bool,
    /// A deletion moves `updated_at`.
    pub delete_moves_updated_at: bool,
    /// `updated_after` and its like include the instant itself.
    pub windows_include_their_ends: bool,
    /// `deleted_at` is a date alone (OAS, `format: date`); else an instant.
    pub deleted_at_is_a_date: bool,
    /// A cursor with further parameters beside it is refused.
    pub cursor_stands_alone: bool,
    /// What an import into a list that does not exist gets.
    pub unknown_list: UnknownList,
    /// What v2 alone leaves open.
    pub v2: v2::Switches,
}

/// See [`Switches::unknown_list`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownList {
    /// 400 at once.
    Refused,
    /// 404 at once.
    NotFound,
    /// 201, and the activity fails.
    ActivityFails,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            rotating_tokens: true,
            limited: true,
            calls_per_second: limits::CONSTANT_CONTACT_CALLS_PER_SECOND,
            calls_per_day: limits::CONSTANT_CONTACT_CALLS_PER_DAY,
            queue_max: 1_000,
            activity_delay: Duration::from_secs(2),
            out_of_order: false,
            import_bytes_max: limits::IMPORT_BYTES_MAX,
            import_rows_max: limits::IMPORT_ROWS_MAX,
            csv_is_latin1: false,
            import_email_characters_max: limits::EMAIL_CHARACTERS_MAX,
            empty_clears: false,
            import_updates_unsubscribed: true,
            import_moves_updated_at: true,
            opt_out_moves_updated_at: false,
            list_change_moves_updated_at: false,
            delete_moves_updated_at: true,
            windows_include_their_ends: false,
            deleted_at_is_a_date: true,
            cursor_stands_alone: true,
            unknown_list: UnknownList::Refused,
            v2: v2::Switches::default(),
        }
    }
}
