//! The traps of S3 that no server here sets by itself: a proxy in front of a real one sets them, and no verdict falls into them.

mod clock;
mod denial;
mod faults;
mod listed;
mod lock;
mod policy;
mod region;
mod retrying;
mod sample;
mod style;
mod tls;
mod writing;

use datastored::pb::{self, Check, ConnectionTestReport, Outcome, Verdict};

use crate::connection::watch::{verdicts, watch_with};
use crate::server::Datastored;

/// The report of a test with options that are in the request already.
async fn report_with(
    server: &Datastored,
    s3: pb::S3Config,
    role: pb::Role,
    options: pb::TestConnectionRequest,
) -> ConnectionTestReport {
    let watched = watch_with(server, s3, role, options).await;
    watched.expect("the test starts").ended().await
}

/// Asserts that every check has passed and nothing is left.
fn assert_passed(report: &ConnectionTestReport) {
    assert_eq!(
        report.outcome(),
        Outcome::Passed,
        "{:?}: {report:?}",
        verdicts(report)
    );
    assert_eq!(report.residue, []);
    assert_eq!(report.missing_policy, "");
    assert_eq!(report.missing_actions, Vec::<String>::new());
}

/// Asserts that the whole connection has one cause, on which every check that did not end before it is skipped.
pub fn assert_broken(report: &ConnectionTestReport, reason: pb::FindingReason) -> pb::Finding {
    let cause = report.connection_finding.clone();
    let cause = cause.unwrap_or_else(|| panic!("no cause: {report:?}"));
    assert_eq!(cause.reason(), reason, "{cause:?}");
    assert_eq!(report.outcome(), Outcome::Failed);
    for check in &report.checks {
        assert_eq!(check.verdict(), Verdict::Skipped, "{check:?}");
        assert_eq!(check.skipped_because_of(), Check::Unspecified, "{check:?}");
    }
    assert_eq!(report.missing_policy, "");
    cause
}

/// One check of a report.
fn check(report: &ConnectionTestReport, check: Check) -> pb::CheckResult {
    let found = report.checks.iter().find(|c| c.check() == check);
    found.expect("a check of the plan").clone()
}

/// The finding of one check of a report.
fn finding(report: &ConnectionTestReport, of: Check) -> pb::Finding {
    let check = check(report, of);
    check.finding.unwrap_or_else(|| panic!("{of:?} passed"))
}
