//! What every call must bring, and how its limits are told.

use super::*;

fn request(query: &str, headers: &[(http::HeaderName, &str)]) -> Request<Bytes> {
    let mut request = Request::builder().uri(format!("{HOST}/v2/lists{query}"));
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    request.body(Bytes::new()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_call_needs_the_key_the_token_and_to_ask_for_json() {
    let rig = Rig::new();
    let token = format!("Bearer {ACCESS_TOKEN}");
    let (token, key) = (token.as_str(), format!("?api_key={API_KEY}"));
    let json = (ACCEPT, "application/json");
    let bearer = (AUTHORIZATION, token);
    let whole = rig.send(&request(&key, &[json.clone(), bearer.clone()]));
    assert_eq!((whole.status, whole.body.as_array().unwrap().len()), (StatusCode::OK, 1));

    let inactive = (403, "mashery.not.authorized.inactive");
    let invalid = (401, "http.status.authentication.invalid_token");
    let both = [json.clone(), bearer.clone()];
    assert_eq!(rig.send(&request("", &both)).refusal(), inactive);
    assert_eq!(rig.send(&request("?api_key=another", &both)).refusal(), inactive);
    assert_eq!(rig.send(&request(&key, std::slice::from_ref(&json))).refusal(), invalid);
    let other = [json, (AUTHORIZATION, "Bearer another")];
    assert_eq!(rig.send(&request(&key, &other)).refusal(), invalid);
    let any = [(ACCEPT, "*/*"), bearer.clone()];
    assert_eq!(rig.send(&request(&key, &any)).status, StatusCode::NOT_ACCEPTABLE);
    assert_eq!(rig.send(&request(&key, &[bearer])).status, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_a_revoked_token_and_a_retired_version_are_told_apart() {
    let rig = Rig::new();
    rig.simulator.revoke_v2_token();
    assert_eq!(rig.get("lists").refusal(), (401, "http.status.authentication.invalid_token"));
    rig.simulator.revoke_v2_key();
    assert_eq!(rig.get("lists").refusal(), (403, "mashery.not.authorized.inactive"));
    rig.simulator.retire_v2();
    assert_eq!(rig.get("lists").status, StatusCode::GONE);
}

#[tokio::test(start_paused = true)]
async fn a_fifth_call_within_a_second_is_refused_as_mashery_does() {
    let rig = Rig::switched(Switches::default());
    for _ in 0..4 {
        assert_eq!(rig.get("lists").status, StatusCode::OK);
    }
    let refused = rig.get("lists");
    assert_eq!(refused.refusal(), (403, "mashery.not.authorized.over.qps"));
    let message = refused.body[0]["error_message"].as_str().unwrap();
    assert!(message.ends_with("is over its queries-per-second quota"), "{message}");
    pass(Duration::from_secs(1)).await;
    assert_eq!(rig.get("lists").status, StatusCode::OK);
    assert_eq!(rig.simulator.refusals(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_spent_day_is_refused_until_midnight_utc() {
    let rig = Rig::switched(Switches { calls_per_day: 2, ..Switches::default() });
    assert_eq!(rig.get("lists").status, StatusCode::OK);
    rig.simulator.spend_quota();
    assert_eq!(rig.get("lists").refusal(), (403, "mashery.not.authorized.over.ratelimit"));
    pass(Duration::from_hours(20)).await;
    assert_eq!(rig.get("lists").status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn the_two_interfaces_have_each_their_own_quota_and_their_own_keys() {
    let rig = Rig::switched(Switches::default());
    let v3 = || {
        let request = Request::builder()
            .uri("https://api.cc.email/v3/contact_lists")
            .header(AUTHORIZATION, format!("Bearer {ACCESS_TOKEN}"));
        rig.simulator.answer(&request.body(Bytes::new()).unwrap()).status()
    };
    assert_eq!(v3(), StatusCode::UNAUTHORIZED, "a token of v2 opens nothing in v3");
    for _ in 0..4 {
        assert_eq!(rig.get("lists").status, StatusCode::OK);
    }
    assert_eq!(rig.simulator.calls_today(), 4);
}

#[tokio::test(start_paused = true)]
async fn unknown_paths_methods_and_parameters_are_refused() {
    let rig = Rig::new();
    assert_eq!(rig.get("contact_lists").status, StatusCode::NOT_FOUND);
    assert_eq!(rig.get("activities/addcontacts").status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(rig.delete("lists/1"), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(rig.get("contacts?updated_after=2026-11-01").status, StatusCode::BAD_REQUEST);
}
