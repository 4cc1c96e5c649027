//! The guide's two policies pass, and each action that is taken away fails alone, on every server of the lab.

use datastored::pb::{self, Check, Verdict};

use super::{assert_holds, config, put, report, verdicts};
use crate::lab::{self, Kind, Server, policies};
use crate::server::Datastored;

/// What follows when one action is missing.
struct Missing {
    action: &'static str,
    check: Check,
    /// The calls that can be the first to be refused.
    calls: &'static [&'static str],
    /// The checks that cannot be tried, with an object under the prefix that can be read.
    skipped: &'static [Check],
    /// Whether without such an object there is nothing to read.
    leaves_nothing_to_read: bool,
}

const fn missing(action: &'static str, check: Check, calls: &'static [&'static str]) -> Missing {
    Missing {
        action,
        check,
        calls,
        skipped: &[],
        leaves_nothing_to_read: false,
    }
}

/// The seven actions, in the order of the report.
const EACH: [Missing; 7] = [
    missing("s3:ListBucket", Check::ListObjects, &["ListObjectsV2"]),
    missing(
        "s3:ListBucketMultipartUploads",
        Check::ListMultipartUploads,
        &["ListMultipartUploads"],
    ),
    missing("s3:GetObject", Check::GetObject, &["GetObject"]),
    Missing {
        skipped: &[
            Check::DeleteObject,
            Check::AbortMultipartUpload,
            Check::ListParts,
        ],
        leaves_nothing_to_read: true,
        // The two are sent at once.
        ..missing(
            "s3:PutObject",
            Check::PutObject,
            &["PutObject", "CreateMultipartUpload"],
        )
    },
    Missing {
        leaves_nothing_to_read: true,
        ..missing("s3:DeleteObject", Check::DeleteObject, &["DeleteObject"])
    },
    Missing {
        skipped: &[Check::ListParts],
        ..missing(
            "s3:AbortMultipartUpload",
            Check::AbortMultipartUpload,
            &["AbortMultipartUpload"],
        )
    },
    missing(
        "s3:ListMultipartUploadParts",
        Check::ListParts,
        &["ListParts"],
    ),
];

const EXISTING: &str = "anomalies/2026/kept.json";

fn name(check: Check) -> &'static str {
    check.as_str_name().trim_start_matches("CHECK_")
}

impl Missing {
    /// Every line of the report.
    fn lines(&self, beside_an_object: bool) -> Vec<String> {
        let line = |m: &Missing| {
            let nothing_to_read = self.leaves_nothing_to_read && m.check == Check::GetObject;
            if m.check == self.check {
                format!("{} FAILED ACCESS_DENIED", name(m.check))
            } else if self.skipped.contains(&m.check) || nothing_to_read && !beside_an_object {
                format!("{} SKIPPED by {}", name(m.check), name(self.check))
            } else {
                format!("{} PASSED", name(m.check))
            }
        };
        EACH.iter().map(line).collect()
    }

    /// Where the action is to be granted.
    fn resource(&self, bucket: &str) -> String {
        match self.check {
            Check::ListObjects | Check::ListMultipartUploads => format!("arn:aws:s3:::{bucket}"),
            _ => format!("arn:aws:s3:::{bucket}/anomalies/*"),
        }
    }

    fn assert_reported(&self, report: &pb::ConnectionTestReport, bucket: &str, object: bool) {
        let action = self.action;
        assert_eq!(verdicts(report), self.lines(object), "{action}");
        assert_eq!(report.outcome(), pb::Outcome::Failed, "{action}");
        assert_eq!(report.missing_actions, [action]);
        assert_nothing_else(report);
        let check = report.checks.iter().find(|c| c.check() == self.check);
        let check = check.expect("every check is in the report");
        assert_eq!(check.action, action);
        let finding = check.finding.as_ref().expect("a failure has a finding");
        let resource = self.resource(bucket);
        assert_eq!(finding.resource, resource);
        assert_eq!(finding.missing_action, action);
        assert_eq!(finding.remedy, format!("Grant {action} on {resource}."));
        assert!(finding.title.contains(action), "{}", finding.title);
        let evidence = check.evidence.as_ref().expect("a failure has evidence");
        assert!(self.calls.contains(&&*evidence.operation), "{evidence:?}");
        assert_eq!(evidence.http_status, 403, "{action}");
        assert_eq!(evidence.s3_error_code, "AccessDenied", "{action}");
    }
}

