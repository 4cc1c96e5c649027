//! Connection tests on real S3 servers: every verdict of the report, and nothing left in the bucket.

use datastored::pb;
use datastored::pb::test_connection_response::Event;

use crate::lab::{self, Keys, Server, policies};
use crate::server::{Datastored, datastore, s3_config};

/// The seven checks in the order of the report, with the action of each.
const SEVEN: [(pb::Check, &str); 7] = [
    (pb::Check::ListObjects, "s3:ListBucket"),
    (
        pb::Check::ListMultipartUploads,
        "s3:ListBucketMultipartUploads",
    ),
    (pb::Check::GetObject, "s3:GetObject"),
    (pb::Check::PutObject, "s3:PutObject"),
    (pb::Check::DeleteObject, "s3:DeleteObject"),
    (pb::Check::AbortMultipartUpload, "s3:AbortMultipartUpload"),
    (pb::Check::ListParts, "s3:ListMultipartUploadParts"),
];

/// Tests an unsaved datastore and returns all events.
async fn events(server: &Datastored, s3: pb::S3Config, role: pb::Role) -> Vec<Event> {
    let request = pb::TestConnectionRequest {
        target: Some(pb::test_connection_request::Target::Datastore(datastore(
            "", role, s3,
        ))),
        role: 0,
    };
    let mut client = server.client().await;
    let stream = client
        .test_connection(request)
        .await
        .expect("the test starts");
    let mut stream = stream.into_inner();
    let mut events = Vec::new();
    while let Some(message) = stream.message().await.expect("the stream ends well") {
        events.push(message.event.expect("a response has an event"));
    }
    events
}

async fn report(server: &Datastored, s3: pb::S3Config, role: pb::Role) -> pb::ConnectionTestReport {
    match events(server, s3, role).await.pop() {
        Some(Event::Completed(report)) => report,
        other => panic!("the last event is the report, not {other:?}"),
    }
}

fn config(s3: &Server, uri: &str, keys: &Keys) -> pb::S3Config {
    s3_config(
        uri,
        s3.endpoint(),
        &keys.access_key_id,
        &keys.secret_access_key,
    )
}

/// The verdicts, one word a check, in the order of the report: `list objects PASSED`.
fn verdicts(report: &pb::ConnectionTestReport) -> Vec<String> {
    let line = |c: &pb::CheckResult| {
        let cause = match c.skipped_because_of() {
            pb::Check::Unspecified => String::new(),
            cause => format!(" by {}", cause.as_str_name().trim_start_matches("CHECK_")),
        };
        let check = c.check().as_str_name().trim_start_matches("CHECK_");
        let verdict = c.verdict().as_str_name().trim_start_matches("VERDICT_");
        format!("{check} {verdict}{cause}")
    };
    report.checks.iter().map(line).collect()
}

async fn assert_clean(s3: &Server, bucket: &str, expected: &[&str]) {
    assert_eq!(s3.keys_in(bucket).await, expected, "objects of {bucket}");
    assert_eq!(s3.open_uploads(bucket).await, [], "uploads of {bucket}");
}

async fn each_action_removed(s3: &Server) {
    let server = Datastored::start(&[]);
    for (missing, action) in SEVEN {
        let bucket = s3.bucket().await;
        let keys = s3
            .user(&policies::enrichment_without(&bucket, action, s3.kind()))
            .await;
        let s3_config = config(s3, &format!("s3://{bucket}/anomalies"), &keys);
        let report = report(&server, s3_config, pb::Role::Enrichment).await;
        println!("{action}: {:#?}", verdicts(&report));
        assert_eq!(report.outcome(), pb::Outcome::Failed, "{action}");
        assert_clean(s3, &bucket, &[]).await;
    }
}

#[tokio::test]
async fn on_moto_each_missing_action_is_named_and_nothing_is_left() {
    each_action_removed(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_each_missing_action_is_named_and_nothing_is_left() {
    each_action_removed(lab::seaweedfs().await.as_ref()).await;
}
