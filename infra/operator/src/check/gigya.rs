//! Asks Gigya: does the key work, and does the site have what the settings name?

use std::collections::BTreeSet;

use shared::domain::Path;
use shared::domain::mapping::{FieldRule, Owner};
use shared::gigya::{AccountsQuery, FieldKind, Gigya, GigyaError, Schema};
use shared::settings::customer::{CustomerSettings, Population};
use shared::telemetry::chain;

use super::clocks;
use super::settings::counted;
use super::{Checked, Subject};

const GIGYA: Subject = Subject::Gigya;

/// One account is enough to see that the key may search.
pub(super) const PAGE_ACCOUNTS: usize = 1;

/// Asks for the schema and for one account.
pub(super) async fn ask(client: &Gigya, settings: &CustomerSettings, checked: &mut Checked) {
    match client.schema().await {
        Ok(schema) => {
            checked.good(GIGYA, "the key works, and may read the site's schema");
            paths(&schema, settings, checked);
            consent(&schema, settings, checked);
        }
        Err(error) => {
            let refused = refused(&error, settings);
            checked.wrong(GIGYA, chain(&error), refused);
            return;
        }
    }
    search(client, settings, checked).await;
    clocks::ask(client, settings, checked).await;
}

/// Whether the site has the fields that rules and conditions name. The consent is judged by itself.
fn paths(schema: &Schema, settings: &CustomerSettings, checked: &mut Checked) {
    let policy = &settings.policy;
    let named: BTreeSet<Path> =
        policy.paths().into_iter().filter(|path| *path != policy.consent.path).collect();
    let unknown: Vec<&Path> = named.iter().filter(|path| !schema.knows(path)).collect();
    if unknown.is_empty() {
        let fields = counted(named.len(), "field");
        checked.good(GIGYA, format!("the site has all {fields} that the settings name"));
    }
    for path in unknown {
        let is_written =
            rules(settings).any(|rule| comes_home(rule) && rule.sources.contains(path));
        let creates = path.section() == "data" && schema.creates_data_fields;
        // The schema need not list every field that a social login fills (SAP help, "Profile").
        let may_exist = creates || path.section() == "profile";
        if may_exist && !is_written {
            let finding = format!("{path} is not in the site's schema, so no account may have it");
            checked.doubtful(GIGYA, finding, "check how it is written in Gigya's schema editor");
        } else if creates {
            let finding = format!(
                "{path} is not in the site's schema, and carrying a value home would create it"
            );
            checked.doubtful(GIGYA, finding, "check how it is written, or add it to the schema");
        } else {
            let finding = format!("{path} is no field of the site");
            let next = "correct the path, or add the field in Gigya's schema editor";
            checked.wrong(GIGYA, finding, next);
        }
    }
    for rule in rules(settings).filter(|rule| comes_home(rule)) {
        for path in &rule.sources {
            if schema.field(path).is_some_and(|field| field.is_required || !field.allows_null) {
                let finding = format!(
                    "{path} may not be empty at Gigya, so emptying it in Constant Contact cannot come home"
                );
                let next = "give the rule owner = \"gigya\", or allow null in the schema";
                checked.doubtful(GIGYA, finding, next);
            }
        }
    }
}

/// All rules, the address's included.
fn rules(settings: &CustomerSettings) -> impl Iterator<Item = &FieldRule> {
    let mapping = &settings.policy.mapping;
    std::iter::once(mapping.email_rule()).chain(mapping.rules())
}

/// Whether changes in Constant Contact are written to Gigya.
fn comes_home(rule: &FieldRule) -> bool {
    match rule.owner {
        Owner::Gigya => false,
        Owner::ConstantContact | Owner::Both => true,
    }
}

