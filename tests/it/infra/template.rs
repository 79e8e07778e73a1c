//! The template as plain JSON: YAML's short tags written out, so that a check can walk it.

use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value, json};
use serde_norway::Value as Yaml;

/// The top of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Reads a file of the project.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The stack of one customer.
pub(crate) fn template() -> Value {
    plain(serde_norway::from_str(&read("infra/template.yaml")).unwrap())
}

/// Writes out the short tags: `!Ref X` is `{"Ref": "X"}`, `!GetAtt A.B` is `{"Fn::GetAtt": ["A", "B"]}`.
fn plain(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(truth) => Value::Bool(truth),
        Yaml::Number(number) => serde_json::to_value(number).unwrap(),
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(items) => items.into_iter().map(plain).collect(),
        Yaml::Mapping(entries) => Value::Object(
            entries
                .into_iter()
                .map(|(key, value)| (key.as_str().unwrap().to_owned(), plain(value)))
                .collect::<Map<_, _>>(),
        ),
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let value = plain(tagged.value);
            match tag.trim_start_matches('!') {
                "Ref" => json!({ "Ref": value }),
                "GetAtt" => {
                    let path: Vec<&str> = value.as_str().unwrap().splitn(2, '.').collect();
                    json!({ "Fn::GetAtt": path })
                }
                short => json!({ format!("Fn::{short}"): value }),
            }
        }
    }
}

/// A value as one would say it: `!Ref Queue` is `${Queue}`, `!GetAtt Queue.Arn` is `${Queue.Arn}`, `!Sub` its text.
pub(crate) fn said(value: &Value) -> String {
    if let Some(name) = value.get("Ref").and_then(Value::as_str) {
        return format!("${{{name}}}");
    }
    if let Some(path) = value.get("Fn::GetAtt").and_then(Value::as_array) {
        let path: Vec<_> = path.iter().filter_map(Value::as_str).collect();
        return format!("${{{}}}", path.join("."));
    }
    if let Some(text) = value.get("Fn::Sub").and_then(Value::as_str) {
        return text.to_owned();
    }
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// A list, or the one thing that stands for a list of one.
pub(crate) fn several(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
}

/// The resources of a type, with their names.
pub(crate) fn of_type<'a>(template: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    let resources = template["Resources"].as_object().unwrap();
    resources
        .iter()
        .filter(|(_, resource)| resource["Type"] == kind)
        .map(|(name, resource)| (name.as_str(), resource))
        .collect()
}

/// The properties of a resource.
pub(crate) fn properties<'a>(template: &'a Value, resource: &str) -> &'a Value {
    &template["Resources"][resource]["Properties"]
}

/// A copy of the template with one value changed, for the proof that a check can fail.
pub(crate) fn with(pointer: &str, value: Value) -> Value {
    let mut changed = template();
    *changed.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not there")) = value;
    changed
}

/// The place of one statement of a role, found by its name.
pub(crate) fn statement(role: &str, sid: &str) -> String {
    let template = template();
    let path = format!("/Resources/{role}/Properties/Policies/0/PolicyDocument/Statement");
    let statements = template.pointer(&path).unwrap().as_array().unwrap();
    let at = statements.iter().position(|statement| statement["Sid"] == sid).unwrap();
    format!("{path}/{at}")
}

#[test]
fn short_tags_are_written_out() {
    let yaml = "a: !Ref B\nc: !GetAtt D.Arn\ne: !Sub '${F.Arn}/g'\nh: !If [I, 1, !Ref J]\n";
    let value = plain(serde_norway::from_str(yaml).unwrap());
    assert_eq!(said(&value["a"]), "${B}");
    assert_eq!(said(&value["c"]), "${D.Arn}");
    assert_eq!(said(&value["e"]), "${F.Arn}/g");
    assert_eq!(value["h"], json!({ "Fn::If": ["I", 1, { "Ref": "J" }] }));
}
