//! Reads the sections of `sync.toml` and judges what concerns several of them.

use std::collections::BTreeSet;

use url::Url;

use super::check;
use super::customer::{
    ConstantContactSettings, CustomerSettings, GigyaEndpoint, GigyaSettings, Population,
    RunSettings, Safety,
};
use super::fields;
use super::table::{At, Section};
use crate::domain::charset::{self, Encoding};
use crate::domain::limits::{
    CONSTANT_CONTACT_CALLS_PER_DAY, CONSTANT_CONTACT_CALLS_PER_SECOND, IMPORT_LISTS_MAX,
};
use crate::domain::lite::full_only_field;
use crate::domain::mapping::Destination;
use crate::domain::policy::{ConsentPolicy, ListRule, Policy, Resubscribe};
use crate::domain::{Charset, Condition, Dialect, ListId, Path};

/// Constant Contact's v3 (guide, "API base").
const V3_ENDPOINT: &str = "https://api.cc.email/v3";
/// Constant Contact's v2.
const V2_ENDPOINT: &str = "https://api.constantcontact.com/v2";
/// Where v3's tokens come from (guide, `server_flow`).
const V3_TOKEN_ENDPOINT: &str = "https://authz.constantcontact.com/oauth2/default/v1/token";
/// Calls a second of a partner's key, the most that anybody has (guide, `rate_limits`).
const PARTNER_CALLS_PER_SECOND: u32 = 10;
/// Calls a day of a partner's key (guide, `rate_limits`).
const PARTNER_CALLS_PER_DAY: u32 = 250_000;
/// Rows that one import may hold; a batch of more accounts could not be submitted as one.
const BATCH_ACCOUNTS_MAX: u32 = 39_999;
/// The least overlap: search may lag this many seconds behind a write (SAP help, accounts.search).
const OVERLAP_SECONDS_MIN: u32 = 30;
/// A day, in minutes and in seconds, and a week in hours: longer would make the limit meaningless.
const DAY_MINUTES: u32 = 24 * 60;
const DAY_SECONDS: u32 = 24 * 60 * 60;
const WEEK_HOURS: u32 = 7 * 24;
/// A year.
const RETENTION_DAYS_MAX: u32 = 365;

const _: () = assert!(
    BATCH_ACCOUNTS_MAX as usize == crate::domain::limits::IMPORT_ROWS_MAX,
    "a batch of one kind fits one import"
);

/// Reads the whole file; `None` when something that has no default is missing or wrong. Whatever is wrong is noted.
pub(super) fn read(mut root: Section<'_, '_>) -> Option<CustomerSettings> {
    let gigya = gigya(root.section("gigya"));
    let Written { settings: constant_contact, dialect, uid_field, blanks_clear } =
        constant_contact(root.section("constant_contact"));
    let consent = consent(root.section("consent"), dialect);
    let lists = lists(&mut root, dialect, constant_contact.as_ref());
    let charset = charset(root.section("charset"), dialect);
    let destination = Destination { dialect, charset, blanks_clear };
    let mapping = fields::mapping(&mut root, &uid_field, destination, consent.as_ref());
    let safety = safety(root.section("safety"));
    let run = run(root.section("run"));
    root.finish();
    Some(CustomerSettings {
        gigya: gigya?,
        constant_contact: constant_contact?.value,
        policy: Policy { mapping, lists, consent: consent? },
        safety,
        run,
    })
}

const V3_UID_FIELD: &str = "gigya_uid";
/// The original product kept the UID there, too.
const V2_UID_FIELD: &str = "custom_field_1";

