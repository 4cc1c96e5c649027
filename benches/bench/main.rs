//! Measures `datastored` beside a bare tonic echo, prints the figures, and writes them to `target/bench.json`: `make bench`.
//!
//! The echo is a process of its own and answers with messages of the same size, so that a ratio says what `datastored`
//! adds to gRPC itself. Nothing here asserts a time.

#![allow(
    unreachable_pub,
    reason = "nothing of a program is reachable from outside"
)]

mod echo;
mod etcd;
mod figures;
mod generator;
mod links;
mod overload;
mod process;
mod scale;
#[path = "../../tests/it/server.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod server;
mod yardsticks;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use datastored::pb;
use datastored::shutdown::Signals;
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use figures::Figures;
use process::resident_mib;
use server::Datastored;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// How often the server is started, to measure that.
const STARTS: usize = 9;
/// How long a server that has just started is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(1);
/// This process is one caller, and measures what many could have.
const UNLIMITED: [&str; 4] = ["--caller-rate", "1000000", "--caller-burst", "1000000"];
/// With as many writes at once as there are calls in flight.
const UNBOUNDED: [&str; 2] = ["--max-waiting-writes", "1000000"];

async fn signalled() -> std::io::Result<&'static str> {
    Ok(Signals::catch()?.received().await)
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let done = match arguments.next().as_deref() {
        Some(echo::ROLE) => echo::serve(&arguments.next().unwrap_or_default()).await,
        // Not among the threads of this runtime: it has a processor to itself, and one thread.
        Some(generator::ROLE) => match spawn_blocking(generator::serve).await {
            Ok(done) => done,
            Err(panicked) => Err(panicked.into()),
        },
        Some(scale::ROLE) => measured(Box::pin(measure_scale())).await,
        // Leaving it drops, and so ends, the processes that it started.
        _ => measured(Box::pin(measure())).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures until it is told to stop.
async fn measured(measure: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    tokio::select! {
        done = measure => done,
        signal = signalled() => match signal {
            Ok(name) => Err(format!("stopped by {name}").into()),
            Err(error) => Err(error.into()),
        },
    }
}

/// What a million datastores cost.
async fn measure_scale() -> Result<(), Error> {
    let mut figures = Figures::default();
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
    scale::measure(folder.path(), &mut figures).await?;
    write(figures)
}

fn write(figures: Figures) -> Result<(), Error> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench.json");
    figures.write(&file)?;
    println!("written to {}", file.display());
    Ok(())
}

/// Everything, in the order in which it is printed.
async fn measure() -> Result<(), Error> {
    let mut figures = Figures::default();
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
    measure_starts(folder.path(), &mut figures).await?;

    let unlimited = [&UNLIMITED[..], &UNBOUNDED].concat();
    let server = Datastored::start_in(&folder.path().join("loaded"), &unlimited);
    tokio::time::sleep(IDLE).await;
    figures.add("idle_rss_mib", "MiB", vec![resident_mib(server.pid())?]);

    yardsticks::measure(&server, &folder.path().join("etcd"), &mut figures).await?;
    drop(server);
    let server = Datastored::start_in(&folder.path().join("linked"), &unlimited);
    links::measure(&server, &mut figures).await?;
    drop(server);
    overload::measure(&folder.path().join("overloaded"), &mut figures).await?;

    write(figures)
}

/// The time from starting the process on an empty folder to the first `SERVING`.
async fn measure_starts(folder: &Path, figures: &mut Figures) -> Result<(), Error> {
    let mut times = Vec::new();
    for number in 0..STARTS {
        let begun = Instant::now();
        let server = Datastored::start_in(&folder.join(number.to_string()), &[]);
        let channel = server.channel().await;
        let request = HealthCheckRequest::default();
        let answer = HealthClient::new(channel).check(request).await?;
        let took = begun.elapsed();
        if answer.get_ref().status() != ServingStatus::Serving {
            return Err("the server says that it serves, its health that it does not".into());
        }
        times.push(took.as_secs_f64() * 1e3);
    }
    figures.add("start_ms", "ms", times);
    Ok(())
}

/// A record as people create them, some 600 bytes in the store.
fn example(display_name: &str) -> pb::Datastore {
    let s3 = pb::S3Config {
        addressing_style: pb::AddressingStyle::Path.into(),
        region: "eu-central-1".to_owned(),
        ..server::s3_config(
            "s3://acme-analytics-production/warehouse/sales/events/curated/",
            "https://s3.storage.acme.example:9000",
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        )
    };
    let labels = [
        ("cost-center", "4711"),
        ("environment", "production"),
        ("owner", "sales-data-platform"),
        ("team", "sales-analytics"),
    ];
    pb::Datastore {
        labels: labels.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        ..server::datastore(display_name, pb::Role::Source, s3)
    }
}
