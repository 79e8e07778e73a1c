//! What is done with Constant Contact, in either dialect.

use std::fmt;

/// What we were doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// Exchange a refresh token for an access token.
    RefreshToken,
    /// Submit a CSV import.
    ImportCsv,
    /// Submit a JSON import.
    ImportJson,
    /// Read one activity.
    ReadActivity,
    /// List the activities.
    ListActivities,
    /// Read a page of contacts.
    ReadContacts,
    /// Read one contact.
    ReadContact,
    /// Write one contact.
    WriteContact,
    /// Have a contact asked whether they want to be back (v3).
    AskToReturn,
    /// Submit a removal from lists.
    RemoveFromLists,
    /// Submit a deletion.
    DeleteContacts,
    /// Read the lists.
    ReadLists,
    /// Make a list.
    CreateList,
    /// Read the custom fields.
    ReadCustomFields,
    /// Make a custom field.
    CreateCustomField,
    /// Unsubscribe one contact, where that is an operation of its own (v2).
    UnsubscribeContact,
    /// Take one contact off one list, or off all of them (v2).
    LeaveList,
    /// Submit an export of a list (v2).
    ExportContacts,
    /// Read the file that an export made (v2).
    ReadExport,
}

impl Operation {
    /// Every operation of version 3.
    pub const V3: [Self; 15] = [
        Self::RefreshToken,
        Self::ImportCsv,
        Self::ImportJson,
        Self::ReadActivity,
        Self::ListActivities,
        Self::ReadContacts,
        Self::ReadContact,
        Self::WriteContact,
        Self::AskToReturn,
        Self::RemoveFromLists,
        Self::DeleteContacts,
        Self::ReadLists,
        Self::CreateList,
        Self::ReadCustomFields,
        Self::CreateCustomField,
    ];

    /// Every operation of version 2. Its custom fields are fixed, its tokens cannot be refreshed, and it deletes nobody.
    pub const V2: [Self; 13] = [
        Self::ImportCsv,
        Self::ReadActivity,
        Self::ListActivities,
        Self::ReadContacts,
        Self::ReadContact,
        Self::WriteContact,
        Self::RemoveFromLists,
        Self::ReadLists,
        Self::CreateList,
        Self::UnsubscribeContact,
        Self::LeaveList,
        Self::ExportContacts,
        Self::ReadExport,
    ];

    /// Whether sending it twice does no more than sending it once. An import sent twice is two jobs; everything else ends
    /// in the same state (a second deletion finds nobody, a second question is refused, a second creation answers 409, a second export is another file).
    pub fn is_repeatable(self) -> bool {
        match self {
            Self::ImportCsv | Self::ImportJson => false,
            Self::RefreshToken
            | Self::ReadActivity
            | Self::ListActivities
            | Self::ReadContacts
            | Self::ReadContact
            | Self::WriteContact
            | Self::AskToReturn
            | Self::RemoveFromLists
            | Self::DeleteContacts
            | Self::ReadLists
            | Self::CreateList
            | Self::ReadCustomFields
            | Self::CreateCustomField
            | Self::UnsubscribeContact
            | Self::LeaveList
            | Self::ExportContacts
            | Self::ReadExport => true,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RefreshToken => "refresh the access token",
            Self::ImportCsv => "import contacts (CSV)",
            Self::ImportJson => "import contacts (JSON)",
            Self::ReadActivity => "read an activity",
            Self::ListActivities => "list the activities",
            Self::ReadContacts => "read contacts",
            Self::ReadContact => "read a contact",
            Self::WriteContact => "write a contact",
            Self::AskToReturn => "ask a contact to return",
            Self::RemoveFromLists => "remove contacts from lists",
            Self::DeleteContacts => "delete contacts",
            Self::ReadLists => "read the lists",
            Self::CreateList => "create a list",
            Self::ReadCustomFields => "read the custom fields",
            Self::CreateCustomField => "create a custom field",
            Self::UnsubscribeContact => "unsubscribe a contact",
            Self::LeaveList => "take a contact off a list",
            Self::ExportContacts => "export contacts",
            Self::ReadExport => "read exported contacts",
        })
    }
}
