//! How long a check and a test may take, and how many tests may run at once.

use std::sync::Arc;

use datastored::pb::test_connection_request::Target;
use datastored::pb::{self, Role};
use tokio::task::JoinSet;
use tonic::Code;

use super::watch::start;
use super::{assert_holds, behind_a_proxy, put, refusal, report, verdicts, watch};
use crate::lab::{self, Server};
use crate::server::{Datastored, datastore};

#[tokio::test]
async fn a_test_too_many_is_refused_and_welcome_when_another_has_ended() {
    let (s3, server) = (
        lab::s3s().await,
        Datastored::start(&["--max-concurrent-tests", "1"]),
    );
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let held = proxy.hold("ListObjectsV2");
    let first = watch(&server, config.clone(), Role::Enrichment).await;
    held.one_waits().await;

    let target = Target::Datastore(datastore("", Role::Source, config.clone()));
    let refused = start(&server, target, Role::Unspecified).await;
    let (code, reason, details) = refusal(&refused.expect_err("there is no place"));
    assert_eq!(
        (code, &*reason),
        (Code::ResourceExhausted, "TOO_MANY_TESTS")
    );
    let retry = details.retry_info().and_then(|r| r.retry_delay);
    assert!(retry.is_some_and(|delay| !delay.is_zero()));
    let metadata = &details.error_info().expect("an ErrorInfo").metadata;
    assert_eq!(metadata["max_concurrent_tests"], "1");

    held.release();
    assert_eq!(first.ended().await.outcome(), pb::Outcome::Passed);
    // The place is given back before the stream ends.
    let second = report(&server, config, Role::Enrichment).await;
    assert_eq!(second.outcome(), pb::Outcome::Passed);
}

/// What a call that is never answered makes of the seven checks; those that are not named pass.
const HANGS: [(&str, &[&str]); 8] = [
    ("ListObjectsV2", &["LIST_OBJECTS INCONCLUSIVE TIMEOUT"]),
    (
        "ListMultipartUploads",
        &["LIST_MULTIPART_UPLOADS INCONCLUSIVE TIMEOUT"],
    ),
    ("GetObject", &["GET_OBJECT INCONCLUSIVE TIMEOUT"]),
    (
        "PutObject",
        &[
            "PUT_OBJECT INCONCLUSIVE TIMEOUT",
            "DELETE_OBJECT SKIPPED by PUT_OBJECT",
        ],
    ),
    (
        "CreateMultipartUpload",
        &[
            "PUT_OBJECT INCONCLUSIVE TIMEOUT",
            "ABORT_MULTIPART_UPLOAD SKIPPED by PUT_OBJECT",
            "LIST_PARTS SKIPPED by PUT_OBJECT",
        ],
    ),
    ("DeleteObject", &["DELETE_OBJECT INCONCLUSIVE TIMEOUT"]),
    (
        "AbortMultipartUpload",
        &[
            "ABORT_MULTIPART_UPLOAD INCONCLUSIVE TIMEOUT",
            "LIST_PARTS SKIPPED by ABORT_MULTIPART_UPLOAD",
        ],
    ),
    ("ListParts", &["LIST_PARTS INCONCLUSIVE TIMEOUT"]),
];

const CHECKS: [&str; 7] = [
    "LIST_OBJECTS",
    "LIST_MULTIPART_UPLOADS",
    "GET_OBJECT",
    "PUT_OBJECT",
    "DELETE_OBJECT",
    "ABORT_MULTIPART_UPLOAD",
    "LIST_PARTS",
];

#[tokio::test]
async fn a_call_that_hangs_is_inconclusive_for_its_own_check_alone() {
    let server = Arc::new(Datastored::start(&["--check-timeout", "3s"]));
    let s3 = lab::s3s().await;
    let mut cases = JoinSet::new();
    for hang in &HANGS {
        cases.spawn(hangs(Arc::clone(&server), Arc::clone(&s3), hang));
    }
    cases.join_all().await;
}

async fn hangs(
    server: Arc<Datastored>,
    s3: Arc<Server>,
    (operation, not_passed): &(&'static str, &[&str]),
) {
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    // So that there is something to read when nothing is written.
    put(&s3, &bucket, "kept", b"x").await;
    let _held = proxy.hold(operation);
    let report = report(&server, config, Role::Enrichment).await;
    let line = |check: &&str| {
        let named = not_passed
            .iter()
            .find(|l| l.split(' ').next() == Some(check));
        named.map_or(format!("{check} PASSED"), |l| (*l).to_owned())
    };
    let expected: Vec<String> = CHECKS.iter().map(line).collect();
    assert_eq!(verdicts(&report), expected, "{operation}");
    assert_eq!(report.outcome(), pb::Outcome::Inconclusive, "{operation}");
    assert_eq!(report.missing_actions, Vec::<String>::new());
    assert_eq!(report.connection_finding, None, "{operation}");
    assert_holds(&s3, &bucket, &["kept"]).await;
}

#[tokio::test]
async fn a_test_whose_time_is_up_says_so_and_still_cleans_up() {
    let (s3, server) = (
        lab::s3s().await,
        Datastored::start(&["--test-timeout", "2s", "--check-timeout", "4s"]),
    );
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let (_get, _parts) = (proxy.hold("GetObject"), proxy.hold("ListParts"));
    let report = report(&server, config, Role::Enrichment).await;
    let expected = [
        "LIST_OBJECTS PASSED",
        "LIST_MULTIPART_UPLOADS PASSED",
        "GET_OBJECT INCONCLUSIVE TIMEOUT",
        "PUT_OBJECT PASSED",
        "DELETE_OBJECT INCONCLUSIVE TIMEOUT",
        "ABORT_MULTIPART_UPLOAD INCONCLUSIVE TIMEOUT",
        "LIST_PARTS INCONCLUSIVE TIMEOUT",
    ];
    assert_eq!(verdicts(&report), expected);
    let words = "The test as a whole";
    let whole = report.checks.iter().filter_map(|c| c.finding.as_ref());
    assert!(whole.into_iter().all(|f| f.title.starts_with(words)));
    assert_eq!(report.residue, []);
    assert_holds(&s3, &bucket, &[]).await;
}
