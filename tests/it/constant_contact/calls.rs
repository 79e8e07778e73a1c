//! Tokens, pace, quota, and what gateways do.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_and_the_call_repeated_twice_at_most() {
    let rig = Rig::new();
    rig.client.lists().await.unwrap();
    rig.simulator.expire_access_tokens();
    call::wait(Duration::from_secs(2)).await;
    assert_eq!(rig.client.lists().await.unwrap().len(), 1);
    assert_eq!((rig.calls(Operation::RefreshToken), rig.calls(Operation::ReadLists)), (2, 3));
    assert_eq!(rig.simulator.reused_refresh_tokens(), 0);
    let refusal = Fault::Status(401, r#"{"error_key":"unauthorized"}"#.into());
    rig.simulator.script(Operation::ReadLists, [refusal.clone(), refusal.clone(), refusal]);
    call::wait(Duration::from_secs(2)).await;
    let error = rig.client.lists().await.unwrap_err();
    assert_eq!(error.meaning(), Some(Meaning::TokenRefused));
    assert_eq!((error.disposition(), rig.calls(Operation::RefreshToken)), (Disposition::Halt, 4));
}

#[tokio::test(start_paused = true)]
async fn calls_at_once_renew_a_refused_token_once() {
    let rig = Rig::new();
    rig.client.lists().await.unwrap();
    rig.simulator.expire_access_tokens();
    call::wait(Duration::from_secs(2)).await;
    let calls = (0..5).map(|_| rig.client.lists());
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap().len(), 1);
    }
    assert_eq!(rig.calls(Operation::RefreshToken), 2);
}

#[tokio::test(start_paused = true)]
async fn a_used_up_refresh_token_kills_the_connection_and_says_how_to_reconnect() {
    let rig = Rig::new();
    let wire: Arc<dyn Wire> = Arc::new(rig.simulator.clone());
    let caller = oauth::caller(wire);
    let first = rig.simulator.authorise();
    let now = rig.clock.now();
    let tokens = oauth::refresh(&caller, &connection(), &first, now).await.unwrap();
    assert_ne!(tokens.refresh, first);
    assert!(tokens.expires_at > later(now, 86_000));
    let error = oauth::refresh(&caller, &connection(), &first, now).await.unwrap_err();
    assert_eq!(error.meaning(), Some(Meaning::ConnectionDead));
    assert_eq!(error.disposition(), Disposition::Halt);
    assert!(error.to_string().contains("put the new refresh_token into the secret"), "{error}");
    assert_eq!(rig.simulator.reused_refresh_tokens(), 1);
    let error = oauth::refresh(&caller, &connection(), &tokens.refresh, now).await.unwrap_err();
    assert_eq!(error.meaning(), Some(Meaning::ConnectionDead), "the chain is dead");
}

#[tokio::test(start_paused = true)]
async fn a_long_lived_refresh_token_stays_and_the_token_endpoint_is_not_hurried() {
    let rig = Rig::with(Switches { rotating_tokens: false, ..Switches::default() });
    let caller = oauth::caller(Arc::new(rig.simulator.clone()));
    let refresh = rig.simulator.authorise();
    for _ in 0..3 {
        let tokens = oauth::refresh(&caller, &connection(), &refresh, rig.clock.now()).await;
        assert_eq!(tokens.unwrap().refresh, refresh);
    }
    assert_eq!(rig.calls(Operation::RefreshToken), 3, "none was throttled");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_waits_longer_each_time() {
    let rig = Rig::new();
    rig.client.lists().await.unwrap();
    let throttled = r#"{"error_key":"throttled","error_message":"Too Many Requests"}"#;
    let faults = vec![Fault::Status(429, throttled.into()); 3];
    rig.simulator.script(Operation::ReadLists, faults);
    let start = rig.clock.now();
    rig.client.lists().await.unwrap();
    let waited = rig.clock.now().duration_since(start);
    assert!((7..=8).contains(&waited.as_secs()), "1 + 2 + 4 seconds and not {waited}");
}

#[tokio::test(start_paused = true)]
async fn our_pace_keeps_below_the_vendors_limit() {
    let rig = Rig::new();
    for _ in 0..20 {
        rig.client.lists().await.unwrap();
    }
    assert_eq!(rig.simulator.refusals(), (0, 0));
    assert_eq!(rig.client.calls(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_spent_quota_is_not_waited_out_but_told_with_its_end() {
    let rig = Rig::new();
    rig.client.lists().await.unwrap();
    rig.simulator.spend_quota();
    let start = rig.clock.now();
    let error = rig.client.lists().await.unwrap_err();
    assert_eq!(error.meaning(), Some(Meaning::QuotaSpent));
    let Disposition::Retry { after: Some(wait) } = error.disposition() else { panic!("{error}") };
    assert!(rig.clock.now().duration_since(start) < SignedDuration::from_secs(2));
    let midnight: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
    let end = rig.clock.now() + wait;
    assert!(end > midnight && end < later(midnight, 60), "{end}");
    call::wait(wait).await;
    rig.client.lists().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_gateways_page_and_a_cut_answer_are_read_again() {
    let rig = Rig::new();
    let faults =
        [Fault::Html(503), Fault::Html(200), Fault::CutAfterActing, Fault::SilenceBeforeActing];
    rig.simulator.script(Operation::ReadLists, faults);
    assert_eq!(rig.client.lists().await.unwrap().len(), 1);
    assert_eq!(rig.calls(Operation::ReadLists), 5);
}
