//! Every request that the client makes is one that Constant Contact's own OpenAPI document allows.
//!
//! The document is not part of the repository; where it is not found, only the token endpoint (which it does not describe)
//! and the completeness of the recording are checked, and standard error says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Method, Request, Response, header};
use sandbox::constant_contact::{Person, Simulator, Switches};
use serde_json::{Map, Value, json};
use shared::constant_contact::v3::Client;
use shared::constant_contact::{Amendment, ContactsQuery, Operation, Unsubscribe};
use shared::domain::ListId;
use shared::http::{Wire, WireError, call};

use crate::constant_contact::{clock, connection, renewal};

/// Constant Contact's document, beside the repository.
const DOCUMENT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/reference/constant-contact-v3.openapi.yaml");

/// A wire that keeps what goes over it.
#[derive(Debug)]
struct Recorder {
    simulator: Simulator,
    requests: Mutex<Vec<Request<Bytes>>>,
}

impl Wire for Recorder {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, WireError>> {
        self.requests.lock().unwrap().push(request.clone());
        self.simulator.send(request)
    }
}

/// Every request of a session in which the client does all that it can.
async fn session() -> (Simulator, Vec<Request<Bytes>>) {
    let clock = clock();
    let simulator = Simulator::new(clock, Switches::default());
    let list: ListId = simulator.add_list("Newsletter").into();
    let recorder = Arc::new(Recorder { simulator: simulator.clone(), requests: Mutex::default() });
    let wire: Arc<dyn Wire> = recorder.clone();
    let renew = renewal(Arc::clone(&wire), clock, simulator.authorise());
    let client = Client::connect(connection(), renew, wire, clock.reader(), 4, "gigya_uid");

    client.ensure_custom_field("gigya_uid").await.unwrap();
    let updates = client.create_list("Updates", "Nobody mails this list.").await.unwrap();
    let rows: Vec<_> = (0..501).map(|row| format!("p{row}@example.com,Zoë,u{row}")).collect();
    let csv = format!("email,first_name,cf:gigya_uid\n{}\n", rows.join("\n"));
    let lists = BTreeSet::from([list.clone(), updates.id]);
    client.import_csv("run.0.0.csv", csv.into(), &lists).await.unwrap();
    let rows = json!([{"email": "json@example.com", "birthday_month": 2, "birthday_day": 9,
        "work_city": "Köln", "anniversary": "2005-03-12", "cf:gigya_uid": "u"}]);
    let activity = client.import_json(rows.to_string().as_bytes(), &lists).await.unwrap();
    call::wait(Duration::from_mins(1)).await;
    assert!(client.activity(&activity).await.unwrap().unwrap().is_over());
    assert!(client.find_activity("run.0.0.csv").await.unwrap().is_some());

    let page = client.contacts(&ContactsQuery::All).await.unwrap();
    client.next(&page.next.unwrap()).await.unwrap();
    let (before, after) = (clock.now(), Some(clock.now()));
    for query in [
        ContactsQuery::Changed { after, before },
        ContactsQuery::Changed { after: None, before },
        ContactsQuery::OptedOut { after, before },
        ContactsQuery::OptedOut { after: None, before },
    ] {
        client.contacts(&query).await.unwrap();
    }
    let address = "json@example.com".parse().unwrap();
    let contact = client.contact_by_address(&address).await.unwrap().unwrap();
    simulator.edit(contact.id.as_str(), |person: &mut Person| {
        person.notes.push("likes cats".into());
        person.taggings.push("1618ae62-4752-11e9-9c8a-fa163e6b01c1".into());
        person.phones.insert("home".into(), "1".into());
    });
    let fields = [("first_name", "Zoë"), ("cf:gigya_uid", "u9"), ("phone", "7"), ("city", "Köln")]
        .map(|(field, value)| (field.parse().unwrap(), value.to_owned()));
    let amendment = Amendment {
        address: Some("moved@example.com".parse().unwrap()),
        fields: fields.into(),
        lists: Some([list.clone()].into()),
        unsubscribe: Some(Unsubscribe { by_person: true, reason: Some("asked".into()) }),
    };
    client.amend(&contact.id, &amendment).await.unwrap();
    assert!(client.contact(&contact.id).await.unwrap().is_some());
    assert!(client.ask_to_return(&contact.id, &lists).await.unwrap());
    client.remove_from_lists(std::slice::from_ref(&contact.id), &lists).await.unwrap();
    client.delete_contacts(&[contact.id]).await.unwrap();
    client.lists().await.unwrap();
    let requests = std::mem::take(&mut *recorder.requests.lock().unwrap());
    (simulator, requests)
}

