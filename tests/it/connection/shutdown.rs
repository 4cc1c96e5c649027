//! A server that is told to stop lets its tests end within the grace, cuts off those that do not, and cleans up after both.

use datastored::pb::test_connection_request::Target;
use datastored::pb::{self, Check, Role, Verdict};
use rustix::process::Signal;
use tonic::Code;

use super::watch::Watched;
use super::{assert_holds, behind_a_proxy, logged, refusal, verdicts, watch};
use crate::lab::proxy::{Held, Proxy, release};
use crate::lab::{self, Server};
use crate::server::{Datastored, datastore};

/// The server cuts tests off one second after the signal: the grace less the time of a check and of cleaning up.
const OPTIONS: [&str; 6] = [
    "--shutdown-grace",
    "9s",
    "--check-timeout",
    "4s",
    "--cleanup-timeout",
    "4s",
];

/// A test whose canary and upload are in the bucket, with the calls that would go on held.
struct Midway {
    server: Datastored,
    config: pb::S3Config,
    watched: Watched,
    bucket: String,
    held: [Held; 2],
    proxy: Proxy,
}

async fn midway(s3: &Server) -> Midway {
    let server = Datastored::start(&OPTIONS);
    let (proxy, bucket, config) = behind_a_proxy(s3).await;
    let held = [proxy.hold("GetObject"), proxy.hold("ListParts")];
    let mut watched = watch(&server, config.clone(), Role::Enrichment).await;
    let verdict = watched.until_ended(Check::PutObject).await;
    assert_eq!(verdict, Verdict::Passed);
    assert_eq!(s3.keys_in(&bucket).await.len(), 1, "the canary is there");
    assert_eq!(s3.open_uploads(&bucket).await.len(), 1, "so is the upload");
    Midway {
        server,
        config,
        watched,
        bucket,
        held,
        proxy,
    }
}

/// Within the grace a test ends as if nothing were.
async fn a_test_is_let_end(s3: &Server) {
    let midway = midway(s3).await;
    midway.server.signal(Signal::TERM);
    logged(&midway.server, "stopping").await;
    release(&midway.held);
    let report = midway.watched.ended().await;
    assert_eq!(report.outcome(), pb::Outcome::Passed);
    assert!(midway.server.ended().await.success());
    assert_holds(s3, &midway.bucket, &[]).await;
}

/// A test that would not end in time is told so; what it wrote is removed before the process exits.
async fn a_test_that_hangs_is_cut_off(s3: &Server) {
    let midway = midway(s3).await;
    midway.server.signal(Signal::TERM);
    logged(&midway.server, "they are cut off").await;
    release(&midway.held);
    let report = midway.watched.ended().await;
    let expected = [
        "LIST_OBJECTS PASSED",
        "LIST_MULTIPART_UPLOADS PASSED",
        "GET_OBJECT INCONCLUSIVE CANCELLED",
        "PUT_OBJECT PASSED",
        "DELETE_OBJECT INCONCLUSIVE CANCELLED",
        "ABORT_MULTIPART_UPLOAD INCONCLUSIVE CANCELLED",
        "LIST_PARTS INCONCLUSIVE CANCELLED",
    ];
    assert_eq!(verdicts(&report), expected);
    assert_eq!(report.residue, []);
    assert!(midway.server.ended().await.success());
    assert_holds(s3, &midway.bucket, &[]).await;
}

#[tokio::test]
async fn on_moto_a_test_is_let_end_when_the_server_stops() {
    a_test_is_let_end(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_a_test_is_let_end_when_the_server_stops() {
    a_test_is_let_end(lab::seaweedfs().await.as_ref()).await;
}

#[tokio::test]
async fn on_moto_a_test_that_hangs_is_cut_off_when_the_server_stops() {
    a_test_that_hangs_is_cut_off(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_a_test_that_hangs_is_cut_off_when_the_server_stops() {
    a_test_that_hangs_is_cut_off(lab::seaweedfs().await.as_ref()).await;
}

/// A call that never comes back costs its check's timeout, no more.
#[tokio::test]
async fn a_test_whose_calls_never_come_back_does_not_keep_the_server() {
    let s3 = lab::s3s().await;
    let midway = midway(&s3).await;
    midway.server.signal(Signal::TERM);
    let report = midway.watched.ended().await;
    assert_eq!(report.outcome(), pb::Outcome::Inconclusive);
    assert_eq!(report.residue, []);
    assert!(midway.server.ended().await.success());
    assert_holds(&s3, &midway.bucket, &[]).await;
}

/// On a connection that is open already. The code is `UNAVAILABLE`, or the client's own when the server's farewell comes first.
#[tokio::test]
async fn a_server_that_stops_takes_no_new_test() {
    let s3 = lab::s3s().await;
    let midway = midway(&s3).await;
    let mut client = midway.server.client().await;
    midway.server.signal(Signal::TERM);
    logged(&midway.server, "stopping").await;
    let target = Target::Datastore(datastore("", Role::Source, midway.config.clone()));
    let request = pb::TestConnectionRequest {
        target: Some(target),
        role: 0,
        ..pb::TestConnectionRequest::default()
    };
    let refused = client.test_connection(request).await;
    let (code, _, _) = refusal(&refused.expect_err("it is refused"));
    assert!(
        [Code::Unavailable, Code::Cancelled].contains(&code),
        "{code}"
    );
    release(&midway.held);
    midway.watched.ended().await;
    let own = "the first test lists at its beginning, and to see that its canary is gone";
    assert_eq!(midway.proxy.calls("ListObjectsV2"), 2, "{own}");
    assert!(midway.server.ended().await.success());
}
