//! Counts the calls: which method, how each ended, how long it took.

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderMap;
use prost::Message;
use prost_types::FileDescriptorSet;

use crate::metrics::{Calls, Running};

/// What stands for every method that no descriptor has.
const OTHER: &str = "other";

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
    methods: HashMap<String, Arc<str>>,
    other: Arc<str>,
}

impl Metering {
    /// Counts the methods of these descriptor sets by their names, and all others as one; or nothing at all.
    #[must_use]
    pub fn new(calls: Option<Calls>, descriptors: &[&[u8]]) -> Self {
        let sets = descriptors.iter().flat_map(|d| methods_of(d));
        Self {
            calls,
            methods: sets.collect(),
            other: OTHER.into(),
        }
    }

    /// A call to this path begins.
    pub(super) fn begin(&self, path: &str) -> Option<Running> {
        let calls = self.calls.as_ref()?;
        let method = self.methods.get(path).unwrap_or(&self.other);
        Some(calls.begin(Arc::clone(method)))
    }
}

/// The methods of a descriptor set, by the paths they are called at.
fn methods_of(descriptors: &[u8]) -> Vec<(String, Arc<str>)> {
    // One that cannot be read has none. Reflection does not serve it either, and says so at the start.
    let set = FileDescriptorSet::decode(descriptors).unwrap_or_default();
    let mut methods = Vec::new();
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                let (package, service) = (file.package(), service.name());
                let name = format!("{package}.{service}/{}", method.name());
                methods.push((format!("/{name}"), name.into()));
            }
        }
    }
    methods
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
