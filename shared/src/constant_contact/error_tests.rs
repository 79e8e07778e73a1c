use std::collections::BTreeSet;
use std::fmt::Write;

use bytes::Bytes;

use super::*;

fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn refusal(operation: Operation, status: u16, body: &'static str) -> ConstantContactError {
    let answer =
        http::Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap();
    ConstantContactError::Refused(Refusal::read(Dialect::V3, operation, &answer, noon()))
}

#[test]
fn every_answer_has_its_meaning_and_its_disposition() {
    let answers = [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"The refresh token is invalid or expired."}"#,
        ),
        (401, r#"{"error":"invalid_client"}"#),
        (400, r#"[{"error_key":"contacts.api.validation.error","error_message":"bad"}]"#),
        (
            400,
            r#"[{"error_key":"contacts.api.not_found","error_message":"contact_id is in an invalid format."}]"#,
        ),
        (400, "not JSON"),
        (401, r#"{"error_key":"unauthorized","error_message":"Unauthorized"}"#),
        (403, r#"{"message":"Forbidden"}"#),
        (404, r#"[{"error_key":"contacts.api.not_found","error_message":"-"}]"#),
        (404, ""),
        (405, "{}"),
        (406, ""),
        (408, ""),
        (
            409,
            r#"[{"error_key":"contacts.api.conflict","error_message":"Email already exists for contact 1"}]"#,
        ),
        (410, ""),
        (413, r#"{"message":"Request Too Long"}"#),
        (415, "[]"),
        (418, ""),
        (429, r#"{"error_key":"throttled","error_message":"Too Many Requests"}"#),
        (429, r#"{"error_key":"quota_exceeded","error_message":"Limit Exceeded"}"#),
        (429, r#"[{"error_key":"activities.queue.full","error_message":"-"}]"#),
        (429, r#"{"message":"Too Many Requests"}"#),
        (500, "[]"),
        (502, "<html>Bad Gateway</html>"),
        (503, r#"{"message":"Service Unavailable"}"#),
        (504, ""),
        (302, ""),
        (401, r#"[{"error_key":"http.status.authentication.invalid_token","error_message":"-"}]"#),
        (400, r#"[{"error_key":"json.email.invalid","error_message":"-"}]"#),
        (403, r#"[{"error_key":"mashery.not.authorized.over.qps","error_message":"-"}]"#),
        (401, r#"[{"error_key":"mashery.not.authorized.over.qps","error_message":"-"}]"#),
        (403, r#"[{"error_key":"mashery.not.authorized.over.ratelimit","error_message":"-"}]"#),
        (403, r#"[{"error_key":"mashery.not.authorized.inactive","error_message":"-"}]"#),
        (403, r#"[{"error_key":"mashery.not.authorized.anything","error_message":"-"}]"#),
    ];
    let mut table = String::new();
    for (status, body) in answers {
        let error = refusal(Operation::ReadContacts, status, body);
        let ConstantContactError::Refused(refusal) = &error else { unreachable!() };
        writeln!(
            table,
            "{status} {:<43} {:<14} {:?}{}",
            refusal.key.as_deref().unwrap_or("-"),
            format!("{:?}", refusal.meaning),
            error.disposition(),
            if error.leaves_open() { ", leaves an import open" } else { "" },
        )
        .unwrap();
    }
    insta::assert_snapshot!(table);
}

#[test]
fn an_error_names_operation_status_key_and_next_step_and_never_quotes_a_message() {
    let error = refusal(
        Operation::WriteContact,
        409,
        r#"[{"error_key":"contacts.api.conflict","error_message":"zoe@example.com exists"}]"#,
    );
    assert_eq!(
        error.to_string(),
        "Constant Contact did not write a contact: 409 contacts.api.conflict; it exists already, or was being edited: read it again"
    );
    assert!(!format!("{error:?}").contains("zoe"));
}

#[test]
fn a_key_that_is_no_key_is_not_kept() {
    for body in [
        r#"{"error_key":"zoe@example.com is taken"}"#,
        r#"{"error_key":""}"#,
        r#"{"error_key":7}"#,
        r#"{"error_key""#,
        "[]",
    ] {
        assert_eq!(error_key(body.as_bytes()), None, "{body}");
    }
}

#[test]
fn a_spent_quota_waits_for_midnight_in_utc_and_a_header_is_obeyed() {
    let spent = refusal(Operation::ReadLists, 429, r#"{"error_key":"quota_exceeded"}"#);
    let wait = Duration::from_secs(12 * 3600 + MIDNIGHT_MARGIN_SECONDS);
    assert_eq!(spent.disposition(), Disposition::Retry { after: Some(wait) });
    let answer = http::Response::builder()
        .status(503)
        .header("retry-after", "7")
        .body(Bytes::new())
        .unwrap();
    let asked = Refusal::read(Dialect::V3, Operation::ReadLists, &answer, noon());
    assert_eq!(asked.wait, Some(Duration::from_secs(7)));
}

#[test]
fn only_an_import_is_unsafe_to_repeat() {
    let operations: BTreeSet<Operation> = Operation::V3.into_iter().chain(Operation::V2).collect();
    let unsafe_ones: Vec<_> =
        operations.into_iter().filter(|operation| !operation.is_repeatable()).collect();
    assert_eq!(unsafe_ones, [Operation::ImportCsv, Operation::ImportJson]);
}

#[test]
fn a_lost_answer_to_an_import_is_parked_and_not_retried() {
    let source = WireError::Answer { host: "api.cc.email".into(), source: "timeout".into() };
    let lost = ConstantContactError::Wire {
        dialect: Dialect::V3,
        operation: Operation::ImportCsv,
        source,
    };
    assert!(lost.leaves_open());
    let unclear =
        ConstantContactError::Unclear { operation: Operation::ImportCsv, source: Box::new(lost) };
    let Disposition::Retry { after: Some(wait) } = unclear.disposition() else { unreachable!() };
    assert!(wait.as_secs() > crate::http::call::WAIT_SECONDS_MAX);
    let source = WireError::Connect { host: "api.cc.email".into(), source: "refused".into() };
    let unsent = ConstantContactError::Wire {
        dialect: Dialect::V3,
        operation: Operation::ImportCsv,
        source,
    };
    assert!(!unsent.leaves_open());
}

#[test]
fn what_ends_v2_names_v3_as_the_way_out() {
    let endings = [
        (401, r#"[{"error_key":"http.status.authentication.invalid_token"}]"#),
        (403, r#"[{"error_key":"mashery.not.authorized.inactive"}]"#),
        (403, "<h1>Developer Inactive</h1>"),
        (410, ""),
    ];
    for (status, body) in endings {
        let answer = http::Response::builder().status(status).body(body.into()).unwrap();
        let refusal = Refusal::read(Dialect::V2, Operation::ReadLists, &answer, noon());
        assert!(refusal.to_string().contains("move to v3"), "{refusal}");
        assert_eq!(refusal.meaning.disposition(refusal.wait), Disposition::Halt, "{refusal}");
    }
    let unreached = |dialect| {
        let source = WireError::Connect { host: "api.example".into(), source: "no host".into() };
        ConstantContactError::Wire { dialect, operation: Operation::ReadLists, source }.to_string()
    };
    assert_eq!(
        unreached(Dialect::V2),
        "no answer to the attempt to read the lists; if it stays so, v2 may have been retired: move to v3"
    );
    assert_eq!(unreached(Dialect::V3), "no answer to the attempt to read the lists");
}