fn gigya(mut section: Section<'_, '_>) -> Option<GigyaSettings> {
    let data_center: Option<At<String>> = section.value("data_center");
    let base: Option<At<String>> = section.value("endpoint");
    let endpoint = match (data_center, base) {
        (Some(data_center), None) => section
            .checked("data_center", &data_center, check::data_center)
            .map(|found| GigyaEndpoint::DataCenter(found.value)),
        (None, Some(base)) => section
            .checked("endpoint", &base, check::url)
            .map(|found| GigyaEndpoint::Base(found.value)),
        (Some(_), Some(base)) => {
            section.problem(Some(base.at), "give data_center or endpoint, not both");
            None
        }
        (None, None) => {
            section.problem(None, "data_center is missing, for example \"eu1.gigya.com\"");
            None
        }
    };
    let api_key = section.required("api_key");
    let api_key = api_key.and_then(|key| section.checked("api_key", &key, not_blank));
    let authentication = section.value("authentication").map(|found| found.value);
    let where_clause = clause(&mut section, "where");
    let where_lite = clause(&mut section, "where_lite");
    let mut populations = BTreeSet::new();
    let has_populations = section.has("populations");
    let listed: Option<Vec<At<Population>>> = section.items("populations");
    let is_wrong = listed.is_none();
    for population in listed.unwrap_or_default() {
        populations.insert(population.value);
    }
    if !has_populations {
        populations.insert(Population::Full);
    } else if populations.is_empty() && !is_wrong {
        section.problem(None, "populations must name at least one, or be left out");
    }
    let where_lite = if populations.contains(&Population::Lite) {
        where_lite_of(&section, where_clause.as_ref(), where_lite.as_ref())
    } else {
        None
    };
    let where_clause = where_clause.map(|found| found.value).filter(|text| !text.is_empty());
    section.finish();
    let (endpoint, api_key) = (endpoint?, api_key?.value);
    Some(GigyaSettings { endpoint, api_key, authentication, where_clause, where_lite, populations })
}

/// A condition; a blank one is none on purpose.
fn clause(section: &mut Section<'_, '_>, key: &'static str) -> Option<At<String>> {
    let found: At<String> = section.value(key)?;
    section.checked(key, &found, check::clause)
}

/// The condition on lite accounts. One that they can never meet would leave them all out, and leaving a condition away
/// could let in those whom the customer keeps out, so neither is done in silence.
fn where_lite_of(
    section: &Section<'_, '_>,
    full: Option<&At<String>>,
    own: Option<&At<String>>,
) -> Option<String> {
    let condition = own.or(full)?;
    match full_only_field(&condition.value) {
        Some(field) if own.is_some() => section.problem(
            Some(condition.at),
            format!("where_lite names {field}, which lite accounts do not have"),
        ),
        Some(field) => section.problem(
            Some(condition.at),
            format!(
                "where names {field}, which lite accounts do not have; write where_lite, the condition on those (\"\": all of them)"
            ),
        ),
        None => {}
    }
    Some(condition.value.clone()).filter(|text| !text.is_empty())
}

