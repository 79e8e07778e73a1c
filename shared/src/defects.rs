//! The classic defects of this trade, which the simulation puts back on purpose to see that it would find them.
//!
//! A build without debug assertions, which is what goes to Lambda, knows none: [`is_back`] is `false` there, by its text.
//! In other builds it is `false` unless a thread has called [`put_back`], which only the simulation does.

use std::fmt;
use std::str::FromStr;

/// A defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Defect {
    /// The mark moves once everything is announced, instead of once it is delivered.
    MarkBeforeDelivery,
    /// A message is done with although its batch failed.
    MessageDeletedAfterFailure,
    /// A part counts as taken in when one of its rows was.
    BatchGoodByOneRow,
    /// What both sides agree on is kept when a part is sent, instead of when it was taken in.
    FingerprintBeforeDelivery,
    /// Whoever claims a batch has it for ever.
    LockWithoutExpiry,
    /// A run is sent first, before who left in Constant Contact is known; that is read when the run is over.
    ImportBeforeInbound,
    /// The new refresh token is stored after the access token that came with it was used.
    TokenStoredAfterUse,
    /// What is too long is cut by bytes, in the middle of a letter.
    CutByBytes,
    /// A search goes on by a cursor as if Gigya kept cursors for ever, and takes a lost one for the end.
    CursorParked,
    /// A search begins after the last time that was seen, instead of at it.
    StrictlyAfter,
    /// Whoever was on a list that somebody deleted is taken to have left it.
    DeletedListLeft,
    /// Whoever had a value in a custom field that has another name now is taken to have emptied it.
    RenamedFieldEmptied,
    /// The mark moves although Gigya's pages left somebody out.
    LeftOutPassed,
}

impl Defect {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::MarkBeforeDelivery,
        Self::MessageDeletedAfterFailure,
        Self::BatchGoodByOneRow,
        Self::FingerprintBeforeDelivery,
        Self::LockWithoutExpiry,
        Self::ImportBeforeInbound,
        Self::TokenStoredAfterUse,
        Self::CutByBytes,
        Self::CursorParked,
        Self::StrictlyAfter,
        Self::DeletedListLeft,
        Self::RenamedFieldEmptied,
        Self::LeftOutPassed,
    ];
}

impl Defect {
    /// What it is called on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::MarkBeforeDelivery => "mark-before-delivery",
            Self::MessageDeletedAfterFailure => "message-deleted-after-failure",
            Self::BatchGoodByOneRow => "batch-good-by-one-row",
            Self::FingerprintBeforeDelivery => "fingerprint-before-delivery",
            Self::LockWithoutExpiry => "lock-without-expiry",
            Self::ImportBeforeInbound => "import-before-inbound",
            Self::TokenStoredAfterUse => "token-stored-after-use",
            Self::CutByBytes => "cut-by-bytes",
            Self::CursorParked => "cursor-parked",
            Self::StrictlyAfter => "strictly-after",
            Self::DeletedListLeft => "deleted-list-left",
            Self::RenamedFieldEmptied => "renamed-field-emptied",
            Self::LeftOutPassed => "left-out-passed",
        }
    }
}

impl FromStr for Defect {
    type Err = UnknownDefect;

    fn from_str(name: &str) -> Result<Self, UnknownDefect> {
        Self::ALL.into_iter().find(|defect| defect.name() == name).ok_or(UnknownDefect)
    }
}

/// There is no defect of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such defect; `cargo sandbox defects` names them")]
pub struct UnknownDefect;

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MarkBeforeDelivery => "the mark moves before everything is delivered",
            Self::MessageDeletedAfterFailure => "a message is deleted although its batch failed",
            Self::BatchGoodByOneRow => "a part is good when one of its rows is",
            Self::FingerprintBeforeDelivery => "a fingerprint is kept before its row is delivered",
            Self::LockWithoutExpiry => "a lock never expires",
            Self::ImportBeforeInbound => "batches are sent before the inbound read",
            Self::TokenStoredAfterUse => {
                "a refresh token is stored after its access token was used"
            }
            Self::CutByBytes => "a text is cut by bytes",
            Self::CursorParked => "a cursor is taken to live for ever",
            Self::StrictlyAfter => "a search begins strictly after the last time",
            Self::DeletedListLeft => "a list that is deleted counts as left by everybody on it",
            Self::RenamedFieldEmptied => "a field of another name counts as emptied by everybody",
            Self::LeftOutPassed => "the mark passes whom Gigya's pages leave out",
        })
    }
}

#[cfg(debug_assertions)]
thread_local! {
    static BACK: std::cell::Cell<Option<Defect>> = const { std::cell::Cell::new(None) };
}

/// Puts a defect back into whatever runs on this thread from now on, or none. Answers whether this build can.
pub fn put_back(defect: Option<Defect>) -> bool {
    #[cfg(debug_assertions)]
    BACK.set(defect);
    cfg!(debug_assertions) || defect.is_none()
}

/// Whether this defect was put back.
#[cfg(debug_assertions)]
pub fn is_back(defect: Defect) -> bool {
    BACK.get() == Some(defect)
}

/// Whether this defect was put back: never.
#[cfg(not(debug_assertions))]
pub const fn is_back(_: Defect) -> bool {
    false
}