#[tokio::test(start_paused = true)]
async fn every_request_is_one_that_constant_contacts_own_document_allows() {
    let (simulator, requests) = session().await;
    let made: BTreeSet<Operation> = simulator.calls().into_keys().collect();
    assert_eq!(made, Operation::V3.into(), "the session makes every operation");
    let (tokens, requests): (Vec<_>, Vec<_>) =
        requests.into_iter().partition(|request| request.uri().host() != Some("api.cc.email"));
    assert_eq!(tokens.len(), 1);
    check_token_request(&tokens[0]);
    let Ok(text) = std::fs::read_to_string(Path::new(DOCUMENT)) else {
        eprintln!("Constant Contact's OpenAPI document is not here: requests are not checked.");
        return;
    };
    let document = Document::parse(&text);
    let problems: Vec<String> =
        requests.iter().flat_map(|request| document.check(request)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// RFC 6749, section 6, with the client's password in the header.
fn check_token_request(request: &Request<Bytes>) {
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.headers()[header::CONTENT_TYPE], "application/x-www-form-urlencoded");
    let basic = request.headers()[header::AUTHORIZATION].to_str().unwrap();
    assert!(basic.starts_with("Basic "), "{basic}");
    let form: BTreeMap<_, _> = form_urlencoded::parse(request.body()).into_owned().collect();
    assert_eq!(form["grant_type"], "refresh_token");
    assert_eq!(form.keys().collect::<Vec<_>>(), ["grant_type", "refresh_token"]);
}

#[test]
fn the_check_finds_what_is_wrong() {
    let Ok(text) = std::fs::read_to_string(Path::new(DOCUMENT)) else {
        eprintln!("Constant Contact's OpenAPI document is not here: the check is not checked.");
        return;
    };
    let document = Document::parse(&text);
    let id = "1618ae62-4752-11e9-9c8a-fa163e6b01c1";
    let wrong = [
        ("GET", "/v3/persons".to_owned(), Value::Null),
        ("PATCH", format!("/v3/contacts/{id}"), Value::Null),
        ("GET", "/v3/contacts?colour=red".to_owned(), Value::Null),
        ("GET", "/v3/contacts?limit=501".to_owned(), Value::Null),
        ("GET", "/v3/contacts?status=asleep".to_owned(), Value::Null),
        ("GET", "/v3/contacts?include=shoes,notes".to_owned(), Value::Null),
        ("GET", "/v3/contacts?updated_after=yesterday".to_owned(), Value::Null),
        ("GET", "/v3/contacts?cursor=x&limit=5".to_owned(), Value::Null),
        ("GET", format!("/v3/contacts/{id}?status=all"), Value::Null),
        ("POST", "/v3/activities/contact_delete".to_owned(), json!({"contact_ids": ["no uuid"]})),
        ("POST", "/v3/activities/contacts_json_import".to_owned(), json!({"import_data": []})),
        (
            "POST",
            "/v3/activities/contacts_json_import".to_owned(),
            json!({"import_data": [{"email": "a@b.example", "cf_tier": "x"}], "list_ids": [id]}),
        ),
        ("PUT", format!("/v3/contacts/{id}"), json!({"first_name": "Zoë"})),
        (
            "PUT",
            format!("/v3/contacts/{id}"),
            json!({"update_source": "Account", "email_address": {"address": "a@b.example",
                "opt_out_date": "2026-01-01T00:00:00Z"}}),
        ),
    ];
    for (method, path, body) in wrong {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("https://api.cc.email{path}"))
            .header(header::AUTHORIZATION, "Bearer token")
            .header(header::ACCEPT, "application/json");
        if !body.is_null() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = request.body(Bytes::from(body)).unwrap();
        assert!(!document.check(&request).is_empty(), "{method} {path} passed");
    }
}