fn not_blank(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

/// `[constant_contact]` as it was written: what others are checked by is there even if the rest is wrong.
struct Written {
    /// The section with the place of its `update_list`.
    settings: Option<At<ConstantContactSettings>>,
    dialect: Dialect,
    uid_field: String,
    blanks_clear: bool,
}

fn constant_contact(mut section: Section<'_, '_>) -> Written {
    let written: Option<At<Dialect>> = section.required("api");
    let dialect = written.as_ref().map_or(Dialect::V3, |found| found.value);
    let mut url = |key, default: &str| -> Option<Url> {
        let found = section.value(key).unwrap_or(At { value: default.to_owned(), at: 0 });
        section.checked(key, &found, check::url).map(|found| found.value)
    };
    let (usual_endpoint, usual_uid_field) = match dialect {
        Dialect::V3 => (V3_ENDPOINT, V3_UID_FIELD),
        Dialect::V2 => (V2_ENDPOINT, V2_UID_FIELD),
    };
    let endpoint = url("endpoint", usual_endpoint);
    let token_endpoint = url("token_endpoint", V3_TOKEN_ENDPOINT);
    let uid_field = section.value_or("uid_field", usual_uid_field.to_owned());
    let blanks: Option<At<bool>> = section.value("blanks_enabled");
    if let (Dialect::V3, Some(blanks)) = (dialect, &blanks) {
        let reason = "blanks_enabled is an option of v2's import; leave it out";
        section.problem(Some(blanks.at), reason);
    }
    let update_list = update_list(&mut section, dialect);
    let calls_per_second = section.number(
        "calls_per_second",
        CONSTANT_CONTACT_CALLS_PER_SECOND,
        &(1..=PARTNER_CALLS_PER_SECOND),
    );
    let calls_per_day = section.number(
        "calls_per_day",
        CONSTANT_CONTACT_CALLS_PER_DAY,
        &(1..=PARTNER_CALLS_PER_DAY),
    );
    section.finish();
    let settings = || {
        let update_list = update_list?;
        let value = ConstantContactSettings {
            api: written?.value,
            endpoint: endpoint?,
            token_endpoint: token_endpoint?,
            uid_field: uid_field.clone(),
            update_list: update_list.value,
            calls_per_second,
            calls_per_day,
        };
        Some(At { value, at: update_list.at })
    };
    let blanks_clear = blanks.is_some_and(|blanks| blanks.value);
    Written { settings: settings(), dialect, uid_field, blanks_clear }
}

/// The list nobody mails. It must be said, since leaving it out quietly would let updates put people back on lists.
fn update_list(section: &mut Section<'_, '_>, api: Dialect) -> Option<At<Option<ListId>>> {
    let Some(found) = section.value::<String>("update_list") else {
        section.problem(
            None,
            "update_list is needed: the id of a list nobody mails (set-up makes it), or \"\" to import updates into the mailing lists, which can put people back who have just left one",
        );
        return None;
    };
    if found.value.is_empty() {
        return Some(At { value: None, at: found.at });
    }
    let found = section.checked("update_list", &found, |text| list_id(api, text))?;
    Some(At { value: Some(found.value), at: found.at })
}

fn list_id(api: Dialect, text: &str) -> Result<ListId, String> {
    let is_number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    match api {
        Dialect::V3 if check::is_uuid(text) => Ok(text.to_ascii_lowercase().into()),
        Dialect::V3 if is_number => Err(format!(
            "is a list id of v2; v3 wants the list's UUID, which GET /contact_lists/list_id_xrefs?sequence_ids={text} tells"
        )),
        Dialect::V3 => Err("is no list id; v3 wants the list's UUID".to_owned()),
        Dialect::V2 if is_number => Ok(text.into()),
        Dialect::V2 => Err("is no list id; v2 wants a number".to_owned()),
    }
}

fn consent(mut section: Section<'_, '_>, api: Dialect) -> Option<ConsentPolicy> {
    let path: Option<At<Path>> = section.required("gigya");
    if let Some(path) = &path
        && !matches!(path.value.section(), "subscriptions" | "data" | "profile")
    {
        let reason = "gigya must be a subscription (subscriptions.newsletter.email) or a plain field in data or profile";
        section.problem(Some(path.at), reason);
    }
    let required = section.value_or("required", true);
    let double_opt_in = section.value_or("double_opt_in", false);
    let resubscribe = section.value("resubscribe");
    let resubscribe = match resubscribe {
        Some(At { value: Resubscribe::Ask, at }) => {
            if let Some(reason) = cannot_ask(api, path.as_ref()) {
                section.problem(Some(at), format!("resubscribe: {reason}"));
            }
            Resubscribe::Ask
        }
        Some(At { value: Resubscribe::Never, .. }) | None => Resubscribe::Never,
    };
    let on_opt_out = section.value_or_default("on_opt_out");
    let on_delete = section.value_or_default("on_delete");
    let on_no_match = section.value_or_default("on_no_match");
    let on_list_leave = section.value_or_default("on_list_leave");
    let on_contact_deleted = section.value_or_default("on_contact_deleted");
    section.finish();
    Some(ConsentPolicy {
        path: path?.value,
        required,
        double_opt_in,
        resubscribe,
        on_opt_out,
        on_delete,
        on_no_match,
        on_list_leave,
        on_contact_deleted,
    })
}

/// Why nobody can be asked to confirm: it takes a mail that v2 does not send (it puts people back at once), and an opt-in
/// whose time is known.
fn cannot_ask(api: Dialect, path: Option<&At<Path>>) -> Option<&'static str> {
    let is_dated = path.is_none_or(|path| path.value.section() == "subscriptions");
    match api {
        Dialect::V2 => Some("v2 cannot ask people to confirm; write \"never\" or leave it out"),
        Dialect::V3 if is_dated => None,
        Dialect::V3 => Some(
            "a plain field has no time, so nobody could be asked by it; name a subscription as gigya, or write \"never\"",
        ),
    }
}

