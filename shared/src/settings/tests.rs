//! The settings of a customer as a whole.

use proptest::prelude::*;

use super::customer::*;
use crate::domain::charset::{Encoding, Fit, Otherwise};
use crate::domain::mapping::Destination;
use crate::domain::policy::{
    OnContactDeleted, OnDelete, OnListLeave, OnNoMatch, OnOptOut, Resubscribe,
};
use crate::domain::{Account, Charset, ContactField, Dialect, OnConflict, Owner, Transform};

/// The example of the design, with values that this version can do.
const EXAMPLE: &str = r#"
[gigya]
data_center = "eu1.gigya.com"
api_key = "3_abc"
where = "isRegistered = true"
populations = ["full"]

[constant_contact]
api = "v3"
uid_field = "gigya_uid"
update_list = "0b3a1c64-0d3a-11ee-8f53-fa163e56c9b0"
calls_per_second = 4
calls_per_day = 10000

[consent]
gigya = "subscriptions.newsletter.email"
required = true
resubscribe = "never"
on_opt_out = "unsubscribe"
on_delete = "delete"
on_no_match = "remove_from_list"
on_list_leave = "opt_out"
on_contact_deleted = "opt_out"

[[lists]]
id = "E4C2B2A0-0d3a-11ee-8f53-fa163e56c9b0"
when = { path = "data.region", equals = "emea" }

[[fields]]
gigya = "profile.firstName"
constant_contact = "first_name"
owner = "both"
conflict = "gigya"
transform = ["trim"]

[[fields]]
gigya = ["profile.birthDay", "profile.birthMonth"]
constant_contact = "birthday"

[[fields]]
gigya = "data.loyalty.tier"
constant_contact = "cf:loyalty_tier"

[charset]
fit = "transliterate"
otherwise = "replace"
mark = "?"

[safety]
inbound_fresh_minutes = 30
sweep_fresh_hours = 26
brake_people = 500
brake_share = 0.10

[run]
overlap_seconds = 120
batch_accounts = 10000
retention_days = 14
"#;

/// Only what has no default.
const LEAST: &str = r#"
[gigya]
endpoint = "http://127.0.0.1:9100/"
api_key = "3_abc"
[constant_contact]
api = "v3"
update_list = ""
[consent]
gigya = "data.subscribe"
[[lists]]
id = "e4c2b2a0-0d3a-11ee-8f53-fa163e56c9b0"
"#;

#[test]
fn the_example_of_the_design_means_what_it_says() {
    let settings = CustomerSettings::parse(EXAMPLE).unwrap();
    let gigya = &settings.gigya;
    assert_eq!(gigya.endpoint, GigyaEndpoint::DataCenter("eu1.gigya.com".to_owned()));
    assert_eq!(gigya.api_key, "3_abc");
    assert_eq!(gigya.where_clause.as_deref(), Some("isRegistered = true"));
    assert_eq!(gigya.populations, [Population::Full].into());
    let constant_contact = &settings.constant_contact;
    let update_list = "0b3a1c64-0d3a-11ee-8f53-fa163e56c9b0".into();
    assert_eq!(constant_contact.update_list, Some(update_list));
    assert_eq!(constant_contact.endpoint.as_str(), "https://api.cc.email/v3");
    assert_eq!((constant_contact.calls_per_second, constant_contact.calls_per_day), (4, 10_000));

    let consent = &settings.policy.consent;
    assert_eq!(consent.path.as_str(), "subscriptions.newsletter.email");
    assert!(consent.required && !consent.double_opt_in);
    assert_eq!(consent.resubscribe, Resubscribe::Never);
    assert_eq!(consent.on_opt_out, OnOptOut::Unsubscribe);
    assert_eq!(consent.on_delete, OnDelete::Delete);
    assert_eq!(consent.on_no_match, OnNoMatch::RemoveFromList);
    assert_eq!(consent.on_list_leave, OnListLeave::OptOut);
    assert_eq!(consent.on_contact_deleted, OnContactDeleted::OptOut);

    let [list] = settings.policy.lists.as_slice() else { panic!("one list") };
    assert_eq!(list.id.as_str(), "e4c2b2a0-0d3a-11ee-8f53-fa163e56c9b0");
    let person = |region: &str| {
        let account = serde_json::json!({"UID": "u", "data": {"region": region}});
        list.when.as_ref().unwrap().holds(&Account::from_json(account).unwrap())
    };
    assert!(person("emea") && !person("amer"));

    let mapping = &settings.policy.mapping;
    let first_name = mapping.rule(&"first_name".parse().unwrap()).unwrap();
    assert_eq!((first_name.owner, first_name.conflict), (Owner::Both, OnConflict::Gigya));
    assert_eq!(first_name.transforms, [Transform::Trim]);
    let fields: Vec<&str> = mapping.rules().iter().map(|rule| rule.field.as_str()).collect();
    assert_eq!(fields, ["first_name", "birthday", "cf:loyalty_tier"]);
    assert_eq!(mapping.uid_contact_field(), ContactField::custom("gigya_uid"));
}

