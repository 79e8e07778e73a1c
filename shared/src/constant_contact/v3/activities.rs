//! Activities: how far they have come, and finding one whose answer was lost.

use super::{Client, wire};
use crate::constant_contact::calls::{Request, found};
use crate::constant_contact::error::{ConstantContactError, Operation};
use crate::constant_contact::values::segment;
use crate::domain::limits::ACTIVITIES_PAGE_MAX;
use crate::domain::{Activity, ActivityId};

impl Client {
    /// Reads one activity; `None` when Constant Contact does not know it, or no longer (ten days; guide, `activity_status`).
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

    /// Lists the activities of the last ten days, in no documented order.
    ///
    /// # Errors
    /// When a call fails or the listing does not end.
    pub async fn activities(&self) -> Result<Vec<Activity>, ConstantContactError> {
        let mut all = Vec::new();
        self.read_all(self.listing(), |page: wire::Activities| {
            all.extend(page.activities.into_iter().map(Into::into));
            page.links.next()
        })
        .await?;
        Ok(all)
    }

    /// Finds the activity that was submitted under this file name; the latest if there are several on one page.
    ///
    /// # Errors
    /// When a call fails or the listing does not end.
    pub async fn find_activity(
        &self,
        file_name: &str,
    ) -> Result<Option<Activity>, ConstantContactError> {
        let mut latest: Option<Activity> = None;
        self.read_all(self.listing(), |page: wire::Activities| {
            latest = page
                .activities
                .into_iter()
                .map(Activity::from)
                .filter(|activity| activity.file_name.as_deref() == Some(file_name))
                .max_by_key(|activity| activity.created_at);
            page.links.next().filter(|_| latest.is_none())
        })
        .await?;
        Ok(latest)
    }

    fn listing(&self) -> Request {
        let limit = ACTIVITIES_PAGE_MAX.to_string();
        self.get(Operation::ListActivities, "/activities", &[("limit", &limit)])
    }
}