fn lists(
    root: &mut Section<'_, '_>,
    api: Dialect,
    constant_contact: Option<&At<ConstantContactSettings>>,
) -> Vec<ListRule> {
    let mut rules: Vec<ListRule> = Vec::new();
    let sections = root.sections("lists");
    if sections.is_empty() {
        root.problem(None, "[[lists]] is missing; name at least one list with its id");
    }
    if sections.len() > IMPORT_LISTS_MAX {
        let count = sections.len();
        root.problem(
            sections.last().and_then(Section::at),
            format!("{count} lists are named; one import can name {IMPORT_LISTS_MAX}"),
        );
    }
    for mut section in sections {
        let id = section.required("id");
        let id = id.and_then(|found| section.checked("id", &found, |text| list_id(api, text)));
        let when = section.value::<Condition>("when");
        if let Some(At { value: id, at }) = id {
            if rules.iter().any(|rule| rule.id == id) {
                let reason = format!(
                    "list {id} appears twice; put both conditions into one with any = [ … ]"
                );
                section.problem(Some(at), reason);
            }
            let update_list = constant_contact.and_then(|cc| cc.value.update_list.as_ref());
            if update_list == Some(&id) {
                let reason = "is also the update_list, which must be a list nobody mails";
                section.problem(Some(at), format!("id \"{id}\" {reason}"));
            }
            rules.push(ListRule { id, when: when.map(|found| found.value) });
        }
        section.finish();
    }
    rules
}

fn charset(mut section: Section<'_, '_>, dialect: Dialect) -> Charset {
    let usual = match dialect {
        Dialect::V3 => Charset::UTF_8,
        Dialect::V2 => Charset::LATIN_1,
    };
    let written: Option<At<Encoding>> = section.value("encoding");
    let encoding = written.as_ref().map_or(usual.encoding, |found| found.value);
    if let (Dialect::V2, Encoding::Utf8, Some(written)) = (dialect, encoding, &written) {
        let reason = "encoding: v2 takes \"iso-8859-1\" only; write that or leave it out";
        section.problem(Some(written.at), reason);
    }
    let mark = section.value("mark").map_or(usual.mark, |found: At<char>| {
        if !charset::is_latin1(found.value) {
            let reason = "mark must be a character of ISO-8859-1 that is no control character, such as \"?\"";
            section.problem(Some(found.at), reason);
        }
        found.value
    });
    let fit = section.value_or("fit", usual.fit);
    let otherwise = section.value_or("otherwise", usual.otherwise);
    section.finish();
    Charset { encoding, fit, otherwise, mark }
}

fn safety(mut section: Section<'_, '_>) -> Safety {
    let usual = Safety::default();
    let inbound = usual.inbound_fresh_minutes;
    let safety = Safety {
        inbound_fresh_minutes: section.number("inbound_fresh_minutes", inbound, &(1..=DAY_MINUTES)),
        sweep_fresh_hours: section.number(
            "sweep_fresh_hours",
            usual.sweep_fresh_hours,
            &(1..=WEEK_HOURS),
        ),
        brake_people: section.number("brake_people", usual.brake_people, &(1..=u32::MAX)),
        brake_share: brake_share(&mut section, usual.brake_share),
    };
    section.finish();
    safety
}

fn brake_share(section: &mut Section<'_, '_>, usual: f64) -> f64 {
    let Some(found) = section.value::<f64>("brake_share") else { return usual };
    if found.value > 0.0 && found.value <= 1.0 {
        return found.value;
    }
    section.problem(Some(found.at), "brake_share must be more than 0 and at most 1 (0.10 is 10 %)");
    usual
}

fn run(mut section: Section<'_, '_>) -> RunSettings {
    let usual = RunSettings::default();
    let run = RunSettings {
        overlap_seconds: section.number(
            "overlap_seconds",
            usual.overlap_seconds,
            &(OVERLAP_SECONDS_MIN..=DAY_SECONDS),
        ),
        batch_accounts: section.number(
            "batch_accounts",
            usual.batch_accounts,
            &(1..=BATCH_ACCOUNTS_MAX),
        ),
        retention_days: section.number(
            "retention_days",
            usual.retention_days,
            &(1..=RETENTION_DAYS_MAX),
        ),
    };
    section.finish();
    run
}
