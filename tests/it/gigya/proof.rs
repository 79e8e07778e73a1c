//! Who is calling, and what is tried again.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use sandbox::gigya::CLOCK_SECONDS_MAX;
use tokio::time::Instant;

use super::*;

fn bearer() -> (Keys, Credentials) {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----\\n",
        STANDARD.encode(der.as_ref())
    );
    let keys = Keys { public_key: Some(key.public_key().as_ref().to_vec()), ..Keys::default() };
    let credentials = Credentials::bearer(keys.user_key.as_str(), &Secret::new(pem)).unwrap();
    (keys, credentials)
}

#[tokio::test(start_paused = true)]
async fn every_form_of_proof_is_accepted() {
    let (keys, bearer) = bearer();
    let secret = Secret::new(keys.secret.as_str());
    let plain = Credentials::secret(keys.user_key.as_str(), secret).unwrap();
    for credentials in [plain, signed(&keys), bearer] {
        let clock = Clock::starting_at(start());
        let simulator = Arc::new(Simulator::new(keys.clone(), clock));
        simulator.seed([person(0)]);
        let form = format!("{credentials:?}");
        let client = client(&simulator, credentials, clock);
        for _ in 0..3 {
            let account = client.account(&"u0000".into(), &paths(&[])).await.unwrap();
            assert!(account.is_some(), "{form}");
        }
        assert_eq!(client.calls(), 3, "{form}: no nonce is used twice");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_halts_at_once() {
    let (keys, _) = bearer();
    let (_, stranger) = bearer();
    let wrong = Secret::new("d3Jvbmc=");
    let user_key = keys.user_key.as_str();
    let cases = [
        (Credentials::secret(user_key, wrong.clone()).unwrap(), 403_010),
        (Credentials::signed(user_key, &wrong).unwrap(), 403_003),
        (Credentials::secret("nobody", wrong).unwrap(), 403_005),
        (stranger, 403_003),
    ];
    for (credentials, code) in cases {
        let clock = Clock::starting_at(start());
        let simulator = Arc::new(Simulator::new(keys.clone(), clock));
        let client = client(&simulator, credentials, clock);
        let error = client.account(&"u0000".into(), &paths(&[])).await.unwrap_err();
        assert_eq!(error.refusal().map(|refusal| refusal.code), Some(code));
        assert_eq!(error.disposition(), Disposition::Halt, "{error}");
        assert_eq!(client.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_is_put_right_once_and_stays_right() {
    let (keys, bearer) = bearer();
    for credentials in [signed(&keys), bearer] {
        let off = SignedDuration::from_secs(CLOCK_SECONDS_MAX * 5);
        let simulator = Arc::new(Simulator::new(keys.clone(), Clock::starting_at(start() + off)));
        simulator.seed([person(0)]);
        let client = client(&simulator, credentials, Clock::starting_at(start()));
        assert!(client.account(&"u0000".into(), &paths(&[])).await.unwrap().is_some());
        assert_eq!(client.calls(), 2);
        assert!(client.account(&"u0000".into(), &paths(&[])).await.unwrap().is_some());
        assert_eq!(client.calls(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_nonce_that_was_used_is_renewed_once_without_waiting() {
    let world = world(1);
    let faults = [Fault::Code(403_004)];
    world.simulator.switch(|switches| switches.fail("accounts.getAccountInfo", faults));
    let begun = Instant::now();
    assert!(world.client.account(&"u0000".into(), &paths(&[])).await.unwrap().is_some());
    assert_eq!(world.client.calls(), 2);
    assert!(begun.elapsed() < Duration::from_millis(100), "only the pace");
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_waited_for_and_what_does_not_is_given_up() {
    let world = world(1);
    let fail = |fault: Fault, times: usize| {
        let faults = vec![fault; times];
        world.simulator.switch(|switches| switches.fail("accounts.getAccountInfo", faults));
    };
    let nobody = paths(&[]);
    for (fault, seconds) in [
        (Fault::Html, 0.5),
        (Fault::Lost, 0.5),
        (Fault::Code(500_001), 0.5),
        (Fault::Code(409_030), 5.0),
        (Fault::Code(503_001), 60.0),
    ] {
        fail(fault, 1);
        let begun = Instant::now();
        assert!(world.client.account(&"u0000".into(), &nobody).await.unwrap().is_some());
        let waited = begun.elapsed().as_secs_f64();
        assert!((seconds..seconds + 0.2).contains(&waited), "{fault:?} {waited}");
    }
    fail(Fault::Html, 6);
    let error = world.client.account(&"u0000".into(), &nobody).await.unwrap_err();
    assert!(matches!(error, GigyaError::Unreadable { status: 502, .. }), "{error}");
}
