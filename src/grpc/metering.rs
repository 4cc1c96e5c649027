//! Counts the calls: which method, how each ended, how long it took.

use std::sync::Arc;

use http::HeaderMap;

use super::methods::Methods;
use crate::metrics::{Calls, Running};

/// The names of the gRPC codes, by their numbers.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// What counts.
#[derive(Debug)]
pub struct Metering {
    /// None when nobody asks for metrics: then nothing is counted.
    calls: Option<Calls>,
    methods: Methods,
}

impl Metering {
    /// Counts the methods of these descriptor sets by their names, and all others as one; or nothing at all.
    #[must_use]
    pub fn new(calls: Option<Calls>, descriptors: &[&[u8]]) -> Self {
        Self {
            calls,
            methods: Methods::of(descriptors),
        }
    }

    /// A call to this path begins.
    pub(super) fn begin(&self, path: &str) -> Option<Running> {
        let calls = self.calls.as_ref()?;
        Some(calls.begin(Arc::clone(self.methods.at(path))))
    }

    /// The methods, by whose names calls are counted.
    pub(super) fn methods(&self) -> &Methods {
        &self.methods
    }
}

/// The name of the code that headers or trailers have.
pub(super) fn code(headers: &HeaderMap) -> Option<&'static str> {
    let number = headers.get("grpc-status")?.to_str().ok();
    let number = number.and_then(|number| number.parse::<usize>().ok());
    Some(
        number
            .and_then(|n| CODES.get(n))
            .copied()
            .unwrap_or("UNKNOWN"),
    )
}
