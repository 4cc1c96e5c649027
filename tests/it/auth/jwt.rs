//! JWTs: what is accepted, and everything that is not.

use datastored::pb::ErrorReason;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;
use tonic::Code;

use super::issuer::ISSUER;
use super::issuer::{Issuer, Key, claims, jwt, seconds_from_now, signed};
use super::{call, is_let_in, is_refused, list};
use crate::api::raw;
use crate::server::Datastored;

fn start(issuer: &Issuer) -> Datastored {
    Datastored::start(&["--access-file", &issuer.access_file()])
}

#[tokio::test]
async fn a_jwt_of_the_issuer_is_accepted_and_its_claims_decide_what_it_may_do() {
    let folder = TempDir::new().unwrap();
    for key in [Key::ec("k1"), Key::rsa("k1")] {
        let issuer = Issuer::with(folder.path(), key);
        let server = start(&issuer);
        assert!(!server.log().contains("WARN"), "{}", server.log());
        let create = |token: String| {
            let (server, path) = (&server, raw::path("CreateDatastore"));
            async move { call(server, &path, Some(&format!("Bearer {token}"))).await }
        };
        let viewer = issuer.jwt(|_| {});
        assert!(is_let_in(&server, &viewer).await);
        let refusal = is_refused(create(viewer).await, ErrorReason::AccessTooLow);
        assert_eq!(refusal.metadata["caller"], format!("jwt:{ISSUER}#alice"));
        for change in [
            |claims: &mut Value| claims["groups"] = json!(["x", "editors", "readers"]),
            |claims: &mut Value| claims["groups"] = json!("editors"),
            |claims: &mut Value| {
                claims["groups"] = json!([]);
                claims["role"] = json!("root");
            },
        ] {
            let status = create(issuer.jwt(change)).await;
            assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        }
        let several = issuer.jwt(|claims| claims["aud"] = json!(["other", "datastored"]));
        assert!(is_let_in(&server, &several).await);
    }
}

#[tokio::test]
async fn a_caller_whose_claims_no_rule_fits_is_known_but_may_do_nothing() {
    let folder = TempDir::new().unwrap();
    let issuer = Issuer::new(folder.path());
    let server = start(&issuer);
    for groups in [
        json!(["x"]),
        json!([]),
        json!("Readers"),
        json!("readers editors"),
        json!(1),
        Value::Null,
    ] {
        let token = issuer.jwt(|claims| claims["groups"] = groups);
        let refusal = is_refused(list(&server, &token).await, ErrorReason::NoAccess);
        assert_eq!(refusal.metadata["caller"], format!("jwt:{ISSUER}#alice"));
        assert!(refusal.message.contains("access file"), "{refusal:?}");
    }
}

#[tokio::test]
async fn a_jwt_for_others_or_not_in_order_is_refused() {
    let folder = TempDir::new().unwrap();
    let issuer = Issuer::new(folder.path());
    let server = start(&issuer);
    assert!(is_let_in(&server, &issuer.jwt(|_| {})).await);
    for (name, value) in [
        ("iss", json!("https://evil.example.com")),
        ("iss", json!(["https://issuer.example.com"])),
        ("iss", Value::Null),
        ("aud", json!("other")),
        ("aud", json!(["other"])),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!("a\nb")),
        ("sub", json!("x".repeat(256))),
        ("exp", Value::Null),
        ("exp", json!("tomorrow")),
        ("nbf", json!(seconds_from_now(120))),
        ("nbf", json!("today")),
    ] {
        let token = issuer.jwt(|claims| claims[name] = value.clone());
        let refusal = is_refused(list(&server, &token).await, ErrorReason::CredentialRefused);
        assert!(refusal.metadata.is_empty(), "{name} {value}");
    }
}

