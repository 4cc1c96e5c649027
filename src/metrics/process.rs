//! The process: which version, since when, how much memory, how many files.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use rustix::process::{Resource, getrlimit};

/// What is known of the process.
#[derive(Clone, Debug)]
pub(super) struct Process {
    build: Family<[(&'static str, &'static str); 1], Gauge>,
    /// In whole seconds since 1970.
    start: Gauge,
    /// In bytes.
    resident: Gauge,
    open_files: Gauge,
    most_files: Gauge,
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
            open_files: Gauge::default(),
            most_files: Gauge::default(),
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
        registry.register(
            "process_open_fds",
            "Files and connections that the server has open",
            self.open_files.clone(),
        );
        registry.register(
            "process_max_fds",
            "How many files and connections the server may have open",
            self.most_files.clone(),
        );
    }

    /// Looks at what changes.
    pub(super) fn look(&self) {
        if let Some(bytes) = resident() {
            self.resident.set(bytes);
        }
        if let Some(number) = open_files() {
            self.open_files.set(number);
        }
        let most = getrlimit(Resource::Nofile).current;
        // Where there is no limit, there is no number for it either.
        let most = most.and_then(|most| i64::try_from(most).ok());
        self.most_files.set(most.unwrap_or(i64::MAX));
    }
}

/// The entries of `/proc/self/fd`, without the one by which they are read.
fn open_files() -> Option<i64> {
    let entries = fs::read_dir("/proc/self/fd").ok()?.count();
    i64::try_from(entries.saturating_sub(1)).ok()
}

/// `VmRSS` of proc(5), which is in KiB.
fn resident() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let number: i64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(number * 1024)
}
