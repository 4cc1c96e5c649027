//! Calls over TLS, and what does not speak it.

use rcgen::{KeyPair, PKCS_RSA_SHA256};
use rustls::version::{TLS12, TLS13};
use tonic::Code;
use x509_parser::asn1_rs::{Any, FromDer, OctetString, Sequence};

use super::{Authority, Files, call, channel, connect, with_http2};
use crate::api::all;
use crate::lab::eventually;
use datastored::pb::datastore_service_client::DatastoreServiceClient;

#[tokio::test]
async fn calls_are_answered_under_tls_1_2_and_1_3() {
    let authority = Authority::new();
    let server = Files::of(&authority.issue()).serve(&[]);
    for version in [&TLS12, &TLS13] {
        let client = with_http2(authority.trusted(&[version]).with_no_client_auth());
        let stream = connect(server.address(), client.clone()).await.unwrap();
        let session = stream.get_ref().1;
        assert_eq!(session.protocol_version(), Some(version.version));
        assert_eq!(session.alpn_protocol(), Some(b"h2".as_slice()));
        let mut client = DatastoreServiceClient::new(channel(server.address(), client));
        assert_eq!(all(&mut client).await, []);
    }
}

#[tokio::test]
async fn plaintext_on_a_port_of_tls_fails_and_the_server_goes_on() {
    let authority = Authority::new();
    let server = Files::of(&authority.issue()).serve(&[]);
    let plain = tonic::transport::Endpoint::from_shared(format!("http://{}", server.address()));
    let refused = call(plain.unwrap().connect_lazy()).await;
    assert_ne!(refused.expect_err("it is refused").code(), Code::Ok);
    eventually("the failure is in the log", || async {
        let log = server.log();
        let line = log.lines().find(|l| l.contains("a TLS handshake failed"));
        line.is_some_and(|line| line.contains("\"peer\":\"127.0.0.1:"))
    })
    .await;
    let answered = call(channel(server.address(), authority.client())).await;
    answered.expect("TLS is spoken as before");
}

#[tokio::test]
async fn a_client_that_speaks_another_protocol_than_http_2_is_refused_in_the_handshake() {
    let authority = Authority::new();
    let server = Files::of(&authority.issue()).serve(&[]);
    let mut client = authority.client();
    client.alpn_protocols = vec![b"http/1.1".to_vec()];
    let refused = connect(server.address(), client).await;
    let refused = refused.expect_err("it is refused").to_string();
    assert!(refused.contains("NoApplicationProtocol"), "{refused}");
}

/// A key's own form within PKCS#8 (RFC 5208, section 5): PKCS#1 for RSA, SEC1 for elliptic curves.
fn within_pkcs8(key: &KeyPair) -> Vec<u8> {
    let der = key.serialize_der();
    let (_, sequence) = Sequence::from_der(&der).expect("PKCS#8");
    let (rest, _version) = Any::from_der(&sequence.content).expect("a version");
    let (rest, _algorithm) = Any::from_der(rest).expect("an algorithm");
    let (_, own) = OctetString::from_der(rest).expect("a key");
    own.as_ref().to_vec()
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

#[tokio::test]
async fn a_key_may_be_pkcs_8_pkcs_1_or_sec1() {
    let authority = Authority::new();
    let elliptic = || KeyPair::generate().unwrap();
    let rsa = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    for (key, label) in [
        (elliptic(), "PRIVATE KEY"),
        (elliptic(), "EC PRIVATE KEY"),
        (rsa, "RSA PRIVATE KEY"),
    ] {
        let issued = authority.issue_for(key, |_| {});
        let files = Files::of(&issued);
        if label != "PRIVATE KEY" {
            files.write("key.pem", &pem(label, &within_pkcs8(&issued.key)));
        }
        let server = files.serve(&[]);
        let answered = call(channel(server.address(), authority.client())).await;
        answered.expect(label);
    }
}
