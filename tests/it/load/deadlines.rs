//! A call ends when its time is up, by the caller's deadline or the server's own, and what it was doing stops and cleans up.

use datastored::pb::test_connection_request::Target;
use datastored::pb::{self, ErrorReason, Role};
use prost::Message;

use super::{Raw, status};
use crate::api::{all, raw, refused};
use crate::connection::{assert_holds, behind_a_proxy, logged};
use crate::lab;
use crate::lab::proxy::release;
use crate::server::{Datastored, datastore};

fn creation(s3: pb::S3Config) -> pb::CreateDatastoreRequest {
    pb::CreateDatastoreRequest {
        datastore: Some(datastore("Anomalies", Role::Enrichment, s3)),
        ..pb::CreateDatastoreRequest::default()
    }
}

#[tokio::test]
async fn the_test_of_a_create_whose_deadline_passes_stops_and_cleans_up_and_nothing_is_stored() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let held = [proxy.hold("GetObject"), proxy.hold("ListParts")];
    let peer = Raw::connect(&server).await;
    let path = raw::path("CreateDatastore");
    let call = peer.begin(&path, &[("grpc-timeout", "3S")]).await;
    let message = creation(config).encode_to_vec();
    let call = tokio::spawn(async move { call.send(&message).await });
    for held in &held {
        held.one_waits().await;
    }
    assert_eq!(s3.keys_in(&bucket).await.len(), 1, "the canary is there");

    let answer = call.await.unwrap();
    let refusal = refused::<()>(Err(status(answer).await), ErrorReason::DeadlinePassed);
    assert_eq!(refusal.metadata["timeout"], "3s");
    assert_eq!(refusal.metadata["set_by"], "caller");
    logged(&server, "its reader has gone").await;
    release(&held);
    logged(&server, "connection test ended").await;
    assert_holds(&s3, &bucket, &[]).await;
    assert_eq!(all(&mut server.client().await).await, []);
}

#[tokio::test]
async fn a_stream_ends_at_its_callers_deadline_and_its_test_stops() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let held = proxy.hold("ListObjectsV2");
    let request = pb::TestConnectionRequest {
        target: Some(Target::Datastore(datastore("", Role::Enrichment, config))),
        ..pb::TestConnectionRequest::default()
    };
    let peer = Raw::connect(&server).await;
    let path = raw::path("TestConnection");
    let call = peer.begin(&path, &[("grpc-timeout", "1500m")]).await;
    let answer = call.send(&request.encode_to_vec()).await;
    assert!(!answer.headers().contains_key("grpc-status"), "it begins");
    let refusal = refused::<()>(Err(status(answer).await), ErrorReason::DeadlinePassed);
    assert_eq!(refusal.metadata["timeout"], "1s 500ms");
    logged(&server, "its reader has gone").await;
    held.release();
    logged(&server, "connection test ended").await;
    assert_holds(&s3, &bucket, &[]).await;
}

#[tokio::test]
async fn a_call_without_a_deadline_has_that_of_the_server() {
    let (s3, server) = (
        lab::s3s().await,
        Datastored::start(&["--call-timeout", "1s"]),
    );
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let held = proxy.hold("ListObjectsV2");
    let mut client = server.client().await;
    let answer = client.create_datastore(creation(config)).await;
    let refusal = refused(answer, ErrorReason::DeadlinePassed);
    assert_eq!(refusal.metadata["set_by"], "server");
    assert!(refusal.message.contains("--call-timeout"));
    held.release();
    logged(&server, "connection test ended").await;
    assert_holds(&s3, &bucket, &[]).await;
    assert_eq!(all(&mut client).await, []);
}