/// The document, with its definitions made strict: what they do not name, and what only the vendor writes, is refused.
struct Document {
    paths: Map<String, Value>,
    definitions: Value,
}

impl Document {
    fn parse(text: &str) -> Self {
        let mut document: Value = serde_norway::from_str(text).unwrap();
        assert_eq!(
            (&document["host"], &document["basePath"]),
            (&json!("api.cc.email"), &json!("/v3"))
        );
        let mut definitions = document["definitions"].take();
        tighten(&mut definitions);
        let Value::Object(paths) = document["paths"].take() else { panic!("no paths") };
        Self { paths, definitions }
    }

    /// What the document has against a request.
    fn check(&self, request: &Request<Bytes>) -> Vec<String> {
        let what = format!("{} {}", request.method(), request.uri().path());
        let mut problems = Vec::new();
        match self.operation(request) {
            None => problems.push("there is no such operation".to_owned()),
            Some(operation) => {
                let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
                check_query(request, &parameters, &mut problems);
                self.check_body(request, &parameters, &mut problems);
            }
        }
        let bearer = request.headers().get(header::AUTHORIZATION).map(http::HeaderValue::as_bytes);
        if !bearer.is_some_and(|bearer| bearer.starts_with(b"Bearer ")) {
            problems.push("there is no bearer".to_owned());
        }
        if request.headers().get(header::ACCEPT).is_none_or(|kind| kind != "application/json") {
            problems.push("it does not accept JSON".to_owned());
        }
        problems.iter().map(|problem| format!("{what}: {problem}")).collect()
    }

    fn operation(&self, request: &Request<Bytes>) -> Option<&Value> {
        let path = request.uri().path().strip_prefix("/v3")?;
        let method = request.method().as_str().to_lowercase();
        // A path without variables is meant before one with.
        let (_, operations) = self
            .paths
            .iter()
            .filter(|(template, _)| fits(template, path))
            .min_by_key(|(template, _)| template.matches('{').count())?;
        operations.get(&method)
    }

    fn check_body(
        &self,
        request: &Request<Bytes>,
        parameters: &[Value],
        problems: &mut Vec<String>,
    ) {
        let kind = request.headers().get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap());
        let schema = parameters.iter().find(|parameter| parameter["in"] == "body");
        let takes_form = parameters.iter().any(|parameter| parameter["in"] == "formData");
        if let Some(schema) = schema {
            if kind != Some("application/json") {
                problems.push(format!("its body is {kind:?}"));
            }
            let Ok(body) = serde_json::from_slice::<Value>(request.body()) else {
                problems.push("its body is no JSON".to_owned());
                return;
            };
            let schema = json!({"allOf": [schema["schema"]], "definitions": self.definitions});
            let validator = jsonschema::options()
                .with_draft(jsonschema::Draft::Draft202012)
                .should_validate_formats(true)
                .build(&schema)
                .unwrap();
            let found = validator.iter_errors(&body);
            problems.extend(found.map(|error| format!("{error} at {}", error.instance_path())));
        } else if takes_form {
            check_form(request, kind.unwrap_or_default(), parameters, problems);
        } else if !request.body().is_empty() || kind.is_some() {
            problems.push("it has a body, and takes none".to_owned());
        }
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) =
        (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(step, given)| step.starts_with('{') || step == given)
}

fn check_query(request: &Request<Bytes>, parameters: &[Value], problems: &mut Vec<String>) {
    let text = request.uri().query().unwrap_or_default();
    let query: Vec<(String, String)> =
        form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    // Exception: `cursor` is in the links that the vendor gives and in no operation of the document. It stands alone.
    if let [(name, _)] = &query[..]
        && name == "cursor"
    {
        return;
    }
    let takes: Vec<&Value> =
        parameters.iter().filter(|parameter| parameter["in"] == "query").collect();
    for (name, value) in &query {
        match takes.iter().find(|parameter| parameter["name"] == json!(name)) {
            None => problems.push(format!("it takes no {name}")),
            Some(parameter) => {
                if let Err(problem) = check_parameter(parameter, value) {
                    problems.push(format!("{name}={value}: {problem}"));
                }
            }
        }
    }
    for parameter in takes.iter().filter(|parameter| parameter["required"] == true) {
        if !query.iter().any(|(name, _)| parameter["name"] == json!(name)) {
            problems.push(format!("{} is missing", parameter["name"]));
        }
    }
}