/// No finding about the connection, nothing left behind, no warning; and each pass has a success as its proof.
fn assert_nothing_else(report: &pb::ConnectionTestReport) {
    assert_eq!(report.connection_finding, None);
    assert_eq!(report.residue, []);
    assert_eq!(report.warnings, Vec::<String>::new());
    for check in report
        .checks
        .iter()
        .filter(|c| c.verdict() == Verdict::Passed)
    {
        let evidence = check.evidence.as_ref().expect("a pass has evidence");
        assert!((200..300).contains(&evidence.http_status), "{check:?}");
    }
}

fn assert_all_passed(report: &pb::ConnectionTestReport, number: usize) {
    let lines = EACH.iter().take(number);
    let lines: Vec<String> = lines.map(|m| format!("{} PASSED", name(m.check))).collect();
    assert_eq!(verdicts(report), lines);
    assert_eq!(report.outcome(), pb::Outcome::Passed);
    assert_eq!(report.missing_actions, Vec::<String>::new());
    assert_nothing_else(report);
}

async fn the_policies_of_the_guide_pass(s3: &Server) {
    let server = Datastored::start(&[]);
    let bucket = s3.bucket().await;
    let uri = format!("s3://{bucket}/anomalies");
    let source = s3.user(&policies::source(&bucket)).await;
    let enrichment = s3.user(&policies::enrichment(&bucket)).await;

    let config_of_enrichment = config(s3, &uri, &enrichment);
    let found = report(&server, config_of_enrichment.clone(), pb::Role::Enrichment).await;
    assert_all_passed(&found, 7);
    assert_holds(s3, &bucket, &[]).await;

    put(s3, &bucket, EXISTING, b"{}").await;
    let found = report(&server, config_of_enrichment, pb::Role::Enrichment).await;
    assert_all_passed(&found, 7);
    let found = report(&server, config(s3, &uri, &source), pb::Role::Source).await;
    assert_all_passed(&found, 3);
    assert_holds(s3, &bucket, &[EXISTING]).await;
}

async fn each_missing_action_is_named(s3: &Server) {
    let server = Datastored::start(&[]);
    for missing in &EACH {
        let bucket = s3.bucket().await;
        let policy = policies::enrichment_without(&bucket, missing.action, s3.kind());
        let keys = s3.user(&policy).await;
        let config = config(s3, &format!("s3://{bucket}/anomalies"), &keys);

        let in_empty = report(&server, config.clone(), pb::Role::Enrichment).await;
        missing.assert_reported(&in_empty, &bucket, false);
        assert_holds(s3, &bucket, &[]).await;

        put(s3, &bucket, EXISTING, b"{}").await;
        let beside_an_object = report(&server, config, pb::Role::Enrichment).await;
        missing.assert_reported(&beside_an_object, &bucket, true);
        assert_holds(s3, &bucket, &[EXISTING]).await;
    }
}

/// Without the rights to remove nothing is written, and each skip names the check that has to be mended first.
async fn users_of_few_rights_are_told_all_that_is_known_and_nothing_is_written(s3: &Server) {
    let server = Datastored::start(&[]);
    let bucket = s3.bucket().await;
    let unknown = [
        "GET_OBJECT SKIPPED by DELETE_OBJECT",
        "PUT_OBJECT SKIPPED by DELETE_OBJECT",
        "DELETE_OBJECT FAILED ACCESS_DENIED",
        "ABORT_MULTIPART_UPLOAD FAILED ACCESS_DENIED",
        "LIST_PARTS SKIPPED by ABORT_MULTIPART_UPLOAD",
    ];
    for (policy, listing) in [
        (policies::source(&bucket), "PASSED"),
        (policies::nothing(), "FAILED ACCESS_DENIED"),
    ] {
        let keys = s3.user(&policy).await;
        let config = config(s3, &format!("s3://{bucket}/anomalies"), &keys);
        let report = report(&server, config, pb::Role::Enrichment).await;
        let lists = ["LIST_OBJECTS", "LIST_MULTIPART_UPLOADS"].map(|c| format!("{c} {listing}"));
        assert_eq!(verdicts(&report)[..2], lists);
        assert_eq!(verdicts(&report)[2..], unknown);
        assert_eq!(report.outcome(), pb::Outcome::Failed);
    }
    assert_holds(s3, &bucket, &[]).await;
}

