//! Contact lists.

use http::Method;
use serde_json::json;

use super::{Client, wire};
use crate::constant_contact::List;
use crate::constant_contact::error::{ConstantContactError, Meaning, Operation};

/// Lists of one page: the OAS's text says 500 and its schema 1000; the smaller is right in both.
const LISTS_PAGE_MAX: &str = "500";

impl Client {
    /// Reads every contact list that is not deleted.
    ///
    /// # Errors
    /// When a call fails or the listing does not end.
    pub async fn lists(&self) -> Result<Vec<List>, ConstantContactError> {
        let first = self.get(Operation::ReadLists, "/contact_lists", &[("limit", LISTS_PAGE_MAX)]);
        let mut all = Vec::new();
        self.read_all(first, |page: wire::Lists| {
            all.extend(page.lists.into_iter().map(List::from));
            page.links.next()
        })
        .await?;
        Ok(all)
    }

    /// Makes a contact list, or finds the one that has the name already.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn create_list(
        &self,
        name: &str,
        description: &str,
    ) -> Result<List, ConstantContactError> {
        let body = json!({"name": name, "description": description, "favorite": false});
        let operation = Operation::CreateList;
        let request = self.with_json(operation, Method::POST, "/contact_lists", body.to_string());
        match self.call::<wire::List>(&request).await {
            Ok(list) => Ok(list.into()),
            Err(error) if error.meaning() == Some(Meaning::Conflict) => {
                self.lists().await?.into_iter().find(|list| list.name == name).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }
}