#[test]
fn what_is_left_out_has_the_default_that_the_example_shows() {
    let least = CustomerSettings::parse(LEAST).unwrap();
    let example = CustomerSettings::parse(EXAMPLE).unwrap();
    assert_eq!(least.policy.mapping.destination(), example.policy.mapping.destination());
    assert_eq!(least.safety, example.safety);
    assert_eq!(least.run, example.run);
    let path = least.policy.consent.path.clone();
    let consent = crate::domain::policy::ConsentPolicy { path, ..example.policy.consent };
    assert_eq!(least.policy.consent, consent);
    assert_eq!(least.gigya.populations, example.gigya.populations);
    assert_eq!((least.gigya.authentication, least.gigya.where_clause), (None, None));
    let endpoint = "http://127.0.0.1:9100".parse().unwrap();
    assert_eq!(least.gigya.endpoint, GigyaEndpoint::Base(endpoint));
    assert_eq!(least.constant_contact.update_list, None);
    let of_example = ConstantContactSettings { update_list: None, ..example.constant_contact };
    assert_eq!(least.constant_contact, of_example);
    assert_eq!(least.policy.lists[0].when, None);
}

#[test]
fn the_defaults_agree_with_the_numbers_of_the_vendors() {
    let accounts = usize::try_from(RunSettings::default().batch_accounts).unwrap();
    assert_eq!(accounts, crate::domain::limits::BATCH_ACCOUNTS);
}

