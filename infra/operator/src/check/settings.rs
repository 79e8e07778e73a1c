//! What settings that are right may still make one think about.

use shared::domain::Dialect;
use shared::settings::customer::CustomerSettings;

use super::{Checked, Subject};

/// What the implicit rule of the address adds to the rules that are written.
const ADDRESS_RULE: usize = 1;

/// Says what the settings come to, and what deserves a thought.
pub(super) fn judge(settings: &CustomerSettings, checked: &mut Checked) {
    let policy = &settings.policy;
    checked.good(
        Subject::Settings,
        format!(
            "sync.toml is in order: {} mapped, {}, consent in {}",
            counted(policy.mapping.rules().len() + ADDRESS_RULE, "field"),
            counted(policy.lists.len(), "mailing list"),
            policy.consent.path,
        ),
    );
    if settings.constant_contact.update_list.is_none() {
        checked.doubtful(
            Subject::Settings,
            "update_list is \"\": updates are imported into the mailing lists, and can put a person back who has just left one",
            "make a list that nobody mails in Constant Contact, and give its id as update_list",
        );
    }
    if settings.constant_contact.api == Dialect::V2 {
        judge_v2(settings, checked);
    }
    if !policy.consent.required {
        checked.doubtful(
            Subject::Settings,
            "[consent] required = false: people are sent who never opted in",
            "leave it out, unless you may lawfully mail them all",
        );
    }
    if policy.consent.path.section() != "subscriptions" {
        checked.doubtful(
            Subject::Settings,
            format!(
                "consent is kept in the plain field {}, which has no time: nobody who left can come back by it",
                policy.consent.path
            ),
            "name a subscription where the site has one",
        );
    }
}

/// What v2 cannot do that v3 can.
fn judge_v2(settings: &CustomerSettings, checked: &mut Checked) {
    checked.doubtful(
        Subject::Settings,
        "api = \"v2\": Constant Contact gives out no new v2 keys, and may retire those that there are",
        "plan the move to v3; list ids and contacts can be carried over (GET /contact_lists/list_id_xrefs)",
    );
    let mapping = &settings.policy.mapping;
    if mapping.destination().blanks_clear {
        return;
    }
    let stay: Vec<&str> = mapping
        .rules()
        .iter()
        .filter(|rule| rule.travels_out() && !mapping.observable(&rule.field))
        .map(|rule| rule.field.as_str())
        .collect();
    if !stay.is_empty() {
        checked.doubtful(
            Subject::Settings,
            format!("v2 can change but not empty {}: a value that is taken away at Gigya stays there, and is listed in conflicts.ndjson", stay.join(", ")),
            "set [constant_contact] blanks_enabled = true, so that an import may empty values",
        );
    }
}

/// `1 field`, `2 fields`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