#[tokio::test]
async fn a_jwt_is_accepted_from_nbf_to_exp_and_a_minute_around() {
    let folder = TempDir::new().unwrap();
    let issuer = Issuer::new(folder.path());
    let server = start(&issuer);
    for (name, seconds) in [("exp", -30), ("nbf", -30), ("nbf", 30)] {
        let token = issuer.jwt(|claims| claims[name] = json!(seconds_from_now(seconds)));
        assert!(is_let_in(&server, &token).await, "{name} {seconds}");
    }
    let exp = seconds_from_now(-90);
    let token = issuer.jwt(|claims| claims["exp"] = json!(exp));
    let refusal = is_refused(list(&server, &token).await, ErrorReason::CredentialExpired);
    assert_eq!(refusal.metadata["caller"], format!("jwt:{ISSUER}#alice"));
    let stranger = Key::ec("k1");
    let mut claims = claims();
    claims["exp"] = json!(exp);
    let status = list(&server, &signed(&stranger, &claims)).await;
    is_refused(status, ErrorReason::CredentialRefused);
}

#[tokio::test]
async fn a_signature_that_proves_nothing_is_refused() {
    let folder = TempDir::new().unwrap();
    for key in [Key::ec("k1"), Key::rsa("k1")] {
        let issuer = Issuer::with(folder.path(), key);
        let server = start(&issuer);
        let good = issuer.jwt(|_| {});
        assert!(is_let_in(&server, &good).await);
        let (message, signature) = good.rsplit_once('.').unwrap();
        let (header, _) = message.split_once('.').unwrap();
        let admin = issuer.jwt(|claims| claims["role"] = json!("root"));
        let payload = admin.split('.').nth(1).unwrap();
        for token in [
            format!("{header}.{payload}.{signature}"),
            format!("{message}."),
            message.to_owned(),
            format!("{good}.{signature}"),
            good.replace('.', ""),
            signed(&Key::ec("k1"), &claims()),
            signed(&Key::rsa("k1"), &claims()),
        ] {
            is_refused(list(&server, &token).await, ErrorReason::CredentialRefused);
        }
    }
}

/// RFC 8725, section 2.1: "none", and the public key taken for a secret.
#[tokio::test]
async fn the_algorithm_is_the_operators_choice_and_not_the_senders() {
    let folder = TempDir::new().unwrap();
    for key in [Key::ec("k1"), Key::rsa("k1")] {
        let issuer = Issuer::with(folder.path(), key);
        let server = start(&issuer);
        let key = &issuer.key;
        let header = |alg: &str| json!({"alg": alg, "typ": "JWT", "kid": "k1"});
        for none in ["none", "None", "NONE", ""] {
            let token = jwt(&header(none), &claims(), |_| Vec::new());
            is_refused(list(&server, &token).await, ErrorReason::CredentialRefused);
        }
        let public = key.public().to_string();
        for secret in [key.public_bytes(), public.as_bytes(), b""] {
            let token = jwt(&header("HS256"), &claims(), |message| {
                let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length");
                mac.update(message);
                mac.finalize().into_bytes().to_vec()
            });
            is_refused(list(&server, &token).await, ErrorReason::CredentialRefused);
        }
        for other in ["RS384", "PS256", "ES384", "EdDSA"] {
            let token = jwt(&header(other), &claims(), |_| vec![0; 64]);
            is_refused(list(&server, &token).await, ErrorReason::CredentialRefused);
        }
    }
}

#[tokio::test]
async fn a_header_that_brings_its_own_key_or_has_none_is_of_no_use() {
    let folder = TempDir::new().unwrap();
    let issuer = Issuer::new(folder.path());
    let server = start(&issuer);
    let mine = Key::ec("mine");
    let evil = "http://127.0.0.1:1/jwks";
    for (header, key) in [
        (json!({"alg": "ES256", "jwk": mine.public()}), &mine),
        (
            json!({"alg": "ES256", "kid": "k1", "jwk": mine.public()}),
            &mine,
        ),
        (json!({"alg": "ES256", "kid": "mine", "jku": evil}), &mine),
        (json!({"alg": "ES256", "kid": "../jwks.json"}), &mine),
        (json!({"alg": "ES256"}), &issuer.key),
        (
            json!({"alg": "ES256", "kid": "k1", "crit": ["exp"]}),
            &issuer.key,
        ),
    ] {
        let token = jwt(&header, &claims(), |message| key.sign(message));
        is_refused(list(&server, &token).await, ErrorReason::CredentialRefused);
    }
}
