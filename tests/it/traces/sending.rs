//! How traces are sent: over TLS, with what lets them in, and the last ones when the server stops.

use datastored::pb;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustix::process::Signal;
use tempfile::TempDir;
use tonic::transport::Identity;

use super::collector::{Collector, value};
use super::{AT_THE_END, SOON, a_get, start};
use crate::api::sent;
use crate::enrichment::{enrichment, tested};
use crate::lab;
use crate::server::Datastored;

const GET: &str = "datastore.v1.DatastoreService/GetDatastore";

#[tokio::test]
async fn a_server_that_stops_sends_what_it_has_not_sent() {
    let collector = Collector::start().await;
    let sending = ["--otlp-endpoint", &collector.endpoint];
    let server = Datastored::start_with(&sending, &[AT_THE_END]);
    for _ in 0..5 {
        let mut client = server.client().await;
        let answer = client.get_datastore(a_get("datastores/a")).await;
        assert!(answer.is_err());
    }
    server.signal(Signal::TERM);
    let (status, log) = server.ended_with_log().await;
    assert!(status.success());
    let calls = collector.spans().into_iter().filter(|s| s.name == GET);
    assert_eq!(calls.count(), 5);
    assert!(!log.contains("traces"), "{log}");
}

#[tokio::test]
async fn traces_go_over_tls_with_what_the_collector_asks_for_and_the_log_never_shows_that() {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let made = generate_simple_self_signed(["localhost".to_owned()]);
    let CertifiedKey { cert, signing_key } = made.expect("a certificate can be made");
    let collector =
        Collector::behind_tls(Identity::from_pem(cert.pem(), signing_key.serialize_pem())).await;
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, cert.pem()).expect("a file can be written");
    let sending = ["--otlp-endpoint", &collector.endpoint];
    let variables = [
        SOON,
        ("SSL_CERT_FILE", roots.to_str().expect("a path")),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hidden-token"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=test",
        ),
        ("RUST_LOG", "trace"),
    ];
    let server = Datastored::start_with(&sending, &variables);
    let mut client = server.client().await;
    let answer = client.get_datastore(a_get("datastores/a")).await;
    assert!(answer.is_err());
    collector.one(GET).await;
    let metadata = collector.metadata();
    let let_in = metadata.get("authorization").expect("it is sent");
    assert_eq!(let_in, "hidden-token");
    let resource = collector.resource();
    let environment = value(&resource, "deployment.environment.name");
    assert_eq!(environment, "test");
    assert!(!server.log().contains("hidden-token"));
}

#[tokio::test]
async fn a_claim_and_the_test_that_lets_a_datastore_in_are_in_the_trace_of_their_call() {
    let (s3, collector) = (lab::moto().await, Collector::start().await);
    let server = start(&collector, &[]);
    let (anomalies, _) = enrichment(&s3, "Anomalies").await;
    let mut client = server.client().await;
    let made = sent(client.create_datastore(tested(anomalies)).await);
    let name = made.name.clone();
    let claimed = client.claim_prefix(pb::ClaimPrefixRequest { name }).await;
    claimed.expect("it is free");
    let claim = collector.one("claim prefix").await;
    let rpc = collector
        .one("datastore.v1.DatastoreService/ClaimPrefix")
        .await;
    assert_eq!(claim.parent_span_id, rpc.span_id);
    let spans = collector.spans();
    let mut of_claim = spans.iter().filter(|s| s.parent_span_id == claim.span_id);
    assert!(of_claim.any(|s| s.name == "S3/PutObject"), "{spans:#?}");
    // The test that let the datastore in is in the trace of the call that created it.
    let create = collector
        .one("datastore.v1.DatastoreService/CreateDatastore")
        .await;
    let test = collector.one("connection test").await;
    assert_eq!(test.parent_span_id, create.span_id);
}
