//! Loads a server for a long time, and says what grows: `make soak`, for `SOAK_SECONDS` (600).
//!
//! Connection tests, writes and reads come at a steady pace, the tests to a real S3 server (SeaweedFS), while memory, open files, disk and latency are
//! looked at. A row of the table is a tenth of the time. The verdict is a straight line through the last half of what was seen; the exit status is 0 only
//! if nothing grows and no call failed. All that was seen is in `target/soak.json`.

#![allow(
    unreachable_pub,
    reason = "nothing of a program is reachable from outside"
)]

mod fit;
#[path = "../../tests/it/lab/mod.rs"]
mod lab;
mod load;
mod seen;
#[path = "../../tests/it/server.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod server;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval};

use load::{Latencies, Load};
use seen::Seen;
use server::Datastored;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// How long it goes on unless `SOAK_SECONDS` says otherwise.
const SECONDS: u64 = 600;
/// How often the server is looked at in that time, and how many rows there are.
const LOOKS: u32 = 120;
const ROWS: u32 = 10;

/// This process is one caller. What is kept is bounded, and the bounds are reached early.
const OPTIONS: [&str; 8] = [
    "--caller-rate",
    "1000000",
    "--caller-burst",
    "1000000",
    "--audit-events",
    "1000",
    "--test-history",
    "5",
];

#[tokio::main]
async fn main() -> ExitCode {
    match soak().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the soak could not go on: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all stayed as it should.
async fn soak() -> Result<bool, Error> {
    let seconds = match std::env::var("SOAK_SECONDS") {
        Ok(text) => text
            .parse()
            .map_err(|_| "SOAK_SECONDS is a number of seconds")?,
        Err(_) => SECONDS,
    };
    let s3 = lab::seaweedfs().await;
    let server = Datastored::start(&OPTIONS);
    let latencies = Arc::new(Latencies::default());
    let load = Load::start(&server, &s3, &latencies).await?;
    let rows = watch(&server, &latencies, Duration::from_secs(seconds)).await?;
    let calls = load.stop().await;
    let growth = fit::verdict(&rows);
    for line in &growth {
        println!("{line}");
    }
    let failed = latencies.failures();
    println!(
        "{calls} calls; {} failed{}",
        failed.len(),
        failed
            .first()
            .map_or(String::new(), |first| format!(", the first: {first}"))
    );
    server.signal(Signal::TERM);
    let ended = server.ended().await;
    let is_flat = growth.iter().all(|line| !line.grows) && failed.is_empty() && ended.success();
    let written = json!({
        "seconds": seconds,
        "calls": calls,
        "failed": failed.len(),
        "is_flat": is_flat,
        "growth": growth.iter().map(fit::Growth::json).collect::<Vec<_>>(),
        "seen": rows.iter().map(Seen::json).collect::<Vec<_>>(),
    });
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/soak.json");
    std::fs::write(file, format!("{written:#}\n"))?;
    println!("{}", if is_flat { "nothing grows" } else { "NOT FLAT" });
    Ok(is_flat)
}

/// Looks at the server until the time is over.
async fn watch(
    server: &Datastored,
    latencies: &Latencies,
    time: Duration,
) -> Result<Vec<Seen>, Error> {
    let mut ticks = interval(time / LOOKS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let (start, mut seen) = (Instant::now(), Vec::new());
    println!("{}", Seen::HEADER);
    for _ in 0..LOOKS {
        ticks.tick().await;
        seen.push(Seen::now(server, start.elapsed(), latencies)?);
        if seen.len() % (LOOKS / ROWS) as usize == 0 {
            println!(
                "{}",
                seen::row(&seen[seen.len() - (LOOKS / ROWS) as usize..])
            );
        }
    }
    Ok(seen)
}
