//! What a call is refused with, as the server says it in the details of the status.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status, TimeoutExpired};
use tonic_types::{FieldViolation, StatusExt};

use crate::pb::ErrorReason;

/// Why a call has failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message} ({code:?})")]
#[non_exhaustive]
pub struct Error {
    /// The kind of failure.
    pub code: Code,
    /// What happened and what to do.
    pub message: String,
    /// The cause, for programs; none when the answer is not the server's own, as when it cannot be reached, or is of a later version's.
    pub reason: Option<ErrorReason>,
    /// What the cause comes with; each reason's are in its description.
    pub metadata: HashMap<String, String>,
    /// The fields that are wrong, and why: all of them at once.
    pub violations: Vec<FieldViolation>,
    /// After what time the call may be made again.
    pub retry_delay: Option<Duration>,
}

/// The status of a call that the client has given up.
pub(super) fn late() -> Status {
    Status::deadline_exceeded("the server has not answered within the deadline of the call")
}

/// Whether the client has given a call up: tonic says that it was cancelled.
fn is_late(status: &Status) -> bool {
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        if error.is::<TimeoutExpired>() {
            return true;
        }
        source = error.source();
    }
    false
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let status = if is_late(&status) { late() } else { status };
        let info = status.get_details_error_info();
        let reason = info
            .as_ref()
            .and_then(|info| ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason)));
        let fields = status.get_details_bad_request();
        let retry = status.get_details_retry_info();
        Self {
            code: status.code(),
            message: status.message().to_owned(),
            reason,
            metadata: info.map_or_else(HashMap::new, |info| info.metadata),
            violations: fields.map_or_else(Vec::new, |fields| fields.field_violations),
            retry_delay: retry.and_then(|retry| retry.retry_delay),
        }
    }
}
