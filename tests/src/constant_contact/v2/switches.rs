//! What v2's documents leave open, and its limits. The defaults are what is documented, or the harsher guess.

/// How v2 behaves where nobody outside knows how it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one open question, named")]
pub struct Switches {
    /// How the ids of contacts and lists are written; both ways have been seen.
    pub ids: Ids,
    /// An import of so many bytes or more fails as a whole; "4 MB" is 10^6 or 2^20 (the documents do not say).
    pub import_bytes_max: usize,
    /// An import of more rows fails as a whole (v2 documents; the community's thread 159597 says 20,000).
    pub import_rows_max: usize,
    /// How the errors of an activity are written; all three have been seen.
    pub row_errors: RowErrors,
    /// What stands where an opt-out's date would, for somebody who never opted out; both have been seen.
    pub never: Never,
    /// A look-up by address finds two records, the first with the id 0 (janrain's client says so).
    pub doubles: bool,
    /// Who is on no list any longer is `REMOVED`; else still `ACTIVE`.
    pub last_list_removes: bool,
    /// Somebody who opted out is still shown with the lists they were on.
    pub opted_out_show_lists: bool,
    /// The file of an export is UTF-8; else ISO-8859-1, like imports.
    pub export_is_utf_8: bool,
}

/// See [`Switches::ids`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// `"1234"`.
    Texts,
    /// `1234`.
    Numbers,
    /// Even ones as numbers, odd ones as texts.
    Mixed,
}

/// See [`Switches::row_errors`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowErrors {
    /// Objects of `message`, `line_number` and `email_address` (SDKs of 2013).
    Objects,
    /// Texts such as "Line 2: Invalid birthday" (documents of 2015).
    Texts,
    /// Nothing, whatever the count says ("no longer used").
    Nothing,
}

/// See [`Switches::never`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Never {
    /// `""`.
    Empty,
    /// `"1969-12-31T19:00:00.000Z"`.
    Epoch,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            ids: Ids::Texts,
            import_bytes_max: 4_000_000,
            import_rows_max: 40_000,
            row_errors: RowErrors::Texts,
            never: Never::Empty,
            doubles: false,
            last_list_removes: true,
            opted_out_show_lists: false,
            export_is_utf_8: false,
        }
    }
}
