//! A client that goes away stops its test, and what the test wrote is still removed.

use datastored::pb::{Check, Role, Verdict};

use super::{assert_holds, behind_a_proxy, logged, put, watch};
use crate::lab::proxy::release;
use crate::lab::{self, Server};
use crate::server::Datastored;

/// The outcome of a test that did not go on to its end, in the log.
const CUT_OFF: &str = "\"outcome\":\"Inconclusive\"";

/// The client goes while a call is held; the call is answered when the server has taken notice.
async fn a_client_that_goes_after_the_first_event_leaves_nothing(s3: &Server) {
    let server = Datastored::start(&[]);
    let (proxy, bucket, config) = behind_a_proxy(s3).await;
    put(s3, &bucket, "kept", b"x").await;
    let held = proxy.hold("ListObjectsV2");

    let watched = watch(&server, config, Role::Enrichment).await;
    held.one_waits().await;
    drop(watched);
    logged(&server, "its reader has gone").await;
    held.release();
    logged(&server, "connection test ended").await;
    assert!(server.log().contains(CUT_OFF), "it went on to its end");
    assert_holds(s3, &bucket, &["kept"]).await;
}

/// The same when the canary and the upload are in the bucket.
async fn a_client_that_goes_after_the_writing_leaves_nothing(s3: &Server) {
    let server = Datastored::start(&[]);
    let (proxy, bucket, config) = behind_a_proxy(s3).await;
    put(s3, &bucket, "kept", b"x").await;
    let held = [proxy.hold("GetObject"), proxy.hold("ListParts")];

    let mut watched = watch(&server, config, Role::Enrichment).await;
    let verdict = watched.until_ended(Check::PutObject).await;
    assert_eq!(verdict, Verdict::Passed);
    assert_eq!(s3.keys_in(&bucket).await.len(), 2, "the canary is there");
    assert_eq!(s3.open_uploads(&bucket).await.len(), 1, "so is the upload");
    drop(watched);
    logged(&server, "its reader has gone").await;
    release(&held);
    logged(&server, "connection test ended").await;
    assert!(server.log().contains(CUT_OFF), "it went on to its end");
    assert_holds(s3, &bucket, &["kept"]).await;
}

#[tokio::test]
async fn on_moto_a_client_that_goes_after_the_first_event_leaves_nothing() {
    a_client_that_goes_after_the_first_event_leaves_nothing(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_a_client_that_goes_after_the_first_event_leaves_nothing() {
    a_client_that_goes_after_the_first_event_leaves_nothing(lab::seaweedfs().await.as_ref()).await;
}

#[tokio::test]
async fn on_moto_a_client_that_goes_after_the_writing_leaves_nothing() {
    a_client_that_goes_after_the_writing_leaves_nothing(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_a_client_that_goes_after_the_writing_leaves_nothing() {
    a_client_that_goes_after_the_writing_leaves_nothing(lab::seaweedfs().await.as_ref()).await;
}