/// Whether the person's wish is where the settings look for it.
fn consent(schema: &Schema, settings: &CustomerSettings, checked: &mut Checked) {
    let consent = &settings.policy.consent;
    let path = &consent.path;
    if path.section() != "subscriptions" {
        match schema.field(path).map(|field| &field.kind) {
            Some(FieldKind::Flag) => checked.good(GIGYA, format!("{path} keeps the consent")),
            Some(
                FieldKind::Text
                | FieldKind::Integer
                | FieldKind::Float
                | FieldKind::Date
                | FieldKind::Other(_),
            ) => checked.wrong(
                GIGYA,
                format!("{path} is to keep the consent, and is no boolean in the site's schema"),
                "name a subscription or a boolean field as [consent] gigya",
            ),
            None => checked.wrong(
                GIGYA,
                format!("{path} is to keep the consent, and is no field of the site"),
                "correct [consent] gigya, or add the field in Gigya's schema editor",
            ),
        }
        return;
    }
    let Some(subscription) = schema.subscription(path) else {
        let known: Vec<&str> = schema.subscriptions().map(Path::as_str).collect();
        let next = if known.is_empty() {
            "add a subscription in Gigya's console, or name a boolean field".to_owned()
        } else {
            format!("name one of the site's own: {}", known.join(", "))
        };
        checked.wrong(GIGYA, format!("{path} is no subscription of the site"), &next);
        return;
    };
    match (subscription.double_opt_in, consent.double_opt_in) {
        (true, false) => checked.wrong(
            GIGYA,
            format!("{path} asks for double opt-in, and people would be sent who have not confirmed"),
            "write double_opt_in = true under [consent]",
        ),
        (false, true) => checked.doubtful(
            GIGYA,
            format!("{path} asks for no double opt-in and the settings do, so hardly anybody will be sent"),
            "turn it on in Gigya's console, or leave double_opt_in out",
        ),
        (true, true) => checked.good(GIGYA, format!("{path} keeps the consent, once confirmed")),
        (false, false) => checked.good(GIGYA, format!("{path} keeps the consent")),
    }
}

/// Searches as export does, and for subscriptions as export does.
async fn search(client: &Gigya, settings: &CustomerSettings, checked: &mut Checked) {
    let paths = settings.policy.paths();
    let query = AccountsQuery::everybody(&paths).page_accounts(PAGE_ACCOUNTS);
    let query = match &settings.gigya.where_clause {
        Some(condition) => query.only_where(condition),
        None => Ok(query),
    };
    let query = match query {
        Ok(query) => query,
        Err(error) => {
            return checked.wrong(GIGYA, chain(&error), "correct [gigya] where");
        }
    };
    let page = match client.search(&query).await {
        Ok(page) => page,
        Err(error) => {
            let next = refused(&error, settings);
            return checked.wrong(GIGYA, chain(&error), next);
        }
    };
    let found = page.total.unwrap_or_else(|| u64::try_from(page.accounts.len()).unwrap_or(0));
    match found {
        0 => checked.doubtful(
            GIGYA,
            "the search works and finds nobody",
            "check [gigya] where and api_key, unless the site is still empty",
        ),
        1 => checked.good(GIGYA, "the search works and finds 1 account"),
        many => checked.good(GIGYA, format!("the search works and finds {many} accounts")),
    }
    let consent = &settings.policy.consent.path;
    let Some(account) = page.accounts.first().filter(|_| consent.section() == "subscriptions")
    else {
        return;
    };
    match client.subscriptions_of(std::slice::from_ref(account.uid()), consent).await {
        Ok(_) => checked.good(GIGYA, "subscriptions can be searched too"),
        Err(error) => {
            let next = refused(&error, settings);
            checked.wrong(GIGYA, chain(&error), next);
        }
    }
}

/// What to do about a refusal (SAP help, "Response Codes and Errors").
pub(super) fn refused(error: &GigyaError, settings: &CustomerSettings) -> &'static str {
    let Some(refusal) = error.refusal() else {
        return "check the network, and [gigya] data_center or endpoint";
    };
    match refusal.code {
        301_001 => "correct [gigya] data_center: the site lives in another one",
        400_093 => "correct [gigya] api_key, or data_center if the site lives in another one",
        403_003 | 403_010 => "correct gigya.secret (or private_key) in the secret",
        403_005 => "correct gigya.user_key in the secret",
        403_007 | 403_023 | 403_036 if settings.gigya.populations.contains(&Population::Lite) => {
            "give the application permission for accounts.search, accounts.getSchema, accounts.getAccountInfo, accounts.setAccountInfo, accounts.importLiteAccount and accounts.unsubscribe in Gigya's console"
        }
        403_007 | 403_023 | 403_036 => {
            "give the application permission for accounts.search, accounts.getSchema, accounts.getAccountInfo and accounts.setAccountInfo in Gigya's console"
        }
        400_001 | 400_004 | 400_006 if settings.gigya.where_clause.is_some() => {
            "correct [gigya] where: try it in Gigya's query tool"
        }
        _ => {
            "look the code up among Gigya's response codes; SAP's support finds the call by its id"
        }
    }
}
