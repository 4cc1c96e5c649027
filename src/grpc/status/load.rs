//! The statuses of calls that are too many, or take too long.

use std::time::Duration;

use tonic::{Code, Status};

use super::{RETRY_TEST, info, status};
use crate::model::caller::Account;
use crate::pb::ErrorReason;

/// A limit that a call would go past.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::grpc) struct Limit {
    /// The option of `datastored serve` that sets it, without its dashes.
    pub(in crate::grpc) option: &'static str,
    /// What is limited.
    pub(in crate::grpc) what: &'static str,
    /// How many there may be.
    pub(in crate::grpc) max: usize,
    /// After what time there may be room again.
    pub(in crate::grpc) retry: Duration,
}

/// The status of a connection test too many.
pub(super) fn too_many_tests(metadata: Vec<(&'static str, String)>, message: String) -> Status {
    let mut details = info(ErrorReason::TooManyTests, metadata);
    details.set_retry_info(Some(RETRY_TEST));
    status(Code::ResourceExhausted, message, details)
}

/// The status of a call past a limit: of the whole server, or of a caller.
pub(in crate::grpc) fn too_many(limit: Limit, of: Option<&Account>) -> Status {
    let Limit {
        option, what, max, ..
    } = limit;
    let mut metadata = vec![("limit", option.to_owned()), ("max", max.to_string())];
    let message = match of {
        Some(account) => {
            let caller = account.to_string();
            metadata.push(("caller", caller.clone()));
            format!(
                "this server lets a caller have {max} {what}, and {caller} has as many; send fewer, and try again later"
            )
        }
        None => format!("this server takes {max} {what}, and has as many; try again later"),
    };
    let mut details = info(ErrorReason::TooManyRequests, metadata);
    details.set_retry_info(Some(limit.retry));
    status(Code::ResourceExhausted, message, details)
}

/// The status of a call that has not ended when it must have: by its own deadline, or by that of the server.
pub(in crate::grpc) fn past_deadline(allowed: Duration, is_callers: bool) -> Status {
    let timeout = humantime::format_duration(allowed).to_string();
    let (whose, do_this) = if is_callers {
        ("the caller", "give it more time")
    } else {
        ("this server", "ask who runs it for a longer --call-timeout")
    };
    let message = format!(
        "the call has not ended within the {timeout} that {whose} gives it; what it was to change may have been changed: look, or send it again with \
         the same request_id, and {do_this}"
    );
    let set_by = if is_callers { "caller" } else { "server" };
    let metadata = [("timeout", timeout), ("set_by", set_by.to_owned())];
    let details = info(ErrorReason::DeadlinePassed, metadata);
    status(Code::DeadlineExceeded, message, details)
}
