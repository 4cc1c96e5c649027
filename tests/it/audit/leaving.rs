//! A call whose caller has gone, or whose test was cut off, has its event all the same.

use datastored::pb;
use rustix::process::Signal;
use tempfile::TempDir;

use super::{assert_logged, events, line, told};
use crate::api::{creation, removal, sent, start};
use crate::connection::{behind_a_proxy, logged, watch};
use crate::lab::{self, eventually};
use crate::server::{Datastored, datastore};

#[tokio::test]
async fn a_test_whose_caller_has_gone_is_cut_off_and_says_so() {
    let s3 = lab::moto().await;
    let (server, mut client) = start().await;
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let held = proxy.hold("ListObjectsV2");
    let watched = watch::watch(&server, config, pb::Role::Enrichment).await;
    held.one_waits().await;
    assert_eq!(told(&mut client).await, [], "it has not ended yet");
    drop(watched);
    logged(&server, "its reader has gone").await;
    held.release();
    logged(&server, "audit event").await;
    let uri = format!("s3://{bucket}");
    let expected = [line("TestConnection", &uri, "CUT_OFF")];
    assert_eq!(told(&mut client).await, expected);
    let event = events(&mut client).await.remove(0);
    assert_eq!(event.connection_tests.len(), 1);
    assert_logged(&server, &event).await;
}

#[tokio::test]
async fn a_test_that_a_stopping_server_cuts_off_has_its_event_after_the_restart() {
    let s3 = lab::moto().await;
    let folder = TempDir::new().expect("a temporary folder can be made");
    // Tests are cut off at once: the grace is all kept for a check and for cleaning up.
    let options = ["--shutdown-grace", "8s", "--check-timeout", "4s"];
    let options = [&options[..], &["--cleanup-timeout", "4s"]].concat();
    let server = Datastored::start_in(folder.path(), &options);
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let held = proxy.hold("ListObjectsV2");
    let watched = watch::watch(&server, config, pb::Role::Enrichment).await;
    held.one_waits().await;
    server.signal(Signal::TERM);
    logged(&server, "they are cut off").await;
    held.release();
    drop(watched);
    assert!(server.ended().await.success());

    let server = Datastored::start_in(folder.path(), &[]);
    let expected = [line("TestConnection", &format!("s3://{bucket}"), "CUT_OFF")];
    assert_eq!(told(&mut server.client().await).await, expected);
}

/// The test cannot be kept then, and has its event all the same.
#[tokio::test]
async fn a_test_of_a_datastore_that_is_deleted_meanwhile_has_its_event() {
    let s3 = lab::moto().await;
    let (server, mut client) = start().await;
    let (proxy, _bucket, config) = behind_a_proxy(&s3).await;
    let anomalies = datastore("Anomalies", pb::Role::Enrichment, config);
    let name = sent(client.create_datastore(creation(anomalies)).await).name;
    let held = proxy.hold("ListObjectsV2");
    let target = pb::test_connection_request::Target::Name(name.clone());
    let test = watch::start(&server, target, pb::Role::Unspecified).await;
    let mut watched = watch::Watched::new(test.expect("it starts"), Vec::new());
    watched.take_started(pb::Role::Enrichment).await;
    held.one_waits().await;
    sent(client.delete_datastore(removal(&name)).await);
    held.release();
    assert_eq!(watched.ended().await.outcome(), pb::Outcome::Passed);
    let expected = [
        line("CreateDatastore", &name, "OK"),
        line("DeleteDatastore", &name, "OK"),
        line("TestConnection", &name, "PASSED"),
    ];
    assert_eq!(told(&mut client).await, expected);
}

#[tokio::test]
async fn a_create_whose_caller_has_gone_is_cancelled_and_says_so() {
    let s3 = lab::moto().await;
    let (server, mut client) = start().await;
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let held = proxy.hold("GetObject");
    let request = pb::CreateDatastoreRequest {
        datastore: Some(datastore("Anomalies", pb::Role::Enrichment, config)),
        ..pb::CreateDatastoreRequest::default()
    };
    let mut caller = client.clone();
    let create = tokio::spawn(async move { caller.create_datastore(request).await });
    held.one_waits().await;
    create.abort();
    logged(&server, "audit event").await;
    held.release();
    let expected = [line(
        "CreateDatastore",
        &format!("s3://{bucket}"),
        "CANCELLED",
    )];
    assert_eq!(told(&mut client).await, expected);
    assert_logged(&server, &events(&mut client).await[0]).await;
}

/// A claim goes on, so that what it writes is known of.
#[tokio::test]
async fn a_claim_whose_caller_has_gone_is_ok_once_it_has_worked() {
    let s3 = lab::moto().await;
    let (_server, mut client) = start().await;
    let (proxy, _bucket, config) = behind_a_proxy(&s3).await;
    let anomalies = datastore("Anomalies", pb::Role::Enrichment, config);
    let name = sent(client.create_datastore(creation(anomalies)).await).name;
    let held = proxy.hold("PutObject");
    let request = pb::ClaimPrefixRequest { name: name.clone() };
    let mut caller = client.clone();
    let claim = tokio::spawn(async move { caller.claim_prefix(request).await });
    held.one_waits().await;
    claim.abort();
    let with = |outcome: &str| {
        let claimed = line("ClaimPrefix", &name, outcome);
        [line("CreateDatastore", &name, "OK"), claimed]
    };
    for (outcome, let_go) in [("CANCELLED", false), ("OK", true)] {
        if let_go {
            held.release();
        }
        let expected = with(outcome);
        eventually(outcome, || async {
            told(&mut client.clone()).await == expected
        })
        .await;
    }
}
