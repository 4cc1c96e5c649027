//! A store behind a private authority: refused without its certificate, and mended by `ca_certificate_pem`.

use std::sync::Arc;

use datastored::pb::{self, FindingReason};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use super::{assert_broken, assert_passed};
use crate::connection::{assert_holds, behind_a_proxy, report};
use crate::lab;
use crate::lab::proxy::Proxy;
use crate::server::Datastored;

/// A private authority's certificate in PEM, and what speaks TLS with a certificate of it.
fn authority(names: &[&str]) -> (String, TlsAcceptor) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key can be made");
    let issuer = CertifiedIssuer::self_signed(params, key).expect("an authority can be made");
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let params = CertificateParams::new(names).expect("names of a certificate");
    let key = KeyPair::generate().expect("a key can be made");
    let certificate = params.signed_by(&key, &issuer);
    let certificate = certificate.expect("a certificate can be signed");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key in DER");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the usual versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a key and its certificate");
    (issuer.pem(), TlsAcceptor::from(Arc::new(config)))
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_its_certificate_is_given() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let (_, bucket, config) = behind_a_proxy(&s3).await;
    let (pem, tls) = authority(&["127.0.0.1"]);
    let front = Proxy::start_tls(s3.endpoint(), tls).await;
    let config = pb::S3Config {
        endpoint: front.endpoint().to_owned(),
        ..config
    };
    let with = |pem: String| pb::S3Config {
        ca_certificate_pem: pem,
        ..config.clone()
    };
    let (other_pem, _) = authority(&["127.0.0.1"]);
    for role in [pb::Role::Source, pb::Role::Enrichment] {
        for stranger in [String::new(), other_pem.clone()] {
            let report = report(&server, with(stranger), role).await;
            let cause = assert_broken(&report, FindingReason::TlsFailure);
            assert!(cause.remedy.contains("ca_certificate_pem"));
        }
    }
    let report = report(&server, with(pem), pb::Role::Enrichment).await;
    assert_passed(&report);
    assert_holds(&s3, &bucket, &[]).await;
}

#[tokio::test]
async fn a_certificate_of_another_host_and_a_port_without_tls_are_failures_of_tls() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let (plain, _, config) = behind_a_proxy(&s3).await;
    let (pem, tls) = authority(&["store.example"]);
    let front = Proxy::start_tls(s3.endpoint(), tls).await;
    let without_tls = plain.endpoint().replace("http:", "https:");
    for endpoint in [front.endpoint().to_owned(), without_tls] {
        let config = pb::S3Config {
            endpoint,
            ca_certificate_pem: pem.clone(),
            ..config.clone()
        };
        let report = report(&server, config, pb::Role::Source).await;
        assert_broken(&report, FindingReason::TlsFailure);
    }
}
