//! Exact requests, and answers as v2 gives them, over a wire that follows a script.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;

use futures_util::future::BoxFuture;
use serde_json::json;

use super::*;
use crate::constant_contact::{
    Amended, Amendment, ConstantContact, ContactsQuery, Cursor, Import, Leaver, Meaning,
};
use crate::domain::{ContactId, Dispose as _, Disposition, ListId, Permission, Secret};
use crate::http::WireError;

/// What the far end does next.
#[derive(Debug)]
enum Turn {
    Answer(u16, Vec<u8>),
    Silence(WireError),
}

/// A far end that follows a script and keeps what it was sent.
#[derive(Debug, Default)]
struct Script {
    turns: Mutex<VecDeque<Turn>>,
    sent: Mutex<Vec<String>>,
}

impl Wire for Script {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, WireError>> {
        let header =
            |name| request.headers().get(name).map_or("-", |value| value.to_str().unwrap());
        assert_eq!(header("authorization"), "Bearer t0ken");
        assert_eq!(header("accept"), "application/json");
        let url = request.uri().to_string();
        let line = url.strip_prefix("https://api.constantcontact.com").unwrap();
        let body = mem::decode_latin1(request.body());
        let kind = header("content-type");
        let parts = [&format!("{} {line}", request.method()), kind, &*body].map(str::to_owned);
        let parts: Vec<_> =
            parts.into_iter().filter(|part| !part.is_empty() && part != "-").collect();
        self.sent.lock().unwrap().push(parts.join("\n"));
        let turn = self.turns.lock().unwrap().pop_front().expect("the script goes on");
        Box::pin(async move {
            match turn {
                Turn::Answer(status, body) => {
                    Ok(http::Response::builder().status(status).body(body.into()).unwrap())
                }
                Turn::Silence(error) => Err(error),
            }
        })
    }
}

struct Rig {
    script: Arc<Script>,
    client: Client,
}

impl Rig {
    fn of(turns: impl IntoIterator<Item = Turn>) -> Self {
        let turns = Mutex::new(turns.into_iter().collect());
        let script = Arc::new(Script { turns, ..Script::default() });
        let endpoint = ENDPOINT.parse().unwrap();
        let connection =
            Connection::new(endpoint, Secret::new("k3y"), Secret::new("t0ken")).unwrap();
        let wire: Arc<dyn Wire> = Arc::clone(&script) as _;
        let now: Now = Arc::new(|| "2026-11-23T12:00:00Z".parse().unwrap());
        let client = Client::connect(connection, wire, now, 1000, "CustomField1");
        Self { script, client }
    }

    fn answering(answers: impl IntoIterator<Item = Value>) -> Self {
        Self::of(
            answers.into_iter().map(|answer| Turn::Answer(200, answer.to_string().into_bytes())),
        )
    }

    /// What was sent, each with its body.
    fn sent(&self) -> Vec<String> {
        assert!(
            self.script.turns.lock().unwrap().is_empty(),
            "the script was not followed to its end"
        );
        std::mem::take(&mut self.script.sent.lock().unwrap())
    }
}

fn refused(status: u16, key: &str) -> Turn {
    let body = json!([{"error_key": key, "error_message": "zoe@example.com"}]);
    Turn::Answer(status, body.to_string().into_bytes())
}

fn lists(ids: &[&str]) -> BTreeSet<ListId> {
    ids.iter().copied().map(ListId::from).collect()
}

fn contact(id: &Value, status: &str) -> Value {
    json!({
        "id": id, "status": status, "first_name": "Zoë", "confirmed": false, "source": "API",
        "source_details": "k3y", "created_date": "2026-01-01T00:00:00.000Z",
        "modified_date": "2026-01-01T00:00:00.000Z",
        "email_addresses": [{"id": "e1", "status": status, "opt_in_source": "ACTION_BY_OWNER",
            "email_address": "zoe@example.com"}],
        "lists": [{"id": "7", "status": "ACTIVE"}],
    })
}

