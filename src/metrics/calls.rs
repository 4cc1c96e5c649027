//! The RPCs: how many, how they ended, how long they took, how many are open.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use super::Histograms;

/// Upper bounds in seconds: a read takes under a millisecond, a connection test up to a minute.
const SECONDS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
];

/// The RPCs. Clones count together.
#[derive(Clone, Debug)]
pub struct Calls {
    ended: Family<Ended, Counter>,
    durations: Histograms<Method>,
    in_flight: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    method: Arc<str>,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Method {
    method: Arc<str>,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            ended: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            in_flight: Gauge::default(),
        }
    }
}

impl Calls {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "rpcs",
            "RPCs that have ended, by method and gRPC code; CANCELLED when the caller had gone",
            self.ended.clone(),
        );
        registry.register(
            "rpc_duration_seconds",
            "How long RPCs took, to the end of the stream",
            self.durations.clone(),
        );
        registry.register(
            "rpcs_in_flight",
            "RPCs that have begun and not ended",
            self.in_flight.clone(),
        );
    }

    /// A call of a method, which must be one of a fixed set, begins.
    #[must_use]
    pub fn begin(&self, method: Arc<str>) -> Running {
        self.in_flight.inc();
        Running {
            calls: self.clone(),
            method,
            start: Instant::now(),
            code: "CANCELLED",
        }
    }
}

/// A call that has begun. It ends when this is dropped, as cancelled unless it was told otherwise.
#[derive(Debug)]
pub struct Running {
    calls: Calls,
    method: Arc<str>,
    start: Instant,
    code: &'static str,
}

impl Running {
    /// The call ends with the code of that name.
    pub fn end(mut self, code: &'static str) {
        self.code = code;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let method = Arc::clone(&self.method);
        let code = self.code;
        let took = self.start.elapsed().as_secs_f64();
        let durations = &self.calls.durations;
        let of = Method {
            method: Arc::clone(&method),
        };
        durations.get_or_create(&of).observe(took);
        self.calls
            .ended
            .get_or_create(&Ended { method, code })
            .inc();
        self.calls.in_flight.dec();
    }
}
