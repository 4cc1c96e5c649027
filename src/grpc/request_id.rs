//! The id of each call: in the log, in the metadata of the answer, and for the audit.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::model::call_id::CallId;

/// The metadata that a caller's id comes in, and that every answer has.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the call that has these headers: the caller's own, or a new one.
pub(super) fn of(headers: &HeaderMap) -> CallId {
    sent(headers).unwrap_or_else(CallId::random)
}

/// The header that tells the caller.
pub(super) fn header(id: &CallId) -> Option<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::from_str(id.as_str()).ok()?;
    // No two are the same: in the table of HPACK (RFC 7541, section 2.3.2) each would push out a header that comes again.
    value.set_sensitive(true);
    Some((HEADER, value))
}

/// The caller's own id. Two of them are none: nobody can tell which one is meant.
fn sent(headers: &HeaderMap) -> Option<CallId> {
    let mut values = headers.get_all(HEADER).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok().and_then(CallId::parse)
}
