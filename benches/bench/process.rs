//! What the system tells of a process.

use super::Error;

/// What `/proc` counts in: Linux has 100 of them a second, whatever its own clock does.
pub const TICK_US: f64 = 10_000.0;

/// How long the threads of a process have been on a processor, in ticks.
pub fn busy_ticks(pid: u32) -> Result<u32, Error> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field, the program in parentheses, may have spaces in it. The 14th and 15th are user and system time.
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc tells no times")?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.map(|t| t.parse::<u32>().map_err(Error::from)).sum()
}

/// The resident memory of a process.
pub fn resident_mib(pid: u32) -> Result<f64, Error> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
    let kib: f64 = kib.ok_or("/proc tells no VmRSS")?.parse()?;
    Ok(kib / 1024.0)
}
