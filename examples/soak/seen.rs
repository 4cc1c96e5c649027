//! What is seen of the server at one moment.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Error;
use crate::load::Latencies;
use crate::server::Datastored;

/// The names of what is looked at, with their units.
pub const KINDS: [&str; 6] = [
    "memory_mib",
    "files",
    "disk_mib",
    "read_ms",
    "write_ms",
    "test_ms",
];

/// The values, in the order of [`KINDS`]; latencies are medians since the last look.
pub struct Seen {
    pub seconds: f64,
    pub values: [f64; KINDS.len()],
}

impl Seen {
    pub const HEADER: &str =
        "  seconds   memory_mib        files     disk_mib      read_ms     write_ms      test_ms";

    /// Looks.
    pub fn now(server: &Datastored, since: Duration, latencies: &Latencies) -> Result<Self, Error> {
        let status = fs::read_to_string(format!("/proc/{}/status", server.pid()))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|text| text.trim().strip_suffix(" kB"));
        let resident: u32 = resident.ok_or("the server has ended")?.trim().parse()?;
        let files = fs::read_dir(format!("/proc/{}/fd", server.pid()))?.count();
        let mut taken = latencies.take();
        let mut median = |kind| middle(taken.remove(kind).unwrap_or_default());
        Ok(Self {
            seconds: since.as_secs_f64(),
            values: [
                f64::from(resident) / 1024.0,
                f64::from(u32::try_from(files)?),
                f64::from(u32::try_from(blocks(server.folder())?)?) / 2048.0,
                median("read"),
                median("write"),
                median("test"),
            ],
        })
    }

    /// As an object.
    pub fn json(&self) -> Value {
        let mut object = json!({ "seconds": rounded(self.seconds) });
        for (kind, value) in KINDS.iter().zip(self.values) {
            object[kind] = json!(rounded(value));
        }
        object
    }
}

/// The means of some as a line of the table.
pub fn row(some: &[Seen]) -> String {
    let last = some.last().map_or(0.0, |seen| seen.seconds);
    let count = f64::from(u32::try_from(some.len()).unwrap_or(u32::MAX));
    let mut line = format!("{last:>9.0}");
    for kind in 0..KINDS.len() {
        let mean = some.iter().map(|seen| seen.values[kind]).sum::<f64>() / count;
        // A string takes all that is written to it.
        let _ = write!(line, " {mean:>12.2}");
    }
    line
}

/// A thousandth is enough.
pub fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn middle(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times
        .get(times.len() / 2)
        .map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

/// The blocks of 512 bytes that the files of a folder have on the disk.
fn blocks(folder: &Path) -> Result<u64, Error> {
    let mut sum = 0;
    for file in fs::read_dir(folder)? {
        let file = file?;
        // A file may be replaced meanwhile.
        let Ok(metadata) = file.metadata() else {
            continue;
        };
        sum += if metadata.is_dir() {
            blocks(&file.path())?
        } else {
            metadata.blocks()
        };
    }
    Ok(sum)
}
