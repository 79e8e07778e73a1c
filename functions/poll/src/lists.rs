//! Whether lists are there: whoever is no longer on a list that somebody deleted has not left it.

use shared::defects::{self, Defect};
use shared::domain::agreed::Agreed;
use shared::domain::{Contact, Permission};
use shared::preflight;

use crate::error::PollError;
use crate::services::Ready;

/// Makes sure that whoever seems to have left a list of ours did: where one of these contacts is on fewer of them than is
/// agreed, Constant Contact is asked whether they all exist. After the contacts were read, so that what exists now existed then.
///
/// # Errors
/// When a list is gone: what to do about it. Nothing that these contacts show may count.
pub(crate) async fn are_there<'c>(
    ready: &Ready,
    shown: impl IntoIterator<Item = (Option<&'c Agreed>, &'c Contact)>,
) -> Result<(), PollError> {
    if defects::is_back(Defect::DeletedListLeft) {
        return Ok(());
    }
    let seems_to_have_left = |(agreed, contact): (Option<&Agreed>, &Contact)| {
        agreed.is_some_and(|agreed| seems_to_have_left(ready, agreed, contact))
    };
    if shown.into_iter().any(seems_to_have_left) {
        preflight::lists(&ready.constant_contact, &ready.settings).await?;
    }
    Ok(())
}

fn seems_to_have_left(ready: &Ready, agreed: &Agreed, contact: &Contact) -> bool {
    let mut ours = ready.settings.policy.lists.iter().map(|list| &list.id);
    contact.deleted_at.is_none()
        && contact.permission != Permission::Unsubscribed
        && ours.any(|list| agreed.lists.contains(list) && !contact.lists.contains(list))
}