fn check_parameter(parameter: &Value, value: &str) -> Result<(), String> {
    match parameter["type"].as_str() {
        Some("integer") => {
            let number: i64 = value.parse().map_err(|_| "no integer")?;
            let within = |name: &str, fits: fn(i64, i64) -> bool| {
                parameter[name].as_i64().is_none_or(|bound| fits(number, bound))
            };
            if !within("minimum", |a, b| a >= b) || !within("maximum", |a, b| a <= b) {
                return Err("out of bounds".into());
            }
        }
        Some("boolean") if !["true", "false"].contains(&value) => return Err("no flag".into()),
        _ => {}
    }
    if parameter["format"] == "date-time" {
        value.parse::<jiff::Timestamp>().map_err(|_| "no date-time")?;
    }
    // Exception: a list of values is marked by `format: csv`, where Swagger 2.0 has `collectionFormat`.
    let is_csv = parameter["format"] == "csv";
    let values: Vec<&str> = if is_csv { value.split(',').collect() } else { vec![value] };
    if let Some(known) = parameter["enum"].as_array()
        && !values.iter().all(|value| known.contains(&json!(value)))
    {
        return Err("not one of its values".into());
    }
    Ok(())
}

fn check_form(
    request: &Request<Bytes>,
    kind: &str,
    parameters: &[Value],
    problems: &mut Vec<String>,
) {
    let Some((_, boundary)) = kind.split_once("multipart/form-data; boundary=") else {
        problems.push(format!("its body is {kind}"));
        return;
    };
    let body = String::from_utf8_lossy(request.body());
    let mut given = BTreeMap::new();
    for part in body.split(&format!("--{boundary}")) {
        let Some((head, content)) = part.split_once("\r\n\r\n") else { continue };
        let name = head.split_once("; name=\"").and_then(|(_, rest)| rest.split_once('"'));
        let (name, _) = name.expect("a part has a name");
        given.insert(
            name.to_owned(),
            (head.to_owned(), content.trim_end_matches("\r\n").to_owned()),
        );
    }
    for parameter in parameters.iter().filter(|parameter| parameter["in"] == "formData") {
        let name = parameter["name"].as_str().unwrap();
        match (given.remove(name), parameter["required"] == true) {
            (None, true) => problems.push(format!("part {name} is missing")),
            (None, false) => {}
            (Some((head, _)), _) if parameter["type"] == "file" => {
                if !head.contains(".csv\"") || !head.contains("text/csv") {
                    problems.push(format!("part {name} is no CSV file"));
                }
            }
            (Some((_, content)), _) => {
                let most = parameter["maxItems"].as_u64().unwrap_or(1);
                if content.split(',').count() as u64 > most {
                    problems.push(format!("part {name} has more than {most} values"));
                }
            }
        }
    }
    problems.extend(given.keys().map(|name| format!("it takes no part {name}")));
}

/// Makes definitions strict, and mends what the document misspells.
fn tighten(value: &mut Value) {
    if let Value::Array(items) = value {
        items.iter_mut().for_each(tighten);
    }
    let Value::Object(schema) = value else { return };
    // Exception: `maxItems: 0` on remove_list_memberships stands where the text says 50 and 500.
    if schema.get("maxItems") == Some(&json!(0)) {
        schema.remove("maxItems");
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.retain(|_, property| property.get("readOnly") != Some(&json!(true)));
        // Exception: `cf:custom_field_name` stands for every name of a custom field.
        let custom = properties.remove("cf:custom_field_name");
        if let Some(custom) = custom {
            schema.insert("patternProperties".into(), json!({"^cf:": custom}));
        }
        schema.insert("additionalProperties".into(), json!(false));
    }
    schema.values_mut().for_each(tighten);
}