/// A policy for one prefix passes there, and not at the root of its bucket.
async fn a_policy_for_a_prefix_passes_there_alone(s3: &Server) {
    let server = Datastored::start(&[]);
    let bucket = s3.bucket().await;
    let keys = s3.user(&policies::prefix_scoped(&bucket, "team/a")).await;
    let at = |uri: String| report(&server, config(s3, &uri, &keys), pb::Role::Enrichment);

    assert_all_passed(&at(format!("s3://{bucket}/team/a")).await, 7);
    let at_the_root = at(format!("s3://{bucket}")).await;
    let listing = if s3.kind() == Kind::Moto {
        // moto does not look at the condition on s3:prefix.
        "LIST_OBJECTS PASSED"
    } else {
        "LIST_OBJECTS FAILED ACCESS_DENIED"
    };
    // No condition confines the listing of uploads.
    let listings = [listing, "LIST_MULTIPART_UPLOADS PASSED"];
    assert_eq!(verdicts(&at_the_root)[..2], listings);
    let nothing_removable = [
        "PUT_OBJECT SKIPPED by DELETE_OBJECT",
        "DELETE_OBJECT FAILED ACCESS_DENIED",
        "ABORT_MULTIPART_UPLOAD FAILED ACCESS_DENIED",
        "LIST_PARTS SKIPPED by ABORT_MULTIPART_UPLOAD",
    ];
    assert_eq!(verdicts(&at_the_root)[3..], nothing_removable);
    assert_eq!(at_the_root.outcome(), pb::Outcome::Failed);
    assert_holds(s3, &bucket, &[]).await;
}

#[tokio::test]
async fn on_moto_the_policies_of_the_guide_pass() {
    the_policies_of_the_guide_pass(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_the_policies_of_the_guide_pass() {
    the_policies_of_the_guide_pass(lab::seaweedfs().await.as_ref()).await;
}

#[tokio::test]
async fn on_s3s_the_policies_of_the_guide_pass() {
    the_policies_of_the_guide_pass(lab::s3s().await.as_ref()).await;
}

#[tokio::test]
async fn on_moto_each_missing_action_is_named_and_nothing_is_left() {
    each_missing_action_is_named(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_each_missing_action_is_named_and_nothing_is_left() {
    each_missing_action_is_named(lab::seaweedfs().await.as_ref()).await;
}

#[tokio::test]
async fn on_s3s_each_missing_action_is_named_and_nothing_is_left() {
    each_missing_action_is_named(lab::s3s().await.as_ref()).await;
}

#[tokio::test]
async fn on_moto_users_of_few_rights_are_told_all_that_is_known() {
    let s3 = lab::moto().await;
    users_of_few_rights_are_told_all_that_is_known_and_nothing_is_written(&s3).await;
}

#[tokio::test]
async fn on_seaweedfs_users_of_few_rights_are_told_all_that_is_known() {
    let s3 = lab::seaweedfs().await;
    users_of_few_rights_are_told_all_that_is_known_and_nothing_is_written(&s3).await;
}

#[tokio::test]
async fn on_moto_a_policy_for_a_prefix_passes_there_alone() {
    a_policy_for_a_prefix_passes_there_alone(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_a_policy_for_a_prefix_passes_there_alone() {
    a_policy_for_a_prefix_passes_there_alone(lab::seaweedfs().await.as_ref()).await;
}

#[tokio::test]
async fn on_s3s_a_policy_for_a_prefix_passes_there_alone() {
    a_policy_for_a_prefix_passes_there_alone(lab::s3s().await.as_ref()).await;
}
