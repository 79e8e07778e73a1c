//! What lite accounts lack: a condition on one of these fields would match none of them, and say nothing.

/// What full accounts have and email accounts do not (SAP help, accounts.search, "Account object"; "Email Accounts
/// Object").
const FULL_ONLY: [&str; 21] = [
    "isRegistered",
    "registered",
    "registeredTimestamp",
    "isActive",
    "isVerified",
    "verified",
    "verifiedTimestamp",
    "isLockedOut",
    "lastLogin",
    "lastLoginTimestamp",
    "oldestDataUpdated",
    "oldestDataUpdatedTimestamp",
    "loginIDs",
    "loginProvider",
    "emails",
    "identities",
    "socialProviders",
    "regSource",
    "phoneNumber",
    "customIdentifiers",
    "iRank",
];

/// The first field of full accounts alone that a condition in Gigya's query language names outside of its quotes.
pub fn full_only_field(condition: &str) -> Option<&'static str> {
    let mut quote = None;
    let bare: String = condition
        .chars()
        .map(|c| match quote {
            Some(open) => {
                if c == open {
                    quote = None;
                }
                ' '
            }
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                ' '
            }
            None => c,
        })
        .collect();
    let is_part_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let mut fields = bare.split(|c| !is_part_of_name(c)).filter_map(|name| name.split('.').next());
    fields.find_map(|field| FULL_ONLY.into_iter().find(|full_only| *full_only == field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_full_accounts_is_found_outside_of_quotes_alone() {
        assert_eq!(full_only_field("data.x = 1 AND isRegistered = true"), Some("isRegistered"));
        assert_eq!(full_only_field("(loginIDs.emails = \"a\")"), Some("loginIDs"));
        assert_eq!(full_only_field("data.isRegistered = true AND data.note = 'isActive'"), None);
        assert_eq!(full_only_field("profile.country = \"DE\""), None);
    }
}
