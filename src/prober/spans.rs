//! The spans of a connection test, of its checks, and of removing later what it has left.

use tracing::field::Empty;
use tracing::{Span, info_span};
use uuid::Uuid;

use crate::report::{Check, CheckResult, Outcome, Report, Tested, Verdict, word};
use crate::spans::{ERROR, TARGET};

/// That of a test, which begins.
pub(super) fn test(id: Uuid, tested: &Tested) -> Span {
    info_span!(
        target: TARGET,
        "connection test",
        otel.status_code = Empty,
        datastored.test.id = %id,
        datastored.test.role = word(&tested.role),
        datastored.test.uri = tested.s3.uri(),
        datastored.test.outcome = Empty,
        datastored.test.finding = Empty,
        datastored.test.residue = Empty,
    )
}

/// The test has ended so.
pub(super) fn tested(span: &Span, report: &Report) {
    let residue = u64::try_from(report.residue.len()).unwrap_or(u64::MAX);
    span.record("datastored.test.residue", residue);
    span.record("datastored.test.outcome", word(&report.outcome));
    if let Some(finding) = &report.connection_finding {
        span.record("datastored.test.finding", word(&finding.reason));
    }
    if report.outcome != Outcome::Passed {
        span.record("otel.status_code", ERROR);
    }
}

/// That of a check, which begins.
pub(super) fn check(check: Check) -> Span {
    info_span!(
        target: TARGET,
        "check",
        otel.name = check.title(),
        otel.status_code = Empty,
        datastored.check.name = word(&check),
        datastored.check.action = check.action().as_str(),
        datastored.check.verdict = Empty,
        datastored.check.finding = Empty,
    )
}

/// The check has ended so. What was skipped has not failed.
pub(super) fn checked(span: &Span, result: &CheckResult) {
    span.record("datastored.check.verdict", word(&result.verdict));
    if let Some(finding) = &result.finding {
        span.record("datastored.check.finding", word(&finding.reason));
    }
    if matches!(result.verdict, Verdict::Failed | Verdict::Inconclusive) {
        span.record("otel.status_code", ERROR);
    }
}

/// That of another attempt to remove what a test has left: in a test at the same place, or on its own.
pub(super) fn sweep(test_id: Uuid) -> Span {
    info_span!(target: TARGET, "sweep", datastored.test.id = %test_id)
}
