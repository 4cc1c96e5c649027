//! The calls of S3 and STS: how many, how they ended, how long they took.

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use super::{Counters, Histograms};

/// Upper bounds in seconds: from a store nearby to the time that a check has.
const SECONDS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The calls of S3 and STS. Clones count together.
#[derive(Clone, Debug)]
pub struct S3Calls {
    ended: Counters<2>,
    durations: Histograms<[(&'static str, &'static str); 1]>,
}

impl Default for S3Calls {
    fn default() -> Self {
        Self {
            ended: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
        }
    }
}

impl S3Calls {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "s3_calls",
            "Calls of S3 and STS by operation and result: ok, a well-known error code, what kept them from an answer, given_up, or other",
            self.ended.clone(),
        );
        registry.register(
            "s3_call_duration_seconds",
            "How long calls of S3 and STS took, retries included",
            self.durations.clone(),
        );
    }

    /// A call of this operation begins.
    #[must_use]
    pub fn begin(&self, operation: &'static str) -> S3Call {
        S3Call {
            calls: self.clone(),
            operation,
            start: Instant::now(),
            result: "given_up",
        }
    }
}

/// A call that has begun. It ends when this is dropped, as given up unless it was told otherwise.
#[derive(Debug)]
pub struct S3Call {
    calls: S3Calls,
    operation: &'static str,
    start: Instant,
    result: &'static str,
}

impl S3Call {
    /// The call ends so.
    pub fn end(mut self, result: &'static str) {
        self.result = result;
    }
}

impl Drop for S3Call {
    fn drop(&mut self) {
        let labels = [("operation", self.operation), ("result", self.result)];
        self.calls.ended.get_or_create(&labels).inc();
        let took = self.start.elapsed().as_secs_f64();
        let durations = &self.calls.durations;
        durations
            .get_or_create(&[("operation", self.operation)])
            .observe(took);
    }
}
