//! Objects and uploads are put by the same right: when one is refused and the other is not, it is not the right that is missing.

use datastored::pb::{self, Check};

use super::{check, finding};
use crate::connection::watch::{verdicts, watch};
use crate::connection::{assert_holds, behind_a_proxy};
use crate::lab::proxy::Reply;
use crate::lab::{self, eventually};
use crate::server::Datastored;

/// The refusal of a KMS key, a condition or a missing right: one and the same.
fn denial() -> Reply {
    Reply::error(403, "AccessDenied", "Access Denied")
}

/// One of the two ways of writing is refused, `last` of them being answered after the other.
async fn when_refused(operation: &'static str, last: &'static str) -> pb::ConnectionTestReport {
    let (s3, server) = (lab::s3s().await, Datastored::start(&[]));
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let held = proxy.hold(last);
    proxy.answer(operation, denial());
    let watched = watch(&server, config, pb::Role::Enrichment).await;
    held.one_waits().await;
    eventually("both are sent", || async {
        ["PutObject", "CreateMultipartUpload"].map(|o| proxy.calls(o)) == [1, 1]
    })
    .await;
    held.release();
    let report = watched.ended().await;
    assert_eq!(report.missing_actions, Vec::<String>::new());
    assert_eq!(report.missing_policy, "");
    assert_eq!(report.outcome(), pb::Outcome::Inconclusive);
    assert_holds(&s3, &bucket, &[]).await;
    report
}

#[tokio::test]
async fn a_refused_upload_is_no_missing_right_to_put_objects_when_one_was_put() {
    for last in ["PutObject", "CreateMultipartUpload"] {
        let report = when_refused("CreateMultipartUpload", last).await;
        let expected = [
            "LIST_OBJECTS PASSED",
            "LIST_MULTIPART_UPLOADS PASSED",
            "GET_OBJECT PASSED",
            "PUT_OBJECT PASSED",
            "DELETE_OBJECT PASSED",
            "ABORT_MULTIPART_UPLOAD INCONCLUSIVE ACCESS_DENIED",
            "LIST_PARTS INCONCLUSIVE ACCESS_DENIED",
        ];
        assert_eq!(verdicts(&report), expected, "{last} last");
        let put = check(&report, Check::PutObject).evidence.expect("proof");
        assert_eq!(put.operation, "PutObject");
        let said = finding(&report, Check::ListParts);
        assert!(said.title.contains("objects can be written"), "{said:?}");
        assert!(said.remedy.contains("kms:Decrypt"), "{said:?}");
    }
}

#[tokio::test]
async fn a_refused_object_is_no_missing_right_to_put_objects_when_an_upload_was_started() {
    for last in ["PutObject", "CreateMultipartUpload"] {
        let report = when_refused("PutObject", last).await;
        let expected = [
            "LIST_OBJECTS PASSED",
            "LIST_MULTIPART_UPLOADS PASSED",
            "GET_OBJECT SKIPPED by PUT_OBJECT",
            "PUT_OBJECT INCONCLUSIVE ACCESS_DENIED",
            "DELETE_OBJECT SKIPPED by PUT_OBJECT",
            "ABORT_MULTIPART_UPLOAD PASSED",
            "LIST_PARTS PASSED",
        ];
        assert_eq!(verdicts(&report), expected, "{last} last");
        let said = finding(&report, Check::PutObject);
        assert!(said.title.contains("upload could be started"), "{said:?}");
        assert!(said.remedy.contains("condition"), "{said:?}");
    }
}
