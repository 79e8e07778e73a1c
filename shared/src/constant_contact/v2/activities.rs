//! Activities: how far they have come, and finding one whose answer was lost.

use super::{Client, wire};
use crate::constant_contact::calls::found;
use crate::constant_contact::error::{ConstantContactError, Operation};
use crate::constant_contact::values::segment;
use crate::domain::{Activity, ActivityId};

/// The type of an import (v2 documents, "Bulk Activity - Status Report").
const IMPORTS: &str = "ADD_CONTACTS";

impl Client {
    /// Reads one activity; `None` when Constant Contact does not know it, or no longer (fourteen days; v2 documents,
    /// "Individual Activity Status").
    ///
    /// # Errors
    /// When the call fails.
    pub async fn activity(
        &self,
        id: &ActivityId,
    ) -> Result<Option<Activity>, ConstantContactError> {
        let path = format!("/activities/{}", segment(id.as_str()));
        let request = self.get(Operation::ReadActivity, &path, &[]);
        Ok(found(self.call::<wire::Activity>(&request).await)?.map(Into::into))
    }

    /// Lists the last fifty activities; older ones can only be read by their id (v2 documents, "Bulk Activity - Status
    /// Report").
    ///
    /// # Errors
    /// When the call fails.
    pub async fn activities(&self) -> Result<Vec<Activity>, ConstantContactError> {
        self.listing(&[("status", "ALL")]).await
    }

    /// Finds the import that was submitted under this file name, among the last fifty activities; the latest if there are
    /// several. An entry that comes without a file name, as in the documents' example of a listing, is read by itself,
    /// since there it has one.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn find_activity(
        &self,
        file_name: &str,
    ) -> Result<Option<Activity>, ConstantContactError> {
        let mut latest: Option<Activity> = None;
        for listed in self.listing(&[("status", "ALL"), ("type", IMPORTS)]).await? {
            let activity = match &listed.file_name {
                Some(_) => Some(listed),
                None => self.activity(&listed.id).await?,
            };
            let named = activity.filter(|found| found.file_name.as_deref() == Some(file_name));
            latest = latest.into_iter().chain(named).max_by_key(|activity| activity.created_at);
        }
        Ok(latest)
    }

    async fn listing(&self, query: &[(&str, &str)]) -> Result<Vec<Activity>, ConstantContactError> {
        let request = self.get(Operation::ListActivities, "/activities", query);
        let activities: Vec<wire::Activity> = self.call(&request).await?;
        Ok(activities.into_iter().map(Into::into).collect())
    }
}