#[tokio::test(start_paused = true)]
async fn an_import_travels_byte_for_byte_in_a_form() {
    let rig = Rig::of([Turn::Answer(201, br#"{"id": 12345, "type": "ADD_CONTACTS"}"#.to_vec())]);
    let file = Bytes::from_static(b"EMAIL,FIRST NAME\r\nzoe@example.com,Zo\xeb\r\n");
    let id = rig.client.import_csv("run.0.0.csv", file, &lists(&["7", "12"]), true).await.unwrap();
    assert_eq!(id.as_str(), "12345");
    insta::assert_snapshot!(rig.sent()[0].replace('\r', ""), @r#"
    POST /v2/activities/addcontacts?blanks_enabled=true&api_key=k3y
    multipart/form-data; boundary=gigya-constant-contact-00000000
    --gigya-constant-contact-00000000
    Content-Disposition: form-data; name="lists"

    12,7
    --gigya-constant-contact-00000000
    Content-Disposition: form-data; name="file_name"

    run.0.0.csv
    --gigya-constant-contact-00000000
    Content-Disposition: form-data; name="data"; filename="run.0.0.csv"
    Content-Type: text/csv

    EMAIL,FIRST NAME
    zoe@example.com,Zoë

    --gigya-constant-contact-00000000--
    "#);
}

#[tokio::test(start_paused = true)]
async fn an_import_whose_answer_is_lost_is_not_sent_again() {
    let lost = WireError::Answer { host: "far".into(), source: "timeout".into() };
    let turns = [
        Turn::Silence(lost),
        Turn::Answer(503, Vec::new()),
        Turn::Answer(200, b"<html>".to_vec()),
        Turn::Answer(200, b"{}".to_vec()),
    ];
    for turn in turns {
        let rig = Rig::of([turn]);
        let error =
            rig.client.import_csv("a.csv", Bytes::new(), &lists(&["7"]), false).await.unwrap_err();
        assert!(matches!(error, ConstantContactError::Unclear { .. }), "{error:?}");
        assert_eq!(rig.sent().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_came_to_nothing_is_sent_again_and_a_spent_quota_waits_for_midnight() {
    let unreached = WireError::Connect { host: "far".into(), source: "refused".into() };
    let throttled = || refused(403, "mashery.not.authorized.over.qps");
    let accepted = Turn::Answer(202, br#"{"id": "a07e"}"#.to_vec());
    let rig = Rig::of([throttled(), Turn::Silence(unreached), throttled(), accepted]);
    let id = rig.client.import_csv("a.csv", Bytes::new(), &lists(&["7"]), false).await.unwrap();
    assert_eq!((id.as_str(), rig.sent().len(), rig.client.calls()), ("a07e", 4, 4));

    let rig = Rig::of([refused(403, "mashery.not.authorized.over.ratelimit")]);
    let error = rig.client.lists().await.unwrap_err();
    assert_eq!(error.meaning(), Some(Meaning::QuotaSpent));
    let Disposition::Retry { after: Some(wait) } = error.disposition() else { panic!("{error:?}") };
    assert_eq!(wait.as_secs(), 12 * 3600 + 5);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_final_and_neither_key_nor_token_is_told() {
    let rig = Rig::of([refused(401, "http.status.authentication.invalid_token")]);
    let error = rig.client.lists().await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Halt);
    let told = format!("{error} {error:?} {:?}", rig.client);
    assert!(told.contains("tokens of v2 cannot be refreshed"), "{told}");
    for secret in ["k3y", "t0ken", "zoe"] {
        assert!(!told.contains(secret), "{told}");
    }
    assert_eq!(rig.sent(), ["GET /v2/lists?api_key=k3y"]);
}

#[tokio::test(start_paused = true)]
async fn every_read_of_contacts_asks_for_what_v2_can_be_trusted_with() {
    let after = Some("2026-11-20T00:00:00Z".parse().unwrap());
    let before = "2026-11-23T00:00:00Z".parse().unwrap();
    let queries = [
        ContactsQuery::Changed { after, before },
        ContactsQuery::Changed { after: None, before },
        ContactsQuery::OptedOut { after, before },
        ContactsQuery::All,
    ];
    let rig =
        Rig::answering(queries.iter().map(|_| json!({"meta": {"pagination": {}}, "results": []})));
    for query in &queries {
        let page = rig.client.contacts(query).await.unwrap();
        assert_eq!((page.contacts.len(), page.next), (0, None));
    }
    insta::assert_snapshot!(rig.sent().join("\n"), @"
    GET /v2/contacts?status=ALL&limit=500&modified_since=2026-11-20T00%3A00%3A00.000Z&api_key=k3y
    GET /v2/contacts?status=ALL&limit=500&api_key=k3y
    GET /v2/contacts?status=OPTOUT&limit=500&api_key=k3y
    GET /v2/contacts?status=ALL&limit=500&api_key=k3y
    ");
}

#[tokio::test(start_paused = true)]
async fn a_page_leads_to_the_next_with_the_key_and_never_elsewhere() {
    let rig = Rig::answering([
        json!({"meta": {"pagination": {"next_link": "/v2/contacts?next=c3RhcnQ"}},
            "results": [contact(&json!(196), "ACTIVE"), contact(&json!(0), "ACTIVE")]}),
        json!({"meta": {"pagination": {}}, "results": [contact(&json!("197"), "OPTOUT")]}),
    ]);
    let first = rig.client.contacts(&ContactsQuery::All).await.unwrap();
    let second = rig.client.next(&first.next.unwrap()).await.unwrap();
    let ids = first.contacts.iter().chain(&second.contacts).map(|contact| contact.id.as_str());
    assert_eq!(ids.collect::<Vec<_>>(), ["196", "197"]);
    assert_eq!(second.contacts[0].permission, Permission::Unsubscribed);
    assert_eq!(rig.sent()[1], "GET /v2/contacts?next=c3RhcnQ&api_key=k3y");

    for link in ["https://example.com/v2/contacts?next=x", "//example.com/x"] {
        let error = rig.client.next(&Cursor(link.to_owned())).await.unwrap_err();
        assert!(matches!(error, ConstantContactError::Unreadable { .. }), "{error:?}");
    }
    assert_eq!(rig.sent(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn of_two_records_with_one_address_the_one_without_an_id_is_none() {
    let rig = Rig::answering([
        json!({"results": [contact(&json!("0"), "ACTIVE"), contact(&json!("8"), "ACTIVE")]}),
        json!({"results": [contact(&json!(0), "ACTIVE")]}),
    ]);
    let address = "Zoe@Example.com".parse().unwrap();
    assert_eq!(rig.client.contact_by_address(&address).await.unwrap().unwrap().id.as_str(), "8");
    assert_eq!(rig.client.contact_by_address(&address).await.unwrap(), None);
    assert_eq!(rig.sent()[0], "GET /v2/contacts?email=Zoe%40Example.com&status=ALL&api_key=k3y");
    assert_eq!(rig.client.contact(&"0".into()).await.unwrap(), None);
    let rig = Rig::of([refused(404, "http.status.not_found")]);
    assert_eq!(rig.client.contact(&"5".into()).await.unwrap(), None);
    assert_eq!(rig.sent(), ["GET /v2/contacts/5?api_key=k3y"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_import_is_found_by_its_name_even_where_the_listing_has_none() {
    let rig = Rig::answering([
        json!([
            {"id": 1, "status": "COMPLETE", "file_name": "other.csv"},
            {"id": 2, "status": "COMPLETE", "created_date": "2026-11-22T00:00:00.000Z"},
            {"id": 3, "status": "RUNNING", "file_name": "ours.csv", "created_date": "2026-11-21T00:00:00.000Z"},
        ]),
        json!({"id": 2, "status": "COMPLETE", "file_name": "ours.csv", "created_date": "2026-11-22T00:00:00.000Z"}),
    ]);
    let found = rig.client.find_activity("ours.csv").await.unwrap().unwrap();
    assert_eq!(found.id.as_str(), "2");
    insta::assert_snapshot!(rig.sent().join("\n"), @"
    GET /v2/activities?status=ALL&type=ADD_CONTACTS&api_key=k3y
    GET /v2/activities/2?api_key=k3y
    ");
    let rig = Rig::answering([json!([])]);
    assert_eq!(rig.client.find_activity("ours.csv").await.unwrap(), None);
    let rig = Rig::of([refused(404, "http.status.not_found")]);
    assert_eq!(rig.client.activity(&"9".into()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn people_leave_lists_by_address_and_without_one_singly() {
    let leaver = |id: &str, address: Option<&str>| Leaver {
        id: id.into(),
        address: address.map(|address| address.parse().unwrap()),
    };
    let nothing = || Turn::Answer(204, Vec::new());
    let rig = Rig::of([
        nothing(),
        refused(404, "http.status.not_found"),
        Turn::Answer(201, br#"{"id": "a1"}"#.to_vec()),
    ]);
    let leavers =
        [leaver("1", Some("a@b.example")), leaver("2", None), leaver("3", Some("c@d.example"))];
    let id = rig.client.remove_from_lists(&leavers, &lists(&["7", "8"])).await.unwrap();
    assert_eq!(id, Some("a1".into()));
    insta::assert_snapshot!(rig.sent().join("\n"), @r#"
    DELETE /v2/contacts/2/lists/7?api_key=k3y
    DELETE /v2/contacts/2/lists/8?api_key=k3y
    POST /v2/activities/removefromlists?api_key=k3y
    application/json
    {"import_data":[{"email_addresses":["a@b.example"]},{"email_addresses":["c@d.example"]}],"lists":["7","8"]}
    "#);

    let rig = Rig::of([nothing()]);
    let id = rig.client.remove_from_lists(&leavers[1..2], &lists(&["7"])).await.unwrap();
    assert_eq!((id, rig.sent().len()), (None, 1));
    let none = rig.client.remove_from_lists(&[], &lists(&["7"])).await.unwrap_err();
    assert!(matches!(none, ConstantContactError::OutOfBounds { .. }), "{none:?}");
}

#[tokio::test(start_paused = true)]
async fn an_amendment_gives_the_whole_contact_back_and_says_that_the_tenant_did_it() {
    let mut updated = contact(&json!(5), "ACTIVE");
    updated["first_name"] = json!("Ł");
    let rig = Rig::answering([contact(&json!(5), "ACTIVE"), updated]);
    let fields = [("first_name".parse().unwrap(), "Ł".to_owned())].into();
    let amendment = Amendment { fields, ..Amendment::default() };
    let amended = rig.client.amend(&"5".into(), &amendment).await.unwrap();
    assert_eq!(amended, Amended::Written);
    insta::assert_snapshot!(rig.sent().join("\n"), @r#"
    GET /v2/contacts/5?api_key=k3y
    PUT /v2/contacts/5?action_by=ACTION_BY_OWNER&api_key=k3y
    application/json
    {"email_addresses":[{"email_address":"zoe@example.com"}],"first_name":"\u0141","lists":[{"id":"7"}]}
    "#);
}

#[tokio::test(start_paused = true)]
async fn an_unsubscribe_and_leaving_the_last_list_are_deletions() {
    let unsubscribe = crate::constant_contact::Unsubscribe { by_person: true, reason: None };
    let leave = Amendment {
        lists: Some(BTreeSet::new()),
        unsubscribe: Some(unsubscribe),
        ..Amendment::default()
    };
    let read = |status| Turn::Answer(200, contact(&json!(5), status).to_string().into_bytes());
    let nothing = || Turn::Answer(204, Vec::new());
    let rig = Rig::of([read("ACTIVE"), nothing(), nothing()]);
    assert_eq!(rig.client.amend(&"5".into(), &leave).await.unwrap(), Amended::Written);
    insta::assert_snapshot!(rig.sent().join("\n"), @"
    GET /v2/contacts/5?api_key=k3y
    DELETE /v2/contacts/5/lists?api_key=k3y
    DELETE /v2/contacts/5?api_key=k3y
    ");

    let only = Amendment { lists: None, ..leave };
    let rig = Rig::of([read("OPTOUT")]);
    assert_eq!(rig.client.amend(&"5".into(), &only).await.unwrap(), Amended::Unchanged);
    let rig = Rig::of([read("ACTIVE"), refused(404, "http.status.not_found")]);
    assert_eq!(rig.client.amend(&"5".into(), &only).await.unwrap(), Amended::Gone);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_to_somebody_unsubscribed_unchanged_or_gone() {
    let id: ContactId = "5".into();
    let join = Amendment { lists: Some(lists(&["7", "9"])), ..Amendment::default() };
    let rename = Amendment {
        fields: [("first_name".parse().unwrap(), "Zoé".to_owned())].into(),
        ..Amendment::default()
    };
    let rig = Rig::answering([contact(&json!(5), "OPTOUT"), contact(&json!(5), "OPTOUT")]);
    // Who left joins no list by it, so nothing is asked for.
    assert_eq!(rig.client.amend(&id, &join).await.unwrap(), Amended::Unchanged);
    assert_eq!(rig.client.amend(&id, &rename).await.unwrap(), Amended::Held);
    let rig = Rig::answering([contact(&json!(5), "ACTIVE"), contact(&json!(0), "ACTIVE")]);
    let same = Amendment { lists: Some(lists(&["7"])), ..Amendment::default() };
    assert_eq!(rig.client.amend(&id, &same).await.unwrap(), Amended::Unchanged);
    assert_eq!(rig.client.amend(&id, &rename).await.unwrap(), Amended::Gone);
    assert_eq!(rig.client.amend(&"0".into(), &rename).await.unwrap(), Amended::Gone);
    assert_eq!(rig.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn lists_are_read_with_ids_of_either_kind_and_made_once() {
    let both = json!([{"id": 1, "name": "General", "status": "ACTIVE"},
        {"id": "2050305614", "name": "Updates", "status": "HIDDEN"}]);
    let rig = Rig::of([
        refused(409, "http.status.list.conflict"),
        Turn::Answer(200, both.to_string().into_bytes()),
    ]);
    let list = rig.client.create_list("Updates").await.unwrap();
    assert_eq!((list.id.as_str(), list.name.as_str()), ("2050305614", "Updates"));
    insta::assert_snapshot!(rig.sent().join("\n"), @r#"
    POST /v2/lists?api_key=k3y
    application/json
    {"name":"Updates","status":"HIDDEN"}
    GET /v2/lists?api_key=k3y
    "#);
}

#[test]
fn there_are_fifteen_custom_fields_and_no_other_can_be_made() {
    let rig = Rig::of([]);
    let fields = rig.client.custom_fields();
    assert_eq!(fields.iter().count(), 15);
    let seven = rig.client.ensure_custom_field("CustomField7").unwrap();
    assert_eq!(Some(&seven), fields.named("custom_field_7"));
    assert_eq!((seven.label.as_str(), seven.kind.as_str()), ("Custom Field 7", "string"));
    let error = rig.client.ensure_custom_field("gigya_uid").unwrap_err();
    assert_eq!(
        error.to_string(),
        "field cf:gigya_uid cannot be written: v2 has custom_field_1 to custom_field_15, and no others can be made"
    );
}

#[tokio::test(start_paused = true)]
async fn an_export_is_started_found_and_read_with_the_key() {
    let link = "https://api.constantcontact.com/v2/exports/a1.csv";
    let rig = Rig::of([
        Turn::Answer(201, br#"{"id": "a1"}"#.to_vec()),
        Turn::Answer(
            200,
            json!({"id": "a1", "status": "COMPLETE", "file_name": link}).to_string().into_bytes(),
        ),
        Turn::Answer(200, b"Email Address,Custom Field 1\r\nzoe@example.com,u1\r\n".to_vec()),
    ]);
    let fields = ["custom_field_1", "birthday", "email"].map(|field| field.parse().unwrap());
    let id = rig.client.start_export(&"7".into(), &fields).await.unwrap();
    let mut activity = rig.client.activity(&id).await.unwrap().unwrap();
    let rows: Vec<_> =
        rig.client.read_export(&activity).await.unwrap().map(Result::unwrap).collect();
    assert_eq!((rows.len(), rows[0].value("CUSTOM FIELD 1")), (1, "u1"));
    insta::assert_snapshot!(rig.sent().join("\n"), @r#"
    POST /v2/activities/exportcontacts?api_key=k3y
    application/json
    {"column_names":["Email Address","Custom Field 1"],"export_added_by":false,"export_date_added":false,"file_type":"CSV","lists":["7"],"sort_by":"EMAIL_ADDRESS"}
    GET /v2/activities/a1?api_key=k3y
    GET /v2/exports/a1.csv?api_key=k3y
    "#);
    for elsewhere in [Some("https://files.example.com/a1.csv".to_owned()), None] {
        activity.file_name = elsewhere;
        assert!(rig.client.read_export(&activity).await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_iso_8859_1_is_read_all_the_same() {
    let rig = Rig::of([Turn::Answer(200, b"[{\"id\":1,\"name\":\"Zo\xeb\"}]".to_vec())]);
    assert_eq!(rig.client.lists().await.unwrap()[0].name, "Zoë");
}

#[tokio::test(start_paused = true)]
async fn the_face_speaks_v2_and_says_what_it_cannot_do() {
    let rig = Rig::of([Turn::Answer(201, br#"{"id": "a1"}"#.to_vec())]);
    let face = ConstantContact::V2(Box::new(rig.client));
    let csv = Import::Csv { file: Bytes::new(), blanks_clear: false };
    let id = face.import("a.csv", csv, &lists(&["7"])).await.unwrap();
    assert_eq!((id.as_str(), face.dialect(), face.calls()), ("a1", Dialect::V2, 1));
    let sent = rig.script.sent.lock().unwrap()[0].clone();
    assert!(sent.starts_with("POST /v2/activities/addcontacts?api_key=k3y\n"), "{sent}");
    let error =
        face.import("a.json", Import::Json(Bytes::new()), &lists(&["7"])).await.unwrap_err();
    assert_eq!(error.to_string(), "v2 cannot import contacts (JSON)");
    assert_eq!(error.disposition(), Disposition::Halt);
}
