//! The process: which version, since when, how much memory.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What is known of the process.
#[derive(Clone, Debug)]
pub(super) struct Process {
    build: Family<[(&'static str, &'static str); 1], Gauge>,
    /// In whole seconds since 1970.
    start: Gauge,
    /// In bytes.
    resident: Gauge,
}

impl Default for Process {
    fn default() -> Self {
        let (build, start) = (Family::<_, Gauge>::default(), Gauge::default());
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        build.get_or_create(&version).set(1);
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        start.set(since.map_or(0, |since| since.as_secs().cast_signed()));
        Self {
            build,
            start,
            resident: Gauge::default(),
        }
    }
}

impl Process {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("build_info", "1, for this version", self.build.clone());
        registry.register(
            "process_start_time_seconds",
            "When the server started, in seconds since 1970",
            self.start.clone(),
        );
        registry.register(
            "process_resident_memory_bytes",
            "The memory that the server has in use",
            self.resident.clone(),
        );
    }

    /// Looks at what changes.
    pub(super) fn look(&self) {
        if let Some(bytes) = resident() {
            self.resident.set(bytes);
        }
    }
}

/// `VmRSS` of proc(5), which is in KiB.
fn resident() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let number: i64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(number * 1024)
}
