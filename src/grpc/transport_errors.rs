//! Gives the errors that tonic itself answers, for messages it cannot read, the same form as all others.

use http::HeaderMap;
use tonic::{Code, Status};

use super::status::unreadable;
use crate::pb::ErrorReason;

/// The largest request that is read. The largest valid one, with 64 labels and a session token, has under 32 KiB.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// The better status for an error of tonic's: it has no details, and ours always have.
pub(super) fn rewritten(headers: &HeaderMap) -> Option<Status> {
    let status = Status::from_header_map(headers)?;
    if !status.details().is_empty() {
        return None;
    }
    match status.code() {
        Code::OutOfRange => Some(too_large()),
        Code::Internal => Some(unreadable(
            ErrorReason::MalformedMessage,
            "the request's bytes are no such message; build them from this server's .proto files",
            None,
        )),
        _ => None,
    }
}

/// The status of a request that is larger than any may be.
pub(super) fn too_large() -> Status {
    unreadable(
        ErrorReason::MessageTooLarge,
        &format!("the request is larger than {MAX_MESSAGE_BYTES} bytes; send less"),
        Some(MAX_MESSAGE_BYTES),
    )
}
