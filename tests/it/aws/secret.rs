//! The customer's secret, through our wrapper and the SDK, in process.

use aws_sdk_secretsmanager::Client;
use sandbox::aws::Aws;
use serde_json::{Value, json};
use shared::domain::{Dispose as _, Disposition, Secret};
use shared::secrets::{ConstantContactSecret, NewTokens, Secrets};

use super::aws;

const ID: &str = "acme/gigya-constant-contact";

fn secrets(aws: &Aws) -> Secrets {
    Secrets::connect(&aws.sdk_config(), ID)
}

fn document() -> Value {
    json!({
        "gigya": {"user_key": "uk", "secret": "gs"},
        "constant_contact": {"client_id": "id", "client_secret": "cs", "refresh_token": "old"},
        "fingerprint_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "note": "keep me"
    })
}

#[tokio::test(start_paused = true)]
async fn tokens_that_were_stored_are_read_by_the_next_and_nothing_else_changed() {
    let aws = aws();
    aws.vault().put(ID, document().to_string());
    let secrets = secrets(&aws);
    let expires_at = "2026-11-24T04:50:00Z".parse().unwrap();
    let tokens = NewTokens {
        access_token: Secret::new("new-access"),
        refresh_token: Secret::new("new-refresh"),
        expires_at,
    };
    secrets.store_tokens(&tokens).await.unwrap();
    let ConstantContactSecret::V3 { access_token, refresh_token, expires_at: read, .. } =
        secrets.read().await.unwrap().constant_contact
    else {
        panic!("it is v3");
    };
    assert_eq!(access_token, Some(Secret::new("new-access")));
    assert_eq!((refresh_token, read), (Secret::new("new-refresh"), Some(expires_at)));
    let now: Value = serde_json::from_str(&aws.vault().current(ID).unwrap()).unwrap();
    assert_eq!((&now["note"], &now["gigya"]), (&json!("keep me"), &document()["gigya"]));
    assert_eq!(aws.vault().versions(ID), 2);
}

#[tokio::test(start_paused = true)]
async fn the_version_before_is_still_there() {
    let aws = aws();
    aws.vault().put(ID, "first");
    let client = Client::new(&aws.sdk_config());
    let put = client.put_secret_value().secret_id(ID).secret_string("second");
    put.client_request_token("00000000-0000-4000-8000-000000000001").send().await.unwrap();
    let text = async |stage: &str| {
        let request = client.get_secret_value().secret_id(ID).version_stage(stage);
        request.send().await.unwrap().secret_string.unwrap()
    };
    assert_eq!(text("AWSCURRENT").await, "second");
    assert_eq!(text("AWSPREVIOUS").await, "first");
    let put = client.put_secret_value().secret_id(ID).secret_string("third");
    let put = put.client_request_token("00000000-0000-4000-8000-000000000001").send().await;
    assert!(put.unwrap_err().into_service_error().is_resource_exists_exception());
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_missing_or_broken_halts_and_tells_no_value() {
    let aws = aws();
    let secrets = secrets(&aws);
    let missing = secrets.read().await.unwrap_err();
    assert_eq!(missing.to_string(), format!("secret {ID} could not be read"));
    aws.vault().put(ID, "{\"gigya\":{\"user_key\":\"uk\",\"secret\":[\"hunter2\"]}}");
    let broken = secrets.read().await.unwrap_err();
    let source = std::error::Error::source(&broken).unwrap().to_string();
    assert!(source.contains("gigya.secret must be a text"), "{source}");
    for error in [missing, broken] {
        assert_eq!(error.disposition(), Disposition::Halt);
        assert!(!format!("{error} {error:?} {source}").contains("hunter2"));
    }
}
