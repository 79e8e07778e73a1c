//! The example of a customer fits the stack and gives nothing away.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::template::{read, said, template};

/// The example's parameters, by name.
fn parameters() -> BTreeMap<String, String> {
    let list: Vec<BTreeMap<String, String>> =
        serde_json::from_str(&read("infra/customers/example/parameters.json")).unwrap();
    let pair = |entry: &BTreeMap<String, String>| {
        (entry["ParameterKey"].clone(), entry["ParameterValue"].clone())
    };
    list.iter().map(pair).collect()
}

fn settings() -> toml::Table {
    read("infra/customers/example/sync.toml").parse().unwrap()
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
    let days = settings()["run"]["retention_days"].as_integer().unwrap();
    assert_eq!(days.to_string(), parameters()["RetentionDays"]);
}

#[test]
fn the_example_settings_are_whole_and_of_this_version() {
    let settings = settings();
    let sections: BTreeSet<_> = settings.keys().map(String::as_str).collect();
    let known =
        ["charset", "consent", "constant_contact", "fields", "gigya", "lists", "run", "safety"];
    assert_eq!(sections, BTreeSet::from(known));
    assert_eq!(settings["constant_contact"]["api"].as_str(), Some("v3"));
    let populations = settings["gigya"]["populations"].as_array().unwrap();
    assert_eq!(populations, &[toml::Value::from("full")]);
    let update = &settings["constant_contact"]["update_list"];
    let lists = settings["lists"].as_array().unwrap().iter().map(|list| &list["id"]);
    let ids: BTreeSet<_> = lists.chain([update]).map(|id| id.as_str().unwrap()).collect();
    assert_eq!(ids.len(), 3, "each list is named once, and update_list is none of them");
    for id in ids {
        let groups: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{id} is no UUID");
        assert!(id.chars().all(|c| c == '-' || c.is_ascii_hexdigit()), "{id} is no UUID");
    }
}
