//! SAP's own numbers: made with the Python SDK (`GSRequest.calcOAuth1BaseString`, `SigUtils.calcSignature`), made again
//! with the Java SDK (`SigUtils`); the last of them is the Java SDK's own unit test.

use serde_json::Value;

use super::*;

const SECRET: &str = "dGhpcy1pcy1hLXRlc3Qtc2VjcmV0LWtleS0zMi1ieXRlIQ==";

/// Address, nonce, Unix seconds, signature, parameters.
type Vector =
    (&'static str, &'static str, i64, &'static str, &'static [(&'static str, &'static str)]);

const VECTORS: [Vector; 3] = [
    (
        "https://accounts.us1.gigya.com/accounts.search",
        "1700000000000_1",
        1_700_000_000,
        "WRO8XGYiV8JoEFVZfYjsk0HvNPg=",
        &[
            (
                "query",
                "SELECT UID, profile.email FROM accounts WHERE lastUpdatedTimestamp >= 1699900000000 ORDER BY lastUpdatedTimestamp LIMIT 1000",
            ),
            ("openCursor", "true"),
        ],
    ),
    (
        "https://accounts.eu1.gigya.com/accounts.setAccountInfo",
        "1700000001000_2",
        1_700_000_001,
        "TguqKnGLS+FXEUZ9dUFCGZcNV58=",
        &[
            ("UID", "_guid_a+b/c="),
            ("profile", r#"{"firstName":"Zoë","lastName":"O'Neil & Söhne","zip":null}"#),
            ("data", r#"{"cc":{"contactId":"1-2_3.4~5","lists":["a","b"]}}"#),
            (
                "subscriptions",
                r#"{"newsletter":{"email":{"isSubscribed":false,"tags":["cc*unsub"]}}}"#,
            ),
        ],
    ),
    (
        "https://accounts.us1.gigya.com/accounts.getAccountInfo",
        "1700000002000_3",
        1_700_000_002,
        "5XZim00/K8DlHN0Sm4+T4cpwEHw=",
        &[
            ("UID", "0a1b2c3d4e5f"),
            ("include", "profile,data,emails,loginIDs,subscriptions,preferences"),
            ("context", "!*'();:@&=+$,/?%#[] ~-_."),
        ],
    ),
];

fn stamp(seconds: i64, nonce: &str) -> Stamp {
    Stamp { at: Timestamp::from_second(seconds).unwrap(), nonce: nonce.to_owned() }
}

fn parameters(given: &[(&'static str, &str)]) -> Parameters {
    let common = [("apiKey", "3_TESTAPIKEY"), ("format", "json"), ("httpStatusCodes", "false")];
    common.iter().chain(given).map(|(name, value)| (*name, (*value).to_owned())).collect()
}

#[test]
fn a_signature_is_the_one_that_saps_sdks_make() {
    let credentials = Credentials::signed("AKtestUser", &Secret::new(SECRET)).unwrap();
    for (url, nonce, seconds, signature, given) in VECTORS {
        let mut parameters = parameters(given);
        assert!(credentials.prove(url, &mut parameters, &stamp(seconds, nonce)).is_none());
        assert_eq!(parameters["sig"], signature, "{url}");
        assert!(!parameters.contains_key("secret"));
    }
}

#[test]
fn a_signature_is_the_one_of_the_java_sdks_unit_test() {
    let parameters = Parameters::from(
        [
            ("oauth_consumer_key", "test-consumer-secret"),
            ("oauth_token", "test-token-secret"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "1191242096"),
            ("oauth_nonce", "kllo9940pd9333jh"),
            ("oauth_version", "1.0"),
            ("file", "vacation.jpg"),
            ("size", "original"),
        ]
        .map(|(name, value)| (name, value.to_owned())),
    );
    let base = base_string("http://photos.example.net/photos", &parameters);
    assert_eq!(
        sign(b"test-consumer-secret&test-token-secret", &base),
        "j4/Jwtp11HLWl7KG3QlsczfRRpU="
    );
    assert_eq!(
        encode("!*'();:@&=+$,/?%#[] ").to_string(),
        "%21%2A%27%28%29%3B%3A%40%26%3D%2B%24%2C%2F%3F%25%23%5B%5D%20"
    );
}

#[test]
fn every_vector_of_the_reference_is_met_where_the_reference_is_at_hand() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/reference/gigya-vectors.json");
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let requests = vectors["hmac_request"].as_array().unwrap();
    assert!(!requests.is_empty());
    for vector in requests {
        let secret = vector.get("secret_base64").unwrap_or(&vectors["secret_base64"]);
        let key = STANDARD.decode(secret.as_str().unwrap()).unwrap();
        let given = vector["params"].as_object().unwrap();
        let parameters: Parameters = given
            .iter()
            .map(|(name, value)| {
                let name: &'static str = Box::leak(name.clone().into_boxed_str());
                (name, value.as_str().unwrap().to_owned())
            })
            .collect();
        let base = base_string(vector["url"].as_str().unwrap(), &parameters);
        if let Some(expected) = vector["base_string"].as_str() {
            assert_eq!(base, expected);
        }
        let mut parameters = parameters;
        parameters.insert("sig", sign(&key, &base));
        assert_eq!(parameters["sig"], vector["sig"].as_str().unwrap(), "{}", vector["name"]);
        if let Some(expected) = vector["body_with_sig"].as_str() {
            assert_eq!(form(&parameters), expected);
        }
    }
}

#[test]
fn a_bearer_signs_what_saps_sdks_sign() {
    let stamp = stamp(1_700_000_000, "11111111-2222-4333-8444-555555555555");
    assert_eq!(
        signing_input("AKtestUser", &stamp),
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IkFLdGVzdFVzZXIifQ.eyJpYXQiOjE3MDAwMDAwMDAsImp0aSI6IjExMTExMTExLTIyMjItNDMzMy04NDQ0LTU1NTU1NTU1NTU1NSJ9"
    );
}

/// A new RSA key as PEM in both encodings.
fn private_keys() -> [String; 2] {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;

    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let pkcs8 = der.as_ref();
    // PKCS#8 of an RSA key is a header of 26 bytes around the PKCS#1 key (RFC 5208, section 5).
    let pem = |label: &str, der: &[u8]| {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
    };
    [pem("PRIVATE KEY", pkcs8), pem("RSA PRIVATE KEY", &pkcs8[26..])]
}

#[test]
fn a_private_key_is_read_in_both_encodings_and_with_written_line_ends() {
    let [pkcs8, pkcs1] = private_keys();
    let mut headers = Vec::new();
    for pem in [&pkcs8, &pkcs1, &pkcs1.replace('\n', "\\n")] {
        let credentials = Credentials::bearer("AKtestUser", &Secret::new(pem.as_str())).unwrap();
        let mut parameters = Parameters::new();
        let header = credentials.prove("", &mut parameters, &stamp(1_700_000_000, "n")).unwrap();
        assert!(parameters.is_empty(), "a bearer adds no field");
        headers.push(header);
    }
    assert_eq!(headers[0], headers[1]);
    assert_eq!(headers[0], headers[2]);
}

#[test]
fn credentials_that_cannot_work_are_refused_and_none_are_printed() {
    let error = |result: Result<Credentials, CredentialsError>| result.unwrap_err();
    assert_eq!(error(Credentials::secret("u", Secret::new(""))), CredentialsError::Empty);
    assert_eq!(error(Credentials::secret(" ", Secret::new("s"))), CredentialsError::Empty);
    assert_eq!(
        error(Credentials::signed("u", &Secret::new("not base64!"))),
        CredentialsError::SecretNotBase64
    );
    assert_eq!(
        error(Credentials::bearer("u", &Secret::new("-----BEGIN"))),
        CredentialsError::PrivateKeyUnreadable
    );
    let credentials = Credentials::secret("user", Secret::new("hunter2")).unwrap();
    assert_eq!(format!("{credentials:?}"), "<credentials: secret>");
}
