//! What the spans of traces have in common. The rooms make them where things happen; `telemetry/otlp.rs` sends them.
//!
//! They are not those of the log. A span of the log is entered inside of one of a trace, so that what is spawned in the current span takes the
//! log's along alone: a task that lives on would keep the span of a trace open, and with it the call or the test unseen.

/// The target of all of them, and of nothing else: the log leaves it out, and where no traces are sent nothing takes it, so that none is made.
pub const TARGET: &str = "otlp";
/// The `otel.status_code` of what has failed.
pub const ERROR: &str = "ERROR";
