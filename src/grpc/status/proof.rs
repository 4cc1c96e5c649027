//! The statuses of connections that are not proven.

use tonic::Status;

use super::{Code, info, precondition, status};
use crate::model::connection_test::TestName;
use crate::model::proof::{ProofError, Shown};
use crate::pb::ErrorReason;

pub(super) fn to_status(error: &ProofError, message: String) -> Status {
    match error {
        ProofError::Failed { field, shown } => {
            not_passed(ErrorReason::ConnectionTestFailed, field, shown, message)
        }
        ProofError::Inconclusive { field, shown } => not_passed(
            ErrorReason::ConnectionTestInconclusive,
            field,
            shown,
            message,
        ),
        ProofError::NotOfThis { field, test } => {
            let metadata = of(field, Some(test));
            let reason = ErrorReason::ConnectionTestNotOfThis;
            precondition(reason, ("CONNECTION_TEST", field), metadata, message)
        }
        ProofError::Overtaken(name) => {
            let metadata = [("name", name.to_string())];
            let details = info(ErrorReason::EtagMismatch, metadata);
            status(Code::Aborted, message, details)
        }
        ProofError::TooOld { field, test } => {
            let mut metadata = of(field, Some(test));
            metadata.push(("max_age", "3600s".to_owned()));
            let reason = ErrorReason::ConnectionTestTooOld;
            precondition(reason, ("CONNECTION_TEST", field), metadata, message)
        }
    }
}

/// How many bytes of findings are listed: error details travel in HTTP trailers, which many clients take only 8 KiB of.
const MAX_FINDINGS: usize = 3_000;

/// One violation for each thing that is wrong.
fn not_passed(reason: ErrorReason, field: &str, shown: &Shown, message: String) -> Status {
    let mut metadata = of(field, shown.test.as_ref());
    if !shown.missing_actions.is_empty() {
        metadata.push(("missing_actions", shown.missing_actions.join(",")));
    }
    let mut details = info(reason, metadata);
    let mut bytes = 0;
    for finding in &shown.findings {
        bytes += finding.len();
        if bytes > MAX_FINDINGS {
            let rest = "has more findings than are listed here; GetConnectionTest has all of them";
            details.add_precondition_failure_violation("CONNECTION", field, rest);
            break;
        }
        details.add_precondition_failure_violation("CONNECTION", field, finding.clone());
    }
    status(Code::FailedPrecondition, message, details)
}

fn of(field: &str, test: Option<&TestName>) -> Vec<(&'static str, String)> {
    let mut metadata = vec![("field", field.to_owned())];
    metadata.extend(test.map(|test| ("connection_test", test.to_string())));
    metadata
}
