//! Connection tests, their checks, their findings and their calls of S3 are counted.

use datastored::pb::test_connection_request::Target;
use datastored::pb::{self, Role};
use tonic::Code;

use super::{Page, shows, start};
use crate::connection::{behind_a_proxy, config, put, report, watch};
use crate::lab::{self, policies};
use crate::server::datastore;

#[tokio::test]
async fn a_test_is_counted_with_its_role_outcome_findings_checks_and_calls() {
    let (s3, server) = (lab::s3s().await, start(&[]));
    let bucket = s3.bucket().await;
    put(&s3, &bucket, "an-object", b"text").await;
    let uri = format!("s3://{bucket}");
    let may = config(&s3, &uri, &s3.user(&policies::source(&bucket)).await);
    let passed = report(&server, may.clone(), Role::Source).await;
    assert_eq!(passed.outcome(), pb::Outcome::Passed);
    let failed = report(&server, may, Role::Enrichment).await;
    assert_eq!(failed.outcome(), pb::Outcome::Failed);

    let tests = "datastored_connection_tests_total";
    let of_sources = ["role=\"SOURCE\"", "outcome=\"PASSED\""];
    shows(&server, tests, &of_sources, 1.0).await;
    let of_enrichments = ["role=\"ENRICHMENT\"", "outcome=\"FAILED\""];
    shows(&server, tests, &of_enrichments, 1.0).await;
    let page = Page::of(&server).await;
    let value = |name: &str, labels: &[&str]| page.value(name, labels);

    let with = |verdict| failed.checks.iter().filter(move |c| c.verdict() == verdict);
    let denied = with(pb::Verdict::Failed).count();
    assert!(denied > 0, "{failed:?}");
    #[expect(clippy::cast_precision_loss, reason = "there are seven checks")]
    let denied = denied as f64;
    let findings = "datastored_connection_test_findings_total";
    let reasons = value(findings, &["reason=\"ACCESS_DENIED\""]);
    assert!((reasons - denied).abs() < 0.5, "{}", page.0);

    let checks = "datastored_check_duration_seconds";
    let list = ["check=\"LIST_OBJECTS\"", "verdict=\"PASSED\""];
    assert!((value(&format!("{checks}_count"), &list) - 2.0).abs() < 0.5);
    assert!(value(&format!("{checks}_sum"), &list) > 0.0);
    let delete = ["check=\"DELETE_OBJECT\"", "verdict=\"FAILED\""];
    assert!((value(&format!("{checks}_count"), &delete) - 1.0).abs() < 0.5);

    let calls = "datastored_s3_calls_total";
    let listed = ["operation=\"ListObjectsV2\"", "result=\"ok\""];
    assert!(value(calls, &listed) >= 2.0, "{}", page.0);
    let refused = ["operation=\"DeleteObject\"", "result=\"AccessDenied\""];
    assert!(value(calls, &refused) >= 1.0, "{}", page.0);
    let took = "datastored_s3_call_duration_seconds_sum";
    assert!(value(took, &["operation=\"ListObjectsV2\""]) > 0.0);
    for hidden in [&bucket, s3.endpoint(), "an-object"] {
        assert!(!page.0.contains(hidden), "{hidden} is in {}", page.0);
    }
}

#[tokio::test]
async fn a_call_of_s3_that_is_never_answered_is_given_up_and_counted() {
    let s3 = lab::s3s().await;
    let server = start(&["--check-timeout", "100ms"]);
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let _held = proxy.hold("ListObjectsV2");
    report(&server, config, Role::Source).await;
    let given_up = ["operation=\"ListObjectsV2\"", "result=\"given_up\""];
    shows(&server, "datastored_s3_calls_total", &given_up, 1.0).await;
}

#[tokio::test]
async fn a_test_too_many_is_a_limit_hit() {
    let s3 = lab::s3s().await;
    let server = start(&["--max-concurrent-tests", "1"]);
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    let held = proxy.hold("ListObjectsV2");
    let first = watch::watch(&server, config.clone(), Role::Source).await;
    held.one_waits().await;
    let target = Target::Datastore(datastore("", Role::Source, config));
    let refused = watch::start(&server, target, Role::Unspecified).await;
    assert_eq!(
        refused.err().map(|s| s.code()),
        Some(Code::ResourceExhausted)
    );
    let labels = ["limit=\"max-concurrent-tests\""];
    shows(&server, "datastored_limits_hit_total", &labels, 1.0).await;
    held.release();
    first.ended().await;
}
