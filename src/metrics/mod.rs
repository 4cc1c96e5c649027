//! What is counted for the operator, and the page that shows it. The other rooms are handed what they count with; only this one knows the library.
//!
//! A label is a word of this program, never one of a request: so there is a bound to the series.

mod calls;
mod commits;
mod happenings;
mod listener;
mod page;
mod probes;
mod process;
mod residue;
mod s3_calls;

use std::sync::Arc;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

pub use calls::{Calls, Running};
pub use commits::Commits;
pub use happenings::{AuditEvents, Handshakes, Limits, Reloads};
pub use listener::{Listener, Serving};
pub use page::Format;
pub use probes::Probes;
pub use residue::Residue;
pub use s3_calls::{S3Call, S3Calls};

use process::Process;

/// Counters by labels, whose words are fixed.
type Counters<const LABELS: usize> = Family<[(&'static str, &'static str); LABELS], Counter>;

/// Histograms by labels.
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// All that is counted. What is in a default one is counted all the same, and asked for by nobody. Clones share it.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    process: Process,
    /// The RPCs.
    pub calls: Calls,
    /// The connection tests.
    pub probes: Probes,
    /// The calls of S3.
    pub s3_calls: S3Calls,
    /// The commits of the store.
    pub commits: Commits,
    /// What tests have left.
    pub residue: Residue,
    /// The events of the audit.
    pub audit_events: AuditEvents,
    /// The files that are read again.
    pub reloads: Reloads,
    /// The TLS handshakes.
    pub handshakes: Handshakes,
    /// The limits that were met.
    pub limits: Limits,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Arc::default(),
            process: Process::default(),
            calls: Calls::default(),
            probes: Probes::default(),
            s3_calls: S3Calls::default(),
            commits: Commits::default(),
            residue: Residue::default(),
            audit_events: AuditEvents::default(),
            reloads: Reloads::default(),
            handshakes: Handshakes::default(),
            limits: Limits::default(),
        };
        let mut registry = Registry::with_prefix("datastored");
        metrics.calls.register(&mut registry);
        metrics.probes.register(&mut registry);
        metrics.s3_calls.register(&mut registry);
        metrics.commits.register(&mut registry);
        metrics.residue.register(&mut registry);
        metrics.audit_events.register(&mut registry);
        metrics.reloads.register(&mut registry);
        metrics.handshakes.register(&mut registry);
        metrics.limits.register(&mut registry);
        metrics.process.register(&mut registry);
        metrics.registry = Arc::new(registry);
        metrics
    }
}

impl Metrics {
    /// All of it as text. Reads `/proc`.
    #[must_use]
    pub fn page(&self, format: Format) -> String {
        self.process.look();
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut text, &self.registry);
        match format {
            Format::OpenMetrics => text,
            Format::Prometheus => page::plain(&text),
        }
    }
}
