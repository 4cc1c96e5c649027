//! Gives the errors that tonic itself answers, for messages it cannot read, the same form as all others.

use http::HeaderMap;
use tonic::{Code, Status};

use super::status::unreadable;
use crate::pb::ErrorReason;

/// The largest request that is read. The largest valid one, with 64 labels and a session token, has under 32 KiB.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// The largest question about health, or about the descriptors, that is read: it has a name. No limit counts those about health, so each has to be small.
pub const MAX_QUESTION_BYTES: usize = 4 << 10;

/// The most bytes of a request's headers, as RFC 9113, section 6.5.2 counts them: a JWT of 8 KiB, and as much again.
pub const MAX_HEADER_BYTES: u32 = 16 << 10;

/// Refuses headers that are too large. Those of HTTP/2 do not come as far as this.
pub(super) fn refuse_large(headers: &HeaderMap) -> Result<(), Status> {
    let lengths = headers.iter().map(|(k, v)| k.as_str().len() + v.len() + 32);
    let most = MAX_HEADER_BYTES as usize;
    if lengths.sum::<usize>() <= most {
        return Ok(());
    }
    Err(unreadable(
        ErrorReason::MessageTooLarge,
        &format!("the headers are larger than {most} bytes; send less"),
        Some(most),
    ))
}

/// The largest request that is read at this path.
pub(super) fn max_bytes(path: &str) -> usize {
    if path.starts_with("/grpc.") {
        MAX_QUESTION_BYTES
    } else {
        MAX_MESSAGE_BYTES
    }
}

/// The better status for an error of tonic's: it has no details, and ours always have. `most`: how large the request might be.
pub(super) fn rewritten(headers: &HeaderMap, most: usize) -> Option<Status> {
    let status = Status::from_header_map(headers)?;
    if !status.details().is_empty() {
        return None;
    }
    match status.code() {
        Code::OutOfRange => Some(too_large(most)),
        Code::Internal => Some(unreadable(
            ErrorReason::MalformedMessage,
            "the request's bytes are no such message; build them from this server's .proto files",
            None,
        )),
        _ => None,
    }
}

/// The status of a request that is larger than one may be.
pub(super) fn too_large(most: usize) -> Status {
    unreadable(
        ErrorReason::MessageTooLarge,
        &format!("the request is larger than {most} bytes; send less"),
        Some(most),
    )
}
