//! What is tried again: a refusal while the policy may be too new, and a call that S3 asked to slow down.

use datastored::pb::{self, Check, FindingReason, Outcome, Verdict};

use super::{assert_passed, check, finding, report_with};
use crate::connection::watch::watch_with;
use crate::connection::{assert_holds, behind_a_proxy, report};
use crate::lab::proxy::{EVERY, Reply};
use crate::lab::rule::{Rule, When};
use crate::lab::{self, Keys};
use crate::server::Datastored;

/// The keys of nobody.
pub fn any_keys() -> Keys {
    Keys {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
    }
}

fn patient(seconds: i64) -> pb::TestConnectionRequest {
    pb::TestConnectionRequest {
        retry_access_denied_for: Some(prost_types::Duration { seconds, nanos: 0 }),
        ..pb::TestConnectionRequest::default()
    }
}

fn denial() -> Reply {
    Reply::error(403, "AccessDenied", "Access Denied")
}

#[tokio::test]
async fn a_policy_that_is_too_new_is_waited_for_and_shown_as_retrying() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let enrichment = pb::Role::Enrichment;
    for (operation, of) in [
        ("ListObjectsV2", Check::ListObjects),
        ("PutObject", Check::PutObject),
        ("CreateMultipartUpload", Check::PutObject),
        ("DeleteObject", Check::DeleteObject),
        ("ListParts", Check::ListParts),
    ] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        proxy.rule(operation, Rule::reply(When::Always, denial()).first(1));
        let watched = watch_with(&server, config, enrichment, patient(60)).await;
        let mut watched = watched.expect("the test starts");
        watched.until(of, Verdict::Retrying).await;
        assert_passed(&watched.ended().await);
        assert_holds(&s3, &bucket, &[]).await;
    }
}

#[tokio::test]
async fn a_key_that_is_too_new_is_waited_for() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let unknown = Reply::error(403, "InvalidAccessKeyId", "It does not exist.");
    proxy.rule(EVERY, Rule::reply(When::Always, unknown).first(4));
    let report = report_with(&server, config, pb::Role::Enrichment, patient(60)).await;
    assert_passed(&report);
}

#[tokio::test]
async fn a_refusal_that_stays_is_believed_in_the_end_and_at_once_without_patience() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    for (options, at_least) in [(patient(1), 2), (patient(0), 1)] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        proxy.answer("PutObject", denial());
        proxy.answer("CreateMultipartUpload", denial());
        let report = report_with(&server, config, pb::Role::Enrichment, options).await;
        assert_eq!(check(&report, Check::PutObject).verdict(), Verdict::Failed);
        assert_eq!(report.missing_actions, ["s3:PutObject"]);
        assert!(proxy.calls("PutObject") >= at_least);
        assert!(at_least > 1 || proxy.calls("PutObject") == 1);
        assert_holds(&s3, &bucket, &[]).await;
    }
}

#[tokio::test]
async fn a_call_that_s3_asked_to_slow_down_is_sent_again() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    for (status, code) in [
        (503, "SlowDown"),
        (500, "InternalError"),
        (503, "ServiceUnavailable"),
    ] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        for operation in ["ListObjectsV2", "GetObject", "PutObject", "ListParts"] {
            let slow = Reply::error(status, code, "Please reduce your request rate.");
            proxy.rule(operation, Rule::reply(When::Always, slow).first(1));
        }
        let report = report(&server, config, pb::Role::Enrichment).await;
        assert_passed(&report);
        for (of, attempts) in [
            (Check::ListObjects, 2),
            (Check::GetObject, 2),
            (Check::ListParts, 2),
            (Check::ListMultipartUploads, 1),
        ] {
            let evidence = check(&report, of).evidence.expect("proof");
            assert_eq!(evidence.attempts, attempts, "{code} {of:?}");
        }
        assert_holds(&s3, &bucket, &[]).await;
    }
}

#[tokio::test]
async fn a_store_that_asks_to_slow_down_again_and_again_says_nothing_of_a_permission() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    proxy.answer("ListObjectsV2", Reply::error(503, "SlowDown", "Slow down."));
    let report = report(&server, config, pb::Role::Enrichment).await;
    let list = check(&report, Check::ListObjects);
    assert_eq!(list.verdict(), Verdict::Inconclusive);
    assert_eq!(list.evidence.expect("proof").attempts, 3);
    let finding = finding(&report, Check::ListObjects);
    assert_eq!(finding.reason(), FindingReason::Throttled);
    assert_eq!(report.outcome(), Outcome::Inconclusive);
    assert_eq!(report.missing_actions, Vec::<String>::new());
    assert_holds(&s3, &bucket, &[]).await;
}
