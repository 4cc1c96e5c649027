//! Object Lock: what is written into a bucket that locks new objects could not be removed, so nothing is.

use aws_sdk_s3::types::{
    DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode,
    ObjectLockRule,
};
use datastored::pb::{self, Role};
use uuid::Uuid;

use super::assert_passed;
use crate::connection::watch::verdicts;
use crate::connection::{assert_holds, behind_a_proxy, config, report};
use crate::lab::proxy::Reply;
use crate::lab::{self, Server, policies};
use crate::server::Datastored;

/// A bucket whose new objects are locked for a day.
async fn locking_bucket(s3: &Server) -> String {
    let bucket = format!("lab-{}", Uuid::new_v4().simple());
    let call = s3.s3().create_bucket().bucket(&bucket);
    let made = call.object_lock_enabled_for_bucket(true).send().await;
    made.expect("the administrator may create a bucket");
    let a_day = DefaultRetention::builder()
        .mode(ObjectLockRetentionMode::Governance)
        .days(1)
        .build();
    let rule = ObjectLockRule::builder().default_retention(a_day).build();
    let locked = ObjectLockConfiguration::builder()
        .object_lock_enabled(ObjectLockEnabled::Enabled)
        .rule(rule)
        .build();
    let call = s3.s3().put_object_lock_configuration().bucket(&bucket);
    let sent = call.object_lock_configuration(locked).send().await;
    sent.expect("the administrator may lock");
    bucket
}

async fn test(s3: &Server, bucket: &str, policy: &str) -> pb::ConnectionTestReport {
    let server = Datastored::start(&[]);
    let keys = s3.user(policy).await;
    let config = config(s3, &format!("s3://{bucket}/here"), &keys);
    report(&server, config, Role::Enrichment).await
}

#[tokio::test]
async fn a_bucket_that_locks_new_objects_is_tested_without_one() {
    let s3 = lab::moto().await;
    let bucket = locking_bucket(&s3).await;
    let report = test(&s3, &bucket, &policies::enrichment(&bucket)).await;
    let expected = [
        "LIST_OBJECTS PASSED",
        "LIST_MULTIPART_UPLOADS PASSED",
        "GET_OBJECT INCONCLUSIVE NO_OBJECT_TO_READ",
        "PUT_OBJECT PASSED",
        "DELETE_OBJECT PASSED",
        "ABORT_MULTIPART_UPLOAD PASSED",
        "LIST_PARTS PASSED",
    ];
    assert_eq!(verdicts(&report), expected);
    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
    assert!(report.warnings[0].contains("Object Lock"));
    assert_eq!(report.residue, []);
    assert_eq!(s3.versions_in(&bucket).await, []);
    assert_eq!(s3.open_uploads(&bucket).await, []);
}

#[tokio::test]
async fn an_object_that_is_there_is_read_in_a_bucket_that_locks() {
    let s3 = lab::moto().await;
    let bucket = locking_bucket(&s3).await;
    let call = s3.s3().put_object().bucket(&bucket).key("here/a.csv");
    // Of the empty content: a lock wants to know what it locks.
    let call = call.content_md5("1B2M2Y8AsgTpgAmY7PhCfg==");
    call.send().await.expect("the administrator may put");
    let report = test(&s3, &bucket, &policies::enrichment(&bucket)).await;
    assert_eq!(
        report.outcome(),
        pb::Outcome::Passed,
        "{:?}",
        verdicts(&report)
    );
    assert_eq!(s3.versions_in(&bucket).await.len(), 1);
}

/// Neither an object nor an upload could be removed.
#[tokio::test]
async fn who_may_not_abort_writes_nothing_into_a_bucket_that_locks() {
    let s3 = lab::moto().await;
    let bucket = locking_bucket(&s3).await;
    let abort = "s3:AbortMultipartUpload";
    let policy = policies::enrichment_without(&bucket, abort, s3.kind());
    let report = test(&s3, &bucket, &policy).await;
    assert_eq!(
        verdicts(&report)[3],
        "PUT_OBJECT SKIPPED by ABORT_MULTIPART_UPLOAD"
    );
    assert_eq!(report.missing_actions, [abort]);
    assert_eq!(s3.versions_in(&bucket).await, []);
    assert_eq!(s3.open_uploads(&bucket).await, []);
}

/// The seven actions do not include reading the configuration, and not every store has one.
#[tokio::test]
async fn a_bucket_that_does_not_tell_whether_it_locks_is_tested_as_ever() {
    let server = Datastored::start(&["--check-timeout", "2s"]);
    let s3 = lab::s3s().await;
    let reply = |status, content_type, body: &str| Reply {
        status,
        content_type,
        body: body.to_owned(),
    };
    for answer in [
        Reply::error(403, "AccessDenied", "Access Denied"),
        Reply::error(404, "ObjectLockConfigurationNotFoundError", "None."),
        Reply::error(501, "NotImplemented", "no"),
        Reply::error(403, "SignatureDoesNotMatch", "no"),
        reply(404, "application/xml", ""),
        reply(200, "application/xml", "<ListBucketResult/>"),
        reply(200, "text/html", "<html>Sign in</html>"),
    ] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        proxy.answer("GetObjectLockConfiguration", answer.clone());
        let found = report(&server, config, Role::Enrichment).await;
        assert_passed(&found);
        assert_eq!(found.warnings, Vec::<String>::new(), "{answer:?}");
        assert_eq!(found.suggested_config, None, "{answer:?}");
        assert_holds(&s3, &bucket, &[]).await;
    }
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let _held = proxy.hold("GetObjectLockConfiguration");
    assert_passed(&report(&server, config, Role::Enrichment).await);
    assert_holds(&s3, &bucket, &[]).await;
}
