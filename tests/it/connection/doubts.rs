//! Stores that say one thing and do another: what such an answer must not be taken for.

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use datastored::pb::{self, Role};

use super::remedy::carry_out;
use super::versions::{left_in, versioned_bucket};
use super::{assert_holds, behind_a_proxy, config, report, verdicts, watch};
use crate::lab::proxy::{Reply, release};
use crate::lab::{self, eventually, policies};
use crate::server::Datastored;

/// A reply of success without a body.
fn no_content() -> Reply {
    Reply {
        status: 204,
        content_type: "application/xml",
        body: String::new(),
    }
}

#[tokio::test]
async fn a_delete_that_is_confirmed_and_not_done_does_not_pass() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    proxy.answer("DeleteObject", no_content());
    let report = report(&server, config, Role::Enrichment).await;
    assert_eq!(
        verdicts(&report)[4],
        "DELETE_OBJECT INCONCLUSIVE NOT_REMOVED"
    );
    assert_eq!(report.outcome(), pb::Outcome::Inconclusive);
    let [residue] = &report.residue[..] else {
        panic!("the canary is left: {:?}", report.residue);
    };
    assert_holds(&s3, &bucket, &[&residue.key]).await;
    carry_out(&s3, proxy.endpoint(), &residue.remedy).await;
    assert_holds(&s3, &bucket, &[]).await;
}

/// A proxy on the way may change requests of one kind; the keys have signed others that were carried out.
#[tokio::test]
async fn a_signature_that_one_call_alone_is_refused_for_does_not_condemn_the_keys() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    proxy.answer(
        "PutObject",
        Reply::error(403, "SignatureDoesNotMatch", "no"),
    );
    let report = report(&server, config, Role::Enrichment).await;
    assert_eq!(report.connection_finding, None);
    assert_eq!(verdicts(&report)[3], "PUT_OBJECT INCONCLUSIVE S3_ERROR");
    assert_eq!(report.missing_actions, Vec::<String>::new());
    assert_holds(&s3, &bucket, &[]).await;
}

/// The refusal comes before any other answer.
#[tokio::test]
async fn keys_are_not_condemned_before_another_call_has_been_answered() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    for code in ["SignatureDoesNotMatch", "InvalidAccessKeyId"] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        proxy.answer("DeleteObject", Reply::error(403, code, "no"));
        let others = [
            "ListObjectsV2",
            "ListMultipartUploads",
            "AbortMultipartUpload",
        ];
        let held = others.map(|operation| proxy.hold(operation));
        let watched = watch(&server, config, Role::Enrichment).await;
        for held in &held {
            held.one_waits().await;
        }
        eventually("the refusal is sent", || async {
            proxy.calls("DeleteObject") > 0
        })
        .await;
        release(&held);
        let report = watched.ended().await;
        assert_eq!(report.connection_finding, None, "{code}");
        assert_eq!(verdicts(&report)[4], "DELETE_OBJECT INCONCLUSIVE S3_ERROR");
        assert_eq!(verdicts(&report)[3], "PUT_OBJECT PASSED");
        assert_eq!(report.missing_actions, Vec::<String>::new());
        assert_holds(&s3, &bucket, &[]).await;
    }
}

#[tokio::test]
async fn a_store_without_multipart_uploads_may_still_be_written_to() {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    proxy.answer(
        "CreateMultipartUpload",
        Reply::error(501, "NotImplemented", "no"),
    );
    let report = report(&server, config, Role::Enrichment).await;
    let expected = [
        "LIST_OBJECTS PASSED",
        "LIST_MULTIPART_UPLOADS PASSED",
        "GET_OBJECT PASSED",
        "PUT_OBJECT PASSED",
        "DELETE_OBJECT PASSED",
        "ABORT_MULTIPART_UPLOAD INCONCLUSIVE NOT_IMPLEMENTED",
        "LIST_PARTS INCONCLUSIVE NOT_IMPLEMENTED",
    ];
    assert_eq!(verdicts(&report), expected);
    assert_holds(&s3, &bucket, &[]).await;
}

/// SeaweedFS marks what is deleted then as AWS does, with the version `null`; moto does not.
#[tokio::test]
async fn a_marker_in_a_bucket_whose_versioning_is_suspended_is_named() {
    let (s3, server) = (lab::seaweedfs().await, Datastored::start(&[]));
    let bucket = versioned_bucket(&s3).await;
    let suspended = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Suspended)
        .build();
    let call = s3.s3().put_bucket_versioning().bucket(&bucket);
    let sent = call.versioning_configuration(suspended).send().await;
    sent.expect("the administrator may suspend versioning");
    let keys = s3.user(&policies::enrichment(&bucket)).await;
    let config = config(&s3, &format!("s3://{bucket}"), &keys);
    let report = report(&server, config, Role::Enrichment).await;
    let left = left_in(&s3, &bucket).await;
    let named = report.residue.iter();
    let named: std::collections::BTreeSet<_> = named
        .map(|r| (r.key.clone(), r.version_id.clone()))
        .collect();
    assert_eq!(named, left);
    assert!(!left.is_empty(), "the marker is left");
}
