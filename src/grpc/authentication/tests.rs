//! What a request shows, what a path needs, and which caller the handler sees.

use std::sync::Arc;

use http::Request;
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;
use tonic::Code;

use super::{Gate, Need, credential};
use crate::auth::{Authenticator, Credential};
use crate::model::caller::{Access, Caller};
use crate::peer::Peer;
use crate::reload::Reloads;

fn request(headers: &[&str], certificates: &[&[u8]]) -> Request<()> {
    let mut request = Request::new(());
    for value in headers {
        let value = value.parse().unwrap();
        request.headers_mut().append("authorization", value);
    }
    let certificates = certificates
        .iter()
        .map(|der| CertificateDer::from(der.to_vec()));
    request.extensions_mut().insert(Peer {
        address: "127.0.0.1:1".parse().unwrap(),
        certificates: certificates.collect(),
    });
    request
}

#[test]
fn a_bearer_token_is_read_and_taken_out_of_the_request() {
    for value in ["Bearer dsk_a", "bearer dsk_a", "BEARER   dsk_a "] {
        let mut request = request(&[value], &[]);
        let sent = credential(&mut request);
        assert!(
            matches!(&sent, Credential::Bearer(token) if token.expose() == "dsk_a"),
            "{value}"
        );
        assert!(request.headers().is_empty());
        assert!(!format!("{sent:?}").contains("dsk_"));
    }
    for values in [
        &["Basic dXNlcjpwYXNz"][..],
        &["Bearer"],
        &["Bearer "],
        &["dsk_a"],
        &[""],
        &["Bearer dsk_a", "Bearer dsk_b"],
    ] {
        let sent = credential(&mut request(values, &[]));
        assert!(matches!(sent, Credential::Malformed), "{values:?}");
    }
}

#[test]
fn a_token_decides_before_a_certificate_and_only_the_leaf_counts() {
    let both = credential(&mut request(&["Bearer dsk_a"], &[b"leaf"]));
    assert!(matches!(both, Credential::Bearer(_)));
    let malformed = credential(&mut request(&["Basic x"], &[b"leaf"]));
    assert!(matches!(malformed, Credential::Malformed));
    let chain = credential(&mut request(&[], &[b"leaf", b"issuer"]));
    assert!(matches!(chain, Credential::Certificate(der) if *der == *b"leaf"));
    assert!(matches!(
        credential(&mut request(&[], &[])),
        Credential::Nothing
    ));
}

#[test]
fn nothing_but_health_and_reflection_is_ever_open_behind_a_gate() {
    let gate = |is_health_open, is_reflection_open| Gate {
        authenticator: None,
        is_health_open,
        is_reflection_open,
    };
    let (health, reflection) = (
        "/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    );
    let is_open = |gate: &Gate, path| matches!(gate.need(path), Need::Nothing);
    for (health_is, reflection_is) in [(true, false), (false, true), (true, true), (false, false)] {
        let gate = gate(health_is, reflection_is);
        assert_eq!(is_open(&gate, health), health_is);
        assert_eq!(is_open(&gate, reflection), reflection_is);
        for path in [
            "/",
            "",
            "/grpc.health.v1.Healthy/Check",
            "/x/grpc.health.v1.Health",
        ] {
            assert!(matches!(gate.need(path), Need::Known), "{path:?}");
        }
        for path in [
            "/datastore.v1.DatastoreService/Forgotten",
            "//datastore.v1.DatastoreService/GetDatastore",
            "/datastore.v1.Other/GetDatastore",
        ] {
            assert!(
                matches!(gate.need(path), Need::Access(Access::Admin)),
                "{path}"
            );
        }
    }
}

/// The caller that the handler sees, or the code of the refusal.
async fn called(gate: Gate, path: &str, mut request: Request<()>) -> Result<String, Code> {
    *request.uri_mut() = path.parse().unwrap();
    let admitted = gate.admit(&mut request).await;
    admitted.map_err(|status| status.code())?;
    let caller = request.extensions().get::<Arc<Caller>>();
    Ok(caller.map_or("nobody", |caller| &caller.name).to_owned())
}

/// A gate for those whom this access file names; health is open.
async fn gate(access_file: &str) -> Gate {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("access.toml");
    std::fs::write(&file, access_file).unwrap();
    let tokens = folder.path().join("tokens.json");
    let authenticator = Authenticator::open(&tokens, Some(file), true, &Reloads::default()).await;
    Gate {
        authenticator: Some(authenticator.unwrap()),
        is_health_open: true,
        is_reflection_open: false,
    }
}

fn certificate(common_name: &str) -> Vec<u8> {
    let mut parameters = CertificateParams::default();
    parameters
        .distinguished_name
        .push(DnType::CommonName, common_name);
    let key = KeyPair::generate().unwrap();
    parameters.self_signed(&key).unwrap().der().to_vec()
}

const LIST: &str = "/datastore.v1.DatastoreService/ListDatastores";
const TEST: &str = "/datastore.v1.DatastoreService/TestConnection";
const REPORTS: &str =
    "[[certificate]]\nname = \"reports\"\nsubject = \"CN=reports\"\naccess = \"viewer\"\n";

#[tokio::test]
async fn the_holder_of_a_certificate_may_do_what_the_access_file_says() {
    let (reports, other) = (certificate("reports"), certificate("other"));
    let with = |chain: &[&[u8]]| request(&[], chain);
    for (path, request, expected) in [
        (LIST, with(&[&reports]), Ok("certificate:reports")),
        (TEST, with(&[&reports]), Err(Code::PermissionDenied)),
        (LIST, with(&[&other]), Err(Code::PermissionDenied)),
        (LIST, with(&[&other, &reports]), Err(Code::PermissionDenied)),
        (LIST, with(&[b"garbage"]), Err(Code::Unauthenticated)),
        (LIST, with(&[]), Err(Code::Unauthenticated)),
        (LIST, Request::new(()), Err(Code::Unauthenticated)),
        (
            LIST,
            self::request(&["Bearer dsk_x"], &[&reports]),
            Err(Code::Unauthenticated),
        ),
        ("/grpc.health.v1.Health/Check", with(&[]), Ok("nobody")),
    ] {
        let called = called(gate(REPORTS).await, path, request).await;
        assert_eq!(called.as_deref(), expected.as_deref(), "{path}");
    }
}

#[tokio::test]
async fn a_certificate_is_as_good_as_none_where_no_rule_is_for_certificates() {
    let request = request(&[], &[&certificate("reports")]);
    let refused = called(gate("").await, LIST, request).await;
    assert_eq!(refused, Err(Code::Unauthenticated));
}

#[tokio::test]
async fn a_gate_that_is_open_makes_everybody_the_anonymous_caller() {
    let request = request(&["Bearer dsk_x"], &[&certificate("reports")]);
    let seen = called(Gate::open(), LIST, request).await;
    assert_eq!(seen.as_deref(), Ok("anonymous"));
}
