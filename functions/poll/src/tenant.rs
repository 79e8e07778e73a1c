//! Whether what the settings name is there: whoever is no longer on a list that somebody deleted has not left it, and nobody has
//! changed a field that is called otherwise now.

use shared::defects::{self, Defect};
use shared::domain::agreed::Agreed;
use shared::domain::{Contact, Permission};
use shared::preflight;

use crate::error::PollError;
use crate::services::Ready;

/// Makes sure that whoever seems to have left a list of ours did, and that a custom field that seems to be changed is. Where one
/// of these contacts shows something else than is agreed, Constant Contact is asked whether all lists and fields exist. After
/// the contacts were read, so that what exists now existed then.
///
/// # Errors
/// When a list or a field is gone: what to do about it. Nothing that these contacts show may count.
pub(crate) async fn is_whole<'c>(
    ready: &Ready,
    shown: impl IntoIterator<Item = (Option<&'c Agreed>, &'c Contact)>,
) -> Result<(), PollError> {
    let (mut has_left, mut is_changed) = (false, false);
    for (agreed, contact) in shown {
        if let Some(agreed) = agreed.filter(|_| contact.deleted_at.is_none()) {
            has_left = has_left || seems_to_have_left(ready, agreed, contact);
            is_changed = is_changed || seems_changed(ready, agreed, contact);
        }
    }
    if has_left && !defects::is_back(Defect::DeletedListLeft) {
        preflight::lists(&ready.constant_contact, &ready.settings).await?;
    }
    if is_changed && !defects::is_back(Defect::RenamedFieldEmptied) {
        preflight::fields(&ready.constant_contact, &ready.settings).await?;
    }
    Ok(())
}

fn seems_to_have_left(ready: &Ready, agreed: &Agreed, contact: &Contact) -> bool {
    let mut ours = ready.settings.policy.lists.iter().map(|list| &list.id);
    contact.permission != Permission::Unsubscribed
        && ours.any(|list| agreed.lists.contains(list) && !contact.lists.contains(list))
}

/// In a field of another name everybody's value seems to be gone, and what imports say under the old name is ignored.
fn seems_changed(ready: &Ready, agreed: &Agreed, contact: &Contact) -> bool {
    let fields = ready.settings.policy.mapping.rules().iter().map(|rule| &rule.field);
    fields.filter(|field| field.custom_name().is_some()).any(|field| {
        let shown = ready.key.fingerprint(field.as_str(), contact.value(field));
        let held = agreed.fields.get(field).and_then(|pair| pair.contact);
        held.is_some_and(|held| held != shown)
    })
}
