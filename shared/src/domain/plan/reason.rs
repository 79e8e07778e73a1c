//! Why a plan is what it is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a person's plan is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Both sides hold what was agreed.
    InStep,
    /// The account was read before our own last write had reached Gigya's search.
    StaleRead,
    /// Not in Constant Contact yet.
    New,
    /// Values changed at Gigya, or moved away from Gigya's in Constant Contact.
    Changed,
    /// They belong on another list as well now.
    JoinsList,
    /// Something changed that only a single write can say: address, cleared value, list left behind.
    NeedsSingleWrite,
    /// The address or a value cannot be sent.
    Invalid,
    /// They withdrew at Gigya.
    WithdrewAtGigya,
    /// No list's condition fits.
    NoListFits,
    /// The account was deactivated at Gigya, so that no list fits.
    Deactivated,
    /// They never agreed to be mailed.
    NoConsent,
    /// They left in Constant Contact; nothing at Gigya brings them back.
    Unsubscribed,
    /// They unsubscribed in Constant Contact and opted in anew at Gigya: Constant Contact asks them whether they want to be
    /// back.
    Asks,
    /// Constant Contact asked them whether they want to be back, and they have not confirmed.
    Asked,
    /// They had left, and are back by a newer act of their own.
    CameBack,
    /// They were deleted in Constant Contact, and nothing newer at Gigya brings them back.
    DeletedInConstantContact,
    /// We took them off the lists when they withdrew; nothing newer at Gigya brings them back.
    WithdrewBefore,
    /// They left the list or lists that would fit.
    LeftTheLists,
    /// Both sides changed a field whose conflicts wait for a person.
    Conflict,
    /// A person decided a conflict for Constant Contact's value, which comes home.
    Decided,
    /// The address changed and Constant Contact has not shown us the contact yet.
    AwaitsContact,
    /// An earlier run is still taking them off a list that they belong on again.
    AwaitsRemoval,
    /// A value has characters that Constant Contact does not take, and the customer's policy is to wait.
    Unfitting,
    /// Another account has the same address and keeps the contact.
    SharedAddress,
    /// Constant Contact refused the same row, and it is not yet time to try again.
    RefusedBefore,
    /// The account was deleted at Gigya.
    DeletedAtGigya,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InStep => "both sides hold what was agreed",
            Self::StaleRead => "Gigya's search does not show our own last write yet",
            Self::New => "not in Constant Contact yet",
            Self::Changed => "values differ from what Constant Contact holds",
            Self::JoinsList => "belongs on another list as well now",
            Self::NeedsSingleWrite => "address, cleared value or list changed",
            Self::Invalid => "a value cannot be sent",
            Self::WithdrewAtGigya => "withdrew consent at Gigya",
            Self::NoListFits => "no list's condition fits",
            Self::Deactivated => "the account is deactivated at Gigya",
            Self::NoConsent => "never agreed to be mailed",
            Self::Unsubscribed => "unsubscribed in Constant Contact",
            Self::Asks => "opted in anew at Gigya; Constant Contact asks for a confirmation",
            Self::Asked => "was asked by Constant Contact to confirm, and has not",
            Self::CameBack => "had left, and came back by a newer act of their own",
            Self::DeletedInConstantContact => "deleted in Constant Contact",
            Self::WithdrewBefore => "was taken off the lists after withdrawing",
            Self::LeftTheLists => "left the lists that would fit",
            Self::Conflict => "a field changed on both sides and waits for a person",
            Self::Decided => "a conflict was decided, and Constant Contact's value comes home",
            Self::AwaitsContact => "the address changed before Constant Contact showed the contact",
            Self::AwaitsRemoval => "is still being taken off a list, and joins it afterwards",
            Self::Unfitting => "a value has characters that Constant Contact does not take",
            Self::SharedAddress => "another account has the same address",
            Self::RefusedBefore => {
                "Constant Contact refused the same row before; it is tried again later"
            }
            Self::DeletedAtGigya => "the account was deleted at Gigya",
        })
    }
}

impl Reason {
    /// Whether it is a way of having left, or of never having come.
    pub fn is_leaving(self) -> bool {
        match self {
            Self::WithdrewAtGigya
            | Self::NoListFits
            | Self::Deactivated
            | Self::NoConsent
            | Self::Unsubscribed
            | Self::Asks
            | Self::Asked
            | Self::DeletedInConstantContact
            | Self::WithdrewBefore
            | Self::LeftTheLists
            | Self::DeletedAtGigya => true,
            Self::InStep
            | Self::StaleRead
            | Self::New
            | Self::Changed
            | Self::JoinsList
            | Self::NeedsSingleWrite
            | Self::Invalid
            | Self::CameBack
            | Self::Conflict
            | Self::Decided
            | Self::AwaitsContact
            | Self::AwaitsRemoval
            | Self::Unfitting
            | Self::SharedAddress
            | Self::RefusedBefore => false,
        }
    }
}