#[test]
fn a_file_with_many_mistakes_lists_all_of_them() {
    let text = r#"
brake = true
[gigya]
data_center = "eu1"
api_key = 3_abc
where = "isActive = true ORDER BY created"
populations = ["full", "light"]
authentication = "magic"
secret = "x"

[constant_contact]
api = "v3"
endpoint = "http://api.cc.email/v3"
uid_field = "cf:uid"
calls_per_second = 400
calls_per_day = "many"

[consent]
gigya = "subscriptions..email"
required = "yes"
on_delete = "forget"

[[lists]]
id = "2050305614"
when = { path = "data.region", equal = "emea" }

[[lists]]
id = "e4c2b2a0-0d3a-11ee-8f53-fa163e56c9b0"
[[lists]]
id = "e4c2b2a0-0d3a-11ee-8f53-fa163e56c9b0"
when = { all = [
  { path = "data.since", greater_than = "soon" },
] }

[[fields]]
gigya = "profile.firstName"
constant_contact = "firstname"

[[fields]]
gigya = "profile.lastName"
constant_contact = "last_name"
conflict = "hold"
transform = ["trim", "shout", { date = 7 }]

[[fields]]
constant_contact = "city"
color = "red"

[[fields]]
gigya = "profile city"
constant_contact = "state"

[[fields]]
gigya = "profile.city"
constant_contact = "city"
owner = "both"
transform = [{ template = "{profile.city" }]

[safety]
brake_share = 10
sweep_hours = 3

[run]
batch_accounts = 50000
"#;
    insta::assert_snapshot!(CustomerSettings::parse(text).unwrap_err(), @r#"
    30 settings are wrong:
      - sync.toml line 2: brake is no setting; known here: gigya, constant_contact, consent, lists, charset, fields, safety, run
      - sync.toml line 4: [gigya] data_center "eu1" is no data centre of Gigya's; write it as eu1.gigya.com (us1, eu1, eu2, au1, global) or cn1.sapcdm.cn
      - sync.toml line 5: [gigya] api_key is no number; put a text in quotes
      - sync.toml line 6: [gigya] where "isActive = true ORDER BY created" must be a condition only, without ORDER
      - sync.toml line 7: [gigya] populations: unknown variant `light`, expected `full` or `lite`
      - sync.toml line 8: [gigya] authentication: unknown variant `magic`, expected one of `secret`, `signature`, `bearer`
      - sync.toml line 9: [gigya] secret is no setting; known here: data_center, endpoint, api_key, authentication, where, where_lite, populations
      - sync.toml line 11: [constant_contact] update_list is needed: the id of a list nobody mails (set-up makes it), or "" to import updates into the mailing lists, which can put people back who have just left one
      - sync.toml line 13: [constant_contact] endpoint "http://api.cc.email/v3" must start with https:// (http:// is for 127.0.0.1 only)
      - sync.toml line 15: [constant_contact] calls_per_second must be a whole number from 1 to 10
      - sync.toml line 16: [constant_contact] calls_per_day must be a whole number from 1 to 250000
      - sync.toml line 19: [consent] gigya: "subscriptions..email" is no path into an account; write it as profile.firstName or data.loyalty.tier
      - sync.toml line 20: [consent] required: invalid type: string "yes", expected a boolean
      - sync.toml line 21: [consent] on_delete: unknown variant `forget`, expected one of `delete`, `unsubscribe`, `keep`
      - sync.toml line 24: [[lists]] 1 id "2050305614" is a list id of v2; v3 wants the list's UUID, which GET /contact_lists/list_id_xrefs?sequence_ids=2050305614 tells
      - sync.toml line 25: [[lists]] 1 when: unknown field `equal`, expected one of `path`, `equals`, `not_equals`, `one_of`, `contains`, `exists`, `greater_than`, `less_than`, `at_least`, `at_most`, `all`, `any`, `not`
      - sync.toml line 30: [[lists]] 3 list e4c2b2a0-0d3a-11ee-8f53-fa163e56c9b0 appears twice; put both conditions into one with any = [ … ]
      - sync.toml line 32: [[lists]] 3 when: greater_than, less_than, at_least and at_most take a number or an ISO date in quotes ("2026-01-01")
      - sync.toml line 37: [[fields]] 1 constant_contact: "firstname" is no field of a contact; use one of Constant Contact's import keys (first_name, birthday, …) or cf:<custom field name> (in v2 custom_field_1 to custom_field_15)
      - sync.toml line 42: [[fields]] 2 conflict means something only with owner = "both"; leave it out
      - sync.toml line 43: [[fields]] 2 transform: unknown variant `shout`, expected one of `trim`, `lower`, `upper`, `join`, `map`, `date`, `phone`, `template`, `constant`
      - sync.toml line 43: [[fields]] 2 transform: invalid type: integer `7`, expected a string
      - sync.toml line 45: [[fields]] "city" has no source; say where the value stands in Gigya, or give a template or a constant
      - sync.toml line 47: [[fields]] 3 color is no setting; known here: gigya, constant_contact, owner, conflict, transform
      - sync.toml line 50: [[fields]] 4 gigya: expected a path such as "profile.firstName", or an array of paths
      - sync.toml line 57: [[fields]] 5 transform: the braces of the template do not match; write {{ and }} where the text has a brace
      - sync.toml line 60: [safety] brake_share must be more than 0 and at most 1 (0.10 is 10 %)
      - sync.toml line 61: [safety] sweep_hours is no setting; known here: inbound_fresh_minutes, sweep_fresh_hours, brake_people, brake_share
      - sync.toml line 64: [run] batch_accounts must be a whole number from 1 to 39999
      - sync.toml: [[fields]] uid_field "cf:uid" is no name of a custom field; write it without cf: and without blanks
    "#);
}

#[test]
fn what_is_missing_is_named_with_what_to_write() {
    insta::assert_snapshot!(CustomerSettings::parse("").unwrap_err(), @r#"
    6 settings are wrong:
      - sync.toml: [gigya] data_center is missing, for example "eu1.gigya.com"
      - sync.toml: [gigya] api_key is missing
      - sync.toml: [constant_contact] api is missing
      - sync.toml: [constant_contact] update_list is needed: the id of a list nobody mails (set-up makes it), or "" to import updates into the mailing lists, which can put people back who have just left one
      - sync.toml: [consent] gigya is missing
      - sync.toml: [[lists]] is missing; name at least one list with its id
    "#);
}

#[test]
fn a_condition_that_lite_accounts_cannot_meet_is_never_theirs_in_silence() {
    let with = |lines: &str| {
        let lines = format!("populations = [\"full\", \"lite\"]\n{lines}\n[constant_contact]");
        CustomerSettings::parse(&LEAST.replace("[constant_contact]", &lines))
    };
    let where_lite = |lines: &str| with(lines).unwrap().gigya.where_lite;
    let brand = "where = \"data.brand = 'a'\"";
    assert_eq!(where_lite(""), None);
    assert_eq!(where_lite(brand).as_deref(), Some("data.brand = 'a'"));
    assert_eq!(where_lite(&format!("{brand}\nwhere_lite = \"\"")), None);
    let registered = "where = \"isRegistered = true\"";
    assert_eq!(
        where_lite(&format!("{registered}\nwhere_lite = \"data.x = 1\"")).unwrap(),
        "data.x = 1"
    );
    insta::assert_snapshot!(with(registered).unwrap_err(), @r#"
    1 setting is wrong:
      - sync.toml line 6: [gigya] where names isRegistered, which lite accounts do not have; write where_lite, the condition on those ("": all of them)
    "#);
    insta::assert_snapshot!(with("where_lite = \"isActive = true\"").unwrap_err(), @r#"
    1 setting is wrong:
      - sync.toml line 6: [gigya] where_lite names isActive, which lite accounts do not have
    "#);
    let full =
        LEAST.replace("[constant_contact]", "where = \"isActive = true\"\n[constant_contact]");
    assert_eq!(CustomerSettings::parse(&full).unwrap().gigya.where_lite, None);
}

#[test]
fn people_are_asked_to_confirm_where_the_dialect_can_and_the_opt_in_has_a_time() {
    let asking = |text: &str| text.replace("[[lists]]", "resubscribe = \"ask\"\n[[lists]]");
    let dated = LEAST.replace("data.subscribe", "subscriptions.news.email");
    let settings = CustomerSettings::parse(&asking(&dated)).unwrap();
    assert_eq!(settings.policy.consent.resubscribe, Resubscribe::Ask);
    let problem = |text: &str| CustomerSettings::parse(text).unwrap_err().to_string();
    let in_v2 = problem(&asking(&least_in_v2()));
    assert!(in_v2.contains("resubscribe: v2 cannot ask people to confirm"), "{in_v2}");
    let undated = problem(&asking(LEAST));
    assert!(undated.contains("resubscribe: a plain field has no time"), "{undated}");
}

/// The least that a customer of v2 must say.
fn least_in_v2() -> String {
    LEAST.replace("\"v3\"", "\"v2\"").replace("e4c2b2a0-0d3a-11ee-8f53-fa163e56c9b0", "7")
}

#[test]
fn v2_has_its_own_defaults() {
    let settings = CustomerSettings::parse(&least_in_v2()).unwrap();
    let mapping = &settings.policy.mapping;
    assert_eq!(settings.constant_contact.api, Dialect::V2);
    assert_eq!(settings.constant_contact.endpoint.as_str(), "https://api.constantcontact.com/v2");
    assert_eq!(mapping.uid_contact_field(), ContactField::v2_custom(1));
    let usual =
        Destination { dialect: Dialect::V2, charset: Charset::LATIN_1, blanks_clear: false };
    assert_eq!(*mapping.destination(), usual);
}

#[test]
fn the_charset_may_be_set_in_both_dialects() {
    let charset = "[charset]\nencoding = \"iso-8859-1\"\nfit = \"none\"\notherwise = \"hold\"\nmark = \"_\"\n";
    let expected = Charset {
        encoding: Encoding::Latin1,
        fit: Fit::None,
        otherwise: Otherwise::Hold,
        mark: '_',
    };
    for least in [LEAST.to_owned(), least_in_v2()] {
        let settings = CustomerSettings::parse(&format!("{least}{charset}")).unwrap();
        assert_eq!(settings.policy.mapping.destination().charset, expected);
    }
}

#[test]
fn what_v2_does_not_have_is_said_before_the_first_run() {
    let text = least_in_v2().replace(
        "[constant_contact]",
        "[constant_contact]\nuid_field = \"gigya_uid\"\nblanks_enabled = true",
    ) + "[[fields]]\ngigya = \"data.tier\"\nconstant_contact = \"cf:tier\"\n\
         [[fields]]\ngigya = \"data.mobile\"\nconstant_contact = \"mobile_phone\"\n\
         [[fields]]\ngigya = [\"profile.birthDay\", \"profile.birthMonth\"]\nconstant_contact = \"birthday\"\nowner = \"both\"\n\
         [[fields]]\ngigya = \"data.note\"\nconstant_contact = \"custom_field_16\"\n\
         [charset]\nencoding = \"utf-8\"\nmark = \"…\"\n";
    insta::assert_snapshot!(CustomerSettings::parse(&text).unwrap_err(), @r#"
    7 settings are wrong:
      - sync.toml line 14: [[fields]] "cf:tier" is no field of v2's import, which has names, job_title, company_name, birthday, anniversary, home_phone, work_phone, one address (street, street2, city, state, zip, country) and custom_field_1 to custom_field_15
      - sync.toml line 17: [[fields]] "mobile_phone" is no field of v2's import, which has names, job_title, company_name, birthday, anniversary, home_phone, work_phone, one address (street, street2, city, state, zip, country) and custom_field_1 to custom_field_15
      - sync.toml line 20: [[fields]] "birthday" cannot come home: v2 does not show it as it was imported; set owner = "gigya"
      - sync.toml line 26: [[fields]] 4 constant_contact: "custom_field_16" is no field of a contact; use one of Constant Contact's import keys (first_name, birthday, …) or cf:<custom field name> (in v2 custom_field_1 to custom_field_15)
      - sync.toml line 28: [charset] encoding: v2 takes "iso-8859-1" only; write that or leave it out
      - sync.toml line 29: [charset] mark must be a character of ISO-8859-1 that is no control character, such as "?"
      - sync.toml: [[fields]] uid_field "gigya_uid" is no custom field of v2; write custom_field_1, or another up to custom_field_15
    "#);
}

#[test]
fn what_v3_does_not_have_is_said_before_the_first_run() {
    let text = LEAST.replace("[constant_contact]", "[constant_contact]\nblanks_enabled = true")
        + "[[fields]]\ngigya = \"data.tier\"\nconstant_contact = \"custom_field_2\"\n";
    insta::assert_snapshot!(CustomerSettings::parse(&text).unwrap_err(), @r#"
    2 settings are wrong:
      - sync.toml line 6: [constant_contact] blanks_enabled is an option of v2's import; leave it out
      - sync.toml line 13: [[fields]] "custom_field_2" is no field of v3; write cf:<custom field name>
    "#);
}

#[test]
fn what_contradicts_itself_is_refused() {
    let list = "e4c2b2a0-0d3a-11ee-8f53-fa163e56c9b0";
    let mut text = LEAST.replace("update_list = \"\"", &format!("update_list = \"{list}\""));
    text = text.replace("[gigya]", "[gigya]\ndata_center = \"eu1.gigya.com\"");
    text.push_str("[[fields]]\ngigya = \"data.subscribe\"\nconstant_contact = \"cf:subscribe\"\nowner = \"both\"\n");
    insta::assert_snapshot!(CustomerSettings::parse(&text).unwrap_err(), @r#"
    3 settings are wrong:
      - sync.toml line 4: [gigya] give data_center or endpoint, not both
      - sync.toml line 12: [[lists]] 1 id "e4c2b2a0-0d3a-11ee-8f53-fa163e56c9b0" is also the update_list, which must be a list nobody mails
      - sync.toml line 13: [[fields]] 1 a field cannot come home to where [consent] gigya stands; set owner = "gigya"
    "#);
}

#[test]
fn a_file_that_is_no_toml_says_where() {
    let error = CustomerSettings::parse("[gigya]\napi_key = \"3_abc\n").unwrap_err();
    assert_eq!(error.problems().len(), 1);
    insta::assert_snapshot!(error, @r#"
    1 setting is wrong:
      - sync.toml line 2: this is no TOML: invalid basic string, expected `"`
    "#);
}

#[test]
fn a_section_of_the_wrong_shape_is_refused_as_one() {
    let text = "gigya = 5\nlists = [1]\nfields = \"x\"\n[constant_contact]\napi = 3\n";
    insta::assert_snapshot!(CustomerSettings::parse(text).unwrap_err(), @r#"
    9 settings are wrong:
      - sync.toml line 1: gigya must be a table [gigya], not integer
      - sync.toml line 1: [gigya] data_center is missing, for example "eu1.gigya.com"
      - sync.toml line 1: [gigya] api_key is missing
      - sync.toml line 2: write lists as tables [[lists]]
      - sync.toml line 3: write fields as tables [[fields]]
      - sync.toml line 4: [constant_contact] update_list is needed: the id of a list nobody mails (set-up makes it), or "" to import updates into the mailing lists, which can put people back who have just left one
      - sync.toml line 5: [constant_contact] api: wanted string or table
      - sync.toml: [consent] gigya is missing
      - sync.toml: [[lists]] is missing; name at least one list with its id
    "#);
}

#[test]
fn what_may_be_a_password_is_not_repeated() {
    let text = LEAST.replace("http://127.0.0.1:9100/", "https://zoe:hunter2@example.com");
    let message = CustomerSettings::parse(&text).unwrap_err().to_string();
    assert!(message.contains("endpoint") && !message.contains("hunter2"), "{message}");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[\\[\\]{}=\"a-z0-9._\n ]{0,60}|\\PC{0,40}") {
        prop_assert!(CustomerSettings::parse(&text).is_err());
        let appended = format!("{LEAST}\n{text}");
        if let Err(error) = CustomerSettings::parse(&appended) {
            prop_assert!(!error.problems().is_empty());
        }
    }
}
