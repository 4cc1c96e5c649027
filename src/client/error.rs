//! What a call is refused with, as the server says it in the details of the status.

use std::collections::HashMap;
use std::error::Error as _;
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

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let info = status.get_details_error_info();
        let reason = info
            .as_ref()
            .and_then(|info| ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason)));
        let fields = status.get_details_bad_request();
        let retry = status.get_details_retry_info();
        // tonic calls it CANCELLED when its own timer rings before the server's.
        let code = if is_late(&status) {
            Code::DeadlineExceeded
        } else {
            status.code()
        };
        Self {
            code,
            message: status.message().to_owned(),
            reason,
            metadata: info.map_or_else(HashMap::new, |info| info.metadata),
            violations: fields.map_or_else(Vec::new, |fields| fields.field_violations),
            retry_delay: retry.and_then(|retry| retry.retry_delay),
        }
    }
}

/// Whether the call's deadline has passed here.
fn is_late(status: &Status) -> bool {
    let mut source = status.source();
    while let Some(cause) = source {
        if cause.is::<TimeoutExpired>() {
            return true;
        }
        source = cause.source();
    }
    false
}

/// What an error of the transport says, and what is behind it: on its own it says no more than that it is one.
pub(super) fn with_causes(error: &tonic::transport::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some repeat what is behind them.
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
