//! The example of a customer fits the stack and gives nothing away.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::domain::mapping::Destination;
use shared::domain::{Dialect, ListId};
use shared::settings::customer::{
    CustomerSettings, GigyaEndpoint, Population, RunSettings, Safety,
};

use super::template::{read, said, template};

/// The example's parameters, by name.
pub(super) fn parameters() -> BTreeMap<String, String> {
    let list: Vec<BTreeMap<String, String>> =
        serde_json::from_str(&read("infra/customers/example/parameters.json")).unwrap();
    let pair = |entry: &BTreeMap<String, String>| {
        (entry["ParameterKey"].clone(), entry["ParameterValue"].clone())
    };
    list.iter().map(pair).collect()
}

/// The example's settings, as the functions read them.
fn settings() -> CustomerSettings {
    CustomerSettings::parse(&read("infra/customers/example/sync.toml")).unwrap()
}

#[test]
fn the_example_names_every_parameter_with_a_value_that_is_allowed() {
    let template = template();
    let declared = template["Parameters"].as_object().unwrap();
    let given = parameters();
    let names: BTreeSet<_> = declared.keys().cloned().collect();
    assert_eq!(given.keys().cloned().collect::<BTreeSet<_>>(), names);
    for (name, parameter) in declared {
        let value = &given[name];
        let allowed = parameter["AllowedValues"].as_array();
        let same = |one: &Value| said(one) == *value;
        assert!(allowed.is_none_or(|allowed| allowed.iter().any(same)), "{name} is {value}");
        if parameter["Type"] == "Number" {
            let value: u64 = value.parse().unwrap();
            assert!(parameter["MinValue"].as_u64().is_none_or(|least| least <= value), "{name}");
            assert!(parameter["MaxValue"].as_u64().is_none_or(|most| value <= most), "{name}");
        }
    }
}

#[test]
fn a_parameter_says_where_the_secret_is_and_none_holds_one() {
    let template = template();
    let declared = template["Parameters"].as_object().unwrap();
    let telling = ["password", "token", "key", "credential", "secret"];
    let suspicious: Vec<_> = declared
        .keys()
        .filter(|name| telling.iter().any(|word| name.to_lowercase().contains(word)))
        .collect();
    assert_eq!(suspicious, ["SecretArn"]);
    assert!(parameters()["SecretArn"].starts_with("arn:aws:secretsmanager:"));
}

#[test]
fn the_settings_and_the_stack_keep_runs_for_the_same_time() {
    assert_eq!(settings().run.retention_days.to_string(), parameters()["RetentionDays"]);
}

#[test]
fn the_example_settings_are_whole_and_show_the_defaults() {
    let settings = settings();
    assert_eq!(settings.gigya.endpoint, GigyaEndpoint::DataCenter("eu1.gigya.com".to_owned()));
    assert_eq!(settings.gigya.populations, BTreeSet::from([Population::Full]));
    assert_eq!(settings.constant_contact.api, Dialect::V3);
    let shown = (*settings.policy.mapping.destination(), settings.safety, settings.run);
    assert_eq!(shown, (Destination::default(), Safety::default(), RunSettings::default()));
    let lists = settings.policy.lists.iter().map(|list| list.id.as_str());
    let update = settings.constant_contact.update_list.as_ref().map(ListId::as_str);
    let ids: BTreeSet<_> = lists.chain(update).collect();
    assert_eq!(ids.len(), 3, "each list is named once, and update_list is none of them");
}

#[test]
fn a_mistake_in_the_example_would_be_named() {
    let text = read("infra/customers/example/sync.toml");
    for (right, wrong, problem) in [
        ("retention_days", "retention_day", "retention_day"),
        ("\"6f1c1d0e-8f5b-11f0-9a3c-0242ac120002\"", "\"17\"", "update_list"),
        ("owner = \"both\"", "owner = \"all\"", "owner"),
    ] {
        assert!(text.contains(right));
        let error = CustomerSettings::parse(&text.replace(right, wrong)).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
}
