//! What is only counted: events of the audit, files read again, handshakes that failed, limits that were met.

use prometheus_client::registry::Registry;

use super::Counters;

/// Why a handshake comes to nothing.
const REASONS: [&str; 3] = ["displaced", "refused", "timeout"];
/// The limits there are, by the options that set them. They are shown from the start, so that the first time is seen as one more.
const LIMITS: [&str; 9] = [
    "max-concurrent-tests",
    "max-connections",
    "max-connections-per-address",
    "max-calls",
    "max-streams",
    "max-waiting-writes",
    "caller-calls",
    "caller-rate",
    "caller-tests",
];

/// The events of the audit. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct AuditEvents(Counters<1>);

/// The files that are read again. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Reloads(Counters<2>);

/// The TLS handshakes that failed. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Handshakes(Counters<1>);

/// The limits that were met. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Limits(Counters<1>);

impl AuditEvents {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "audit_events",
            "Events of the audit, by the RPC that was called",
            self.0.clone(),
        );
    }

    /// An event of this action was written.
    pub fn written(&self, action: &'static str) {
        self.0.get_or_create(&[("action", action)]).inc();
    }
}

impl Reloads {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "reloads",
            "Times that files were read again; after an error what was read before stays in use",
            self.0.clone(),
        );
    }

    /// Something is read again from now on. It is shown from the start, so that the first error is seen as one more.
    pub fn watched(&self, what: &'static str) {
        for is_ok in [true, false] {
            drop(self.0.get_or_create(&outcome_of(what, is_ok)));
        }
    }

    /// Something was read again, or could not be used.
    pub fn ended(&self, what: &'static str, is_ok: bool) {
        self.0.get_or_create(&outcome_of(what, is_ok)).inc();
    }
}

fn outcome_of(what: &'static str, is_ok: bool) -> [(&'static str, &'static str); 2] {
    let outcome = if is_ok { "ok" } else { "error" };
    [("what", what), ("outcome", outcome)]
}

impl Handshakes {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "tls_handshakes_failed",
            "TLS handshakes that came to nothing",
            self.0.clone(),
        );
        for reason in REASONS {
            drop(self.0.get_or_create(&[("reason", reason)]));
        }
    }

    /// One came to nothing, for this reason.
    pub fn failed(&self, reason: &'static str) {
        self.0.get_or_create(&[("reason", reason)]).inc();
    }
}

impl Limits {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "limits_hit",
            "Times that something was refused because of a limit",
            self.0.clone(),
        );
        for limit in LIMITS {
            drop(self.0.get_or_create(&[("limit", limit)]));
        }
    }

    /// Something was refused because of the limit that this option sets.
    pub fn hit(&self, limit: &'static str) {
        self.0.get_or_create(&[("limit", limit)]).inc();
    }
}
