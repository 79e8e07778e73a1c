//! Asks Gigya by the clocks that export reads by beside that of full accounts: subscriptions, and lite accounts.

use std::collections::BTreeSet;

use shared::gigya::{AccountsQuery, Gigya};
use shared::settings::customer::{CustomerSettings, Population};
use shared::telemetry::chain;

use super::gigya::{PAGE_ACCOUNTS, refused};
use super::settings::counted;
use super::{Checked, Subject};

const GIGYA: Subject = Subject::Gigya;

/// Asks for one account by each of them.
pub(super) async fn ask(client: &Gigya, settings: &CustomerSettings, checked: &mut Checked) {
    let populations = &settings.gigya.populations;
    let is_subscription = settings.policy.consent.path.section() == "subscriptions";
    if populations.contains(&Population::Full) && is_subscription {
        subscriptions(client, settings, checked).await;
    }
    if populations.contains(&Population::Lite) {
        lite(client, settings, checked).await;
    }
}

/// Whether somebody who subscribes or leaves is found though their account's own time does not move.
async fn subscriptions(client: &Gigya, settings: &CustomerSettings, checked: &mut Checked) {
    let consent = &settings.policy.consent;
    let nothing = BTreeSet::new();
    let query = if consent.double_opt_in {
        Ok(AccountsQuery::email_accounts(&nothing))
    } else {
        AccountsQuery::subscribers(&consent.path, &nothing)
    };
    let query = match query {
        Ok(query) => query.page_accounts(PAGE_ACCOUNTS),
        Err(error) => return checked.wrong(GIGYA, chain(&error), "correct [consent] gigya"),
    };
    match client.search(&query).await {
        Ok(_) => checked.good(GIGYA, "a changed subscription is found by its own time"),
        Err(error) if error.is_unanswerable_query() && !consent.double_opt_in => checked.doubtful(
            GIGYA,
            "the site cannot be searched by the time of a subscription, so every email account that changed is read, which takes more calls",
            "nothing has to be done; nobody is missed",
        ),
        Err(error) => checked.wrong(GIGYA, chain(&error), refused(&error, settings)),
    }
}

/// Whether there are lite accounts, as far as the customer's condition goes. Whether they can be written is not to be
/// found out without writing.
async fn lite(client: &Gigya, settings: &CustomerSettings, checked: &mut Checked) {
    let query = AccountsQuery::lite(&settings.policy.paths()).page_accounts(PAGE_ACCOUNTS);
    let query = match &settings.gigya.where_lite {
        Some(condition) => query.only_where(condition),
        None => Ok(query),
    };
    let query = match query {
        Ok(query) => query,
        Err(error) => return checked.wrong(GIGYA, chain(&error), "correct [gigya] where_lite"),
    };
    match client.search(&query).await {
        Ok(page) => {
            let shown = page.accounts.len();
            let found = page.total.and_then(|total| usize::try_from(total).ok()).unwrap_or(shown);
            if found == 0 {
                checked.doubtful(
                    GIGYA,
                    "the search works and finds no lite account",
                    "check [gigya] where_lite, and whether the site has lite registration; else leave \"lite\" out of populations",
                );
            } else {
                let accounts = counted(found, "lite account");
                checked.good(GIGYA, format!("the search finds {accounts}; opt-outs go to them by accounts.unsubscribe and values by accounts.importLiteAccount, which the application must be permitted"));
            }
        }
        Err(error) => checked.wrong(GIGYA, chain(&error), refused(&error, settings)),
    }
}
