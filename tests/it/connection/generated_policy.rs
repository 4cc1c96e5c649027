//! The policy that is generated closes the loop: who holds it passes every check, and each action that is taken from it fails alone.

use datastored::pb::generate_iam_policy_request::Target;
use datastored::pb::{self, Outcome, Role, Verdict};

use super::{assert_holds, config, put, report, verdicts};
use crate::lab::{self, Server, policies};
use crate::server::Datastored;

/// The roles, and what follows the bucket in the URI: a prefix, or nothing.
const CASES: [(Role, &str); 4] = [
    (Role::Source, ""),
    (Role::Source, "/team/été 1"),
    (Role::Enrichment, ""),
    (Role::Enrichment, "/team/été 1"),
];

/// Under either prefix, so that there is something to read.
const EXISTING: &str = "team/été 1/kept.json";

async fn generated(server: &Datastored, uri: &str, role: Role) -> String {
    let request = pb::GenerateIamPolicyRequest {
        target: Some(Target::Uri(uri.to_owned())),
        role: role.into(),
        ..pb::GenerateIamPolicyRequest::default()
    };
    let answer = server.client().await.generate_iam_policy(request).await;
    answer.expect("a policy").into_inner().policy
}

/// The report of a test by a new user with that policy.
async fn tested_with(
    server: &Datastored,
    s3: &Server,
    uri: &str,
    role: Role,
    policy: &str,
) -> pb::ConnectionTestReport {
    let keys = s3.user(policy).await;
    report(server, config(s3, uri, &keys), role).await
}

async fn who_holds_the_generated_policy_passes_every_check(s3: &Server) {
    let server = Datastored::start(&[]);
    for (role, folder) in CASES {
        let bucket = s3.bucket().await;
        put(s3, &bucket, EXISTING, b"{}").await;
        let uri = format!("s3://{bucket}{folder}");
        let policy = generated(&server, &uri, role).await;
        let report = tested_with(&server, s3, &uri, role, &policy).await;
        let number = if role == Role::Source { 3 } else { 7 };
        let passed = report.checks.iter();
        let passed = passed.filter(|c| c.verdict() == Verdict::Passed).count();
        assert_eq!(passed, number, "{uri} {:?}", verdicts(&report));
        assert_eq!(report.outcome(), Outcome::Passed);
        assert_eq!(policies::actions_of(&policy).len(), number, "{policy}");
        assert_holds(s3, &bucket, &[EXISTING]).await;
    }
}

async fn without_any_one_of_its_actions_just_the_check_of_that_fails(s3: &Server) {
    let server = Datastored::start(&[]);
    for (role, folder) in CASES {
        let bucket = s3.bucket().await;
        put(s3, &bucket, EXISTING, b"{}").await;
        let uri = format!("s3://{bucket}{folder}");
        let whole = generated(&server, &uri, role).await;
        for action in policies::actions_of(&whole) {
            let policy = policies::without(&whole, &action, s3.kind());
            let report = tested_with(&server, s3, &uri, role, &policy).await;
            assert_only_failed(&report, &action);
        }
        assert_holds(s3, &bucket, &[EXISTING]).await;
    }
}

/// Asserts that the check of the action has failed for want of it; the others have passed, or could not be tried because of it.
fn assert_only_failed(report: &pb::ConnectionTestReport, action: &str) {
    let lines = verdicts(report);
    let of_action = report.checks.iter().find(|c| c.action == action);
    let of_action = of_action.expect("each action has a check");
    assert_eq!(of_action.verdict(), Verdict::Failed, "{action} {lines:?}");
    for check in report.checks.iter().filter(|c| c.action != action) {
        let is_skipped =
            check.verdict() == Verdict::Skipped && check.skipped_because_of() == of_action.check();
        let is_fine = is_skipped || check.verdict() == Verdict::Passed;
        assert!(is_fine, "{action} {lines:?}");
    }
    assert_eq!(report.missing_actions, [action]);
    assert_eq!(report.outcome(), Outcome::Failed);
}

#[tokio::test]
async fn on_moto_who_holds_the_generated_policy_passes_every_check() {
    who_holds_the_generated_policy_passes_every_check(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_who_holds_the_generated_policy_passes_every_check() {
    who_holds_the_generated_policy_passes_every_check(lab::seaweedfs().await.as_ref()).await;
}

#[tokio::test]
async fn on_moto_without_any_one_of_its_actions_just_the_check_of_that_fails() {
    let s3 = lab::moto().await;
    without_any_one_of_its_actions_just_the_check_of_that_fails(&s3).await;
}

#[tokio::test]
async fn on_seaweedfs_without_any_one_of_its_actions_just_the_check_of_that_fails() {
    let s3 = lab::seaweedfs().await;
    without_any_one_of_its_actions_just_the_check_of_that_fails(&s3).await;
}
