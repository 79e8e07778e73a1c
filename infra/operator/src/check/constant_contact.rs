//! Asks Constant Contact: does the connection work, and does the tenant have what the settings name?

use shared::constant_contact::{ConstantContact, ConstantContactError, CustomFields, List};
use shared::domain::limits::CUSTOM_FIELDS_PER_TENANT_MAX;
use shared::preflight;
use shared::settings::customer::CustomerSettings;
use shared::telemetry::chain;

use super::settings::counted;
use super::{Checked, ListShown, NamedAs, Subject, UidField};

const CONSTANT_CONTACT: Subject = Subject::ConstantContact;

/// The kinds of custom fields that take a UID (guide, `custom_fields`).
const TEXT_KINDS: [&str; 2] = ["string", "text_area"];

/// Asks for lists and custom fields.
pub(super) async fn ask(
    client: &ConstantContact,
    settings: &CustomerSettings,
    uid_field: UidField,
    checked: &mut Checked,
) {
    let lists = match client.lists().await {
        Ok(lists) => lists,
        Err(error) => return unanswered(&error, checked),
    };
    checked.good(
        CONSTANT_CONTACT,
        format!("the connection works; the tenant has {}", counted(lists.len(), "list")),
    );
    checked.lists = shown(&lists, settings);
    let fields = match client.custom_fields().await {
        Ok(fields) => fields,
        Err(error) => return unanswered(&error, checked),
    };
    let unknown = preflight::unknown(settings, &lists, &fields);
    if unknown.is_empty() {
        checked.good(CONSTANT_CONTACT, "the tenant has every list and custom field that is named");
    }
    for problem in unknown {
        checked.wrong_as_told(CONSTANT_CONTACT, problem);
    }
    update_list(&lists, settings, checked);
    carry_uid(client, settings, &fields, uid_field, checked).await;
}

fn unanswered(error: &ConstantContactError, checked: &mut Checked) {
    match error {
        // These say what to do themselves.
        ConstantContactError::Refused(_)
        | ConstantContactError::Token { .. }
        | ConstantContactError::Budget { .. }
        | ConstantContactError::NoSuchOperation { .. } => {
            checked.wrong_as_told(CONSTANT_CONTACT, chain(error));
        }
        ConstantContactError::Unclear { .. }
        | ConstantContactError::Wire { .. }
        | ConstantContactError::Unreadable { .. }
        | ConstantContactError::Field { .. }
        | ConstantContactError::OutOfBounds { .. } => {
            let next = "check the network, and [constant_contact] endpoint; then look at status.constantcontact.com";
            checked.wrong(CONSTANT_CONTACT, chain(error), next);
        }
    }
}

/// The lists, those that are named first, each group by name.
fn shown(lists: &[List], settings: &CustomerSettings) -> Vec<ListShown> {
    let named_as = |list: &List| {
        if settings.policy.lists.iter().any(|rule| rule.id == list.id) {
            Some(NamedAs::Mailing)
        } else {
            let is_update = settings.constant_contact.update_list.as_ref() == Some(&list.id);
            is_update.then_some(NamedAs::Update)
        }
    };
    let mut shown: Vec<ListShown> = lists
        .iter()
        .map(|list| ListShown {
            id: list.id.clone(),
            name: list.name.clone(),
            named_as: named_as(list),
        })
        .collect();
    shown.sort_by(|a, b| {
        let key = |list: &ListShown| (list.named_as.is_none(), list.named_as, list.name.clone());
        key(a).cmp(&key(b))
    });
    shown
}

/// A list that nobody mails cannot be told from others; a person has to know its name.
fn update_list(lists: &[List], settings: &CustomerSettings, checked: &mut Checked) {
    let update = settings.constant_contact.update_list.as_ref();
    if let Some(list) = lists.iter().find(|list| Some(&list.id) == update) {
        let finding =
            format!("updates go through the list \"{}\", which nobody may ever mail", list.name);
        checked.good(CONSTANT_CONTACT, finding);
    }
}

/// Whether the UID can travel.
async fn carry_uid(
    client: &ConstantContact,
    settings: &CustomerSettings,
    fields: &CustomFields,
    uid_field: UidField,
    checked: &mut Checked,
) {
    let label = &settings.constant_contact.uid_field;
    let is_there = fields.named(&label.replace(' ', "_"));
    let count = fields.iter().count();
    match (is_there, uid_field) {
        (Some(field), UidField::Create | UidField::LookFor) => {
            if TEXT_KINDS.contains(&field.kind.as_str()) {
                let finding = format!("the custom field \"{label}\" carries the UID");
                checked.good(CONSTANT_CONTACT, finding);
            } else {
                checked.wrong(
                    CONSTANT_CONTACT,
                    format!(
                        "the custom field \"{label}\" is of type {} and cannot carry the UID",
                        field.kind
                    ),
                    "give another name as uid_field, or delete the field in Constant Contact",
                );
            }
        }
        (None, UidField::Create | UidField::LookFor) if count >= CUSTOM_FIELDS_PER_TENANT_MAX => {
            checked.wrong(
                CONSTANT_CONTACT,
                format!("the custom field \"{label}\" is missing, and the tenant has its {count} custom fields already"),
                "delete one that is not used in Constant Contact",
            );
        }
        (None, UidField::LookFor) => {
            let finding = format!(
                "the custom field \"{label}\" is not there yet; the first upload makes it (or --create-uid-field now)"
            );
            checked.good(CONSTANT_CONTACT, finding);
        }
        (None, UidField::Create) => match client.ensure_custom_field(label).await {
            Ok(_) => {
                let finding = format!("made the custom field \"{label}\", which carries the UID");
                checked.good(CONSTANT_CONTACT, finding);
            }
            Err(error) => unanswered(&error, checked),
        },
    }
}
